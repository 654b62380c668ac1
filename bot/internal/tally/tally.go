// Package tally counts what a bot decides, by name, and what it receives, by type.
package tally

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// The names of what is counted.
const (
	// Accepted is the number of deliveries that were stored.
	Accepted = "accepted"
	// Duplicate is the number of deliveries that were known already.
	Duplicate = "duplicate"
	// Ignored is the number of deliveries that no handler got.
	Ignored = "ignored"
	// Handled is the number of turns that ended well.
	Handled = "handled"
	// Retried is the number of turns that are to be tried again.
	Retried = "retried"
	// Buried is the number of turns that went to the dead letters.
	Buried = "buried"
	// Parked is the number of turns that wait for an answer.
	Parked = "parked"
	// Returned is the number of turns that were handed back unfinished.
	Returned = "returned"
	// Skipped is the number of messages that another one answered for.
	Skipped = "skipped"
	// Differs is the number of posts of a turn that ran again and said something
	// else where nothing can be changed.
	Differs = "differs"
	// Failed is the number of runs of turns that failed, by code.
	Failed = "failed"
	// Missed is the number of deliveries whose webhook did not arrive.
	Missed = "missed_webhooks"
	// Replies is the number of messages that were posted.
	Replies = "replies"
)

// Counts holds how often each decision was taken. The zero value is ready to use, and
// safe for concurrent use.
type Counts struct {
	mu sync.Mutex
	n  map[string]int64
}

// Add counts a decision, apart by its reason if there is one.
func (c *Counts) Add(name, reason string) {
	if reason != "" {
		name += ":" + reason
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil {
		c.n = make(map[string]int64)
	}
	c.n[name]++
}

// All returns a copy of the counts by name, or by name and reason with a colon between
// them.
func (c *Counts) All() map[string]int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.n)
}

// maxTypes bounds how many types of event are told apart: they come from signed
// deliveries, but from outside.
const maxTypes = 64

// Seen is what was received of one type of event.
type Seen struct {
	// Type is the platform's name of the type. "other" stands for those beyond the
	// first 64, and for deliveries without a type.
	Type string
	// Count is how many deliveries arrived, Last when the latest did.
	Count int64
	Last  time.Time
}

// Traffic counts deliveries by type. The zero value is ready to use, and safe for
// concurrent use.
type Traffic struct {
	mu  sync.Mutex
	all map[string]*Seen
}

// Note counts a delivery.
func (t *Traffic) Note(typ string, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.all == nil {
		t.all = make(map[string]*Seen)
	}
	seen := t.all[typ]
	if seen == nil {
		if len(t.all) >= maxTypes || typ == "" {
			typ = "other"
		}
		if seen = t.all[typ]; seen == nil {
			seen = &Seen{Type: typ}
			t.all[typ] = seen
		}
	}
	seen.Count++
	seen.Last = at
}

// All returns what was received, ordered by type.
func (t *Traffic) All() []Seen {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := make([]Seen, 0, len(t.all))
	for _, seen := range t.all {
		all = append(all, *seen)
	}
	slices.SortFunc(all, func(a, b Seen) int { return strings.Compare(a.Type, b.Type) })
	return all
}
