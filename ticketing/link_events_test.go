package ticketing_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/ticketing"
)

// subscribe makes a subscriber of the events.
func (r *rig) subscribe(events ...string) *target {
	r.t.Helper()
	g := &target{}
	srv := httptest.NewServer(g)
	r.t.Cleanup(srv.Close)
	r.call("POST", "/webhook", map[string]any{"target_url": srv.URL, "event_types": events}).is(201)
	return g
}

// said are the names of the events, in their order.
func (g *target) said() string {
	var out []string
	for _, e := range g.events() {
		out = append(out, fmt.Sprint(e["event"]))
	}
	return strings.Join(out, " ")
}

// Subscribers hear of links once, no matter who makes, changes or removes them.
func TestLinkEvents(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	r.work()
	issue := r.team.AddIssue(r.ada, "Known", "")
	g := r.subscribe("conversation_link:*")
	made := r.call("POST", "/conversations/1/links", map[string]any{"issue": "ENG-1"}).is(201)
	r.quiet()
	r.ada.UpdateIssue(issue, linearsim.IssueChange{State: "Done"})
	r.ada.UpdateIssue(issue, linearsim.IssueChange{Title: "Known well"})
	r.quiet()
	last := g.events()[len(g.events())-1]
	payload, _ := last["payload"].(map[string]any)
	record, _ := payload["record"].(map[string]any)
	shown, _ := record["issue"].(map[string]any)
	state, _ := shown["status"].(map[string]any)
	if last["event"] != "conversation_link:status_changed" || record["id"] != made.text("id") || state["label"] != "Done" {
		t.Errorf("%v", last)
	}
	r.call("DELETE", "/conversations/1/links/"+made.text("id"), nil).is(200)
	r.call("DELETE", "/conversations/1/links/"+made.text("id"), nil).is(200) // gone already
	r.quiet()
	// The link of another person, made and removed in Linear.
	linear := r.client(r.app.Token())
	theirs, err := linear.AttachmentCreate(t.Context(), linearapi.AttachmentCreateInput{
		IssueID: issue.ID, URL: "https://desk.example/app/accounts/1/conversations/5", Title: "Five",
	})
	if err != nil {
		t.Fatal(err)
	}
	r.quiet()
	if err := linear.AttachmentDelete(t.Context(), theirs.ID); err != nil {
		t.Fatal(err)
	}
	r.quiet()
	const one = "conversation_link:created conversation_link:status_changed conversation_link:deleted"
	if got := g.said(); got != one+" conversation_link:created conversation_link:deleted" {
		t.Errorf("events: %s", got)
	}
	if acts := r.activities("1"); len(acts) != 3 {
		t.Errorf("activities: %q", acts)
	}
}

// What is written through this API is not told to subscribers, by whatever way.
func TestNoEchoOfAnyWrite(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	r.work()
	issue := r.team.AddIssue(r.ada, "Known", "")
	r.quiet()
	g := r.subscribe("record:*")
	made := r.call("POST", "/proxy/issues", map[string]any{"teamId": r.team.ID, "title": "x"}).is(201)
	r.call("PATCH", "/proxy/issues/"+made.text("identifier"), map[string]any{"title": "y"}).is(200)
	r.call("PATCH", "/proxy/issues/"+made.text("id")+"?fields=title", map[string]any{"title": "z"}).is(200)
	r.call("DELETE", "/proxy/issues/"+made.text("identifier"), nil).is(200)
	graphql := func(query string, vars map[string]any) *answer {
		return r.call("POST", "/proxy/graphql", map[string]any{"query": query, "variables": vars}).is(200)
	}
	// Ids that stand in the text, in variables, in fragments, or nowhere.
	one := graphql("# ü 🙂\nmutation { a: issueCreate(input: {title: \"🙂 {\", teamId: \""+r.team.ID+"\"}) { issue { id identifier } } }", nil)
	graphql(`mutation m($in: IssueCreateInput!) { issueCreate(input: $in) { success } }`, map[string]any{"in": map[string]any{"teamId": r.team.ID, "title": "v"}})
	graphql(`mutation($in: IssueBatchCreateInput!) { issueBatchCreate(input: $in) { success } }`, map[string]any{"in": map[string]any{"issues": []any{
		map[string]any{"teamId": r.team.ID, "title": "b1"}, map[string]any{"teamId": r.team.ID, "title": "b2"},
	}}})
	id := one.text("data.a.issue.id")
	graphql(`mutation($id: String!) { ...f } fragment f on Mutation { issueUpdate(id: $id, input: {title: "w"}) { issue { id updatedAt } } }`, map[string]any{"id": id})
	graphql(`mutation { issueUpdate(id: "`+one.text("data.a.issue.identifier")+`", input: {title: "x"}) { success } }`, nil)
	graphql(`mutation { commentCreate(input: {issueId: "`+id+`", body: "{"}) { comment { id } } }`, nil)
	graphql(`mutation { issueBatchUpdate(ids: ["`+id+`"], input: {priority: 2}) { success } issueArchive(id: "`+id+`") { success } }`, nil)
	file := r.call("POST", "/unified/ticketing/attachments", map[string]any{"ticket_id": "ENG-1", "file_url": "https://example.com/log"}).is(201)
	r.call("PATCH", "/unified/ticketing/attachments/"+file.text("id"), map[string]any{"file_name": "log"}).is(200)
	r.call("DELETE", "/unified/ticketing/attachments/"+file.text("id"), nil).is(200)
	tag := r.call("POST", "/unified/ticketing/tags", map[string]any{"name": "infra", "color": "#00ff00"}).is(201)
	r.call("PATCH", "/unified/ticketing/tags/"+tag.text("id"), map[string]any{"name": "platform"}).is(200)
	r.call("DELETE", "/unified/ticketing/tags/"+tag.text("id"), nil).is(200)
	r.call("POST", tickets+"/ENG-1/archive", nil).is(200)
	r.call("POST", tickets+"/ENG-1/unarchive", nil).is(200)
	r.quiet()
	if got := g.said(); got != "" {
		t.Errorf("echoes: %s", got)
		for _, b := range g.bodies {
			t.Log(b)
		}
	}
	r.ada.UpdateIssue(issue, linearsim.IssueChange{Title: "Known well"})
	r.quiet()
	if got := g.said(); got != "record:updated" {
		t.Errorf("a change of another person: %s", got)
	}
}

// A customer request that fails is made by the queue, once.
func TestCustomerRequestIsMadeLater(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{config: func(c *ticketing.Config) { c.Timeout = 300 * time.Millisecond }})
	r.linear.Fault(linearsim.Fault{Operation: "customerNeedCreate", Times: 12, Status: 500})
	got := r.call("POST", "/conversations/1/issues", map[string]any{
		"name": "x", "team": r.team.ID, "customer": map[string]any{"name": "Globex", "body": "please"},
	}).is(201)
	if got.at("link") == nil || got.count("warnings") != 1 {
		t.Fatalf("created: %s", got.body)
	}
	r.linear.ClearFaults()
	r.work()
	needs := func() int { return r.call("GET", "/proxy/customer_needs", nil).is(200).count("result") }
	eventually(t, "the request is made", func() bool { return needs() == 1 })
	r.quiet()
	if got := r.call("GET", "/proxy/customers", nil).is(200); needs() != 1 || got.count("result") != 1 {
		t.Errorf("%d needs, customers %s", needs(), got.body)
	}
}

// The answers of a batch are bounded together.
func TestBatchAnswersAreBounded(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{config: func(c *ticketing.Config) { c.Timeout = 5 * time.Minute }})
	for range 8 {
		r.team.AddIssue(r.ada, "B", strings.Repeat("x", 200_000))
	}
	got := r.call("POST", "/batch-request", map[string]any{"resources": []any{
		map[string]any{"name": "tickets", "resource": "tickets", "query": map[string]any{"limit": 40}},
		map[string]any{"name": "each", "resource": "tickets", "loop_on": "tickets.result", "query": map[string]any{"limit": 40}},
		map[string]any{"name": "teams", "resource": "teams"},
	}}).is(200)
	if len(got.body) > 20<<20 || !strings.Contains(got.text("errors.each.message"), "may bring") || got.count("result.tickets.result") != 8 {
		t.Errorf("%d bytes, %v", len(got.body), got.at("errors"))
	}
}
