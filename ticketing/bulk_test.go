package ticketing_test

import (
	"fmt"
	"testing"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
)

// Fifty tickets are one request to Linear; each has its own outcome, and a repeat
// creates nothing new.
func TestBulkCreate(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	var items []any
	for i := range 49 {
		items = append(items, map[string]any{"name": fmt.Sprint("Ticket ", i), "team": r.team.ID})
	}
	items = append(items, map[string]any{"team": "ENG"})
	send := func(key string, items ...any) *answer {
		return r.call("POST", tickets+"/bulk-create", map[string]any{"tickets": items}, "Idempotency-Key", key).is(200)
	}
	got := send("a", items...)
	if got.at("partial") != true || got.at("result.48.status") != 201.0 || got.at("result.49.status") != 422.0 || got.text("result.7.ticket.name") != "Ticket 7" {
		t.Errorf("%s", got.body)
	}
	if n := r.linear.Count("issueBatchCreate"); n != 1 || r.linear.Count("issueCreate") != 0 {
		t.Errorf("%d requests", n+r.linear.Count("issueCreate"))
	}
	// Linear refuses all for one; the others are created all the same.
	mixed := send("b", map[string]any{"name": "Good", "team": r.team.ID}, map[string]any{"name": "Bad", "team": r.team.ID, "remote_data": map[string]any{"estimate": -5, "parentId": "nope"}})
	if mixed.at("result.0.status") != 201.0 || mixed.at("result.1.ticket") != nil {
		t.Errorf("%s", mixed.body)
	}
	// The answer of Linear is lost: the tickets are there, once.
	r.linear.Fault(linearsim.Fault{Operation: "issueBatchCreate", ResetAfter: true})
	lost := send("c", map[string]any{"name": "One", "team": r.team.ID}, map[string]any{"name": "Two", "team": r.team.ID})
	if lost.at("partial") != false || lost.text("result.1.ticket.name") != "Two" {
		t.Errorf("%s", lost.body)
	}
	for _, name := range []string{"One", "Two"} {
		if list := r.call("GET", tickets+"?name="+name, nil).is(200); list.count("result") != 1 {
			t.Errorf("%s: %s", name, list.body)
		}
	}
	if list := r.call("GET", tickets+"?name=Good", nil).is(200); list.count("result") != 1 {
		t.Errorf("%s", list.body)
	}
}
