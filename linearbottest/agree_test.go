package linearbottest_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/linearbot/linearbot"
	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/bottest"
	"github.com/linearbot/linearbot/linearbottest"
)

// play is a conversation with one person in one thread, independent of where it
// takes place. Messages are numbered by the person's writes, from 0.
type play interface {
	acts
	sights
}

// acts are what the person does.
type acts interface {
	mention(text string)
	say(text string)
	edit(n int, text string)
	remove(n int)
	react(n int, emoji string)
	resolve()
}

// sights are what the person sees in the thread.
type sights interface {
	// posts waits until the bot has n posts in the thread and returns them. With
	// 0 it waits until the bot has no work left.
	posts(n int) []string
	// postsUntil waits until the bot's last post is a text and returns all.
	postsUntil(last string) []string
	// reactions returns the bot's reactions to a message of the person.
	reactions(n int) []string
}

// onKit plays in bottest.
type onKit struct {
	k   *bottest.Kit
	ada *bottest.User
	th  *bottest.Thread
	ids []string
}

func (p *onKit) mention(text string)       { p.ids = append(p.ids, p.ada.Mention(p.th, text)) }
func (p *onKit) say(text string)           { p.ids = append(p.ids, p.ada.Say(p.th, text)) }
func (p *onKit) edit(n int, text string)   { p.ada.Edit(p.ids[n], text) }
func (p *onKit) remove(n int)              { p.ada.Delete(p.ids[n]) }
func (p *onKit) react(n int, emoji string) { p.ada.React(p.ids[n], emoji) }
func (p *onKit) resolve()                  { p.ada.Resolve(p.th) }

func (p *onKit) posts(int) []string {
	p.k.Wait()
	return p.th.Posts()
}

func (p *onKit) postsUntil(string) []string { return p.posts(0) }

func (p *onKit) reactions(n int) []string {
	p.k.Wait()
	var out []string
	for _, r := range p.k.Platform().Reactions("W1", p.th.ID(), p.ids[n]) {
		if r.User.IsSelf() {
			out = append(out, bot.EmojiName(r.Emoji))
		}
	}
	return out
}

// onStage plays in the simulator.
type onStage struct {
	s     *linearbottest.Stage
	issue *linearsim.Issue
	said  []*linearsim.Comment
}

func (p *onStage) mention(text string) { p.say("@helper-bot " + text) }

func (p *onStage) say(text string) {
	if len(p.said) == 0 {
		p.said = append(p.said, p.s.Ada.Comment(p.issue, text))
		return
	}
	p.said = append(p.said, p.s.Ada.Reply(p.said[0], text))
}

func (p *onStage) edit(n int, text string)   { p.s.Ada.Edit(p.said[n], text) }
func (p *onStage) remove(n int)              { p.s.Ada.Delete(p.said[n]) }
func (p *onStage) react(n int, emoji string) { p.s.Ada.React(p.said[n], emoji) }
func (p *onStage) resolve()                  { p.s.Ada.Resolve(p.said[0]) }

func (p *onStage) posts(n int) []string {
	if n > 0 {
		return p.s.Replies(p.said[0], n)
	}
	// A marker in another thread is answered after everything before it.
	marker := p.s.Bob.Comment(p.issue, "@helper-bot marker")
	p.s.Replies(marker, 1)
	var out []string
	for _, c := range p.s.OwnReplies(p.said[0]) {
		out = append(out, c.Body())
	}
	return out
}

func (p *onStage) postsUntil(last string) []string {
	var out []string
	p.s.Wait(func() bool {
		out = nil
		for _, c := range p.s.OwnReplies(p.said[0]) {
			out = append(out, c.Body())
		}
		return len(out) > 0 && out[len(out)-1] == last
	})
	return out
}

func (p *onStage) reactions(n int) []string {
	var out []string
	p.s.Wait(func() bool {
		out = nil
		for _, r := range p.said[n].Reactions() {
			if r.User.App {
				out = append(out, r.Emoji)
			}
		}
		return len(out) > 0
	})
	return out
}

// say posts a text.
func say(ctx context.Context, t *bot.Thread, text string) error {
	_, err := t.Post(ctx, bot.Markdown(text))
	return err
}

// TestKitAndSimulatorAgree plays the same conversations with the same bots in
// bottest and in the simulator.
func TestKitAndSimulatorAgree(t *testing.T) {
	t.Parallel()
	echo := func(ctx context.Context, t *bot.Thread, m *bot.Message) error { return say(ctx, t, "echo: "+m.Text()) }
	for _, tt := range []struct {
		name string
		bot  func(b *bot.Bot)
		play func(t *testing.T, p play)
	}{
		{
			"a mention is answered", func(b *bot.Bot) { b.OnNewMention(echo) },
			func(t *testing.T, p play) { p.mention("hello"); expect(t, p.posts(1), "echo: hello") },
		},
		{
			"other messages are not", func(b *bot.Bot) { b.OnNewMention(echo) },
			func(t *testing.T, p play) { p.say("hello"); expect(t, p.posts(0)) },
		},
		{
			"a subscribed thread is", func(b *bot.Bot) {
				b.OnNewMention(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
					return errors.Join(say(ctx, t, "here"), t.Subscribe(ctx))
				})
				b.OnSubscribedMessage(echo)
			},
			func(t *testing.T, p play) {
				p.mention("hello")
				p.posts(1)
				p.say("one")
				p.say("two")
				expect(t, p.posts(3), "here", "echo: one", "echo: two")
			},
		},
		{
			"a pattern is", func(b *bot.Bot) { b.OnNewMention(echo); b.OnNewMessage(regexp.MustCompile(`(?i)deploy`), echo) },
			func(t *testing.T, p play) { p.say("please Deploy"); expect(t, p.posts(1), "echo: please Deploy") },
		},
		{
			"Markdown stays", func(b *bot.Bot) {
				b.OnNewMention(func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
					return say(ctx, t, "**bold** `code`\n\n- a\n- b\n\n```go\nx := 1\n```")
				})
			},
			func(t *testing.T, p play) {
				p.mention("hello")
				expect(t, p.posts(1), "**bold** `code`\n\n- a\n- b\n\n```go\nx := 1\n```")
			},
		},
		{
			"two posts keep their order", func(b *bot.Bot) {
				b.OnNewMention(func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
					return errors.Join(say(ctx, t, "one"), say(ctx, t, "two"))
				})
			},
			func(t *testing.T, p play) { p.mention("hello"); expect(t, p.posts(2), "one", "two") },
		},
		{
			"edited and deleted posts", func(b *bot.Bot) {
				b.OnNewMention(func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
					first, err := t.Post(ctx, bot.Markdown("working"))
					if err != nil {
						return err
					}
					gone, err := t.Post(ctx, bot.Markdown("gone"))
					if err != nil {
						return err
					}
					_, err = t.Edit(ctx, first.ID, bot.Markdown("done"))
					return errors.Join(err, t.Delete(ctx, gone.ID), say(ctx, t, "last"))
				})
			},
			func(t *testing.T, p play) {
				p.mention("hello")
				expect(t, p.postsUntil("last"), "done", "last")
			},
		},
		{
			"the bot reacts", func(b *bot.Bot) {
				b.OnNewMention(func(ctx context.Context, t *bot.Thread, m *bot.Message) error { return t.React(ctx, m.ID, "👀") })
			},
			func(t *testing.T, p play) { p.mention("hello"); expect(t, p.reactions(0), "eyes") },
		},
		{
			"a reaction is heard", func(b *bot.Bot) {
				b.OnNewMention(echo)
				b.OnReaction(func(ctx context.Context, t *bot.Thread, r *adapter.ReactionEvent) error {
					return say(ctx, t, "saw "+bot.EmojiName(r.Emoji))
				})
			},
			func(t *testing.T, p play) {
				p.mention("hello")
				p.posts(1)
				p.react(0, "🎉")
				expect(t, p.posts(2), "echo: hello", "saw party")
			},
		},
		{
			"an edit is heard", func(b *bot.Bot) {
				b.OnNewMention(echo)
				b.OnMessageUpdated(func(ctx context.Context, t *bot.Thread, m *bot.Message, _ string) error {
					return say(ctx, t, "now "+m.Text())
				})
			},
			func(t *testing.T, p play) {
				p.mention("hello")
				p.say("more")
				p.posts(1)
				p.edit(1, "much more")
				expect(t, p.posts(2), "echo: hello", "now much more")
			},
		},
		{
			"a deletion is heard", func(b *bot.Bot) {
				b.OnNewMention(echo)
				b.OnMessageDeleted(func(ctx context.Context, t *bot.Thread, _ *bot.Message) error { return say(ctx, t, "gone") })
			},
			func(t *testing.T, p play) {
				p.mention("hello")
				p.say("more")
				p.posts(1)
				p.remove(1)
				expect(t, p.posts(2), "echo: hello", "gone")
			},
		},
		{
			"a failing turn posts once", func(b *bot.Bot) {
				var tries atomic.Int32
				b.OnNewMention(func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
					if err := say(ctx, t, "once"); err != nil {
						return err
					}
					if tries.Add(1) < 3 {
						return errors.New("flaky")
					}
					return say(ctx, t, "done")
				})
			},
			func(t *testing.T, p play) { p.mention("hello"); expect(t, p.posts(2), "once", "done") },
		},
		{
			"a resolved thread is heard", func(b *bot.Bot) {
				b.OnNewMention(echo)
				b.OnResolved(func(ctx context.Context, t *bot.Thread, r *adapter.ResolveEvent) error {
					return say(ctx, t, fmt.Sprint("resolved ", r.Resolved))
				})
			},
			func(t *testing.T, p play) {
				p.mention("hello")
				p.posts(1)
				p.resolve()
				expect(t, p.posts(2), "echo: hello", "resolved true")
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			register := func(b *bot.Bot) error { //nolint:unparam // the form of a Register
				tt.bot(b)
				return nil
			}
			t.Run("bottest", func(t *testing.T) {
				t.Parallel()
				k := bottest.New(t, bot.Config{}, register)
				tt.play(t, &onKit{k: k, ada: k.User("ada"), th: k.NewThread()})
			})
			t.Run("linearsim", func(t *testing.T) {
				t.Parallel()
				s := linearbottest.New(t, linearbot.Config{Register: register})
				tt.play(t, &onStage{s: s, issue: s.Issue("Checkout fails")})
			})
		})
	}
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
