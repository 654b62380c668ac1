// Agent works in Linear's agent sessions: people mention it or delegate an issue to
// it, watch its plan, thoughts and actions, answer its question with a button, and can
// stop it. The same handler serves threads of comments.
//
//	go run ./examples/agent demo --scenario agent
package main

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/linearbot/linearbot"
	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
)

func main() { linearbot.Main(register) }

func register(b *bot.Bot) error {
	b.OnDelegated(work)
	b.OnNewMention(work)
	b.OnStop(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
		_, err := t.Session().Finish(ctx, bot.Text("Stopped. Write to me when I am to go on."))
		return err
	})
	return nil
}

// repositories are those that the agent could change.
var repositories = []adapter.Repository{{Host: "github.com", Name: "acme/shop"}, {Host: "github.com", Name: "acme/payments"}}

// work looks into what is asked, asks where to work, and answers. It runs twice: up to
// the question, and again from the start once there is an answer. What it has written
// by then stays as it is.
func work(ctx context.Context, t *bot.Thread, m *bot.Message) error {
	s := t.Session()
	plan := bot.NewPlan("", "Find the cause", "Agree on the place", "Write it up")
	if _, err := t.Post(ctx, plan); err != nil {
		return err
	}
	if _, err := plan.Add(ctx, "Look into it"); err != nil {
		return err
	}
	if err := s.Think(ctx, "So this is about: "+bot.Escape(firstLine(m.Text()))); err != nil {
		return err
	}
	// A step runs once, although the turn runs again.
	hits, err := bot.Step(ctx, "search", func(ctx context.Context) (int, error) { return search(ctx, m.Text()) })
	if err != nil {
		return err
	}
	if err := s.Act(ctx, bot.Action{Name: "Searched", Parameter: "logs of the last week", Result: strconv.Itoa(hits) + " hits"}); err != nil {
		return err
	}
	if err := s.AddLinks(ctx, adapter.SessionLink{Label: "Logs", URL: "https://logs.example.com/search"}); err != nil {
		return err
	}
	where, err := bot.Ask(ctx, t, bot.Question{Text: "Where shall I work?", Options: places(ctx, s)})
	if err != nil {
		return err // which is how a turn waits, too
	}
	if where.TimedOut {
		return s.Fail(ctx, "I had no answer for a week, so I've stopped. Write to me to begin again.")
	}
	if err := plan.Complete(ctx, ""); err != nil {
		return err
	}
	_, err = t.Post(ctx, bot.Stream(answer(hits, where.Value)))
	return err
}

// places are the repositories to choose from, the likeliest first.
func places(ctx context.Context, s *bot.Session) []adapter.Choice {
	found, err := s.SuggestRepositories(ctx, repositories...)
	if err != nil || len(found) == 0 { // outside of sessions, for example
		for _, r := range repositories {
			found = append(found, adapter.RepositorySuggestion{Repository: r})
		}
	}
	var out []adapter.Choice
	for _, r := range found {
		out = append(out, adapter.Choice{Value: "https://" + r.Host + "/" + r.Name, Label: r.Name})
	}
	return out
}

// search stands in for what takes time or money.
func search(_ context.Context, text string) (int, error) { return len(strings.Fields(text)), nil }

// answer stands in for a model that writes.
func answer(hits int, where string) iter.Seq2[string, error] {
	words := []string{"I found ", strconv.Itoa(hits), " hits.\n\n", "- They all come from one place.\n", "- The change belongs into ", where, ".\n"}
	return func(yield func(string, error) bool) {
		for word := range slices.Values(words) {
			if !yield(word, nil) {
				return
			}
		}
	}
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return cmp.Or(line, "nothing in particular")
}
