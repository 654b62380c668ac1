package linearbottest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/linearbot/linearbot"
	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/bottest"
	"github.com/linearbot/linearbot/linearbottest"
)

// desk is an issue without comments, with one person.
type desk interface {
	// describe writes a description that mentions the bot.
	describe(text string)
	// reply writes into the first thread of the issue.
	reply(text string)
	// threads waits until the bot has n posts on the issue, and returns its posts
	// by thread.
	threads(n int) [][]string
}

type kitDesk struct {
	k     *bottest.Kit
	ada   *bottest.User
	issue *bottest.Thread
}

func (d *kitDesk) describe(text string) {
	d.issue = d.ada.CreateIssue(adapter.Issue{Description: "@helper " + text})
}

func (d *kitDesk) reply(text string) { d.ada.Say(d.k.Thread(d.issue.Post(0).Thread), text) }

func (d *kitDesk) threads(n int) [][]string {
	d.k.Wait()
	var (
		out [][]string
		ids []adapter.ThreadID
	)
	for i := range d.issue.Posts() {
		m := d.issue.Post(i)
		at := slices.Index(ids, m.Thread)
		if at < 0 {
			at = len(ids)
			ids, out = append(ids, m.Thread), append(out, nil)
		}
		out[at] = append(out[at], m.Body)
	}
	if count(out) < n { // Wait does not wait for what is scheduled
		d.k.Sleep(time.Second)
		return d.threads(0)
	}
	return out
}

type stageDesk struct {
	s     *linearbottest.Stage
	issue *linearsim.Issue
}

func (d *stageDesk) describe(text string) {
	d.issue = d.s.Team.AddIssue(d.s.Ada, "Checkout fails", "@helper-bot "+text)
}

func (d *stageDesk) reply(text string) {
	for _, c := range d.issue.Comments() {
		if d.own(c) {
			d.s.Ada.Reply(c, text)
			return
		}
	}
}

func (d *stageDesk) own(c *linearsim.Comment) bool {
	return c.Author != nil && c.Author.ID == d.s.App.User.ID
}

func (d *stageDesk) threads(n int) [][]string {
	var out [][]string
	d.s.Wait(func() bool {
		out = nil
		for _, c := range d.issue.Comments() {
			if !d.own(c) || c.Parent != nil {
				continue
			}
			texts := []string{c.Body()}
			for _, r := range d.s.OwnReplies(c) {
				texts = append(texts, r.Body())
			}
			out = append(out, texts)
		}
		return count(out) >= n
	})
	return out
}

func count(threads [][]string) (n int) {
	for _, texts := range threads {
		n += len(texts)
	}
	return n
}

// TestATurnOnAnIssueKeepsToItsThread mentions the bot in a description: what the
// turn does after its first post belongs to the thread that this post has begun.
func TestATurnOnAnIssueKeepsToItsThread(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		bot  func(b *bot.Bot)
		play func(d desk) [][]string
		want []string
	}{
		{
			"posts", func(b *bot.Bot) {
				b.OnNewMention(func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
					return errors.Join(say(ctx, t, "one"), say(ctx, t, "two"))
				})
			},
			func(d desk) [][]string { return d.threads(2) },
			[]string{"one", "two"},
		},
		{
			"subscription and state", func(b *bot.Bot) {
				b.OnNewMention(func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
					return errors.Join(say(ctx, t, "here"), t.Subscribe(ctx), bot.State[string](t).Set(ctx, "kept"))
				})
				b.OnSubscribedMessage(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
					kept, err := bot.State[string](t).Get(ctx)
					return errors.Join(err, say(ctx, t, m.Text()+" "+kept))
				})
			},
			func(d desk) [][]string { d.threads(1); d.reply("hello"); return d.threads(2) },
			[]string{"here", "hello kept"},
		},
		{
			"subscription before the first post", func(b *bot.Bot) {
				b.OnNewMention(func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
					return errors.Join(t.Subscribe(ctx), say(ctx, t, "here"))
				})
				b.OnSubscribedMessage(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
					return say(ctx, t, m.Text()+" too")
				})
			},
			func(d desk) [][]string { d.threads(1); d.reply("hello"); return d.threads(2) },
			[]string{"here", "hello too"},
		},
		{
			"question", func(b *bot.Bot) {
				b.OnNewMention(func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
					a, err := bot.Ask(ctx, t, bot.Question{Text: "Which branch?"})
					if err != nil {
						return err
					}
					return say(ctx, t, "Deploying "+a.Value)
				})
			},
			func(d desk) [][]string { d.threads(1); d.reply("main"); return d.threads(2) },
			[]string{"Which branch?", "Deploying main"},
		},
		{
			"question after a post within a step", func(b *bot.Bot) {
				b.OnNewMention(func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
					_, err := bot.Step(ctx, "hello", func(ctx context.Context) (string, error) { return "", say(ctx, t, "Hello") })
					if err != nil {
						return err
					}
					a, err := bot.Ask(ctx, t, bot.Question{Text: "Which branch?"})
					if err != nil {
						return err
					}
					return say(ctx, t, "Deploying "+a.Value)
				})
			},
			func(d desk) [][]string { d.threads(2); d.reply("main"); return d.threads(3) },
			[]string{"Hello", "Which branch?", "Deploying main"},
		},
		{
			"scheduled post", func(b *bot.Bot) {
				b.OnNewMention(func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
					err := say(ctx, t, "now")
					_, late := t.PostAt(ctx, time.Now().Add(100*time.Millisecond), bot.Text("later"))
					return errors.Join(err, late)
				})
			},
			func(d desk) [][]string { return d.threads(2) },
			[]string{"now", "later"},
		},
		{
			"second run after a step", func(b *bot.Bot) {
				b.OnNewMention(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
					_, err := bot.Step(ctx, "hello", func(ctx context.Context) (string, error) { return "", say(ctx, t, "one") })
					if err != nil {
						return err
					}
					if m.Attempt == 1 {
						return errors.New("flaky")
					}
					return say(ctx, t, "two")
				})
			},
			func(d desk) [][]string { return d.threads(2) },
			[]string{"one", "two"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			check := func(t *testing.T, d desk) {
				t.Helper()
				d.describe("look")
				got := tt.play(d)
				if len(got) != 1 || !slices.Equal(got[0], tt.want) {
					t.Errorf("threads %q, want one with %q", got, strings.Join(tt.want, ", "))
				}
			}
			register := func(b *bot.Bot) error { //nolint:unparam // the form of a Register
				tt.bot(b)
				return nil
			}
			t.Run("bottest", func(t *testing.T) {
				t.Parallel()
				k := bottest.New(t, bot.Config{}, register)
				check(t, &kitDesk{k: k, ada: k.User("ada")})
			})
			t.Run("linearsim", func(t *testing.T) {
				t.Parallel()
				check(t, &stageDesk{s: linearbottest.New(t, linearbot.Config{Register: register})})
			})
		})
	}
}
