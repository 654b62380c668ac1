package bot

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/state"
)

// work runs the turns of a lease and settles it.
func (b *Bot) work(ctx context.Context, l *state.Lease) {
	lease, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	// The heartbeat owns the lease while turns run.
	var beat sync.WaitGroup
	done := make(chan struct{})
	beat.Go(func() { b.heartbeat(lease, cancel, l, done) })

	log := b.log.With().Str(LogKeyThread, l.Lane.ID).Logger()
	var verdicts []state.Verdict
	if b.cfg.Policy.coalesces() {
		verdicts = b.together(lease, &log, l.Entries)
	} else {
		verdicts = b.alone(lease, &log, l.Entries[0])
	}
	close(done)
	beat.Wait()

	if errors.Is(context.Cause(lease), ErrLeaseLost) {
		log.Warn().Msg("turn dropped: another process has taken over the thread, or could")
		return
	}
	b.settle(ctx, &log, l, verdicts)
}

// alone runs the turn of one entry.
func (b *Bot) alone(ctx context.Context, log *zerolog.Logger, e state.Queued) []state.Verdict {
	t, err := b.open(ctx, e)
	if err == nil {
		err = b.run(ctx, log, t)
	}
	return []state.Verdict{b.verdict(ctx, log, e, err)}
}

// together runs the turns of several entries: the newest message with the
// others as its context, and everything that is no message by itself. Messages
// that were skipped are done when the newest is; if it fails they stay.
func (b *Bot) together(ctx context.Context, log *zerolog.Logger, entries []state.Queued) []state.Verdict {
	var (
		verdicts []state.Verdict
		messages []*Turn
		waiting  []state.Queued
	)
	for _, e := range entries {
		t, err := b.open(ctx, e)
		if err == nil {
			if _, ok := t.event.(*adapter.MessageEvent); ok {
				messages, waiting = append(messages, t), append(waiting, e)
				continue
			}
			err = b.run(ctx, log, t)
		}
		verdicts = append(verdicts, b.verdict(ctx, log, e, err))
	}
	if len(messages) == 0 {
		return verdicts
	}
	last := len(messages) - 1
	newest := messages[last]
	newest.skipped = messages[:last]
	v := b.verdict(ctx, log, waiting[last], b.run(ctx, log, newest))
	if v.Kind == state.KindAck {
		for _, e := range waiting[:last] {
			b.counts.add(CountSkipped, "")
			verdicts = append(verdicts, state.Ack(e.ID))
		}
	}
	return append(verdicts, v)
}

// heartbeat keeps l alive until done is closed, and cancels the turn once the
// lease is lost.
func (b *Bot) heartbeat(ctx context.Context, cancel context.CancelCauseFunc, l *state.Lease, done <-chan struct{}) {
	every := b.cfg.LeaseTTL / 3
	// The turn is told to stop a little before somebody else may begin.
	margin := b.cfg.LeaseTTL / 10
	timer := time.NewTimer(every)
	defer timer.Stop()
	for {
		select {
		case <-done:
			return
		case <-timer.C:
		}
		// Not under the turn's context: a turn that was told to stop still
		// holds its lease until it does.
		extend, stop := context.WithTimeout(context.WithoutCancel(ctx), every)
		err := b.cfg.Store.Extend(extend, l, b.cfg.LeaseTTL)
		stop()
		switch {
		case err == nil:
			timer.Reset(every)
		case errors.Is(err, state.ErrLeaseLost), time.Now().Add(2 * margin).After(l.Expires):
			// Somebody else works on the lane now, or soon could.
			cancel(ErrLeaseLost)
			return
		default:
			timer.Reset(min(every, margin))
		}
	}
}

// verdict says what becomes of an entry whose turn ended with err.
func (b *Bot) verdict(ctx context.Context, log *zerolog.Logger, e state.Queued, err error) state.Verdict {
	var (
		permanent *permanentError
		retry     *retryError
		api       *adapter.Error
		unready   *unreadyError
		yield     *yieldError
		panicked  *PanicError
	)
	switch {
	case err == nil, errors.Is(err, errNoTurn):
		return state.Ack(e.ID)
	case errors.Is(context.Cause(ctx), ErrDraining):
		b.counts.add(CountReturned, "")
		log.Info().Err(err).Msg("turn handed back: the process stops")
		return state.Return(e.ID, 0)
	case errors.As(err, &unready):
		b.counts.add(CountReturned, "")
		wait := unready.wait
		log.Warn().Err(err).Dur(LogKeyWait, wait).Msg("turn waits: the bot does not know yet who it is")
		return state.Return(e.ID, wait)
	case errors.Is(err, state.ErrUnavailable), errors.Is(err, state.ErrFull):
		// The store's fault and not the turn's: no attempt is counted.
		wait := time.Second + rand.N(time.Second) //nolint:gosec // spreading load needs no secret
		b.counts.add(CountReturned, "")
		log.Warn().Err(err).Dur(LogKeyWait, wait).Msg("turn waits for the store")
		return state.Return(e.ID, wait)
	case IsParked(err):
		b.counts.add(CountParked, "")
		log.Info().Msg("turn waits for an answer")
		return state.Ack(e.ID)
	case errors.As(err, &yield):
		log.Debug().Dur(LogKeyWait, yield.wait).Msg(err.Error())
		v := state.RetryAside(e.ID, yield.wait, cause(err, "yields"))
		v.Free = true
		return v
	case errors.As(err, &permanent):
		return b.bury(log, e, err, "permanent")
	case errors.As(err, &retry):
		return b.again(log, e, err, retry.after, true)
	case errors.As(err, &api) && api.Code == adapter.RateLimited && api.RetryAfter > 0:
		return b.again(log, e, err, api.RetryAfter, true)
	case e.Attempt >= b.cfg.MaxAttempts:
		code := adapter.CodeOf(err).String()
		if errors.As(err, &panicked) {
			code = "panic"
		}
		return b.bury(log, e, err, code)
	default:
		return b.again(log, e, err, b.cfg.Backoff(e.Attempt), false)
	}
}

// again makes the verdict for another try after wait.
func (b *Bot) again(log *zerolog.Logger, e state.Queued, err error, wait time.Duration, free bool) state.Verdict {
	b.counts.add(CountRetried, "")
	aside := b.held(e.Attempt, wait) > b.cfg.HoldFor
	log.Warn().Err(err).Dur(LogKeyWait, wait).Bool("aside", aside).Msg("turn failed: trying again")
	v := state.Retry(e.ID, wait, cause(err, adapter.CodeOf(err).String()))
	if aside {
		v = state.RetryAside(e.ID, wait, v.Cause)
	}
	v.Free = free
	return v
}

// held estimates how long a lane will have waited for a turn in all, the coming
// wait included.
func (b *Bot) held(attempt int, wait time.Duration) time.Duration {
	total := wait
	for n := 1; n < attempt && total <= b.cfg.HoldFor; n++ {
		total += b.cfg.Backoff(n)
	}
	return total
}

func (b *Bot) bury(log *zerolog.Logger, e state.Queued, err error, code string) state.Verdict {
	b.counts.add(CountBuried, "")
	c := cause(err, code)
	log.Error().Err(err).Str("code", c.Code).Msg("turn failed for good: see the dead letters")
	return state.Bury(e.ID, c)
}

// cause describes err for people.
func cause(err error, code string) state.Cause {
	c := state.Cause{Code: code, Message: err.Error()}
	if panicked, ok := errors.AsType[*PanicError](err); ok {
		c.Code, c.Stack = "panic", string(panicked.Stack)
	}
	return c
}

// settle gives the lane back, trying until the lease has lapsed. After that
// the turn runs again somewhere, which its writes do not mind.
func (b *Bot) settle(ctx context.Context, log *zerolog.Logger, l *state.Lease, verdicts []state.Verdict) {
	// The verdict stands even if the turn was told to stop.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), b.cfg.LeaseTTL)
	defer cancel()
	wait := 20 * time.Millisecond
	for {
		err := b.cfg.Store.Settle(ctx, l, verdicts...)
		switch {
		case err == nil:
			return
		case errors.Is(err, state.ErrLeaseLost):
			log.Warn().Msg("lease was lost before the turn could be settled: it may run again")
			return
		case errors.Is(err, state.ErrClosed), time.Now().After(l.Expires):
			log.Error().Err(err).Msg("turn could not be settled: it will run again")
			return
		}
		if !sleep(ctx, wait) {
			log.Error().Err(err).Msg("turn could not be settled: it will run again")
			return
		}
		wait = min(2*wait, time.Second)
	}
}
