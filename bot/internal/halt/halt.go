// Package halt is what ends the turns of a thread, as the notes of the thread have it:
// the last [Stop] that a person asked for, the messages that were deleted, and the last
// [Arrival] of a message that takes over. Intake writes them before the event has its
// turn, so they end turns that run, on any instance, and those that wait.
//
// [Turns] holds the turns that run in this process. What is written there ends those
// that it concerns at once, and other instances are told by a signal; see package
// running.
package halt

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/state"
)

// Stop is when a thread was stopped. The zero value ends nothing.
type Stop struct {
	// Seq is the place of the stop among what was stored for the thread: what a person
	// writes after a stop may have the same time. Zero if it is unknown, where the
	// turn of another thread stops this one.
	Seq uint64
	// At is when the stop was stored, by the store's clock. A stop that is handled
	// again has a new place, and the old time. Zero before its turn.
	At time.Time
	// By is the event whose turn asked for it, and which continues. It may be empty.
	By string
	// Pending says that a person in a session asked for it and waits for its
	// confirmation, before which nothing that came later is answered.
	Pending bool
}

// pendingStop is stored in place of the event of a stop that is pending: other
// versions take it for one that they do not know.
const pendingStop = "\x00pending"

// Ends reports whether a stop ends the turn of what was stored at a place and a time,
// unless that is By.
func (s Stop) Ends(seq uint64, at time.Time) bool {
	if s.At.IsZero() || s.Seq > 0 && seq >= s.Seq {
		return seq < s.Seq
	}
	return !at.After(s.At)
}

// grace is the longest that a message waits until the stop before it is confirmed: the
// turn of the stop may fail, or find no worker.
const grace = 5 * time.Second

// Holds reports whether what was stored at a time after a stop has to wait until the
// stop is confirmed, so that the confirmation does not come in the middle of an answer.
func (s Stop) Holds(stored, now time.Time) bool {
	return s.Pending && now.Sub(stored) < grace && (s.At.IsZero() || now.Sub(s.At) < grace)
}

// after reports whether a stop came after another one.
func (s Stop) after(other Stop) bool {
	if s.At.IsZero() || other.At.IsZero() || s.At.Equal(other.At) {
		return s.Seq > other.Seq
	}
	return s.At.After(other.At)
}

// stored returns the stored form of a stop.
func (s Stop) stored() []byte {
	var nano int64
	if !s.At.IsZero() {
		nano = s.At.UnixNano()
	}
	by := s.By
	if s.Pending {
		by = pendingStop
	}
	return fmt.Appendf(nil, "%d %d %s", nano, s.Seq, by)
}

// parseStop reads the stored form of a stop. Nil is the zero stop.
func parseStop(data []byte) Stop {
	nano, rest, _ := strings.Cut(string(data), " ")
	place, by, _ := strings.Cut(rest, " ")
	at, err := strconv.ParseInt(nano, 10, 64)
	seq, err2 := strconv.ParseUint(place, 10, 64)
	if err != nil || err2 != nil {
		return Stop{} // none, or written by another version
	}
	s := Stop{Seq: seq, By: by}
	if by == pendingStop {
		s.By, s.Pending = "", true
	}
	if at != 0 {
		s.At = time.Unix(0, at)
	}
	return s
}

// LastStop returns the last stop of a thread. It is zero if there was none.
func LastStop(ctx context.Context, page *notes.Thread) (Stop, error) {
	data, err := page.Get(ctx, notes.Stop, "")
	if err != nil {
		return Stop{}, fmt.Errorf("bot: stop of %s: %w", page.Key().ID, err)
	}
	return parseStop(data), nil
}

// Keep stores a stop, unless a later one is there: a stop that is retried must not
// revive what a newer one has ended. What the turn of a stop has kept stays, too, if the
// turn was faster than the intake. It blocks for a durable write.
func (s Stop) Keep(ctx context.Context, page *notes.Thread) error {
	return keep(ctx, page, notes.Stop, s.stored(), func(stored []byte) bool {
		old := parseStop(stored)
		return old.after(s) || s.At.IsZero() && !old.At.IsZero() && old.Seq == s.Seq
	})
}

// Arrival is the last message of a thread that takes over. The zero value ends nothing.
type Arrival struct {
	// At is by the store's clock, after the message was stored.
	At time.Time
	// Entry is the id of its entry.
	Entry string
}

func (a Arrival) stored() []byte {
	return []byte(strconv.FormatInt(a.At.UnixNano(), 10) + " " + a.Entry)
}

// parseArrival reads the stored form of an arrival. Nil is the zero arrival.
func parseArrival(data []byte) Arrival {
	nano, entry, _ := strings.Cut(string(data), " ")
	at, err := strconv.ParseInt(nano, 10, 64)
	if err != nil {
		return Arrival{}
	}
	return Arrival{time.Unix(0, at), entry}
}

// LastArrival returns the last arrival in a thread. It is zero if there was none.
func LastArrival(ctx context.Context, page *notes.Thread) (Arrival, error) {
	data, err := page.Get(ctx, notes.Arrival, "")
	if err != nil {
		return Arrival{}, fmt.Errorf("bot: messages of %s: %w", page.Key().ID, err)
	}
	return parseArrival(data), nil
}

// Ends reports whether a message takes over from the turn of an entry, with others that
// it stands for, whose lease began before the message arrived.
func (a Arrival) Ends(leased time.Time, entry string, others []string) bool {
	return a.At.After(leased) && entry != a.Entry && !slices.Contains(others, a.Entry)
}

// Keep stores an arrival, unless a later one is there. It blocks for a durable write.
func (a Arrival) Keep(ctx context.Context, page *notes.Thread) error {
	return keep(ctx, page, notes.Arrival, a.stored(), func(old []byte) bool { return parseArrival(old).At.After(a.At) })
}

// keep replaces a note, unless the old one is to stay.
func keep(ctx context.Context, page *notes.Thread, k notes.Kind, next []byte, stays func(old []byte) bool) error {
	for {
		old, err := page.Get(ctx, k, "")
		if err != nil || stays(old) {
			return err
		}
		err = page.Swap(ctx, k, "", old, next)
		if !errors.Is(err, state.ErrConflict) {
			return err
		}
	}
}

// deletedKept is how many deletions are remembered of a thread: more than there
// are messages that wait for a turn in nearly all threads.
const deletedKept = 512

// Deleted returns the ids of the last deleted messages of a thread.
func Deleted(ctx context.Context, page *notes.Thread) ([]string, error) {
	ids, _, err := deleted(ctx, page)
	return ids, err
}

// Gone reports whether a message that was not read, or the one that begins its thread, is
// known to be deleted. Their ids are parts of the key of its event and of the thread's id.
func Gone(ctx context.Context, page *notes.Thread, event, thread string) bool {
	ids, err := Deleted(ctx, page)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(ids, func(id string) bool {
		return slices.Contains(strings.Split(event, "|"), id) || strings.HasSuffix(thread, ":"+id)
	})
}

func deleted(ctx context.Context, page *notes.Thread) (ids []string, stored []byte, err error) {
	stored, err = page.Get(ctx, notes.Deleted, "")
	if err != nil {
		return nil, nil, fmt.Errorf("bot: deletions in %s: %w", page.Key().ID, err)
	}
	if stored != nil {
		ids = strings.Split(string(stored), "\n")
	}
	return ids, stored, nil
}

// Delete notes that a message was deleted. The error wraps [state.ErrInvalid] if the
// thread has no room for notes. It blocks for a durable write.
func Delete(ctx context.Context, page *notes.Thread, id string) error {
	for {
		ids, stored, err := deleted(ctx, page)
		if err != nil || slices.Contains(ids, id) {
			return err
		}
		ids = append(ids, id)
		next := strings.Join(ids[max(0, len(ids)-deletedKept):], "\n")
		err = page.Swap(ctx, notes.Deleted, "", stored, []byte(next))
		switch {
		case errors.Is(err, state.ErrConflict):
		case err != nil:
			return fmt.Errorf("bot: deletion in %s: %w", page.Key().ID, err)
		default:
			return nil
		}
	}
}
