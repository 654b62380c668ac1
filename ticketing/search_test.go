package ticketing_test

import (
	"fmt"
	"strings"
	"testing"
)

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
