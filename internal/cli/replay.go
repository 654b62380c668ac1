package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/linearbot/linearbot/internal/admin"
)

// replayCmd handles deliveries again.
type replayCmd struct {
	target

	What   string        `arg:"" optional:"" help:"Which delivery: an id, the address of a comment in Linear, or an issue such as ENG-12, whose newest delivery is meant."`
	Since  time.Duration `help:"All deliveries of this long ago and later, in their order; with --status or --thread." placeholder:"1h"`
	Status string        `help:"All deliveries of a status: ${statuses}."`
	Thread string        `help:"All deliveries of a thread, by its id."`
	Limit  int           `help:"The most." default:"50"`
	To     string        `help:"Send it to the webhook at a URL instead, signed with LINEAR_WEBHOOK_SECRET, for example to a bot on a laptop." placeholder:"URL"`
}

// Help says what is written twice.
func (*replayCmd) Help() string {
	return "What the bot posted when it handled a delivery first is not posted twice: it has the same ids. Other effects of handlers happen again."
}

// Run replays.
func (c *replayCmd) Run(ctx context.Context, p *program) error {
	filtered := c.Since > 0 || c.Status != "" || c.Thread != ""
	if filtered == (c.What != "") {
		return &usageError{errors.New("give the id of a delivery, or --since, --status or --thread")}
	}
	list := deliveriesCmd{Since: c.Since, Status: c.Status, Thread: c.Thread, Limit: c.Limit}
	query, err := list.query()
	if err != nil {
		return err
	}
	return c.with(ctx, p, func(api *adminClient) error {
		ids := []string{c.What}
		if filtered {
			var err error
			if ids, err = c.choose(ctx, api, query); err != nil {
				return err
			}
		}
		var errs []error
		for _, id := range ids {
			if err := c.one(ctx, p, api, id); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", id, err))
				if ctx.Err() != nil {
					break
				}
			}
		}
		return errors.Join(errs...)
	})
}

// choose lists the deliveries that the flags choose, oldest first.
func (c *replayCmd) choose(ctx context.Context, api *adminClient, query url.Values) ([]string, error) {
	var d admin.Deliveries
	if _, err := api.Get(ctx, "deliveries", query, &d); err != nil {
		return nil, err
	}
	var ids []string
	seen := make(map[string]bool)
	for i := range d.Traces {
		t := &d.Traces[len(d.Traces)-1-i]
		if t.Event != "" && !seen[t.Event] {
			seen[t.Event] = true
			ids = append(ids, t.ID)
		}
	}
	return ids, nil
}

func (c *replayCmd) one(ctx context.Context, p *program, api *adminClient, id string) error {
	if c.To == "" {
		var r admin.Replayed
		if err := api.Post(ctx, "replay", admin.Chosen{ID: id}, &r); err != nil {
			return err
		}
		fmt.Fprintf(p.out, "%s is handled again\n", r.Event)
		return nil
	}
	var b admin.Body
	if _, err := api.Get(ctx, "body", url.Values{"id": {id}}, &b); err != nil {
		return err
	}
	if err := c.send(ctx, p, &b); err != nil {
		return err
	}
	fmt.Fprintf(p.out, "%s was sent to %s\n", b.Event, c.To)
	return nil
}

// send posts a delivery to a webhook as Linear does: with the time of sending,
// signed anew.
func (c *replayCmd) send(ctx context.Context, p *program, b *admin.Body) error {
	to := receiver{To: c.To}
	s, err := to.sender(p)
	if err != nil {
		return err
	}
	a, err := s.Send(ctx, b.Body)
	if err != nil {
		return err
	}
	if a.Status != http.StatusOK {
		return fmt.Errorf("%s answers %s", s.URL, outcome(a))
	}
	return nil
}
