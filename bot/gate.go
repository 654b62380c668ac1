package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/notes"
)

// reasonRefused is the reason for which a turn is ignored that an Access
// refuses.
const reasonRefused = "access"

// gate is what comes before a handler. The zero gate is open.
type gate struct {
	// over is the reason why the turn is over for all handlers.
	over string
	// refused says that the handler's own Access refuses.
	refused bool
	// shut says that the turn is not for this handler.
	shut bool
}

// gate decides whether a handler runs. The first handler that wants a turn has
// it wait for the session that tells of the same act, claim the act, and ask
// Config.Access; each handler has an Access of its own besides.
func (b *Bot) gate(ctx context.Context, r *run, h *handler) (gate, error) {
	ctx, cancel := r.limited(ctx)
	defer cancel()
	if err := b.yieldToSession(ctx, r); err != nil {
		return gate{}, err
	}
	if first, err := b.claim(ctx, r); err != nil || !first {
		return gate{over: "same_act"}, err
	}
	if allowed, err := b.admit(ctx, r); err != nil || !allowed {
		return gate{over: reasonRefused}, err
	}
	if allowed, err := b.check(ctx, r, h.allowed()); err != nil || !allowed {
		return gate{refused: true}, err
	}
	show, err := b.showSkipped(ctx, r, h)
	return gate{shut: !show}, err
}

// showSkipped puts into the message of a turn what the handler may see of the
// messages that it stands for: none of authors whom it refuses. It reports false
// if the bot is mentioned by those only.
func (b *Bot) showSkipped(ctx context.Context, r *run, h *handler) (bool, error) {
	if len(r.heard) == 0 {
		return true, nil
	}
	r.message.Skipped = nil
	mentioned := false
	for _, s := range r.heard {
		d, err := s.decide(withTurn(ctx, s), h.allowed())
		if err != nil {
			return false, err
		}
		if d.Allowed {
			r.message.Skipped = append(r.message.Skipped, s.message)
			mentioned = mentioned || s.message.Mentioned
		}
	}
	return mentioned || r.message.Rule != ruleSkipped, nil
}

// A platform may tell of one act with several kinds of event: of a comment with
// the comment itself, a session and a notification. The first kind to get as
// far as a handler claims the act; events of other kinds that tell of the same
// act are left out, whatever their order and on whichever instance. Events of
// the same kind are never left out: two of them are two acts that look alike.

// claimant is the stored form of a claim.
type claimant struct {
	Type string `json:"type"`
	Key  string `json:"key"`
}

// claim claims the act of a turn, and reports whether the turn speaks for it.
func (b *Bot) claim(ctx context.Context, r *run) (bool, error) {
	head := r.head()
	if head.Act == "" || r.claimed {
		return true, nil
	}
	mine, err := json.Marshal(claimant{Type: head.Type, Key: head.Key})
	if err != nil {
		return false, err
	}
	held, err := b.notes.Value(notes.Act, head.Workspace, head.Act).Claim(ctx, mine)
	if err != nil {
		return false, fmt.Errorf("bot: claim of %s: %w", head.Act, err)
	}
	var holder claimant
	if held != nil && json.Unmarshal(held, &holder) == nil && holder.Type != head.Type {
		return false, nil
	}
	r.claimed = true
	return true, nil
}

// sessionGrace is how long a comment waits for the session event that tells of
// the same act. Linear sends both within a second or two; the session is the
// better place to answer, as it shows that the bot is at work.
const sessionGrace = 4 * time.Second

// Comments and sessions tell of the same acts. Whichever came first would
// answer, at random. So once a workspace is known to send session events, a
// comment that mentions the bot, and any comment in a thread that shows a
// session, lets the session go first: it waits for sessionGrace, aside, and runs
// only if no session has claimed its act by then.

// noteSession remembers that a workspace has sessions, and where this one shows.
func (b *Bot) noteSession(ctx context.Context, r *run) error {
	ev, ok := r.event.(*adapter.MessageEvent)
	if !ok || ev.Message.Session == nil {
		return nil
	}
	id := []byte(ev.Message.Session.ID)
	v := b.notes.Value(notes.Sessions, ev.Workspace)
	seen, err := v.Get(ctx)
	if err == nil && seen == nil { // a read is cheaper than a write
		err = v.Set(ctx, id)
	}
	if in := ev.Message.Session.CommentThread; err == nil && in != "" {
		there := b.notes.Thread(laneKey(ev.Workspace, in))
		seen, err = there.Get(ctx, notes.SessionHere, "")
		if err == nil && seen == nil {
			err = there.Put(ctx, notes.SessionHere, "", id)
		}
	}
	if err != nil {
		return fmt.Errorf("bot: session %s: %w", ev.Message.Session.ID, err)
	}
	return nil
}

// yieldToSession returns a *yieldError as long as a comment must wait for a
// session.
func (b *Bot) yieldToSession(ctx context.Context, r *run) error {
	ev, ok := r.event.(*adapter.MessageEvent)
	if !ok || ev.Message.Session != nil || ev.Act == "" || r.claimed {
		return nil
	}
	now, err := r.notes.Now(ctx)
	left := sessionGrace - now.Sub(r.entry.EnqueuedAt)
	if err != nil || left <= 0 {
		return err
	}
	var seen []byte
	if r.message.Mentioned {
		seen, err = b.notes.Value(notes.Sessions, ev.Workspace).Get(ctx)
	} else {
		seen, err = r.notes.Get(ctx, notes.SessionHere, "")
	}
	switch {
	case err != nil:
		return fmt.Errorf("bot: sessions of %s: %w", ev.Workspace, err)
	case seen == nil:
		return nil
	default:
		return &yieldError{left, "waiting for the session that tells of the same message"}
	}
}
