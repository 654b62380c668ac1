// Package state is the storage contract of linearbot: ordered lanes of work
// ([Queue]), what is remembered about a thread ([Notes]), small values
// ([Values]), subscriptions ([Subscriptions]) and the views that make them
// visible ([Inspector], [Porter]).
//
// # What a store promises
//
// Durable. When [Queue.Enqueue] returns without an error the entry survives a
// crash of the process at any later instruction (and, for stores that say so
// with Durable, of the machine). When it returns an error nothing was stored
// that a later Enqueue of the same entry would not repair: the caller answers
// 503 and the sender retries.
//
// Once. An entry carries dedup keys. Recording the keys and appending the
// entry is one atomic step: a key that is known has its entry. Keys are
// remembered for at least [DedupTTL]. They are compared within a lane; the same
// key in two lanes names two entries.
//
// In order, one at a time. The entries of a lane are handed out in the order
// in which they were appended, and a lane has at most one live lease. Lanes are
// independent of each other. An entry that is appended while its lane is
// leased is handed out as soon as the lease ends: wake-ups are never lost.
//
// Fenced. A lease carries a token that is never reused within its lane. Every
// call under a lease that has expired and was taken over, or was settled
// before, fails with [ErrLeaseLost] and changes nothing.
//
// At least once. A lease that is neither settled nor extended in time lapses,
// and the lane is handed out again with the same entries. The attempt that was
// begun counts as spent.
//
// # Notes
//
// A thread is what its lanes have in common ([Key.Thread]): all lanes of a
// thread share its notes and its subscription. A note is a small named value
// with a lifetime that lives beside those lanes. Every lease brings the notes
// of its thread, whether the thread is subscribed and the store's time
// ([Lease.Notes]), read in the same step that takes the lease. [Queue.Settle]
// writes notes together with its verdicts: either all of them are durable or
// none is. A turn that reads its notes from the lease and writes them with the
// settle therefore calls the store twice. [Entry.Lease] has the lease come with the
// receipt of the entry, where nothing else waits. What must be durable before the turn
// acts is written with [Notes.WriteNotes], which needs no lease.
//
// Several lanes of a thread may be leased at the same time, and WriteNotes may
// run at any time. A write that depends on what the lease brought says so with
// [NoteWrite.Check].
//
// Every note has a lifetime, at most [MaxNote] bytes, and its thread has room
// for [MaxNotes] notes of [MaxNoteBytes] in all. A thread whose notes have all
// expired or been deleted takes no room in the store.
//
// # Time
//
// A store has one clock. [Queued.EnqueuedAt], [DelayedEntry.Due],
// [NoteSet.Now], holds, delays, leases and lifetimes follow it, so an age is
// the difference between two of its times. It may differ from the clock of the
// process; only [Lease.Expires] is translated to that.
//
// # Keys
//
// Every [Key] names its workspace, and no method reads across workspaces
// except the views. How a key is spelled in a backend is the backend's
// business.
//
// # Errors
//
// Stores wrap one of the sentinels of this package where a caller can act on
// it and return everything else as it is. A cancelled or expired context comes
// back as its own error. Implementations are safe for concurrent use.
package state
