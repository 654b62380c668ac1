package ticketing_test

import (
	"strings"
	"testing"
)

// No list asks for more at once than the budget of a request allows, whatever the
// limit, and what is cut from a page is on the next.
func TestListsStayWithinTheirComplexity(t *testing.T) {
	t.Parallel()
	const u = "/unified/ticketing"
	search := "/unified/search/search?q=one"
	nested := "/proxy/issues?fields=id,labels.nodes.name,assignee.name"
	const most = 8000
	b := &between{}
	r := newRig(t, options{between: b})
	r.team.AddIssue(r.ada, "One", "")
	for _, path := range []string{
		tickets, tickets + "?include_remote_data=true", tickets + "?response_format=raw", tickets + "?response_format=stream", tickets + "?ignore_limit=true",
		tickets + "?sort_by[priority]=asc", u + "/comments", u + "/comments?include_remote_data=true", u + "/attachments", u + "/tickets/ENG-1/attachments",
		u + "/collections", u + "/collections?type=project", u + "/collections?type=project&sort_by[name]=asc", u + "/collections?type=iteration",
		u + "/collections?type=milestone", u + "/collections?type=initiative", u + "/tags", u + "/ticket_status", u + "/teams", u + "/users",
		u + "/accounts", u + "/contacts", u + "/needs", u + "/tickets/ENG-1/history", u + "/teams/ENG/entities",
		search, search + "&types[]=document", search + "&types[]=collection", search + "&types[]=comment", search + "&mode=semantic",
		"/proxy/issues", nested,
	} {
		sep := "?"
		if strings.Contains(path, "?") {
			sep = "&"
		}
		b.price()
		b.take()
		got := r.call("GET", path+sep+"limit=250&strict=false", nil)
		if price := b.price(); got.status != 200 || price > most {
			t.Errorf("%s costs %d of %d: %d %.300s %s", path, price, most, got.status, got.body, b.take())
		}
	}
	// What is cut from a page is on the next.
	const issues = 230
	for i := range issues - 1 {
		r.team.AddIssue(r.ada, strings.Repeat("x", i+1), "")
	}
	seen, next := map[string]bool{}, ""
	for range 10 {
		got := r.call("GET", tickets+"?limit=250&next_cursor="+next, nil).is(200)
		n := got.count("result")
		if limit, _ := got.at("limit").(float64); n > int(limit) || limit >= issues || !strings.Contains(got.header.Get("X-Warnings"), "limit was cut to") {
			t.Fatalf("%d entries, limit %v, %v", n, limit, got.header)
		}
		for i := range n {
			list, _ := got.at("result").([]any)
			one, _ := list[i].(map[string]any)
			id, _ := one["id"].(string)
			seen[id] = true
		}
		if next = got.text("next_cursor"); next == "" {
			break
		}
	}
	if len(seen) != issues {
		t.Errorf("%d of %d tickets", len(seen), issues)
	}
}
