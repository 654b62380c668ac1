package bot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/internal/turns"
	"github.com/linearbot/linearbot/state"
)

// unreadyError says that a turn could not begin because the bot cannot learn
// who it is. The turn is not to blame, so no attempt is counted.
type unreadyError struct {
	wait time.Duration
	err  error
}

func (e *unreadyError) Error() string { return identityText(e.err) }
func (e *unreadyError) Unwrap() error { return e.err }

// identityError says that the bot may not know who it is until someone changes
// its configuration.
type identityError struct{ err error }

func (e *identityError) Error() string { return identityText(e.err) }
func (e *identityError) Unwrap() error { return e.err }

// identityText says that err is about who the bot is, unless it says so itself.
func identityText(err error) string {
	const op = "identity"
	if api, ok := errors.AsType[*adapter.Error](err); ok && api.Op == op {
		return err.Error()
	}
	return op + ": " + err.Error()
}

// errNoTurn says that an entry needs no turn.
var errNoTurn = errors.New("bot: no turn is needed")

// yieldError says that a turn waits for something that goes first.
type yieldError struct {
	wait time.Duration
	why  string
	// inOrder says that the lane waits with it. Otherwise the turn steps aside.
	inOrder bool
}

func (e *yieldError) Error() string { return e.why }

const (
	// rateLimitWait is the wait for a new budget if the platform names no time.
	rateLimitWait = time.Minute
	// forbiddenAttempts is how often a turn is tried that may not do what it
	// does.
	forbiddenAttempts = 3
)

// forbiddenBackoff waits for minutes: permissions are given by people.
func forbiddenBackoff(attempt int) time.Duration {
	return time.Minute*time.Duration(attempt*attempt) + jitter(time.Second)
}

// hopeless reports whether an error is one that no waiting heals.
func hopeless(err error) bool {
	switch adapter.CodeOf(err) {
	case adapter.CodeNotFound, adapter.CodeInvalid, adapter.CodeUnsupported, adapter.CodeAppendOnly, adapter.CodeConflict:
		return true
	default:
		return false
	}
}

// fullWait is about half of how long a turn waits for room in the store.
const fullWait = 15 * time.Second

// verdict says what becomes of an entry whose turn ended with err.
func (b *Bot) verdict(ctx context.Context, log *zerolog.Logger, e state.Queued, err error) state.Verdict {
	if err == nil || errors.Is(err, errNoTurn) {
		return state.Ack(e.ID)
	}
	return b.verdictOn(ctx, log, e, err)
}

// verdictOn says what becomes of an entry whose turn failed or is to wait.
func (b *Bot) verdictOn(ctx context.Context, log *zerolog.Logger, e state.Queued, err error) state.Verdict {
	var (
		permanent *permanentError
		retry     *retryError
		api       *adapter.Error
		unready   *unreadyError
		yield     *yieldError
		unsaid    *identityError
	)
	policy := b.retryOf(err)
	switch {
	case errors.Is(context.Cause(ctx), ErrLeaseLost):
		b.noteWait(ctx, reason.LeaseLost, nil, 0)
		return state.Return(e.ID, 0) // dropped: another process has the lane
	case errors.Is(context.Cause(ctx), ErrDraining):
		b.counts.add(countReturned, "")
		b.noteWait(ctx, reason.Draining, nil, 0)
		log.Info().Err(err).Msg("turn handed back: the process stops")
		return state.Return(e.ID, 0)
	case errors.Is(err, ErrTakenOver):
		b.counts.add(countReturned, "")
		b.noteWait(ctx, reason.TakenOver, nil, 0)
		log.Info().Msg("turn canceled: a newer message takes over")
		return state.Return(e.ID, 0)
	case errors.As(err, &unready):
		b.counts.add(countReturned, "")
		b.noteWait(ctx, reason.IdentityUnknown, err, unready.wait)
		log.WithLevel(b.unknown.level(err)).Err(err).Dur(keyWait, unready.wait).Msg("turn waits: the bot does not know yet who it is")
		return state.Return(e.ID, unready.wait)
	case errors.Is(err, state.ErrFull):
		// The lane continues: what waits in it is what fills the store.
		b.counts.add(countReturned, "")
		wait := fullWait + jitter(fullWait)
		b.noteWait(ctx, reason.NoRoom, err, wait)
		log.Warn().Err(err).Dur(keyWait, wait).Msg("turn steps aside: the store is full")
		v := state.RetryAside(e.ID, wait, cause(err, reason.NoRoom))
		v.Free = true
		return v
	case errors.Is(err, state.ErrUnavailable):
		// The store's fault and not the turn's: no attempt is counted.
		wait := time.Second + jitter(time.Second)
		b.counts.add(countReturned, "")
		b.noteWait(ctx, reason.NoStore, err, wait)
		log.Warn().Err(err).Dur(keyWait, wait).Msg("turn waits for the store")
		return state.Return(e.ID, wait)
	case IsParked(err):
		b.counts.add(countParked, "")
		b.noteWhy(ctx, reason.Parked, nil)
		log.Info().Msg("turn waits for an answer")
		return state.Ack(e.ID)
	case errors.As(err, &yield):
		b.noteWait(ctx, reason.Yields, err, yield.wait)
		log.Debug().Dur(keyWait, yield.wait).Msg(err.Error())
		if yield.inOrder {
			return state.Return(e.ID, yield.wait)
		}
		v := state.RetryAside(e.ID, yield.wait, cause(err, reason.Yields))
		v.Free = true
		return v
	case errors.As(err, &permanent):
		return b.bury(ctx, log, e, cause(err, cmp.Or(permanent.code, reason.Permanent)), err)
	case errors.As(err, &retry):
		return b.again(ctx, log, e, err, policy.Later(e, retry.after, cause(err, codeName(err))))
	case errors.As(err, &unsaid): // the whole bot is at fault
	case hopeless(err):
		return b.bury(ctx, log, e, cause(err, codeName(err)), err)
	case adapter.CodeOf(err) == adapter.CodeRateLimited:
		wait := rateLimitWait
		if errors.As(err, &api) {
			wait = max(api.RetryAfter, time.Second)
			if api.RetryAfter <= 0 {
				wait = rateLimitWait
			}
		}
		return b.again(ctx, log, e, err, policy.Later(e, wait, cause(err, codeName(err))))
	case adapter.CodeOf(err) == adapter.CodeForbidden:
		// A permission may be granted soon after it was missed.
		policy.MaxAttempts, policy.Backoff = min(policy.MaxAttempts, forbiddenAttempts), forbiddenBackoff
	}
	v := policy.Failed(e, cause(err, codeName(err)))
	if v.Kind == state.KindBury {
		return b.bury(ctx, log, e, v.Cause, err)
	}
	return b.again(ctx, log, e, err, v)
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
// it is opened, and otherwise nil. A turn that fails is buried when it fails; so
// what comes this far has ended the process each time, and would again.
func (b *Bot) crashed(ctx context.Context, log *zerolog.Logger, page *notes.Thread, e state.Queued) *state.Verdict {
	most := b.mostAttempts()
	if e.Attempt <= most || errors.Is(context.Cause(ctx), ErrLeaseLost) {
		return nil
	}
	if e.Attempt <= most+bystanderOf(ctx, page, e) {
		return nil
	}
	if now, err := page.Now(ctx); err == nil && b.cfg.Policy.coalesces() {
		page.Stage(notes.Crashed, "", fmt.Appendf(nil, "%d %d", e.Attempt, now.UnixNano()))
	}
	b.noteStored(ctx, &e)
	c := state.Cause{
		Code:    reason.Crashed,
		Message: "the process ended during each attempt, or lost the thread to another one",
	}
	v := b.bury(ctx, log, e, c, nil)
	b.failed(ctx, log, e, nil, c, nil)
	return &v
}

// bystanderOf returns how many attempts of an entry do not count. Where messages
// are taken together, a lease holds several, and one that ends the process costs
// the others an attempt each time. Those that were there when it was buried get
// these back.
func bystanderOf(ctx context.Context, page *notes.Thread, e state.Queued) int {
	data, err := page.Get(ctx, notes.Crashed, "")
	if err != nil || data == nil {
		return 0
	}
	var attempts int
	var at int64
	if _, err := fmt.Sscanf(string(data), "%d %d", &attempts, &at); err != nil || e.EnqueuedAt.After(time.Unix(0, at)) {
		return 0
	}
	return attempts
}

// mostAttempts is the most attempts that any turn may have.
func (b *Bot) mostAttempts() int { return b.registry.mostAttempts(b.cfg.MaxAttempts) }

// again logs and counts that a turn is tried again.
func (b *Bot) again(ctx context.Context, log *zerolog.Logger, e state.Queued, err error, v state.Verdict) state.Verdict {
	b.counts.add(countRetried, "")
	b.counts.add(countFailed, v.Cause.Code)
	b.noteFailure(ctx, v)
	log.Warn().Err(err).Int(keyAttempt, e.Attempt).Dur(keyWait, v.After).
		Bool("aside", v.Kind == state.KindRetryAside).Msg("turn failed: retrying")
	return v
}

func (b *Bot) bury(ctx context.Context, log *zerolog.Logger, e state.Queued, c state.Cause, err error) state.Verdict {
	b.counts.add(countBuried, "")
	b.counts.add(countFailed, c.Code)
	line := log.Error().Err(err).Int(keyAttempt, e.Attempt).Str("code", c.Code).Str("reference", reference(e.ID))
	if c.Stack != "" {
		line = line.Str("stack", c.Stack)
	}
	line.Msg("turn failed for good: it is in the dead letters")
	v := state.Bury(e.ID, c)
	b.noteFailure(ctx, v)
	return v
}

// codeName names the sort of an error, for the dead letters, the counters and the
// traces.
func codeName(err error) string {
	code := adapter.CodeOf(err)
	if code == adapter.CodeCanceled || errors.Is(err, ErrTurnTimeout) {
		return reason.TimedOut
	}
	return code.String()
}

// cause describes err for people.
func cause(err error, code string) state.Cause {
	c := state.Cause{Code: code, Message: err.Error()}
	if panicked, ok := errors.AsType[*PanicError](err); ok {
		c.Code, c.Stack = reason.Panic, string(panicked.Stack)
	}
	return c
}

// unready wraps a failure to learn the bot's identity. What will not change by
// itself spends attempts, so that it becomes a dead letter.
func (b *Bot) unready(err error) error {
	wait := b.unreadyWait()
	if api, ok := errors.AsType[*adapter.Error](err); ok {
		if code := adapter.CodeOf(api); !code.Retryable() && code != adapter.CodeCanceled {
			return &identityError{err}
		}
		wait = max(wait, api.RetryAfter)
	}
	return &unreadyError{wait: wait, err: err}
}

// unreadyWait is how long a turn waits for the bot to learn who it is.
func (b *Bot) unreadyWait() time.Duration { return 2*time.Second + jitter(time.Second) }

// jitter returns a random time below most, so that what failed together is not
// tried again together.
func jitter(most time.Duration) time.Duration {
	return rand.N(most) //nolint:gosec // spreading load needs no secret
}
