package ticketing_test

import (
	"strings"
	"testing"
)

// mode=inline puts a file into a comment, if one is named.
func TestFileInAComment(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	issue := r.team.AddIssue(r.ada, "Files", "As it was")
	r.team.AddIssue(r.ada, "Another", "")
	const u = "/unified/ticketing"
	said := r.call("POST", u+"/comments", map[string]any{"ticket": issue.Identifier, "body": "See below"}).is(201).text("id")
	file := map[string]any{"mode": "inline", "comment_id": said, "file_name": "a.png", "data": "QUJD"}
	made := r.call("POST", u+"/attachments", file).is(201)
	if made.text("comment_id") != said || made.text("ticket_id") != issue.ID || made.text("file_name") != "a.png" {
		t.Errorf("%s", made.body)
	}
	comment := r.call("GET", u+"/comments/"+said, nil).is(200)
	if body := comment.text("body"); !strings.HasPrefix(body, "See below\n\n![a.png](") || comment.text("attachments.0.id") != made.text("id") {
		t.Errorf("%s", comment.body)
	}
	if got := r.call("GET", tickets+"/"+issue.ID, nil).is(200); got.text("description") != "As it was" {
		t.Errorf("the description: %s", got.body)
	}
	if got := r.call("GET", u+"/attachments/"+made.text("id")+"/download", nil).is(200); string(got.body) != "ABC" {
		t.Errorf("%q", got.body)
	}
	// The same again, at once, is the same file; after it was taken out, it is another.
	r.call("POST", u+"/attachments", file).is(201)
	if got := r.call("GET", u+"/comments/"+said, nil).is(200); got.count("attachments") != 1 {
		t.Errorf("%s", got.body)
	}
	r.call("PATCH", u+"/comments/"+said, map[string]any{"body": "Nothing below"}).is(200)
	r.call("POST", u+"/attachments", file).is(201)
	if got := r.call("GET", u+"/comments/"+said, nil).is(200); got.count("attachments") != 1 {
		t.Errorf("%s", got.body)
	}
	for _, bad := range []map[string]any{
		{"comment_id": said, "file_name": "b.png", "data": "QUJD"},                                         // not inline
		{"mode": "inline", "comment_id": said, "ticket_id": "ENG-2", "file_name": "b.png", "data": "QUJD"}, // of another ticket
		{"mode": "inline", "comment_id": said, "file_url": "https://x.example/b.png"},
	} {
		if got := r.call("POST", u+"/attachments", bad); got.status != 422 {
			t.Errorf("%v: %d %s", bad, got.status, got.body)
		}
	}
	gone := "7d6b3f0e-58b7-4e0a-9d0c-3f3b0a1f5a11"
	r.call("POST", u+"/attachments", map[string]any{"mode": "inline", "comment": gone, "file_name": "b.png", "data": "QUJD"}).is(404)
}

// What exists already is answered 200, what is new 201.
func TestCreatedOrChanged(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	r.team.AddIssue(r.ada, "One", "")
	const u = "/unified/ticketing"
	link := map[string]any{"ticket": "ENG-1", "file_url": "https://x.example/a", "file_name": "First"}
	first := r.call("POST", u+"/attachments", link).is(201)
	link["file_name"] = "Second"
	again := r.call("POST", u+"/attachments", link).is(200)
	if again.text("id") != first.text("id") || again.text("file_name") != "Second" || again.header.Get("Upserted") != "true" || first.header.Get("Upserted") != "" {
		t.Errorf("%s %v", again.body, again.header)
	}
	customer := map[string]any{"name": "Globex", "external_id": "crm-7"}
	made := r.call("POST", u+"/accounts", customer).is(201)
	customer["name"] = "Globex Corporation"
	if got := r.call("POST", u+"/accounts", customer).is(200); got.text("id") != made.text("id") || got.text("name") != "Globex Corporation" {
		t.Errorf("%s", got.body)
	}
	for external, found := range map[string]int{"crm-7": 1, "crm-8": 0} {
		if got := r.call("GET", u+"/accounts?external_id="+external, nil).is(200); got.count("result") != found {
			t.Errorf("%s: %s", external, got.body)
		}
	}
}

// An attachment of someone outside the workspace says so.
func TestAttachmentOfAContact(t *testing.T) {
	t.Parallel()
	b := &between{}
	r := newRig(t, options{between: b})
	const id = "0c7f3a52-8f0d-4a0c-b1d7-0a4b3a9d3f10"
	b.say("query attachment(", `{"data":{"attachment":{"id":"`+id+`","title":"Mail","url":"https://x.example/m","metadata":{},
		"createdAt":"2026-01-02T03:04:05.000Z","updatedAt":"2026-01-02T03:04:05.000Z","creator":null,
		"externalUserCreator":{"id":"outsider","name":"Linus"},"issue":null}}}`)
	got := r.call("GET", "/unified/ticketing/attachments/"+id, nil).is(200)
	if got.text("uploaded_by") != "outsider" || got.text("uploaded_by_type") != "contact" {
		t.Errorf("%s", got.body)
	}
	for _, q := range b.take() {
		if strings.Contains(q, "query attachment(") && !strings.Contains(q, "externalUserCreator") {
			t.Errorf("it was not asked for: %s", q)
		}
	}
}
