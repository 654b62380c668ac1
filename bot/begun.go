package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/state"
)

// A turn that stands for several messages may have to run again: after an
// error, a crash or a deploy. It must be the same turn then, or what it wrote
// would be written again under the name of another message. So before such a
// turn runs, it is noted which message stands for which, and as long as that
// message waits in the lane nothing newer takes its place.

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
	stored []byte
	rows   []*row
}

// row is the stored form of a row. Entries are named by id.
type row struct {
	Newest string   `json:"newest"`
	Older  []string `json:"older,omitempty"`
	// Aside is until when the row is not in its lane, by the store's clock.
	Aside time.Time `json:"aside,omitzero"`
}

func loadBegun(ctx context.Context, page *notes.Thread) (*begun, error) {
	stored, err := page.Get(ctx, notes.Begun, "")
	if err != nil {
		return nil, err
	}
	g := &begun{stored: stored}
	if stored != nil && json.Unmarshal(stored, &g.rows) != nil {
		g.rows = nil // written by another version
	}
	return g, nil
}

// with returns the row that an entry is part of, or nil.
func (g *begun) with(id string) *row {
	for _, r := range slices.Backward(g.rows) {
		if r.Newest == id || slices.Contains(r.Older, id) {
			return r
		}
	}
	return nil
}

// begin notes which row is begun, unless it was tried before.
func (l *lane) begin(ctx context.Context, p pick) error {
	if l.candidates[p.at].row != nil {
		return nil
	}
	r := &row{Newest: l.entries[p.at].ID}
	for _, i := range p.older {
		r.Older = append(r.Older, l.entries[i].ID)
	}
	if err := alive(ctx); err != nil {
		return err
	}
	stored, err := l.noted(r)
	if err != nil {
		return err
	}
	err = l.page.Swap(ctx, notes.Begun, "", l.begun.stored, stored)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, state.ErrConflict):
		// Another process works on the lane. The turn did nothing wrong.
		return fmt.Errorf("bot: turns of %s: %w: %w", l.page.Key().ID, state.ErrUnavailable, err)
	default:
		return fmt.Errorf("bot: turns of %s: %w", l.page.Key().ID, err)
	}
}

// stepAside notes, with the verdict, that the row of a pick is out of its lane
// for d.
func (l *lane) stepAside(p pick, d time.Duration) {
	r := l.begun.with(l.entries[p.at].ID)
	if r == nil {
		return
	}
	aside := *r
	aside.Aside = l.now.Add(l.bot.cfg.TurnTimeout + d)
	if stored, err := l.noted(&aside); err == nil {
		l.page.Stage(notes.Begun, "", stored)
	}
}

// noted adds a row to those of the lane, forgets those that are done, and
// returns the stored form.
func (l *lane) noted(r *row) ([]byte, error) {
	long := l.now.Add(-begunGrace)
	rows := slices.DeleteFunc(slices.Clone(l.begun.rows), func(old *row) bool {
		return old.Newest == r.Newest || !l.cut && !l.holds(old.Newest) && old.Aside.Before(long)
	})
	rows = append(rows, r)
	l.begun.rows = rows[max(0, len(rows)-begunKept):]
	return json.Marshal(l.begun.rows)
}
