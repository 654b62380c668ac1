package bot

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/attend"
	"github.com/linearbot/linearbot/internal/halt"
	"github.com/linearbot/linearbot/internal/own"
	"github.com/linearbot/linearbot/internal/questions"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/internal/verdict"
	"github.com/linearbot/linearbot/state"
)

// showRetry tells a person who watches a session that a turn is to be tried again.
func (b *Bot) showRetry(ctx context.Context, t *Turn, v state.Verdict, err error) {
	if v.Kind != state.KindRetry && v.Kind != state.KindRetryAside || b.cfg.Sessions.Unattended || alive(ctx) != nil {
		return
	}
	_, yields := errors.AsType[*verdict.YieldError](err)
	_, isMessage := t.event.(*adapter.MessageEvent)
	switch {
	case t.keeper == nil && (!isMessage || !b.isSession(t)), t.keeper != nil && !t.keeper.Open():
	case t.keeper == nil && yields:
		b.showYield(ctx, t)
	case b.attends.Retry(ctx, t.thread.session(), t.name(), v.After):
		b.keepWaiting(ctx, t, v.After)
	}
}

// showYield says the first word for a turn that gives way to something else, before any
// handler, if a person has waited for it. What it waits for may take minutes.
func (b *Bot) showYield(ctx context.Context, t *Turn) {
	now, err := t.now(ctx)
	if err == nil && now.Sub(t.entry.EnqueuedAt) >= attend.GreetAfter && !t.unkept.Spoken() {
		b.attends.Excuse(ctx, t.thread.session(), t.name())
	}
}

// keepWaiting sees to it that a session is not called stale while a turn of it waits.
func (b *Bot) keepWaiting(ctx context.Context, t *Turn, d time.Duration) {
	every := b.cfg.Sessions.KeepAlive
	now, err := t.now(ctx)
	if err != nil || every == 0 || d <= every {
		return
	}
	packed, err := (&own.Event{Wait: &attend.Wait{
		Thread: t.thread.id, Entry: t.entry.ID, Seq: t.entry.Seq, At: t.entry.EnqueuedAt, Event: t.head().Key, Until: now.Add(d),
	}}).Pack()
	if err == nil {
		lane := t.entry.Lane.Thread()
		lane.Kind = "urgent"
		_, err = b.cfg.Store.Enqueue(ctx, state.Entry{
			ID: attend.Key(t.name(), "wait\x00"+uuid.NewString()), Lane: lane, Body: packed, Delay: every,
		})
	}
	if err != nil {
		b.log.Warn().Err(err).Str(keyThread, string(t.thread.id)).Msg("a session may be called stale while its turn waits for another attempt")
	}
}

// showWaiting tells a session that its turn still waits, and schedules itself until it is
// due. Nothing is said after a stop, nor while a question waits for an answer: it would
// take its buttons away, and such a session is not stale.
func (b *Bot) showWaiting(ctx context.Context, r *run, ev *own.WaitEvent) (*outcome, error) {
	w, every := ev.Wait, b.cfg.Sessions.KeepAlive
	if b.cfg.Sessions.Unattended || every == 0 || !b.isSession(r.Turn) {
		return ignored(reason.NoSession), nil
	}
	now, err := r.now(ctx)
	if err != nil {
		return nil, err
	}
	last, err := halt.LastStop(ctx, r.notes)
	if err != nil {
		return nil, err
	}
	left := w.Left(now)
	if left == 0 || last.Ends(w.Seq, w.At) || b.wasDeleted(ctx, &adapter.Route{Workspace: ev.Workspace, Thread: w.Thread, Key: w.Event}) {
		return handled(), nil
	}
	asks, err := questions.WaitIn(ctx, r.notes)
	if err != nil {
		return nil, err
	}
	next := every
	if !asks && !b.attends.Waits(r.limited(ctx), r.thread.session(), replayed(w.Entry), left) {
		next = min(every, time.Minute)
	}
	if err := alive(ctx); err != nil {
		return nil, err
	}
	return nil, &verdict.YieldError{Wait: min(next, left), Why: "a turn of the session waits for another attempt"}
}
