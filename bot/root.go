package bot

import (
	"context"
	"fmt"
	"strings"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/notes"
)

// A turn may belong to an issue and to none of its threads: the bot was mentioned
// in a description, or an issue changed. What the turn posts first begins a thread
// there, and people reply in that. So from then on the handle of the turn means that
// thread: Subscribe, State, Ask, PostAt and further posts follow.

// here returns the thread that a handle means: the one that the turn has begun, if
// t is the handle of a turn on an issue, and otherwise t.
func (t *Thread) here() *Thread {
	if t.turn == nil || t.turn.thread != t {
		return t
	}
	if root := t.turn.root.Load(); root != nil {
		return root
	}
	return t
}

// roots has the turn of t continue in the thread of m if m is the first message that
// the turn posts on its issue.
func (t *Thread) roots(ctx context.Context, m *adapter.Message) error {
	turn := t.turn
	if turn == nil || turn.thread != t || m.Thread == "" || m.Thread == t.id || t.inSession() {
		return nil
	}
	if channel, err := t.bot.cfg.Adapter.Channel(m.Thread); err != nil || channel != t.id || !turn.continueIn(m.Thread) {
		return nil //nolint:nilerr // a thread, or not on the same issue: it stays what it was
	}
	if turn.early.Load() {
		if err := t.here().Subscribe(ctx); err != nil {
			return err
		}
	}
	if step := stepFrom(ctx); step == "" || strings.HasPrefix(step, askStep) {
		return nil // the next run posts again, or finds the thread with the question
	}
	if err := turn.notes.Put(ctx, notes.Root, turn.head().Key, []byte(m.Thread)); err != nil {
		return fmt.Errorf("bot: thread of %s: %w", turn.head().Key, err)
	}
	return nil
}

// expectedRoot returns the thread that the next post of a step will begin, as far as
// that can be known. It is empty if the post begins none.
func (t *Thread) expectedRoot(ctx context.Context) (adapter.ThreadID, error) {
	turn := t.turn
	if t.bot.can.rooter == nil || turn == nil || turn.thread != t || t.inSession() {
		return "", nil
	}
	if channel, err := t.bot.cfg.Adapter.Channel(t.id); err != nil || channel != t.id {
		return "", err
	}
	id, err := t.bot.can.rooter.RootOf(ctx, &adapter.Post{Workspace: t.workspace, Thread: t.id, Key: turn.peekKey(stepFrom(ctx))})
	if adapter.CodeOf(err) == adapter.CodeUnsupported {
		return "", nil
	}
	return id, err
}

// continueIn has a turn on an issue continue in a thread of it. It reports whether
// the turn had none before.
func (t *Turn) continueIn(id adapter.ThreadID) bool {
	if t.thread == nil || id == t.thread.id {
		return false
	}
	return t.root.CompareAndSwap(nil, &Thread{bot: t.bot, id: id, workspace: t.thread.workspace, turn: t})
}

// recallRoot has a turn that runs again continue in the thread that it has begun
// within a step, which does not run again.
func (t *Turn) recallRoot(ctx context.Context) error {
	if t.thread == nil || t.Attempt() == 1 && !isResumed(&t.entry) {
		return nil
	}
	id, err := t.notes.Get(ctx, notes.Root, t.head().Key)
	if err != nil {
		return fmt.Errorf("bot: thread of %s: %w", t.head().Key, err)
	}
	if id != nil {
		t.continueIn(adapter.ThreadID(id))
	}
	return nil
}
