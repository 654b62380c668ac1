package bot_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/card"
)

// directory is an editable platform that knows people.
type directory struct {
	*editable

	mu    sync.Mutex
	asked []string
	// trouble lists the errors of lookups, in order. Nil is a success.
	trouble []error
}

func (o *directory) User(_ context.Context, _ string, q adapter.UserQuery) (*adapter.User, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = append(o.asked, q.ID)
	if len(o.trouble) > 0 {
		err := o.trouble[0]
		o.trouble = o.trouble[1:]
		if err != nil {
			return nil, err
		}
	}
	switch q.ID {
	case "ada", "bob":
		return &adapter.User{ID: q.ID, URL: "https://x.test/profiles/" + q.ID}, nil
	case "hidden":
		return &adapter.User{ID: q.ID}, nil
	default:
		return nil, &adapter.Error{Code: adapter.CodeNotFound, Op: "user"}
	}
}

const (
	adaURL = "https://x.test/profiles/ada"
	bobURL = "https://x.test/profiles/bob"
)

func newDirectory() *directory {
	o := &directory{editable: newEditable()}
	o.Self.ProfileURL = "https://x.test/profiles/helper"
	return o
}

func TestMentionsInEveryContent(t *testing.T) {
	t.Parallel()
	post := func(c bot.Content) func(context.Context, *bot.Thread) error {
		return func(ctx context.Context, th *bot.Thread) error {
			_, err := th.Post(ctx, c)
			return err
		}
	}
	for name, c := range map[string]struct {
		in   adapter.ThreadID
		do   func(context.Context, *bot.Thread) error
		want []string
	}{
		"text":    {thread, post(bot.Text("<@ada> *a* {{emoji:fire}}")), []string{"post \\<@ada> \\*a\\* {\\{emoji:fire}}"}},
		"escaped": {thread, post(bot.Markdown(bot.Escape("<@ada> {{emoji:fire}}") + " <@ada> {{emoji:fire}}")), []string{"post \\<@ada> {\\{emoji:fire}} " + adaURL + " 🔥"}},
		"markdown": {
			thread, post(bot.Markdown("{{emoji:wave}} **<@ada>** `<@ada>` <@eve> <@hidden>")),
			[]string{"post 👋 **" + adaURL + "** `<@ada>` <@eve> <@hidden>"},
		},
		"bot itself": {thread, post(bot.Markdown("I am <@bot-user>")), []string{"post I am https://x.test/profiles/helper"}},
		"card": {
			thread,
			post(card.Card{Title: "For <@ada>", Children: []card.Element{card.Text{Content: "<@bob>"}, card.Link{Label: "<@ada>", URL: "https://a.test"}}}),
			[]string{"post **For \\<@ada>**\n\n" + bobURL + "\n\n[\\<@ada>](https://a.test)"},
		},
		"helper": {thread, post(bot.Markdown(bot.MentionUser(adapter.User{ID: "ada"}) + "'s turn")), []string{"post <" + adaURL + ">'s turn"}},
		"edit": {
			thread, func(ctx context.Context, th *bot.Thread) error {
				_, err := th.Edit(ctx, "m1", bot.Markdown("<@ada>"))
				return err
			}, []string{"edit " + adaURL},
		},
		"plan": {
			thread, func(ctx context.Context, th *bot.Thread) error {
				p := bot.NewPlan("Ask <@ada>")
				_, err := th.Post(ctx, p)
				_, err2 := p.Add(ctx, "or <@bob>")
				return errors.Join(err, err2)
			}, []string{"post 📋 Ask " + adaURL, "edit 📋 Ask " + adaURL + "\n🔄 or " + bobURL},
		},
		"plan in a session": {
			sessionThread, func(ctx context.Context, th *bot.Thread) error {
				p := bot.NewPlan("Ask", "<@ada>")
				_, err := th.Post(ctx, p)
				_, err2 := p.Add(ctx, "<@bob>")
				return errors.Join(err, err2)
			}, []string{"plan [{" + adaURL + " pending}]", "plan [{" + adaURL + " pending} {" + bobURL + " inProgress}]"},
		},
		"stream in a session": {
			sessionThread, post(bot.StreamWith(func(yield func(bot.Chunk, error) bool) {
				_ = yield(bot.TextChunk{Text: "Asking <@ada>.\n"}, nil) &&
					yield(bot.TaskChunk{Title: "Ask", Status: bot.TaskComplete, Output: "by <@bob>"}, nil) &&
					yield(bot.TaskChunk{Title: "Tell <@bob>", Status: bot.TaskFailed}, nil) &&
					yield(bot.PlanChunk{Title: "For <@ada>"}, nil) &&
					yield(bot.TextChunk{Text: "<@bob> agrees."}, nil)
			}, bot.StreamOptions{})),
			[]string{
				"thought Asking " + adaURL + ".", "action Ask by " + bobURL, "error Tell " + bobURL,
				"plan [{For " + adaURL + " completed}]", "post " + bobURL + " agrees.",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := newDirectory()
				w := newTest(t, withPlatform(o, o.Fake), withSteadyBackoff())
				o.results = true
				if err := c.do(t.Context(), w.handle(c.in)); err != nil {
					t.Fatal(err)
				}
				checkLog(t, o.editable, c.want...)
			})
		})
	}
}

func TestMentionsAreLookedUpOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newDirectory()
		w := newTest(t, withPlatform(o, o.Fake), withSteadyBackoff())
		th := w.handle(thread)
		if _, err := th.Post(t.Context(), bot.Markdown("<@ada> <@eve> <@bot-user> `<@bob>`")); err != nil {
			t.Fatal(err)
		}
		src := texts(2*time.Second, "<@ada> a", "nd <@e", "ve> and", " <@ada>")
		if _, err := th.Post(t.Context(), bot.Stream(src)); err != nil {
			t.Fatal(err)
		}
		checkLog(
			t, o.editable,
			"post "+adaURL+" <@eve> https://x.test/profiles/helper `<@bob>`",
			"post "+adaURL+" a", "edit "+adaURL+" and", "edit "+adaURL+" and <@eve> and", "edit "+adaURL+" and <@eve> and "+adaURL,
		)
		if diff := cmp.Diff([]string{"ada", "eve", "ada", "eve"}, o.asked); diff != "" {
			t.Errorf("looked up (-want +got):\n%s", diff)
		}
		o.asked = nil
		var many strings.Builder
		for range 3 {
			for i := range 200 {
				many.WriteString("<@u" + strings.Repeat("x", i) + "> ")
			}
		}
		if _, err := th.Post(t.Context(), bot.Markdown(many.String())); err != nil {
			t.Fatal(err)
		}
		if len(o.asked) != 50 {
			t.Errorf("a text made %d look-ups, want 50", len(o.asked))
		}
	})
}

func TestMentionsWithoutADirectory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t)
		w.fake.Self.ProfileURL = "https://x.test/profiles/helper"
		if _, err := w.handle(thread).Post(t.Context(), bot.Markdown("<@ada> and <@bot-user>")); err != nil {
			t.Fatal(err)
		}
		if got := w.fake.Posted(thread); !slices.Equal(got, []string{"<@ada> and https://x.test/profiles/helper"}) {
			t.Errorf("posted %q", got)
		}
	})
}

func TestMentionsThatCannotBeLookedUp(t *testing.T) {
	t.Parallel()
	for code, posted := range map[adapter.Code]bool{
		adapter.CodeNotFound: true, adapter.CodeInvalid: true, adapter.CodeForbidden: true, adapter.CodeUnsupported: true,
		adapter.CodeUnavailable: false, adapter.CodeRateLimited: false, adapter.CodeUnauthenticated: false, adapter.CodeCanceled: false, adapter.CodeUnknown: false,
	} {
		t.Run(code.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := newDirectory()
				w := newTest(t, withPlatform(o, o.Fake), withSteadyBackoff())
				o.trouble = []error{&adapter.Error{Code: code, Op: "user"}}
				_, err := w.handle(thread).Post(t.Context(), bot.Markdown("<@ada>"))
				if posted {
					if err != nil || o.visible() != "<@ada>" {
						t.Errorf("posted %q, %v, want it as written", o.visible(), err)
					}
					return
				}
				if adapter.CodeOf(err) != code || len(o.log) != 0 {
					t.Errorf("error %v after %q, want one with code %v and no post", err, o.log, code)
				}
			})
		})
	}
}

// TestMentionsInATurnThatFails fails to look a user up, after which the handler
// posts something else. The second run must not take that for the first post.
func TestMentionsInATurnThatFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newDirectory()
		w := newTest(t, withPlatform(o, o.Fake), withSteadyBackoff())
		o.trouble = []error{&adapter.Error{Code: adapter.CodeUnavailable, Op: "user"}}
		w.bot.OnNewMention(func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
			_, err := t.Post(ctx, bot.Markdown("ask <@ada>"))
			if err != nil {
				_, err2 := t.Post(ctx, bot.Text("one moment"))
				return errors.Join(err, err2)
			}
			return nil
		})
		w.say("ada", "@helper hi")
		w.run(time.Minute)
		w.posted("one moment", "ask "+adaURL)
	})
}

func TestMentionsInAStreamThatCannotBeLookedUp(t *testing.T) {
	t.Parallel()
	down := &adapter.Error{Code: adapter.CodeUnavailable, Op: "user"}
	synctest.Test(t, func(t *testing.T) {
		o := newDirectory()
		w := newTest(t, withPlatform(o, o.Fake), withSteadyBackoff())
		o.trouble = []error{down, down} // the first two edits are put off
		src := texts(2*time.Second, "<@ada> one ", "two ", "three ", "four")
		if _, err := w.handle(thread).Post(t.Context(), bot.Stream(src)); err != nil {
			t.Fatal(err)
		}
		checkLog(t, o.editable, "post "+adaURL+" one two", "edit "+adaURL+" one two three", "edit "+adaURL+" one two three four")

		o.log = nil
		o.trouble = []error{nil, down} // bob, at the very end
		m, err := w.handle(thread).Post(t.Context(), bot.Stream(texts(2*time.Second, "<@ada> ", "<@bob>")))
		if !errors.Is(err, down) || m == nil {
			t.Errorf("message %v, %v, want the message so far and the error", m, err)
		}
		checkLog(t, o.editable, "post "+adaURL)
	})
}

func TestMentionsInQuestionsAndRefusals(t *testing.T) {
	t.Parallel()
	ask := func(w *testBot) {
		w.bot.OnNewMention(func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
			_, err := bot.Ask(ctx, t, bot.Question{Text: "{{emoji:question}} <@ada>?"})
			return err
		})
	}
	synctest.Test(t, func(t *testing.T) {
		o := newDirectory()
		w := newTest(t, withPlatform(o, o.Fake), withSteadyBackoff())
		ask(w)
		w.say("ada", "@helper go")
		w.sayIn(sessionThread, "ada", "@helper go")
		w.run(time.Minute)
		slices.Sort(o.log)
		checkLog(t, o.editable, "elicitation ❓ "+adaURL+"?", "post ❓ "+adaURL+"?", "thought On it…")
	})
	synctest.Test(t, func(t *testing.T) {
		o := newDirectory()
		w := newTest(t, withConfig(bot.Config{Access: denyAll(bot.DenyWithReply("Ask <@bob>."))}), withPlatform(o, o.Fake), withSteadyBackoff())
		ask(w)
		w.say("ada", "@helper go")
		w.run(time.Minute)
		checkLog(t, o.editable, "post Ask "+bobURL+".")
	})
}

// bulk is a directory that finds several users at once.
type bulk struct {
	*directory

	batches [][]string
	fail    error
}

func (o *bulk) UsersByID(ctx context.Context, workspace string, ids []string) (map[string]*adapter.User, error) {
	o.batches = append(o.batches, ids)
	if o.fail != nil {
		return nil, o.fail
	}
	found := map[string]*adapter.User{}
	for _, id := range ids {
		if u, err := o.User(ctx, workspace, adapter.UserQuery{ID: id}); err == nil {
			found[id] = u
		}
	}
	return found, nil
}

// TestMentionsAreLookedUpAtOnce posts a text that names many users.
func TestMentionsAreLookedUpAtOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fail    error
		batches int
		want    string
	}{
		"found":       {nil, 1, "<@eve> " + adaURL + " " + bobURL + " " + adaURL},
		"not allowed": {&adapter.Error{Code: adapter.CodeForbidden}, 1, "<@eve> " + adaURL + " " + bobURL + " " + adaURL},
		"failing":     {&adapter.Error{Code: adapter.CodeUnavailable}, 3, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := &bulk{directory: newDirectory(), fail: c.fail}
				w := newTest(t, withPlatform(o, o.Fake), func(_ *testBot, cfg *bot.Config) { cfg.MaxAttempts, cfg.NoApology = 3, true })
				w.bot.OnNewMention(func(ctx context.Context, th *bot.Thread, _ *bot.Message) error {
					_, err := th.Post(ctx, bot.Markdown("<@eve> <@ada> <@bob> <@ada>"))
					return err
				})
				w.say("ada", "@helper go")
				w.run(time.Hour)
				if got := strings.Join(w.fake.Posted(thread), "|"); got != c.want {
					t.Errorf("posted %q, want %q", got, c.want)
				}
				if len(o.batches) != c.batches || len(o.batches[0]) != 3 {
					t.Errorf("look-ups %q, want %d with each user once", o.batches, c.batches)
				}
			})
		})
	}
}
