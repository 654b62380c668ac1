package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/linearbot/linearbot/state"
)

// claimTTL is how long it is remembered which event speaks for an act. Linear
// sends the last repeat of an event some seven hours after the first.
const claimTTL = 24 * time.Hour

// A platform may tell of one act with several kinds of event: of a comment with
// the comment itself, a session and a notification. The first kind to get as
// far as a handler claims the act; events of other kinds that tell of the same
// act are left out, whatever their order and on whichever instance. Events of
// the same kind are never left out: two of them are two acts that look alike.

// claim is the stored form of a claim.
type claim struct {
	Type string `json:"type"`
	Key  string `json:"key"`
}

// claims reports whether the turn speaks for its act.
func (b *Bot) claims(ctx context.Context, t *Turn) (bool, error) {
	head := t.event.Head()
	if head.Act == "" || t.claimed {
		return true, nil
	}
	k := state.Key{Workspace: head.Workspace, Kind: "act", ID: head.Act}
	mine, err := json.Marshal(claim{Type: head.Type, Key: head.Key})
	if err != nil {
		return false, err
	}
	err = b.cfg.Store.CompareAndSet(ctx, k, nil, mine, claimTTL)
	if errors.Is(err, state.ErrConflict) {
		var there []byte
		switch there, err = b.cfg.Store.Get(ctx, k); {
		case errors.Is(err, state.ErrNotFound): // it has just expired
			err = nil
		case err == nil:
			var holder claim
			if json.Unmarshal(there, &holder) == nil && holder.Type != head.Type {
				return false, nil
			}
		}
	}
	if err != nil {
		return false, fmt.Errorf("bot: claim of %s: %w", head.Act, err)
	}
	t.claimed = true
	return true, nil
}
