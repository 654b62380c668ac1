package bot

import (
	"time"
)

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
	return b.counts.All()
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

// Load returns the current load.
func (b *Bot) Load() Load {
	l := b.runner.Load()
	return Load{Workers: l.Workers, Busy: l.Busy, Waits: Durations(l.Waits), Takes: Durations(l.Takes)}
}

// Traffic is what was received of one type of event.
type Traffic struct {
	// Type is the platform's name of the type, for example "Comment". "other"
	// stands for those beyond the first 64.
	Type string `json:"type"`
	// Count is how many deliveries arrived, Last when the latest did.
	Count int64     `json:"count"`
	Last  time.Time `json:"last"`
}

// Traffic returns what types of events have arrived since [New], ordered by type,
// ignored ones included: what the webhook is subscribed to, as far as it was used.
func (b *Bot) Traffic() []Traffic {
	seen := b.traffic.All()
	all := make([]Traffic, len(seen))
	for i, one := range seen {
		all[i] = Traffic(one)
	}
	return all
}
