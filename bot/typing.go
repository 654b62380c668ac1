package bot

import (
	"context"
	"errors"
	"sync"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/stream"
)

// Typing shows that the bot is at work. In an agent session that is a passing
// thought, with status for its words; status may be empty. In a thread of
// comments it is the reaction Config.TypingEmoji to the message of the turn; it
// is a no-op if that is unset or the turn has no such message. The reaction is
// added once per run of the turn and removed when the run ends, however it ends.
// A failure of either is logged and not returned. A reaction that the handler
// adds itself stays.
func (t *Thread) Typing(ctx context.Context, status string) error {
	if err := alive(ctx); err != nil {
		return err
	}
	t.showTyping(ctx)
	if t.bot.can.typist == nil {
		return nil
	}
	if !t.inSession() {
		return t.bot.can.typist.Typing(ctx, t.workspace, t.id, status)
	}
	err := t.written(ctx, adapter.ActivityThought, func(ctx context.Context) error {
		return t.bot.can.typist.Typing(ctx, t.workspace, t.id, status)
	})
	if errors.Is(err, ErrAsked) {
		return nil // the bot waits for an answer
	}
	return err
}

// typing is the reaction with which a turn shows that the bot is at work.
type typing struct {
	mu sync.Mutex
	// shown says that there is such a reaction, over that it must not be
	// shown again, and kept that it is now a reaction like any other.
	shown, over, kept bool
}

// showTyping reacts to the message of the turn that ctx or t belongs to, if it
// is in this thread.
func (t *Thread) showTyping(ctx context.Context) {
	turn, emoji := t.turnOf(ctx), t.bot.cfg.TypingEmoji
	if emoji == "" || t.bot.can.reactor == nil || turn == nil || !turn.takesReaction() || turn.thread.id != t.id || t.inSession() {
		return
	}
	sign := &turn.typing
	sign.mu.Lock()
	defer sign.mu.Unlock()
	if sign.shown || sign.over || sign.kept {
		return
	}
	sign.shown = true
	if err := t.bot.can.reactor.React(ctx, t.ref(turn.message.ID), reactionEmoji(emoji)); err != nil {
		t.bot.log.Debug().Err(err).Str(keyThread, string(t.id)).Msg("typing could not be shown")
		if code := adapter.CodeOf(err); !code.Retryable() && code != adapter.CodeCanceled {
			sign.shown, sign.over = false, true // there is nothing to be taken back, for certain
		}
	}
}

// keepTyping leaves the reaction that shows typing where it is, because the
// handler has added the same for reasons of its own.
func (t *Thread) keepTyping(ctx context.Context, messageID, emoji string) {
	turn := t.turnOf(ctx)
	if turn == nil || turn.message == nil || turn.message.ID != messageID || EmojiName(emoji) != EmojiName(t.bot.cfg.TypingEmoji) {
		return
	}
	turn.typing.mu.Lock()
	defer turn.typing.mu.Unlock()
	turn.typing.kept = true
}

// endTyping takes the reaction back with which a turn has shown that the bot is
// at work.
func (b *Bot) endTyping(ctx context.Context, turn *Turn) {
	sign := &turn.typing
	sign.mu.Lock()
	defer sign.mu.Unlock()
	sign.over = true
	if !sign.shown || sign.kept || errors.Is(context.Cause(ctx), ErrLeaseLost) {
		return // the process that has the thread now shows it
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stream.LastWords)
	defer cancel()
	t := turn.thread
	if err := b.can.reactor.Unreact(ctx, t.ref(turn.message.ID), reactionEmoji(b.cfg.TypingEmoji)); err != nil {
		b.log.Debug().Err(err).Str(keyThread, string(t.id)).Msg("typing could not be taken back")
	}
}

// takesReaction reports whether there is a message to react to.
func (t *Turn) takesReaction() bool {
	_, deleted := t.event.(*adapter.DeleteEvent)
	return t.message != nil && t.message.ID != "" && !deleted
}
