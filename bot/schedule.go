package bot

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/own"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/internal/scheduled"
	"github.com/linearbot/linearbot/internal/wording"
	"github.com/linearbot/linearbot/state"
)

// ErrPosted says that a scheduled post can no longer be canceled.
var ErrPosted = errors.New("bot: message was posted already")

// Scheduled is a message that is to be posted later. Keep its ID to cancel it
// from elsewhere with [Thread.CancelPost].
type Scheduled struct {
	// ID names the message for [Thread.CancelPost].
	ID string
	// At is when it is to be posted.
	At time.Time

	thread *Thread
}

// Cancel is [Thread.CancelPost] for this message.
func (s *Scheduled) Cancel(ctx context.Context) error { return s.thread.CancelPost(ctx, s.ID) }

// PostAt posts content into the thread at a future time, or at once if that has
// passed. The content is rendered and stored, and its files uploaded, now: it
// survives restarts, and the links of its buttons live from then on. Any instance that
// runs then posts it, in order with the messages of the thread. It is posted once, like any post, and retried like a
// turn if it fails. In an agent session a stop cancels posts scheduled before it.
// Streams and plans, which change while they are shown, cannot be scheduled: the
// error wraps errors.ErrUnsupported.
//
// A retried turn does not reschedule the post: the first time stands. PostAt
// blocks for a durable write.
func (t *Thread) PostAt(ctx context.Context, at time.Time, c Content) (*Scheduled, error) {
	t = t.here()
	c, x := detach(c)
	switch c.(type) {
	case streamContent, *Plan:
		return nil, &adapter.Error{Code: adapter.CodeUnsupported, Op: "post at", Message: "streams and plans cannot be scheduled", Err: errors.ErrUnsupported}
	}
	key := t.writeKey(ctx)
	files, err := t.attach(ctx, c, x)
	if err != nil {
		return nil, err
	}
	body, buttons, err := t.compose(ctx, c, files, key, later(at), x.silent)
	if err != nil {
		return nil, err
	}
	if err := alive(ctx); err != nil {
		return nil, err
	}
	p := &own.Post{Thread: t.id, Body: body, Key: key, At: at, As: x.as, Quiet: x.quiet}
	if buttons != nil {
		p.Links = buttons.Name()
	}
	packed, err := (&own.Event{Post: p}).Pack()
	if err != nil {
		return nil, Permanent(err)
	}
	post := scheduled.Named(t.workspace, key)
	_, err = t.bot.cfg.Store.Enqueue(ctx, state.Entry{
		ID: post.Entry(), Lane: t.bot.laneOf(t.workspace, t.id), Body: packed, Delay: max(time.Until(at), 0),
	})
	if err != nil {
		return nil, fmt.Errorf("bot: post at %s: %w", at.Format(time.RFC3339), err)
	}
	return &Scheduled{ID: post.ID(at), At: at, thread: t}, nil
}

// later returns at, or now if that has passed.
func later(at time.Time) time.Time {
	if now := time.Now(); at.Before(now) {
		return now
	}
	return at
}

// CancelPost keeps a scheduled message from being posted. Canceling twice is a
// no-op. Once posting has begun the error is [ErrPosted].
func (t *Thread) CancelPost(ctx context.Context, id string) error {
	if err := alive(ctx); err != nil {
		return err
	}
	post, at, err := scheduled.ParseID(t.workspace, id)
	if err != nil {
		return &IDError{ID: id, Code: "invalid_post_id", Err: err}
	}
	canceled, err := post.Cancel(ctx, t.bot.notes, time.Until(at))
	if err == nil && !canceled {
		err = ErrPosted
	}
	return err
}

// postDue posts a message whose time has come.
func (b *Bot) postDue(ctx context.Context, r *run, ev *own.PostEvent) (*outcome, error) {
	if begins, err := scheduled.Of(ev.Workspace, ev.Key).Begin(ctx, b.notes); err != nil {
		return nil, err
	} else if !begins {
		return ignored(reason.Canceled), nil
	}
	p := ev.Post
	m, err := r.thread.send(ctx, r.thread.newPost(p.Body, p.Key, extras{as: p.As, quiet: p.Quiet}), p.Body)
	if err != nil {
		return nil, fmt.Errorf("scheduled post: %w", err)
	}
	if len(p.Links) > 0 {
		if err := b.links.Named(p.Links, r.thread.workspace, later(p.At)).Keep(ctx, m); err != nil {
			return nil, err
		}
	}
	r.log.Info().Str(keyEvent, wording.ID(ev.Key)).Msg("scheduled message posted")
	return handled(), nil
}
