package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/linearbot/linearbot/ticketing"
)

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
	mu    sync.Mutex
	all   []*conversation
	last  int
	pages map[chan struct{}]bool
}

// newInbox returns an inbox with n conversations.
func newInbox(n int) *inbox {
	in := &inbox{pages: map[chan struct{}]bool{}}
	seeds := []struct{ who, subject, text string }{
		{"Bob Noyce", "Card is declined", "Hello, my card is declined at checkout since yesterday. My bank says everything is fine. Can you help?"},
		{"Lin Chen", "App closes by itself", "After the last update the app closes right after the start screen."},
		{"Bob Noyce", "Time on the invoice", "The invoice shows 23:00 the day before. We are in Lisbon."},
	}
	for i := range n {
		c := seeds[i%len(seeds)]
		if i >= len(seeds) {
			c.subject = fmt.Sprintf("%s (%d)", c.subject, i+1)
		}
		in.all = append(in.all, &conversation{
			ID: strconv.Itoa(i + 1), Customer: c.who, Subject: c.subject, Status: "open",
			Messages: []message{{ID: fmt.Sprint("m", i), From: c.who, Kind: "customer", Text: c.text, At: time.Now()}},
		})
	}
	if n > 1 {
		in.all[1].Status = "resolved" // it is reopened when its issue is done
	}
	return in
}

// change updates the conversation with an id, if it exists, and tells the pages.
func (in *inbox) change(id string, f func(*conversation)) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	i := slices.IndexFunc(in.all, func(c *conversation) bool { return c.ID == id })
	if i < 0 {
		return false
	}
	f(in.all[i])
	in.tell()
	return true
}

// tell has every page read the conversations again. in.mu is held.
func (in *inbox) tell() {
	for ch := range in.pages {
		select {
		case ch <- struct{}{}:
		default: // the page is told already
		}
	}
}

// watch returns a channel that is ready after a change. end stops it.
func (in *inbox) watch() (changed <-chan struct{}, end func()) {
	ch := make(chan struct{}, 1)
	in.mu.Lock()
	defer in.mu.Unlock()
	in.pages[ch] = true
	return ch, func() {
		in.mu.Lock()
		defer in.mu.Unlock()
		delete(in.pages, ch)
	}
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
