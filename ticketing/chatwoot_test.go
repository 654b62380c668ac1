package ticketing_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/ticketing"
)

// chatwoot is a Chatwoot, as far as the sink talks to it.
type chatwoot struct {
	mu       sync.Mutex
	messages map[string][]map[string]any // by account/conversation
	status   map[string]string
	refused  []string
	fail     int
	lose     int // how many answers to new messages get lost
	last     int
}

func newChatwoot(t *testing.T) (*chatwoot, *ticketing.Chatwoot) {
	t.Helper()
	desk := &chatwoot{messages: map[string][]map[string]any{}, status: map[string]string{}}
	srv := httptest.NewServer(desk)
	t.Cleanup(srv.Close)
	w, err := ticketing.NewChatwoot(ticketing.ChatwootConfig{URL: srv.URL + "/", Token: "desk-token"})
	if err != nil {
		t.Fatal(err)
	}
	return desk, w
}

func (d *chatwoot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	if r.Header.Get("Api_access_token") != "desk-token" {
		d.refused = append(d.refused, r.URL.Path)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if d.fail > 0 {
		d.fail--
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	parts := strings.Split(strings.TrimPrefix(r.URL.EscapedPath(), "/api/v1/accounts/"), "/")
	if len(parts) < 4 || parts[1] != "conversations" {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	where := parts[0] + "/" + parts[2]
	var in map[string]any
	_ = json.Unmarshal(body, &in)
	switch {
	case parts[3] == "toggle_status":
		d.status[where] = fmt.Sprint(in["status"])
		_, _ = w.Write([]byte(`{"success":true}`))
	case r.Method == http.MethodPost:
		d.last++
		in["id"] = d.last
		d.messages[where] = append(d.messages[where], in)
		if d.lose > 0 {
			d.lose--
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		answerJSON(w, in)
	case r.Method == http.MethodDelete:
		id, _ := strconv.Atoi(parts[4])
		before := len(d.messages[where])
		d.messages[where] = slices.DeleteFunc(d.messages[where], func(m map[string]any) bool { return m["id"] == id })
		if len(d.messages[where]) == before {
			w.WriteHeader(http.StatusNotFound)
		}
	default: // a page of 20, the newest, or those before one
		all := d.messages[where]
		if s := r.URL.Query().Get("before"); s != "" {
			before, _ := strconv.Atoi(s)
			all = slices.DeleteFunc(slices.Clone(all), func(m map[string]any) bool { id, _ := m["id"].(int); return id >= before })
		}
		page := []map[string]any{}
		for _, m := range all[max(0, len(all)-20):] {
			shown := maps.Clone(m)
			if m["message_type"] == "outgoing" { // it answers with numbers
				shown["message_type"] = 1
			}
			page = append(page, shown)
		}
		answerJSON(w, map[string]any{"payload": page})
	}
}

func answerJSON(w http.ResponseWriter, v any) {
	raw, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_, _ = w.Write(raw)
}

// spoken and noted are the conversations of the tests.
const (
	spoken = "1/9"
	noted  = "7/3"
)

// say adds a message of a person.
func (d *chatwoot) say(author, text string, kind int, private bool) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.last++
	d.messages[spoken] = append(d.messages[spoken], map[string]any{
		"id": d.last, "content": text, "message_type": kind, "private": private, "created_at": 1795680000 + d.last, "sender": map[string]any{"name": author},
	})
	return strconv.Itoa(d.last)
}

func (d *chatwoot) notes() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []string
	for _, m := range d.messages[noted] {
		if m["private"] == true && m["message_type"] == "outgoing" {
			out = append(out, fmt.Sprint(m["content"]))
		}
	}
	return out
}

// Chatwoot gets activities and comments as private notes, which follow their
// comments, and conversations are opened again; what fails is tried again.
func TestChatwootSink(t *testing.T) {
	t.Parallel()
	desk, sink := newChatwoot(t)
	r := newRig(t, options{config: func(c *ticketing.Config) {
		c.Helpdesk.Sink = sink
		s := ticketing.DefaultSettings()
		s.MirrorComments, s.AutomateReopenOnCompletion = "both", true
		c.Settings = &s
	}})
	r.work()
	issue := r.team.AddIssue(r.ada, "Known", "")
	desk.mu.Lock()
	desk.fail = 1
	desk.mu.Unlock()
	r.call("POST", "/conversations/3/links?account_id=7", map[string]any{"issue": "ENG-1"}).is(201)
	r.quiet()
	if notes := desk.notes(); len(notes) != 1 || notes[0] != "Linear issue ENG-1 was linked by Grace Hopper" {
		t.Errorf("notes %q", notes)
	}
	said := r.ada.Comment(issue, "It is the *cache*")
	r.quiet()
	if notes := desk.notes(); len(notes) != 2 || !strings.HasPrefix(notes[1], "**Ada Byron** on [ENG-1](") || !strings.HasSuffix(notes[1], "It is the *cache*") {
		t.Errorf("notes %q", notes)
	}
	r.ada.Edit(said, "It was the cache")
	r.quiet()
	if notes := desk.notes(); len(notes) != 2 || !strings.HasSuffix(notes[1], "It was the cache") {
		t.Errorf("an edit: %q", notes)
	}
	r.ada.Delete(said)
	r.ada.UpdateIssue(issue, linearsim.IssueChange{State: "Done"})
	r.quiet()
	notes := desk.notes()
	desk.mu.Lock()
	defer desk.mu.Unlock()
	if len(notes) != 2 || !strings.Contains(notes[1], "moved from Todo to Done") || desk.status[noted] != "open" || len(desk.refused) != 0 {
		t.Errorf("notes %q, status %v, refused %q", notes, desk.status, desk.refused)
	}
}

// What was said goes into the issue: the last messages, or those that are named.
func TestContextOfAConversation(t *testing.T) {
	t.Parallel()
	desk, sink := newChatwoot(t)
	r := newRig(t, options{config: func(c *ticketing.Config) { c.Helpdesk.Sink = sink }})
	first := desk.say("Jo", "It is broken\n\nsince Monday", 0, false)
	note := desk.say("Sam", "between us: *again*", 1, true)
	for i := range 30 {
		desk.say("Jo", fmt.Sprint("line ", i), 0, false)
	}
	desk.say("", "Sam resolved it", 2, false)
	create := func(context map[string]any) *answer {
		return r.call("POST", "/conversations/9/issues", map[string]any{"name": "x", "team": "ENG", "description": "Above", "context": context})
	}
	got := create(map[string]any{"include_transcript": true}).is(201)
	if text := got.text("issue.description"); !strings.HasPrefix(text, "Above\n\n---\n\n**Jo** · 2026-") || !strings.HasSuffix(text, "> line 29") || strings.Contains(text, "between us") || strings.Contains(text, "resolved it") {
		t.Errorf("description %q", text)
	}
	got = create(map[string]any{"message_ids": []string{first, note, "999"}, "files": []any{map[string]any{"file_name": "log.txt", "data": "TE9H"}}}).is(201)
	text := got.text("issue.description")
	if !strings.Contains(text, "> It is broken\n> \n> since Monday") || !strings.Contains(text, "between us") || strings.Contains(text, "line 1") || got.count("warnings") != 1 {
		t.Errorf("description %q, %v", text, got.at("warnings"))
	}
	if files := r.call("GET", tickets+"/"+got.text("issue.number")+"/attachments", nil).is(200); !strings.Contains(string(files.body), "log.txt") {
		t.Errorf("files: %s", files.body)
	}
	desk.mu.Lock()
	desk.fail = 1
	desk.mu.Unlock()
	if got := create(map[string]any{"include_transcript": true, "transcript": "mine"}).is(201); got.count("warnings") != 1 || !strings.HasSuffix(got.text("issue.description"), "mine") {
		t.Errorf("a helpdesk that is away: %s", got.body)
	}
	plain := newRig(t, options{})
	plain.call("POST", "/conversations/9/issues", map[string]any{"name": "x", "team": "ENG", "context": map[string]any{"message_ids": []string{"1"}}}).is(422)
}

// An answer of Chatwoot that gets lost makes no second note.
func TestNotesAreWrittenOnce(t *testing.T) {
	t.Parallel()
	desk, sink := newChatwoot(t)
	for range 30 { // more than a page
		desk.say("Sam", "hello", 0, false)
	}
	desk.mu.Lock()
	desk.lose = 1
	desk.mu.Unlock()
	note := ticketing.Activity{ID: "a1", Account: "7", Conversation: "3", Text: "Linear issue ENG-1 was created by Ada"}
	if err := sink.Activity(t.Context(), note); err == nil {
		t.Fatal("the answer was not lost")
	}
	for range 2 {
		if err := sink.Activity(t.Context(), note); err != nil {
			t.Fatal(err)
		}
	}
	first, err := sink.Post(t.Context(), ticketing.Message{ID: "c1", Account: "7", Conversation: "3", Text: "hi", Author: "Ada"})
	if err != nil {
		t.Fatal(err)
	}
	again, err := sink.Post(t.Context(), ticketing.Message{ID: "c1", Account: "7", Conversation: "3", Text: "hi", Author: "Ada"})
	if err != nil || again != first {
		t.Errorf("%q and %q, %v", first, again, err)
	}
	if got := desk.notes(); len(got) != 2 {
		t.Errorf("%q", got)
	}
}
