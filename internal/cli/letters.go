package cli

import (
	"context"
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
			fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\t%s\n", until(d.Due), waiting(&d), d.Attempt,
				printable(d.Lane.String()), printable(shownID(d.ID)), printable(orDash(clip(d.Cause.Message, 80))))
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
