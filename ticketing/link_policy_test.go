package ticketing_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/ticketing"
)

// With unlink_policy own, agents remove the links that they made, and administrators
// remove any.
func TestWhoMayUnlink(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	sam := r.newToken(ticketing.Token{Name: "Sam", Role: ticketing.RoleAgent})
	lin := r.newToken(ticketing.Token{Name: "Lin", Role: ticketing.RoleAgent})
	n := 0
	link := func(token string) string {
		n++
		r.team.AddIssue(r.ada, fmt.Sprint("Issue ", n), "")
		return "/conversations/1/links/" + r.as(token, "POST", "/conversations/1/links", map[string]any{"issue": fmt.Sprint("ENG-", n)}).is(201).text("id")
	}
	r.as(lin, "DELETE", link(sam), nil).is(200) // the default
	r.call("PATCH", "/integrated-account/"+r.conn.ID, map[string]any{"unlink_policy": "nobody"}).is(422)
	r.call("PATCH", "/integrated-account/"+r.conn.ID, map[string]any{"unlink_policy": "own"}).is(200)
	at := link(sam)
	r.as(lin, "DELETE", at, nil).is(403)
	r.as(lin, "POST", "/api/v1/accounts/1/integrations/linear/unlink_issue", map[string]any{"link_id": strings.TrimPrefix(at, "/conversations/1/links/"), "conversation_id": 1}).is(403)
	if got := r.call("GET", "/conversations/1/issues?refresh=true", nil).is(200); got.count("result") != 1 {
		t.Errorf("%s", got.body)
	}
	r.as(sam, "DELETE", at, nil).is(200)
	r.call("DELETE", link(sam), nil).is(200)
	// Of a pair of people whom one program acts for, the name decides.
	issue := r.team.AddIssue(r.ada, "Last", "")
	for _, by := range []string{"Grace", "Ada"} {
		p := fmt.Sprintf("/conversations/%s/links", by)
		id := r.as(sam, "POST", p, map[string]any{"issue": issue.Identifier, "user": map[string]any{"name": "Ada"}}).is(201).text("id")
		want := 200
		if by != "Ada" {
			want = 403
		}
		r.as(sam, "DELETE", p+"/"+id, map[string]any{"user": map[string]any{"name": by}}).is(want)
	}
}

// The customer stands in the link; with disable_customer_requests_auto_creation
// there is no request beside it.
func TestCustomersOfLinks(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	issue := r.team.AddIssue(r.ada, "Wanted", "")
	requests := func(id string) int {
		return r.call("GET", "/unified/ticketing/needs?ticket[id]="+id, nil).is(200).count("result")
	}
	customer := map[string]any{"external_id": "crm-7", "name": "Globex"}
	stands := func(id string) {
		t.Helper()
		got := r.call("GET", "/unified/ticketing/attachments/"+id, nil).is(200)
		if got.text("metadata.customer.external_id") != "crm-7" || got.text("metadata.customer.name") != "Globex" {
			t.Errorf("%s", got.body)
		}
	}
	stands(r.call("POST", "/conversations/1/links", map[string]any{"issue": issue.Identifier, "customer": customer}).is(201).text("id"))
	if n := requests(issue.ID); n != 1 {
		t.Errorf("%d requests", n)
	}
	settings := r.call("PATCH", "/integrated-account/"+r.conn.ID, map[string]any{"disable_customer_requests_auto_creation": true}).is(200)
	if settings.at("settings.disable_customer_requests_auto_creation") != true {
		t.Errorf("%s", settings.body)
	}
	quiet := r.team.AddIssue(r.ada, "Quiet", "")
	got := r.call("POST", "/conversations/1/links", map[string]any{"issue": quiet.Identifier, "customer": customer}).is(201)
	stands(got.text("id"))
	if !strings.Contains(got.header.Get("X-Warnings"), "no customer requests") {
		t.Errorf("%v", got.header)
	}
	made := r.call("POST", "/conversations/2/issues", map[string]any{"name": "New", "team": "ENG", "customer": customer}).is(201)
	stands(made.text("link.id"))
	if a, b := requests(quiet.ID), requests(made.text("issue.id")); a+b != 0 {
		t.Errorf("%d and %d requests", a, b)
	}
}

// While Linear is away, the conversations of an issue are found by its short name,
// too.
func TestReverseLookUpWithoutLinear(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	issue := r.team.AddIssue(r.ada, "Known", "")
	r.team.AddIssue(r.ada, "Never linked", "")
	r.call("POST", "/conversations/8/links", map[string]any{"issue": issue.Identifier}).is(201)
	r.linear.Fault(linearsim.Fault{Times: 1000, Status: 503})
	for _, name := range []string{issue.ID, issue.Identifier, "eng-1"} {
		if got := r.call("GET", "/issues/"+name+"/conversations", nil).is(200); got.text("result.0.id") != "8" {
			t.Errorf("%s: %s", name, got.body)
		}
	}
	if got := r.call("GET", "/issues/ENG-2/conversations", nil); got.status < 500 {
		t.Errorf("unknown here: %d %s", got.status, got.body)
	}
}

// A short name of a team that has no such issue is told to the agent; what only
// looks like one is not.
func TestShortNamesThatDoNotExist(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	got := r.call("POST", "/conversations/1/messages", map[string]any{"id": "m1", "kind": "note", "text": "As in ENG-999, and UTF-8"}).is(200)
	if warnings := fmt.Sprint(got.at("warnings")); !strings.Contains(warnings, "ENG-999 could not be linked") || strings.Contains(warnings, "UTF-8") {
		t.Errorf("%s", got.body)
	}
}

// Users and filters in Linear's own names.
func TestRemoteQueryAndInvitedUsers(t *testing.T) {
	t.Parallel()
	b := &between{}
	r := newRig(t, options{between: b})
	r.team.AddIssue(r.ada, "Login fails", "")
	r.team.AddIssue(r.ada, "Logout fails", "")
	for query, want := range map[string]int{
		"remote_query[filter][title][containsIgnoreCase]=LOGIN":                                    1,
		"remote_query[filter][title][in][]=Login fails&remote_query[filter][title][in][]=x":        1,
		"remote_query[filter][number][gte]=2":                                                      1,
		"remote_query[filter][team][key][eq]=ENG&name[contains]=fails":                             2,
		"remote_query[filter][assignee][null]=true&remote_query[filter][creator][name][eq]=Nobody": 0,
	} {
		if got := r.call("GET", tickets+"?"+strings.ReplaceAll(query, " ", "%20"), nil).is(200); got.count("result") != want {
			t.Errorf("%s: %s", query, got.body)
		}
	}
	if got := r.call("GET", tickets+"?remote_query[filter][nonsense][eq]=1", nil); got.status != 422 && got.status != 400 {
		t.Errorf("%d %s", got.status, got.body)
	}
	const users = "/unified/user-directory/users"
	r.call("GET", users+"?status=asleep", nil).is(400)
	if got := r.call("GET", users+"?status=active", nil).is(200); got.text("result.0.status") != "active" {
		t.Errorf("%s", got.body)
	}
	if got := r.call("GET", users+"?status=invited", nil).is(200); got.count("result") != 0 {
		t.Errorf("%s", got.body)
	}
	b.say("query userList", `{"data":{"users":{"nodes":[{"id":"new","name":"sam@x.example","email":"sam@x.example","active":true}],"pageInfo":{"hasNextPage":false}}}}`)
	if got := r.call("GET", users+"?status=invited", nil, "Cache-Control", "no-cache").is(200); got.text("result.0.status") != "invited" {
		t.Errorf("%s", got.body)
	}
}
