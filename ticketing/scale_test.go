package ticketing_test

import (
	"fmt"
	"net/url"
	"slices"
	"testing"
)

// numbers reads the short names of a page.
func numbers(a *answer) []string {
	a.t.Helper()
	var v struct {
		Result []struct {
			Number string `json:"number"`
		} `json:"result"`
	}
	a.to(&v)
	out := make([]string, len(v.Result))
	for i, r := range v.Result {
		out[i] = r.Number
	}
	return out
}

// Scenario 11, at ten times its size: every ticket once, in both directions,
// while others are added.
func TestTenThousandTickets(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	const total = 10_000
	for i := range total {
		r.team.AddIssue(r.ada, fmt.Sprintf("Issue %d", i), "")
	}
	seen := map[string]int{}
	var forth []string
	next, last := "", ""
	for page := 0; ; page++ {
		a := r.call("GET", tickets+"?limit=250&next_cursor="+url.QueryEscape(next), nil).is(200)
		for _, n := range numbers(a) {
			seen[n]++
			forth = append(forth, n)
		}
		if page%10 == 0 {
			r.team.AddIssue(r.ada, "added meanwhile", "")
		}
		last = a.text("prev_cursor")
		if next = a.text("next_cursor"); next == "" {
			break
		}
	}
	if len(forth) != total || len(seen) != total {
		t.Fatalf("%d tickets, %d different ones", len(forth), len(seen))
	}
	var back []string
	for prev := last; prev != ""; {
		a := r.call("GET", tickets+"?limit=250&prev_cursor="+url.QueryEscape(prev), nil).is(200)
		page := numbers(a)
		back = append(page, back...)
		r.team.AddIssue(r.ada, "added meanwhile", "")
		prev = a.text("prev_cursor")
		if len(page) == 0 {
			break
		}
	}
	// The way back ends at the tickets that were added; what was there before
	// is there once, in the same order.
	at := slices.Index(back, forth[0])
	if at < 0 || !slices.Equal(back[at:], forth[:len(back)-at]) || len(back)-at < total-250 {
		t.Errorf("the way back holds %d tickets, from %d on the old ones", len(back), at)
	}
}

func TestWalkInSmallPages(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	for i := range 500 {
		r.team.AddIssue(r.ada, fmt.Sprintf("Issue %d", i), "")
	}
	for _, sort := range []string{"", "&sort_by[name]=asc", "&sort_by[updated_at]=desc", "&sort_by[created_at]=asc"} {
		seen := map[string]bool{}
		next, n := "", 0
		for {
			a := r.call("GET", tickets+"?limit=37"+sort+"&next_cursor="+url.QueryEscape(next), nil).is(200)
			for _, v := range numbers(a) {
				seen[v] = true
				n++
			}
			if next = a.text("next_cursor"); next == "" {
				break
			}
		}
		if n != 500 || len(seen) != 500 {
			t.Errorf("%q: %d tickets, %d different ones", sort, n, len(seen))
		}
	}
	a := r.call("GET", tickets+"?limit=37", nil)
	cursor := []byte(a.text("next_cursor"))
	cursor[5] ^= 1
	r.call("GET", tickets+"?next_cursor="+url.QueryEscape(string(cursor)), nil).is(400)
}
