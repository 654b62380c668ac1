package bot

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// The names of what [Bot.Counts] counts.
const (
	// countAccepted is the number of deliveries that were stored.
	countAccepted = "accepted"
	// countDuplicate is the number of deliveries that were known already.
	countDuplicate = "duplicate"
	// countIgnored is the number of deliveries that no handler got.
	countIgnored = "ignored"
	// countHandled is the number of turns that ended well.
	countHandled = "handled"
	// countRetried is the number of turns that are to be tried again.
	countRetried = "retried"
	// countBuried is the number of turns that went to the dead letters.
	countBuried = "buried"
	// countParked is the number of turns that wait for an answer.
	countParked = "parked"
	// countReturned is the number of turns that were handed back unfinished.
	countReturned = "returned"
	// countSkipped is the number of messages that another one answered for.
	countSkipped = "skipped"
	// countDiffers is the number of posts of a turn that ran again and said
	// something else where nothing can be changed.
	countDiffers = "differs"
	// countFailed is the number of runs of turns that failed, by code.
	countFailed = "failed"
	// countMissed is the number of deliveries whose webhook did not arrive.
	countMissed = "missed_webhooks"
	// countReplies is the number of messages that were posted.
	countReplies = "replies"
)

// counts holds how often each decision was taken. The zero value is ready to use.
type counts struct {
	mu sync.Mutex
	n  map[string]int64
}

func (c *counts) add(name, reason string) {
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

// Counts returns how often each decision was taken since [New], by name:
//
//   - "accepted", "duplicate": deliveries that were stored, or known already
//   - "missed_webhooks": messages whose webhook did not arrive, and that were found
//     by asking the platform
//   - "ignored:" and a reason, for example "ignored:self": events without a handler
//   - "handled", "retried", "buried", "parked", "returned": how turns ended;
//     parked turns wait for an answer, returned ones were handed back unfinished
//   - "failed:" and a code, for example "failed:rate_limited" or "failed:panic": why
//     turns were retried or buried
//   - "skipped": messages that a newer one stood for
//   - "replies": messages that were posted
func (b *Bot) Counts() map[string]int64 {
	b.counts.mu.Lock()
	defer b.counts.mu.Unlock()
	return maps.Clone(b.counts.n)
}

// Load is how much a bot has to do in this process.
type Load struct {
	// Workers is how many turns may run at once, Busy how many do.
	Workers, Busy int
	// Waits are how long events were stored before their turn began the first
	// time, by the store's clock. Takes are how long turns took.
	Waits, Takes Durations
}

// Durations are counts of durations since [New].
type Durations struct {
	// Count is how many were counted, Sum their sum.
	Count uint64
	Sum   time.Duration
	// Buckets are how many were at most as long as each bound, by the bound in
	// seconds.
	Buckets map[float64]uint64
}

// Load returns the present load.
func (b *Bot) Load() Load {
	l := b.runner.Load()
	return Load{Workers: l.Workers, Busy: l.Busy, Waits: Durations(l.Waits), Takes: Durations(l.Takes)}
}

// maxTypes bounds how many types of event are told apart: they come from signed
// deliveries, but from outside.
const maxTypes = 64

// Traffic is what was received of one type of event.
type Traffic struct {
	// Type is the platform's name of the type, for example "Comment". "other"
	// stands for those beyond the first 64.
	Type string `json:"type"`
	// Count is how many deliveries arrived, Last when the latest did.
	Count int64     `json:"count"`
	Last  time.Time `json:"last"`
}

// traffic counts deliveries by type. The zero value is ready to use.
type traffic struct {
	mu  sync.Mutex
	all map[string]*Traffic
}

func (t *traffic) note(typ string, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.all == nil {
		t.all = make(map[string]*Traffic)
	}
	seen := t.all[typ]
	if seen == nil {
		if len(t.all) >= maxTypes || typ == "" {
			typ = "other"
		}
		if seen = t.all[typ]; seen == nil {
			seen = &Traffic{Type: clipped(typ)}
			t.all[typ] = seen
		}
	}
	seen.Count++
	seen.Last = at
}

// Traffic returns what types of events have arrived since [New], ordered by type,
// ignored ones included: what the webhook is subscribed to, as far as it was used.
func (b *Bot) Traffic() []Traffic {
	b.traffic.mu.Lock()
	defer b.traffic.mu.Unlock()
	all := make([]Traffic, 0, len(b.traffic.all))
	for _, seen := range b.traffic.all {
		all = append(all, *seen)
	}
	slices.SortFunc(all, func(a, b Traffic) int { return strings.Compare(a.Type, b.Type) })
	return all
}
