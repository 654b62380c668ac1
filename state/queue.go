package state

import (
	"context"
	"time"
)

// DedupTTL is how long a store remembers dedup keys unless it is configured
// to keep them longer. Linear repeats a delivery up to six hours after the
// first try, so a day covers the ladder several times.
const DedupTTL = 24 * time.Hour

// Queue keeps ordered lanes of entries. Its promises are in the package
// comment.
type Queue interface {
	// Enqueue appends e to its lane and records its keys, atomically and
	// durably. If e.ID or one of e.Keys is already recorded for the lane,
	// nothing is appended and the outcome is [OutcomeDuplicate]. It blocks for one
	// durable write and never retries. It only reads what e refers to, and keeps
	// none of it when it has returned. Errors: ErrInvalid, ErrFull,
	// ErrUnavailable, ErrClosed or the context's.
	//
	// After an error the entry may or may not be stored (an answer can be
	// lost on the way). Enqueue it again: if it was stored it is a duplicate.
	Enqueue(ctx context.Context, e Entry) (Receipt, error)

	// Lease waits until at least one lane is ready and leases up to
	// req.Lanes of them. Lanes that have waited longest come first. It
	// returns as soon as there is something to do, wakes at once when an
	// entry arrives in an idle store, and returns ctx.Err() within a second
	// when ctx ends. Every leased entry has its Attempt raised by one.
	//
	// It never returns an empty slice without an error. Errors: ErrInvalid,
	// ErrUnavailable, ErrClosed or the context's. Lanes that were leased by a
	// call whose answer was lost come back when their leases lapse.
	Lease(ctx context.Context, req LeaseRequest) ([]*Lease, error)

	// Extend makes the lease valid for ttl from now and updates l.Expires.
	// It blocks for one durable write at most and fails with ErrLeaseLost once
	// another lease of the lane was taken or this one was settled. A ttl under
	// 10 ms is ErrInvalid.
	Extend(ctx context.Context, l *Lease, ttl time.Duration) error

	// Settle applies the verdicts to entries of the lease, writes notes of
	// its thread and gives the lane back, in one atomic durable step. Entries
	// without a verdict stay where they are, and their attempt is not
	// counted. It blocks for one durable write and never retries.
	//
	// It fails with ErrLeaseLost if the lease was settled or taken over, with
	// ErrConflict if a checked note has another value, and with ErrInvalid if
	// s is invalid or the thread would exceed its limits; then nothing was
	// applied, and after the latter two the lease lives on. After
	// ErrUnavailable, ErrFull or the context's error call Settle again with
	// the same settlement as long as the lease lives; if the first call was
	// in fact applied, the second answers ErrLeaseLost.
	Settle(ctx context.Context, l *Lease, s Settlement) error
}

// Settlement is how a lease ends. The zero value gives the lane back and
// changes nothing.
type Settlement struct {
	// Verdicts are about entries of the lease, at most one for each.
	Verdicts []Verdict
	// Notes are applied in order, like those of [Notes.WriteNotes].
	Notes []NoteWrite
}

// Validate returns an error that is [ErrInvalid] and says what is wrong with
// a settlement of l that every store refuses. It does not know the notes that
// the thread has already.
func (s *Settlement) Validate(l *Lease) error {
	if l == nil {
		return invalid("settlement without a lease")
	}
	if err := s.validateVerdicts(l.Entries); err != nil {
		return err
	}
	for i := range s.Notes {
		if err := s.Notes[i].Validate(); err != nil {
			return err
		}
	}
	return nil
}

// validateVerdicts returns an error for verdicts that do not fit leased entries. Most
// leases have one entry, and most of the others have verdicts in the order of their
// entries, so what is looked for is nearly always where the last one was found.
func (s *Settlement) validateVerdicts(leased []Queued) error {
	var few [16]bool
	settled := few[:min(len(leased), len(few))]
	if len(leased) > len(few) {
		settled = make([]bool, len(leased))
	}
	next := 0
	for i := range s.Verdicts {
		v := &s.Verdicts[i]
		if next == len(leased) || leased[next].ID != v.ID {
			next = indexOf(leased, v.ID)
		}
		switch {
		case v.Kind < VerdictAck || v.Kind > VerdictBury:
			return invalid("verdict for %q has kind %d", v.ID, v.Kind)
		case v.After < 0:
			return invalid("verdict for %q has the negative wait %v", v.ID, v.After)
		case next < 0:
			return invalid("verdict for %q, which is not in the lease", v.ID)
		case settled[next]:
			return invalid("two verdicts for %q", v.ID)
		}
		settled[next] = true
		next++
	}
	return nil
}

// indexOf returns the place of the entry with an id, or -1.
func indexOf(entries []Queued, id string) int {
	for i := range entries {
		if entries[i].ID == id {
			return i
		}
	}
	return -1
}

// Entry is one piece of work. Only ID, Lane and Body are required.
type Entry struct {
	// ID names the entry within its lane. It is also its first dedup key.
	ID string `json:"id"`
	// Lane is the ordered queue that the entry belongs to.
	Lane Key `json:"lane"`
	// Keys are further dedup keys.
	Keys []string `json:"keys,omitempty"`
	// Body is the work, opaque to the store. At most 8 MiB, with Head.
	Body []byte `json:"body"`
	// Head goes in front of Body: Enqueue stores the two as one, and what comes
	// out of a store has all of it in Body and no Head. So a caller that has the
	// work in a buffer adds to it without a copy.
	Head []byte `json:"-"`
	// Delay keeps this entry out of its lane for that long; entries behind
	// it are not held up. Zero means no delay.
	Delay time.Duration `json:"-"`
	// Hold keeps the whole lane from being leased for that long. See
	// HoldMode. Zero means no hold.
	Hold time.Duration `json:"-"`
	// HoldMode says when Hold applies. Defaults to HoldIdle.
	HoldMode HoldMode `json:"-"`
	// IfIdle appends the entry only if its lane is empty and not leased;
	// otherwise the outcome is [OutcomeBusy] and only the keys are recorded.
	IfIdle bool `json:"-"`
	// Lease asks for the lane to be leased in the step that stores the entry. Its
	// holder and lifetime count. See [Receipt.Lease]. Nil asks for nothing.
	Lease *LeaseRequest `json:"-"`
}

// HoldMode says when an entry's Hold starts to count.
type HoldMode uint8

// The modes of a hold.
const (
	// HoldIdle starts the hold when the lane was empty and not leased; later
	// entries do not move it. A burst is collected from its first entry on.
	HoldIdle HoldMode = iota
	// HoldReset restarts the hold with every entry. A lane is leased only
	// after it was quiet for that long.
	HoldReset
)

// Outcome says what Enqueue did.
type Outcome uint8

// The outcomes of Enqueue.
const (
	// OutcomeAdded means that the entry was appended.
	OutcomeAdded Outcome = iota + 1
	// OutcomeDuplicate means that a key of the entry was known.
	OutcomeDuplicate
	// OutcomeBusy means that the entry had IfIdle and its lane was not idle.
	OutcomeBusy
)

// String returns the outcome as it is written in logs.
func (o Outcome) String() string {
	switch o {
	case OutcomeAdded:
		return "added"
	case OutcomeDuplicate:
		return "duplicate"
	case OutcomeBusy:
		return "busy"
	default:
		return "unknown"
	}
}

// Receipt is the answer to Enqueue.
type Receipt struct {
	Outcome Outcome
	// Depth is the number of entries in the lane after the call, delayed
	// ones not counted.
	Depth int
	// Seq is the [Queued.Seq] of an entry that was added. It tells which
	// entries of the thread were stored before, which times do not: two
	// entries may be stored at the same instant, and clocks are set back.
	Seq uint64
	// Lease is the lease of the lane, if the entry was added and asked for it, its
	// lane was empty and has no hold, and no other lane was ready as far as is known,
	// so that nothing that waits is passed over for long. It is like one that
	// [Queue.Lease] returns. A store that cannot do this in one step with the rest
	// leaves it nil, and may do so at any time; then the lane is leased as usual. If the
	// answer of Enqueue is lost, the lane is ready again when the lease lapses, so ask
	// for a short lifetime.
	Lease *Lease
}

// LeaseRequest says what a caller can take on.
type LeaseRequest struct {
	// Holder names the caller in views, for example host and process id.
	Holder string
	// TTL is how long the lease lives without Extend. Required, at least
	// 10 ms.
	TTL time.Duration
	// Lanes is the most lanes to lease at once. Defaults to 1.
	Lanes int
	// Entries is the most entries to hand out of each lane, oldest first.
	// Defaults to 1.
	Entries int
	// Bytes bounds the entries handed out of each lane: the first one is
	// handed out whatever its size, further ones as long as their bodies come
	// to no more in all. Stores may count ids and dedup keys, too. Defaults to
	// [DefaultLeaseBytes].
	Bytes int
}

// DefaultLeaseBytes is the default of [LeaseRequest.Bytes], 8 MiB.
const DefaultLeaseBytes = 8 << 20

// Lease is the right to work on a lane until Expires. Its fields are set by
// the store; Expires is changed by Extend only. A Lease is not safe for
// concurrent use.
type Lease struct {
	Lane  Key
	Token uint64
	// Holder is the name from the request.
	Holder string
	// Expires is when the lease lapses, by this process's clock and never
	// later than the store thinks.
	Expires time.Time
	// Entries are the oldest entries of the lane, at least one.
	Entries []Queued
	// Behind is the number of entries in the lane after those, when the
	// lease was taken.
	Behind int
	// Waited is how long the lane was ready before it was leased, by the
	// store's clock. Time under a hold or another lease does not count.
	Waited time.Duration
	// Notes are the notes of the lane's thread, its subscription and the
	// store's time, all as they were when the lease was taken. Extend does
	// not change them.
	Notes NoteSet
}

// Queued is an entry in a store.
type Queued struct {
	Entry
	// Seq orders the entries of a thread: those of all its lanes, in the order
	// in which they were stored. See [Receipt].
	Seq uint64 `json:"seq"`
	// Attempt counts how often the entry was leased, this time included.
	Attempt int `json:"attempt"`
	// EnqueuedAt is when the entry was stored, by the store's clock.
	EnqueuedAt time.Time `json:"enqueued_at"`
}

// Verdict says what happens to one leased entry. Make one with [Ack], [Retry],
// [RetryAside], [Return] or [Bury].
type Verdict struct {
	ID   string
	Kind VerdictKind
	// After is the wait before a retry. Zero means at once.
	After time.Duration
	// Free says that the attempt does not count.
	Free bool
	// Cause is kept with the entry and shown by the views.
	Cause Cause
}

// VerdictKind tells the verdicts apart.
type VerdictKind uint8

// The kinds of verdict.
const (
	// VerdictAck removes the entry: it is done.
	VerdictAck VerdictKind = iota + 1
	// VerdictRetry leaves the entry in its place and holds the lane.
	VerdictRetry
	// VerdictRetryAside takes the entry out of the lane and returns it to the front
	// after the wait. Until then, later entries are handed out.
	VerdictRetryAside
	// VerdictBury moves the entry to the dead letters.
	VerdictBury
)

// Cause says why an entry was retried or buried. It must hold no secrets: it
// is shown to people.
type Cause struct {
	// Code is a short stable word, for example "panic" or "permanent".
	Code string `json:"code,omitempty"`
	// Message is the error's text.
	Message string `json:"message,omitempty"`
	// Stack is the stack trace of a panic.
	Stack string `json:"stack,omitempty"`
}

// Ack says that the entry is done.
func Ack(id string) Verdict { return Verdict{ID: id, Kind: VerdictAck} }

// Retry says that the entry is to be retried after d, and that its lane waits
// for it.
func Retry(id string, d time.Duration, c Cause) Verdict {
	return Verdict{ID: id, Kind: VerdictRetry, After: d, Cause: c}
}

// RetryAside says that the entry is to be retried after d, and that the rest of
// its lane continues without it.
func RetryAside(id string, d time.Duration, c Cause) Verdict {
	return Verdict{ID: id, Kind: VerdictRetryAside, After: d, Cause: c}
}

// Return says that the entry was not worked on: it stays in its place, its
// lane waits for d, and the attempt is not counted.
func Return(id string, d time.Duration) Verdict {
	return Verdict{ID: id, Kind: VerdictRetry, After: d, Free: true}
}

// Bury says that the entry will never succeed and goes to the dead letters.
func Bury(id string, c Cause) Verdict { return Verdict{ID: id, Kind: VerdictBury, Cause: c} }
