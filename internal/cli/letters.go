package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/state"
)

type stateDelayed struct {
	JSON bool `name:"json" help:"One JSON object a line, with the stored bytes."`
}

func (c stateDelayed) Run(ctx context.Context, st *stateCmd, p *program) error {
	return st.with(p, func(store state.Store) error {
		if c.JSON {
			_, err := jsonLines(p.out, store.Delayed(ctx))
			return err
		}
		w := tabwriter.NewWriter(p.out, 0, 4, 2, ' ', 0)
		fmt.Fprintln(w, "DUE\tWHAT\tATTEMPTS\tLANE\tID\tMESSAGE")
		for d, err := range store.Delayed(ctx) {
			if err != nil {
				return err
			}
			fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\t%s\n", until(d.Due), waiting(&d), d.Attempt, d.Lane, shownID(d.ID), orDash(clip(d.Cause.Message, 80)))
		}
		return w.Flush()
	})
}

// waiting returns why an entry is delayed.
func waiting(d *state.DelayedEntry) string {
	switch {
	case d.Cause != (state.Cause{}):
		return "retry"
	case strings.HasPrefix(d.ID, notes.PostPrefix):
		return "post"
	case strings.HasPrefix(d.ID, notes.ResumePrefix):
		return "question"
	default:
		return "entry"
	}
}

// shownID is how lists show the id of an entry.
func shownID(id string) string { return strings.ReplaceAll(id, "\x00", ":") }

// letters chooses dead letters.
type letters struct {
	Letter []string `arg:"" optional:"" help:"Id, as dead shows it, or its first 6 characters or more; the lane may stand before it." placeholder:"[LANE] ID"`
	All    bool     `help:"All dead letters."`
}

// letterName names a dead letter.
type letterName struct {
	lane state.Key
	id   string
}

// shortest is the minimum length of an id prefix, unless the id itself is
// shorter.
const shortest = 6

// choice is the selection that the arguments make.
type choice struct {
	lane *state.Key // nil means any
	id   string
	all  bool
}

// choice reads the arguments.
func (l *letters) choice(program string) (choice, error) {
	c := choice{all: l.All}
	switch n := len(l.Letter); {
	case l.All && n > 0:
		return c, &usageError{errors.New("give an id or --all, not both")}
	case l.All:
		return c, nil
	case n == 1:
		c.id = l.Letter[0]
		return c, nil
	case n == 2:
		lane, ok := state.ParseKey(l.Letter[0])
		if !ok {
			return c, &usageError{fmt.Errorf("%q is not a lane: copy it from \"%s state dead\"", l.Letter[0], program)}
		}
		c.lane, c.id = &lane, l.Letter[1]
		return c, nil
	default:
		return c, &usageError{fmt.Errorf("give the id of one dead letter, as \"%s state dead\" shows it, or --all", program)}
	}
}

// find returns the selected dead letters: all, or the one with the id, or else
// the only one whose id has it as a prefix.
func (c choice) find(ctx context.Context, store state.Inspector) ([]letterName, error) {
	var exact, begin []letterName
	for d, err := range store.Dead(ctx) {
		if err != nil {
			return nil, err
		}
		if c.lane != nil && d.Lane != *c.lane {
			continue
		}
		name, shown := letterName{d.Lane, d.ID}, shownID(d.ID)
		switch {
		case c.all || d.ID == c.id || shown == c.id:
			exact = append(exact, name)
		case len(c.id) >= shortest && strings.HasPrefix(shown, c.id):
			begin = append(begin, name)
		}
	}
	if c.all {
		return exact, nil
	}
	found := exact
	if len(found) == 0 {
		found = begin
	}
	switch {
	case len(found) == 1:
		return found, nil
	case len(found) > 1:
		return nil, fmt.Errorf("%d dead letters match %s: give more of the id, or the lane before it", len(found), c.id)
	case len(c.id) < shortest:
		return nil, fmt.Errorf("dead letter %s: %w; the beginning of an id needs at least %d characters", c.id, state.ErrNotFound, shortest)
	default:
		return nil, fmt.Errorf("dead letter %s: %w", c.id, state.ErrNotFound)
	}
}

// do finds the dead letters, applies an action to each and reports it.
func (l *letters) do(ctx context.Context, st *stateCmd, p *program, done string, f func(store state.Store, lane state.Key, id string) error) error {
	c, err := l.choice(p.name)
	if err != nil {
		return err
	}
	return st.with(p, func(store state.Store) error {
		found, err := c.find(ctx, store)
		if err != nil {
			return err
		}
		n := 0
		for _, d := range found {
			err := f(store, d.lane, d.id)
			if c.all && errors.Is(err, state.ErrNotFound) {
				continue // a bot or another command got there first
			}
			if err != nil {
				return fmt.Errorf("dead letter %s in %s: %w", shownID(d.id), d.lane, err)
			}
			n++
			fmt.Fprintf(p.out, "%s %s in %s\n", done, shownID(d.id), d.lane)
		}
		if c.all {
			fmt.Fprintf(p.out, "%s %d dead letters\n", done, n)
		}
		return nil
	})
}

type stateRequeue struct{ letters }

func (c *stateRequeue) Run(ctx context.Context, st *stateCmd, p *program) error {
	return c.do(ctx, st, p, "requeued", func(store state.Store, lane state.Key, id string) error { return store.Requeue(ctx, lane, id) })
}

type statePurge struct{ letters }

func (c *statePurge) Run(ctx context.Context, st *stateCmd, p *program) error {
	return c.do(ctx, st, p, "purged", func(store state.Store, lane state.Key, id string) error { return store.Purge(ctx, lane, id) })
}
