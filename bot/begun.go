package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/linearbot/linearbot/state"
)

// A turn that stands for several messages may have to run again: after an
// error, a crash or a deploy. It must be the same turn then, or what it wrote
// would be written again under the name of another message. So before such a
// turn runs, it is noted in the store which message stands for which, and as
// long as that message waits in the lane nothing newer takes its place.

const (
	// begunKept is the most rows that are remembered of a lane. They are few:
	// the last one, and those that have stepped aside.
	begunKept = 64
	// begunGrace is how long a row that has stepped aside is remembered after
	// it was to come back.
	begunGrace = time.Hour
)

// begun is what is known of the rows of a lane that were begun.
type begun struct {
	key    state.Key
	stored []byte
	rows   []row
}

// row is the stored form of a row. Entries are named by id.
type row struct {
	Newest string   `json:"newest"`
	Older  []string `json:"older,omitempty"`
	// By names the handlers that may take the row. Nil means any.
	By []string `json:"by,omitempty"`
	// Aside is until when the row is not in its lane.
	Aside time.Time `json:"aside,omitzero"`
}

func (b *Bot) loadBegun(ctx context.Context, lane state.Key) (*begun, error) {
	g := &begun{key: state.Key{Workspace: lane.Workspace, Kind: "begun", ID: lane.ID}}
	stored, err := b.cfg.Store.Get(ctx, g.key)
	switch {
	case errors.Is(err, state.ErrNotFound):
	case err != nil:
		return nil, fmt.Errorf("bot: turns of %s: %w", lane.ID, err)
	case json.Unmarshal(stored, &g.rows) != nil:
		g.stored, g.rows = stored, nil // written by another version
	default:
		g.stored = stored
	}
	return g, nil
}

// with returns the row that an entry is part of, or nil.
func (g *begun) with(id string) *row {
	for i := range slices.Backward(g.rows) {
		if r := &g.rows[i]; r.Newest == id || slices.Contains(r.Older, id) {
			return r
		}
	}
	return nil
}

// begin notes which row is begun, unless it was tried before.
func (l *lane) begin(ctx context.Context, c pick) error {
	s := l.seats[c.at]
	if s.begun != nil {
		return nil
	}
	r := row{Newest: l.entries[c.at].ID, By: s.rule.by}
	for _, i := range c.older {
		r.Older = append(r.Older, l.entries[i].ID)
	}
	if err := alive(ctx); err != nil {
		return err
	}
	return l.note(ctx, r)
}

// stepAside notes that the row of a pick is out of its lane for d.
func (l *lane) stepAside(ctx context.Context, c pick, d time.Duration) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.bot.cfg.LeaseTTL)
	defer cancel()
	r := l.begun.with(l.entries[c.at].ID)
	if r == nil {
		return nil
	}
	aside := *r
	aside.Aside = time.Now().Add(d)
	return l.note(ctx, aside)
}

// note stores a row, and forgets those that are done.
func (l *lane) note(ctx context.Context, r row) error {
	g := l.begun
	long := time.Now().Add(-begunGrace)
	rows := slices.DeleteFunc(slices.Clone(g.rows), func(old row) bool {
		return old.Newest == r.Newest || !l.cut && !l.holds(old.Newest) && old.Aside.Before(long)
	})
	rows = append(rows, r)
	rows = rows[max(0, len(rows)-begunKept):]
	stored, err := json.Marshal(rows)
	if err != nil {
		return err
	}
	err = l.bot.cfg.Store.CompareAndSet(ctx, g.key, g.stored, stored, pinTTL)
	switch {
	case err == nil:
		g.stored, g.rows = stored, rows
		return nil
	case errors.Is(err, state.ErrConflict):
		// Another process works on the lane. That is no fault of the turn.
		return fmt.Errorf("bot: turns of %s: %w: %w", g.key.ID, state.ErrUnavailable, err)
	default:
		return fmt.Errorf("bot: turns of %s: %w", g.key.ID, err)
	}
}

// A turn that parks is done as far as its lane is concerned, and so are the
// messages that it skips. They are kept for when it goes on.

// keptSkipped is the stored form of the messages that a parked turn skips.
type keptSkipped struct {
	By     []string `json:"by,omitempty"`
	Bodies [][]byte `json:"bodies"`
}

// keepSkipped keeps what a turn that parks skips.
func (b *Bot) keepSkipped(ctx context.Context, t *Turn, ttl time.Duration) error {
	if len(t.skipped) == 0 {
		return nil
	}
	kept := keptSkipped{By: t.by}
	for _, s := range t.skipped {
		kept.Bodies = append(kept.Bodies, s.entry.Body)
	}
	data, err := json.Marshal(kept)
	if err != nil {
		return Permanent(err)
	}
	if err := b.cfg.Store.Set(ctx, t.skippedKey(), data, ttl); err != nil {
		return fmt.Errorf("bot: skipped messages: %w", err)
	}
	return nil
}

// turnOf turns an entry into a turn that can be run, with what it skipped if it
// had parked.
func (b *Bot) turnOf(ctx context.Context, e state.Queued) (*Turn, error) {
	t, err := b.open(ctx, e)
	if err != nil || !isResumed(&e) {
		return t, err
	}
	stored, err := b.cfg.Store.Get(ctx, t.skippedKey())
	if errors.Is(err, state.ErrNotFound) {
		return t, nil
	}
	if err != nil {
		return nil, fmt.Errorf("bot: skipped messages: %w", err)
	}
	var kept keptSkipped
	if err := json.Unmarshal(stored, &kept); err != nil {
		return t, nil //nolint:nilerr // written by another version: the turn goes on without them
	}
	t.by = kept.By
	for _, body := range kept.Bodies {
		old := e
		old.ID, old.Body = "", body
		s, err := b.open(ctx, old)
		if _, damaged := errors.AsType[*permanentError](err); damaged {
			continue
		}
		if err != nil {
			return nil, err
		}
		t.skipped = append(t.skipped, s)
	}
	return t, nil
}

func (t *Turn) skippedKey() state.Key {
	head := t.event.Head()
	return state.Key{Workspace: head.Workspace, Kind: "skipped", ID: head.Key}
}
