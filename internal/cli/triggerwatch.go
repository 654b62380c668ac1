package cli

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/linearbot/linearbot/internal/console/play"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/internal/trace"
)

// settled is how long the bot has to be silent before what it said is all.
const settled = 700 * time.Millisecond

// watch prints what the bot writes, until it is silent, the time is over, or the bot
// has decided not to react. seen are the comments and deliveries of before.
func (c *triggerCmd) watch(ctx context.Context, p *program, sim *control, path, bot string, seen map[string]bool) error {
	if c.Wait <= 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, c.Wait)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	var last time.Time
	for last.IsZero() || time.Since(last) < settled {
		var now simIssue
		if err := sim.get(ctx, path, &now); err == nil {
			for _, one := range now.Comments {
				if one.By == bot && !seen[one.ID+one.Body] {
					seen[one.ID+one.Body] = true
					last = time.Now()
					fmt.Fprintf(p.out, "\n%s:\n%s\n", bot, indent(one.Body))
				}
			}
		}
		if last.IsZero() {
			if why := sim.down(ctx); why != "" {
				fmt.Fprintln(p.out, why)
				return nil
			}
			if why := sim.ignored(ctx, seen); why != "" {
				fmt.Fprintln(p.out, "The bot ignores it. "+why)
				return nil
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			if last.IsZero() {
				fmt.Fprintf(p.out, "The bot has not answered within %s. Its log, or the terminal of \"dev\", shows whether it runs.\n", c.Wait)
			}
			return nil
		}
	}
	return nil
}

// down says why the program of the bot does not run, and what becomes of what was done.
// Empty if it runs, or starts.
func (c *control) down(ctx context.Context) string {
	var bot struct {
		State  play.State `json:"state"`
		Reason string     `json:"reason"`
	}
	if err := c.page().get(ctx, "/bot", &bot); err != nil {
		return ""
	}
	switch bot.State {
	case play.Broken:
		return "The build of the bot is broken. The webhook waits until it runs again:\n\n" + indent(bot.Reason)
	case play.Failed:
		return "The bot has ended. The webhook waits until it runs again:\n\n" + indent(bot.Reason)
	case play.Stopped:
		return "The bot is stopped: start it on the page of the playground. Linear retries the webhook after a minute."
	default:
		return ""
	}
}

// page is the playground itself.
func (c *control) page() *control { return &control{strings.TrimSuffix(c.url, "/sim"), c.client} }

// arrivals returns the ids of the deliveries that the simulator has made, and whether
// each has been answered 200.
func (c *control) arrivals(ctx context.Context) (ids []string, ok []bool, err error) {
	var all []struct {
		ID string `json:"id"`
		OK bool   `json:"ok"`
	}
	err = c.get(ctx, "/deliveries", &all)
	for _, d := range all {
		ids, ok = append(ids, d.ID), append(ok, d.OK)
	}
	return ids, ok, err
}

// ignored says why the bot ignores all deliveries that were not seen before. Empty if
// it handles one, has not decided yet, or does not tell, as a program without
// linearbot.
func (c *control) ignored(ctx context.Context, seen map[string]bool) string {
	ids, ok, err := c.arrivals(ctx)
	if err != nil {
		return ""
	}
	why := ""
	for i, id := range ids {
		if seen[id] {
			continue
		}
		if !ok[i] {
			return ""
		}
		var decided struct {
			Status string `json:"status"`
			Text   string `json:"text"`
		}
		if err := c.page().get(ctx, "/wire/d-"+url.PathEscape(id)+"/decision", &decided); err != nil || decided.Status == "" {
			return ""
		}
		switch trace.Status(decided.Status) {
		case trace.StatusIgnored, trace.StatusRefused:
			// A comment is told with notifications, which few bots have handlers for.
			if why == "" || strings.Contains(why, "["+reason.NoHandler+"]") {
				why = decided.Text
			}
		case trace.StatusDuplicate:
			why = cmp.Or(why, decided.Text)
		default:
			return ""
		}
	}
	return why
}
