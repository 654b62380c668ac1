package ticketing_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/linearbot/linearbot/ticketing"
)

const tickets = "/unified/ticketing/tickets"

func TestTicketLife(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	title := "Quote \" back\\slash\nnewline 🚀 <b>&amp; {{x}}"
	label := r.ws.AddLabel("bug", "#ff0000")
	made := r.call("POST", tickets, map[string]any{
		"name": title, "description": "It *fails*.", "team": map[string]any{"key": "ENG"}, "priority": "high", "tags": []any{"bug"},
		"assignees": []any{map[string]any{"email": "ada@acme.test"}}, "status": map[string]any{"name": "active"}, "due_date": "2026-12-24",
	}).is(http.StatusCreated)
	for path, want := range map[string]any{
		"name": title, "number": "ENG-1", "status.name": "active", "status.label": "In Progress", "priority.level": "high", "tags.0.id": label.ID,
		"tags.0.color": "#ff0000", "assignees.0.name": "Ada Byron", "assignees.0.first_name": "Ada", "team.key": "ENG", "workspace.name": "Acme",
		"due_date": "2026-12-24", "created_by.type": "system", "sequence": 1.0,
	} {
		if got := made.at(path); got != want {
			t.Errorf("%s = %v, want %v", path, got, want)
		}
	}
	id := made.text("id")
	for _, ref := range []string{id, "eng-1", "ENG-1", url.PathEscape("https://linear.app/acme/issue/ENG-1/some-title")} {
		if got := r.call("GET", tickets+"/"+ref, nil).is(200); got.text("id") != id {
			t.Errorf("%s: %s", ref, got.body)
		}
	}
	etag := r.call("GET", tickets+"/"+id, nil).header.Get("ETag")
	r.call("GET", tickets+"/"+id, nil, "If-None-Match", etag).is(http.StatusNotModified)
	r.call("PATCH", tickets+"/"+id, map[string]any{"name": "x"}, "If-Match", `"other"`).is(http.StatusPreconditionFailed)
	changed := r.call("PATCH", tickets+"/"+id, map[string]any{
		"name": "Renamed", "assignees": nil, "priority": 0, "due_date": nil, "status": "done", "remove_tags": []any{"bug"},
	}, "If-Match", etag).is(200)
	if changed.text("name") != "Renamed" || changed.count("assignees") != 0 || changed.text("priority.level") != "none" ||
		changed.at("due_date") != nil || changed.text("status.name") != "completed" || changed.count("tags") != 0 || changed.text("description") != "It *fails*." {
		t.Errorf("changed: %s", changed.body)
	}
	r.call("POST", tickets+"/"+id+"/archive", nil).is(200)
	r.call("POST", tickets+"/"+id+"/unarchive", nil).is(200)
	r.call("DELETE", tickets+"/"+id, nil).is(200)
	r.call("GET", tickets+"/"+id, nil).is(404)
	if got := r.call("POST", tickets+"/"+id+"/restore", nil).is(200); got.text("result.number") != "ENG-1" {
		t.Errorf("restored: %s", got.body)
	}
}

func TestTicketRefusals(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	other := r.ws.AddTeam("OPS", "Operations")
	group := r.call("POST", "/unified/ticketing/tags", map[string]any{"name": "plain"}).is(201).text("id")
	for _, tc := range []struct {
		name   string
		body   any
		status int
		code   string
		field  string
	}{
		{"no title", map[string]any{"team": "ENG"}, 422, "validation_failed", "name"},
		{"blank title", map[string]any{"team": "ENG", "name": "  "}, 422, "validation_failed", "name"},
		{"long title", map[string]any{"team": "ENG", "name": strings.Repeat("x", 513)}, 422, "validation_failed", "name"},
		{"no team", map[string]any{"name": "x"}, 422, "validation_failed", "team"},
		{"unknown team", map[string]any{"name": "x", "team": "NOPE"}, 422, "validation_failed", "team"},
		{"priority", map[string]any{"name": "x", "team": "ENG", "priority": "huge"}, 422, "validation_failed", "priority"},
		{"two assignees", map[string]any{"name": "x", "team": "ENG", "assignees": []string{"ada", "bob"}}, 422, "validation_failed", "assignees"},
		{"unknown person", map[string]any{"name": "x", "team": "ENG", "assignee": "nobody@x.test"}, 422, "validation_failed", "assignees"},
		{"foreign status", map[string]any{"name": "x", "team": "ENG", "status": map[string]any{"id": other.State("Done").ID}}, 422, "validation_failed", "status"},
		{"spam", map[string]any{"name": "x", "team": "ENG", "status": "spam"}, 422, "validation_failed", "status"},
		{"unknown tag", map[string]any{"name": "x", "team": "ENG", "tags": []string{"nope"}}, 422, "validation_failed", "tags"},
		{"date", map[string]any{"name": "x", "team": "ENG", "due_date": "soon"}, 422, "validation_failed", "due_date"},
		{"no JSON", "{", 400, "invalid_request", ""},
		{"a list", "[]", 400, "invalid_request", ""},
		{"two values", "{} {}", 400, "invalid_request", ""},
		{"deep", strings.Repeat(`{"a":`, 60) + "1" + strings.Repeat("}", 60), 400, "invalid_request", ""},
		{"unknown parent", map[string]any{"name": "x", "team": "ENG", "parent_ticket": "ENG-999"}, 404, "not_found", "parent_ticket"},
		{"remote data", map[string]any{"name": "x", "team": "ENG", "remote_data": map[string]any{"nope": 1}}, 422, "validation_failed", ""},
	} {
		got := r.call("POST", tickets, tc.body).is(tc.status)
		if got.text("code") != tc.code || tc.field != "" && got.text("details.failures.0.field") != tc.field {
			t.Errorf("%s: %s", tc.name, got.body)
		}
		if got.text("request_id") == "" || got.text("request_id") != got.header.Get("X-Request-ID") || got.at("statusCode") != float64(tc.status) {
			t.Errorf("%s: %s", tc.name, got.body)
		}
	}
	if r.linear.Count("issueCreate") == 0 || r.call("GET", tickets, nil).is(200).count("result") != 0 {
		t.Error("a refused ticket was created")
	}
	_ = group
}

func TestListPagesFiltersAndSort(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	for i := range 25 {
		is := r.team.AddIssue(r.ada, fmt.Sprintf("Issue %02d", i), "")
		_ = is
	}
	ops := r.ws.AddTeam("OPS", "Operations")
	ops.AddIssue(r.ada, "Elsewhere", "")
	var first []string
	next, pages := "", 0
	for {
		a := r.call("GET", tickets+"?limit=7&team[key]=ENG&next_cursor="+url.QueryEscape(next), nil).is(200)
		for i := range a.count("result") {
			first = append(first, a.text(fmt.Sprintf("result.%d.number", i)))
		}
		pages++
		if next = a.text("next_cursor"); next == "" {
			prev := a.text("prev_cursor")
			var back []string
			for prev != "" {
				b := r.call("GET", tickets+"?limit=7&team[key]=ENG&prev_cursor="+url.QueryEscape(prev), nil).is(200)
				var page []string
				for i := range b.count("result") {
					page = append(page, b.text(fmt.Sprintf("result.%d.number", i)))
				}
				back = append(page, back...)
				prev = b.text("prev_cursor")
			}
			if strings.Join(back, " ") != strings.Join(first[:21], " ") {
				t.Errorf("back %v, forth %v", back, first)
			}
			break
		}
	}
	if len(first) != 25 || pages != 4 {
		t.Errorf("%d tickets on %d pages", len(first), pages)
	}
	a := r.call("GET", tickets+"?limit=3&sort_by%5Bname%5D=asc&team%5Bkey%5D=ENG", nil).is(200)
	if a.text("result.0.name") != "Issue 00" || a.text("result.2.name") != "Issue 02" {
		t.Errorf("sorted: %s", a.body)
	}
	b := r.call("GET", tickets+"?limit=3&sort_by[name]=asc&team[key]=ENG&next_cursor="+a.text("next_cursor"), nil).is(200)
	if b.text("result.0.name") != "Issue 03" {
		t.Errorf("second page: %s", b.body)
	}
	for query, want := range map[string]int{
		"number=ENG-3":                              1,
		"number[0]=ENG-3&number[1]=OPS-1":           2,
		"number[]=ENG-3&number[]=4":                 2,
		"name[contains]=issue":                      25,
		"name=Elsewhere":                            1,
		"status[name]=open&limit=100":               26,
		"status[name]=completed":                    0,
		"assignee[id]=null&limit=100":               26,
		"assignee=me":                               0,
		"created_at[gte]=-P1D&limit=100":            26,
		"created_at[lt]=2020-01-01":                 0,
		"team_id=" + ops.ID:                         1,
		"team=" + ops.ID:                            1,
		"text=elsewhere":                            1,
		"priority=none&limit=100":                   26,
		"has_parent=false&limit=100":                26,
		`filter={"title":{"eq":"Elsewhere"}}`:       1,
		"next_cursor=&prev_cursor=&limit=100":       26,
		"truto_ignore_remote_data=true&limit=100":   26,
		"nonsense=1&strict=false&limit=100":         26,
		"name%5Bcontains%5D=100%&limit=5":           0,
		"has_attachment_url[contains]=desk.example": 0,
	} {
		if got := r.call("GET", tickets+"?"+query, nil).is(200); got.count("result") != want {
			t.Errorf("%s: %d tickets, want %d: %s", query, got.count("result"), want, got.body[:min(200, len(got.body))])
		}
	}
	for query, code := range map[string]string{
		"nonsense=1":                           "unknown_filter",
		"sort_by[nonsense]=asc":                "unknown_filter",
		"sort_by[name]=up":                     "invalid_request",
		"limit=0":                              "invalid_request",
		"limit=x":                              "invalid_request",
		"next_cursor=abc":                      "invalid_cursor",
		"next_cursor=a.b&prev_cursor=a.b":      "invalid_cursor",
		"created_at[gte]=yesterday":            "invalid_request",
		"created_at[contains]=x":               "invalid_request",
		"filter=[]":                            "invalid_request",
		"response_format=xml":                  "invalid_request",
		"next_cursor=" + a.text("next_cursor"): "cursor_mismatch",
	} {
		got := r.call("GET", tickets+"?"+query, nil).is(400)
		if got.text("code") != code {
			t.Errorf("%s: %s", query, got.body)
		}
	}
	if got := r.call("GET", tickets+"?nonsense=1", nil); !strings.Contains(fmt.Sprint(got.at("details.known")), "team[id]") {
		t.Errorf("the known filters are not named: %s", got.body)
	}
}

func TestViews(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	for i := range 5 {
		r.team.AddIssue(r.ada, fmt.Sprintf("Issue %d", i), "")
	}
	raw := r.call("GET", tickets+"?response_format=raw", nil).is(200)
	if raw.text("result.0.identifier") != "ENG-5" || raw.text("result.0.team.key") != "ENG" || raw.at("result.0.number") != 5.0 {
		t.Errorf("raw: %s", raw.body)
	}
	if a := r.call("GET", tickets+"?include_remote_data=true&limit=1", nil).is(200); a.text("result.0.remote_data.identifier") != "ENG-5" {
		t.Errorf("remote data: %s", a.body)
	}
	keyed := r.call("GET", tickets+"?truto_key_by=number&fields[]=name&fields[]=number", nil).is(200)
	if keyed.text("result.ENG-3.name") != "Issue 2" || keyed.at("result.ENG-3.status") != nil || keyed.at("is_partial_response") != true {
		t.Errorf("keyed: %s", keyed.body)
	}
	if a := r.call("GET", tickets+"?exclude_fields[]=description&limit=1", nil).is(200); strings.Contains(string(a.body), `"description"`) {
		t.Errorf("excluded: %s", a.body)
	}
	stream := r.call("GET", tickets+"?response_format=stream&limit=2", nil).is(200)
	lines := strings.Split(strings.TrimSpace(string(stream.body)), "\n")
	if len(lines) != 5 || !strings.HasPrefix(stream.header.Get("Content-Type"), "application/x-ndjson") {
		t.Errorf("stream: %s", stream.body)
	}
	all := r.call("GET", tickets+"?ignore_limit=true&limit=2", nil).is(200)
	if all.count("result") != 5 || all.at("next_cursor") != nil {
		t.Errorf("all: %s", all.body)
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	reader := r.newToken(ticketing.Token{Name: "reader", Role: ticketing.RoleRead})
	narrow := r.newToken(ticketing.Token{Name: "narrow", Role: ticketing.RoleAgent, Scopes: []string{"comments:write"}})
	elsewhere := r.newToken(ticketing.Token{Name: "elsewhere", Role: ticketing.RoleAdmin, Connections: []string{"other"}})
	for _, tc := range []struct {
		token, method, path string
		body                any
		status              int
		code                string
	}{
		{"", "GET", tickets, nil, 401, "unauthenticated"},
		{"lbt_x_y", "GET", tickets, nil, 401, "unauthenticated"},
		{r.token[:len(r.token)-1], "GET", tickets, nil, 401, "unauthenticated"},
		{"", "GET", "/no/such/path", nil, 401, "unauthenticated"},
		{reader, "GET", tickets, nil, 200, ""},
		{reader, "POST", tickets, map[string]any{}, 403, "forbidden"},
		{narrow, "GET", tickets, nil, 403, "insufficient_scope"},
		{narrow, "GET", "/unified/ticketing/comments", nil, 200, ""},
		{elsewhere, "GET", tickets, nil, 404, "not_found"},
		{r.token, "PUT", tickets, nil, 405, "method_not_allowed"},
		{r.token, "GET", "/no/such/path", nil, 404, "not_found"},
		{r.token, "GET", tickets + "?integrated_account_id=nope", nil, 404, "not_found"},
		{"", "GET", "/openapi.json", nil, 200, ""},
		{"", "GET", "/docs", nil, 200, ""},
	} {
		got := r.as(tc.token, tc.method, tc.path, tc.body)
		if got.status != tc.status || tc.code != "" && got.text("code") != tc.code {
			t.Errorf("%s %s: %d %s", tc.method, tc.path, got.status, got.body)
		}
	}
	if got := r.as("", "GET", tickets, nil, "api_access_token", reader); got.status != 200 {
		t.Errorf("the helpdesk's header: %d", got.status)
	}
	list, err := r.api.Tokens().List(t.Context())
	if err != nil || len(list) != 4 || list[1].Name != "reader" {
		t.Fatalf("%v %v", list, err)
	}
	if err := r.api.Tokens().Revoke(t.Context(), list[1].ID); err != nil {
		t.Fatal(err)
	}
	r.as(reader, "GET", tickets, nil).is(401)
	scoped := r.newToken(ticketing.Token{Name: "scoped", Role: ticketing.RoleAdmin, Scopes: []string{"tokens:write"}})
	r.as(scoped, "POST", "/token", map[string]any{"name": "more", "role": "admin"}).is(403)
	r.as(scoped, "POST", "/token", map[string]any{"name": "as much", "role": "agent", "scopes": []string{"tokens:write"}}).is(201)
	r.call("POST", "/token", map[string]any{"name": "x", "role": "king"}).is(422)
	until := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	passing := r.newToken(ticketing.Token{Name: "passing", Role: ticketing.RoleAdmin, ExpiresAt: until})
	for expires, status := range map[string]int{"": 403, until.Add(time.Second).Format(time.RFC3339): 403, until.Format(time.RFC3339): 201} {
		r.as(passing, "POST", "/token", map[string]any{"name": "heir", "role": "read", "expires_at": expires}).is(status)
	}
}
