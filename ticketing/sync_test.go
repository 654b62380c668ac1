package ticketing_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/ticketing"
)

// memo is a helpdesk that remembers.
type memo struct {
	mu         sync.Mutex
	activities []ticketing.Activity
	messages   map[string]string
	where      map[string]string
	statuses   []string
	fail       int
	posted     int
	// report, if set, is the helpdesk's own webhook: it hears of every note that
	// is written, before the writer has its id.
	report func(conversation, id, text string)
}

func newMemo() *memo { return &memo{messages: map[string]string{}, where: map[string]string{}} }

func (m *memo) Activity(_ context.Context, a ticketing.Activity) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail > 0 {
		m.fail--
		return fmt.Errorf("the helpdesk is away")
	}
	m.activities = append(m.activities, a)
	m.tell(a.Conversation, a.Text)
	return nil
}

func (m *memo) tell(conversation, text string) {
	if m.report == nil {
		return
	}
	m.posted++
	id := fmt.Sprintf("note-%d", m.posted)
	m.mu.Unlock()
	defer m.mu.Lock()
	m.report(conversation, id, text)
}

func (m *memo) Post(_ context.Context, v ticketing.Message) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.posted++
	id := fmt.Sprintf("note-%d", m.posted)
	m.where[id] = v.Conversation
	m.messages[id] = v.Author + ": " + v.Text
	if m.report != nil {
		m.mu.Unlock()
		m.report(v.Conversation, id, m.messages[id])
		m.mu.Lock()
	}
	return id, nil
}

func (m *memo) Edit(_ context.Context, id string, v ticketing.Message) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.messages[id] = v.Author + ": " + v.Text
	return id, nil
}

func (m *memo) Delete(_ context.Context, id string, _ ticketing.Message) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.messages, id)
	return nil
}

func (m *memo) SetStatus(_ context.Context, account, conversation, status string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.statuses = append(m.statuses, account+"/"+conversation+"="+status)
	return nil
}

func (m *memo) texts() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for _, a := range m.activities {
		out = append(out, a.Text)
	}
	return strings.Join(out, "; ")
}

func (m *memo) said() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for _, v := range m.messages {
		out = append(out, v)
	}
	slices.Sort(out)
	return strings.Join(out, "; ")
}

// quiet waits until the queue is empty and Linear has sent everything, also about what the
// queue has done.
func (r *rig) quiet() {
	r.t.Helper()
	for sent := -1; sent != len(r.linear.Deliveries()); {
		sent = len(r.linear.Deliveries())
		if err := r.linear.Flush(r.t.Context()); err != nil {
			r.t.Fatal(err)
		}
		eventually(r.t, "the queue is empty", func() bool {
			s, err := r.store.Stats(r.t.Context())
			return err == nil && s.Entries == 0
		})
	}
}

// Scenario 8, and reopening.
func TestStatusComesBack(t *testing.T) {
	t.Parallel()
	m := newMemo()
	m.fail = 2 // the queue tries again
	r := newRig(t, options{config: func(c *ticketing.Config) { c.Helpdesk.Sink = m }})
	r.work()
	r.call("PATCH", "/integrated-account/"+r.conn.ID, map[string]any{"settings": map[string]any{"automate_reopen_on_completion": true}}).is(200)
	r.call("PATCH", "/integrated-account/"+r.conn.ID, map[string]any{"mirror_comments": "sideways"}).is(422)
	issue := r.team.AddIssue(r.ada, "Slow", "")
	r.call("POST", "/conversations/1/links", map[string]any{"issue": issue.Identifier}).is(201)
	r.quiet()
	r.ada.UpdateIssue(issue, linearsim.IssueChange{State: "Done"})
	r.quiet()
	if got := m.texts(); got != "Linear issue ENG-1 was linked by Grace Hopper; Linear issue ENG-1 moved from Todo to Done by Ada Byron" {
		t.Errorf("activities %q", got)
	}
	if got := r.call("GET", "/conversations/1/issues", nil).is(200); got.text("result.0.issue.status.label") != "Done" {
		t.Errorf("the cached status is old: %s", got.body)
	}
	m.mu.Lock()
	if fmt.Sprint(m.statuses) != "[1/1=open]" {
		t.Errorf("statuses %v", m.statuses)
	}
	m.mu.Unlock()
	// A change of our own is not an event.
	r.call("PATCH", "/conversations/1/issues/ENG-1", map[string]any{"status": "Todo", "priority": 1}).is(200)
	r.ada.UpdateIssue(issue, linearsim.IssueChange{Assignee: r.ada})
	r.quiet()
	if got := m.texts(); !strings.HasSuffix(got, "by Ada Byron; Linear issue ENG-1 was assigned to Ada Byron by Ada Byron") {
		t.Errorf("activities %q", got)
	}
	// Only issues of the conversation can be changed from it.
	r.team.AddIssue(r.ada, "Elsewhere", "")
	r.call("PATCH", "/conversations/1/issues/ENG-2", map[string]any{"priority": 1}).is(404)
	r.call("POST", "/conversations/1/issues/ENG-2/comments", map[string]any{"body": "x"}).is(404)
	r.ada.DeleteIssue(issue)
	r.quiet()
	if got := m.texts(); !strings.HasSuffix(got, "Linear issue ENG-1 was deleted by Ada Byron") {
		t.Errorf("activities %q", got)
	}
	if got := r.call("GET", desk+"/linked_issues?conversation_id=1", nil).is(200); got.count("") != 0 {
		t.Errorf("a deleted issue is listed: %s", got.body)
	}
}

// Scenario 9: both ways, edits and deletes, no loop.
func TestCommentsAreMirrored(t *testing.T) {
	t.Parallel()
	m := newMemo()
	r := newRig(t, options{config: func(c *ticketing.Config) { c.Helpdesk.Sink = m }})
	r.work()
	r.call("PATCH", "/integrated-account/"+r.conn.ID, map[string]any{"mirror_comments": "both", "send_note_on_comment": true}).is(200)
	issue := r.team.AddIssue(r.ada, "Talk", "")
	r.call("POST", "/conversations/1/links", map[string]any{"issue": "ENG-1"}).is(201)
	r.call("POST", "/conversations/2/links", map[string]any{"issue": "ENG-1"}).is(201)

	c := r.ada.Comment(issue, "looking into it")
	r.quiet()
	if got := m.said(); got != "Ada Byron: looking into it; Ada Byron: looking into it" {
		t.Errorf("said %q", got)
	}
	if !strings.Contains(m.texts(), "Ada Byron commented on Linear issue ENG-1: looking into it") {
		t.Errorf("activities %q", m.texts())
	}
	r.ada.Edit(c, "found it")
	r.quiet()
	if got := m.said(); got != "Ada Byron: found it; Ada Byron: found it" {
		t.Errorf("edited %q", got)
	}
	// The helpdesk reports the notes that we wrote: they are ignored.
	for id, conversation := range m.where {
		r.call("POST", "/conversations/"+conversation+"/messages", map[string]any{"id": id, "text": "found it", "kind": "note"}).is(200)
	}
	before := len(issue.Comments())
	say := map[string]any{"id": "m1", "text": "The customer says *thanks*", "kind": "agent", "user": map[string]any{"name": "Sam"}}
	got := r.call("POST", "/conversations/1/messages", say).is(200)
	if got.count("comments") != 1 {
		t.Errorf("mirrored: %s", got.body)
	}
	r.call("POST", "/conversations/1/messages", say, "Idempotency-Key", "again").is(200)
	r.quiet()
	all := issue.Comments()
	if len(all) != before+1 || all[len(all)-1].Body() != "The customer says *thanks*" || all[len(all)-1].AsUser != "Sam" {
		t.Errorf("%d comments, before %d", len(all), before)
	}
	if strings.Contains(m.said(), "thanks") {
		t.Errorf("it came back: %q", m.said())
	}
	r.call("POST", "/conversations/1/messages", map[string]any{"id": "m1", "action": "updated", "text": "Edited", "kind": "agent", "user": map[string]any{"name": "Sam"}}).is(200)
	r.quiet()
	if body := issue.Comments()[before].Body(); body != "Edited" {
		t.Errorf("body %q", body)
	}
	r.call("POST", "/conversations/1/messages", map[string]any{"id": "m1", "action": "deleted", "kind": "agent"}).is(200)
	r.ada.Delete(c)
	r.quiet()
	if n := len(issue.Comments()); n != 0 {
		t.Errorf("%d comments left", n)
	}
	if got := m.said(); got != "" {
		t.Errorf("still said %q", got)
	}
}

// A helpdesk that reports every note, those of this API too and at once, is not
// taken at its word: what came from Linear does not go back, and the note about an
// unlinked issue does not link it again.
func TestOwnNotesComeBack(t *testing.T) {
	t.Parallel()
	m := newMemo()
	r := newRig(t, options{config: func(c *ticketing.Config) { c.Helpdesk.Sink = m }})
	m.report = func(conversation, id, text string) {
		r.call("POST", "/conversations/"+conversation+"/messages", map[string]any{"id": id, "text": text, "kind": "note"}).is(200)
	}
	r.work()
	r.call("PATCH", "/integrated-account/"+r.conn.ID, map[string]any{"mirror_comments": "both", "send_note_on_comment": true}).is(200)
	issue := r.team.AddIssue(r.ada, "Talk", "")
	link := r.call("POST", "/conversations/1/links", map[string]any{"issue": "ENG-1"}).is(201)
	c := r.ada.Comment(issue, "looking into it")
	r.quiet()
	r.ada.Edit(c, "found it")
	r.quiet()
	if n := len(issue.Comments()); n != 1 {
		t.Errorf("%d comments", n)
	}
	r.call("DELETE", "/conversations/1/links/"+link.text("id"), nil).is(200)
	r.quiet()
	if !strings.HasSuffix(m.texts(), "Linear issue ENG-1 was unlinked by Grace Hopper") {
		t.Errorf("activities %q", m.texts())
	}
	if got := r.call("GET", "/conversations/1/issues?refresh=true", nil).is(200); got.count("result") != 0 {
		t.Errorf("linked again: %s", got.body)
	}
	// What a person writes about the same issue counts.
	if got := r.call("POST", "/conversations/1/messages", map[string]any{"id": "x", "text": "no, it is ENG-1 after all", "kind": "note"}).is(200); got.count("linked") != 1 {
		t.Errorf("a note: %s", got.body)
	}
	r.quiet() // the helpdesk reports the last note while the test still answers
}

// Scenario 10, and issues that are named in messages.
func TestAutoLink(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	for i := range 3 {
		r.team.AddIssue(r.ada, fmt.Sprintf("I%d", i), "")
	}
	note := func(id, kind, text string) *answer {
		return r.call("POST", "/conversations/1/messages", map[string]any{"id": id, "kind": kind, "text": text}).is(200)
	}
	if got := note("a", "contact", "see ENG-1"); got.count("linked") != 0 {
		t.Errorf("a customer's message linked: %s", got.body)
	}
	got := note("b", "note", "see https://linear.app/acme/issue/ENG-1/some-title and ENG-2, UTF-8, ENG-1 again and https://linear.app/acme/issue/ENG-99")
	if got.count("linked") != 2 || got.count("warnings") != 1 {
		t.Errorf("linked: %s", got.body)
	}
	note("b", "note", "see https://linear.app/acme/issue/ENG-99, once more") // the same note, edited: told once
	if got := note("c", "note", "ENG-2"); got.count("linked") != 0 {
		t.Errorf("linked twice: %s", got.body)
	}
	if acts := r.activities("1"); len(acts) != 3 || acts[2] != "Linear issue ENG-99 could not be linked: there is no such issue, or it cannot be seen from here" {
		t.Errorf("activities %q", acts)
	}
	r.call("PATCH", "/integrated-account/"+r.conn.ID, map[string]any{"reverse_status_map": map[string]string{"resolved": "completed"}}).is(200)
	r.call("POST", "/conversations/1/messages", map[string]any{"status": "resolved"}).is(200)
	if got := r.call("GET", tickets+"/ENG-1", nil).is(200); got.text("status.name") != "completed" {
		t.Errorf("status: %s", got.body)
	}
}

// Links that are made and removed in Linear itself.
func TestLinksFollowLinear(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	r.work()
	issue := r.team.AddIssue(r.ada, "Known", "")
	linear := r.client(r.app.Token())
	dead := r.call("POST", "/conversations/1/links", map[string]any{"issue": "ENG-1"}).is(201)
	r.quiet()
	if err := linear.AttachmentDelete(t.Context(), dead.text("id")); err != nil {
		t.Fatal(err)
	}
	r.quiet()
	again := r.call("POST", "/conversations/1/links", map[string]any{"issue": issue.ID}).is(201)
	if again.text("id") == dead.text("id") {
		t.Errorf("the dead link was answered: %s", again.body)
	}
	if got := r.call("GET", "/conversations/1/issues?refresh=true", nil).is(200); got.count("result") != 1 {
		t.Errorf("linked: %s", got.body)
	}
	_, err := linear.AttachmentCreate(t.Context(), linearapi.AttachmentCreateInput{IssueID: issue.ID, URL: "https://desk.example/app/accounts/1/conversations/5", Title: "Five"})
	if err != nil {
		t.Fatal(err)
	}
	r.quiet()
	r.ada.UpdateIssue(issue, linearsim.IssueChange{State: "Done"})
	r.quiet()
	want := []string{"Linear issue ENG-1 was linked by Desk", "Linear issue ENG-1 moved from Todo to Done by Ada Byron"}
	if acts := r.activities("5"); !slices.Equal(acts, want) {
		t.Errorf("activities %q", acts)
	}
	if acts := r.activities("1"); len(acts) < 2 || acts[1] != "Linear issue ENG-1 was unlinked by Desk" {
		t.Errorf("activities %q", acts)
	}
}

func TestLinearWebhookIsVerified(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	sign := func(body string) string {
		m := hmac.New(sha256.New, []byte("hook-secret"))
		_, _ = m.Write([]byte(body))
		return hex.EncodeToString(m.Sum(nil))
	}
	body := func(at time.Time) string {
		return fmt.Sprintf(`{"type":"Issue","action":"update","organizationId":"x","data":{"id":"y"},"webhookTimestamp":%d}`, at.UnixMilli())
	}
	good := body(time.Now())
	for name, tc := range map[string]struct {
		body, signature string
		status          int
	}{
		"good":    {good, sign(good), 200},
		"none":    {good, "", 401},
		"other":   {good, sign(good + " "), 401},
		"old":     {body(time.Now().Add(-9 * time.Hour)), sign(body(time.Now().Add(-9 * time.Hour))), 401},
		"future":  {body(time.Now().Add(time.Hour)), sign(body(time.Now().Add(time.Hour))), 401},
		"garbage": {"{}", sign("{}"), 401},
	} {
		if got := r.as("", "POST", "/webhooks/linear", tc.body, "Linear-Signature", tc.signature); got.status != tc.status {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
}

// Scenario 17, as far as it is seen from here.
type ending struct {
	ticketing.Static
	mu    sync.Mutex
	ended []string
}

func (e *ending) Disconnect(_ context.Context, id string) (bool, string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ended = append(e.ended, id)
	return false, "Linear did not confirm: revoke the token by hand", nil
}

func TestDisconnect(t *testing.T) {
	t.Parallel()
	e := &ending{}
	r := newRig(t, options{config: func(c *ticketing.Config) {
		e.Static, _ = c.Connections.(ticketing.Static)
		c.Connections = e
	}})
	agent := r.newToken(ticketing.Token{Name: "agent", Role: ticketing.RoleAgent})
	r.as(agent, "DELETE", desk, nil).is(403)
	r.as(agent, "DELETE", "/integrated-account/"+r.conn.ID, nil).is(403)
	got := r.call("DELETE", "/integrated-account/"+r.conn.ID, nil).is(200)
	if got.at("revoked") != false || got.text("warning") == "" {
		t.Errorf("%s", got.body)
	}
	if got := r.call("DELETE", desk, nil).is(200); len(got.body) != 0 {
		t.Errorf("body %q", got.body)
	}
	if len(e.ended) != 2 {
		t.Errorf("ended %v", e.ended)
	}
}

func TestNeedsReauth(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{config: func(c *ticketing.Config) {
		s, _ := c.Connections.(ticketing.Static)
		s[0].Status = "needs_reauth"
	}})
	if got := r.call("GET", tickets, nil).is(401); got.text("code") != "reauth_required" {
		t.Errorf("%s", got.body)
	}
	if got := r.call("GET", "/integrated-account", nil).is(200); got.text("result.0.status") != "needs_reauth" {
		t.Errorf("%s", got.body)
	}
}

func TestEventStream(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	r.team.AddIssue(r.ada, "x", "")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.http.URL+r.prefix+"/conversations/1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+r.token)
	resp, err := r.http.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	buf := make([]byte, 4096)
	n, _ := resp.Body.Read(buf)
	if !strings.HasPrefix(string(buf[:n]), "event: beat") {
		t.Fatalf("%q", buf[:n])
	}
	r.call("POST", "/conversations/1/links", map[string]any{"issue": "ENG-1"}).is(201)
	text := ""
	for !strings.Contains(text, "event: links") {
		n, err := resp.Body.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		text += string(buf[:n])
	}
	if !strings.Contains(text, "event: activity") || !strings.Contains(text, "was linked by Grace Hopper") {
		t.Errorf("%s", text)
	}
}

// Scenario 7, as far as it is seen from here: subscribers hear of it, once.
func TestRefusedTokenIsTold(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	r.work()
	g := &target{}
	srv := httptest.NewServer(g)
	t.Cleanup(srv.Close)
	r.call("POST", "/webhook", map[string]any{"target_url": srv.URL, "event_types": []string{"integrated_account:*"}}).is(201)
	r.app.RevokeTokens()
	for range 3 {
		if got := r.call("GET", tickets, nil).is(401); got.text("code") != "reauth_required" {
			t.Errorf("%s", got.body)
		}
	}
	r.quiet()
	if names := g.names(r.conn.ID); strings.Count(names, "authentication_error") != 1 {
		t.Errorf("events %q", names)
	}
}
