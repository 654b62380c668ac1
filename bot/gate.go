package bot

import (
	"context"

	"github.com/linearbot/linearbot/internal/reason"
)

// reasonRefused is the reason for which a turn is ignored that an Access
// refuses.
const reasonRefused = reason.Access

// gate is what comes before a handler. The zero gate is open.
type gate struct {
	// over is the reason why the turn is over for all handlers.
	over string
	// detail goes with over in traces. May be empty.
	detail string
	// refused says that the handler's own Access refuses.
	refused bool
	// shut says that the turn is not for this handler.
	shut bool
}

// gate decides whether a handler runs. The first handler that wants a turn has
// it wait for the session that tells of the same act, claim the act, and ask
// Config.Access; each handler has an Access of its own besides.
func (b *Bot) gate(ctx context.Context, r *run, h *handler) (gate, error) {
	ctx = r.limited(ctx)
	if speaks, rival, err := b.claim(ctx, r); err != nil || !speaks {
		if err == nil {
			err = r.session.PointElsewhere(ctx)
		}
		return gate{over: reason.SameAct, detail: rival}, err
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
