package ticketing_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/ticketing"
)

// target takes outgoing webhooks.
type target struct {
	mu     sync.Mutex
	status int
	bodies []string
	ids    []string
	bad    []string
	secret string
}

func (g *target) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	g.mu.Lock()
	defer g.mu.Unlock()
	key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(g.secret, "whsec_"))
	m := hmac.New(sha256.New, key)
	fmt.Fprintf(m, "%s.%s.%s", r.Header.Get("Webhook-Id"), r.Header.Get("Webhook-Timestamp"), body)
	if r.Header.Get("Webhook-Signature") != "v1,"+base64.StdEncoding.EncodeToString(m.Sum(nil)) {
		g.bad = append(g.bad, "standard")
	}
	m = hmac.New(sha256.New, []byte(g.secret))
	_, _ = m.Write(body)
	if r.Header.Get("X-Truto-Signature") != "format=sha256,v="+hex.EncodeToString(m.Sum(nil)) {
		g.bad = append(g.bad, "truto")
	}
	signed, mac, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("X-Signature"), "t="), ",v1=")
	m = hmac.New(sha256.New, []byte(g.secret))
	fmt.Fprintf(m, "%s.%s", signed, body)
	if mac != hex.EncodeToString(m.Sum(nil)) || signed != r.Header.Get("Webhook-Timestamp") || r.Header.Get("X-Delivery-Id") != r.Header.Get("Webhook-Id") {
		g.bad = append(g.bad, "timed")
	}
	g.ids = append(g.ids, r.Header.Get("Webhook-Id"))
	g.bodies = append(g.bodies, string(body))
	if g.status != 0 {
		w.WriteHeader(g.status)
	}
}

func (g *target) events() []map[string]any {
	g.mu.Lock()
	defer g.mu.Unlock()
	var out []map[string]any
	for _, b := range g.bodies {
		var v map[string]any
		_ = json.Unmarshal([]byte(b), &v)
		out = append(out, v)
	}
	return out
}

// Scenario 19.
func TestOutgoingWebhooks(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{config: func(c *ticketing.Config) { c.DisableAfter = 2 }})
	r.work()
	g := &target{}
	srv := httptest.NewServer(g)
	t.Cleanup(srv.Close)
	hook := r.call("POST", "/webhook", map[string]any{"target_url": srv.URL, "event_types": []string{"record:*"}, "resource_types": []string{"tickets", "comments"}, "environment_id": "e1"}).is(201)
	g.mu.Lock()
	g.secret = hook.text("secret")
	g.mu.Unlock()
	if got := r.call("GET", "/webhook/"+hook.text("id"), nil).is(200); strings.Contains(string(got.body), "whsec") {
		t.Errorf("the secret is shown again: %s", got.body)
	}
	if got := r.call("POST", "/webhook/test", map[string]any{"id": hook.text("id")}).is(200); got.at("result.ok") != true {
		t.Errorf("test: %s", got.body)
	}
	issue := r.team.AddIssue(r.ada, "First", "")
	r.ada.UpdateIssue(issue, linearsim.IssueChange{Title: "Second"})
	r.quiet()
	r.ada.Comment(issue, "hello")
	r.quiet()
	r.call("PATCH", tickets+"/ENG-1", map[string]any{"name": "Ours"}).is(200)
	r.call("POST", tickets, map[string]any{"name": "Ours, too", "team": "ENG"}).is(201)
	r.ada.DeleteIssue(issue)
	r.quiet()
	var names []string
	for _, e := range g.events()[1:] {
		p, _ := e["payload"].(map[string]any)
		names = append(names, fmt.Sprint(e["event"], " ", p["resource"]))
	}
	want := "record:created tickets, record:updated tickets, record:created comments, record:deleted tickets"
	if strings.Join(names, ", ") != want {
		t.Errorf("events %q, want %q", strings.Join(names, ", "), want)
	}
	p, _ := g.events()[2]["payload"].(map[string]any)
	if raw, err := json.Marshal(p["changes"]); err != nil || !strings.Contains(string(raw), `{"field":"title","from":"First","to":"Second"}`) {
		t.Errorf("changes: %s", raw)
	}
	if record, _ := p["record"].(map[string]any); record["name"] != "Second" || g.events()[2]["environment_id"] != "e1" {
		t.Errorf("record: %v", p)
	}
	g.mu.Lock()
	if len(g.bad) > 0 {
		t.Errorf("bad signatures: %v", g.bad)
	}
	// From now on the target fails: each delivery is tried three times under
	// one id, and after two of them the subscription is off.
	g.status, g.ids, g.bodies = 500, nil, nil
	g.mu.Unlock()
	for i := range 2 {
		r.team.AddIssue(r.ada, fmt.Sprintf("More %d", i), "")
	}
	eventually(t, "the subscription is off", func() bool {
		return r.call("GET", "/webhook/"+hook.text("id"), nil).at("is_active") == false
	})
	if got := r.call("GET", "/webhook/"+hook.text("id"), nil); got.text("disabled_reason") == "" {
		t.Errorf("no reason: %s", got.body)
	}
	g.mu.Lock()
	ids := map[string]int{}
	for _, id := range g.ids {
		ids[id]++
	}
	g.status = 0
	g.mu.Unlock()
	if len(ids) != 2 {
		t.Errorf("attempts %v", ids)
	}
	for id, n := range ids {
		if n != 3 {
			t.Errorf("%s was tried %d times", id, n)
		}
	}
	log := r.call("GET", "/webhook/"+hook.text("id")+"/deliveries", nil).is(200)
	if log.at("result.0.ok") != false || log.at("result.0.status") != 500.0 {
		t.Errorf("log: %s", log.body)
	}
	r.call("PATCH", "/webhook/"+hook.text("id"), map[string]any{"is_active": true}).is(200)
	r.call("POST", "/webhook/"+hook.text("id")+"/deliveries/"+log.text("result.0.id")+"/redeliver", nil).is(202)
	eventually(t, "it is delivered again", func() bool {
		return r.call("GET", "/webhook/"+hook.text("id")+"/deliveries", nil).at("result.0.ok") == true
	})
	r.call("DELETE", "/webhook/"+hook.text("id"), nil).is(200)
	r.call("POST", "/webhook", map[string]any{"target_url": "ftp://x"}).is(422)
}

// A token of one account neither sees nor feeds the webhooks of others.
func TestWebhooksStayInTheirAccounts(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	r.work()
	g := &target{}
	srv := httptest.NewServer(g)
	t.Cleanup(srv.Close)
	seven := r.newToken(ticketing.Token{Name: "seven", Role: ticketing.RoleAdmin, Accounts: []string{"7"}})
	body := map[string]any{"target_url": srv.URL, "event_types": []string{"conversation_link:*"}}
	all := r.call("POST", "/webhook", body).is(201)
	hook := r.as(seven, "POST", "/webhook", body).is(201)
	r.as(seven, "GET", "/webhook/"+all.text("id"), nil).is(404)
	r.as(seven, "POST", "/webhook/"+all.text("id")+"/rotate", nil).is(404)
	r.as(seven, "DELETE", "/webhook/"+all.text("id"), nil).is(404)
	if got := r.as(seven, "GET", "/webhook", nil).is(200); got.count("result") != 1 || got.text("result.0.id") != hook.text("id") {
		t.Errorf("the webhooks of account 7: %s", got.body)
	}
	r.team.AddIssue(r.ada, "Linked", "")
	for _, account := range []string{"2", "7"} {
		r.call("POST", "/conversations/1/links?account_id="+account, map[string]any{"issue": "ENG-1"}).is(201)
	}
	seen := func(id string) (accounts []any) {
		for _, e := range g.events() {
			if e["webhook_id"] != id {
				continue
			}
			p, _ := e["payload"].(map[string]any)
			record, _ := p["record"].(map[string]any)
			conversation, _ := record["conversation"].(map[string]any)
			accounts = append(accounts, conversation["account_id"])
		}
		return accounts
	}
	eventually(t, "both links are told", func() bool { return len(seen(all.text("id"))) == 2 })
	eventually(t, "the own link is told", func() bool { return len(seen(hook.text("id"))) > 0 })
	if got := fmt.Sprint(seen(hook.text("id"))); got != "[7]" {
		t.Errorf("accounts %s were told to account 7", got)
	}
}

// Records of a connection go to subscribers of its account.
func TestRecordsStayInTheirAccount(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{config: func(c *ticketing.Config) {
		conns, _ := c.Connections.(ticketing.Static)
		conns[0].Account = "2"
	}})
	r.work()
	g := &target{}
	srv := httptest.NewServer(g)
	t.Cleanup(srv.Close)
	hooks := map[string]string{}
	for _, account := range []string{"7", "2"} {
		token := r.newToken(ticketing.Token{Name: account, Role: ticketing.RoleAdmin, Accounts: []string{account}})
		hooks[r.as(token, "POST", "/webhook", map[string]any{"target_url": srv.URL}).is(201).text("id")] = account
	}
	r.team.AddIssue(r.ada, "First", "")
	eventually(t, "the account of the connection is told", func() bool { return len(g.events()) > 0 })
	r.quiet()
	for _, e := range g.events() {
		id, _ := e["webhook_id"].(string)
		if hooks[id] != "2" {
			t.Errorf("account %q was told: %v", hooks[id], e)
		}
	}
}

// Records of every type are what the API shows.
func TestRecordsAreUnified(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	r.work()
	g := r.subscribe("record:created")
	linear := r.client(r.app.Token())
	issue := r.team.AddIssue(r.ada, "Known", "")
	if _, err := linear.AttachmentCreate(t.Context(), linearapi.AttachmentCreateInput{IssueID: issue.ID, URL: "https://example.com/x", Title: "A link"}); err != nil {
		t.Fatal(err)
	}
	for _, m := range []string{
		`mutation m { issueLabelCreate(input: {name: "Bug", color: "#112233"}) { success } }`,
		`mutation m { customerCreate(input: {name: "Globex", domains: ["globex.example"]}) { success } }`,
		`mutation m { projectCreate(input: {name: "Checkout", teamIds: ["` + r.team.ID + `"]}) { success } }`,
	} {
		if _, err := linear.Raw(t.Context(), linearapi.RawRequest{Name: "m", Query: m}); err != nil {
			t.Fatal(err)
		}
	}
	want := map[string]string{ // a field that only the unified record has, or has in this form
		"tickets": "identifier", "attachments": "file_name", "tags": "status", "accounts": "need_count", "collections": "entity_type",
	}
	r.quiet()
	for _, e := range g.events() {
		payload, _ := e["payload"].(map[string]any)
		record, _ := payload["record"].(map[string]any)
		resource, _ := payload["resource"].(string)
		field := want[resource]
		delete(want, resource)
		if _, has := record[field]; field != "" && !has {
			t.Errorf("%s: %v", resource, record)
		}
	}
	if len(want) > 0 {
		t.Errorf("not told of %v", want)
	}
}

func TestPrivateTargetsAreRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{config: func(c *ticketing.Config) { c.PrivateTargets = false }})
	r.call("POST", "/webhook", map[string]any{"target_url": "http://127.0.0.1:1/"}).is(422)
	hook := r.call("POST", "/webhook", map[string]any{"target_url": "https://127.0.0.1:1/?key=MARKER"}).is(201)
	got := r.call("POST", "/webhook/"+hook.text("id")+"/test", nil).is(200)
	if got.at("result.ok") != false || !strings.Contains(got.text("result.error"), "not public") || strings.Contains(string(got.body), "MARKER") {
		t.Errorf("%s", got.body)
	}
}
