package ticketing_test

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// tagNames are the names of the tags of a ticket, sorted.
func (a *answer) tagNames() string { return strings.Join(a.names("tags"), ",") }

// With a group of labels as types, a ticket has one of them, and a change of type
// leaves the other tags alone.
func TestTicketTypes(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	const types = "/unified/ticketing/ticket_types"
	label := func(body map[string]any) string {
		return r.call("POST", "/unified/ticketing/tags", body).is(201).text("id")
	}
	if got := r.call("GET", types, nil).is(200); got.count("result") != 0 {
		t.Errorf("%s", got.body)
	}
	r.call("POST", tickets, map[string]any{"name": "Too early", "team": "ENG", "ticket_type": "Bug"}).is(422)
	made := r.call("POST", "/proxy/issue_labels", map[string]any{"name": "Type", "color": "#ff0000", "isGroup": true}).is(201)
	group := made.text("id")
	bug := label(map[string]any{"name": "Bug", "parent": group})
	label(map[string]any{"name": "Feature", "parent": group, "description": "Something new"})
	label(map[string]any{"name": "urgent"})
	r.call("PATCH", "/integrated-account/"+r.ws.ID, map[string]any{"settings": map[string]any{"ticket_type_group": "type"}}).is(200)
	if got := r.call("GET", types, nil).is(200).names("result"); !slices.Equal(got, []string{"Bug", "Feature"}) {
		t.Errorf("%v", got)
	}
	ticket := r.call("POST", tickets, map[string]any{"name": "Broken", "team": "ENG", "ticket_type": "bug", "tags": []string{"urgent"}}).is(201)
	number := tickets + "/" + ticket.text("number")
	if ticket.text("ticket_type.id") != bug || ticket.tagNames() != "Bug,urgent" {
		t.Errorf("%s", ticket.body)
	}
	if got := r.call("PATCH", number, map[string]any{"ticket_type": map[string]any{"name": "Feature"}}).is(200); got.text("ticket_type.name") != "Feature" || got.tagNames() != "Feature,urgent" {
		t.Errorf("changed: %s", got.tagNames())
	}
	if got := r.call("PATCH", number, map[string]any{"ticket_type": bug, "tags": []string{"Feature"}}).is(200); got.tagNames() != "Bug" {
		t.Errorf("with tags: %s", got.tagNames())
	}
	if got := r.call("GET", tickets+"?ticket_type="+bug, nil).is(200); got.count("result") != 1 || got.text("result.0.ticket_type.name") != "Bug" {
		t.Errorf("%s", got.body)
	}
	form := r.call("GET", tickets+"/meta/update?id="+ticket.text("number"), nil).is(200)
	if f := form.field("result.fields", "ticket_type"); labels(f) != "Bug,Feature" || f["value"] != bug {
		t.Errorf("%v", f)
	}
	if got := r.call("PATCH", number, map[string]any{"ticket_type": nil}).is(200); got.at("ticket_type") != nil || got.tagNames() != "" {
		t.Errorf("cleared: %s", got.body)
	}
	if got := r.call("PATCH", number, map[string]any{"ticket_type": "Epic"}).is(422); !strings.Contains(string(got.body), "no ticket type") {
		t.Errorf("%s", got.body)
	}
}

// A ticket is created for a customer, and says so.
func TestTicketForAnAccount(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	known := r.call("POST", "/unified/ticketing/accounts", map[string]any{"name": "Globex"}).is(201).text("id")
	for name, tc := range map[string]struct {
		body map[string]any
		want string
		says string
	}{
		"by id":            {map[string]any{"account": map[string]any{"id": known}}, "Globex", ""},
		"by id alone":      {map[string]any{"account_id": known, "contact": map[string]any{"name": "Kim", "emails": []any{map[string]any{"email": "kim@globex.example"}}}}, "Globex", "Asked by Kim (kim\\@globex.example)"},
		"by external id":   {map[string]any{"account": map[string]any{"external_id": "crm-7", "name": "Initech"}}, "Initech", ""},
		"contact alone":    {map[string]any{"contact": map[string]any{"name": "Lee", "email": "lee@example.com"}}, "Lee", "Asked by Lee (lee\\@example.com)"},
		"several contacts": {map[string]any{"account": known, "contact": map[string]any{"name": "A"}, "additional_contacts": []any{map[string]any{"name": "B"}}}, "Globex", "Asked by A\nAsked by B"},
	} {
		body := map[string]any{"name": "For " + name, "team": "ENG"}
		maps.Copy(body, tc.body)
		made := r.call("POST", tickets, body).is(201)
		if made.text("account.name") != tc.want || made.text("needs.0.body") != tc.says {
			t.Errorf("%s: %v %v", name, made.at("account"), made.at("needs"))
		}
	}
	for _, body := range []map[string]any{{"account": map[string]any{}}, {"contact": "Kim"}, {"contact": map[string]any{}}} {
		body["name"], body["team"] = "Refused", "ENG"
		r.call("POST", tickets, body).is(422)
	}
	if got := r.call("GET", tickets+"?name=Refused", nil).is(200); got.count("result") != 0 {
		t.Errorf("%s", got.body)
	}
}

// The body goes to Linear as it is if the request says so, and what Linear refuses
// is refused.
func TestBodyPassthrough(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	made := r.call("POST", tickets+"?truto_body_passthrough=true", map[string]any{"teamId": r.team.ID, "title": "As Linear says it", "priority": 2}).is(201)
	if made.text("name") != "As Linear says it" || made.text("priority.level") != "high" {
		t.Errorf("%s", made.body)
	}
	got := r.call("PATCH", tickets+"/"+made.text("number")+"?body_passthrough=true", map[string]any{"title": "Again"}).is(200)
	if got.text("name") != "Again" {
		t.Errorf("%s", got.body)
	}
	if s := r.call("PATCH", tickets+"/"+made.text("number")+"?body_passthrough=true", map[string]any{"name": "no field of Linear's"}).status; s != 422 && s != 400 {
		t.Errorf("%d", s)
	}
	r.call("POST", tickets+"?body_passthrough=perhaps", map[string]any{"teamId": r.team.ID, "title": "x"}).is(400)
}

// Files in comments are attachments of the ticket, and can be downloaded.
func TestFilesInComments(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	issue := r.team.AddIssue(r.ada, "With a comment", "")
	said := r.call("POST", tickets+"/"+issue.Identifier+"/comments", map[string]any{
		"body": "see", "attachments": []any{map[string]any{"file_name": "log.txt", "data": base64.StdEncoding.EncodeToString([]byte("lines"))}},
	}).is(201)
	list := r.call("GET", tickets+"/"+issue.Identifier+"/attachments?include_inline=true", nil).is(200)
	if list.count("result") != 1 || list.text("result.0.comment_id") != said.text("id") || list.text("result.0.file_name") != "log.txt" {
		t.Fatalf("%s", list.body)
	}
	file := r.call("GET", "/unified/ticketing/attachments/"+list.text("result.0.id")+"/download", nil).is(200)
	if string(file.body) != "lines" {
		t.Errorf("%s", file.body)
	}
	link := r.call("POST", tickets+"/"+issue.Identifier+"/attachments", map[string]any{"file_url": "https://example.com/a", "group_by_source": true}).is(201)
	if link.at("group_by_source") != true {
		t.Errorf("%s", link.body)
	}
}

// A hit says how much its title is like the words; the short name is the ticket.
func TestSearchScores(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	issue := r.team.AddIssue(r.ada, "Login fails", "")
	r.team.AddIssue(r.ada, "A very long title about many things, and the login fails among them", "")
	scores := map[string]float64{}
	got := r.call("GET", "/unified/search/search?q=login+fails", nil).is(200)
	for i := range got.count("result") {
		scores[got.text(fmt.Sprintf("result.%d.title", i))], _ = got.at(fmt.Sprintf("result.%d.meta.score", i)).(float64)
	}
	if len(scores) != 2 || scores["Login fails"] != 1 || scores["A very long title about many things, and the login fails among them"] >= 0.9 {
		t.Errorf("%v", scores)
	}
	if n := r.call("GET", "/unified/search/search?q="+issue.Identifier, nil).is(200).at("result.0.meta.score"); n != 1.0 {
		t.Errorf("%v", n)
	}
}
