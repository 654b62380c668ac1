package bot

import (
	"context"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/tally"
	"github.com/linearbot/linearbot/bot/internal/writes"
	"github.com/linearbot/linearbot/internal/notes"
)

// keepSent remembers what a turn has sent, with its settle, if the turn is to run again,
// and forgets it if it is over; see package writes.
func (t *Turn) keepSent(over bool) {
	if !over {
		t.sent.Keep(t.notes, t.head().Key)
		return
	}
	writes.Forget(t.notes, t.head().Key)
	t.notes.Stage(notes.Root, t.head().Key, nil)
}

// send posts a text under a key. said is the part of it that is the same whenever
// the same is said; links of buttons differ each time. If an earlier run of the turn
// posted something else under the key, the message is edited; where it cannot be,
// that is logged and counted, and the message that stands there is returned.
func (t *Thread) send(ctx context.Context, p *adapter.Post, said string) (*adapter.Message, error) {
	turn := t.turnOf(ctx)
	before := ""
	if turn != nil {
		var err error
		if before, err = turn.sent.Note(ctx, turn.notes, turn.head().Key, p.Key, said); err != nil {
			return nil, err
		}
	}
	m, err := t.put(ctx, p)
	if err != nil {
		return nil, err
	}
	t.bot.counts.Add(tally.Replies, "")
	t.bot.decisions.Reply(ctx, m)
	if err := t.roots(ctx, m); err != nil {
		return m, err
	}
	again := turn != nil && (turn.Attempt() > 1 || isResumed(&turn.entry))
	if !m.Existed || !writes.Differs(before, said, again, m.Body, p.Body) {
		return m, nil
	}
	return t.follow(ctx, m, p.Body)
}

// put posts a text. In a session it is written in turn with the keeper.
func (t *Thread) put(ctx context.Context, p *adapter.Post) (*adapter.Message, error) {
	if !t.inSession() {
		return t.bot.cfg.Adapter.Post(ctx, p)
	}
	kind := adapter.ActivityResponse
	if p.Progress {
		kind = adapter.ActivityThought
	}
	var m *adapter.Message
	err := t.written(ctx, kind, func(ctx context.Context) (err error) {
		m, err = t.bot.cfg.Adapter.Post(ctx, p)
		return err
	})
	return m, err
}

// follow makes a message say body.
func (t *Thread) follow(ctx context.Context, m *adapter.Message, body string) (*adapter.Message, error) {
	err := error(nil)
	if t.bot.can.editor == nil {
		err = t.bot.cannot("edit")
	} else {
		ref := t.ref(m.ID)
		if m.Thread != "" {
			ref.Thread = m.Thread
		}
		var edited *adapter.Message
		if edited, err = t.bot.can.editor.Edit(ctx, ref, body); err == nil {
			return edited, nil
		}
	}
	switch adapter.CodeOf(err) {
	case adapter.CodeAppendOnly, adapter.CodeUnsupported:
		t.bot.counts.Add(tally.Differs, "")
		t.bot.log.Warn().Str(keyThread, string(t.id)).
			Msg("the turn ran again and said something else: what it said first stays. Keep the text with bot.Step")
		return m, nil
	default:
		return nil, err
	}
}
