package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/linearbot/linearbot/internal/admin"
	"github.com/linearbot/linearbot/internal/trace"
	"github.com/linearbot/linearbot/internal/wording"
)

// explainCmd tells what became of something.
type explainCmd struct {
	target

	What string `arg:"" help:"Address of a comment or issue in Linear, an id of a comment, session or delivery, or a short name such as ENG-12."`
	JSON bool   `name:"json" help:"As JSON."`
}

// Help says what the answer looks like.
func (*explainCmd) Help() string {
	return "The first lines say what happened and what to do, the others how. If something was delivered more than once, the newest comes first; the bot's own messages and duplicates come last."
}

// Run prints the stories.
func (c *explainCmd) Run(ctx context.Context, p *program) error {
	return c.with(ctx, p, func(api *adminClient) error {
		var e admin.Explanation
		data, err := api.Get(ctx, "explain", url.Values{"q": {c.What}}, &e)
		switch {
		case err != nil:
			return err
		case c.JSON:
			_, err = p.out.Write(data)
		case len(e.Traces) == 0:
			fmt.Fprintf(p.out, "No trace of %s was found.\n", printable(c.What))
			for _, hint := range e.Hints {
				fmt.Fprintln(p.out, "  "+hint)
			}
		}
		if err == nil && len(e.Traces) == 0 {
			return exitError(ExitFailed)
		}
		if err != nil || c.JSON {
			return err
		}
		for i, t := range e.Traces {
			if i > 0 {
				fmt.Fprintln(p.out)
			}
			t.Story.Write(p.out)
		}
		return nil
	})
}

// deliveriesCmd lists deliveries.
type deliveriesCmd struct {
	target

	Since     time.Duration `help:"Only those of this long ago and later." placeholder:"1h"`
	Status    string        `help:"Only those of a status: ${statuses}."`
	Thread    string        `help:"Only those of a thread, by its id."`
	Workspace string        `help:"Only those of a workspace, by its id."`
	Limit     int           `help:"The most." default:"50"`
	Follow    bool          `help:"Print what happens from now on."`
	JSON      bool          `name:"json" help:"One JSON object a line."`
}

func (c *deliveriesCmd) query() (url.Values, error) {
	if c.Status != "" && !slices.Contains(trace.Statuses(), trace.Status(c.Status)) {
		return nil, &usageError{fmt.Errorf("--status %s: a delivery is %s", c.Status, statuses())}
	}
	q := url.Values{"limit": {strconv.Itoa(c.Limit)}}
	for name, value := range map[string]string{"status": c.Status, "thread": c.Thread, "workspace": c.Workspace} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if c.Since > 0 {
		q.Set("since", time.Now().Add(-c.Since).UTC().Format(time.RFC3339))
	}
	return q, nil
}

// statuses lists the statuses for people.
func statuses() string {
	all := trace.Statuses()
	var b strings.Builder
	for i, s := range all {
		switch {
		case i == 0:
		case i == len(all)-1:
			b.WriteString(" or ")
		default:
			b.WriteString(", ")
		}
		b.WriteString(string(s))
	}
	return b.String()
}

// Run lists or follows.
func (c *deliveriesCmd) Run(ctx context.Context, p *program) error {
	query, err := c.query()
	if err != nil {
		return err
	}
	return c.with(ctx, p, func(api *adminClient) error {
		if c.Follow {
			return c.follow(ctx, p, api, query)
		}
		var d admin.Deliveries
		if _, err := api.Get(ctx, "deliveries", query, &d); err != nil {
			return err
		}
		if c.JSON {
			enc := json.NewEncoder(p.out)
			for i := range d.Traces {
				if err := enc.Encode(d.Traces[i]); err != nil {
					return err
				}
			}
			return nil
		}
		t := newTable(append(plain("AT", "STATUS", "REASON", "TYPE"), laneColumn("ABOUT"), column{name: "TOOK"}, idColumn("DELIVERY"))...)
		for i := range d.Traces {
			t.rows = append(t.rows, row(&d.Traces[i].Trace))
		}
		more := rest(d.More)
		if d.More {
			more += ", or --since and --status"
		}
		return p.list(t, "no deliveries", more)
	})
}

func (c *deliveriesCmd) follow(ctx context.Context, p *program, api *adminClient, query url.Values) error {
	return api.Follow(ctx, query, func(data []byte) error {
		if c.JSON {
			_, err := fmt.Fprintf(p.out, "%s\n", data)
			return err
		}
		var t admin.Told
		if err := json.Unmarshal(data, &t); err != nil {
			return err
		}
		_, err := fmt.Fprintln(p.out, wording.Printable(strings.Join(append(row(&t.Trace), t.Story.What), "  ")))
		return err
	})
}

// row is a trace in one line.
func row(t *trace.Trace) []string {
	about := t.Subject
	if about == "" {
		about = string(t.Thread)
	}
	id := t.Delivery
	if id == "" {
		id = admin.ShownID(t.ID)
	}
	return []string{
		t.At.UTC().Format(time.DateTime), string(t.Status), t.Reason, orDash(t.Type), orDash(about),
		t.Until.Sub(t.At).Round(time.Millisecond).String(), wording.Clip(id, 40),
	}
}

// printable keeps what others wrote from moving the cursor.
func printable(s string) string { return wording.Printable(s) }
