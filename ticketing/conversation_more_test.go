package ticketing_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/ticketing"
)

// attach links an issue as another program does, of which this one does not hear.
func (r *rig) attach(issue, conversation string) {
	r.t.Helper()
	_, err := r.client(r.app.Token()).AttachmentCreate(r.t.Context(), linearapi.AttachmentCreateInput{
		IssueID: issue, URL: "https://desk.example/app/accounts/1/conversations/" + conversation, Title: "Conversation #" + conversation,
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

// Links that another program made, and of which no webhook told, are found by
// whatever asks for them first.
func TestLinksOfOthersAreFound(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	r.team.AddIssue(r.ada, "Known", "")
	for _, conversation := range []string{"1", "2", "3"} {
		r.attach("ENG-1", conversation)
	}
	got := r.call("GET", "/issues/ENG-1/conversations", nil).is(200)
	if got.count("result") != 3 {
		t.Fatalf("conversations: %s", got.body)
	}
	titles := []string{got.text("result.0.title"), got.text("result.1.title"), got.text("result.2.title")}
	slices.Sort(titles)
	if !slices.Equal(titles, []string{"Conversation #1", "Conversation #2", "Conversation #3"}) {
		t.Errorf("titles: %q", titles)
	}
	r.call("PATCH", "/conversations/2/issues/ENG-1", map[string]any{"priority": 1}).is(200)
	r.call("POST", "/conversations/3/issues/ENG-1/comments", map[string]any{"body": "seen"}).is(201)
	r.call("PATCH", "/conversations/4/issues/ENG-1", map[string]any{"priority": 1}).is(404)
	r.call("GET", "/issues/ENG-9/conversations", nil).is(200)
}

// Engineers see on the link whether the customer still waits.
func TestStatusOfTheConversationIsShownInLinear(t *testing.T) {
	t.Parallel()
	m := newMemo()
	r := newRig(t, options{config: func(c *ticketing.Config) { c.Helpdesk.Sink = m }})
	r.work()
	r.call("PATCH", "/integrated-account/"+r.conn.ID, map[string]any{"automate_reopen_on_comment": true}).is(200)
	issue := r.team.AddIssue(r.ada, "Known", "")
	subtitle := func(want string) {
		t.Helper()
		r.quiet()
		a := r.call("GET", "/unified/ticketing/attachments?ticket[id]=ENG-1&include_remote_data=true", nil).is(200)
		if a.text("result.0.subtitle") != want || a.text("result.0.file_name") != "Talk" {
			t.Errorf("%q: %s", want, a.body)
		}
	}
	g := r.subscribe("record:updated")
	r.call("POST", "/conversations/1/messages", map[string]any{"status": "pending"}).is(200)
	r.call("POST", "/conversations/1/links", map[string]any{"issue": "ENG-1", "title": "Talk"}).is(201)
	subtitle("pending")
	r.call("POST", "/conversations/1/messages", map[string]any{"status": "resolved"}).is(200)
	subtitle("resolved")
	r.ada.Comment(issue, "it is back") // opens the conversation
	subtitle("open")
	if got := g.said(); got != "" {
		t.Errorf("echo: %s", got)
	}
}

// A helpdesk with one account need not name it in the addresses.
func TestAddressWithoutAccount(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{config: func(c *ticketing.Config) { c.Helpdesk.ConversationURL = "https://desk.example/c/{conversation}" }})
	r.work()
	issue := r.team.AddIssue(r.ada, "Known", "")
	made := r.call("POST", "/conversations/7/links", map[string]any{"issue": "ENG-1"}).is(201)
	r.quiet()
	if err := r.client(r.app.Token()).AttachmentDelete(t.Context(), made.text("id")); err != nil {
		t.Fatal(err)
	}
	r.quiet()
	want := []string{"Linear issue ENG-1 was linked by Grace Hopper", "Linear issue ENG-1 was unlinked by Desk"}
	if acts := r.activities("7"); !slices.Equal(acts, want) {
		t.Errorf("activities: %q", acts)
	}
	if got := r.call("GET", tickets+"/"+issue.ID+"?expand[]=conversations", nil).is(200); got.count("conversations") != 0 {
		t.Errorf("%s", got.body)
	}
}

// What a program creates for an agent is shown under the agent's name in Linear.
func TestIssueUnderTheAgentsName(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	created := func(name string) string {
		t.Helper()
		made := r.call("POST", "/conversations/1/issues", map[string]any{"name": name, "team": "ENG", "user": map[string]any{"name": "Sam"}}).is(201)
		got := r.call("GET", tickets+"/"+made.text("issue.id")+"?include_remote_data=true", nil).is(200)
		return got.text("remote_data.botActor.userDisplayName")
	}
	if got := created("a"); got != "Sam" {
		t.Errorf("created by %q", got)
	}
	r.call("PATCH", "/integrated-account/"+r.conn.ID, map[string]any{"create_as_agent": false}).is(200)
	if got := created("b"); got == "Sam" {
		t.Errorf("switched off, but created by %q", got)
	}
}

// A form offers the projects of the team that are not over; the dashboard, as ever,
// those of the workspace. It shows what labels mean.
func TestChoicesOfATeam(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	r.ws.AddTeam("OPS", "Operations")
	for name, team := range map[string]string{"Ours": "ENG", "Theirs": "OPS", "Over": "ENG"} {
		made := r.call("POST", "/unified/ticketing/collections", map[string]any{"type": "project", "name": name, "team": team}).is(201)
		if name == "Over" {
			r.call("PATCH", "/unified/ticketing/collections/"+made.text("id"), map[string]any{"status": "completed"}).is(200)
		}
	}
	if got := r.call("GET", "/unified/ticketing/teams/ENG/entities", nil).is(200).names("projects"); !slices.Equal(got, []string{"Ours"}) {
		t.Errorf("projects: %v", got)
	}
	if got := r.call("GET", desk+"/team_entities?team_id="+r.team.ID, nil).is(200); got.count("projects") != 3 {
		t.Errorf("dashboard: %s", got.body)
	}
	r.call("POST", "/unified/ticketing/tags", map[string]any{"name": "Bug", "description": "It is our fault."}).is(201)
	r.call("POST", "/conversations/1/issues?account_id=7", map[string]any{"name": "x", "team": "ENG", "tags": []string{"Bug"}}).is(201)
	if got := r.call("GET", desk+"/linked_issues?conversation_id=1", nil).is(200); got.text("0.issue.labels.nodes.0.description") != "It is our fault." {
		t.Errorf("labels: %s", got.body)
	}
}

// A token of one account gets nothing out of the conversations of another, on any
// route.
func TestConversationsStayInTheirAccounts(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	r.team.AddIssue(r.ada, "Linked", "")
	r.call("POST", "/conversations/1/links?account_id=2", map[string]any{"issue": "ENG-1"}).is(201)
	seven := r.newToken(ticketing.Token{Name: "seven", Role: ticketing.RoleAdmin, Accounts: []string{"7"}})
	var doc struct {
		Paths map[string]map[string]any `json:"paths"`
	}
	r.call("GET", "/openapi.json", nil).is(200).to(&doc)
	n := 0
	for path, ops := range doc.Paths {
		_, rest, is := strings.Cut(path, "/conversations/{conversation}")
		if !is {
			continue
		}
		rest = strings.NewReplacer("{issue}", "ENG-1", "{link}", "ENG-1").Replace(rest)
		for method := range ops {
			n++
			var body any
			if method != "get" && method != "delete" {
				body = map[string]any{"issue": "ENG-1", "title": "x", "team": r.team.ID, "body": "x", "name": "x", "links": []string{"ENG-1"}}
			}
			if got := r.as(seven, strings.ToUpper(method), "/conversations/1"+rest+"?account_id=2", body); got.status != 403 {
				t.Errorf("%s %s: %d %s", method, path, got.status, got.body)
			}
		}
	}
	if n < 10 {
		t.Errorf("%d routes of conversations are known, want all", n)
	}
	if got := r.call("GET", "/issues/ENG-1/conversations", nil).is(200); got.count("result") != 1 {
		t.Errorf("conversations of the issue: %s", got.body)
	}
	for _, query := range []string{"", "?account_id=2", "?account_id=7"} {
		if got := r.as(seven, "GET", "/issues/ENG-1/conversations"+query, nil).is(200); got.count("result") != 0 {
			t.Errorf("%s: account 7 sees conversations of account 2: %s", query, got.body)
		}
	}
}
