package linearbottest_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/linearbot/linearbot"
	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/card"
	"github.com/linearbot/linearbot/linearbottest"
	"github.com/linearbot/linearbot/webhook"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// register adds a bot with a button.
func register(b *bot.Bot) error {
	b.OnNewMention(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
		_, err := t.Post(ctx, card.Card{Title: m.Text(), Children: []card.Element{
			card.Actions{card.Button{ID: "go", Label: "Go"}},
		}})
		return err
	})
	b.OnAction(func(ctx context.Context, t *bot.Thread, _ *adapter.ActionEvent) error {
		_, err := t.Post(ctx, bot.Text("gone"))
		return err
	}, "go")
	return nil
}

func TestStage(t *testing.T) {
	t.Parallel()
	var starts, listens atomic.Int32
	s := linearbottest.New(t, linearbot.Config{
		Register: func(b *bot.Bot) error {
			starts.Add(1)
			return register(b)
		},
		Webhook: webhook.Config{OnListen: func(net.Addr) { listens.Add(1) }},
	})
	url := s.URL()
	root := s.Ada.Comment(s.Issue("Checkout fails"), "@helper-bot hello")
	card := s.Replies(root, 1)[0]
	if !strings.HasPrefix(card, "**hello**") {
		t.Errorf("the card is %q", card)
	}
	s.Stop()
	s.Stop()
	s.Bob.Reply(root, "@helper-bot while you were away")
	s.Restart()
	s.Replies(root, 2)
	s.Press(card, "Go")
	if got := s.Replies(root, 3)[2]; got != "gone" {
		t.Errorf("the press is answered %q", got)
	}
	if n := len(s.OwnReplies(root)); n != 3 || s.URL() != url || starts.Load() != 2 || listens.Load() != 2 {
		t.Errorf("%d replies at %s, %d starts, %d listens", n, s.URL(), starts.Load(), listens.Load())
	}
}

// recorder is a testing.TB that records failures.
type recorder struct {
	testing.TB

	log []string
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.log = append(r.log, fmt.Sprintf(format, args...))
}

func TestStageSaysWhyItFails(t *testing.T) {
	t.Parallel()
	r := &recorder{TB: t}
	s := linearbottest.New(r, linearbot.Config{Register: register})
	s.Press("no link here", "Go")
	linearbottest.New(r, linearbot.Config{Environ: []string{"LINEARBOT_WORKERS=many"}})
	want := []string{
		`linearbottest: there is no button "Go" in "no link here"`,
		"linearbottest: the bot does not start: linearbot: the configuration has problems:\n" +
			`LINEARBOT_WORKERS is "many": give a whole number from 1 to 100000`,
	}
	if diff := cmp.Diff(want, r.log); diff != "" {
		t.Errorf("failures (-want +got):\n%s", diff)
	}
}

// TestPersonaQuietAndThreads has a bot forward a customer's mail: under the
// customer's name, without following the issue, and after listing the threads of
// the issue.
func TestPersonaQuietAndThreads(t *testing.T) {
	t.Parallel()
	var seen atomic.Int32
	s := linearbottest.New(t, linearbot.Config{Register: func(b *bot.Bot) error {
		b.OnNewMessage(nil, func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
			seen.Add(1)
			_, err := t.Post(ctx, bot.Quiet(bot.Text("seen")))
			return err
		})
		b.OnNewMention(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
			customer := adapter.Persona{Name: "Grace Hopper", AvatarURL: "https://example.com/grace.png"}
			stream := bot.FromReader(strings.NewReader("It **still** fails."))
			if _, err := t.Post(ctx, bot.Quiet(bot.As(bot.Stream(stream), customer))); err != nil {
				return err
			}
			var roots []string
			for it, err := range t.Threads(ctx) {
				if err != nil {
					return err
				}
				roots = append(roots, it.Root.Body)
			}
			if _, err := t.PostAt(ctx, time.Now(), bot.As(bot.Text("from later"), customer)); err != nil {
				return err
			}
			_, err := t.Post(ctx, bot.Quiet(bot.Text(strings.Join(roots, ", "))))
			return err
		})
		return nil
	}})
	issue := s.Issue("Checkout fails")
	s.Replies(s.Bob.Comment(issue, "the first thread"), 1)
	root := s.Ada.Comment(issue, "@helper-bot what does Grace say?")
	s.Replies(root, 3)
	by := map[string]string{}
	for _, c := range s.OwnReplies(root) {
		by[c.Body()] = c.AsUser
	}
	want := map[string]string{
		"It **still** fails.":                                "Grace Hopper",
		"@helper-bot what does Grace say?, the first thread": "",
		"from later": "Grace Hopper",
	}
	if diff := cmp.Diff(want, by); diff != "" {
		t.Errorf("comments and their names (-want +got):\n%s", diff)
	}
	quiet := 0
	for _, r := range s.Linear.Requests() {
		in, ok := r.Variables["input"].(map[string]any)
		if ok && r.OperationName == "commentCreate" && in["doNotSubscribeToIssue"] == true {
			quiet++
		}
	}
	if quiet != 3 {
		t.Errorf("%d comments subscribe no one, want 3", quiet)
	}
	// Everything that the bot's posts trigger comes before this.
	s.Replies(s.Bob.Comment(issue, "the last thread"), 1)
	if n := seen.Load(); n != 2 {
		t.Errorf("%d messages reached the handler, want Bob's two: the bot's own posts must not", n)
	}
}
