package cli

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"github.com/linearbot/linearbot/internal/admin"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/wording"
	"github.com/linearbot/linearbot/state"
)

type stateDelayed struct {
	looking

	Limit int  `help:"The most." default:"100"`
	JSON  bool `name:"json" help:"One JSON object a line."`
}

func (c stateDelayed) Run(ctx context.Context, st *stateCmd, p *program) error {
	return c.target(st.State).with(ctx, p, func(api *adminClient) error {
		var all admin.Delayed
		if _, err := api.Get(ctx, "delayed", url.Values{"limit": {strconv.Itoa(c.Limit)}}, &all); err != nil {
			return err
		}
		if c.JSON {
			_, err := jsonLines(p.out, listed(all.Delayed))
			return err
		}
		t := newTable(append(plain("DUE", "WHAT", "ATTEMPTS"), laneColumn("LANE"), idColumn("ID"), textColumn("MESSAGE"))...)
		for i := range all.Delayed {
			d := &all.Delayed[i]
			t.row(until(d.Due), waiting(d), d.Attempt, d.Lane, admin.ShownID(d.ID), wording.Clip(d.Cause.Message, 80))
		}
		return p.list(t, "nothing waits", rest(all.More))
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
