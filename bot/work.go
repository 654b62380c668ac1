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

// work runs a turn of a lease and settles it. size is how many entries were
// asked for.
func (b *Bot) work(ctx context.Context, l *state.Lease, size int) {
	lease, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	// The heartbeat owns the lease while the turn runs.
	var beat sync.WaitGroup
	done := make(chan struct{})
	beat.Go(func() { b.heartbeat(lease, cancel, l, done) })

	log := b.log.With().Str(LogKeyThread, l.Lane.ID).Logger()
	var verdicts []state.Verdict
	if b.coalesces() {
		verdicts = b.together(lease, &log, b.newLane(l, size))
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
	t, err := b.turnOf(ctx, e)
	if err == nil {
		err = b.run(ctx, log, t)
	}
	return []state.Verdict{b.verdict(ctx, log, e, err)}
}

// together runs the turn that is first in a lane, with the messages that it
// stands for. They are done when it is. If it is to be tried again they stay
// with it, and if it fails for good, or no handler took it, they are handled by
// themselves.
func (b *Bot) together(ctx context.Context, log *zerolog.Logger, l *lane) []state.Verdict {
	look, cancel := context.WithTimeoutCause(ctx, b.cfg.TurnTimeout, ErrTurnTimeout)
	defer cancel()
	c := l.choose(look)
	switch {
	case c.more:
		b.wide.Store(time.Now().Add(wideFor).UnixNano())
		return []state.Verdict{state.Return(l.entries[0].ID, 0)}
	case c.wait > 0:
		log.Debug().Dur(LogKeyWait, c.wait).Msg("thread waits for further messages")
		return []state.Verdict{state.Return(l.entries[0].ID, c.wait)}
	}
	e, s := l.entries[c.at], l.seats[c.at]
	err := s.err
	switch {
	case err != nil:
	case s.turn == nil:
		s.turn, err = b.turnOf(look, e)
	case s.row != "":
		err = l.begin(look, c)
	}
	if err == nil {
		for _, i := range c.older {
			s.turn.skipped, s.turn.by = append(s.turn.skipped, l.seats[i].turn), s.rule.by
		}
		s.turn.passed = l.passed(c.at)
		err = b.run(ctx, log, s.turn)
	}
	v := b.verdict(ctx, log, e, err)
	if _, began := errors.AsType[*failure](err); began && s.row != "" && v.Kind == state.KindRetryAside {
		if err := l.stepAside(ctx, c, v.After); err != nil {
			log.Warn().Err(err).Msg("a newer message may take the place of this one before it is tried again")
		}
	}
	verdicts := []state.Verdict{v}
	for _, i := range c.older {
		switch {
		case v.Kind == state.KindAck && s.turn.spoke:
			b.counts.add(CountSkipped, "")
			verdicts = append(verdicts, state.Ack(l.entries[i].ID))
		case v.Kind == state.KindRetryAside:
			aside := state.RetryAside(l.entries[i].ID, v.After, v.Cause)
			aside.Free = true
			verdicts = append(verdicts, aside)
		}
	}
	return verdicts
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
		failed    *failure
	)
	attempts, between := b.cfg.MaxAttempts, waits(b.cfg.Backoff)
	if errors.As(err, &failed) {
		own := &failed.handler.options
		attempts = or(own.MaxAttempts, attempts)
		if own.Backoff != nil {
			between = own.Backoff
		}
	}
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
		log.WithLevel(b.unknown.level(err)).Err(err).Dur(LogKeyWait, wait).Msg("turn waits: the bot does not know yet who it is")
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
		return b.again(log, e, err, between, retry.after, true)
	case errors.As(err, &api) && api.Code == adapter.RateLimited && api.RetryAfter > 0:
		return b.again(log, e, err, between, api.RetryAfter, true)
	case e.Attempt >= attempts:
		code := adapter.CodeOf(err).String()
		if errors.As(err, &panicked) {
			code = "panic"
		}
		return b.bury(log, e, err, code)
	default:
		return b.again(log, e, err, between, between.after(e.Attempt), false)
	}
}

// waits are the waits between attempts.
type waits func(attempt int) time.Duration

// after returns the wait after an attempt.
func (w waits) after(attempt int) time.Duration { return max(w(attempt), 0) }

// again makes the verdict for another try after wait.
func (b *Bot) again(log *zerolog.Logger, e state.Queued, err error, between waits, wait time.Duration, free bool) state.Verdict {
	b.counts.add(CountRetried, "")
	aside := between.held(e.Attempt, wait, b.cfg.HoldFor) > b.cfg.HoldFor
	log.Warn().Err(err).Dur(LogKeyWait, wait).Bool("aside", aside).Msg("turn failed: trying again")
	v := state.Retry(e.ID, wait, cause(err, adapter.CodeOf(err).String()))
	if aside {
		v = state.RetryAside(e.ID, wait, v.Cause)
	}
	v.Free = free
	return v
}

// held estimates how long a lane will have waited for a turn in all, the coming
// wait included. Above limit it is a lower bound.
func (w waits) held(attempt int, wait, limit time.Duration) time.Duration {
	total := wait
	for n := 1; n < attempt && total <= limit; n++ {
		total += w.after(n)
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
