package ticketing_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/ticketing"
)

func TestBatch(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	for i := range 2 {
		r.team.AddIssue(r.ada, fmt.Sprintf("B%d", i), "")
	}
	got := r.call("POST", "/batch-request", map[string]any{"resources": []any{
		map[string]any{"name": "tickets", "resource": "ticketing/tickets", "method": "list", "query": map[string]any{"limit": 10, "team": map[string]any{"key": "ENG"}}},
		map[string]any{"name": "each", "resource": "ticketing/tickets", "method": "get", "id": "{{item.id}}", "loop_on": "tickets.result", "depends_on": []string{"tickets"}},
		map[string]any{"name": "note", "resource": "ticketing/comments", "method": "create", "body": map[string]any{"ticket": map[string]any{"id": "{{tickets.result.0.id}}"}, "body": "about {{tickets.result.0.number}}"}},
		map[string]any{"name": "bad", "resource": "ticketing/tickets", "method": "get", "id": "ENG-99"},
		map[string]any{"name": "after", "resource": "ticketing/tickets", "method": "list", "depends_on": []string{"bad"}},
	}}).is(200)
	if got.count("result.each") != 2 || got.text("result.note.body") != "about ENG-2" || got.text("errors.bad.code") != "not_found" || got.at("errors.after") == nil || got.at("partial") != true {
		t.Errorf("batch: %s", got.body)
	}
	// A batch has no more rights than its sender.
	reader := r.newToken(ticketing.Token{Name: "reader", Role: ticketing.RoleRead})
	denied := r.as(reader, "POST", "/batch-request", map[string]any{"resources": []any{
		map[string]any{"name": "x", "resource": "ticketing/tickets", "method": "create", "body": map[string]any{"name": "x", "team": "ENG"}},
		map[string]any{"name": "loop", "path": "/batch-request", "method": "POST"},
	}}).is(200)
	if denied.text("errors.x.code") != "forbidden" || denied.at("errors.loop") == nil {
		t.Errorf("denied: %s", denied.body)
	}
}

// TestBatchInAWorkspace names the workspace of a batch in every way that a single
// request knows, twice with the same steps.
func TestBatchInAWorkspace(t *testing.T) {
	t.Parallel()
	var conns ticketing.Static
	r := newRig(t, options{config: func(c *ticketing.Config) { c.Connections = &conns }})
	ws := r.linear.AddWorkspace("Beta", "beta")
	ws.AddUser("Bob", "bob")
	ws.AddTeam("ENG", "Beta team")
	app := ws.InstallApp(linearsim.App{Name: "Desk"})
	first := r.conn
	first.Default = true
	conns = ticketing.Static{first, {ID: ws.ID, AppActor: true, Client: r.client(app.Token())}}
	steps := func() map[string]any {
		return map[string]any{"resources": []any{
			map[string]any{"name": "x", "resource": "ticketing/tickets", "method": "create", "body": map[string]any{"name": "in one", "team": "ENG"}},
		}}
	}
	count := func(id string) int {
		return r.call("GET", tickets+"?integrated_account_id="+id, nil).is(200).count("result")
	}
	acme, beta := count(r.ws.ID), count(ws.ID)
	r.call("POST", "/batch-request", steps(), "X-Integrated-Account-Id", ws.ID).is(200)
	r.call("POST", "/batch-request", steps(), "X-Integrated-Account-Id", r.ws.ID).is(200)
	named := steps()
	named["integrated_account_id"] = ws.ID
	r.call("POST", "/batch-request", named).is(200)
	if a, b := count(r.ws.ID)-acme, count(ws.ID)-beta; a != 1 || b != 2 {
		t.Errorf("%d tickets more in Acme and %d in Beta, want 1 and 2", a, b)
	}
}

// A reader gets neither endless nor huge requests by way of a batch.
func TestBatchIsBounded(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	for range 3 {
		r.team.AddIssue(r.ada, "B", strings.Repeat("x", 1000))
	}
	reader := r.newToken(ticketing.Token{Name: "reader", Role: ticketing.RoleRead})
	got := r.as(reader, "POST", "/batch-request", map[string]any{"resources": []any{
		map[string]any{"name": "stream", "path": "/conversations/7/events"},
		map[string]any{"name": "hidden", "path": "/conversations/7/%65vents"},
		map[string]any{"name": "loop", "path": "/batch%2Drequest", "method": "POST"},
		map[string]any{"name": "tickets", "resource": "tickets"},
		map[string]any{"name": "values", "resource": "tickets", "method": "create", "body": map[string]any{"x": slices.Repeat([]string{"{{tickets}}"}, 2000)}},
		map[string]any{"name": "text", "resource": "tickets", "method": "create", "body": map[string]any{"x": strings.Repeat("a {{tickets}}", 2000)}},
	}}).is(200)
	for name, want := range map[string]string{"stream": "no streams", "hidden": "no streams", "loop": "no batches", "values": "larger than", "text": "larger than"} {
		if said := got.text("errors." + name + ".message"); !strings.Contains(said, want) {
			t.Errorf("%s: %q, want %q", name, said, want)
		}
	}
}
