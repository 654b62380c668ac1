package ticketing_test

import (
	"strings"
	"testing"
)

// Projects and initiatives go into initiatives, change them and leave them.
func TestInitiativesOfCollections(t *testing.T) {
	t.Parallel()
	b := &between{}
	r := newRig(t, options{between: b})
	const u = "/unified/ticketing/collections"
	create := func(body map[string]any) string { return r.call("POST", u, body).is(201).text("id") }
	growth := create(map[string]any{"type": "initiative", "name": "Growth"})
	europe := create(map[string]any{"type": "initiative", "name": "Europe", "parent_collection_id": growth})
	trust := create(map[string]any{"type": "initiative", "name": "Trust"})
	project := create(map[string]any{"type": "project", "name": "Checkout", "team": "ENG", "parent_collection_id": growth})
	parent := func(id string, want any) {
		t.Helper()
		if got := r.call("GET", u+"/"+id, nil, "Cache-Control", "no-cache").is(200); got.at("parent_collection_id") != want {
			t.Errorf("%s is in %v, want %v", got.text("name"), got.at("parent_collection_id"), want)
		}
	}
	parent(europe, growth)
	parent(project, growth)
	for _, id := range []string{europe, project} {
		for _, to := range []any{trust, trust, nil, growth, ""} {
			got := r.call("PATCH", u+"/"+id, map[string]any{"parent_collection_id": to}).is(200)
			if to == "" {
				to = nil
			}
			if got.at("parent_collection_id") != to {
				t.Errorf("%s", got.body)
			}
			parent(id, to)
		}
		// One that does not exist changes nothing.
		r.call("PATCH", u+"/"+id, map[string]any{"parent_collection_id": trust}).is(200)
		got := r.call("PATCH", u+"/"+id, map[string]any{"name": "Renamed", "parent_collection_id": "7d6b3f0e-58b7-4e0a-9d0c-3f3b0a1f5a11"}).is(404)
		if got.text("details.failures.0.field") != "parent_collection_id" {
			t.Errorf("%s", got.body)
		}
		parent(id, trust)
		if got := r.call("GET", u+"/"+id, nil).is(200); got.text("name") == "Renamed" {
			t.Error("half of the change was made")
		}
	}
	if got := r.call("GET", u+"?type=project", nil).is(200); got.text("result.0.parent_collection_id") != trust {
		t.Errorf("%s", got.body)
	}
}

// A collection is read by its id alone with two requests, of any type.
func TestCollectionByIDAlone(t *testing.T) {
	t.Parallel()
	b := &between{}
	r := newRig(t, options{between: b})
	const u = "/unified/ticketing/collections"
	create := func(body map[string]any) string { return r.call("POST", u, body).is(201).text("id") }
	ids := map[string]string{"initiative": create(map[string]any{"type": "initiative", "name": "Growth"})}
	ids["project"] = create(map[string]any{"type": "project", "name": "Checkout", "team": "ENG"})
	ids["milestone"] = create(map[string]any{"type": "milestone", "name": "Beta", "parent_collection_id": ids["project"]})
	ids["iteration"] = create(map[string]any{"type": "iteration", "team": "ENG", "start_date": "2027-01-04", "end_date": "2027-01-18"})
	r.call("GET", "/unified/ticketing/workspaces", nil).is(200)
	b.take()
	read := func(kind, id string, most int) {
		t.Helper()
		if got := r.call("GET", u+"/"+id, nil).is(200); got.text("type") != kind || got.text("id") != id {
			t.Errorf("%s: %s", kind, got.body)
		}
		if sent := b.take(); len(sent) > most {
			t.Errorf("%s took %d requests: %s", kind, len(sent), strings.Join(sent, "\n"))
		}
	}
	for kind, id := range ids {
		read(kind, id, 2)
	}
	r.call("GET", u+"/7d6b3f0e-58b7-4e0a-9d0c-3f3b0a1f5a11", nil).is(404)
	if sent := b.take(); len(sent) != 1 {
		t.Errorf("a miss took %d requests", len(sent))
	}
	// A plan without initiatives still has projects.
	b.say(" initiatives(first: 1, includeArchived", `{"errors":[{"message":"no","extensions":{"type":"feature not accessible","code":"FEATURE_NOT_ACCESSIBLE"}}]}`)
	read("project", ids["project"], 3)
}
