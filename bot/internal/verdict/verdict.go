package verdict

import (
	"cmp"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/internal/turns"
	"github.com/linearbot/linearbot/state"
)

// Turn is a turn that ended with an error.
type Turn struct {
	Entry state.Queued
	// Err is what it ended with.
	Err error
	// Cause is why its context ended. Nil if it did not.
	Cause error
	// Retry says how often, and with which waits, the turn is tried.
	Retry turns.Retry
	// TimedOut, TakenOver and Parked say that the turn ran out of time, gave way to
	// a newer message, or waits for an answer.
	TimedOut, TakenOver, Parked bool
	// Stack is that of a panic. Nil if Err is none.
	Stack []byte
}

// Kind is a sort of decision.
type Kind uint8

// The kinds.
const (
	// Dropped leaves the entry to the process that has the lane by now.
	Dropped Kind = iota
	// Returned hands the entry back unfinished; no attempt is counted.
	Returned
	// Yielded has the entry wait for another one; no attempt is counted.
	Yielded
	// Parked ends the turn until its question is answered.
	Parked
	// Retried tries the turn again: it has failed.
	Retried
	// Buried moves the entry to the dead letters.
	Buried
)

// Decision is what becomes of an entry.
type Decision struct {
	Kind    Kind
	Verdict state.Verdict
	// Reason names why; see package reason. For Retried and Buried it is the code of
	// the cause.
	Reason string
	// Wait is how long the entry waits. May be zero.
	Wait time.Duration
	// Err is what the trace tells of the error. Nil if the reason says it all.
	Err error
	// Level and Says are the line for the log. Empty for none.
	Level zerolog.Level
	Says  string
}

const (
	// rateLimitWait is the wait for a new budget if the platform names no time.
	rateLimitWait = time.Minute
	// forbiddenAttempts is how often a turn is tried that may not do what it does.
	forbiddenAttempts = 3
	// fullWait is about half of how long a turn waits for room in the store.
	fullWait = 15 * time.Second
	// storeWait is about half of how long a turn waits for the store at most.
	storeWait = time.Second
)

// Of decides what becomes of the entry of a turn.
func Of(t Turn) Decision {
	if d, ok := interrupted(t); ok {
		return d
	}
	if d, ok := waiting(t); ok {
		return d
	}
	return failed(t)
}

// interrupted decides about a turn that something else has ended.
func interrupted(t Turn) (Decision, bool) {
	d := Decision{Kind: Returned, Verdict: state.Return(t.Entry.ID, 0), Level: zerolog.InfoLevel}
	switch {
	case errors.Is(t.Cause, turns.ErrLeaseLost):
		d.Kind, d.Reason = Dropped, reason.LeaseLost
	case errors.Is(t.Cause, turns.ErrDraining):
		d.Reason, d.Says = reason.Draining, "turn handed back: the process stops"
	case t.TakenOver:
		d.Reason, d.Says = reason.TakenOver, "turn canceled: a newer message takes over"
	default:
		return Decision{}, false
	}
	return d, true
}

// waiting decides about a turn that is to wait, without having failed itself.
func waiting(t Turn) (Decision, bool) {
	var (
		id      = t.Entry.ID
		unready *UnreadyError
		yield   *YieldError
	)
	switch {
	case errors.As(t.Err, &unready):
		return Decision{
			Kind: Returned, Verdict: state.Return(id, unready.Wait), Reason: reason.IdentityUnknown, Wait: unready.Wait, Err: t.Err,
			Level: zerolog.WarnLevel, Says: "turn waits: the bot does not know yet who it is",
		}, true
	case errors.Is(t.Err, state.ErrFull):
		// The lane continues: what waits in it is what fills the store.
		wait := fullWait + jitter(fullWait)
		return Decision{
			Kind: Returned, Verdict: aside(id, wait, t.cause(reason.NoRoom)), Reason: reason.NoRoom, Wait: wait, Err: t.Err,
			Level: zerolog.WarnLevel, Says: "turn steps aside: the store is full",
		}, true
	case errors.Is(t.Err, state.ErrUnavailable):
		// The store's fault and not the turn's: no attempt is counted.
		wait := storeWait + jitter(storeWait)
		return Decision{
			Kind: Returned, Verdict: state.Return(id, wait), Reason: reason.NoStore, Wait: wait, Err: t.Err,
			Level: zerolog.WarnLevel, Says: "turn waits for the store",
		}, true
	case t.Parked:
		return Decision{
			Kind: Parked, Verdict: state.Ack(id), Reason: reason.Parked,
			Level: zerolog.InfoLevel, Says: "turn waits for an answer",
		}, true
	case errors.As(t.Err, &yield):
		d := Decision{
			Kind: Yielded, Verdict: state.Return(id, yield.Wait), Reason: reason.Yields, Wait: yield.Wait, Err: t.Err,
			Level: zerolog.DebugLevel, Says: t.Err.Error(),
		}
		if !yield.InOrder {
			d.Verdict = aside(id, yield.Wait, t.cause(reason.Yields))
		}
		return d, true
	default:
		return Decision{}, false
	}
}

// failed decides about a turn that failed.
func failed(t Turn) Decision {
	var (
		permanent *PermanentError
		retry     *RetryError
		api       *adapter.Error
		identity  *IdentityError
		code      = t.code()
	)
	switch {
	case errors.As(t.Err, &permanent):
		return Bury(t.Entry.ID, t.cause(cmp.Or(permanent.Code, reason.Permanent)))
	case errors.As(t.Err, &retry):
		return again(t.Retry.Later(t.Entry, retry.After, t.cause(code)))
	case errors.As(t.Err, &identity): // the whole bot is at fault
	case hopeless(t.Err):
		return Bury(t.Entry.ID, t.cause(code))
	case adapter.CodeOf(t.Err) == adapter.CodeRateLimited:
		wait := rateLimitWait
		if errors.As(t.Err, &api) && api.RetryAfter > 0 {
			wait = max(api.RetryAfter, time.Second)
		}
		return again(t.Retry.Later(t.Entry, wait, t.cause(code)))
	case adapter.CodeOf(t.Err) == adapter.CodeForbidden:
		// A permission may be granted soon after it was missed.
		t.Retry.MaxAttempts, t.Retry.Backoff = min(t.Retry.MaxAttempts, forbiddenAttempts), forbiddenBackoff
	}
	v := t.Retry.Failed(t.Entry, t.cause(code))
	if v.Kind == state.VerdictBury {
		return Bury(t.Entry.ID, v.Cause)
	}
	return again(v)
}

func again(v state.Verdict) Decision {
	return Decision{
		Kind: Retried, Verdict: v, Reason: v.Cause.Code, Wait: v.After,
		Level: zerolog.WarnLevel, Says: "turn failed: retrying",
	}
}

// Bury is the decision to move an entry to the dead letters.
func Bury(id string, c state.Cause) Decision {
	return Decision{
		Kind: Buried, Verdict: state.Bury(id, c), Reason: c.Code,
		Level: zerolog.ErrorLevel, Says: "turn failed for good: it is in the dead letters",
	}
}

// aside is the verdict on an entry that steps aside without having failed.
func aside(id string, wait time.Duration, c state.Cause) state.Verdict {
	v := state.RetryAside(id, wait, c)
	v.Free = true
	return v
}

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

// code names the sort of an error, for the dead letters, the counters and the
// traces.
func (t Turn) code() string {
	code := adapter.CodeOf(t.Err)
	if code == adapter.CodeCanceled || t.TimedOut {
		return reason.TimedOut
	}
	return code.String()
}

// cause describes the error for people.
func (t Turn) cause(code string) state.Cause {
	c := state.Cause{Code: code, Message: t.Err.Error()}
	if t.Stack != nil {
		c.Code, c.Stack = reason.Panic, string(t.Stack)
	}
	return c
}

// jitter returns a random time below most, so that what failed together is not
// tried again together.
func jitter(most time.Duration) time.Duration {
	return rand.N(most) //nolint:gosec // spreading load needs no secret
}
