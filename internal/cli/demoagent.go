package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/internal/wording"
)

// scenarioAgent is the scenario of a demo in which the bot is an agent.
const scenarioAgent = "agent"

// agentTypes are what an agent subscribes to.
func agentTypes() []string {
	return []string{"AgentSessionEvent", "AppUserNotification", "Comment", "Issue", "PermissionChange"}
}

// questionsMost is how many questions of a session are answered.
const questionsMost = 5

// work plays agent sessions: one by a mention, to whose end a person writes once more
// and then presses stop, and one by a delegation. Questions are answered with their
// first option.
func (d *demo) work(ctx context.Context, lines []string) error {
	start := time.Now()
	d.root = d.ada.Comment(d.issue, lines[0])
	mentioned, err := d.session(ctx, 0)
	if err != nil {
		return err
	}
	if err := d.finish(ctx, mentioned); err != nil {
		return err
	}
	for _, line := range append(lines[1:], "Thanks. Anything else?") {
		d.ada.Prompt(mentioned, line)
		if err := d.finish(ctx, mentioned); err != nil {
			return err
		}
	}
	d.ada.Stop(mentioned)
	if err := d.finish(ctx, mentioned); err != nil {
		return err
	}
	d.ada.UpdateIssue(d.issue, linearsim.IssueChange{Delegate: d.app.User})
	delegated, err := d.session(ctx, 1)
	if err != nil {
		return err
	}
	if err := d.finish(ctx, delegated); err != nil {
		return err
	}
	d.took = time.Since(start)
	return nil
}

// session waits for the n-th agent session, counted from 0.
func (d *demo) session(ctx context.Context, n int) (*linearsim.Session, error) {
	ws := d.ws
	if err := d.linear.Wait(ctx, func() bool { return len(ws.Sessions()) > n }); err != nil {
		return nil, fmt.Errorf("no agent session began: %w", err)
	}
	return ws.Sessions()[n], nil
}

// finish waits until the bot has done what it can in a session, and answers its
// questions.
func (d *demo) finish(ctx context.Context, x *linearsim.Session) error {
	for range questionsMost {
		if err := d.quiet(ctx); err != nil {
			return err
		}
		if x.Status() != "awaitingInput" {
			return nil
		}
		if options := x.Options(); len(options) > 0 {
			d.ada.Choose(x, options[0])
		} else {
			d.ada.Prompt(x, "I leave that to you.")
		}
	}
	return nil
}

// demoSession is an agent session as people see it.
type demoSession struct {
	ID         string   `json:"id"`
	Status     string   `json:"status"`
	FirstSign  int64    `json:"firstSignMilliseconds"`
	Activities []string `json:"activities"`
}

// reportSessions counts what is in the sessions now.
func (d *demo) reportSessions(r *demoReport) {
	if !d.agent {
		return
	}
	r.Replies = 0
	for _, x := range d.ws.Sessions() {
		s := demoSession{ID: x.ID, Status: x.Status(), FirstSign: x.Timing().FirstSign.Milliseconds(), Activities: x.ActivityTexts()}
		for _, a := range s.Activities {
			if strings.HasPrefix(a, "response: ") || strings.HasPrefix(a, "error: ") {
				r.Replies++
			}
		}
		if !slices.Contains([]string{"complete", "error", "awaitingInput"}, s.Status) {
			r.Open++
		}
		r.Sessions = append(r.Sessions, s)
	}
}

// printSessions shows the sessions as a reader would see them.
func (r demoReport) printSessions(w io.Writer, title string) {
	fmt.Fprintln(w, title)
	for _, s := range r.Sessions {
		fmt.Fprintf(w, "\nsession %s  %s  (first activity after %d ms)\n", s.ID, s.Status, s.FirstSign)
		for _, a := range s.Activities {
			kind, text, _ := strings.Cut(a, ": ")
			fmt.Fprintf(w, "\n  %s\n%s\n", kind, indent(strings.TrimSpace(text)))
		}
	}
	fmt.Fprintf(w, "\n%s; %s, %s, %d open, %d lost.\n", wording.Count(r.Deliveries, "delivery", "deliveries"),
		wording.Count(len(r.Sessions), "session", "sessions"), wording.Count(r.Replies, "answer", "answers"), r.Open, r.Lost)
}
