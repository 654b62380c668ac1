// Package rows decides which entry of a lane is handled next where one turn can stand
// for several messages.
//
// A row is a message and the older ones that it stands for:
//
//   - A message waits for a newer one of its thread that stands for it.
//   - What stands between the two, edits and answers to questions for example, is
//     handled first, in its order.
//   - A row whose time has not come holds the lane.
//   - A row that was begun stays as it is until it is done, over errors, crashes and
//     deploys: its turn must be the same, or what it wrote would be written again
//     under the name of another message. So what a row consists of is noted before
//     its turn runs.
//
// The package knows the entries of a lease and the notes of the lane. What is a
// message, and when its time comes, is told by a [Reader].
package rows

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/state"
)

// Reader says what the entries of a lane are. Nothing runs and nothing is changed
// when it is asked.
type Reader interface {
	// Message returns the thread of the message that the entry i is. ok is false for
	// all else, and for messages that no other could stand for. A lane may hold
	// messages of several threads.
	Message(ctx context.Context, i int) (thread adapter.ThreadID, ok bool, err error)
	// Alone reports whether the message i, which is in no row that was begun, is
	// handled by itself.
	Alone(ctx context.Context, i int) (bool, error)
	// Due returns when messages are to be handled of which the first and the newest
	// arrived at these times.
	Due(first, newest time.Time) time.Time
}

// Lane is the front of a lane, as far as it was leased.
type Lane struct {
	reader  Reader
	page    *notes.Thread
	entries []state.Queued
	now     time.Time // the store's
	// cut says that a larger lease would show more.
	cut        bool
	candidates []*candidate
	begun      *begun
}

// candidate is what is known of an entry before it runs.
type candidate struct {
	thread adapter.ThreadID
	// joins says that the entry is a message that a newer one may stand for.
	joins bool
	// row is the row that was begun with the entry, or nil.
	row *row
}

// New returns the lane of a lease. asked is how many entries were asked for.
func New(l *state.Lease, page *notes.Thread, asked int, reader Reader) *Lane {
	return &Lane{
		reader: reader, page: page, entries: l.Entries, now: l.Notes.Now, candidates: make([]*candidate, len(l.Entries)),
		// A lease of the largest size that holds fewer entries was ended by its
		// bytes: asking again shows no more.
		cut: asked < Most && l.Behind > 0,
	}
}

// Pick is what to do with a lease.
type Pick struct {
	// At is the entry to handle, and Older the ones that it stands for.
	At    int
	Older []int
	// Row says that the entry may stand for others, whether or not it does.
	Row bool
	// Wait is how long the lane is to wait before anything is handled.
	Wait time.Duration
	// More says that the choice needs a larger lease.
	More bool
}

// Choose says what to do with the lane.
func (l *Lane) Choose(ctx context.Context) (Pick, error) {
	for i := range l.entries {
		s, err := l.look(ctx, i)
		if err != nil {
			return Pick{}, err
		}
		if !s.joins {
			return Pick{At: i}, nil
		}
		newer, sure, err := l.newer(ctx, i)
		if err != nil {
			return Pick{}, err
		}
		if newer {
			continue
		}
		p, first := Pick{At: i, Row: true}, i
		for j := range i {
			if o := l.candidates[j]; o.joins && o.row == s.row && o.thread == s.thread {
				p.Older = append(p.Older, j)
				first = min(first, j)
			}
		}
		p.Wait = l.wait(first, i)
		p.More = p.Wait <= 0 && !sure && l.cut
		return p, nil
	}
	return Pick{More: true}, nil // the newest of a row that was begun is further behind
}

// wait returns how long a row waits of which these are the first and the newest. A
// message from after now says that the clock was set back. Then it is not known how long
// it has waited, and the store's own hold has to do.
func (l *Lane) wait(first, newest int) time.Duration {
	from, to := l.entries[first].EnqueuedAt, l.entries[newest].EnqueuedAt
	if from.After(l.now) || to.After(l.now) {
		return 0
	}
	return l.reader.Due(from, to).Sub(l.now)
}

// newer reports whether something newer stands for the entry i. sure is false
// if that may be further behind.
func (l *Lane) newer(ctx context.Context, i int) (newer, sure bool, err error) {
	s := l.candidates[i]
	if s.row != nil {
		return l.entries[i].ID != s.row.Newest, true, nil
	}
	for j := i + 1; j < len(l.entries); j++ {
		o, err := l.look(ctx, j)
		if err != nil {
			return false, false, err
		}
		if o.joins && o.row == nil && o.thread == s.thread {
			return true, true, nil
		}
	}
	return false, false, nil
}

// look finds out what would become of the entry i.
func (l *Lane) look(ctx context.Context, i int) (*candidate, error) {
	if l.candidates[i] == nil {
		s, err := l.place(ctx, i)
		switch {
		case err != nil && i > 0:
			// What comes before it does not suffer for it. It is looked at
			// again when it is first.
			s = &candidate{}
		case err != nil:
			return nil, err
		}
		l.candidates[i] = s
	}
	return l.candidates[i], nil
}

// place finds out whether an entry is a message that may be taken together with
// others.
func (l *Lane) place(ctx context.Context, i int) (*candidate, error) {
	thread, ok, err := l.reader.Message(ctx, i)
	if err != nil || !ok {
		return &candidate{}, err
	}
	s := &candidate{thread: thread}
	if s.row, err = l.rowOf(ctx, l.entries[i].ID); err != nil || s.row != nil {
		s.joins = s.row != nil
		return s, err
	}
	alone, err := l.reader.Alone(ctx, i)
	s.joins = !alone
	return s, err
}

// holds reports whether an entry is in the lease.
func (l *Lane) holds(id string) bool {
	return slices.ContainsFunc(l.entries, func(e state.Queued) bool { return e.ID == id })
}

// rowOf returns the row that was begun with an entry and whose newest is still
// there, or nil.
func (l *Lane) rowOf(ctx context.Context, id string) (*row, error) {
	if l.begun == nil {
		g, err := loadBegun(ctx, l.page)
		if err != nil {
			return nil, fmt.Errorf("bot: turns of %s: %w", l.page.Key().ID, err)
		}
		l.begun = g
	}
	r := l.begun.with(id)
	if r == nil || !l.cut && !l.holds(r.Newest) {
		return nil, nil
	}
	return r, nil
}
