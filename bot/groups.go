package bot

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"github.com/rs/zerolog"
)

// failure is the error of a handler.
type failure struct {
	handler *handler
	err     error
}

func (e *failure) Error() string { return e.handler.name + ": " + e.err.Error() }
func (e *failure) Unwrap() error { return e.err }

// dispatchGroups runs the first group that does not decline. The handlers of
// OnEvent come last.
func (b *Bot) dispatchGroups(ctx context.Context, log *zerolog.Logger, t *Turn, groups ...[]*handler) error {
	for _, g := range append(groups, b.on.event) {
		ran, err := b.runGroup(ctx, log, t, g)
		if err != nil {
			return err
		}
		if ran {
			b.counts.add(CountHandled, "")
			return nil
		}
	}
	b.ignore(log, t.event.Head(), "no_handler")
	return nil
}

// errSameAct says that another event speaks for the same act.
var errSameAct = errors.New("bot: another event tells of the same")

// runGroup runs the handlers of a group in order until one fails, and reports
// whether any of them took the turn.
func (b *Bot) runGroup(ctx context.Context, log *zerolog.Logger, t *Turn, group []*handler) (ran bool, err error) {
	refused := false
	for _, h := range group {
		if h.match != nil && !h.match(t) {
			continue
		}
		wanted, err := b.prepare(ctx, log, t, h)
		switch {
		case errors.Is(err, errSameAct):
			b.ignore(log, t.event.Head(), "same_act")
			return true, nil
		case errors.Is(err, errTurnedAway) && t.admitted:
			refused = true // by this handler, which decides for no other
			continue
		case err != nil:
			return true, err
		case !wanted:
			continue
		}
		start := time.Now()
		err = b.call(ctx, t, h)
		if errors.Is(err, Next) {
			continue
		}
		if h.kind != "" && !t.aloof && (t.by == nil || slices.Contains(t.by, h.name)) {
			t.spoke = true
		}
		if err != nil {
			return true, &failure{h, err}
		}
		ran = true
		ev := log.Info().Str(LogKeyHandler, h.name).Str(LogKeyEvent, t.event.Head().Key).Dur(LogKeyTook, time.Since(start))
		if t.message != nil && t.message.Rule != "" {
			ev = ev.Str(LogKeyRule, t.message.Rule)
		}
		ev.Msg("handled")
	}
	if refused && !ran {
		return true, errTurnedAway
	}
	return ran, nil
}

// prepare does what comes before a handler and reports whether it is to run.
func (b *Bot) prepare(ctx context.Context, log *zerolog.Logger, t *Turn, h *handler) (bool, error) {
	ctx, cancel := t.limited(ctx)
	defer cancel()
	wait, err := b.yields(ctx, t)
	if err != nil {
		return false, err
	}
	if wait > 0 {
		return false, &yieldError{wait, "waiting for the session that tells of the same message"}
	}
	ok, err := b.claims(ctx, t)
	if err != nil {
		return false, err
	}
	if !ok {
		return false, errSameAct
	}
	if err := b.admit(ctx, log, t, h); err != nil {
		return false, err
	}
	return b.showSkipped(ctx, t, h)
}

// showSkipped puts into the message of a turn what the handler may see of the
// skipped ones: nothing if they are not for it, and nothing of authors whom it
// refuses. It reports false if the bot is mentioned by those only.
func (b *Bot) showSkipped(ctx context.Context, t *Turn, h *handler) (bool, error) {
	t.aloof = false
	if len(t.listened) == 0 {
		return true, nil
	}
	t.message.Skipped = nil
	if t.by != nil && !slices.Contains(t.by, h.name) {
		return true, nil
	}
	mentioned := false
	for _, s := range t.listened {
		d, err := s.decide(withTurn(ctx, s), h.allowed())
		if err != nil {
			return false, err
		}
		if d.Allowed {
			t.message.Skipped = append(t.message.Skipped, s.message)
			mentioned = mentioned || s.message.Mentioned
		}
	}
	return mentioned || t.message.Rule != ruleSkipped, nil
}

// call runs one handler inside the middleware and turns a panic into an error.
func (b *Bot) call(ctx context.Context, t *Turn, h *handler) (err error) {
	t.enter(h.name)
	run := h.run
	for _, wrap := range slices.Backward(b.middleware) {
		run = wrap(run)
	}
	ctx, leave := b.timed(ctx, t, h)
	defer leave()
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
		if cause := context.Cause(ctx); err != nil && cause != nil && errors.Is(err, ctx.Err()) {
			err = fmt.Errorf("%w: %w", cause, err)
		}
	}()
	return run(ctx, t)
}

// timed gives a handler its context. leave must be called when it is done.
func (b *Bot) timed(ctx context.Context, t *Turn, h *handler) (_ context.Context, leave func()) {
	start := time.Now()
	own := h.options.Timeout
	if own <= b.cfg.TurnTimeout {
		end := t.deadline
		if at := start.Add(own); own > 0 && at.Before(end) {
			end = at
		}
		return context.WithDeadlineCause(ctx, end, ErrTurnTimeout)
	}
	// What takes longer than a whole turn may does not use up its time.
	ctx, cancel := context.WithDeadlineCause(ctx, start.Add(own), ErrTurnTimeout)
	return ctx, func() {
		t.deadline = t.deadline.Add(time.Since(start))
		cancel()
	}
}

// limited returns a context for what is done besides handlers. It ends with the
// time of the turn.
func (t *Turn) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithDeadlineCause(ctx, t.deadline, ErrTurnTimeout)
}
