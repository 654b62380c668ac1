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

// Tickets that get the same change are one request to Linear, and each has its own
// outcome.
func TestBulkUpdate(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	r.work()
	for i := range 55 {
		r.team.AddIssue(r.ada, fmt.Sprint("Issue ", i+1), "")
	}
	other := r.ws.AddTeam("OPS", "Operations")
	other.AddIssue(r.ada, "Elsewhere", "")
	r.quiet()
	g := r.subscribe("record:*")
	send := func(items ...any) *answer {
		return r.call("POST", tickets+"/bulk-update", map[string]any{"tickets": items}).is(200)
	}
	var items []any
	for i := range 48 {
		items = append(items, map[string]any{"id": fmt.Sprint("ENG-", i+1), "status": map[string]any{"name": "completed"}})
	}
	items = append(items, map[string]any{"id": "ENG-9999", "priority": 1}, map[string]any{"id": "ENG-50", "priority": 9})
	got := send(items...)
	if got.text("result.47.ticket.status.name") != "completed" || got.at("result.48.status") != 404.0 || got.at("result.49.status") != 422.0 || got.at("partial") != true {
		t.Errorf("%s", got.body)
	}
	if n, one := r.linear.Count("issueBatchUpdate"), r.linear.Count("issueUpdate"); n != 1 || one != 0 {
		t.Errorf("%d requests for all, %d for one", n, one)
	}
	// The same ticket twice: in the order of the list.
	twice := send(map[string]any{"id": "ENG-51", "name": "First"}, map[string]any{"id": "ENG-52", "name": "First"}, map[string]any{"id": "ENG-51", "name": "Second"})
	if now := r.call("GET", tickets+"/ENG-51", nil).is(200); now.text("name") != "Second" || twice.at("partial") != false {
		t.Errorf("%s", now.body)
	}
	// The words mean the status of each ticket's own team.
	mixed := send(map[string]any{"id": "ENG-53", "status": "active"}, map[string]any{"id": "OPS-1", "status": "active"})
	if mixed.text("result.0.ticket.status.name") != "active" || mixed.text("result.1.ticket.status.name") != "active" ||
		mixed.text("result.0.ticket.status.id") == mixed.text("result.1.ticket.status.id") {
		t.Errorf("%s", mixed.body)
	}
	// Linear refuses the change for one of them: the other is changed all the same.
	parent := r.call("GET", tickets+"/ENG-54", nil).is(200).text("id")
	r.linear.Fault(linearsim.Fault{
		Operation: "issueBatchUpdate",
		Body:      `{"errors":[{"message":"no","extensions":{"type":"invalid input","code":"INVALID_INPUT","userError":true}}]}`,
	})
	refused := send(map[string]any{"id": "ENG-54", "due_date": "2027-01-01"}, map[string]any{"id": "ENG-55", "due_date": "2027-01-01"})
	if refused.at("partial") != false || refused.text("result.0.ticket.id") != parent || refused.text("result.1.ticket.due_date") != "2027-01-01" {
		t.Errorf("%s", refused.body)
	}
	r.quiet()
	if said := g.said(); said != "" {
		t.Errorf("echoes: %s", said)
	}
}
