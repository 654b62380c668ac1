package bot

import (
	"context"
	"errors"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/halt"
	"github.com/linearbot/linearbot/bot/internal/rows"
	"github.com/linearbot/linearbot/bot/internal/tally"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/state"
)

// Under the policies that take messages together, the entries of a lease are
// looked at before anything runs, and one turn of them is chosen; see package rows.
// One turn is run under a lease, as in all other lanes, so that what is done is
// settled at once.

// leaseSize returns how much of a lane is leased at once.
func (b *Bot) leaseSize() (entries, bytes int) {
	if !b.cfg.Policy.p.Coalesces() {
		return 1, 0
	}
	return b.size.Lease()
}

// lane is the front of a lane, as far as it was leased. It is the [rows.Reader] of its
// rows.
type lane struct {
	*rows.Lane

	bot     *Bot
	page    *notes.Thread
	entries []state.Queued
	turns   []*Turn // nil for entries that were not opened
}

func (b *Bot) newLane(l *state.Lease, page *notes.Thread, asked int) *lane {
	out := &lane{bot: b, page: page, entries: l.Entries, turns: make([]*Turn, len(l.Entries))}
	out.Lane = rows.New(l, page, asked, out)
	return out
}

// together runs the turn that is first in a lane, with the messages that it
// stands for. They are done when it is. If it is to be tried again they stay
// with it, and if it fails for good, or no handler took it, they are handled by
// themselves.
func (b *Bot) together(ctx context.Context, log *zerolog.Logger, l *lane) []state.Verdict {
	limited, cancel := context.WithTimeoutCause(ctx, b.cfg.TurnTimeout, ErrTurnTimeout)
	defer cancel()
	p, err := l.Choose(limited)
	first := l.entries[0]
	switch {
	case err != nil:
		b.begins(&first)
		ctx, leave := b.decisions.Begin(ctx, &first, l.page.Now)
		defer leave()
		return []state.Verdict{b.conclude(ctx, log, first, nil, nil, err)}
	case p.More:
		b.size.Widen()
		return []state.Verdict{state.Return(first.ID, 0)}
	case p.Wait > 0:
		log.Debug().Dur(keyWait, p.Wait).Msg("thread waits for further messages")
		return []state.Verdict{state.Return(first.ID, p.Wait)}
	}
	t := l.turns[p.At]
	if t == nil {
		return b.alone(ctx, log, l.page, &l.entries[p.At])
	}
	ctx, leave := b.decisions.Begin(ctx, &l.entries[p.At], l.page.Now)
	defer leave()
	for _, i := range append(p.Older, p.At) {
		l.turns[i].session.Greeted(b.begins(&l.entries[i]))
	}
	b.decisions.Opened(ctx, t.event)
	if v := b.crashed(ctx, log, l.page, &l.entries[p.At]); v != nil {
		return []state.Verdict{*v}
	}
	return b.runRow(ctx, log, l, p)
}

// runRow runs the turn of a row and returns the verdicts on all of it.
func (b *Bot) runRow(ctx context.Context, log *zerolog.Logger, l *lane, p rows.Pick) []state.Verdict {
	e, t := l.entries[p.At], l.turns[p.At]
	own := named(log.With(), &e).Logger()
	log = &own
	var (
		end *outcome
		err error
	)
	if p.Row && !b.cfg.Policy.p.TakesOver() {
		err = l.Begin(ctx, p)
	}
	if err == nil {
		var older []*Turn
		for _, i := range p.Older {
			older = append(older, l.turns[i])
		}
		end, err = b.run(ctx, log, t, older)
	}
	v := b.conclude(ctx, log, e, t, end, err)
	if _, ran := errors.AsType[*failure](err); ran && p.Row && v.Kind == state.VerdictRetryAside {
		l.StepAside(p, b.cfg.TurnTimeout, v.After)
	}
	verdicts := []state.Verdict{v}
	for _, i := range p.Older {
		switch {
		case v.Kind == state.VerdictAck && (IsParked(err) || end != nil && end.spoke):
			b.counts.Add(tally.Skipped, "")
			b.noteSkipped(ctx, l.page, l.turns[i], t)
			l.turns[i].session.Settle(ctx)
			verdicts = append(verdicts, state.Ack(l.entries[i].ID))
		case v.Kind == state.VerdictRetryAside:
			aside := state.RetryAside(l.entries[i].ID, v.After, v.Cause)
			aside.Free = true
			verdicts = append(verdicts, aside)
		}
	}
	return verdicts
}

// noteSkipped tells the trace of a message that it was handled together with a newer
// one.
func (b *Bot) noteSkipped(ctx context.Context, page *notes.Thread, t *Turn, by *Turn) {
	ctx, end := b.decisions.Begin(ctx, &t.entry, page.Now)
	defer end()
	b.decisions.Opened(ctx, t.event)
	b.decisions.Add(ctx, adapter.TraceStep{Code: reason.Skipped, Detail: "together with " + by.head().Key})
}

// Due is when the policy has messages handled.
func (l *lane) Due(first, newest time.Time) time.Time { return l.bot.cfg.Policy.p.Due(first, newest) }

// Message returns the thread of a message that may be taken together with others.
// Other events are not read further, and neither is what a crash left: opening it may
// be what kills the process.
func (l *lane) Message(ctx context.Context, i int) (adapter.ThreadID, bool, error) {
	b, e := l.bot, l.entries[i]
	if _, to, ok := b.peek(&e); !ok || !to.Message || isResumed(&e) || b.isSpent(ctx, l.page, &e) {
		return "", false, nil // its own turn fails with it, if it does
	}
	t, err := b.open(ctx, l.page, e)
	if err != nil {
		return "", false, err
	}
	l.turns[i] = t
	ev, ok := t.event.(*adapter.MessageEvent)
	if !ok || t.thread == nil || ev.Message.Author.IsSelf() {
		return "", false, nil
	}
	t.message = b.newMessage(ev.Message, t.self, ev.Late, t.Attempt())
	return t.thread.id, b.refuses(t.message) == "", nil
}

// Alone reports whether a message is handled by itself under every policy: because it
// answers a question, or because a person asked to stop after it.
func (l *lane) Alone(ctx context.Context, i int) (bool, error) { return l.bot.apart(ctx, l.turns[i]) }

// apart reports whether a message is handled alone under every policy:
// because it answers a question, or because a person asked to stop after
// it.
func (b *Bot) apart(ctx context.Context, t *Turn) (bool, error) {
	heard, err := b.questions.Hear(ctx, t.notes, t.said(), t.entry.EnqueuedAt)
	if err != nil || heard.Again || heard.Reply != nil {
		return err == nil, err
	}
	s, err := halt.LastStop(ctx, t.notes)
	return t.halts().StoppedBy(s), err
}
