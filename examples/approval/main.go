// Approval asks before it deploys: "@bot deploy api" asks in the thread, anyone
// may approve or deny with a reply or a reaction, and the bot reports the
// outcome. The question stays open for a day and survives restarts.
//
//	go run ./examples/approval demo --say '@helper-bot deploy api' --say approve
package main

import (
	"cmp"
	"context"
	"time"

	"github.com/linearbot/linearbot"
	"github.com/linearbot/linearbot/bot"
)

func main() { linearbot.Main(register) }

func register(b *bot.Bot) error {
	b.OnCommand(bot.Command{
		Name: "deploy",
		Help: "Deploys a service once someone has approved.",
		Args: []bot.Arg{{Name: "service"}},
	}, deploy)
	return nil
}

// deploy runs twice: up to the question, and again from the start once there is
// an answer.
func deploy(ctx context.Context, t *bot.Thread, c *bot.Invocation) error {
	service := c.Arg(0)
	a, err := bot.RequestApproval(ctx, t, bot.ApprovalRequest{
		Title:   "Deploy " + bot.Escape(service) + "?",
		Timeout: 24 * time.Hour,
	})
	if err != nil {
		return err
	}
	switch {
	case a.TimedOut:
		_, err = t.Post(ctx, bot.Text("No one approved in time: "+service+" stays as it is."))
		return err
	case !a.Approved:
		_, err = t.Post(ctx, bot.Text("Denied by "+nameOf(a)+": "+service+" stays as it is."))
		return err
	}
	// A step runs once, even if the turn fails after it.
	release, err := bot.Step(ctx, "release", func(ctx context.Context) (string, error) {
		return release(ctx, service)
	})
	if err != nil {
		return err
	}
	_, err = t.Post(ctx, bot.Text("Approved by "+nameOf(a)+": deployed "+release+"."))
	return err
}

// release stands in for the real deployment.
func release(_ context.Context, service string) (string, error) { return service, nil }

func nameOf(a *bot.Approval) string { return cmp.Or(a.By.FullName, a.By.Name, "someone") }
