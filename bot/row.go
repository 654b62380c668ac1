package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/envelope"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/questions"
	"github.com/linearbot/linearbot/state"
)

// Under the policies that take messages together, the entries of a lease are
// looked at before anything runs, and one turn of them is chosen. A row is a
// message and the older ones that it stands for.
//
//   - A message waits for a newer one that stands for it.
//   - What stands between the two, edits and answers to questions for example,
//     is handled first, in its order.
//   - A row whose time has not come holds the lane.
//   - A row that was begun stays as it is until it is done (begun.go).
//
// One turn is run under a lease, as in all other lanes, so that what is done is
// settled at once.

const (
	// narrow is how many entries of a lane are leased where messages are taken
	// together: more than wait in nearly all threads, and little to read again
	// where a lane is long and nothing in it is taken together.
	narrow = 8
	// coalesced is the most entries that are taken together. That many are
	// leased when narrow has turned out to be too few, and for wideFor
	// afterwards, which is long enough to meet the lane again.
	coalesced = 200
	wideFor   = 10 * time.Second
	// wideBytes bounds what a lease of many entries may hold.
	wideBytes = 1 << 20
)

// leaseSize returns how much of a lane is leased at once.
func (b *Bot) leaseSize() (entries, bytes int) {
	switch {
	case !b.cfg.Policy.coalesces():
		return 1, 0
	case time.Now().UnixNano() < b.wide.Load():
		return coalesced, wideBytes
	default:
		return narrow, wideBytes
	}
}

// lane is the front of a lane, as far as it was leased.
type lane struct {
	bot     *Bot
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
	// turn is nil if the entry was not opened.
	turn *Turn
	// joins says that the entry is a message that a newer one may stand for.
	joins bool
	// row is the row that was begun with the entry, or nil.
	row *row
}

// thread is the thread of a message. A lane may hold messages of several, where
// only their content tells which.
func (s *candidate) thread() adapter.ThreadID { return s.turn.thread.id }

// pick is what to do with a lease.
type pick struct {
	// at is the entry to handle, and older the ones that it stands for.
	at    int
	older []int
	// wait is how long the lane is to wait before anything is handled.
	wait time.Duration
	// more says that the choice needs a larger lease.
	more bool
}

func (b *Bot) newLane(l *state.Lease, page *notes.Thread, asked int) *lane {
	return &lane{
		bot: b, page: page, entries: l.Entries, now: l.Notes.Now, candidates: make([]*candidate, len(l.Entries)),
		// A lease of the largest size that holds fewer entries was ended by its
		// bytes: asking again shows no more.
		cut: asked < coalesced && l.Behind > 0,
	}
}

// together runs the turn that is first in a lane, with the messages that it
// stands for. They are done when it is. If it is to be tried again they stay
// with it, and if it fails for good, or no handler took it, they are handled by
// themselves.
func (b *Bot) together(ctx context.Context, log *zerolog.Logger, l *lane) []state.Verdict {
	limited, cancel := context.WithTimeoutCause(ctx, b.cfg.TurnTimeout, ErrTurnTimeout)
	defer cancel()
	p, err := l.choose(limited)
	first := l.entries[0]
	switch {
	case err != nil:
		ctx, leave := b.traced(ctx, l.page, &first)
		defer leave()
		return []state.Verdict{b.conclude(ctx, log, first, nil, nil, err)}
	case p.more:
		b.wide.Store(time.Now().Add(wideFor).UnixNano())
		return []state.Verdict{state.Return(first.ID, 0)}
	case p.wait > 0:
		log.Debug().Dur(keyWait, p.wait).Msg("thread waits for further messages")
		return []state.Verdict{state.Return(first.ID, p.wait)}
	}
	s := l.candidates[p.at]
	if s.turn == nil {
		return b.alone(ctx, log, l.page, &l.entries[p.at])
	}
	ctx, leave := b.traced(ctx, l.page, &l.entries[p.at])
	defer leave()
	b.noteOpened(ctx, s.turn.event)
	if v := b.crashed(ctx, log, l.page, l.entries[p.at]); v != nil {
		return []state.Verdict{*v}
	}
	return b.runRow(ctx, log, l, p)
}

// runRow runs the turn of a row and returns the verdicts on all of it.
func (b *Bot) runRow(ctx context.Context, log *zerolog.Logger, l *lane, p pick) []state.Verdict {
	e, s := l.entries[p.at], l.candidates[p.at]
	own := named(log.With(), &e).Logger()
	log = &own
	var (
		end *outcome
		err error
	)
	if s.joins && !b.cfg.Policy.takesOver() {
		err = l.begin(ctx, p)
	}
	if err == nil {
		var older []*Turn
		for _, i := range p.older {
			older = append(older, l.candidates[i].turn)
		}
		end, err = b.run(ctx, log, s.turn, older)
	}
	v := b.conclude(ctx, log, e, s.turn, end, err)
	if _, ran := errors.AsType[*failure](err); ran && s.joins && v.Kind == state.KindRetryAside {
		l.stepAside(p, v.After)
	}
	verdicts := []state.Verdict{v}
	for _, i := range p.older {
		switch {
		case v.Kind == state.KindAck && (IsParked(err) || end != nil && end.spoke):
			b.counts.add(countSkipped, "")
			b.noteSkipped(ctx, l.page, l.candidates[i].turn, s.turn)
			l.candidates[i].turn.settleWord(ctx)
			verdicts = append(verdicts, state.Ack(l.entries[i].ID))
		case v.Kind == state.KindRetryAside:
			aside := state.RetryAside(l.entries[i].ID, v.After, v.Cause)
			aside.Free = true
			verdicts = append(verdicts, aside)
		}
	}
	return verdicts
}

// choose says what to do with the lane.
func (l *lane) choose(ctx context.Context) (pick, error) {
	for i := range l.entries {
		s, err := l.look(ctx, i)
		if err != nil {
			return pick{}, err
		}
		if !s.joins {
			return pick{at: i}, nil
		}
		newer, sure, err := l.newer(ctx, i)
		if err != nil {
			return pick{}, err
		}
		if newer {
			continue
		}
		p, first := pick{at: i}, i
		for j := range i {
			if o := l.candidates[j]; o.joins && o.row == s.row && o.thread() == s.thread() {
				p.older = append(p.older, j)
				first = min(first, j)
			}
		}
		p.wait = l.bot.cfg.Policy.due(l.entries[first].EnqueuedAt, l.entries[i].EnqueuedAt).Sub(l.now)
		p.more = p.wait <= 0 && !sure && l.cut
		return p, nil
	}
	return pick{more: true}, nil // the newest of a row that was begun is further behind
}

// newer reports whether something newer stands for the entry i. sure is false
// if that may be further behind.
func (l *lane) newer(ctx context.Context, i int) (newer, sure bool, err error) {
	s := l.candidates[i]
	if s.row != nil {
		return l.entries[i].ID != s.row.Newest, true, nil
	}
	for j := i + 1; j < len(l.entries); j++ {
		o, err := l.look(ctx, j)
		if err != nil {
			return false, false, err
		}
		if o.joins && o.row == nil && o.thread() == s.thread() {
			return true, true, nil
		}
	}
	return false, false, nil
}

// look finds out what would become of the entry i. Nothing runs and nothing is
// changed.
func (l *lane) look(ctx context.Context, i int) (*candidate, error) {
	if l.candidates[i] == nil {
		s, err := l.place(ctx, l.entries[i])
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
// others. Other events are not read further, and neither is what a crash left:
// opening it may be what kills the process.
func (l *lane) place(ctx context.Context, e state.Queued) (*candidate, error) {
	b, s := l.bot, &candidate{}
	d, err := envelope.Unpack(e.Body)
	if err != nil || isResumed(&e) || e.Attempt > b.mostAttempts()+bystanderOf(ctx, l.page, e) {
		return s, nil //nolint:nilerr // its own turn fails with it
	}
	if to, err := b.cfg.Adapter.Route(d); err != nil || !to.Message {
		return s, nil //nolint:nilerr // as above
	}
	if s.turn, err = b.open(ctx, l.page, e); err != nil {
		return nil, err
	}
	t := s.turn
	ev, ok := t.event.(*adapter.MessageEvent)
	if !ok || t.thread == nil || ev.Message.Author.IsSelf() {
		return s, nil
	}
	t.message = b.newMessage(ev.Message, t.self, ev.Late, t.Attempt())
	if b.refuses(t.message) != "" {
		return s, nil
	}
	if s.row, err = l.rowOf(ctx, e.ID); err != nil || s.row != nil {
		s.joins = s.row != nil
		return s, err
	}
	apart, err := b.apart(ctx, t)
	s.joins = !apart
	return s, err
}

// apart reports whether a message is handled alone under every policy:
// because it answers a question, or because a person asked to stop after
// it.
func (b *Bot) apart(ctx context.Context, t *Turn) (bool, error) {
	open, err := questions.OpenIn(ctx, t.notes)
	if err != nil {
		return false, err
	}
	if open.Answered(t.head().Key) {
		return true, nil
	}
	if r, _, err := b.reply(ctx, t, open); err != nil || r != nil {
		return r != nil, err
	}
	s, err := loadStop(ctx, t.notes)
	return s.ends(t), err
}

// holds reports whether an entry is in the lease.
func (l *lane) holds(id string) bool {
	return slices.ContainsFunc(l.entries, func(e state.Queued) bool { return e.ID == id })
}

// rowOf returns the row that was begun with an entry and whose newest is still
// there, or nil.
func (l *lane) rowOf(ctx context.Context, id string) (*row, error) {
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
