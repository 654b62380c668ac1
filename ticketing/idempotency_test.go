package ticketing_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/linearbot/linearbot/ticketing"
)

// Whatever writes takes an Idempotency-Key.
func TestEveryWriteTakesAKey(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string `json:"operationId"`
			Parameters  []struct{ Name string }
		}
	}
	r.call("GET", "/openapi.json", nil).is(200).to(&doc)
	reads := []string{
		"findTicketDuplicates", "downloadAttachmentByBody", "testConnection", "receiveLinearWebhook",
	}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			keyed := false
			for _, p := range op.Parameters {
				keyed = keyed || p.Name == "Idempotency-Key"
			}
			want := method != "get"
			for _, id := range reads {
				want = want && id != op.OperationID
			}
			if keyed != want {
				t.Errorf("%s %s (%s): takes a key %v, want %v", method, path, op.OperationID, keyed, want)
			}
		}
	}
}

// A repeat gets the secret again, although the store cannot give it away.
func TestSecretsAreReplayed(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	for path, body := range map[string]any{
		"/token":   map[string]any{"name": "new", "role": "read"},
		"/webhook": map[string]any{"target_url": "https://example.com/hook"},
	} {
		first := r.call("POST", path, body, "Idempotency-Key", "k").is(201)
		again := r.call("POST", path, body, "Idempotency-Key", "k").is(201)
		if string(first.body) != string(again.body) || again.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("%s: %s and %s", path, first.body, again.body)
		}
		if list := r.call("GET", path, nil).is(200); strings.Count(string(list.body), first.text("id")) != 1 {
			t.Errorf("%s: %s", path, list.body)
		}
		secret := first.text("token") + first.text("secret")
		for rec, err := range r.store.Export(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			// Subscriptions hold their secret, to sign with it; what is kept for
			// repeats does not.
			if rec.Key.Kind == "ticketing.once" && strings.Contains(string(rec.Value), secret) {
				t.Errorf("%s: the secret is in the store: %s", path, rec.Key)
			}
		}
	}
}

// An upload whose answer was lost is sent again, without a key: one attachment,
// until it is deleted and meant again.
func TestUploadIsRecognized(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	r.team.AddIssue(r.ada, "With files", "")
	body := map[string]any{"ticket_id": "ENG-1", "file_name": "log.txt", "data": base64.StdEncoding.EncodeToString([]byte("log"))}
	first := r.call("POST", "/unified/ticketing/attachments", body).is(201)
	second := r.call("POST", "/unified/ticketing/attachments", body).is(201)
	if first.text("id") != second.text("id") || r.linear.Count("fileUpload") != 1 {
		t.Errorf("attached twice: %s and %s", first.body, second.body)
	}
	r.call("DELETE", "/unified/ticketing/attachments/"+first.text("id"), nil).is(200)
	third := r.call("POST", "/unified/ticketing/attachments", body).is(201)
	if third.text("id") == first.text("id") {
		t.Errorf("a deleted file did not come back: %s", third.body)
	}
	if list := r.call("GET", "/unified/ticketing/attachments?ticket[id]=ENG-1", nil).is(200); list.count("result") != 1 {
		t.Errorf("%s", list.body)
	}
}

// A file in the description is recognized as well, and can be downloaded.
func TestInlineUpload(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	r.team.AddIssue(r.ada, "With files", "Look:")
	body := map[string]any{"ticket_id": "ENG-1", "mode": "inline", "file_name": "shot [1].png", "data": base64.StdEncoding.EncodeToString([]byte("pixels"))}
	first := r.call("POST", "/unified/ticketing/attachments", body).is(201)
	again := r.call("POST", "/unified/ticketing/attachments", body).is(201)
	text := r.call("GET", tickets+"/ENG-1", nil).is(200).text("description")
	if first.text("id") != again.text("id") || strings.Count(text, "![") != 1 || !strings.HasPrefix(text, "Look:\n\n![") {
		t.Errorf("%s, %s, %q", first.body, again.body, text)
	}
	if got := r.call("GET", "/unified/ticketing/attachments/"+first.text("id")+"/download", nil).is(200); string(got.body) != "pixels" {
		t.Errorf("%q", got.body)
	}
	r.call("GET", "/unified/ticketing/attachments/"+first.text("id"), nil).is(200)
	r.call("GET", "/unified/ticketing/attachments/"+first.text("id")+"x", nil).is(404)
	r.call("POST", "/unified/ticketing/attachments", map[string]any{"ticket_id": "ENG-1", "mode": "inline", "file_url": "https://example.com"}).is(422)
}

// Tags of the connection go to every new ticket, whatever became of them.
func TestDefaultLabels(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{config: func(c *ticketing.Config) {
		s := ticketing.DefaultSettings()
		s.DefaultLabels = []string{"customer", "gone"}
		c.Settings = &s
	}})
	r.ws.AddLabel("Customer", "#ff0000")
	r.ws.AddLabel("Bug", "#00ff00")
	got := r.call("POST", tickets, map[string]any{"name": "x", "team": "ENG", "tags": []string{"bug"}}).is(201)
	if got.count("tags") != 2 || !strings.Contains(got.header.Get("X-Warnings"), `"gone"`) {
		t.Errorf("%s %v", got.body, got.header)
	}
	made := r.call("POST", "/conversations/1/issues", map[string]any{"name": "y", "team": "ENG"}).is(201)
	if made.text("issue.tags.0.name") != "Customer" {
		t.Errorf("%s", made.body)
	}
	if changed := r.call("PATCH", tickets+"/ENG-1", map[string]any{"tags": []string{"bug"}}).is(200); changed.count("tags") != 1 {
		t.Errorf("an update: %s", changed.body)
	}
}
