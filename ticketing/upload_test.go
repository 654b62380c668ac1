package ticketing_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"mime/multipart"
	"strings"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/ticketing"
)

// Scenario 13.
func TestUploadAndDownload(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	r.team.AddIssue(r.ada, "With files", "")
	content := bytes.Repeat([]byte("\x89PNG screenshot "), 200_000)
	made := r.call("POST", "/unified/ticketing/attachments", map[string]any{
		"ticket": map[string]any{"id": "ENG-1"}, "file_name": "shot.png", "data": base64.StdEncoding.EncodeToString(content),
	}).is(201)
	if made.text("kind") != "file" || made.at("size") != float64(len(content)) || made.text("content_type") != "image/png" {
		t.Errorf("made: %s", made.body)
	}
	for _, got := range []*answer{
		r.call("GET", "/unified/ticketing/attachments/"+made.text("id")+"/download", nil).is(200),
		r.call("POST", "/unified/ticketing/attachments/download", map[string]any{"id": made.text("id")}).is(200),
	} {
		if !bytes.Equal(got.body, content) {
			t.Errorf("%d bytes came back", len(got.body))
		}
	}
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	_ = w.WriteField("ticket_id", "ENG-1")
	part, err := w.CreateFormFile("file", "log.txt")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = part.Write([]byte("a log"))
	_ = w.Close()
	sent := r.call("POST", "/unified/ticketing/attachments", form.Bytes(), "Content-Type", w.FormDataContentType()).is(201)
	if got := r.call("GET", "/unified/ticketing/attachments/"+sent.text("id")+"/download", nil).is(200); string(got.body) != "a log" {
		t.Errorf("form: %s", got.body)
	}
	link := r.call("POST", "/unified/ticketing/attachments", map[string]any{"ticket_id": "ENG-1", "file_url": "http://169.254.169.254/secret"}).is(201)
	if got := r.call("GET", "/unified/ticketing/attachments/"+link.text("id")+"/download", nil).is(409); got.text("raw_response.file_url") == "" {
		t.Errorf("link: %s", got.body)
	}
	r.call("POST", "/unified/ticketing/attachments", map[string]any{"ticket_id": "ENG-1", "file_name": "x.exe", "data": "QQ=="}).is(422)
	r.call("POST", "/unified/ticketing/attachments", map[string]any{"ticket_id": "ENG-1", "file_name": "x.txt", "data": "!!"}).is(422)
	r.call("POST", "/unified/ticketing/attachments", map[string]any{"ticket_id": "ENG-1", "file_url": "javascript:alert(1)"}).is(422)
	c := r.call("POST", "/unified/ticketing/comments", map[string]any{
		"ticket": map[string]any{"id": "ENG-1"}, "body": "see", "attachments": []any{map[string]any{"file_name": "p.png", "data": "QUJD"}},
	}).is(201)
	if !strings.Contains(c.text("body"), "![p.png](") || c.text("attachments.0.file_name") != "p.png" {
		t.Errorf("comment: %s", c.body)
	}
}

// Two forms are one request only if they say the same.
func TestSecondUploadIsNoRepeat(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	r.team.AddIssue(r.ada, "With files", "")
	send := func(name, content string, header ...string) *answer {
		var form bytes.Buffer
		w := multipart.NewWriter(&form)
		_ = w.WriteField("ticket_id", "ENG-1")
		part, err := w.CreateFormFile("file", name)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = part.Write([]byte(content))
		_ = w.Close()
		return r.call("POST", "/unified/ticketing/attachments", form.Bytes(), append(header, "Content-Type", w.FormDataContentType())...)
	}
	ids := map[string]bool{}
	for i := range 3 {
		ids[send("log.txt", fmt.Sprint("log ", i)).is(201).text("id")] = true
	}
	if len(ids) != 3 {
		t.Errorf("3 files, %d attachments", len(ids))
	}
	first := send("keyed.txt", "a", "Idempotency-Key", "k").is(201)
	if again := send("keyed.txt", "a", "Idempotency-Key", "k").is(201); again.text("id") != first.text("id") {
		t.Errorf("the repeat made another: %s", again.body)
	}
	for i := range 20 {
		send("keyed.txt", fmt.Sprint("b", i), "Idempotency-Key", "k").is(409)
	}
	send("other.txt", "a", "Idempotency-Key", "k").is(409)
}

// A file that takes longer than other requests may is still attached.
func TestSlowUpload(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{config: func(c *ticketing.Config) { c.Timeout = 300 * time.Millisecond }})
	r.team.AddIssue(r.ada, "With files", "")
	r.linear.Fault(linearsim.Fault{Operation: "attachmentCreate", Delay: 600 * time.Millisecond})
	r.call("POST", "/unified/ticketing/attachments", map[string]any{
		"ticket_id": "ENG-1", "file_name": "log.txt", "data": base64.StdEncoding.EncodeToString(make([]byte, 3<<20)),
	}).is(201)
}
