package bot

import (
	"cmp"
	"context"
	"errors"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/decisions"
	"github.com/linearbot/linearbot/bot/internal/tally"
	"github.com/linearbot/linearbot/bot/internal/verdict"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/internal/turns"
	"github.com/linearbot/linearbot/state"
)

// verdict says what becomes of an entry whose turn ended with err.
func (b *Bot) verdict(ctx context.Context, log *zerolog.Logger, e *state.Queued, err error) state.Verdict {
	if err == nil || errors.Is(err, verdict.ErrNoTurn) {
		return state.Ack(e.ID)
	}
	t := verdict.Turn{
		Entry: *e, Err: err, Cause: context.Cause(ctx), Retry: b.retryOf(err),
		TimedOut: errors.Is(err, ErrTurnTimeout), TakenOver: errors.Is(err, ErrTakenOver), Parked: IsParked(err),
	}
	if panicked, ok := errors.AsType[*PanicError](err); ok {
		t.Stack = append([]byte{}, panicked.Stack...)
	}
	d := verdict.Of(t)
	b.decided(ctx, log, e, &d, err)
	return d.Verdict
}

// decided tells the trace, the counters and the log what becomes of an entry. err may
// be nil.
func (b *Bot) decided(ctx context.Context, log *zerolog.Logger, e *state.Queued, d *verdict.Decision, err error) {
	b.decisions.Decided(ctx, d)
	if d.Reason == reason.IdentityUnknown { // once, and not for every lane
		d.Level = b.unknown.level(err)
	}
	if d.Kind == verdict.Dropped {
		return
	}
	line := log.WithLevel(d.Level)
	switch d.Kind {
	case verdict.Returned:
		b.counts.Add(tally.Returned, "")
		if d.Reason != reason.TakenOver {
			line = line.Err(err)
		}
		if d.Wait > 0 {
			line = line.Dur(keyWait, d.Wait)
		}
	case verdict.Yielded:
		line = line.Dur(keyWait, d.Wait)
	case verdict.Parked:
		b.counts.Add(tally.Parked, "")
	case verdict.Retried:
		b.counts.Add(tally.Retried, "")
		b.counts.Add(tally.Failed, d.Reason)
		line = line.Err(err).Int(keyAttempt, e.Attempt).Dur(keyWait, d.Wait).Bool("aside", d.Verdict.Kind == state.VerdictRetryAside)
	case verdict.Buried:
		b.counts.Add(tally.Buried, "")
		b.counts.Add(tally.Failed, d.Reason)
		line = line.Err(err).Int(keyAttempt, e.Attempt).Str("code", d.Reason).Str("reference", verdict.Reference(e.ID))
		if stack := d.Verdict.Cause.Stack; stack != "" {
			line = line.Str("stack", stack)
		}
	default:
	}
	line.Msg(d.Says)
}

// retryOf returns how often, and with which waits, a turn that failed with err
// is tried: as its handler says, or else the bot.
func (b *Bot) retryOf(err error) turns.Retry {
	policy := turns.Retry{MaxAttempts: b.cfg.MaxAttempts, Backoff: b.cfg.Backoff, HoldFor: b.cfg.HoldFor}
	if failed, ok := errors.AsType[*failure](err); ok {
		own := &failed.handler.options
		policy.MaxAttempts = cmp.Or(own.MaxAttempts, policy.MaxAttempts)
		if own.Backoff != nil {
			policy.Backoff = own.Backoff
		}
	}
	return policy
}

// crashed returns the verdict on an entry that has used up its attempts before
// it is opened, and otherwise nil.
func (b *Bot) crashed(ctx context.Context, log *zerolog.Logger, page *notes.Thread, e *state.Queued) *state.Verdict {
	if !b.isSpent(ctx, page, e) || errors.Is(context.Cause(ctx), ErrLeaseLost) {
		return nil
	}
	if now, err := page.Now(ctx); err == nil && b.cfg.Policy.p.Coalesces() {
		verdict.MarkCrash(page, e, now)
	}
	// What its request has recorded may be lost with the process.
	if _, to, ok := b.peek(e); ok {
		decisions.Routed(adapter.TraceOf(ctx), e.ID, &to)
	}
	d := verdict.Bury(e.ID, verdict.CrashCause())
	b.decided(ctx, log, e, &d, nil)
	b.failed(ctx, log, e, nil, d.Verdict.Cause, nil)
	return &d.Verdict
}

// isSpent reports whether an entry that was not opened has used up its attempts, so
// that opening it may be what ends the process.
func (b *Bot) isSpent(ctx context.Context, page *notes.Thread, e *state.Queued) bool {
	// The most attempts that any turn may have.
	most := b.registry.mostAttempts(b.cfg.MaxAttempts)
	return e.Attempt > most && e.Attempt > most+verdict.Spared(ctx, page, e)
}
