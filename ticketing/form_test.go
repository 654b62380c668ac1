package ticketing_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
)

// field finds a field of a form.
func (a *answer) field(list, name string) map[string]any {
	a.t.Helper()
	all, _ := a.at(list).([]any)
	for _, f := range all {
		if m, _ := f.(map[string]any); m["name"] == name {
			return m
		}
	}
	a.t.Fatalf("no field %s: %s", name, a.body)
	return nil
}

// labels are those of the options of a field.
func labels(field map[string]any) string {
	var out []string
	options, _ := field["options"].([]any)
	for _, o := range options {
		m, _ := o.(map[string]any)
		out = append(out, fmt.Sprint(m["label"]))
	}
	return strings.Join(out, ",")
}

// One call feeds a form, and what it offers can be sent back.
func TestForms(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	r.ws.AddLabel("bug", "#ff0000")
	issue := r.team.AddIssue(r.ada, "Known", "text")
	r.ws.AddTeam("OPS", "Operations")
	create := r.call("GET", tickets+"/meta/create?team_id=eng", nil).is(200)
	if create.text("result.team.key") != "ENG" || create.text("result.method") != "create" {
		t.Errorf("%s", create.body)
	}
	if f := create.field("result.fields", "name"); f["is_required"] != true || f["max_length"] != 512.0 {
		t.Errorf("%v", f)
	}
	status := create.field("result.fields", "status")
	if got := labels(status); got != "Triage,Backlog,Todo,In Progress,In Review,Done,Canceled,Duplicate" && !strings.HasPrefix(got, "Triage,Backlog,Todo,In Progress") {
		t.Errorf("in the order of the board: %s", got)
	}
	if got := labels(create.field("result.fields", "priority")); got != "No priority,Urgent,High,Medium,Low" {
		t.Errorf("%s", got)
	}
	body := map[string]any{"name": "From a form"}
	for _, name := range []string{"team", "status", "priority", "assignees", "tags"} {
		options, _ := create.field("result.fields", name)["options"].([]any)
		if len(options) == 0 {
			t.Fatalf("%s has no options", name)
		}
		last, _ := options[len(options)-1].(map[string]any)
		if name == "team" {
			last, _ = options[0].(map[string]any)
		}
		body[name] = last["value"]
	}
	made := r.call("POST", tickets, body).is(201)
	update := r.call("GET", tickets+"/meta/update?id="+made.text("number"), nil).is(200)
	for _, name := range []string{"name", "status", "priority"} {
		if got := update.field("result.fields", name)["value"]; got != body[name] {
			t.Errorf("%s is %v, want %v", name, got, body[name])
		}
	}
	if got := update.field("result.fields", "tags")["value"]; fmt.Sprint(got) != fmt.Sprint([]any{body["tags"]}) {
		t.Errorf("tags are %v", got)
	}
	r.call("GET", tickets+"/meta/create", nil).is(422)
	r.call("GET", tickets+"/meta/create?team_id=nope", nil).is(404)
	r.call("GET", tickets+"/meta/update?id=ENG-99", nil).is(404)
	plain := r.call("GET", "/unified/ticketing/fields", nil).is(200)
	if labels(plain.field("result", "team")) != "Engineering,Operations" || labels(plain.field("result", "status")) != "" {
		t.Errorf("without a team: %s", plain.body)
	}
	if f := r.call("GET", "/unified/ticketing/fields?team_id=OPS", nil).is(200); labels(f.field("result", "status")) == "" {
		t.Errorf("of a team: %s", f.body)
	}
	_ = issue
}

// A list shows what belongs to its tickets with one request for each relation.
func TestExpandedList(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	for i := range 60 {
		issue := r.team.AddIssue(r.ada, fmt.Sprint("Issue ", i+1), "**bold** <script>x</script>")
		if i < 3 {
			r.ada.Comment(issue, "one")
			r.ada.Comment(issue, "two")
		}
	}
	r.call("POST", tickets+"/ENG-1/attachments", map[string]any{"file_url": "https://example.com/log", "file_name": "log"}).is(201)
	r.call("POST", tickets+"/ENG-1/relations", map[string]any{"type": "blocks", "ticket": "ENG-2"}).is(201)
	r.call("PATCH", tickets+"/ENG-3", map[string]any{"parent_ticket": "ENG-1"}).is(200)
	r.call("POST", "/conversations/7/links", map[string]any{"issue": "ENG-1"}).is(201)
	before := len(r.linear.Requests())
	got := r.call("GET", tickets+"?limit=250&key_by=number&number[lte]=50&expand[]=html&expand[]=comments&expand[]=attachments&expand[]=relations&expand[]=children&expand[]=conversations&expand[]=needs", nil).is(200)
	if n := len(r.linear.Requests()) - before; n > 8 {
		t.Errorf("%d requests", n)
	}
	if got.at("result_count") != 50.0 || got.at("limit") != 50.0 {
		t.Errorf("%v tickets of %v", got.at("result_count"), got.at("limit"))
	}
	for path, want := range map[string]int{
		"result.ENG-1.comments": 2, "result.ENG-3.comments": 2, "result.ENG-4.comments": 0, "result.ENG-1.attachments": 2, "result.ENG-1.relations": 1,
		"result.ENG-2.relations": 1, "result.ENG-1.children": 1, "result.ENG-1.conversations": 1, "result.ENG-2.conversations": 0, "result.ENG-1.needs": 0,
	} {
		if n := got.count(path); n != want {
			t.Errorf("%s: %d, want %d", path, n, want)
		}
	}
	if got.text("result.ENG-2.relations.0.type") != "blocked_by" || got.at("result.ENG-1.children_count") != 1.0 || got.at("result.ENG-2.has_children") != false {
		t.Errorf("%s", got.body[:2000])
	}
	if html := got.text("result.ENG-1.html_description"); !strings.Contains(html, "<strong>bold</strong>") || strings.Contains(html, "<script") {
		t.Errorf("html: %s", html)
	}
	r.call("GET", tickets+"?expand=history", nil).is(400)
	r.call("GET", tickets+"?expand=comments&ignore_limit=true", nil).is(400)
	r.call("GET", tickets+"?expand=html&response_format=stream", nil).is(400)
}

// HTML comes in as Markdown and goes out as HTML.
func TestHTMLInAndOut(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	made := r.call("POST", tickets, map[string]any{"name": "x", "team": "ENG", "html_description": "<p>Hello <b>you</b></p><ul><li>one</li></ul>"}).is(201)
	if made.text("description") != "Hello **you**\n\n- one" {
		t.Errorf("%q", made.text("description"))
	}
	if one := r.call("GET", tickets+"/"+made.text("number")+"?expand=html", nil).is(200); !strings.Contains(one.text("html_description"), "<strong>you</strong>") {
		t.Errorf("%s", one.body)
	}
	comment := r.call("POST", tickets+"/"+made.text("number")+"/comments", map[string]any{"html_body": "<a href='https://example.com'>here</a>"}).is(201)
	if comment.text("body") != "[here](https://example.com)" || !strings.Contains(comment.text("html_body"), `href="https://example.com"`) {
		t.Errorf("%s", comment.body)
	}
	edited := r.call("PATCH", "/unified/ticketing/comments/"+comment.text("id"), map[string]any{"html_body": "<i>new</i>"}).is(200)
	if edited.text("body") != "*new*" {
		t.Errorf("%s", edited.body)
	}
	if both := r.call("POST", tickets, map[string]any{"name": "y", "team": "ENG", "description": "kept", "html_description": "<b>lost</b>"}).is(201); both.text("description") != "kept" {
		t.Errorf("%s", both.body)
	}
}

// A retired tag stays where it is and cannot be put on other tickets.
func TestRetiredTags(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	tag := r.call("POST", "/unified/ticketing/tags", map[string]any{"name": "old"}).is(201).text("id")
	made := r.call("POST", tickets, map[string]any{"name": "x", "team": "ENG", "tags": []string{"old"}}).is(201)
	if got := r.call("POST", "/unified/ticketing/tags/"+tag+"/retire", nil).is(200); got.text("result.status") != "inactive" || got.text("result.retired_at") == "" {
		t.Errorf("%s", got.body)
	}
	r.call("POST", tickets, map[string]any{"name": "y", "team": "ENG", "tags": []string{tag}}).is(422)
	if got := r.call("GET", tickets+"/"+made.text("number"), nil).is(200); got.text("tags.0.name") != "old" {
		t.Errorf("%s", got.body)
	}
	if e := r.call("GET", "/unified/ticketing/teams/ENG/entities", nil).is(200); e.count("labels") != 0 {
		t.Errorf("%s", e.body)
	}
	r.call("PATCH", tickets+"/"+made.text("number"), map[string]any{"remove_tags": []string{"old"}}).is(200)
	if got := r.call("POST", "/unified/ticketing/tags/"+tag+"/restore", nil).is(200); got.text("result.status") != "active" || got.at("result.retired_at") != nil {
		t.Errorf("%s", got.body)
	}
	r.call("POST", tickets, map[string]any{"name": "y", "team": "ENG", "tags": []string{tag}}).is(201)
	r.call("POST", "/unified/ticketing/tags/nope/retire", nil).is(404)
}

// What a ticket and its team say of time, origin and defaults.
func TestMoreOfTicketsAndTeams(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	made := r.call("POST", tickets, map[string]any{"name": "x", "team": "ENG", "remote_data": map[string]any{
		"slaType": "onlyBusinessDays", "slaBreachesAt": "2027-01-02T03:04:05.000Z", "slaStartedAt": "2027-01-01T03:04:05.000Z",
	}}).is(201)
	r.call("POST", "/unified/ticketing/needs", map[string]any{
		"ticket": made.text("number"), "body": "please", "account": r.call("POST", "/unified/ticketing/accounts", map[string]any{"name": "Globex"}).is(201).text("id"),
	}).is(201)
	one := r.call("GET", tickets+"/"+made.text("number")+"?expand=needs", nil).is(200)
	if one.at("customer_count") != 1.0 || one.text("account.name") != "Globex" || one.at("source") != nil {
		t.Errorf("%s", one.body)
	}
	if list := r.call("GET", tickets, nil).is(200); list.at("result.0.customer_count") != 1.0 {
		t.Errorf("%s", list.body)
	}
	defaults := 0
	states := r.call("GET", "/unified/ticketing/ticket_status?team[key]=ENG", nil).is(200)
	for i := range states.count("result") {
		if states.at(fmt.Sprintf("result.%d.is_default", i)) == true {
			defaults++
			team := r.call("GET", "/unified/ticketing/teams/ENG", nil).is(200)
			if team.text("default_status.id") != states.text(fmt.Sprintf("result.%d.id", i)) {
				t.Errorf("%s", team.body)
			}
		}
	}
	if defaults != 1 {
		t.Errorf("%d defaults: %s", defaults, states.body)
	}
	r.call("PATCH", tickets+"/"+made.text("number"), map[string]any{"status": "completed"}).is(200)
	r.call("POST", tickets, map[string]any{"name": "open", "team": "ENG"}).is(201)
	for query, want := range map[string]int{
		"closed_at[gte]=2001-01-01": 1, "closed_at[lt]=2001-01-01": 0, "closed_at[null]=true": 1, "closed_at=null": 1, "closed_at[null]=false": 1,
	} {
		if got := r.call("GET", tickets+"?"+query, nil).is(200); got.count("result") != want {
			t.Errorf("%s: %d", query, got.count("result"))
		}
	}
}

// A search by meaning finds what has none of the words in common order.
func TestSearchByMeaning(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	r.team.AddIssue(r.ada, "Checkout crashes when coupon expires", "")
	r.team.AddIssue(r.ada, "Slow dashboard", "")
	const q = "/unified/search/search?q=coupon+makes+the+checkout+fail"
	if got := r.call("GET", q, nil).is(200); got.count("result") != 0 {
		t.Errorf("by words: %s", got.body)
	}
	for _, mode := range []string{"semantic", "auto"} {
		got := r.call("GET", q+"&mode="+mode, nil).is(200)
		if got.count("result") != 1 || got.text("result.0.meta.number") != "ENG-1" || got.at("next_cursor") != nil {
			t.Errorf("%s: %s", mode, got.body)
		}
	}
	if got := r.call("GET", "/unified/search/search?q=dashboard&mode=auto", nil).is(200); got.count("result") != 1 {
		t.Errorf("auto, by words: %s", got.body)
	}
	r.call("GET", q+"&mode=magic", nil).is(400)
	// A workspace without this search is no failure of a search that can go without.
	r.linear.Fault(linearsim.Fault{Operation: "semanticSearch", Times: 5, Body: `{"errors":[{"message":"no","extensions":{"type":"feature not accessible","code":"FEATURE_NOT_ACCESSIBLE"}}]}`})
	if got := r.call("GET", "/unified/search/search?q=nothing+of+it&mode=auto", nil).is(200); got.count("warnings") != 1 {
		t.Errorf("%s", got.body)
	}
	r.call("GET", "/unified/ticketing/tickets/duplicates?title=Slow+dashboard", nil).is(200)
}
