package ticketing_test

import (
	"testing"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/ticketing"
)

// Scenario 14: words that are the same for every team, whatever a team calls its
// states.
func TestStatusWordsOnCustomNames(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	states := map[string]string{}
	for _, s := range []struct {
		name, kind string
	}{{"Shipped", "completed"}, {"Brewing", "started"}, {"Binned", "canceled"}} {
		made := r.call("POST", "/unified/ticketing/ticket_status", map[string]any{"name": s.name, "type": s.kind, "team": "ENG", "position": -5}).is(201)
		states[s.name] = made.text("id")
	}
	other := r.ws.AddTeam("OPS", "Operations")
	foreign := r.call("GET", "/unified/ticketing/ticket_status?type=started&team[id]="+other.ID, nil).is(200).text("result.0.id")
	made := r.call("POST", tickets, map[string]any{"name": "x", "team": "ENG", "status": map[string]any{"name": "active"}}).is(201)
	if made.text("status.id") != states["Brewing"] || made.text("status.name") != "active" || made.text("status.label") != "Brewing" {
		t.Errorf("create: %v", made.at("status"))
	}
	path := tickets + "/" + made.text("number")
	for word, want := range map[string]string{"completed": "Shipped", "resolved": "Shipped", "closed": "Binned", "shipped": "Shipped", "Brewing": "Brewing"} {
		got := r.call("PATCH", path, map[string]any{"status": map[string]any{"name": word}}).is(200)
		if got.text("status.label") != want {
			t.Errorf("%s: %v", word, got.at("status"))
		}
	}
	if got := r.call("PATCH", path, map[string]any{"status": map[string]any{"id": foreign}}).is(422); got.text("details.failures.0.code") != "wrong_team" {
		t.Errorf("a state of another team: %s", got.body)
	}
}

// Scenario 10: an address that is pasted leads to its own workspace, although both
// have an issue of that name.
func TestPastedAddressOfSecondWorkspace(t *testing.T) {
	t.Parallel()
	conns := &changing{}
	r := newRig(t, options{config: func(c *ticketing.Config) { c.Connections = conns }})
	ws := r.linear.AddWorkspace("Beta", "beta")
	bob, team := ws.AddUser("Bob", "bob"), ws.AddTeam("ENG", "Beta team")
	second := ticketing.Connection{ID: ws.ID, AppActor: true, Client: r.client(ws.InstallApp(linearsim.App{Name: "Desk"}).Token())}
	conns.set(r.conn, second)
	r.team.AddIssue(r.ada, "In Acme", "")
	b := team.AddIssue(bob, "In Beta", "")
	got := r.call("POST", "/conversations/1/messages", map[string]any{"id": "a", "kind": "note", "text": "see " + b.URL()}).is(200)
	if got.count("linked") != 1 || got.text("linked.0.integrated_account_id") != ws.ID || got.text("linked.0.issue.name") != "In Beta" {
		t.Errorf("%s", got.body)
	}
	if left := r.call("GET", "/unified/ticketing/attachments?integrated_account_id="+r.ws.ID, nil).is(200); left.count("result") != 0 {
		t.Errorf("the first workspace: %s", left.body)
	}
}

// A ticket is in collections of every type, and each counts its tickets.
func TestCollectionsOfATicket(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	create := func(body map[string]any) string {
		return r.call("POST", "/unified/ticketing/collections", body).is(201).text("id")
	}
	initiative := create(map[string]any{"type": "initiative", "name": "Growth"})
	project := create(map[string]any{"type": "project", "name": "Checkout", "team": "ENG", "parent_collection_id": initiative})
	milestone := create(map[string]any{"type": "milestone", "name": "Beta", "parent_collection_id": project})
	iteration := create(map[string]any{"type": "iteration", "team": "ENG", "start_date": "2027-01-04", "end_date": "2027-01-18"})
	made := r.call("POST", tickets, map[string]any{
		"name": "x", "team": "ENG", "collections": []any{project, milestone, map[string]any{"id": iteration, "type": "cycle"}},
	}).is(201)
	if made.count("collections") != 3 {
		t.Errorf("%v", made.at("collections"))
	}
	r.call("POST", tickets, map[string]any{"name": "elsewhere", "team": "ENG"}).is(201)
	for what, id := range map[string]string{"project": project, "milestone": milestone, "iteration": iteration, "initiative": initiative} {
		if got := r.call("GET", tickets+"?collection[id]="+id, nil).is(200); got.count("result") != 1 {
			t.Errorf("%s: %s", what, got.body)
		}
		if got := r.call("GET", "/unified/ticketing/collections/"+id+"/progress", nil).is(200); got.at("result.total") != 1.0 {
			t.Errorf("%s: %s", what, got.body)
		}
	}
	if got := r.call("PATCH", tickets+"/"+made.text("number"), map[string]any{"collections": []any{}}).is(200); got.count("collections") != 0 {
		t.Errorf("cleared: %v", got.at("collections"))
	}
	// Of every type: once each, in pages of one, there and back.
	seen, cursor := map[string]bool{}, ""
	for range 10 {
		page := r.call("GET", "/unified/ticketing/collections?limit=1&next_cursor="+cursor, nil).is(200)
		if id := page.text("result.0.id"); id != "" {
			if seen[id] {
				t.Errorf("%s twice", id)
			}
			seen[id] = true
		}
		if cursor = page.text("next_cursor"); cursor == "" {
			break
		}
	}
	if len(seen) != 4 {
		t.Errorf("%d collections", len(seen))
	}
}
