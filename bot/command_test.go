package bot_test

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
)

// notingCommand returns a command handler that notes what it got.
func (w *testBot) notingCommand(name string) bot.CommandHandler {
	return func(_ context.Context, _ *bot.Thread, c *bot.Invocation) error {
		w.note("%s %q %q", name, c.Args, c.Rest)
		return nil
	}
}

// TestCommandRouting goes through what kinds of handler there are, what kind of
// message comes and whether the thread is subscribed.
func TestCommandRouting(t *testing.T) {
	t.Parallel()
	const (
		command    = "command"
		subscribed = "subscribed"
		mention    = "mention"
		pattern    = "pattern"
		event      = "event"
	)
	for _, m := range []struct {
		text string
		// groups are the groups in their order in a thread that is not
		// subscribed, and in one that is.
		plain, sub []string
	}{
		{"@helper create x", []string{command, mention, pattern, event}, []string{command, subscribed, mention, pattern, event}},
		{"/create x", []string{command, pattern, event}, []string{command, subscribed, pattern, event}},
		{"@helper /CREATE x", []string{command, mention, pattern, event}, []string{command, subscribed, mention, pattern, event}},
		{"@helper could you create x", []string{mention, pattern, event}, []string{subscribed, mention, pattern, event}},
		{"/unknown x", []string{pattern, event}, []string{subscribed, pattern, event}},
		{"create x", []string{pattern, event}, []string{subscribed, pattern, event}},
	} {
		for _, isSubscribed := range []bool{false, true} {
			order := m.plain
			name := m.text
			if isSubscribed {
				order, name = m.sub, name+" subscribed"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				// Every set of registered kinds, and how many groups decline.
				for set := range 1 << 5 {
					registered := make(map[string]bool)
					for i, kind := range []string{command, subscribed, mention, pattern, event} {
						registered[kind] = set&(1<<i) != 0
					}
					var want []string
					for _, kind := range order {
						if registered[kind] {
							want = append(want, kind)
						}
					}
					for declining := range len(want) + 1 {
						checkRoute(t, registered, want, declining, m.text, isSubscribed)
					}
				}
			})
		}
	}
}

// checkRoute registers handlers that note their kind; the first few decline.
func checkRoute(t *testing.T, registered map[string]bool, order []string, declining int, text string, subscribed bool) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t)
		decline := make(map[string]bool)
		for _, kind := range order[:declining] {
			decline[kind] = true
		}
		take := func(kind string) error {
			w.note("%s", kind)
			if decline[kind] {
				return bot.Next
			}
			return nil
		}
		message := func(kind string) bot.MessageHandler {
			return func(context.Context, *bot.Thread, *bot.Message) error { return take(kind) }
		}
		if registered["event"] {
			w.bot.OnEvent(func(context.Context, *bot.Turn) error { return take("event") })
		}
		if registered["pattern"] {
			w.bot.OnNewMessage(regexp.MustCompile("(?i)create|unknown"), message("pattern"))
		}
		if registered["mention"] {
			w.bot.OnNewMention(message("mention"))
		}
		if registered["subscribed"] {
			w.bot.OnSubscribedMessage(message("subscribed"))
		}
		if registered["command"] {
			w.bot.OnCommand(bot.Command{Name: "create"}, func(context.Context, *bot.Thread, *bot.Invocation) error {
				return take("command")
			})
		}
		if subscribed {
			w.subscribe()
		}
		w.say("ada", text)
		w.run(time.Second)
		want := append([]string{}, order[:min(declining+1, len(order))]...)
		if diff := cmp.Diff(want, w.notes()); diff != "" {
			t.Errorf("registered %v, %d decline (-want +got):\n%s", registered, declining, diff)
		}
		handled := w.bot.Counts()["handled"]
		if (declining < len(order)) != (handled == 1) {
			t.Errorf("registered %v, %d decline: counts %v", registered, declining, w.bot.Counts())
		}
	})
}

func (w *testBot) subscribe() {
	w.t.Helper()
	if err := w.handle(thread).Subscribe(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func TestCommandForms(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want string
	}{
		{`@helper create "Fix login" --priority=2 --label bug -- rest --x`, `create ["Fix login" "rest" "--x"] "\"Fix login\" --priority=2 --label bug -- rest --x"`},
		{"@helper: create a", `create ["a"] "a"`},
		{"  @helper, create a", `create ["a"] "a"`},
		{"**@helper** create a", `create ["a"] "a"`},
		{"@helper @helper create @helper", `create ["@helper"] "@helper"`},
		{"@helper\ncreate a\nb", `create ["a"] "a\nb"`},
		{"@helper create", `create [] ""`},
		{"@helper create\n\nbody", `create [] "body"`},
		{"@helper new a", `create ["a"] "a"`},
		{"/new a", `create ["a"] "a"`},
		{"\n\n  /create a", `create ["a"] "a"`},
		{"/create a for @helper", `create ["a" "for" "@helper"] "a for @helper"`},
		{"@helper Label  ADD x", `label add ["x"] "x"`},
		{"/label add", `label add [] ""`},
		{"/label x", `label ["x"] "x"`},
		{"/label additional", `label ["additional"] "additional"`},
		{`@helper dry\_run x`, `dry_run ["x"] "x"`},
		{"/raw --nope \"open\nmore", `raw [] "--nope \"open\nmore"`},
		{"/dup", `second [] ""`},
		{"> old\n\n@helper create a", `create ["a"] "a"`},
		{"> old\n\n/create a", `create ["a"] "a"`},
		{"\u200b@helper\u00a0create \u200ba\u2060", `create ["a"] "a"`},
		{"\ufeff/create a", `create ["a"] "a"`},
		{"@helper **create** a", `create ["a"] "a"`},
		{"@helper **create a**", `create ["a"] "a"`},
		{"**@helper create a**", `create ["a"] "a"`},
		{"_/create_ a", `create ["a"] "a"`},
		{"@helper create [https://a.test/x](<https://a.test/x>) [install.rs](<http://install.rs>)", `create ["https://a.test/x" "install.rs"] "https://a.test/x install.rs"`},
		{"@helper create --label=[a.test](<http://a.test>) \"see [a.test/b](<https://a.test/b>)\"", `create ["see a.test/b"] "--label=a.test \"see a.test/b\""`},
		{"@helper create [here](https://a.test)", `create ["[here](https://a.test)"] "[here](https://a.test)"`},
		{"@helper ***create*** a", `create ["a"] "a"`},
		{"***@helper create a***", `create ["a"] "a"`},
		{"@helper\u00ad ｃｒｅａｔｅ\u3000a", `create ["a"] "a"`},
		{"@helper\r\nCREATE\ta", `create ["a"] "a"`},
		{"@helper — create a", `create ["a"] "a"`},
		{"@helper - create a", `create ["a"] "a"`},
		{"@helper! create a", `create ["a"] "a"`},
		{"@helper; **create** “Fix login” b", `create ["Fix login" "b"] "“Fix login” b"`},
		// Not commands:
		{"@helper\n\n- create a", "mention"},
		{"@helper -create a", "mention"},
		{"@helper? create a", "mention"},
		{"> /create a\n\nhm", ""},
		{"hey @helper create a", "mention"},
		{"> @helper create a", ""},
		{"~~@helper create a~~", "mention"},
		{"~~/create a~~", ""},
		{"@helper ~~create a~~", "mention"},
		{"- @helper create a", "mention"},
		{"create a @helper", "mention"},
		{`@helper "create" a`, "mention"},
		{"@helper creates a", "mention"},
		{"@helper create/a", "mention"},
		{"@helper", "mention"},
		{"@helper /", "mention"},
		{"@other create a", ""},
		{"    /create a", ""},
		{"`/create a`", ""},
		{"//create a", ""},
		{"/create/a", ""},
		{"/", ""},
	} {
		t.Run(c.text, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newTest(t)
				w.bot.OnNewMention(func(context.Context, *bot.Thread, *bot.Message) error {
					w.note("mention")
					return nil
				})
				w.bot.OnCommand(bot.Command{Name: "/label"}, w.notingCommand("label"))
				w.bot.OnCommand(bot.Command{Name: "Label add"}, w.notingCommand("label add"))
				w.bot.OnCommand(bot.Command{Name: "create", Aliases: []string{"new", " "}, Flags: []bot.Flag{{Name: "priority"}, {Name: "--label"}}}, w.notingCommand("create"))
				w.bot.OnCommand(bot.Command{Name: "dry_run"}, w.notingCommand("dry_run"))
				w.bot.OnCommand(bot.Command{Name: "raw", Raw: true}, w.notingCommand("raw"))
				w.bot.OnCommand(bot.Command{Name: "dup"}, func(context.Context, *bot.Thread, *bot.Invocation) error { return bot.Next })
				w.bot.OnCommand(bot.Command{Name: "dup"}, w.notingCommand("second"))
				w.bot.OnCommand(bot.Command{Name: "dup"}, w.notingCommand("third"))
				w.bot.OnCommand(bot.Command{Name: " / ", Aliases: []string{"other"}}, w.notingCommand("nameless"))
				w.bot.OnCommand(bot.Command{Name: "create"}, nil)
				w.say("ada", c.text)
				w.run(time.Second)
				if got := strings.Join(w.notes(), "; "); got != c.want {
					t.Errorf("got  %s\nwant %s", got, c.want)
				}
			})
		})
	}
}

func TestCommandAnswers(t *testing.T) {
	t.Parallel()
	register := func(w *testBot) {
		w.bot.OnCommand(bot.Command{
			Name: "create", Aliases: []string{"new"}, Help: "Create an issue",
			Args:  []bot.Arg{{Name: "title"}, {Name: "team", Optional: true}, {Name: "user", Optional: true, Many: true}},
			Flags: []bot.Flag{{Name: "priority", Help: "From 0 to 4", Default: "3"}, {Name: "draft", Bool: true}},
		}, func(_ context.Context, _ *bot.Thread, c *bot.Invocation) error {
			if _, err := c.Int("priority"); err != nil {
				return err
			}
			if c.Arg(0) == "bad" {
				return c.Misuse("there is no team called BAD")
			}
			if c.Arg(0) == "plain" {
				return &bot.UsageError{Reason: "no"}
			}
			w.note("created")
			return nil
		})
		w.bot.OnCommand(bot.Command{Name: "status", Usage: "[issue]"}, w.notingCommand("status"))
	}
	const usage = "create <title> [team] [user…] [--priority <value>] [--draft]`"
	list := func(p string) string {
		return "**Commands**\n\n- `" + p + "create <title> [team] [user…]`: Create an issue\n- `" + p + "status [issue]`\n\nMore about one of them: `" + p + "help create`"
	}
	for _, c := range []struct {
		name, text string
		cfg        bot.CommandConfig
		register   func(w *testBot)
		want       []string
		notes      []string
	}{
		{name: "unknown flag", text: "@helper create x --prio 1", want: []string{"There is no flag `--prio`.\n\nUsage: `@helper " + usage}},
		{name: "slash", text: "/create", want: []string{"`<title>` is missing.\n\nUsage: `/" + usage}},
		{name: "error of the handler", text: "/create x --priority=high", want: []string{"`--priority` needs a whole number, not `high`.\n\nUsage: `/" + usage}},
		{name: "misuse", text: "/new bad", want: []string{"There is no team called BAD.\n\nUsage: `/" + usage}},
		{name: "error made by hand", text: "/create plain", want: []string{"No.\n\nUsage: `/" + usage}},
		{
			name: "own answer", text: "/create", cfg: bot.CommandConfig{Usage: func(e *bot.UsageError) bot.Content { return bot.Markdown(e.Code + " " + e.Usage) }},
			want: []string{"missing_argument /" + strings.TrimSuffix(usage, "`")},
		},
		{name: "no answer", text: "/create", cfg: bot.CommandConfig{Usage: func(*bot.UsageError) bot.Content { return nil }}},
		{name: "help", text: "@helper help", want: []string{list("@helper ")}},
		{name: "help by slash", text: "/HELP", want: []string{list("/")}},
		{name: "help about", text: "@helper help NEW", want: []string{"`@helper " + usage + "\n\nCreate an issue\n\n- `--priority <value>`: From 0 to 4 (default `3`)\n- `--draft`\n\nAlso called `new`"}},
		{name: "help about with slash", text: "/help /status", want: []string{"`/status [issue]`"}},
		{name: "help about nothing", text: "/help me", want: []string{list("/")}},
		{name: "a sentence that begins with help", text: "@helper help me", register: func(w *testBot) { w.bot.OnNewMention(w.noting("mention")) }, notes: []string{`mention fake:room:t1 m1 "@helper help me"`}},
		{name: "help of its own", text: "/help x", register: func(w *testBot) {
			w.bot.OnCommand(bot.Command{Name: "x", Aliases: []string{"Help"}}, w.notingCommand("own"))
		}, notes: []string{`own ["x"] "x"`}},
		{name: "help switched off", text: "@helper help", cfg: bot.CommandConfig{NoHelp: true}},
		{name: "no slash", text: "/create x", cfg: bot.CommandConfig{NoSlash: true}},
		{name: "no slash but a mention", text: "@helper /create x", cfg: bot.CommandConfig{NoSlash: true}, notes: []string{"created"}},
		{name: "slip", text: "@helper craete x", want: []string{"I don't know `craete`. Did you mean `@helper create`?"}},
		{name: "slip of help", text: "@helper hepl", want: []string{"I don't know `hepl`. Did you mean `@helper help`?"}},
		{name: "no slip", text: "@helper something"},
		{name: "slip after a slash is for anybody", text: "/craete x"},
		{name: "slip with a mention handler", text: "@helper craete", register: func(w *testBot) { w.bot.OnNewMention(w.noting("mention")) }, notes: []string{`mention fake:room:t1 m1 "@helper craete"`}},
		{name: "slip that a pattern takes", text: "@helper craete", register: func(w *testBot) { w.bot.OnNewMessage(nil, w.noting("pattern")) }, notes: []string{`pattern fake:room:t1 m1 "@helper craete"`}},
		{name: "code in what was written", text: "@helper creat` x", want: []string{"I don't know `` creat` ``. Did you mean `@helper create`?"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newTest(t, withConfig(bot.Config{Commands: c.cfg}))
				register(w)
				if c.register != nil {
					c.register(w)
				}
				w.say("ada", c.text)
				w.run(time.Minute)
				w.posted(c.want...)
				w.noted(c.notes...)
				if n := w.bot.Counts()["retried"]; n != 0 || len(w.dead()) != 0 {
					t.Errorf("%d retries, %d dead letters", n, len(w.dead()))
				}
			})
		})
	}
}

// TestCommandsWithoutMention is about messages that the platform addresses to
// the bot or to another user.
func TestCommandsWithoutMention(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text      string
		addressed adapter.Ternary
		want      []string
		posted    []string
	}{
		{"create a", adapter.TernaryYes, []string{`create ["a"] "a"`}, nil},
		{"/create a", adapter.TernaryYes, []string{`create ["a"] "a"`}, nil},
		{"@helper create a", adapter.TernaryYes, []string{`create ["a"] "a"`}, nil},
		{"please @helper create a", adapter.TernaryYes, []string{}, nil},
		{"create a for @helper", adapter.TernaryYes, []string{}, nil},
		{"/craete", adapter.TernaryYes, []string{}, []string{"I don't know `craete`. Did you mean `create`?"}},
		{"create --x", adapter.TernaryYes, []string{}, []string{"There is no flag `--x`.\n\nUsage: `create`"}},
		{"@helper create a", adapter.TernaryNo, []string{}, nil},
		{"/create a", adapter.TernaryNo, []string{`create ["a"] "a"`}, nil},
	} {
		synctest.Test(t, func(t *testing.T) {
			o := newScripted()
			w := newTest(t, withPlatform(o, o.Fake), withSteadyBackoff())
			w.bot.OnCommand(bot.Command{Name: "create"}, w.notingCommand("create"))
			w.event(o, &adapter.MessageEvent{Message: &adapter.Message{ID: "m1", Author: adapter.User{ID: "ada", Kind: adapter.UserHuman}, Body: c.text, Addressed: c.addressed}})
			w.run(time.Second)
			if diff := cmp.Diff(c.want, w.notes()); diff != "" {
				t.Errorf("%q (-want +got):\n%s", c.text, diff)
			}
			if diff := cmp.Diff(c.posted, w.fake.Posted(thread)); diff != "" {
				t.Errorf("%q: posted (-want +got):\n%s", c.text, diff)
			}
		})
	}
}

// TestCommandsInDescriptions: a description that begins to address the bot is a
// command, once.
func TestCommandsInDescriptions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, previous string
		want           []string
	}{
		{"@helper create a", "", []string{`create ["a"] "a"`}},
		{"@helper create a", "create a", []string{`create ["a"] "a"`}},
		{"@helper create a and @helper", "@helper create a", []string{"mention"}},
		{"@helper create b", "@helper create a", []string{}},
		{"/create a @helper", "/create a", []string{"mention"}},
		{"/create a", "", []string{}},
		{"see @helper", "", []string{"mention"}},
	} {
		synctest.Test(t, func(t *testing.T) {
			o := newScripted()
			w := newTest(t, withPlatform(o, o.Fake), withSteadyBackoff())
			w.bot.OnCommand(bot.Command{Name: "create"}, w.notingCommand("create"))
			w.bot.OnNewMention(func(context.Context, *bot.Thread, *bot.Message) error { w.note("mention"); return nil })
			w.event(o, &adapter.IssueEvent{
				Meta: adapter.Meta{Actor: adapter.User{ID: "ada", Kind: adapter.UserHuman}}, Issue: &adapter.Issue{ID: "i"},
				Mention: &adapter.Message{ID: "i", Body: c.text, Author: adapter.User{ID: "ada", Kind: adapter.UserHuman}}, PreviousText: c.previous,
			})
			w.run(time.Second)
			if diff := cmp.Diff(c.want, w.notes()); diff != "" {
				t.Errorf("%q after %q (-want +got):\n%s", c.text, c.previous, diff)
			}
		})
	}
}

// TestUsageIsPostedOnce lets the answer to a wrong command fail at first.
func TestUsageIsPostedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t)
		w.bot.OnCommand(bot.Command{Name: "create", Args: []bot.Arg{{Name: "title"}}}, w.notingCommand("create"))
		w.fake.FailPosts(errBoom, errBoom)
		w.say("ada", "/create")
		w.run(time.Minute)
		if got := w.fake.Posted(thread); len(got) != 1 || w.fake.PostCalls() != 3 {
			t.Errorf("posted %q in %d calls", got, w.fake.PostCalls())
		}
	})
}

// TestNoHelpWithoutCommands leaves a bot without commands as it was.
func TestNoHelpWithoutCommands(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t)
		w.say("ada", "@helper help")
		w.run(time.Second)
		if got := w.fake.Posted(thread); len(got) != 0 {
			t.Errorf("posted %q", got)
		}
	})
}

// TestCommandsOfPrograms: a program needs a mention for a command as well.
func TestCommandsOfPrograms(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t)
		w.bot.OnCommand(bot.Command{Name: "create"}, w.notingCommand("create"))
		app := adapter.User{ID: "other", Kind: adapter.UserApp}
		w.deliver(w.fake.SaidBy(app, "W1", thread, "a", "/create a"))
		w.deliver(w.fake.SaidBy(app, "W1", thread, "b", "@helper create b"))
		w.deliver(w.fake.SaidBy(adapter.User{ID: "bot-user"}, "W1", thread, "c", "/create c"))
		w.run(time.Second)
		w.noted(`create ["b"] "b"`)
	})
}

// BenchmarkQuoteArg is here for its allocations.
func BenchmarkQuoteArg(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if bot.QuoteArg(`Fix "login"`) == "" {
			b.Fatal("empty")
		}
	}
}

func TestQuoteArg(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": `""`, "word": "word", "v1.2-rc/3": "v1.2-rc/3", "two words": `"two words"`, `a"b\c`: `"a\"b\\c"`,
		"--flag": `"--flag"`, "a\nb": `"a b"`, "/x": `"/x"`, "été": "été", "`x`": "\"\\`x\\`\"", "a_b": `"a_b"`,
	} {
		if got := bot.QuoteArg(in); got != want {
			t.Errorf("QuoteArg(%q) = %s, want %s", in, got, want)
		}
	}
}
