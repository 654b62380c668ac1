package bot

import (
	"maps"
	"sync"
)

// Names of what [Bot.Counts] counts. CountIgnored comes with the reason behind
// a colon, for example "ignored:self".
const (
	// CountAccepted is the number of deliveries that were stored.
	CountAccepted = "accepted"
	// CountDuplicate is the number of deliveries that were known already.
	CountDuplicate = "duplicate"
	// CountIgnored is the number of deliveries that no handler got.
	CountIgnored = "ignored"
	// CountHandled is the number of turns that ended well.
	CountHandled = "handled"
	// CountRetried is the number of turns that are to be tried again.
	CountRetried = "retried"
	// CountBuried is the number of turns that went to the dead letters.
	CountBuried = "buried"
	// CountParked is the number of turns that wait for an answer.
	CountParked = "parked"
	// CountReturned is the number of turns that were handed back unfinished.
	CountReturned = "returned"
	// CountSkipped is the number of messages that another one answered for.
	CountSkipped = "skipped"
	// CountDiffers is the number of posts of a turn that ran again and said
	// something else where nothing can be changed.
	CountDiffers = "differs"
	// CountReplies is the number of messages that were posted.
	CountReplies = "replies"
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

// Counts returns how often each decision was taken since the bot was made.
func (b *Bot) Counts() map[string]int64 {
	b.counts.mu.Lock()
	defer b.counts.mu.Unlock()
	return maps.Clone(b.counts.n)
}
