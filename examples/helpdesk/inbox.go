package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/ticketing"
)

//go:embed page.html
var page []byte

// message is one message of a conversation.
type message struct {
	ID   string    `json:"id"`
	From string    `json:"from"`
	Kind string    `json:"kind"` // customer, agent or note
	Text string    `json:"text"`
	At   time.Time `json:"at"`
}

// conversation is one conversation of the inbox.
type conversation struct {
	ID       string    `json:"id"`
	Customer string    `json:"customer"`
	Subject  string    `json:"subject"`
	Status   string    `json:"status"`
	Messages []message `json:"messages"`
}

// inbox is the helpdesk that the ticketing API writes to.
type inbox struct {
	mu   sync.Mutex
	all  []*conversation
	last int
}

func newInbox() *inbox {
	in := &inbox{}
	for i, c := range []struct{ who, subject, text string }{
		{"Bob Noyce", "Card is declined", "Hello, my card is declined at checkout since yesterday. My bank says everything is fine. Can you help?"},
		{"Lin Chen", "App closes by itself", "After the last update the app closes right after the start screen."},
		{"Bob Noyce", "Time on the invoice", "The invoice shows 23:00 the day before. We are in Lisbon."},
	} {
		in.all = append(in.all, &conversation{
			ID: strconv.Itoa(i + 1), Customer: c.who, Subject: c.subject, Status: "open",
			Messages: []message{{ID: fmt.Sprint("m", i), From: c.who, Kind: "customer", Text: c.text, At: time.Now()}},
		})
	}
	in.all[1].Status = "resolved" // it is reopened when its issue is done
	return in
}

// change updates the conversation with an id, if it exists.
func (in *inbox) change(id string, f func(*conversation)) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, c := range in.all {
		if c.ID == id {
			f(c)
			return true
		}
	}
	return false
}

func (in *inbox) add(c *conversation, from, kind, text string) string {
	in.last++
	id := fmt.Sprint("n", in.last)
	c.Messages = append(c.Messages, message{ID: id, From: from, Kind: kind, Text: text, At: time.Now()})
	return id
}

// Activity is a no-op: the page shows the API's own activity log. A helpdesk that
// does not show it would write a note here.
func (in *inbox) Activity(context.Context, ticketing.Activity) error { return nil }

// Post adds a comment from Linear as a note.
func (in *inbox) Post(_ context.Context, m ticketing.Message) (string, error) {
	id := ""
	in.change(m.Conversation, func(c *conversation) { id = in.add(c, m.Author+" in Linear", "note", m.Text) })
	return id, nil
}

// Edit changes a note.
func (in *inbox) Edit(_ context.Context, id string, m ticketing.Message) (string, error) {
	in.change(m.Conversation, func(c *conversation) {
		for i := range c.Messages {
			if c.Messages[i].ID == id {
				c.Messages[i].Text = m.Text
			}
		}
	})
	return id, nil
}

// Delete removes a note.
func (in *inbox) Delete(_ context.Context, id string, m ticketing.Message) error {
	in.change(m.Conversation, func(c *conversation) {
		for i := range c.Messages {
			if c.Messages[i].ID == id {
				c.Messages = append(c.Messages[:i:i], c.Messages[i+1:]...)
				return
			}
		}
	})
	return nil
}

// SetStatus reopens a conversation.
func (in *inbox) SetStatus(_ context.Context, _, id, status string) error {
	in.change(id, func(c *conversation) { c.Status = status })
	return nil
}

// routes serves the page, the conversations, and the API below /desk. It adds the
// token to API requests, so that the browser never sees it.
func (in *inbox) routes(api *ticketing.API, token string, town *linearTown) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'; form-action 'none'")
		_, _ = w.Write(page)
	})
	mux.HandleFunc("GET /conversations", func(w http.ResponseWriter, _ *http.Request) {
		in.mu.Lock()
		raw, err := json.Marshal(in.all)
		in.mu.Unlock()
		if err != nil {
			http.Error(w, "encoding failed", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(raw)
	})
	mux.HandleFunc("POST /conversations/{id}/reply", func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Text string `json:"text"`
			Kind string `json:"kind"`
		}
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&body); err != nil || strings.TrimSpace(body.Text) == "" {
			http.Error(w, "the body must be JSON with a text", http.StatusBadRequest)
			return
		}
		id := ""
		if !in.change(r.PathValue("id"), func(c *conversation) { id = in.add(c, "Support", body.Kind, body.Text) }) {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]string{"id": id}) // the client may be gone
	})
	// Ada works in Linear: this is her side of the demo.
	mux.HandleFunc("POST /ada/{issue}", func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			State   string `json:"state"`
			Comment string `json:"comment"`
		}
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&body); err != nil {
			http.Error(w, "the body must be JSON", http.StatusBadRequest)
			return
		}
		issue := town.ws.Issue(r.PathValue("issue"))
		if issue == nil {
			http.NotFound(w, r)
			return
		}
		if body.State != "" {
			town.ada.UpdateIssue(issue, linearsim.IssueChange{State: body.State})
		}
		if body.Comment != "" {
			town.ada.Comment(issue, body.Comment)
		}
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("/desk/", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/desk/webhooks/linear" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		api.ServeHTTP(w, r)
	})
	// A page of another origin must not act through the token.
	return http.NewCrossOriginProtection().Handler(mux)
}
