package ticketing_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
)

// remote_query passes arguments of Linear's own query on. What this API has a parameter
// of its own for, and what a list cannot do, is refused with a word on what to do.
func TestRemoteQuery(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	first := r.team.AddIssue(r.ada, "Login fails", "")
	r.team.AddIssue(r.ada, "Logout fails", "")
	gone := r.team.AddIssue(r.ada, "Old", "")
	r.call("POST", tickets+"/"+gone.Identifier+"/archive", nil).is(200)
	r.ada.UpdateIssue(first, linearsim.IssueChange{State: "Done"})
	either := `{"or":[{"title":{"startsWith":"Login"}},{"title":{"startsWith":"Logout"}}]}`
	for query, want := range map[string]int{
		"":                               2,
		"remote_query[filter]=" + either: 2,
		"remote_query[filter]=" + either + "&name[contains]=out": 1,
		"remote_query[includeArchived]=true":                     3,
		"remote_query[includeArchived]=1":                        3,
		"remote_query[includeArchived]=false":                    2,
		"remote_query[includeArchived]=":                         2,
		"remote_query[orderBy]=createdAt":                        2,
	} {
		if got := r.call("GET", tickets+"?"+escaped(query), nil).is(200); got.count("result") != want {
			t.Errorf("%s: %s", query, got.body)
		}
	}
	if got := r.call("GET", tickets+"?"+escaped("remote_query[orderBy]=updatedAt"), nil).is(200); got.text("result.0.number") != "ENG-1" {
		t.Errorf("the last change first: %s", got.body)
	}
	const u = "/unified/ticketing"
	for _, tc := range []struct{ path, query, says string }{
		{tickets, "remote_query[first]=5", "limit"},
		{tickets, "remote_query[after]=abc", "next_cursor"},
		{tickets, "remote_query[before]=abc", "prev_cursor"},
		{tickets, "remote_query[sort][0][title][order]=Ascending", "sort_by"},
		{tickets, "remote_query[nonsense]=1", "filter, includeArchived and orderBy"},
		{tickets, "remote_query=1", "filter, includeArchived and orderBy"},
		{tickets, "remote_query[includeArchived]=maybe", "true or false"},
		{tickets, "remote_query[orderBy]=title", "createdAt or updatedAt"},
		{tickets, "remote_query[orderBy]=updatedAt&sort_by[name]=asc", "exclude each other"},
		{tickets, "remote_query[filter]=x", "JSON"},
		{tickets, "remote_query[filter]=null", "JSON"},
		{tickets, "remote_query[filter][or][0][title][eq]=a&remote_query[filter][or][1][title][eq]=b", "as JSON"},
		{u + "/teams", "remote_query[includeArchived]=true", "no archived"},
		{u + "/teams", "remote_query[orderBy]=updatedAt", "sort_by takes"},
		{u + "/tickets/ENG-1/history", "remote_query[orderBy]=updatedAt", "cannot be sorted"},
	} {
		if got := r.call("GET", tc.path+"?"+escaped(tc.query), nil).is(400); !strings.Contains(got.text("message"), tc.says) {
			t.Errorf("%s: %s", tc.query, got.body)
		}
	}
}

// Comments are sorted by either of their times, in both directions, page by page.
func TestOrderOfComments(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	r.team.AddIssue(r.ada, "One", "")
	const comments = "/unified/ticketing/comments"
	var ids []string
	pass := func() {
		at := time.Now() // Linear's times are in milliseconds
		eventually(t, "a millisecond passes", func() bool { return time.Since(at) > 2*time.Millisecond })
	}
	for _, body := range []string{"a", "b", "c"} {
		ids = append(ids, r.call("POST", comments, map[string]any{"ticket": "ENG-1", "body": body}).is(201).text("id"))
		pass()
	}
	r.call("PATCH", comments+"/"+ids[0], map[string]any{"body": "a2"}).is(200)
	for query, want := range map[string]string{
		"":                                "c b a2",
		"sort_by[created_at]=desc":        "c b a2",
		"sort_by[created_at]=asc":         "a2 b c",
		"sort_by[updated_at]=desc":        "a2 c b",
		"sort_by[updated_at]=asc":         "b c a2",
		"remote_query[orderBy]=updatedAt": "a2 c b",
	} {
		var got []string
		for next := ""; ; {
			page := r.call("GET", comments+"?limit=2&next_cursor="+next+"&"+query, nil).is(200)
			for i := range page.count("result") {
				got = append(got, page.text(fmt.Sprintf("result.%d.body", i)))
			}
			if next = page.text("next_cursor"); next == "" {
				break
			}
		}
		if text := strings.Join(got, " "); text != want {
			t.Errorf("%s: %s, want %s", query, text, want)
		}
	}
	r.call("GET", comments+"?sort_by[updated_at]=asc&sort_by[created_at]=asc", nil).is(400)
}

// escaped encodes the values of a query that is written plainly.
func escaped(query string) string {
	pairs := strings.Split(query, "&")
	for i, p := range pairs {
		name, value, _ := strings.Cut(p, "=")
		pairs[i] = name + "=" + url.QueryEscape(value)
	}
	return strings.Join(pairs, "&")
}

// A parameter that a list or a mode does not follow is refused.
func TestParametersWithoutEffect(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	r.team.AddIssue(r.ada, "One", "")
	const u = "/unified/ticketing"
	search := "/unified/search/search?q=one"
	for _, path := range []string{
		u + "/teams?include_archived=true", u + "/comments?include_archived=true", u + "/tags?team_only=maybe", u + "/users?include_inactive=x",
		u + "/teams/ENG/entities?scope=everything", tickets + "?strict=maybe", tickets + "/ENG-1?strict=maybe",
		tickets + "?response_format=raw&fields=name", tickets + "?response_format=stream&key_by=id", "/proxy/issues?include_archived=x",
		"/proxy/organization?filter={}", "/conversations/1/issues?refresh=maybe",
		search + "&mode=semantic&prefer_team_id=" + r.team.ID, search + "&mode=semantic&types[]=comment", search + "&types[]=document&mode=auto",
		tickets + "/ENG-1?response_format=raw&expand=html",
		search + "&types[]=collection&prefer_team_id=" + r.team.ID, search + "&sort_by[name]=asc",
	} {
		if got := r.call("GET", path, nil); got.status != 400 {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
	// What is to be shown is checked before anything is written.
	for _, query := range []string{"fields=nonsense", "response_format=sideways", "response_format=raw&exclude_fields=name", "include_remote_data=maybe"} {
		r.call("POST", tickets+"?"+query, map[string]any{"name": "Second", "team": "ENG"}).is(400)
	}
	r.call("POST", tickets, map[string]any{"name": "Second", "team": "ENG", "add_tags": []string{"x"}}).is(422)
	if got := r.call("GET", tickets, nil).is(200); got.count("result") != 1 {
		t.Errorf("it was created: %s", got.body)
	}
	for _, path := range []string{
		tickets + "?include_archived=true", u + "/collections?include_archived=true", search + "&include_archived=true",
		search + "&types[]=document&include_archived=true", u + "/accounts?include_archived=true", u + "/teams/ENG/entities?scope=team",
		search + "&mode=auto&types[]=ticket&types[]=document", "/proxy/organization",
	} {
		r.call("GET", path, nil).is(200)
	}
}
