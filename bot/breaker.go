package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/state"
)

// pausedText is what the bot says, once, when it stops answering programs.
const pausedText = "I'll stop answering here: another program and I have been writing to each other. " +
	"Mention me to bring me back."

// talk counts the messages of programs that a thread's bot has handled.
type talk struct {
	N int `json:"n"`
	// Last is the event that was counted last, so that a repeated turn is
	// counted once.
	Last string `json:"last"`
}

// breaker ends the turn if its message is one program's message too many in its
// thread. A person's mention starts the count anew.
func (b *Bot) breaker(ctx context.Context, r *run) (*outcome, error) {
	if _, ok := r.event.(*adapter.MessageEvent); !ok {
		return nil, nil
	}
	ctx = r.limited(ctx)
	if r.message.Author.IsHuman() {
		if r.message.Mentioned {
			return nil, b.forgetTalk(ctx, r)
		}
		return nil, nil
	}
	if b.cfg.BotTurns == math.MaxInt {
		return nil, nil
	}
	n, err := b.countTalk(ctx, r.Turn)
	if err != nil {
		return nil, fmt.Errorf("bot: loop breaker of %s: %w", r.thread.id, err)
	}
	if n <= b.cfg.BotTurns {
		return nil, nil
	}
	if n == b.cfg.BotTurns+1 {
		r.writes.begin("breaker")
		if _, err := r.thread.Post(ctx, Text(pausedText)); err != nil {
			r.log.Warn().Err(err).Msg("could not say that programs are no longer answered here")
		}
	}
	return ignored(reason.BotLoop), nil
}

func (b *Bot) forgetTalk(ctx context.Context, r *run) error {
	old, err := r.notes.Get(ctx, notes.Talk, "")
	if err == nil && old != nil {
		err = r.notes.Put(ctx, notes.Talk, "", nil)
	}
	if err != nil {
		return fmt.Errorf("bot: loop breaker of %s: %w", r.thread.id, err)
	}
	return nil
}

// countTalk counts the message of a turn, once, and returns how many there are.
// Repeats of the message that passed the limit count as it does.
func (b *Bot) countTalk(ctx context.Context, t *Turn) (int, error) {
	for {
		old, err := t.notes.Get(ctx, notes.Talk, "")
		if err != nil {
			return 0, err
		}
		var so talk
		if old != nil && json.Unmarshal(old, &so) != nil {
			so = talk{} // written by another version: counted anew
		}
		if so.Last == t.head().Key {
			return max(so.N, 1), nil
		}
		so = talk{N: so.N + 1, Last: t.head().Key}
		next, err := json.Marshal(so)
		if err != nil {
			return 0, err
		}
		if err := t.notes.Swap(ctx, notes.Talk, "", old, next); !errors.Is(err, state.ErrConflict) {
			return so.N, err
		}
	}
}
