package ticketing_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"mime/multipart"
	"net/http"
	"slices"
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

// Scenario 13.
func TestUploadAndDownload(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	r.team.AddIssue(r.ada, "With files", "")
	content := bytes.Repeat([]byte("\x89PNG screenshot "), 200_000)
	made := r.call("POST", "/unified/ticketing/attachments", map[string]any{
		"ticket": map[string]any{"id": "ENG-1"}, "file_name": "shot.png", "data": base64.StdEncoding.EncodeToString(content),
	}).is(201)
	if made.text("kind") != "file" || made.at("size") != float64(len(content)) || made.text("content_type") != "image/png" {
		t.Errorf("made: %s", made.body)
	}
	for _, got := range []*answer{
		r.call("GET", "/unified/ticketing/attachments/"+made.text("id")+"/download", nil).is(200),
		r.call("POST", "/unified/ticketing/attachments/download", map[string]any{"id": made.text("id")}).is(200),
	} {
		if !bytes.Equal(got.body, content) {
			t.Errorf("%d bytes came back", len(got.body))
		}
	}
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	_ = w.WriteField("ticket_id", "ENG-1")
	part, err := w.CreateFormFile("file", "log.txt")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = part.Write([]byte("a log"))
	_ = w.Close()
	sent := r.call("POST", "/unified/ticketing/attachments", form.Bytes(), "Content-Type", w.FormDataContentType()).is(201)
	if got := r.call("GET", "/unified/ticketing/attachments/"+sent.text("id")+"/download", nil).is(200); string(got.body) != "a log" {
		t.Errorf("form: %s", got.body)
	}
	link := r.call("POST", "/unified/ticketing/attachments", map[string]any{"ticket_id": "ENG-1", "file_url": "http://169.254.169.254/secret"}).is(201)
	if got := r.call("GET", "/unified/ticketing/attachments/"+link.text("id")+"/download", nil).is(409); got.text("raw_response.file_url") == "" {
		t.Errorf("link: %s", got.body)
	}
	r.call("POST", "/unified/ticketing/attachments", map[string]any{"ticket_id": "ENG-1", "file_name": "x.exe", "data": "QQ=="}).is(422)
	r.call("POST", "/unified/ticketing/attachments", map[string]any{"ticket_id": "ENG-1", "file_name": "x.txt", "data": "!!"}).is(422)
	r.call("POST", "/unified/ticketing/attachments", map[string]any{"ticket_id": "ENG-1", "file_url": "javascript:alert(1)"}).is(422)
	c := r.call("POST", "/unified/ticketing/comments", map[string]any{
		"ticket": map[string]any{"id": "ENG-1"}, "body": "see", "attachments": []any{map[string]any{"file_name": "p.png", "data": "QUJD"}},
	}).is(201)
	if !strings.Contains(c.text("body"), "![p.png](") || c.text("attachments.0.file_name") != "p.png" {
		t.Errorf("comment: %s", c.body)
	}
}

// Two forms are one request only if they say the same.
func TestSecondUploadIsNoRepeat(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	r.team.AddIssue(r.ada, "With files", "")
	send := func(name, content string, header ...string) *answer {
		var form bytes.Buffer
		w := multipart.NewWriter(&form)
		_ = w.WriteField("ticket_id", "ENG-1")
		part, err := w.CreateFormFile("file", name)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = part.Write([]byte(content))
		_ = w.Close()
		return r.call("POST", "/unified/ticketing/attachments", form.Bytes(), append(header, "Content-Type", w.FormDataContentType())...)
	}
	ids := map[string]bool{}
	for i := range 3 {
		ids[send("log.txt", fmt.Sprint("log ", i)).is(201).text("id")] = true
	}
	if len(ids) != 3 {
		t.Errorf("3 files, %d attachments", len(ids))
	}
	first := send("keyed.txt", "a", "Idempotency-Key", "k").is(201)
	if again := send("keyed.txt", "a", "Idempotency-Key", "k").is(201); again.text("id") != first.text("id") {
		t.Errorf("the repeat made another: %s", again.body)
	}
	for i := range 20 {
		send("keyed.txt", fmt.Sprint("b", i), "Idempotency-Key", "k").is(409)
	}
	send("other.txt", "a", "Idempotency-Key", "k").is(409)
}

// A file that takes longer than other requests may is still attached.
func TestSlowUpload(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{config: func(c *ticketing.Config) { c.Timeout = 300 * time.Millisecond }})
	r.team.AddIssue(r.ada, "With files", "")
	r.linear.Fault(linearsim.Fault{Operation: "attachmentCreate", Delay: 600 * time.Millisecond})
	r.call("POST", "/unified/ticketing/attachments", map[string]any{
		"ticket_id": "ENG-1", "file_name": "log.txt", "data": base64.StdEncoding.EncodeToString(make([]byte, 3<<20)),
	}).is(201)
}

// Scenario 15: searches.
func TestSearch(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	i := r.team.AddIssue(r.ada, "Login fails on Safari", strings.Repeat("long ", 200))
	const search = "/unified/search/search"
	for _, q := range []string{"ENG-1", "eng-1", i.URL()} {
		got := r.call("GET", search+"?q="+q, nil).is(200)
		if got.count("result") != 1 || got.text("result.0.meta.number") != "ENG-1" {
			t.Errorf("%s: %s", q, got.body)
		}
	}
	if n := r.linear.Count("searchIssues"); n != 0 {
		t.Errorf("%d searches for a short name", n)
	}
	got := r.call("GET", search+"?query=login&status[name]=open", nil).is(200)
	if got.count("result") != 1 || got.at("total_count") != 1.0 || len([]rune(got.text("result.0.description"))) > 280 || got.text("result.0.urls.1.resource") != "tickets" {
		t.Errorf("found: %s", got.body)
	}
	r.call("GET", search+"?q=%20", nil).is(422)
	degraded := 0
	for n := range 40 {
		got := r.call("GET", fmt.Sprintf("%s?q=login+%d", search, n), nil).is(200)
		_ = got
		if n >= 30 {
			if d := r.call("GET", fmt.Sprintf("%s?q=login&limit=%d", search, n), nil).is(200); d.at("result.0.meta.degraded") == true {
				degraded++
			}
		}
	}
	if n := r.linear.Count("searchIssues"); n > 30 || degraded == 0 {
		t.Errorf("%d searches, %d degraded", n, degraded)
	}
}

// Scenario 16.
func TestDuplicates(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	r.team.AddIssue(r.ada, "Checkout fails with a timeout", "")
	r.team.AddIssue(r.ada, "Dark mode for settings", "")
	got := r.call("GET", tickets+"/duplicates?title=checkout%20fails%20with%20timeout", nil).is(200)
	if got.count("result") != 1 || got.text("result.0.ticket.number") != "ENG-1" {
		t.Errorf("duplicates: %s", got.body)
	}
	blocked := r.call("POST", tickets, map[string]any{"name": "Checkout fails with a timeout", "team": r.team.ID, "dedupe": "block"}).is(409)
	if blocked.text("code") != "duplicate_found" || blocked.text("candidates.0.ticket.number") != "ENG-1" || blocked.at("candidates.0.score") != 1.0 {
		t.Errorf("blocked: %s", blocked.body)
	}
	// A client that repeats a 409 at once is answered without asking Linear.
	before := r.linear.Count("searchIssues")
	for range 3 {
		r.call("POST", tickets, map[string]any{"name": "Checkout fails with a timeout", "team": r.team.ID, "dedupe": "block"}).is(409)
	}
	if after := r.linear.Count("searchIssues"); after != before {
		t.Errorf("%d searches for repeats", after-before)
	}
	warned := r.call("POST", tickets, map[string]any{"name": "Checkout fails with a timeout", "team": r.team.ID, "dedupe": "warn"}).is(201)
	if !strings.Contains(warned.header.Get("X-Warnings"), "ENG-1") {
		t.Errorf("warned: %v", warned.header)
	}
}

func TestRateLimits(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{config: func(c *ticketing.Config) {
		c.TokenRate = ticketing.Rate{Requests: 5, Per: time.Hour}
	}})
	var last *answer
	for range 6 {
		last = r.call("GET", tickets, nil)
	}
	if last.status != 429 || last.text("code") != "rate_limited" || last.header.Get("Retry-After") == "" || last.at("error_insight.rate_limit_error") == nil {
		t.Errorf("%d %s", last.status, last.body)
	}
	second := newRig(t, options{})
	second.linear.Fault(linearsim.Fault{RateLimited: true, RetryAfter: time.Hour})
	got := second.call("GET", tickets, nil).is(http.StatusTooManyRequests)
	if got.at("is_remote_error") != true || got.header.Get("Retry-After") == "" {
		t.Errorf("%s", got.body)
	}
	third := newRig(t, options{})
	if got := third.call("GET", tickets, nil).is(200); got.header.Get("Ratelimit-Remaining") == "" {
		t.Errorf("%v", got.header)
	}
}

func TestProxy(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	for i := range 3 {
		r.team.AddIssue(r.ada, fmt.Sprintf("P%d", i), "")
	}
	got := r.call("GET", "/proxy/issues?limit=2&fields=identifier,state.name,team.key", nil).is(200)
	if got.text("result.0.identifier") != "ENG-3" || got.text("result.0.state.name") != "Todo" || got.at("result.0.title") != nil {
		t.Errorf("list: %s", got.body)
	}
	next := r.call("GET", "/proxy/issues?limit=2&fields=identifier,state.name,team.key&next_cursor="+got.text("next_cursor"), nil).is(200)
	if next.text("result.0.identifier") != "ENG-1" || next.at("next_cursor") != nil {
		t.Errorf("next: %s", next.body)
	}
	r.call("GET", "/proxy/issues?fields=id}}evil{id", nil).is(400)
	r.call("GET", "/proxy/issues?fields=nope", nil).is(422)
	r.call("GET", "/proxy/nope", nil).is(404)
	if got := r.call("GET", `/proxy/issues?filter={"title":{"eq":"P1"}}`, nil).is(200); got.count("result") != 1 {
		t.Errorf("filter: %s", got.body)
	}
	made := r.call("POST", "/proxy/issues", map[string]any{"teamId": r.team.ID, "title": "raw"}).is(201)
	r.call("PATCH", "/proxy/issues/"+made.text("id"), map[string]any{"title": "rawer"}).is(200)
	if got := r.call("GET", "/proxy/issues/"+made.text("id"), nil).is(200); got.text("title") != "rawer" {
		t.Errorf("one: %s", got.body)
	}
	r.call("DELETE", "/proxy/issues/"+made.text("id"), nil).is(200)
	if got := r.call("GET", "/proxy/issue-labels", nil).is(200); got.count("result") != 0 {
		t.Errorf("labels: %s", got.body)
	}
	if got := r.call("GET", "/proxy/viewer", nil).is(200); got.text("name") != "Desk" {
		t.Errorf("viewer: %s", got.body)
	}
	agent := r.newToken(ticketing.Token{Name: "agent", Role: ticketing.RoleAgent})
	for _, path := range []string{"/proxy/graphql", "/custom/graphql"} {
		got := r.as(agent, "POST", path, map[string]any{"query": "{ viewer { name } }"}, "Content-Type", "text/plain").is(200)
		if got.text("data.viewer.name") != "Desk" {
			t.Errorf("graphql: %s", got.body)
		}
		r.as(agent, "POST", path, map[string]any{"query": "mutation { issueDelete(id: \"ENG-1\") { success } }"}).is(403)
		r.as(agent, "POST", path, map[string]any{"query": "{ __schema { types { name } } }"}).is(403)
		r.as(agent, "POST", path, map[string]any{"query": "subscription { x }"}).is(400)
		r.as(agent, "POST", path, map[string]any{"query": "{ a"}).is(400)
	}
}

// Fragments hide nothing from the limits, and texts need not be ASCII.
func TestGraphQLGuards(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	deep := strings.Repeat("{ a ", 8) + "%s" + strings.Repeat("}", 8)
	for query, want := range map[string]int{
		"{ ... on Query { __schema { types { name } } } }":                                                        403,
		"{ ...f } fragment f on Query { __type(name: \"Issue\") { name } }":                                       403,
		"{ ...f } fragment f on Query " + fmt.Sprintf(deep, "...g") + " fragment g on X " + fmt.Sprintf(deep, ""): 400,
		"{ ...f } fragment f on Query { ...g } fragment g on Query { ...f }":                                      400,
		"{ ...f } fragment f on Query { viewer { __typename name } }":                                             200,
		"# é 🚀\n{ viewer { name } }":                                                                              200,
		"fragment f on User { name } # é\nquery { viewer { ...f } }":                                              200,
	} {
		got := r.call("POST", "/proxy/graphql", map[string]any{"query": query})
		if got.status != want || want == 200 && got.text("data.viewer.name") != "Desk" {
			t.Errorf("%s: %d %s", query, got.status, got.body)
		}
	}
}

func TestBatch(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	for i := range 2 {
		r.team.AddIssue(r.ada, fmt.Sprintf("B%d", i), "")
	}
	got := r.call("POST", "/batch-request", map[string]any{"resources": []any{
		map[string]any{"name": "tickets", "resource": "ticketing/tickets", "method": "list", "query": map[string]any{"limit": 10, "team": map[string]any{"key": "ENG"}}},
		map[string]any{"name": "each", "resource": "ticketing/tickets", "method": "get", "id": "{{item.id}}", "loop_on": "tickets.result", "depends_on": []string{"tickets"}},
		map[string]any{"name": "note", "resource": "ticketing/comments", "method": "create", "body": map[string]any{"ticket": map[string]any{"id": "{{tickets.result.0.id}}"}, "body": "about {{tickets.result.0.number}}"}},
		map[string]any{"name": "bad", "resource": "ticketing/tickets", "method": "get", "id": "ENG-99"},
		map[string]any{"name": "after", "resource": "ticketing/tickets", "method": "list", "depends_on": []string{"bad"}},
	}}).is(200)
	if got.count("result.each") != 2 || got.text("result.note.body") != "about ENG-2" || got.text("errors.bad.code") != "not_found" || got.at("errors.after") == nil || got.at("partial") != true {
		t.Errorf("batch: %s", got.body)
	}
	// A batch has no more rights than its sender.
	reader := r.newToken(ticketing.Token{Name: "reader", Role: ticketing.RoleRead})
	denied := r.as(reader, "POST", "/batch-request", map[string]any{"resources": []any{
		map[string]any{"name": "x", "resource": "ticketing/tickets", "method": "create", "body": map[string]any{"name": "x", "team": "ENG"}},
		map[string]any{"name": "loop", "path": "/batch-request", "method": "POST"},
	}}).is(200)
	if denied.text("errors.x.code") != "forbidden" || denied.at("errors.loop") == nil {
		t.Errorf("denied: %s", denied.body)
	}
}

// A reader gets neither endless nor huge requests by way of a batch.
func TestBatchIsBounded(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	for range 3 {
		r.team.AddIssue(r.ada, "B", strings.Repeat("x", 1000))
	}
	reader := r.newToken(ticketing.Token{Name: "reader", Role: ticketing.RoleRead})
	got := r.as(reader, "POST", "/batch-request", map[string]any{"resources": []any{
		map[string]any{"name": "stream", "path": "/conversations/7/events"},
		map[string]any{"name": "hidden", "path": "/conversations/7/%65vents"},
		map[string]any{"name": "loop", "path": "/batch%2Drequest", "method": "POST"},
		map[string]any{"name": "tickets", "resource": "tickets"},
		map[string]any{"name": "values", "resource": "tickets", "method": "create", "body": map[string]any{"x": slices.Repeat([]string{"{{tickets}}"}, 2000)}},
		map[string]any{"name": "text", "resource": "tickets", "method": "create", "body": map[string]any{"x": strings.Repeat("a {{tickets}}", 2000)}},
	}}).is(200)
	for name, want := range map[string]string{"stream": "no streams", "hidden": "no streams", "loop": "no batches", "values": "larger than", "text": "larger than"} {
		if said := got.text("errors." + name + ".message"); !strings.Contains(said, want) {
			t.Errorf("%s: %q, want %q", name, said, want)
		}
	}
}
