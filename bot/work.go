package bot

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/decisions"
	"github.com/linearbot/linearbot/bot/internal/halt"
	"github.com/linearbot/linearbot/bot/internal/own"
	"github.com/linearbot/linearbot/bot/internal/tally"
	"github.com/linearbot/linearbot/bot/internal/verdict"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/internal/wording"
	"github.com/linearbot/linearbot/state"
)

// The way of a turn, from the lease to the verdict:
//
//	work      what of the lease is handled: the first entry, or a row of
//	          messages that one turn stands for (row.go)
//	open      entry → Turn: unpack, who the bot is, decode, resolve (turn.go)
//	stages    one run of the turn, in this order:
//	  stop      a person asked to stop, or deleted the message: over (stop.go, on package halt)
//	  hear      what the message says to the bot, or why it does not listen (hear.go)
//	  itself    what an event asks of the bot itself: obey a stop, read a press
//	            (button.go), post what was scheduled (schedule.go)
//	  answer    an answer to a question that waits: over (answer.go)
//	  breaker   two programs talk in circles: over (hear.go)
//	  route     the groups of handlers, in order (route.go)
//	  dispatch  the first group that takes the turn (dispatch.go); before each
//	            handler: session first, one act, access, and someone who
//	            looks after the session (keeper.go, on package attend)
//	verdict   what the error means for the entry (verdict.go)
//
// A stage returns what it found out; an outcome ends the turn.

// outcome is how a turn ended if not with an error.
type outcome struct {
	// ignored is the reason why no handler had the turn. Empty if one had, or
	// if the bot itself did what the event asks for.
	ignored string
	// detail goes with the reason in traces. May be empty.
	detail string
	// spoke says that a handler took the turn with the messages that it stands
	// for, so that these are done too.
	spoke bool
}

// handled is the outcome of a turn that did what it was for.
func handled() *outcome { return &outcome{} }

// ignored is the outcome of a turn that no handler had.
func ignored(why string) *outcome { return &outcome{ignored: why} }

// run is one run of a turn: what its stages have found out.
type run struct {
	*Turn

	log zerolog.Logger
	// deadline is when the time of all handlers together is over.
	deadline time.Time
	// older are the messages that the turn stands for, and heard those of them
	// to whose authors the bot listens.
	older, heard []*Turn
	// access is what Config.Access has decided; nil until it was asked.
	access *Decision
	// claimed says that the turn speaks for its act, and begun that it is registered to
	// be ended.
	claimed, begun bool

	// limit is what limited returned last, for the deadline limitAt.
	limit       context.Context //nolint:containedctx // one context for all stages
	limitAt     time.Time
	cancelLimit context.CancelFunc
}

// limited returns a context that ends with the time of the turn. The stages before
// a handler share it with the handler; it is canceled when the handler returns.
func (r *run) limited(ctx context.Context) context.Context {
	if r.limit == nil || !r.limitAt.Equal(r.deadline) {
		r.unlimit()
		r.limit, r.cancelLimit = context.WithDeadlineCause(ctx, r.deadline, ErrTurnTimeout)
		r.limitAt = r.deadline
	}
	return r.limit
}

// unlimit ends what limited returned.
func (r *run) unlimit() {
	if r.cancelLimit != nil {
		r.cancelLimit()
	}
	r.limit, r.cancelLimit = nil, nil
}

// A handler may wait for minutes, thousands of them at a time, and what is on the
// stack below it waits as long. A stack is a power of two, and the collector halves one
// of which less than a quarter is used: with 3,300 bytes from the goroutine to a timer
// that a handler waits for, each kept 16 KB, and with 2,700 it keeps 8. So the functions
// from work to call keep little there: what comes before and after the handler is in
// functions of its own that are not inlined, and entries are passed by their address.

// work handles what a lease holds.
func (b *Bot) work(ctx context.Context, l *state.Lease, asked int) state.Settlement {
	page := b.pageOf(l)
	var verdicts []state.Verdict
	if b.cfg.Policy.p.Coalesces() {
		verdicts = b.together(ctx, b.logOf(l, nil), b.newLane(l, page, asked))
	} else {
		verdicts = b.alone(ctx, b.logOf(l, &l.Entries[0]), page, &l.Entries[0])
	}
	return state.Settlement{Verdicts: verdicts, Notes: page.Staged()}
}

// pageOf returns the notes that came with a lease.
//
//go:noinline
func (b *Bot) pageOf(l *state.Lease) *notes.Thread { return b.notes.Leased(l) }

// logOf returns the log of a lease, or of an entry of it.
//
//go:noinline
func (b *Bot) logOf(l *state.Lease, e *state.Queued) *zerolog.Logger {
	fields := b.log.With().Str(keyThread, l.Lane.ID)
	if e != nil {
		fields = named(fields, e)
	}
	log := fields.Logger()
	return &log
}

// alone runs the turn of one entry.
func (b *Bot) alone(ctx context.Context, log *zerolog.Logger, page *notes.Thread, e *state.Queued) []state.Verdict {
	ctx, leave := b.decisions.Begin(ctx, e, page.Now)
	defer leave()
	t, older, over, err := b.prepare(ctx, log, page, e)
	if over != nil {
		return over
	}
	var end *outcome
	if err == nil {
		end, err = b.run(ctx, log, t, older)
	}
	return b.concluded(ctx, log, e, t, end, err)
}

// prepare opens the turn of an entry, unless the entry is over already.
//
//go:noinline
func (b *Bot) prepare(
	ctx context.Context, log *zerolog.Logger, page *notes.Thread, e *state.Queued,
) (t *Turn, older []*Turn, over []state.Verdict, err error) {
	greeted := b.begins(e)
	if v := b.crashed(ctx, log, page, e); v != nil {
		return nil, nil, []state.Verdict{*v}, nil
	}
	t, err = b.open(ctx, page, *e)
	if t != nil {
		t.session.Greeted(greeted)
	}
	if err == nil && isResumed(e) {
		older, err = b.skippedBy(ctx, page, t)
	}
	return t, older, nil, err
}

//go:noinline
func (b *Bot) concluded(ctx context.Context, log *zerolog.Logger, e *state.Queued, t *Turn, end *outcome, err error) []state.Verdict {
	return []state.Verdict{b.conclude(ctx, log, *e, t, end, err)}
}

// begins says that an entry is about to be handled, so that the intake leaves its session
// to it, and reports whether it has spoken. An entry that is only looked at, because its
// policy waits for more messages, has not begun: people see nothing of it yet.
func (b *Bot) begins(e *state.Queued) (greeted bool) {
	return b.greeter.Begun(e.ID, b.mayBeInSession(e))
}

// run runs a turn, which stands for older messages, and says how it ended. An
// error decides the fate of its entry, see verdict.go.
func (b *Bot) run(ctx context.Context, log *zerolog.Logger, t *Turn, older []*Turn) (*outcome, error) {
	r := b.newRun(log, t, older)
	// Everything that can end a turn cancels this context; the first cause wins.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer b.leaves(r)
	if err := b.begin(ctx, r, cancel); err != nil {
		return nil, err
	}
	var end *outcome
	var err error
	if halt.Why(ctx) == "" {
		end, err = b.stages(withTurn(ctx, t), r)
		b.endTyping(ctx, t)
	}
	return b.ended(ctx, r, end, err)
}

// newRun returns a run of a turn, which stands for older messages.
//
//go:noinline
func (b *Bot) newRun(log *zerolog.Logger, t *Turn, older []*Turn) *run {
	for _, s := range older {
		t.olderBodies = append(t.olderBodies, s.entry.Body)
		t.halted.Others = append(t.halted.Others, s.entry.ID)
	}
	return &run{Turn: t, older: older, deadline: time.Now().Add(b.cfg.TurnTimeout), log: *log}
}

// begin registers a run with everything that can end it. leaves must be called when the
// run is over, whether or not there was an error.
//
//go:noinline
func (b *Bot) begin(ctx context.Context, r *run, cancel context.CancelCauseFunc) error {
	r.ended = func() error {
		if halt.Why(ctx) == "" {
			return nil
		}
		return context.Cause(ctx)
	}
	b.enters(r.Turn, cancel)
	if err := b.stoppable(ctx, r, cancel); err != nil {
		return err
	}
	r.begun = true
	return nil
}

// leaves undoes begin.
//
//go:noinline
func (b *Bot) leaves(r *run) {
	r.unlimit()
	if r.begun {
		b.unstoppable(r)
	}
	b.members.Exit(r.Turn)
}

// ended returns the outcome of a run from what its last stage returned.
//
//go:noinline
func (b *Bot) ended(ctx context.Context, r *run, end *outcome, err error) (*outcome, error) {
	err = b.release(ctx, r, end, err)
	if why := halt.Why(ctx); why != "" {
		return ignored(why), nil // it is not retried, with or without an error
	}
	if err != nil && errors.Is(context.Cause(ctx), ErrTakenOver) {
		return nil, ErrTakenOver
	}
	return end, err
}

// stages takes a turn through its stages until one ends it.
func (b *Bot) stages(ctx context.Context, r *run) (*outcome, error) {
	if end, err := b.hear(ctx, r); end != nil || err != nil {
		return end, err
	}
	switch ev := r.event.(type) {
	case *adapter.StopEvent:
		if end, err := b.obeyStop(ctx, r); end != nil || err != nil {
			return end, err
		}
	case *adapter.DeleteEvent:
		if err := b.closeQuestionsAbout(r.limited(ctx), r, ev); err != nil {
			return nil, err
		}
	case *adapter.ActionEvent:
		if err := b.readPress(ctx, r, ev); err != nil {
			return nil, err
		}
	case *own.PostEvent:
		return b.postDue(ctx, r, ev)
	case *own.WaitEvent:
		return b.showWaiting(ctx, r, ev)
	case *own.EndEvent:
		return b.postEnd(ctx, r, ev)
	case *adapter.OtherEvent:
		if ev.Missing != "" {
			b.warnMissing(ev.Type, ev.Action, ev.Workspace, ev.Missing)
		}
		return &outcome{ignored: ev.Reason, detail: ev.Missing}, nil
	case *adapter.MessageEvent:
		if err := b.yieldToStop(ctx, r); err != nil {
			return nil, err
		}
	default: // nothing is to be done before the handlers
	}
	if end, err := b.answer(ctx, r); end != nil || err != nil {
		return end, err
	}
	if end, err := b.breaker(ctx, r); end != nil || err != nil {
		return end, err
	}
	switch ev := r.event.(type) {
	case *adapter.IssueEvent:
		return b.dispatchIssue(ctx, r, ev)
	case *adapter.EditEvent:
		return b.dispatchEdit(ctx, r, ev)
	default: // routed by its kind
	}
	groups, err := b.routed(ctx, r)
	if err != nil {
		return nil, err
	}
	return b.dispatch(ctx, r, groups...)
}

// conclude counts and logs how a turn ended, and returns the verdict on its
// entry. t is nil if there was no turn.
func (b *Bot) conclude(ctx context.Context, log *zerolog.Logger, e state.Queued, t *Turn, end *outcome, err error) state.Verdict {
	v := b.verdict(ctx, log, &e, err)
	b.noteEnd(ctx, t, end, err)
	if v.Kind == state.VerdictBury {
		b.failed(ctx, log, &e, t, v.Cause, err)
	}
	if t == nil {
		return v
	}
	t.showRetry(ctx, v, err)
	if v.Kind == state.VerdictAck || v.Kind == state.VerdictBury {
		b.stopConfirmed(ctx, log, t)
		t.session.Settle(ctx)
	}
	switch {
	case err == nil && end.ignored != "":
		b.ignore(log, t.head(), end.ignored)
	case err == nil:
		b.counts.Add(tally.Handled, "")
	}
	if err == nil || v.Kind == state.VerdictBury {
		t.unpin()
	}
	t.keepSent(v.Kind == state.VerdictAck && !IsParked(err) || v.Kind == state.VerdictBury || errors.Is(err, ErrTakenOver))
	if t.notes.Key() != e.Lane.Thread() {
		// The settle of the lane takes along the notes of its own thread only.
		if err := t.notes.Flush(ctx); err != nil {
			log.Warn().Err(err).Msg("notes of the turn could not be stored")
		}
	}
	return v
}

// noteEnd tells the trace how a turn ended that did not fail.
func (b *Bot) noteEnd(ctx context.Context, t *Turn, end *outcome, err error) {
	switch {
	case b.cfg.Tracer == nil:
	case errors.Is(err, verdict.ErrNoTurn):
		b.decisions.Why(ctx, reason.NoTurn, nil)
	case err != nil || t == nil:
	case end.ignored == reason.NotMentioned:
		detail := decisions.Listens(b.names(t.self).Handles, t.self.App)
		b.decisions.Add(ctx, adapter.TraceStep{Code: end.ignored, Detail: detail})
	case end.ignored != "":
		b.decisions.Add(ctx, adapter.TraceStep{Code: end.ignored, Detail: end.detail})
	default:
		b.decisions.Why(ctx, reason.Handled, nil)
	}
}

// ignore counts and logs that no handler gets an event.
func (b *Bot) ignore(log *zerolog.Logger, head *adapter.Meta, why string) {
	b.counts.Add(tally.Ignored, why)
	log.Debug().
		Str(keyType, head.Type+" "+head.Action).
		Str(keyWorkspace, head.Workspace).
		Str(keyEvent, wording.ID(head.Key)).
		Str(keyReason, why).
		Msg("event ignored")
}

// warnMissing logs that an authentic event cannot be understood. It may be that the
// platform changed.
func (b *Bot) warnMissing(typ, action, workspace, missing string) {
	b.log.Warn().
		Str(keyType, clipped(typ+" "+action)).
		Str(keyWorkspace, clipped(workspace)).
		Str(keyMissing, missing).
		Msg("a signed delivery cannot be read: something is missing in it")
}

// clipped bounds what a sender's words add to the log.
func clipped(s string) string { return clip(s, 100) }

// clip cuts a text to about so many bytes.
func clip(s string, most int) string {
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
