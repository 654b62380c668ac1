package ticketing_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/ticketing"
)

const desk = "/api/v1/accounts/7/integrations/linear"

// dashboard is the helpdesk's own dashboard: it sends what that sends and
// breaks where that breaks.
type dashboard struct {
	*rig
	year int // 2025 or 2026
}

func (d *dashboard) get(path string) *answer {
	return d.as("", "GET", path, nil, "api_access_token", d.token)
}

func (d *dashboard) post(path string, body map[string]any) *answer {
	return d.as("", "POST", path, body, "api_access_token", d.token)
}

// toast is what the agent sees of an error.
func toast(a *answer) string {
	if s := a.text("error.errors.0.message"); s != "" {
		return s
	}
	return "There was an error"
}

// play does what an agent does: look, create, look, search, link, unlink.
func (d *dashboard) play(conversation int) {
	t := d.t
	t.Helper()
	apps := d.get("/api/v1/accounts/7/integrations/apps").is(200)
	if apps.text("payload.0.id") != "linear" || apps.at("payload.0.enabled") != true {
		t.Fatalf("the panel is not drawn: %s", apps.body)
	}
	teams := d.get(desk + "/teams").is(200)
	team := teams.text("0.id")
	if team == "" || teams.text("0.name") == "" {
		t.Fatalf("the drop-down is empty: %s", teams.body)
	}
	entities := d.get(desk + "/team_entities?team_id=" + team).is(200)
	state := ""
	for i := range entities.count("states") {
		if entities.text(fmt.Sprintf("states.%d.name", i)) == "Todo" {
			state = entities.text(fmt.Sprintf("states.%d.id", i))
		}
	}
	for _, kind := range []string{"users", "labels", "projects", "states"} {
		if entities.at(kind) == nil {
			t.Fatalf("%s is missing: %s", kind, entities.body)
		}
	}
	title := `Login "fails" on \ é 🚀`
	body := map[string]any{"team_id": team, "title": title, "description": "first\nsecond", "state_id": state, "priority": 2, "conversation_id": conversation, "label_ids": []string{entities.text("labels.0.id")}}
	if d.year == 2025 {
		delete(body, "conversation_id")
	}
	created := d.post(desk+"/create_issue", body).is(200)
	ref := created.text("identifier")
	if d.year == 2025 {
		ref = created.text("id")
	}
	linkTitle := fmt.Sprintf("Conversation (#%d) with Zoë", conversation)
	linked := d.post(desk+"/link_issue", map[string]any{"issue_id": ref, "conversation_id": conversation, "title": linkTitle}).is(200)
	if linked.text("id") != ref || linked.text("link_id") == "" || !strings.HasSuffix(linked.text("link"), fmt.Sprintf("/accounts/7/conversations/%d", conversation)) {
		t.Errorf("link: %s", linked.body)
	}
	list := d.get(fmt.Sprintf("%s/linked_issues?conversation_id=%d", desk, conversation)).is(200)
	if list.count("") != 1 {
		t.Fatalf("linked: %s", list.body)
	}
	for path, want := range map[string]any{
		"0.id": linked.text("link_id"), "0.title": linkTitle, "0.issue.identifier": created.text("identifier"), "0.issue.title": title,
		"0.issue.description": "first\nsecond", "0.issue.priority": 2.0, "0.issue.state.name": "Todo", "0.issue.assignee": nil,
		"0.issue.labels.nodes.0.name": "bug",
	} {
		if got := list.at(path); got != want {
			t.Errorf("%s = %v, want %v", path, got, want)
		}
	}
	if _, err := time.Parse(time.RFC3339, list.text("0.issue.createdAt")); err != nil || list.text("0.issue.url") == "" || list.text("0.issue.state.color") == "" {
		t.Errorf("linked: %s", list.body)
	}
	// The box sends what is typed as it is.
	for _, q := range []string{"login+fails", "Login", created.text("identifier"), "100% & more", "fails;on", "a&b=c", `"fails"`} {
		found := d.get(desk + "/search_issue?q=" + strings.ReplaceAll(q, " ", "%20")).is(200)
		for i := range found.count("") {
			if found.text(fmt.Sprintf("%d.state.color", i)) == "" {
				t.Errorf("a hit without a state: %s", found.body)
			}
		}
	}
	if got := d.get(desk + "/search_issue?q=").is(422); toast(got) != "q: Specify search string with parameter q" {
		t.Errorf("toast %q", toast(got))
	}
	unlink := map[string]any{"link_id": list.text("0.id"), "issue_id": created.text("identifier"), "conversation_id": conversation}
	if d.year == 2025 {
		unlink = map[string]any{"link_id": list.text("0.id")}
	}
	d.post(desk+"/unlink_issue", unlink).is(200)
	if left := d.get(fmt.Sprintf("%s/linked_issues?conversation_id=%d", desk, conversation)).is(200); left.count("") != 0 {
		t.Errorf("still linked: %s", left.body)
	}
	acts := d.call("GET", fmt.Sprintf("/conversations/%d/activities?account_id=7", conversation), nil).is(200)
	var kinds []string
	for i := range acts.count("result") {
		kinds = append(kinds, acts.text(fmt.Sprintf("result.%d.text", i)))
	}
	verb := "created"
	if d.year == 2025 {
		verb = "linked"
	}
	id := created.text("identifier")
	want := fmt.Sprintf("Linear issue %s was %s by Grace Hopper|Linear issue %s was unlinked by Grace Hopper", id, verb, id)
	if strings.Join(kinds, "|") != want {
		t.Errorf("activities %q, want %q", kinds, want)
	}
}

func TestDashboards(t *testing.T) {
	t.Parallel()
	for _, year := range []int{2025, 2026} {
		t.Run(fmt.Sprint(year), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, options{config: func(c *ticketing.Config) { c.Prefix = "" }})
			r.ws.AddLabel("bug", "#ff0000")
			r.ws.AddProject("Checkout")
			(&dashboard{r, year}).play(12)
		})
	}
}

func TestSeedExamples(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{config: func(c *ticketing.Config) {
		c.Helpdesk.Envelope, c.Helpdesk.Wording = true, ticketing.WordingShort
	}})
	label := r.ws.AddLabel("bug", "")
	project := r.ws.AddProject("Q1 Goals")
	teams := r.call("GET", desk+"/teams", nil).is(200)
	if teams.text("data.0.id") != r.team.ID || teams.text("data.0.name") != "Engineering" || teams.text("data.0.key") != "ENG" {
		t.Errorf("teams: %s", teams.body)
	}
	entities := r.call("GET", desk+"/team_entities?team_id="+r.team.ID, nil).is(200)
	if entities.text("data.users.0.name") == "" || entities.text("data.projects.0.name") != "Q1 Goals" || entities.count("data.states") != 7 || entities.text("data.labels.0.name") != "bug" {
		t.Errorf("entities: %s", entities.body)
	}
	created := r.call("POST", desk+"/create_issue", map[string]any{
		"conversation_id": 123, "title": "Issue title", "description": "Detailed description", "team_id": r.team.ID, "project_id": project,
		"assignee_id": r.ada.ID, "priority": 1, "state_id": r.team.State("In Progress").ID, "label_ids": []string{label.ID},
	}).is(200)
	if created.text("data.title") != "Issue title" || created.text("data.identifier") != "ENG-1" {
		t.Errorf("created: %s", created.body)
	}
	listed := r.call("GET", desk+"/linked_issues?conversation_id=123", nil).is(200)
	if listed.text("data.0.issue.identifier") != "ENG-1" {
		t.Errorf("it is not linked automatically: %s", listed.body)
	}
	found := r.call("GET", desk+"/search_issue?q=title", nil).is(200)
	if found.text("data.0.identifier") != "ENG-1" || found.text("data.0.state.name") != "In Progress" {
		t.Errorf("found: %s", found.body)
	}
	r.call("POST", desk+"/unlink_issue", map[string]any{"conversation_id": 123, "link_id": listed.text("data.0.id"), "issue_id": created.text("data.id")}).is(200)
	linked := r.call("POST", desk+"/link_issue", map[string]any{"conversation_id": 123, "issue_id": created.text("data.id"), "title": "Conversation #123"}).is(200)
	if linked.text("data.link") != "https://desk.example/app/accounts/7/conversations/123" {
		t.Errorf("linked: %s", linked.body)
	}
	var texts []string
	acts := r.call("GET", "/conversations/123/activities?account_id=7", nil).is(200)
	for i := range acts.count("result") {
		texts = append(texts, acts.text(fmt.Sprintf("result.%d.text", i)))
	}
	if strings.Join(texts, "; ") != "Created Linear issue [ENG-1]; Unlinked Linear issue [ENG-1]; Linked Linear issue [ENG-1]" {
		t.Errorf("activities %q", texts)
	}
	if got := r.call("DELETE", desk, nil); got.status != 405 || got.text("error.errors.0.message") == "" {
		t.Errorf("disconnect of what the configuration connects: %d %s", got.status, got.body)
	}
}

func TestFacadeErrorsAreReadable(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	d := &dashboard{r, 2026}
	if got := r.as("", "GET", desk+"/teams", nil).is(401); got.text("error") == "" {
		t.Errorf("no token: %s", got.body)
	}
	if got := r.as("", "GET", desk+"/teams", nil, "Access-Token", "x", "client", "y", "uid", "z").is(401); got.text("errors.0") == "" {
		t.Errorf("session: %s", got.body)
	}
	mine := r.newToken(ticketing.Token{Name: "eight", Role: ticketing.RoleAgent, Accounts: []string{"8"}})
	r.as(mine, "GET", desk+"/teams", nil).is(401)
	for name, a := range map[string]*answer{
		"no team":      d.post(desk+"/create_issue", map[string]any{"title": "x"}).is(422),
		"no title":     d.post(desk+"/create_issue", map[string]any{"team_id": r.team.ID}).is(422),
		"priority":     d.post(desk+"/create_issue", map[string]any{"team_id": r.team.ID, "title": "x", "priority": "high"}).is(422),
		"unknown team": d.post(desk+"/create_issue", map[string]any{"team_id": "nope", "title": "x"}).is(422),
		"no issue":     d.post(desk+"/link_issue", map[string]any{"conversation_id": 1}).is(422),
		"undefined":    d.post(desk+"/link_issue", map[string]any{"conversation_id": 1, "issue_id": "undefined"}).is(404),
		"no link":      d.post(desk+"/unlink_issue", map[string]any{"conversation_id": 1}).is(422),
		"unknown link": d.post(desk+"/unlink_issue", map[string]any{"conversation_id": 1, "link_id": "nope"}).is(404),
		"entities":     d.get(desk + "/team_entities").is(422),
	} {
		if a.text("error.errors.0.message") == "" {
			t.Errorf("%s: %s", name, a.body)
		}
	}
	// Linear's refusals are never 401 here: that would sign the agent out.
	r.app.RevokeTokens()
	if got := d.get(desk + "/search_issue?q=x").is(422); got.text("error.errors.0.code") != "reauth_required" {
		t.Errorf("revoked: %s", got.body)
	}
	r.as("", "GET", desk+"/search_issue?q=y", nil, "api_access_token", r.token, "Prefer", "status=accurate").is(401)
}

func TestFacadeTakesFormsAndNulls(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	r.call("POST", desk+"/create_issue", `{"team_id":"`+r.team.ID+`","title":"x","assignee_id":null,"priority":null,"label_ids":null,"unknown":{"a":1},"conversation_id":"5"}`).is(200)
	got := r.as("", "POST", desk+"/create_issue", "team_id="+r.team.ID+"&title=from+a+form&label_ids[]="+r.ws.AddLabel("bug", "").ID,
		"api_access_token", r.token, "Content-Type", "application/x-www-form-urlencoded").is(200)
	if got.text("title") != "from a form" {
		t.Errorf("form: %s", got.body)
	}
}

// deskSessions knows one session.
type deskSessions struct{}

func (deskSessions) Session(_ context.Context, r *http.Request, account string) (ticketing.Agent, error) {
	if r.Header.Get("Access-Token") != "good" || account != "7" {
		return ticketing.Agent{}, ticketing.ErrNoSession
	}
	return ticketing.Agent{ID: "3", Name: "Sam", AvatarURL: "https://desk.example/sam.png"}, nil
}

func TestSessionsActUnderTheAgentsName(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{config: func(c *ticketing.Config) { c.Helpdesk.Sessions = deskSessions{} }})
	r.as("", "POST", desk+"/create_issue", map[string]any{"team_id": r.team.ID, "title": "x", "conversation_id": 1}, "Access-Token", "bad").is(401)
	r.as("", "POST", desk+"/create_issue", map[string]any{"team_id": r.team.ID, "title": "x", "conversation_id": 1}, "Access-Token", "good").is(200)
	if got := r.call("GET", tickets, nil).is(200); got.text("result.0.created_by.name") != "Sam" {
		t.Errorf("created by %s", got.body)
	}
	r.as("", "DELETE", desk, nil, "Access-Token", "good").is(403)
}

// An administrator of one account in Chatwoot has no rights elsewhere.
func TestSessionsStayInTheirAccount(t *testing.T) {
	t.Parallel()
	chatwoot := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"id":3,"name":"Sam","accounts":[{"id":7,"role":"administrator"},{"id":8,"role":"agent"}]}`)
	}))
	t.Cleanup(chatwoot.Close)
	sessions, err := ticketing.NewChatwoot(ticketing.ChatwootConfig{URL: chatwoot.URL, Client: chatwoot.Client()})
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, options{config: func(c *ticketing.Config) { c.Helpdesk.Sessions = sessions }})
	for _, tc := range []struct {
		method, path string
		status       int
	}{
		{"POST", "/token", 401},
		{"POST", "/token?account_id=7", 401},
		{"POST", "/batch-request?account_id=7", 401},
		{"GET", "/webhook?account_id=7", 401},
		{"GET", "/proxy/issues?account_id=7", 401},
		{"GET", tickets + "?account_id=7", 401},
		{"GET", "/no/such/path", 401},
		{"GET", "/conversations/1/issues", 401},
		{"GET", "/conversations/1/issues?account_id=9", 401},
		{"GET", "/conversations/1/issues?account_id=7", 200},
		{"GET", "/issues/ENG-1/conversations?account_id=7", 200},
		{"GET", desk + "/teams", 200},
		{"GET", "/api/v1/accounts/7/no/such/path", 404},
		{"GET", "/api/v1/accounts/9/no/such/path", 401},
	} {
		body := map[string]any{"name": "mine", "role": "admin"}
		if got := r.as("", tc.method, tc.path, body, "Access-Token", "x"); got.status != tc.status {
			t.Errorf("%s %s: %d, want %d: %s", tc.method, tc.path, got.status, tc.status, got.body)
		}
	}
	if _, err := sessions.Session(t.Context(), httptest.NewRequest(http.MethodGet, "/", nil), ""); !errors.Is(err, ticketing.ErrNoSession) {
		t.Errorf("without an account: %v", err)
	}
}

func TestTwoWorkspacesNeverMix(t *testing.T) {
	t.Parallel()
	var second *linearsim.Team
	var conns ticketing.Static
	r := newRig(t, options{config: func(c *ticketing.Config) { c.Connections = &conns }})
	ws := r.linear.AddWorkspace("Beta", "beta")
	bob := ws.AddUser("Bob", "bob")
	second = ws.AddTeam("ENG", "Beta team")
	app := ws.InstallApp(linearsim.App{Name: "Desk"})
	conns = ticketing.Static{r.conn, {ID: ws.ID, AppActor: true, Client: r.client(app.Token())}}
	a := r.team.AddIssue(r.ada, "In Acme", "")
	b := second.AddIssue(bob, "In Beta", "")

	if got := r.call("GET", tickets, nil).is(400); !strings.Contains(got.text("message"), "integrated_account_id") {
		t.Errorf("%s", got.body)
	}
	for conn, want := range map[string]string{r.ws.ID: "In Acme", ws.ID: "In Beta"} {
		got := r.call("GET", tickets+"?integrated_account_id="+conn, nil).is(200)
		if got.count("result") != 1 || got.text("result.0.name") != want {
			t.Errorf("%s: %s", want, got.body)
		}
		r.call("GET", tickets+"/"+map[string]string{r.ws.ID: b.ID, ws.ID: a.ID}[conn]+"?integrated_account_id="+conn, nil).is(404)
	}
	page := r.call("GET", tickets+"?limit=1&integrated_account_id="+r.ws.ID, nil).is(200)
	_ = page
	// An address names its workspace; both have an ENG-1.
	linked := r.call("POST", "/conversations/9/links", map[string]any{"issue": b.URL()}).is(201)
	if linked.text("integrated_account_id") != ws.ID || linked.text("issue.name") != "In Beta" {
		t.Errorf("linked: %s", linked.body)
	}
	r.call("POST", "/conversations/9/links", map[string]any{"issue": a.URL()}).is(201)
	both := r.call("GET", "/conversations/9/issues", nil).is(200)
	if both.count("result") != 2 {
		t.Errorf("both: %s", both.body)
	}
	only := r.newToken(ticketing.Token{Name: "acme only", Role: ticketing.RoleAdmin, Connections: []string{r.ws.ID}})
	if got := r.as(only, "GET", "/conversations/9/issues", nil).is(200); got.count("result") != 1 || got.text("result.0.issue.name") != "In Acme" {
		t.Errorf("acme only: %s", got.body)
	}
	teams := r.call("GET", desk+"/teams", nil).is(200)
	if teams.count("") != 2 {
		t.Errorf("teams: %s", teams.body)
	}
	r.call("POST", desk+"/create_issue", map[string]any{"team_id": second.ID, "title": "for Beta", "conversation_id": 9}).is(200)
	if got := r.call("GET", tickets+"?integrated_account_id="+ws.ID, nil).is(200); got.count("result") != 2 {
		t.Errorf("%s", got.body)
	}
}

// What a conversation brings about happens in a workspace of its account.
func TestIssuesStayInTheAccountOfTheConversation(t *testing.T) {
	t.Parallel()
	var conns ticketing.Static
	r := newRig(t, options{config: func(c *ticketing.Config) { c.Connections = &conns }})
	ws := r.linear.AddWorkspace("Beta", "beta")
	ws.AddTeam("ENG", "Beta team")
	app := ws.InstallApp(linearsim.App{Name: "Desk"})
	third := r.linear.AddWorkspace("Gamma", "gamma")
	third.AddTeam("ENG", "Gamma team")
	acme, beta := r.conn, ticketing.Connection{ID: ws.ID, Account: "2", AppActor: true, Client: r.client(app.Token())}
	acme.Account, acme.Default = "1", true
	gamma := ticketing.Connection{ID: third.ID, Account: "2", AppActor: true, Client: r.client(third.InstallApp(linearsim.App{Name: "Desk"}).Token())}
	conns = ticketing.Static{acme, beta}
	create := func(query string) *answer {
		return r.call("POST", "/conversations/9/issues"+query, map[string]any{"name": "Of account" + query, "team": "ENG"})
	}
	for query, want := range map[string][2]string{
		"": {r.ws.ID, "1"}, "?account_id=1": {r.ws.ID, "1"}, "?account_id=2": {ws.ID, "2"}, "?integrated_account_id=" + ws.ID: {ws.ID, "2"},
	} {
		got := create(query).is(201)
		if got.text("link.integrated_account_id") != want[0] || got.text("link.conversation.account_id") != want[1] {
			t.Errorf("%q: %s", query, got.body)
		}
	}
	create("?account_id=3").is(404)
	create("?account_id=2&integrated_account_id=" + r.ws.ID).is(404)
	conns = append(conns, gamma)
	if got := create("?account_id=2&again=true").is(400); !strings.Contains(got.text("message"), "integrated_account_id") {
		t.Errorf("two workspaces: %s", got.body)
	}
}
