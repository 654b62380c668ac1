package bot

import (
	"maps"
	"sync"
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
//   - "skipped": messages that a newer one stood for
//   - "replies": messages that were posted
func (b *Bot) Counts() map[string]int64 {
	b.counts.mu.Lock()
	defer b.counts.mu.Unlock()
	return maps.Clone(b.counts.n)
}
