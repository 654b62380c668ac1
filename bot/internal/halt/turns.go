package halt

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/bot/internal/running"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/state"
)

// The causes with which the contexts of turns end.
var (
	ErrStopped   = errors.New("bot: a person asked to stop")
	ErrDeleted   = errors.New("bot: the message was deleted")
	ErrTakenOver = errors.New("bot: a newer message takes over")
)

// Why names the reason for which a person has ended the turn of a context, if one has.
func Why(ctx context.Context) string {
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, ErrStopped):
		return reason.Stopped
	case errors.Is(cause, ErrDeleted):
		return reason.Deleted
	default:
		return ""
	}
}

// Turn is what decides whether a turn ends.
type Turn struct {
	// Event is the key of its event.
	Event string
	// Entry is what is stored of it, and Others are the ids of entries that it stands
	// for.
	Entry  *state.Queued
	Others []string
	// Message is the id of the message that it handles, and Root of the one that
	// begins its thread. Both may be empty.
	Message, Root string
	// Leased is when its lease began, by the store's clock.
	Leased time.Time
	// Replaceable says that a newer message may take over.
	Replaceable bool
}

// StoppedBy reports whether a stop ends the turn.
func (t *Turn) StoppedBy(s Stop) bool {
	return s.Ends(t.Entry.Seq, t.Entry.EnqueuedAt) && t.Event != s.By
}

// about reports whether the turn handles a message, or is in the thread that begins
// with it: that takes all of the thread with it.
func (t *Turn) about(message string) bool {
	return message != "" && (message == t.Message || message == t.Root)
}

func (t *Turn) takenOverBy(a Arrival) bool {
	return t.Replaceable && a.Ends(t.Leased, t.Entry.ID, t.Others)
}

// over returns the cause with which a turn ends before it begins: its thread was stopped
// or its message deleted. Nil if neither is known.
func (t *Turn) over(ctx context.Context, page *notes.Thread) (cause, err error) {
	last, err := LastStop(ctx, page)
	if err != nil {
		return nil, err
	}
	if t.StoppedBy(last) {
		return ErrStopped, nil
	}
	gone, err := Deleted(ctx, page)
	if err != nil || !slices.ContainsFunc(gone, t.about) {
		return nil, err
	}
	return ErrDeleted, nil
}

// Config says how turns are ended.
type Config struct {
	// Book has the notes of threads.
	Book notes.Book
	// Signals reaches other instances. Nil if the store has no signals.
	Signals state.Signaler
	// Other takes signals that are not of threads; see [running.Watcher].
	Other func(k state.Key) bool
	// TakesOver says that newer messages take over.
	TakesOver bool
	Log       zerolog.Logger
}

// Turns ends the turns of this process, and has other instances end theirs. Make it with
// [NewTurns]. It is safe for concurrent use.
type Turns struct {
	cfg Config
	set running.Set[*Turn]
}

// NewTurns returns Turns without turns.
func NewTurns(cfg Config) *Turns { return &Turns{cfg: cfg} }

// Begin registers a turn, with the notes of its thread, to be ended by cancel when they
// say that it is over, and ends it at once if they do. subject is what it is about, for
// [Turns.Names]. Call [Turns.Leave] when the turn is over, unless there was an error.
func (ts *Turns) Begin(ctx context.Context, page *notes.Thread, t *Turn, subject string, cancel context.CancelCauseFunc) error {
	over, err := t.over(ctx, page)
	if err != nil {
		return err
	}
	if over != nil {
		cancel(over)
		return nil
	}
	if ts.set.Add(page.Key(), t, subject, page.ReadAt(), cancel) {
		// What came with the lease is older than what a signal told of.
		if err := ts.look(ctx, page.Key()); err != nil {
			ts.set.Remove(page.Key(), t)
			return err
		}
	}
	return nil
}

// Leave takes a turn of a thread out that is over.
func (ts *Turns) Leave(thread state.Key, t *Turn) { ts.set.Remove(thread, t) }

// Stop keeps a stop of a thread and ends what it concerns. If the thread has no room for
// notes it ends what runs in this process all the same, and the error wraps
// [state.ErrInvalid]. It blocks for a durable write.
func (ts *Turns) Stop(ctx context.Context, thread state.Key, s Stop) error {
	err := s.Keep(ctx, ts.cfg.Book.Thread(thread))
	if err != nil && !errors.Is(err, state.ErrInvalid) {
		return err
	}
	ts.end(ctx, thread, ErrStopped, func(t *Turn) bool { return t.StoppedBy(s) })
	return err
}

// Delete notes that a message was deleted and ends what runs for it. If the thread has
// no room for notes it ends that all the same, and the error wraps [state.ErrInvalid].
// It blocks for a durable write.
func (ts *Turns) Delete(ctx context.Context, thread state.Key, message string) error {
	err := Delete(ctx, ts.cfg.Book.Thread(thread), message)
	if err != nil && !errors.Is(err, state.ErrInvalid) {
		return err
	}
	ts.end(ctx, thread, ErrDeleted, func(t *Turn) bool { return t.about(message) })
	return err
}

// TakeOver notes that the message of an entry has arrived in the thread of page and ends
// what it takes over. It blocks for a durable write.
func (ts *Turns) TakeOver(ctx context.Context, page *notes.Thread, entry string) error {
	now, err := page.Now(ctx)
	if err != nil {
		return err
	}
	a := Arrival{At: now, Entry: entry}
	if err := a.Keep(ctx, page); err != nil {
		return err
	}
	ts.end(ctx, page.Key(), ErrTakenOver, func(t *Turn) bool { return t.takenOverBy(a) })
	return nil
}

// end ends turns of a thread, on other instances by what is noted.
func (ts *Turns) end(ctx context.Context, thread state.Key, cause error, which func(*Turn) bool) {
	ts.set.Tell(thread)
	ts.set.End(thread, cause, which)
	ts.Signal(ctx, thread)
}

// Signal has other instances look at the notes of a thread. A failure is logged.
func (ts *Turns) Signal(ctx context.Context, thread state.Key) {
	if ts.cfg.Signals == nil {
		return
	}
	if err := ts.cfg.Signals.Signal(ctx, thread); err != nil {
		ts.cfg.Log.Warn().Err(err).Str("thread", thread.ID).Msg("other instances could not be told that a thread was stopped")
	}
}

// Watch ends turns that their notes say are over, until ctx ends.
func (ts *Turns) Watch(ctx context.Context) {
	ts.set.Watch(ctx, running.Watcher{Look: ts.look, Other: ts.cfg.Other, Signals: ts.cfg.Signals})
}

// look ends the turns of a thread that its notes say are over.
func (ts *Turns) look(ctx context.Context, thread state.Key) error {
	page := ts.cfg.Book.Thread(thread)
	last, err := LastStop(ctx, page)
	if err != nil {
		return err
	}
	ts.set.End(thread, ErrStopped, func(t *Turn) bool { return t.StoppedBy(last) })
	gone, err := Deleted(ctx, page)
	if err != nil {
		return err
	}
	ts.set.End(thread, ErrDeleted, func(t *Turn) bool { return slices.ContainsFunc(gone, t.about) })
	if !ts.cfg.TakesOver {
		return nil
	}
	a, err := LastArrival(ctx, page)
	if err != nil {
		return err
	}
	ts.set.End(thread, ErrTakenOver, func(t *Turn) bool { return t.takenOverBy(a) })
	return nil
}

// Names says which turns run; see [running.Set.Names].
func (ts *Turns) Names(most int) []string { return ts.set.Names(most) }
