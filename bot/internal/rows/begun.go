package rows

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

// Begin notes which row is begun, unless it was begun before or the thread has no room
// for notes.
func (l *Lane) Begin(ctx context.Context, p Pick) error {
	if l.candidates[p.At].row != nil {
		return nil
	}
	r := &row{Newest: l.entries[p.At].ID}
	for _, i := range p.Older {
		r.Older = append(r.Older, l.entries[i].ID)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	stored, err := l.noted(r)
	if err != nil {
		return err
	}
	err = l.page.Swap(ctx, notes.Begun, "", l.begun.stored, stored)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, state.ErrInvalid):
		// The thread has no room for notes. After a crash the row may be another one, and
		// there may be two answers. That is better than none.
		return nil
	case errors.Is(err, state.ErrConflict):
		// Another process works on the lane. The turn did nothing wrong.
		return fmt.Errorf("bot: turns of %s: %w: %w", l.page.Key().ID, state.ErrUnavailable, err)
	default:
		return fmt.Errorf("bot: turns of %s: %w", l.page.Key().ID, err)
	}
}

// StepAside notes, with the verdict, that the row of a pick is out of its lane
// until the turn that ends now has ended, which takes a while at most, and d has
// passed.
func (l *Lane) StepAside(p Pick, while, d time.Duration) {
	r := l.begun.with(l.entries[p.At].ID)
	if r == nil {
		return
	}
	aside := *r
	aside.Aside = l.now.Add(while + d)
	if stored, err := l.noted(&aside); err == nil {
		l.page.Stage(notes.Begun, "", stored)
	}
}

// noted adds a row to those of the lane, forgets those that are done, and
// returns the stored form.
func (l *Lane) noted(r *row) ([]byte, error) {
	long := l.now.Add(-begunGrace)
	rows := slices.DeleteFunc(slices.Clone(l.begun.rows), func(old *row) bool {
		return old.Newest == r.Newest || !l.cut && !l.holds(old.Newest) && old.Aside.Before(long)
	})
	rows = append(rows, r)
	l.begun.rows = rows[max(0, len(rows)-begunKept):]
	return json.Marshal(l.begun.rows)
}
