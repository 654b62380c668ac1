package ticketing_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/linearbot/linearbot/ticketing"
)

// Every operation of the document that needs a token refuses a parameter that it
// does not know, before it does anything, and says which it knows. The dashboard's
// routes are the exception: the helpdesk's own server takes whatever comes.
func TestUnknownParametersAreRefusedEverywhere(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	r.team.AddIssue(r.ada, "One", "")
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string                `json:"operationId"`
			Security    []map[string][]string `json:"security"`
			Parameters  []struct {
				Name, In string
			} `json:"parameters"`
		} `json:"paths"`
	}
	r.call("GET", "/openapi.json", nil).is(200).to(&doc)
	tried := 0
	for path, ops := range doc.Paths {
		for method, op := range ops {
			if strings.HasPrefix(path, "/api/v1/") || op.Security != nil {
				continue
			}
			tried++
			at := strings.NewReplacer("{resource}", "issues", "{conversation}", "1", "{account}", "1").Replace(path)
			for _, name := range []string{"{id}", "{issue}", "{link}", "{relation}", "{delivery}"} {
				at = strings.ReplaceAll(at, name, "ENG-1")
			}
			before := r.linear.Counts()
			got := r.call(strings.ToUpper(method), at+"?q=x&nonsense=1", nil)
			q := slices.ContainsFunc(op.Parameters, func(p struct{ Name, In string }) bool { return p.Name == "q" })
			if got.status == 404 && (strings.HasSuffix(path, "/issues/{issue}/comments") || strings.HasSuffix(path, "/teams/{id}/users")) {
				continue // the list of what is not there
			}
			if got.status != 400 || got.text("code") != "unknown_filter" || !strings.Contains(got.text("message"), "known") ||
				!strings.Contains(string(got.body), `"field":"nonsense"`) || !q && !strings.Contains(string(got.body), `"field":"q"`) {
				t.Errorf("%s %s: %d %s", method, path, got.status, got.body)
			}
			for field, n := range r.linear.Counts() {
				if n > before[field] && strings.HasSuffix(strings.ToLower(field), "create") {
					t.Errorf("%s %s: %s was called", method, path, field)
				}
			}
		}
	}
	if tried < 90 {
		t.Errorf("only %d operations", tried)
	}
	// strict=false takes it, with a warning; strict=true is known.
	got := r.call("GET", tickets+"/ENG-1?nonsense=1&strict=false", nil).is(200)
	if !strings.Contains(got.header.Get("X-Warnings"), "nonsense") {
		t.Errorf("%v", got.header)
	}
	r.call("GET", tickets+"/ENG-1?strict=true", nil).is(200)
	r.call("GET", tickets+"?strict=true", nil).is(200)
	// Each list knows its own parameters only.
	r.call("GET", "/unified/ticketing/comments?expand=html", nil).is(400)
}

func TestParametersThatNameNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	r.team.AddIssue(r.ada, "One", "")
	for _, tc := range []struct {
		path    string
		status  int
		message string
	}{
		{tickets + "?fields=number,nope", 400, `"nope", which is not a field here; the fields are account, `},
		{tickets + "/ENG-1?exclude_fields=nope", 400, "not a field here"},
		{tickets + "/ENG-1?response_format=stream", 400, "unified, raw or normalized"},
		{tickets + "?limit=99999999999999999999", 200, ""},
		{tickets + "?limit=-99999999999999999999", 400, "from 1 to 250"},
		{"/unified/ticketing/ticket_priorities?limit=0", 400, "from 1 to 250"},
		{tickets + "/ENG-9/comments", 404, `no ticket "ENG-9"`},
		{tickets + "/ENG-1/comments", 200, ""},
		{"/unified/ticketing/collections/nope/progress", 404, `no collection "nope"`},
		{"/unified/ticketing/collections/x?type=nope", 422, "project, iteration"},
		{"/integrated-account/" + r.conn.ID + "/capabilities?type=nope", 400, "unified or proxy"},
	} {
		got := r.call("GET", tc.path, nil).is(tc.status)
		if !strings.Contains(got.text("message"), tc.message) {
			t.Errorf("%s: %s", tc.path, got.body)
		}
	}
	// What is missing is told where it belongs.
	for _, path := range []string{"/unified/search/search", tickets + "/duplicates", tickets + "/meta/create"} {
		got := r.call("GET", path, nil).is(422)
		if got.at("error_insight.missing_required_query_parameters.value") == nil || got.at("error_insight.missing_required_body_fields") != nil {
			t.Errorf("%s: %s", path, got.body)
		}
	}
	if got := r.call("POST", tickets, nil).is(422); got.at("error_insight.missing_required_body_fields.value") == nil {
		t.Errorf("%s", got.body)
	}
}

// Lists that are there as a whole have pages, too.
func TestShortListsHavePages(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	const path = "/unified/ticketing/ticket_priorities"
	if all := r.call("GET", path+"?next_cursor=", nil).is(200); all.count("result") != 5 || all.at("next_cursor") != nil {
		t.Errorf("%s", all.body)
	}
	seen := ""
	page := r.call("GET", path+"?limit=2", nil).is(200)
	for {
		for i := range page.count("result") {
			seen += page.text(fmt.Sprintf("result.%d.id", i))
		}
		next := page.text("next_cursor")
		if next == "" {
			break
		}
		page = r.call("GET", path+"?limit=2&next_cursor="+next, nil).is(200)
	}
	if seen != "01234" {
		t.Errorf("forwards %q", seen)
	}
	back := r.call("GET", path+"?limit=3&prev_cursor="+page.text("prev_cursor"), nil).is(200)
	if back.text("result.0.id") != "1" || back.count("result") != 3 {
		t.Errorf("backwards %s", back.body)
	}
	// So have those that belong to no connection.
	for i := range 3 {
		r.newToken(ticketing.Token{Name: fmt.Sprint("Token ", i), Role: ticketing.RoleRead})
	}
	tokens := r.call("GET", "/token?limit=3", nil).is(200)
	if last := r.call("GET", "/token?limit=3&next_cursor="+tokens.text("next_cursor"), nil).is(200); tokens.count("result") != 3 || last.count("result") != 1 {
		t.Errorf("%s %s", tokens.body, last.body)
	}
	r.call("GET", "/unified/ticketing/workspaces?next_cursor="+page.text("prev_cursor"), nil).is(400)
}

func TestMethodsOfAPath(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	got := r.call("OPTIONS", tickets, nil).is(204)
	if got.header.Get("Allow") != "GET, HEAD, OPTIONS, POST" || len(got.body) > 0 {
		t.Errorf("%v %s", got.header, got.body)
	}
	r.as("", "OPTIONS", tickets, nil).is(401)
	r.call("OPTIONS", "/unified/ticketing/nope", nil).is(404)
	if got := r.call("PUT", tickets+"/ENG-1", map[string]any{}).is(405); got.header.Get("Allow") != "DELETE, GET, HEAD, OPTIONS, PATCH" {
		t.Errorf("%v", got.header)
	}
	if got := r.call("HEAD", tickets, nil).is(200); len(got.body) > 0 || got.header.Get("Content-Type") == "" {
		t.Errorf("%v", got.header)
	}
}

// A value of a wrong type is one failure, with the field's name, and nothing is
// created.
func TestTypesOfBodies(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	r.team.AddIssue(r.ada, "One", "")
	const u = "/unified/ticketing"
	type body = map[string]any
	for _, tc := range []struct {
		method, path string
		body         body
		field, code  string
	}{
		{"POST", u + "/tickets", body{"name": 5, "team": "ENG"}, "name", "type"},
		{"POST", u + "/tickets", body{"name": []int{1}, "team": "ENG"}, "name", "type"},
		{"POST", u + "/tickets", body{"name": "x", "team": "ENG", "description": 5}, "description", "type"},
		{"POST", u + "/tickets", body{"name": "x", "team": true}, "team", "type"},
		{"POST", u + "/tickets", body{"name": "x", "team": "ENG", "created_at": "2026-01-01T00:00:00"}, "created_at", "value"},
		{"POST", u + "/tickets", body{"name": "x", "team": "ENG", "attachments": []any{"x"}}, "attachments[0]", "type"},
		{"POST", u + "/tickets", body{"name": "x", "team": "ENG", "attachments": []any{body{"file_name": "a", "data": "!!"}}}, "attachments[0].data", "value"},
		{"POST", u + "/tickets", body{"name": "x", "team": "ENG", "attachments": []any{body{"file_name": "a.exe", "data": "QQ=="}}}, "attachments[0].file_name", "type"},
		{"POST", u + "/tickets", body{"name": "x", "team": "ENG", "attachments": []any{body{}}}, "attachments[0].file_url", "required"},
		{"POST", u + "/comments", body{"ticket": "ENG-1", "body": 5}, "body", "type"},
		{"POST", u + "/comments", body{"ticket": "ENG-1", "body": "x", "parent_comment": "11111111-1111-4111-8111-111111111111"}, "parent_comment", "not_found"},
		{"POST", u + "/comments", body{"ticket": "ENG-1", "body": "x", "created_at": "yesterday"}, "created_at", "value"},
		{"POST", u + "/comments", body{"ticket": "ENG-1", "body": "x", "remote_data": 5}, "remote_data", "type"},
		{"POST", u + "/comments/x/react", body{"emoji": 5}, "emoji", "type"},
		{"POST", u + "/attachments", body{"ticket": "ENG-1", "file_name": "a", "data": 5}, "data", "type"},
		{"POST", u + "/attachments", body{"ticket": "ENG-1", "file_url": "https://x.example/a", "metadata": 5}, "metadata", "type"},
		{"POST", u + "/attachments", body{"ticket": "ENG-1", "file_url": "https://x.example/a", "mode": "sideways"}, "mode", "value"},
		{"POST", u + "/attachments", body{"ticket": "ENG-1", "file_url": "https://x.example/a", "icon_url": "x"}, "icon_url", "value"},
		{"POST", u + "/tags", body{"name": "x", "color": "red"}, "color", "value"},
		{"POST", u + "/ticket_status", body{"name": "x", "color": 5, "team": "ENG", "type": "started"}, "color", "type"},
		{"POST", u + "/collections", body{"type": "project", "name": "x", "team": "ENG", "color": 5}, "color", "type"},
		{"POST", u + "/collections", body{"type": "project", "name": "x", "team": "ENG", "members": []string{"nobody"}}, "members[0]", "not_found"},
		{"POST", u + "/collections", body{"type": "project", "name": "x", "team": "ENG", "priority": "huge"}, "priority", "value"},
		{"POST", u + "/collections", body{"type": "iteration", "team": "ENG", "start_date": "2027-01-04", "end_date": "2027-01-18", "color": "#ffffff"}, "color", "value"},
		{"PATCH", u + "/tickets/ENG-1", body{"parent_ticket": "ENG-99"}, "parent_ticket", "not_found"},
	} {
		status := 422
		if tc.code == "not_found" && !strings.Contains(tc.field, "[") { // Linear says so, and not our own look-up
			status = 404
		}
		got := r.call(tc.method, tc.path, tc.body).is(status)
		if got.text("details.failures.0.field") != tc.field || got.text("details.failures.0.code") != tc.code || got.count("details.failures") != 1 {
			t.Errorf("%s %v: %s", tc.path, tc.body, got.body)
		}
	}
	if n := r.call("GET", tickets, nil).is(200).count("result"); n != 1 {
		t.Errorf("%d tickets", n)
	}
	// Ids may be numbers, and odd texts are made fit.
	made := r.call("POST", tickets, "{\"name\":\"a\x00b\\u0000c\xff\",\"team\":\"ENG\",\"account\":{\"external_id\":5,\"name\":\"Five\"}}")
	if made.status != 400 { // a bare NUL is not JSON
		t.Errorf("%d %s", made.status, made.body)
	}
	if got := r.call("POST", tickets, "{\"name\":\"a\\u0000c\xff\\ud800\",\"team\":\"ENG\"}").is(201); got.text("name") != "ac\uFFFD\uFFFD" {
		t.Errorf("%q", got.text("name"))
	}
}

// Fields that nothing reads are told, on every route with a body.
func TestUnknownFieldsAreTold(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	r.team.AddIssue(r.ada, "One", "")
	const u = "/unified/ticketing"
	for path, body := range map[string]map[string]any{
		u + "/tickets":     {"name": "x", "team": "ENG"},
		u + "/comments":    {"ticket": "ENG-1", "body": "x"},
		u + "/attachments": {"ticket": "ENG-1", "file_url": "https://x.example/a"},
		u + "/tags":        {"name": "x"},
		u + "/collections": {"type": "project", "name": "x", "team": "ENG"},
		u + "/accounts":    {"name": "Globex"},
		"/webhook":         {"target_url": "https://hooks.example/x"},
	} {
		if got := r.call("POST", path, body); got.status/100 != 2 || strings.Contains(got.header.Get("X-Warnings"), "unknown") {
			t.Errorf("%s: %d %v %s", path, got.status, got.header, got.body)
		}
		body["nonsense"] = 1
		if got := r.call("POST", path, body); got.status/100 != 2 || got.header.Get("X-Warnings") != "ignored unknown fields: nonsense" {
			t.Errorf("%s: %d %v", path, got.status, got.header)
		}
	}
}

// Of changes with the same If-Match that race, one is made, whatever the ticket is
// called in them.
func TestIfMatchRace(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	r.team.AddIssue(r.ada, "One", "")
	at := tickets + "/ENG-1"
	now := r.call("GET", at, nil).is(200)
	read := time.Now() // the etag is made of the time, in milliseconds
	eventually(t, "a millisecond passes", func() bool { return time.Since(read) > 2*time.Millisecond })
	paths := []string{at, tickets + "/" + now.text("id")}
	statuses := make([]int, 8)
	var racing sync.WaitGroup
	for i := range statuses {
		racing.Go(func() {
			statuses[i] = r.call("PATCH", paths[i%2], map[string]any{"name": fmt.Sprint("v", i)}, "If-Match", now.header.Get("ETag")).status
		})
	}
	racing.Wait()
	slices.Sort(statuses)
	if want := []int{200, 412, 412, 412, 412, 412, 412, 412}; !slices.Equal(statuses, want) {
		t.Errorf("answers %v, want %v", statuses, want)
	}
}

// If-Match guards every change, and every delete.
func TestIfMatch(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	r.team.AddIssue(r.ada, "One", "")
	const u = "/unified/ticketing"
	for _, tc := range []struct {
		path         string
		make, change map[string]any
	}{
		{"/tickets", map[string]any{"name": "x", "team": "ENG"}, map[string]any{"name": "y"}},
		{"/comments", map[string]any{"ticket": "ENG-1", "body": "x"}, map[string]any{"body": "y"}},
		{"/attachments", map[string]any{"ticket": "ENG-1", "file_url": "https://x.example/a"}, map[string]any{"file_name": "y"}},
		{"/tags", map[string]any{"name": "x"}, map[string]any{"name": "y"}},
		{"/ticket_status", map[string]any{"name": "x", "type": "started", "team": "ENG"}, map[string]any{"name": "y"}},
		{"/collections", map[string]any{"type": "project", "name": "x", "team": "ENG"}, map[string]any{"name": "y"}},
	} {
		made := r.call("POST", u+tc.path, tc.make).is(201)
		at := u + tc.path + "/" + made.text("id")
		if got := r.call("PATCH", at, tc.change, "If-Match", `"stale"`).is(412); got.text("code") != "precondition_failed" {
			t.Errorf("%s: %s", at, got.body)
		}
		now := r.call("GET", at, nil).is(200)
		read := time.Now() // the etag is made of the time, in milliseconds
		eventually(t, "a millisecond passes", func() bool { return time.Since(read) > 2*time.Millisecond })
		changed := r.call("PATCH", at, tc.change, "If-Match", now.header.Get("ETag")).is(200)
		if changed.text("etag") == now.text("etag") {
			t.Errorf("%s: the etag stays", at)
		}
		r.call("DELETE", at, nil, "If-Match", now.header.Get("ETag")).is(412)
		r.call("DELETE", at, nil, "If-Match", changed.header.Get("ETag")).is(http.StatusOK)
	}
}

// remote_data reaches Linear's input, and an unknown name in it is refused by
// Linear.
func TestRemoteDataOfWrites(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	r.team.AddIssue(r.ada, "One", "")
	const u = "/unified/ticketing"
	for _, tc := range []struct {
		path   string
		body   map[string]any
		remote map[string]any
		field  string
		want   any
	}{
		{"/comments", map[string]any{"ticket": "ENG-1", "body": "x"}, map[string]any{"body": "from Linear's input"}, "body", "from Linear's input"},
		{"/attachments", map[string]any{"ticket": "ENG-1", "file_url": "https://x.example/a"}, map[string]any{"subtitle": "under it"}, "subtitle", "under it"},
		{"/tags", map[string]any{"name": "x"}, map[string]any{"description": "why"}, "description", "why"},
		{"/ticket_status", map[string]any{"name": "x", "type": "started", "team": "ENG"}, map[string]any{"description": "why"}, "description", "why"},
		{"/collections", map[string]any{"type": "project", "name": "x", "team": "ENG"}, map[string]any{"description": "why"}, "description", "why"},
	} {
		tc.body["remote_data"] = map[string]any{"nonsense": 1}
		if got := r.call("POST", u+tc.path, tc.body).is(422); got.at("is_remote_error") != true || !strings.Contains(got.text("message"), "nonsense") {
			t.Errorf("%s: %s", tc.path, got.body)
		}
		tc.body["remote_data"] = tc.remote
		made := r.call("POST", u+tc.path, tc.body).is(201)
		if made.at(tc.field) != tc.want {
			t.Errorf("%s: %s", tc.path, made.body)
		}
		if got := r.call("PATCH", u+tc.path+"/"+made.text("id"), map[string]any{"remote_data": map[string]any{"nonsense": 1}}).is(422); got.at("is_remote_error") != true {
			t.Errorf("%s: %s", tc.path, got.body)
		}
	}
}

func TestCommentsForImportsAndThreads(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	r.team.AddIssue(r.ada, "One", "")
	const u = "/unified/ticketing/comments"
	made := r.call("POST", u, map[string]any{"ticket": "ENG-1", "body": "old", "created_at": "2020-01-02T03:04:05+01:00"}).is(201)
	if made.text("created_at") != "2020-01-02T02:04:05Z" {
		t.Errorf("%s", made.body)
	}
	at := u + "/" + made.text("id")
	if got := r.call("PATCH", at, map[string]any{"is_resolved": true}).is(200); got.at("is_resolved") != true || got.text("body") != "old" {
		t.Errorf("%s", got.body)
	}
	if got := r.call("PATCH", at, map[string]any{"is_resolved": false, "body": "new"}).is(200); got.at("is_resolved") != false || got.text("body") != "new" {
		t.Errorf("%s", got.body)
	}
	r.call("PATCH", at, map[string]any{}).is(422)
}

func TestFieldsOfCollections(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	lin := r.ws.AddUser("Lin Chen", "lin")
	const u = "/unified/ticketing/collections"
	made := r.call("POST", u, map[string]any{
		"type": "project", "name": "Checkout", "team": "ENG", "members": []any{"ada", map[string]any{"id": lin.ID}}, "color": "#112233",
		"priority": "high", "icon": "Rocket", "lead": "ada", "start_date": "2027-01-04",
	}).is(201)
	if made.count("members") != 2 || made.text("color") != "#112233" || made.text("priority.level") != "high" || made.text("icon") != "Rocket" || made.text("lead.username") != "ada" {
		t.Errorf("%s", made.body)
	}
	at := u + "/" + made.text("id")
	got := r.call("PATCH", at, map[string]any{"members": []string{"lin"}, "lead": nil, "priority": 0, "start_date": nil}).is(200)
	if got.count("members") != 1 || got.at("lead") != nil || got.text("priority.level") != "none" || got.at("start_date") != nil {
		t.Errorf("%s", got.body)
	}
	initiative := r.call("POST", u, map[string]any{"type": "initiative", "name": "Growth", "priority": map[string]any{"name": "Urgent"}, "lead": "lin"}).is(201)
	if initiative.text("priority.level") != "urgent" || initiative.text("lead.username") != "lin" {
		t.Errorf("%s", initiative.body)
	}
	r.call("PATCH", at, map[string]any{"parent_collection_id": initiative.text("id")}).is(200)
}

// Tickets of a batch have customers as single ones do.
func TestBulkCreateNamesCustomers(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	got := r.call("POST", tickets+"/bulk-create", map[string]any{"tickets": []any{
		map[string]any{"name": "One", "team": "ENG", "contact": map[string]any{"name": "Sam", "email": "sam@x.example"}, "nonsense": 1},
		map[string]any{"name": "Two", "team": "ENG", "account": map[string]any{"external_id": "crm-7", "name": "Globex"}},
		map[string]any{"name": "Three", "team": "ENG", "contact": map[string]any{}},
	}}).is(200)
	if got.at("result.2.status") != 422.0 || got.header.Get("X-Warnings") != "tickets[0]: ignored unknown fields: nonsense" {
		t.Errorf("%v %s", got.header, got.body)
	}
	for i, name := range []string{"Sam", "Globex"} {
		id := got.text(fmt.Sprintf("result.%d.ticket.id", i))
		if one := r.call("GET", tickets+"/"+id+"?expand=needs", nil).is(200); one.text("account.name") != name {
			t.Errorf("%s: %s", name, one.body)
		}
	}
}

func TestFiltersThatHaveNamesOfOperators(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	bug, fast := r.ws.AddLabel("bug", "#ff0000"), r.ws.AddLabel("fast", "#00ff00")
	project := r.ws.AddProject("Checkout")
	for i, body := range []map[string]any{
		{"tags": []string{bug.ID, fast.ID}},
		{"tags": []string{bug.ID}, "collections": []string{project}},
		{},
	} {
		body["name"], body["team"] = fmt.Sprint("Ticket ", i+1), "ENG"
		r.call("POST", tickets, body).is(201)
	}
	r.call("POST", tickets+"/ENG-3/archive", nil).is(200)
	for query, want := range map[string]string{
		"tags[all][]=" + bug.ID + "&tags[all][]=" + fast.ID: "ENG-1",
		"tags[all]=" + bug.ID + "&sort_by[created_at]=asc":  "ENG-1 ENG-2",
		"collection[type]=project":                          "ENG-2",
		"is_archived=true":                                  "ENG-3",
		"archived_at[gte]=-P1D":                             "ENG-3",
		"archived_at[null]=false":                           "ENG-3",
		"is_archived=false&sort_by[created_at]=asc":         "ENG-1 ENG-2",
	} {
		got := r.call("GET", tickets+"?"+query, nil).is(200)
		var have []string
		for i := range got.count("result") {
			have = append(have, got.text(fmt.Sprintf("result.%d.number", i)))
		}
		if strings.Join(have, " ") != want {
			t.Errorf("%s: %v, want %s", query, have, want)
		}
	}
	r.call("GET", tickets+"?collection[type]=nope", nil).is(400)
}

// The workspace says which files it takes; others are refused before anything is
// created, everywhere.
func TestWorkspaceRefusesTypesOfFiles(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	r.team.AddIssue(r.ada, "One", "")
	r.ws.SetUploadTypes("image/*", "text/plain")
	file := func(name string) map[string]any { return map[string]any{"file_name": name, "data": "QUJD"} }
	const u = "/unified/ticketing"
	for path, body := range map[string]map[string]any{
		u + "/attachments": {"ticket": "ENG-1", "file_name": "a.pdf", "data": "QUJD"},
		u + "/comments":    {"ticket": "ENG-1", "attachments": []any{file("a.pdf")}},
		u + "/tickets":     {"name": "x", "team": "ENG", "attachments": []any{file("a.png"), file("a.pdf")}},
	} {
		got := r.call("POST", path, body).is(422)
		if field := got.text("details.failures.0.field"); !strings.HasSuffix(field, "content_type") || !strings.Contains(got.text("message"), "image/*, text/plain") {
			t.Errorf("%s: %s", path, got.body)
		}
	}
	if r.linear.Count("fileUpload") != 0 || r.linear.Count("issueCreate") != 0 || r.linear.Count("commentCreate") != 0 {
		t.Errorf("%v", r.linear.Counts())
	}
	r.call("POST", u+"/tickets", map[string]any{"name": "x", "team": "ENG", "attachments": []any{file("a.png")}}).is(201)
}

// create_as_agent says whether what an agent of the helpdesk creates is shown under
// their name, for the connection or for one team.
func TestCreateAsAgent(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{config: func(c *ticketing.Config) { c.Helpdesk.Sessions = deskSessions{} }})
	r.ws.AddTeam("OPS", "Operations")
	settings := func(v map[string]any) {
		r.call("PATCH", "/integrated-account/"+r.conn.ID, map[string]any{"settings": v}).is(200)
	}
	n := 0
	creator := func(team string) string {
		n++
		made := r.as("", "POST", fmt.Sprintf("/conversations/%d/issues?account_id=7", n), map[string]any{"name": fmt.Sprint("Issue ", n), "team": team}, "Access-Token", "good").is(201)
		return r.call("GET", tickets+"/"+made.text("issue.id"), nil).is(200).text("created_by.name")
	}
	commentOn := func(conversation, issue string) string {
		made := r.as("", "POST", "/conversations/"+conversation+"/issues/"+issue+"/comments?account_id=7", map[string]any{"body": fmt.Sprint("On ", issue, n)}, "Access-Token", "good").is(201)
		return made.text("author.name")
	}
	comment := func() string {
		made := r.as("", "POST", "/conversations/1/issues/ENG-1/comments?account_id=7", map[string]any{"body": fmt.Sprint("Comment ", n)}, "Access-Token", "good").is(201)
		return made.text("author.name")
	}
	if got := creator("ENG"); got != "Sam" || comment() != "Sam" {
		t.Errorf("by default %q", got)
	}
	settings(map[string]any{"create_as_agent": false})
	if got := creator("ENG"); got != "Desk" || comment() != "Desk" {
		t.Errorf("switched off %q", got)
	}
	settings(map[string]any{"team_overrides": map[string]any{"ops": map[string]any{"create_as_agent": true}}})
	if got := creator("OPS"); got != "Sam" {
		t.Errorf("of the team %q", got)
	}
	if got := creator("ENG"); got != "Desk" {
		t.Errorf("of another team %q", got)
	}
	// Comments follow the team of their issue, however it is named.
	id := r.call("GET", tickets+"/OPS-1", nil).is(200).text("id")
	if short, long, other := commentOn("3", "OPS-1"), commentOn("3", id), commentOn("1", "ENG-1"); short != "Sam" || long != "Sam" || other != "Desk" {
		t.Errorf("comments of %q, %q and %q", short, long, other)
	}
}
