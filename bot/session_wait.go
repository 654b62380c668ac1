package bot

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/questions"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/state"
)

// A turn that waits for another attempt has no keeper, and may wait for hours: until a
// budget is renewed, or as long as its handler says. Meanwhile an event of the bot's
// own keeps its session from being called stale. It is stored like the turn, so it
// outlives the process, and it has a lane of its own, so it does not wait behind the
// turn.

// sessionWait is the stored form of a turn in a session that waits for another attempt.
type sessionWait struct {
	Thread adapter.ThreadID `json:"thread"`
	// Entry is what waits, Seq its place, and Event the key of its event.
	Entry string `json:"entry"`
	Seq   uint64 `json:"seq"`
	Event string `json:"event"`
	// At is when it was stored.
	At time.Time `json:"at"`
	// Until is when the turn is due, by the store's clock.
	Until time.Time `json:"until"`
}

// waitEvent says that a turn in a session still waits for another attempt.
type waitEvent struct {
	adapter.Meta
	wait *sessionWait
}

// showRetry tells a person who watches a session that a turn is to be tried again.
func (b *Bot) showRetry(ctx context.Context, t *Turn, v state.Verdict, err error) {
	if v.Kind != state.KindRetry && v.Kind != state.KindRetryAside || b.cfg.Sessions.Unattended || alive(ctx) != nil {
		return
	}
	_, yields := errors.AsType[*yieldError](err)
	_, isMessage := t.event.(*adapter.MessageEvent)
	switch {
	case t.keeper == nil && (!isMessage || !b.isSession(t)), t.keeper != nil && !t.keeper.open():
		return
	case t.keeper == nil && yields:
		b.showYield(ctx, t)
		return
	case v.After < shortWait:
		return
	}
	t.thread.tell(ctx, keeperKey(t.entry.ID, "retry\x00"+uuid.NewString()), "Something went wrong. I'll try again in "+waitText(v.After)+".")
	b.keepWaiting(ctx, t, v.After)
}

// showYield says the first word for a turn that gives way to something else, before any
// handler, if a person has waited for it. What it waits for may take minutes.
func (b *Bot) showYield(ctx context.Context, t *Turn) {
	now, err := t.now(ctx)
	if err != nil || now.Sub(t.entry.EnqueuedAt) < greetAfter || t.word.spoken {
		return
	}
	// It is said once, though the turn gives way several times.
	if b.firstWordOf(t.thread.workspace, t.entry.ID).Swap(ctx, nil, []byte(wordOfIntake)) == nil {
		t.thread.tell(ctx, keeperKey(t.entry.ID, nameFirst), soonText)
	}
}

// keepWaiting sees to it that a session is not called stale while a turn of it waits.
func (b *Bot) keepWaiting(ctx context.Context, t *Turn, d time.Duration) {
	every := b.cfg.Sessions.KeepAlive
	now, err := t.now(ctx)
	if err != nil || every >= unlimited || d <= every {
		return
	}
	packed, err := packOwn(&ownEvent{Wait: &sessionWait{
		Thread: t.thread.id, Entry: t.entry.ID, Seq: t.entry.Seq, At: t.entry.EnqueuedAt, Event: t.head().Key, Until: now.Add(d),
	}})
	if err == nil {
		lane := t.entry.Lane.Thread()
		lane.Kind = "urgent"
		_, err = b.cfg.Store.Enqueue(ctx, state.Entry{
			ID: keeperKey(t.entry.ID, "wait\x00"+uuid.NewString()), Lane: lane, Body: packed, Delay: every,
		})
	}
	if err != nil {
		b.log.Warn().Err(err).Str(keyThread, string(t.thread.id)).Msg("a session may be called stale while its turn waits for another attempt")
	}
}

// showWaiting shows in a session that a turn still waits, and comes again until it is
// due. Nothing is said after a stop, nor while a question waits for an answer: it would
// take its buttons away, and such a session is not stale.
func (b *Bot) showWaiting(ctx context.Context, r *run, ev *waitEvent) (*outcome, error) {
	w, every := ev.wait, b.cfg.Sessions.KeepAlive
	if b.cfg.Sessions.Unattended || every >= unlimited || !b.isSession(r.Turn) {
		return ignored(reason.NoSession), nil
	}
	now, err := r.now(ctx)
	if err != nil {
		return nil, err
	}
	last, err := loadStop(ctx, r.notes)
	if err != nil {
		return nil, err
	}
	left := w.Until.Sub(now)
	if left < shortWait || last.endsEntry(w.Seq, w.At) || b.wasDeleted(ctx, &adapter.Route{Workspace: ev.Workspace, Thread: w.Thread, Key: w.Event}) {
		return handled(), nil
	}
	asks, err := b.awaitsInput(ctx, r.notes)
	if err != nil {
		return nil, err
	}
	next := every
	if !asks && !r.thread.tell(r.limited(ctx), keeperKey(w.Entry, "alive\x00"+uuid.NewString()), "I'll try again in "+waitText(left)+".") {
		next = min(every, time.Minute)
	}
	if err := alive(ctx); err != nil {
		return nil, err
	}
	return nil, &yieldError{wait: min(next, left), why: "a turn of the session waits for another attempt"}
}

// awaitsInput reports whether a question of a session waits for an answer.
func (b *Bot) awaitsInput(ctx context.Context, page *notes.Thread) (bool, error) {
	open, err := questions.OpenIn(ctx, page)
	if err != nil || len(open.Waiting) > 0 {
		return err == nil, err
	}
	offered, err := page.Get(ctx, notes.Offered, "")
	return offered != nil, err
}

// waitText says how long something takes, for people.
func waitText(d time.Duration) string {
	if d < time.Minute {
		return d.Round(time.Second).String()
	}
	text := d.Round(time.Minute).String()
	return text[:len(text)-len("0s")]
}
