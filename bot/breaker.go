package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/state"
)

// breakerWindow is how long programs must keep quiet in a thread for their
// messages to be counted anew.
const breakerWindow = 10 * time.Minute

// pausedText is what the bot says, once, when it stops answering programs.
const pausedText = "I stop answering here: another program and I have been writing to each other. " +
	"A person who mentions me brings me back."

// talk counts the messages of programs that a thread's bot has handled.
type talk struct {
	N int `json:"n"`
	// Last is the event that was counted last, so that a repeated turn is
	// counted once.
	Last string `json:"last"`
}

// tripped reports whether the message of a turn is one program's message too
// many in its thread. A person's mention starts the count anew.
func (b *Bot) tripped(ctx context.Context, log *zerolog.Logger, t *Turn) (bool, error) {
	m := t.message
	program := m.Author.IsBot()
	if !program && !m.Mentioned {
		return false, nil
	}
	k := t.thread.key()
	k.Kind = "talk"
	for {
		old, err := b.cfg.Store.Get(ctx, k)
		if err != nil && !errors.Is(err, state.ErrNotFound) {
			return false, fmt.Errorf("bot: loop breaker of %s: %w", t.thread.id, err)
		}
		if !program {
			if old == nil {
				return false, nil
			}
			return false, b.cfg.Store.Delete(ctx, k)
		}
		var so talk
		if old != nil && json.Unmarshal(old, &so) != nil {
			so = talk{} // written by another version: counted anew
		}
		if so.Last == t.event.Head().Key {
			return so.N > b.cfg.BotTurns, nil
		}
		so = talk{N: so.N + 1, Last: t.event.Head().Key}
		next, err := json.Marshal(so)
		if err != nil {
			return false, err
		}
		err = b.cfg.Store.CompareAndSet(ctx, k, old, next, breakerWindow)
		switch {
		case errors.Is(err, state.ErrConflict):
			continue
		case err != nil:
			return false, fmt.Errorf("bot: loop breaker of %s: %w", t.thread.id, err)
		case so.N <= b.cfg.BotTurns:
			return false, nil
		}
		if so.N == b.cfg.BotTurns+1 {
			t.enter("breaker")
			if _, err := t.thread.Post(ctx, Text(pausedText)); err != nil {
				log.Warn().Err(err).Msg("could not say that programs are no longer answered here")
			}
		}
		return true, nil
	}
}
