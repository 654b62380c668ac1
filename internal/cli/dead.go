package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"

	"github.com/linearbot/linearbot/internal/admin"
	"github.com/linearbot/linearbot/internal/wording"
	"github.com/linearbot/linearbot/state"
)

// deadCmd looks after the dead letters.
type deadCmd struct {
	target

	List    deadList    `cmd:"" help:"List the dead letters, newest first."`
	Show    deadShow    `cmd:"" help:"Show one: why it failed, and what happened before."`
	Requeue deadRequeue `cmd:"" help:"Handle one again, or all of them. What it wrote already is not written twice."`
	Drop    deadDrop    `cmd:"" help:"Delete one, or all of them."`
}

type deadList struct {
	Limit int  `help:"The most." default:"100"`
	JSON  bool `name:"json" help:"One JSON object a line."`
}

// Run lists them.
func (c *deadList) Run(ctx context.Context, d *deadCmd, p *program) error {
	return d.with(ctx, p, func(api *adminClient) error {
		var l admin.Letters
		if _, err := api.Get(ctx, "dead", url.Values{"limit": {strconv.Itoa(c.Limit)}}, &l); err != nil {
			return err
		}
		if c.JSON {
			enc := json.NewEncoder(p.out)
			for _, letter := range l.Letters {
				if err := enc.Encode(letter); err != nil {
					return err
				}
			}
			return nil
		}
		t := newTable(append(plain("BURIED", "ATTEMPTS", "CODE"), laneColumn("LANE"), idColumn("ID"), textColumn("MESSAGE"))...)
		for _, letter := range l.Letters {
			t.row(age(letter.BuriedAt), letter.Attempts, letter.Code, letter.Lane, letter.ID, wording.Clip(letter.Message, 80))
		}
		return p.list(t, "no dead letters", rest(l.More))
	})
}

type deadShow struct {
	ID   string `arg:"" help:"Id, as list shows it, or its first 6 characters or more."`
	JSON bool   `name:"json" help:"As JSON."`
}

// Run shows one.
func (c *deadShow) Run(ctx context.Context, d *deadCmd, p *program) error {
	return d.with(ctx, p, func(api *adminClient) error {
		var l admin.Letter
		data, err := api.Get(ctx, "dead/show", url.Values{"id": {c.ID}}, &l)
		if err != nil {
			return err
		}
		if c.JSON {
			_, err := p.out.Write(data)
			return err
		}
		fmt.Fprintf(p.out, "%s in %s\n", printable(l.ID), printable(l.Lane.String()))
		fmt.Fprintf(p.out, "  buried %s ago after %s: %s: %s\n", age(l.BuriedAt), wording.Count(l.Attempts, "attempt", "attempts"), printable(l.Code), printable(l.Message))
		if l.Stack != "" {
			fmt.Fprintln(p.out, l.Stack)
		}
		if l.Trace != nil {
			l.Trace.Story.Write(p.out)
		}
		return nil
	})
}

// chosenLetters are the arguments that choose dead letters.
type chosenLetters struct {
	Letter []string `arg:"" optional:"" help:"Id, as list shows it, or its first 6 characters or more; the lane may stand before it." placeholder:"[LANE] ID"`
	All    bool     `help:"All dead letters."`
}

func (c *chosenLetters) chosen(program string) (admin.Chosen, error) {
	switch n := len(c.Letter); {
	case c.All && n > 0:
		return admin.Chosen{}, &usageError{errors.New("give an id or --all, not both")}
	case c.All:
		return admin.Chosen{All: true}, nil
	case n == 1:
		return admin.Chosen{ID: c.Letter[0]}, nil
	case n == 2:
		if _, ok := state.ParseKey(c.Letter[0]); !ok {
			return admin.Chosen{}, &usageError{fmt.Errorf("%q is not a lane: copy it from \"%s dead list\"", c.Letter[0], program)}
		}
		return admin.Chosen{Lane: c.Letter[0], ID: c.Letter[1]}, nil
	default:
		return admin.Chosen{}, &usageError{fmt.Errorf("give the id of one dead letter, as \"%s dead list\" shows it, or --all", program)}
	}
}

func (c *chosenLetters) change(ctx context.Context, d *deadCmd, p *program, path, done string) error {
	chosen, err := c.chosen(p.name)
	if err != nil {
		return err
	}
	return d.target.change(ctx, p, func(api *adminClient) error {
		var changed admin.Changed
		if err := api.Post(ctx, path, chosen, &changed); err != nil {
			return err
		}
		for _, id := range changed.IDs {
			fmt.Fprintf(p.out, "%s %s\n", done, id)
		}
		if c.All {
			fmt.Fprintf(p.out, "%s %s\n", done, wording.Count(changed.N, "dead letter", "dead letters"))
		}
		return nil
	})
}

type deadRequeue struct{ chosenLetters }

// Run requeues them.
func (c *deadRequeue) Run(ctx context.Context, d *deadCmd, p *program) error {
	return c.change(ctx, d, p, "dead/requeue", "requeued")
}

type deadDrop struct{ chosenLetters }

// Run drops them.
func (c *deadDrop) Run(ctx context.Context, d *deadCmd, p *program) error {
	return c.change(ctx, d, p, "dead/drop", "dropped")
}

// scheduledCmd looks after scheduled posts.
type scheduledCmd struct {
	target

	List   scheduledList   `cmd:"" help:"List the scheduled posts, the next one first."`
	Cancel scheduledCancel `cmd:"" help:"Keep one from being posted."`
}

type scheduledList struct {
	Limit int  `help:"The most." default:"100"`
	JSON  bool `name:"json" help:"One JSON object a line."`
}

// Run lists them.
func (c *scheduledList) Run(ctx context.Context, s *scheduledCmd, p *program) error {
	return s.with(ctx, p, func(api *adminClient) error {
		var posts admin.Posts
		if _, err := api.Get(ctx, "scheduled", url.Values{"limit": {strconv.Itoa(c.Limit)}}, &posts); err != nil {
			return err
		}
		if c.JSON {
			enc := json.NewEncoder(p.out)
			for _, post := range posts.Posts {
				if err := enc.Encode(post); err != nil {
					return err
				}
			}
			return nil
		}
		t := newTable(append(plain("DUE", "STATUS"), laneColumn("LANE"), idColumn("ID"))...)
		for _, post := range posts.Posts {
			status := "waits"
			if post.Canceled {
				status = "canceled"
			}
			t.row(until(post.Due), status, post.Lane, post.ID)
		}
		return p.list(t, "no scheduled posts", rest(posts.More))
	})
}

type scheduledCancel struct {
	ID string `arg:"" help:"Id, as list shows it, or its first 6 characters or more."`
}

// Run cancels one.
func (c *scheduledCancel) Run(ctx context.Context, s *scheduledCmd, p *program) error {
	return s.change(ctx, p, func(api *adminClient) error {
		var changed admin.Changed
		if err := api.Post(ctx, "scheduled/cancel", admin.Chosen{ID: c.ID}, &changed); err != nil {
			return err
		}
		for _, id := range changed.IDs {
			fmt.Fprintf(p.out, "canceled %s\n", id)
		}
		return nil
	})
}
