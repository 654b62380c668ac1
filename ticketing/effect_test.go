package ticketing_test

import "testing"

// A field that a request does not follow is refused or, since clients send whole objects
// back, reported.
func TestFieldsWithoutEffect(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	r.team.AddIssue(r.ada, "One", "")
	got := r.call("PATCH", tickets+"/ENG-1", map[string]any{
		"name": "x", "template": "t", "attachments": []any{}, "account": nil, "dedupe": "block", "colour": "red",
	}).is(200)
	if want := "ignored unknown fields: colour; ignored fields that are not for this request: account, attachments, dedupe, template"; got.header.Get("X-Warnings") != want {
		t.Errorf("%q", got.header.Get("X-Warnings"))
	}
	got = r.call("POST", tickets+"/bulk-update", map[string]any{"tickets": []any{map[string]any{"id": "ENG-1", "name": "z", "dedupe": "block"}}})
	if want := "tickets[0]: ignored fields that are not for this request: dedupe"; got.header.Get("X-Warnings") != want {
		t.Errorf("%q: %s", got.header.Get("X-Warnings"), got.body)
	}
	const u = "/unified/ticketing"
	tag := u + "/tags/" + r.call("POST", u+"/tags", map[string]any{"name": "x", "description": "before"}).is(201).text("id")
	if got := r.call("PATCH", tag, map[string]any{"name": "y", "team": "ENG"}).is(422); got.text("details.failures.0.field") != "team" {
		t.Errorf("%s", got.body)
	}
	if got := r.call("PATCH", tag, map[string]any{"description": nil, "team": nil}).is(200); got.at("description") != nil || got.text("name") != "x" {
		t.Errorf("%s", got.body)
	}
	const address = "https://x.example/a"
	for field, body := range map[string]map[string]any{
		"subtitle":        {"file_url": address, "mode": "link", "subtitle": "s"},
		"icon_url":        {"file_url": address, "mode": "link", "icon_url": address},
		"group_by_source": {"file_url": address, "mode": "link", "group_by_source": true},
		"remote_data":     {"file_url": address, "mode": "link", "remote_data": map[string]any{"subtitle": "x"}},
		"metadata":        {"file_name": "a.txt", "data": "aGFsbG8=", "mode": "inline", "metadata": map[string]any{"a": 1}},
		"file_url":        {"file_name": "a.txt", "data": "aGFsbG8=", "file_url": address},
	} {
		body["ticket"] = "ENG-1"
		if got := r.call("POST", u+"/attachments", body).is(422); got.text("details.failures.0.field") != field || got.count("details.failures") != 1 {
			t.Errorf("%s: %s", field, got.body)
		}
	}
	if got := r.call("GET", u+"/tickets/ENG-1/attachments", nil).is(200); got.count("result") != 0 {
		t.Errorf("something was attached: %s", got.body)
	}
	r.call("POST", u+"/attachments", map[string]any{"ticket": "ENG-1", "file_url": address, "mode": "link", "metadata": map[string]any{}, "group_by_source": false}).is(201)
}
