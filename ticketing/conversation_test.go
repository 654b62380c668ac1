package ticketing_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/ticketing"
)

func (r *rig) activities(conversation string) []string {
	r.t.Helper()
	a := r.call("GET", "/conversations/"+conversation+"/activities", nil).is(200)
	var out []string
	for i := range a.count("result") {
		out = append(out, a.text(fmt.Sprintf("result.%d.text", i)))
	}
	return out
}

// Scenario 1: one issue, one link, one activity, whatever the title is.
func TestCreateFromConversation(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	title := "a \"quote\" \\ and\na line 🚀"
	got := r.call("POST", "/conversations/1/issues", map[string]any{
		"name": title, "team": "ENG", "link": map[string]any{"title": "Talk with Zoë"}, "user": map[string]any{"name": "Sam"},
		"context": map[string]any{"transcript": "> it fails"},
	}).is(201)
	if got.text("issue.name") != title || got.text("link.linked_by") != "Sam" || got.text("link.origin") != "created" || !strings.Contains(got.text("issue.description"), "> it fails") {
		t.Errorf("created: %s", got.body)
	}
	for path, want := range map[string]int{"/conversations/1/issues": 1, tickets: 1, "/unified/ticketing/attachments": 1} {
		if a := r.call("GET", path, nil).is(200); a.count("result") != want {
			t.Errorf("%s: %s", path, a.body)
		}
	}
	if acts := r.activities("1"); len(acts) != 1 || acts[0] != "Linear issue ENG-1 was created by Sam" {
		t.Errorf("activities: %q", acts)
	}
	a := r.call("GET", "/unified/ticketing/attachments?ticket[id]=ENG-1", nil).is(200)
	if a.text("result.0.conversation.id") != "1" || a.text("result.0.kind") != "link" || a.text("result.0.file_name") != "Talk with Zoë" {
		t.Errorf("attachment: %s", a.body)
	}
	if a := r.call("GET", "/issues/ENG-1/conversations", nil).is(200); a.count("result") != 1 || a.text("result.0.id") != "1" {
		t.Errorf("conversations: %s", a.body)
	}
	if a := r.call("GET", tickets+"/ENG-1?expand[]=conversations&expand[]=attachments", nil).is(200); a.count("conversations") != 1 || a.count("attachments") != 1 {
		t.Errorf("expanded: %s", a.body)
	}
	if a := r.call("GET", tickets+"?conversation[id]=1", nil).is(200); a.count("result") != 1 {
		t.Errorf("filter: %s", a.body)
	}
	if a := r.call("GET", tickets+"?conversation[id]=2", nil).is(200); a.count("result") != 0 {
		t.Errorf("filter: %s", a.body)
	}
}

// Scenarios 2 and 3.
func TestLinkOnceUnlinkOwn(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	i := r.team.AddIssue(r.ada, "Known", "")
	first := r.call("POST", "/conversations/1/links", map[string]any{"issue": "eng-1"}).is(201)
	second := r.call("POST", "/conversations/1/links", map[string]any{"issue": i.ID}).is(200)
	third := r.call("POST", "/conversations/1/links", map[string]any{"issue": i.URL(), "title": "Better title"}).is(200)
	if first.text("id") != second.text("id") || third.text("id") != first.text("id") {
		t.Errorf("links %s %s %s", first.body, second.body, third.body)
	}
	if acts := r.activities("1"); len(acts) != 1 || acts[0] != "Linear issue ENG-1 was linked by Grace Hopper" {
		t.Errorf("activities: %q", acts)
	}
	other := r.call("POST", "/conversations/2/links", map[string]any{"issue": "ENG-1"}).is(201)
	r.call("DELETE", "/conversations/1/links/"+other.text("id"), nil).is(404)
	if a := r.call("GET", "/conversations/2/issues?refresh=true", nil).is(200); a.count("result") != 1 {
		t.Errorf("the other conversation lost its link: %s", a.body)
	}
	// An attachment that is not a link of the conversation is not deleted either.
	plain := r.call("POST", "/unified/ticketing/attachments", map[string]any{"ticket_id": "ENG-1", "file_url": "https://example.com/log"}).is(201)
	r.call("DELETE", "/conversations/1/links/"+plain.text("id"), nil).is(404)
	r.call("DELETE", "/conversations/1/links/"+first.text("id"), nil).is(200)
	if a := r.call("GET", "/conversations/1/issues", nil).is(200); a.count("result") != 0 {
		t.Errorf("still there: %s", a.body)
	}
	if a := r.call("GET", "/issues/ENG-1/conversations", nil).is(200); a.count("result") != 1 {
		t.Errorf("the way back: %s", a.body)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { r.call("POST", "/conversations/3/links", map[string]any{"issue": "ENG-1"}) })
	}
	wg.Wait()
	if acts := r.activities("3"); len(acts) != 1 {
		t.Errorf("eight at once: %q", acts)
	}
	bulk := r.call("POST", "/conversations/4/links", map[string]any{"issues": []string{"ENG-1", "ENG-99", "ENG-1"}}).is(200)
	if bulk.at("result.0.status") != 201.0 || bulk.at("result.1.status") != 404.0 || bulk.at("result.2.status") != 200.0 {
		t.Errorf("bulk: %s", bulk.body)
	}
}

// A link that was removed can be made again at once.
func TestLinkUnlinkLink(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	r.team.AddIssue(r.ada, "Known", "")
	for range 3 {
		made := r.call("POST", "/conversations/1/links", map[string]any{"issue": "ENG-1"}).is(201)
		if a := r.call("GET", "/conversations/1/issues?refresh=true", nil).is(200); a.count("result") != 1 {
			t.Errorf("not linked: %s", a.body)
		}
		r.call("DELETE", "/conversations/1/links/"+made.text("id"), nil).is(200)
		linked := r.call("POST", desk+"/link_issue", map[string]any{"conversation_id": 1, "issue_id": "ENG-1"}).is(200)
		if a := r.call("GET", desk+"/linked_issues?conversation_id=1", nil).is(200); a.count("") != 1 {
			t.Errorf("the dashboard's link: %s", a.body)
		}
		r.call("POST", desk+"/unlink_issue", map[string]any{"conversation_id": 1, "link_id": linked.text("link_id")}).is(200)
	}
	if got := r.call("GET", "/unified/ticketing/attachments?ticket[id]=ENG-1", nil).is(200); got.count("result") != 0 {
		t.Errorf("left over: %s", got.body)
	}
}

// Scenario 4: Linear is away.
func TestLinearAway(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	r.call("POST", "/conversations/1/issues", map[string]any{"name": "x", "team": "ENG"}).is(201)
	r.call("GET", "/conversations/1/issues", nil).is(200)
	r.linear.Fault(linearsim.Fault{Times: 1000, Status: 500})
	got := r.call("GET", "/conversations/1/issues?refresh=true", nil).is(200)
	if got.at("result.0.stale") != true || got.text("result.0.issue.name") != "x" {
		t.Errorf("stale: %s", got.body)
	}
	if got := r.call("GET", desk+"/linked_issues?conversation_id=1", nil); got.status != 200 {
		t.Errorf("dashboard: %d %s", got.status, got.body)
	}
	failed := r.call("POST", "/conversations/1/issues", map[string]any{"name": "y", "team": r.team.ID}).is(502)
	if failed.at("retryable") != true || failed.at("is_remote_error") != true {
		t.Errorf("failed: %s", failed.body)
	}
	r.linear.ClearFaults()
	if got := r.call("GET", tickets, nil).is(200); got.count("result") != 1 {
		t.Errorf("orphans: %s", got.body)
	}
}

// Half of a create: the issue stands, the link fails. The queue makes it.
func TestHalfFailedCreateAndLink(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{config: func(c *ticketing.Config) { c.Timeout = 300 * time.Millisecond }})
	r.linear.Fault(linearsim.Fault{Operation: "attachmentCreate", Times: 12, Status: 500})
	got := r.call("POST", "/conversations/1/issues", map[string]any{"name": "x", "team": r.team.ID}).is(201)
	if got.at("link") != nil || got.count("warnings") == 0 || got.text("issue.number") != "ENG-1" {
		t.Fatalf("created: %s", got.body)
	}
	r.linear.ClearFaults()
	r.work()
	eventually(t, "the link is made", func() bool {
		return r.call("GET", "/conversations/1/issues?refresh=true", nil).is(200).count("result") == 1
	})
	eventually(t, "the activity is there", func() bool { return len(r.activities("1")) > 0 })
	if acts := r.activities("1"); len(acts) != 1 || acts[0] != "Linear issue ENG-1 was created by Grace Hopper" {
		t.Errorf("activities: %q", acts)
	}
}

// Scenario 5: more than a page of everything.
func TestMoreThanAPage(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	for i := range 120 {
		r.ws.AddLabel(fmt.Sprintf("label %d", i), "")
	}
	for i := range 80 {
		r.ws.AddUser(fmt.Sprintf("User %d", i), fmt.Sprintf("u%d", i))
	}
	c := r.client(r.app.Token())
	for i := range 300 {
		issue := r.team.AddIssue(r.ada, fmt.Sprintf("Issue %d", i), "")
		_, err := c.AttachmentCreate(t.Context(), linearapi.AttachmentCreateInput{
			IssueID: issue.ID, Title: "C", URL: "https://desk.example/app/accounts/7/conversations/5",
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	e := r.call("GET", desk+"/team_entities?team_id="+r.team.ID, nil).is(200)
	if e.count("labels") != 120 || e.count("users") < 81 {
		t.Errorf("%d labels, %d users", e.count("labels"), e.count("users"))
	}
	if got := r.call("GET", desk+"/linked_issues?conversation_id=5", nil).is(200); got.count("") != 300 {
		t.Errorf("%d linked", got.count(""))
	}
}

// Scenario 12, and the client that repeats a create at once.
func TestCreateLandsOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	body := map[string]any{"name": "Once", "team": r.team.ID}
	var wg sync.WaitGroup
	var mu sync.Mutex
	seen := map[string]int{}
	for range 10 {
		wg.Go(func() {
			got := r.call("POST", tickets, body, "Idempotency-Key", "k1")
			mu.Lock()
			seen[fmt.Sprint(got.status, " ", got.text("number"))]++
			mu.Unlock()
		})
	}
	wg.Wait()
	if len(seen) != 1 || seen["201 ENG-1"] != 10 {
		t.Errorf("answers %v", seen)
	}
	if got := r.call("POST", tickets, body, "Idempotency-Key", "k1").is(201); got.header.Get("Idempotent-Replayed") != "true" {
		t.Error("not marked as a replay")
	}
	r.call("POST", tickets, map[string]any{"name": "Other", "team": r.team.ID}, "Idempotency-Key", "k1").is(409)

	// A lost answer between here and Linear, and the client's repeat of a
	// request whose answer was 502.
	lost := map[string]any{"name": "Lost", "team": r.team.ID}
	r.linear.Fault(linearsim.Fault{Operation: "issueCreate", ResetAfter: true})
	first := r.call("POST", tickets, lost).is(201)
	again := r.call("POST", tickets, lost).is(201)
	r.linear.Fault(linearsim.Fault{Operation: "issueCreate", Times: 4, ResetAfter: true})
	gone := map[string]any{"name": "Gone", "team": r.team.ID}
	failed := r.call("POST", tickets, gone)
	r.linear.ClearFaults()
	repeat := r.call("POST", tickets, gone).is(201)
	if first.text("id") != again.text("id") {
		t.Error("the repeat made another")
	}
	if got := r.call("GET", tickets, nil).is(200); got.count("result") != 3 {
		t.Errorf("%d tickets (first answer %d, then %s): %s", got.count("result"), failed.status, repeat.text("number"), got.body)
	}
	// Another token's request is another request.
	other := r.newToken(ticketing.Token{Name: "other", Role: ticketing.RoleAgent})
	r.as(other, "POST", tickets, lost).is(201)
	if got := r.call("GET", tickets, nil).is(200); got.count("result") != 4 {
		t.Errorf("%d tickets", got.count("result"))
	}
}
