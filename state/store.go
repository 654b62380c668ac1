package state

import (
	"context"
	"fmt"
	"iter"
	"time"
)

// Store is everything that a bot keeps.
type Store interface { //nolint:interfacebloat // the sum of the small ones
	Queue
	Notes
	Values
	Subscriptions
	Inspector
	Porter
	Lifecycle
}

// Lifecycle is the life of a store.
type Lifecycle interface {
	// Ping reports whether the store can be written now, by a write that
	// changes nothing visible. It blocks for one durable write. Errors:
	// ErrUnavailable, ErrFull, ErrClosed or the context's.
	Ping(ctx context.Context) error
	// Durable reports whether what was stored survives the process.
	Durable() bool
	// Close stops the store's own goroutines and releases what it holds.
	// Calls that wait in Lease return ErrClosed; later calls do too. Close
	// may be called more than once.
	Close() error
}

// The default limits of the dead letters of a store. Beyond them the oldest are
// dropped, and counted in [Stats].
const (
	// DefaultMaxDead is how many are kept.
	DefaultMaxDead = 10_000
	// DefaultDeadTTL is how long they are kept.
	DefaultDeadTTL = 30 * 24 * time.Hour
)

// Inspector shows what is in a store. The iterators may miss entries that move
// during the iteration, or show them twice. They end after the first error.
type Inspector interface {
	// Stats counts lanes, entries, leases and dead letters.
	Stats(ctx context.Context) (Stats, error)
	// Lanes iterates over the lanes that hold anything, in no particular
	// order.
	Lanes(ctx context.Context) iter.Seq2[LaneInfo, error]
	// Delayed iterates over the entries that wait outside their lanes, in no particular
	// order.
	Delayed(ctx context.Context) iter.Seq2[DelayedEntry, error]
	// Dead iterates over the dead letters, in no particular order.
	Dead(ctx context.Context) iter.Seq2[DeadEntry, error]
	// Requeue puts the dead entry back at the end of its lane with no
	// attempts spent, whatever its dedup keys. It fails with ErrNotFound if
	// the entry is absent.
	Requeue(ctx context.Context, lane Key, id string) error
	// Purge deletes the dead entry. It fails with ErrNotFound if the entry is
	// absent.
	Purge(ctx context.Context, lane Key, id string) error
}

// Stats counts what a store holds.
type Stats struct {
	// Lanes is the number of lanes that hold entries.
	Lanes int `json:"lanes"`
	// Entries is the number of entries in lanes, leased ones included.
	Entries int `json:"entries"`
	// Leased is the number of leased lanes.
	Leased int `json:"leased"`
	// Delayed is the number of entries that wait outside their lanes.
	Delayed int `json:"delayed"`
	// Dead is the number of dead letters.
	Dead int `json:"dead"`
	// Dropped is the number of dead letters that were dropped since the store
	// was made, because there were too many or they were too old.
	Dropped int `json:"dropped"`
}

// LaneInfo describes one lane.
type LaneInfo struct {
	Lane Key `json:"lane"`
	// Depth is the number of entries, delayed ones not counted.
	Depth int `json:"depth"`
	// Oldest is when the first entry was stored.
	Oldest time.Time `json:"oldest"`
	// HeldUntil is when the lane may be leased, if that is in the future.
	HeldUntil time.Time `json:"held_until,omitzero"`
	// Holder and Expires describe the live lease, if there is one.
	Holder  string    `json:"holder,omitempty"`
	Expires time.Time `json:"expires,omitzero"`
}

// DelayedEntry is an entry that waits outside its lane.
type DelayedEntry struct {
	Queued
	// Due is when it goes back to its lane.
	Due time.Time `json:"due"`
	// Cause is why it was put aside, if it was.
	Cause Cause `json:"cause,omitzero"`
}

// DeadEntry is a dead letter.
type DeadEntry struct {
	Queued
	Cause    Cause     `json:"cause"`
	BuriedAt time.Time `json:"buried_at"`
}

// String describes the entry and its cause in one line, without the body.
func (d DeadEntry) String() string {
	attempts := "attempts"
	if d.Attempt == 1 {
		attempts = "attempt"
	}
	s := fmt.Sprintf("%s in %s after %d %s: %s", d.ID, d.Lane, d.Attempt, attempts, d.Cause.Code)
	if d.Cause.Message != "" {
		s += ": " + d.Cause.Message
	}
	return s
}

// Porter moves the whole content of a store to another one.
type Porter interface {
	// Export iterates over all records. Leases are not exported; leased
	// entries are, as entries. Use it while nothing else writes.
	Export(ctx context.Context) iter.Seq2[Record, error]
	// Import adds a record that Export gave. Importing a record twice is the
	// same as once. Entries keep the order in which they are imported.
	Import(ctx context.Context, r Record) error
}

// RecordKind tells records apart.
type RecordKind string

// The kinds of record.
const (
	RecordEntry        RecordKind = "entry"
	RecordDelayed      RecordKind = "delayed"
	RecordDead         RecordKind = "dead"
	RecordValue        RecordKind = "value"
	RecordNote         RecordKind = "note"
	RecordSubscription RecordKind = "subscription"
	RecordDedup        RecordKind = "dedup"
)

// Record is one exported thing, in a form that marshals to JSON. Which fields
// are set depends on Kind.
type Record struct {
	Kind RecordKind `json:"kind"`
	// Key is the lane of a dedup key, the thread of a note or subscription,
	// or the key of a value.
	Key Key `json:"key,omitzero"`
	// Dedup is a dedup key of the lane Key.
	Dedup string `json:"dedup,omitempty"`
	// Note is the name of a note.
	Note string `json:"note,omitempty"`
	// Value is the content of a value or note.
	Value []byte `json:"value,omitempty"`
	// Expires is when a value, note or dedup key is forgotten; zero means
	// never. A note without it is invalid.
	Expires time.Time     `json:"expires,omitzero"`
	Entry   *Queued       `json:"entry,omitempty"`
	Delayed *DelayedEntry `json:"delayed,omitempty"`
	Dead    *DeadEntry    `json:"dead,omitempty"`
}
