package bot_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/access"
)

func denyAll(d bot.Decision) bot.Access {
	return func(context.Context, *bot.Turn) (bot.Decision, error) { return d, nil }
}

// registerAll registers a handler of every kind that notes its kind.
func registerAll(w *testBot) {
	message := func(kind string) bot.MessageHandler {
		return func(context.Context, *bot.Thread, *bot.Message) error { w.note("%s", kind); return nil }
	}
	w.bot.OnNewMention(message("mention"))
	w.bot.OnSubscribedMessage(message("subscribed"))
	w.bot.OnNewMessage(nil, message("pattern"))
	w.bot.OnCommand(bot.Command{Name: "create"}, func(context.Context, *bot.Thread, *bot.Invocation) error {
		w.note("command")
		return nil
	})
	w.bot.OnMessageUpdated(func(context.Context, *bot.Thread, *bot.Message, string) error { w.note("updated"); return nil })
	w.bot.OnMessageDeleted(message("deleted"))
	w.bot.OnReaction(func(context.Context, *bot.Thread, *adapter.ReactionEvent) error { w.note("reaction"); return nil })
	w.bot.OnAction(func(context.Context, *bot.Thread, *adapter.ActionEvent) error { w.note("action"); return nil })
	w.bot.OnStop(message("stop"))
	w.bot.OnUninstalled(func(context.Context, *bot.Workspace) error { w.note("uninstalled"); return nil })
	w.bot.OnIssue(func(context.Context, *bot.Thread, *bot.IssueChange) error { w.note("issue"); return nil })
	w.bot.OnResolved(func(context.Context, *bot.Thread, *adapter.ResolveEvent) error { w.note("resolved"); return nil })
	w.bot.OnNotification(func(context.Context, *bot.Thread, *adapter.NotificationEvent) error {
		w.note("notification")
		return nil
	})
	w.bot.OnEvent(func(context.Context, *bot.Turn) error { w.note("event"); return nil })
}

// TestAccessGuardsEveryHandler sends an event of every kind past a policy that
// allows all, and past one that refuses all.
func TestAccessGuardsEveryHandler(t *testing.T) {
	t.Parallel()
	ada := adapter.User{ID: "ada", Kind: adapter.UserHuman}
	said := func(text string) *adapter.Message { return &adapter.Message{ID: "m", Author: ada, Body: text} }
	issue := &adapter.Issue{ID: "i"}
	act := adapter.Meta{Actor: ada}
	for _, c := range []struct {
		event adapter.Event
		runs  string
		// passes says that no one can be refused.
		passes bool
	}{
		{event: &adapter.MessageEvent{Message: said("@helper")}, runs: "mention"},
		{event: &adapter.MessageEvent{Message: said("@helper create")}, runs: "command"},
		{event: &adapter.MessageEvent{Message: said("/help")}, runs: ""},
		{event: &adapter.MessageEvent{Message: said("hi")}, runs: "pattern"},
		{event: &adapter.EditEvent{Meta: act, Message: said("hi")}, runs: "updated"},
		{event: &adapter.DeleteEvent{Meta: act, Message: said("hi")}, runs: "deleted"},
		{event: &adapter.ReactionEvent{Meta: act, User: ada, Added: true, Emoji: "x"}, runs: "reaction"},
		{event: &adapter.ActionEvent{Meta: act, ActionID: "a"}, runs: "action"},
		{event: &adapter.ResolveEvent{Meta: act}, runs: "resolved"},
		{event: &adapter.IssueEvent{Meta: act, Issue: issue}, runs: "issue"},
		{event: &adapter.IssueEvent{Meta: act, Issue: issue, Mention: said("@helper")}, runs: "issue mention"},
		{event: &adapter.NotificationEvent{Meta: act}, runs: "notification"},
		{event: &adapter.AccessEvent{Meta: act}, runs: "event"},
		{event: &adapter.SLAEvent{Meta: act}, runs: "event"},
		{event: &adapter.AuthorizationEvent{Meta: act}, runs: "event"},
		{event: &adapter.StopEvent{Meta: act, Message: said("stop")}, runs: "stop", passes: true},
		{event: &adapter.UninstallEvent{}, runs: "uninstalled", passes: true},
	} {
		for _, allowed := range []bool{true, false} {
			asked := 0
			access := func(context.Context, *bot.Turn) (bot.Decision, error) { //nolint:unparam // an Access
				asked++
				return bot.Decision{Allowed: allowed}, nil
			}
			synctest.Test(t, func(t *testing.T) {
				o := newScripted()
				w := newTest(t, withConfig(bot.Config{Access: access}), withPlatform(o, o.Fake), withSteadyBackoff())
				registerAll(w)
				w.event(o, c.event)
				w.run(time.Second)
				want, counts := c.runs, map[string]int64{"accepted": 1, "handled": 1}
				if c.runs == "" {
					counts["replies"] = 1
				}
				if !allowed && !c.passes {
					want, counts = "", map[string]int64{"accepted": 1, "ignored:access": 1}
				}
				if got := strings.Join(w.notes(), " "); got != want {
					t.Errorf("%T, allowed %v: ran %q, want %q", c.event, allowed, got, want)
				}
				if diff := cmp.Diff(counts, w.bot.Counts()); diff != "" {
					t.Errorf("%T, allowed %v: counts (-want +got):\n%s", c.event, allowed, diff)
				}
				if n := len(w.fake.Posted(thread)); !allowed && n != 0 {
					t.Errorf("%T: %d posts", c.event, n)
				}
				if wantAsked := map[bool]int{true: 0, false: 1}[c.passes]; asked != wantAsked {
					t.Errorf("%T: asked %d times, want %d", c.event, asked, wantAsked)
				}
			})
		}
	}
}

// TestAccessInSubscribedThreads is about the one group that the events above
// do not reach, and about events that no one wants.
func TestAccessInSubscribedThreads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t, withConfig(bot.Config{Access: denyAll(bot.DenyWithReply("no"))}))
		w.bot.OnSubscribedMessage(w.noting("subscribed"))
		w.sayIn("fake:room:other", "ada", "not for the bot")
		w.subscribe()
		w.say("ada", "hi")
		w.run(time.Second)
		if got := w.notes(); len(got) != 0 {
			t.Errorf("ran %q", got)
		}
		w.posted("no")
		if got := w.fake.Posted("fake:room:other"); len(got) != 0 {
			t.Errorf("answered a message that no handler wants: %q", got)
		}
		want := map[string]int64{"accepted": 2, "ignored:access": 1, "ignored:not_mentioned": 1, "replies": 1}
		if diff := cmp.Diff(want, w.bot.Counts()); diff != "" {
			t.Errorf("counts (-want +got):\n%s", diff)
		}
	})
}

func TestAccessReplyIsRare(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t, withConfig(bot.Config{Access: denyAll(bot.DenyWithReply("Ask **Bob**."))}))
		w.bot.OnNewMention(w.noting("mention"))
		stop := w.start()
		step := func(name string, want int, in adapter.ThreadID) {
			t.Helper()
			synctest.Wait()
			if got := w.fake.Posted(in); len(got) != want || slices.ContainsFunc(got, func(s string) bool { return s != "Ask **Bob**." }) {
				t.Errorf("%s: posted %q, want %d", name, got, want)
			}
		}
		for range 5 {
			w.say("ada", "@helper")
		}
		step("one author", 1, thread)
		w.say("bob", "@helper")
		step("another author", 2, thread)
		w.sayIn("fake:room:t2", "ada", "@helper")
		step("another thread", 1, "fake:room:t2")
		w.deliver(w.fake.SaidBy(adapter.User{ID: "ada", Kind: adapter.UserHuman}, "W2", thread, "w2", "@helper"))
		step("another workspace", 3, thread)
		time.Sleep(59 * time.Minute)
		w.say("ada", "@helper")
		step("within the hour", 3, thread)
		time.Sleep(2 * time.Minute)
		w.say("ada", "@helper")
		w.say("ada", "@helper")
		step("after an hour", 4, thread)
		stop()
		if got := w.bot.Counts()["ignored:access"]; got != 11 {
			t.Errorf("%d refused, want 11", got)
		}
	})
}

// TestAccessReplySurvivesFailures: a reply that failed is not lost and not
// doubled, and one that can never be posted does not bring the turn down.
func TestAccessReplySurvivesFailures(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		fail      error
		posts     int
		retried   int64
		published int
	}{
		{errBoom, 2, 1, 1},
		{&adapter.Error{Code: adapter.CodeUnavailable}, 2, 1, 1},
		{&adapter.Error{Code: adapter.CodeForbidden}, 1, 0, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newTest(t, withConfig(bot.Config{Access: denyAll(bot.DenyWithReply("no"))}))
			w.bot.OnNewMention(w.noting("mention"))
			w.fake.FailPosts(c.fail)
			w.say("ada", "@helper")
			w.run(time.Minute)
			if got := w.fake.Posted(thread); len(got) != c.published || w.fake.PostCalls() != c.posts {
				t.Errorf("%v: posted %q in %d calls", c.fail, got, w.fake.PostCalls())
			}
			if counts := w.bot.Counts(); counts["retried"] != c.retried || counts["ignored:access"] != 1 {
				t.Errorf("%v: counts %v", c.fail, counts)
			}
			if len(w.notes()) != 0 || len(w.dead()) != 0 {
				t.Errorf("%v: ran %q, %d dead letters", c.fail, w.notes(), len(w.dead()))
			}
		})
	}
}

func TestAccessReaction(t *testing.T) {
	t.Parallel()
	guest := adapter.User{ID: "ext", Kind: adapter.UserExternal}
	said := &adapter.Message{ID: "m9", Author: guest, Body: "@helper"}
	for _, c := range []struct {
		name    string
		event   adapter.Event
		fail    error
		want    []string
		retried int64
	}{
		{name: "message", event: &adapter.MessageEvent{Message: said}, want: []string{"m9 ⛔"}},
		{name: "edit", event: &adapter.EditEvent{Message: said}, want: []string{"m9 ⛔"}},
		{name: "deleted message", event: &adapter.DeleteEvent{Message: said}},
		{name: "no message", event: &adapter.ReactionEvent{User: guest, MessageID: "m9", Emoji: "x"}},
		{name: "fails once", event: &adapter.MessageEvent{Message: said}, fail: &adapter.Error{Code: adapter.CodeUnavailable}, want: []string{"m9 ⛔"}, retried: 1},
		{name: "is gone", event: &adapter.MessageEvent{Message: said}, fail: &adapter.Error{Code: adapter.CodeNotFound}},
		{name: "may not", event: &adapter.MessageEvent{Message: said}, fail: &adapter.Error{Code: adapter.CodeForbidden}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := newScripted()
				w := newTest(t, withConfig(bot.Config{Access: access.NotExternal().Else(bot.DenyWithReaction("⛔"))}), withPlatform(o, o.Fake), withSteadyBackoff())
				registerAll(w)
				if c.fail != nil {
					o.failWith, o.failures = c.fail, 1
				}
				w.event(o, c.event)
				w.run(time.Minute)
				if diff := cmp.Diff(c.want, o.reacted); diff != "" {
					t.Errorf("reactions (-want +got):\n%s", diff)
				}
				if counts := w.bot.Counts(); counts["ignored:access"] != 1 || counts["retried"] != c.retried {
					t.Errorf("counts %v", counts)
				}
				if got := w.notes(); len(got) != 0 {
					t.Errorf("ran %q", got)
				}
			})
		})
	}
	// The plain Fake cannot react.
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t, withConfig(bot.Config{Access: denyAll(bot.DenyWithReaction("x"))}))
		w.bot.OnNewMention(w.noting("mention"))
		w.say("ada", "@helper")
		w.run(time.Minute)
		if counts := w.bot.Counts(); counts["ignored:access"] != 1 || counts["retried"] != 0 {
			t.Errorf("counts %v", counts)
		}
	})
}

func TestAccessErrors(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func() error{
		"error": func() error { return errBoom },
		"panic": func() error { panic("no") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := 0
			access := func(context.Context, *bot.Turn) (bot.Decision, error) {
				if asked++; asked < 3 {
					return bot.Allow(), fail()
				}
				return bot.Allow(), nil
			}
			synctest.Test(t, func(t *testing.T) {
				w := newTest(t, withConfig(bot.Config{Access: access}))
				w.bot.OnNewMention(w.noting("mention"))
				w.bot.OnNewMention(w.noting("again"))
				w.say("ada", "@helper")
				w.run(time.Minute)
				if got := len(w.notes()); got != 2 || asked != 3 || w.bot.Counts()["retried"] != 2 {
					t.Errorf("ran %q, asked %d times, counts %v", w.notes(), asked, w.bot.Counts())
				}
			})
			synctest.Test(t, func(t *testing.T) {
				w := newTest(t, withConfig(bot.Config{MaxAttempts: 2, Access: func(context.Context, *bot.Turn) (bot.Decision, error) {
					return bot.Allow(), fail()
				}}))
				w.bot.OnNewMention(w.noting("mention"))
				w.say("ada", "@helper")
				w.run(time.Minute)
				if len(w.notes()) != 0 || len(w.dead()) != 1 {
					t.Errorf("ran %q, %d dead letters", w.notes(), len(w.dead()))
				}
			})
		})
	}
}

// TestAccessGuardsAnswers: who is refused cannot answer a question either.
func TestAccessGuardsAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t, withConfig(bot.Config{Access: access.Users("ada").Else(bot.DenyWithReply("no"))}))
		w.bot.OnNewMention(func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
			a, err := bot.Ask(ctx, t, bot.Question{Text: "Name?"})
			if err == nil {
				w.note("%s by %s", a.Value, a.By.ID)
			}
			return err
		})
		w.say("ada", "@helper go")
		w.say("eve", "Eve")
		w.say("eve", "@helper Eve")
		w.say("ada", "Ada")
		w.run(time.Minute)
		w.noted("Ada by ada")
		if got := w.fake.Posted(thread); len(got) != 2 || got[1] != "no" {
			t.Errorf("posted %q, want a question and a refusal", got)
		}
	})
}

func TestCommandAccess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t)
		w.bot.OnNewMention(w.noting("mention"))
		w.bot.OnCommand(bot.Command{Name: "deploy", Access: access.Users("ada").Else(bot.DenyWithReply("no"))}, w.notingCommand("deploy"))
		w.bot.OnCommand(bot.Command{Name: "status"}, w.notingCommand("status"))
		w.say("ada", "/deploy a")
		w.say("bob", "@helper deploy b")
		w.say("bob", "/status b")
		w.run(time.Second)
		w.noted(`deploy ["a"] "a"`, `status ["b"] "b"`)
		w.posted("no")
	})
}

// TestRefusedAuthorsDoNotSpeakForOthers is about messages that are handled
// together.
func TestRefusedAuthorsDoNotSpeakForOthers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		access bot.Access
		say    []string // author: text
		want   []string
	}{
		{"newest refused", access.Users("ada", "bob"), []string{"bob:one", "ada:@helper two", "eve:three"}, []string{"@helper two after [one]"}},
		{"older refused", access.Users("ada"), []string{"eve:@helper one", "ada:two"}, []string{}},
		{"older refused, left out", access.Users("ada"), []string{"eve:one", "ada:@helper two"}, []string{"@helper two after []"}},
		{"newest is the bot's own", nil, []string{"ada:@helper one", "bot-user:two"}, []string{"@helper one after []"}},
		{"all refused", access.Users(), []string{"ada:@helper one", "eve:@helper two"}, []string{}},
		{"all allowed", nil, []string{"eve:@helper one", "ada:two"}, []string{"two after [@helper one]"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newTest(t, withConfig(bot.Config{Policy: bot.Latest(), Access: c.access}))
				w.bot.OnNewMention(func(_ context.Context, _ *bot.Thread, m *bot.Message) error {
					var skipped []string
					for _, s := range m.Skipped {
						skipped = append(skipped, s.Body)
					}
					w.note("%s after %v", m.Body, skipped)
					return nil
				})
				for _, s := range c.say {
					author, text, _ := strings.Cut(s, ":")
					w.say(author, text)
				}
				w.run(time.Second)
				w.noted(c.want...)
			})
		})
	}
}

func TestAccessRules(t *testing.T) {
	t.Parallel()
	var (
		ada      = adapter.User{ID: "ada", Kind: adapter.UserHuman}
		mail     = adapter.User{ID: "cy", Email: "Cy@acme.test", Kind: adapter.UserHuman}
		external = adapter.User{ID: "ext", Kind: adapter.UserExternal, Email: "ext@acme.test"}
		app      = adapter.User{ID: "app", Kind: adapter.UserApp, Email: "app@acme.test"}
		robot    = adapter.User{Kind: adapter.UserAutomation}
		unknown  = adapter.User{}
	)
	by := func(u adapter.User) adapter.Event {
		return &adapter.MessageEvent{Message: &adapter.Message{ID: "m", Author: u, Body: "x"}}
	}
	edit := func(actor, author adapter.User) adapter.Event {
		return &adapter.EditEvent{Meta: adapter.Meta{Actor: actor}, Message: &adapter.Message{ID: "m", Author: author}}
	}
	on := func(team adapter.Team) adapter.Event {
		return &adapter.MessageEvent{Message: &adapter.Message{ID: "m", Author: ada, Issue: &adapter.Issue{Team: team}}}
	}
	issue := func(actor adapter.User, key string) adapter.Event {
		return &adapter.IssueEvent{Meta: adapter.Meta{Actor: actor}, Issue: &adapter.Issue{Team: adapter.Team{Key: key}}}
	}
	yes, no := access.If(func(context.Context, adapter.User) (bool, error) { return true, nil }), access.Users()
	broken := bot.Access(func(context.Context, *bot.Turn) (bot.Decision, error) { return bot.Allow(), errBoom })
	loud := no.Else(bot.DenyWithReply("loud"))
	for _, c := range []struct {
		name  string
		rule  bot.Access
		event adapter.Event
		want  bot.Decision
		asked []string
		fails bool
	}{
		{name: "user by id", rule: access.Users("bob", "ada"), event: by(ada), want: bot.Allow()},
		{name: "app by id", rule: access.Users("app"), event: by(app), want: bot.Allow()},
		{name: "another user", rule: access.Users("bob"), event: by(ada)},
		{name: "id in another case", rule: access.Users("ADA"), event: by(ada)},
		{name: "an unknown user by empty id", rule: access.Users(""), event: by(unknown)},
		{name: "user by email", rule: access.Users("cy@ACME.test"), event: by(mail), want: bot.Allow()},
		{name: "user by email in the directory", rule: access.Users("ada@acme.test"), event: by(ada), want: bot.Allow(), asked: []string{"user ada"}},
		{name: "external by email", rule: access.Users("ext@acme.test"), event: by(external)},
		{name: "app by email", rule: access.Users("app@acme.test"), event: by(app)},
		{name: "domain", rule: access.Domains("ACME.test"), event: by(mail), want: bot.Allow()},
		{name: "domain with at", rule: access.Domains("@acme.test"), event: by(mail), want: bot.Allow()},
		{name: "domain in the directory", rule: access.Domains("acme.test"), event: by(ada), want: bot.Allow(), asked: []string{"user ada"}},
		{name: "not in the directory", rule: access.Domains("acme.test"), event: by(adapter.User{ID: "eve"}), asked: []string{"user eve"}},
		{name: "found to be external", rule: access.Domains("acme.test"), event: by(adapter.User{ID: "ext"}), asked: []string{"user ext"}},
		{name: "part of a domain", rule: access.Domains("cme.test", "test", ""), event: by(mail)},
		{name: "longer domain", rule: access.Domains("acme.test"), event: by(adapter.User{ID: "x", Email: "x@acme.test.evil", Kind: adapter.UserHuman})},
		{name: "two signs", rule: access.Domains("acme.test"), event: by(adapter.User{ID: "x", Email: "x@acme.test@evil", Kind: adapter.UserHuman})},
		{name: "no name before the sign", rule: access.Domains("acme.test"), event: by(adapter.User{ID: "x", Email: "@acme.test", Kind: adapter.UserHuman})},
		{name: "domain of an external", rule: access.Domains("acme.test"), event: by(external)},
		{name: "domain of an app", rule: access.Domains("acme.test"), event: by(app)},
		{name: "member", rule: access.NotExternal(), event: by(ada), want: bot.Allow()},
		{name: "external", rule: access.NotExternal(), event: by(external)},
		{name: "unknown, and a member", rule: access.NotExternal(), event: by(adapter.User{ID: "ada"}), want: bot.Allow(), asked: []string{"user ada"}},
		{name: "unknown, and external", rule: access.NotExternal(), event: by(adapter.User{ID: "ext"}), asked: []string{"user ext"}},
		{name: "unknown to all", rule: access.NotExternal(), event: by(adapter.User{ID: "eve"}), asked: []string{"user eve"}},
		{name: "unknown that gives an address", rule: access.Domains("evil.test"), event: by(adapter.User{ID: "ada", Email: "x@evil.test"}), asked: []string{"user ada"}},
		{name: "automation", rule: access.NotExternal(), event: by(robot), want: bot.Allow()},
		{name: "unknown user", rule: access.NotExternal(), event: issue(unknown, "ENG")},
		{name: "member and no guest", rule: access.NotGuests(), event: by(ada), want: bot.Allow(), asked: []string{"user ada"}},
		{name: "guest", rule: access.NotGuests(), event: by(adapter.User{ID: "gil", Kind: adapter.UserHuman}), asked: []string{"user gil"}},
		{name: "guest, and the event says so", rule: access.NotGuests(), event: by(adapter.User{ID: "ada", Guest: true, Kind: adapter.UserHuman})},
		{name: "guest, if anybody", rule: access.NotGuests(), event: by(adapter.User{ID: "eve"}), asked: []string{"user eve"}},
		{name: "guest or external", rule: access.NotGuests(), event: by(external)},
		{name: "guest found to be external", rule: access.NotGuests(), event: by(adapter.User{ID: "ext"}), asked: []string{"user ext"}},
		{name: "guest or unknown user", rule: access.NotGuests(), event: issue(unknown, "ENG")},
		{name: "guest or automation", rule: access.NotGuests(), event: by(robot), want: bot.Allow()},
		{name: "guest found to be an app", rule: access.NotGuests(), event: by(adapter.User{ID: "robot"}), want: bot.Allow(), asked: []string{"user robot"}},
		{name: "guest edits a member's", rule: access.NotGuests(), event: edit(adapter.User{ID: "gil", Kind: adapter.UserHuman}, ada), asked: []string{"user gil"}},
		{name: "member edits a guest's", rule: access.NotGuests(), event: edit(ada, adapter.User{ID: "gil", Kind: adapter.UserHuman}), asked: []string{"user ada", "user gil"}},
		{name: "guest outside of threads", rule: access.NotGuests(), event: &adapter.AuthorizationEvent{Meta: adapter.Meta{Actor: ada, Action: nowhere}}, want: bot.Allow(), asked: []string{"user ada"}},
		{name: "domain outside of threads", rule: access.Domains("acme.test"), event: &adapter.AuthorizationEvent{Meta: adapter.Meta{Actor: ada, Action: nowhere}}, want: bot.Allow(), asked: []string{"user ada"}},
		{name: "edit by its author", rule: access.Users("ada"), event: edit(ada, ada), want: bot.Allow()},
		{name: "edit by an unknown user", rule: access.Users("ada"), event: edit(unknown, ada), want: bot.Allow()},
		{name: "edit by another user", rule: access.Users("ada"), event: edit(mail, ada)},
		{name: "edit of another user's message", rule: access.Users("ada"), event: edit(ada, mail)},
		{name: "edit, both allowed", rule: access.Users("ada", "cy"), event: edit(ada, mail), want: bot.Allow()},
		{name: "reaction", rule: access.Users("ada"), event: &adapter.ReactionEvent{User: ada}, want: bot.Allow()},
		{name: "change of an issue", rule: access.Users("ada"), event: issue(ada, ""), want: bot.Allow()},
		{name: "change by an unknown user", rule: access.Users("ada"), event: issue(unknown, "")},
		{name: "team by key", rule: access.Teams("OPS", "eng"), event: on(adapter.Team{Key: "ENG"}), want: bot.Allow()},
		{name: "team by id", rule: access.Teams("t1"), event: on(adapter.Team{ID: "t1", Key: "ENG"}), want: bot.Allow()},
		{name: "another team", rule: access.Teams("OPS"), event: on(adapter.Team{ID: "t1", Key: "ENG"})},
		{name: "team of an issue", rule: access.Teams("ENG"), event: issue(ada, "ENG"), want: bot.Allow()},
		{name: "team looked up", rule: access.Teams("ENG"), event: by(ada), want: bot.Allow(), asked: []string{"subject"}},
		{name: "no team named", rule: access.Teams(""), event: by(ada), asked: []string{"subject"}},
		{name: "all of none", rule: access.All(), event: by(ada), want: bot.Allow()},
		{name: "all", rule: access.All(yes, yes), event: by(ada), want: bot.Allow()},
		{name: "all but one", rule: access.All(yes, loud, no), event: by(ada), want: bot.DenyWithReply("loud")},
		{name: "all but an error", rule: access.All(yes, broken), event: by(ada), fails: true},
		{name: "refused before the error", rule: access.All(no, broken), event: by(ada)},
		{name: "all with nil", rule: access.All(yes, nil), event: by(ada)},
		{name: "any of none", rule: access.Any(), event: by(ada)},
		{name: "any", rule: access.Any(no, yes), event: by(ada), want: bot.Allow()},
		{name: "any refused", rule: access.Any(loud, no), event: by(ada), want: bot.DenyWithReply("loud")},
		{name: "any with an error", rule: access.Any(broken, yes), event: by(ada), want: bot.Allow()},
		{name: "any, nothing but an error", rule: access.Any(no, broken), event: by(ada), fails: true},
		{name: "not yes", rule: access.Not(yes), event: by(ada)},
		{name: "not no", rule: access.Not(no), event: by(ada), want: bot.Allow()},
		{name: "not error", rule: access.Not(broken), event: by(ada), fails: true},
		{name: "else", rule: no.Else(bot.DenyWithReaction("x")), event: by(ada), want: bot.DenyWithReaction("x")},
		{name: "else does not grant access", rule: no.Else(bot.Allow()), event: by(ada)},
		{name: "else of yes", rule: yes.Else(bot.DenyWithReaction("x")), event: by(ada), want: bot.Allow()},
		{name: "else of an error", rule: broken.Else(bot.DenyWithReaction("x")), event: by(ada), fails: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got bot.Decision
			var failed error
			decide := func(ctx context.Context, turn *bot.Turn) (bot.Decision, error) { //nolint:unparam // an Access
				got, failed = c.rule(ctx, turn)
				return bot.Deny(), nil
			}
			synctest.Test(t, func(t *testing.T) {
				o := newScripted()
				w := newTest(t, withConfig(bot.Config{Access: decide, Bots: bot.BotsAlways}), withPlatform(o, o.Fake), withSteadyBackoff())
				registerAll(w)
				w.event(o, c.event)
				w.run(time.Second)
				if diff := cmp.Diff(c.asked, o.asked); diff != "" {
					t.Errorf("look-ups (-want +got):\n%s", diff)
				}
			})
			if c.fails != (failed != nil) || failed != nil && !errors.Is(failed, errBoom) {
				t.Errorf("error %v", failed)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("decision (-want +got):\n%s", diff)
			}
		})
	}
}

// TestAccessLookupsThatFail: not to know is an error, not an answer.
func TestAccessLookupsThatFail(t *testing.T) {
	t.Parallel()
	for name, rule := range map[string]bot.Access{
		"domain": access.Domains("acme.test"), "team": access.Teams("ENG"), "guest": access.NotGuests(),
	} {
		synctest.Test(t, func(t *testing.T) {
			o := newScripted()
			w := newTest(t, withConfig(bot.Config{Access: rule}), withPlatform(o, o.Fake), withSteadyBackoff())
			w.bot.OnNewMessage(nil, w.noting("pattern"))
			o.failWith, o.failures = &adapter.Error{Code: adapter.CodeUnavailable}, 1
			w.say("ada", "hi")
			w.run(time.Minute)
			if counts := w.bot.Counts(); len(w.notes()) != 1 || counts["retried"] != 1 || counts["ignored:access"] != 0 {
				t.Errorf("%s: ran %q, counts %v", name, w.notes(), counts)
			}
		})
	}
	// The plain Fake has no directory and no issues.
	for name, rule := range map[string]bot.Access{
		"domain": access.Domains("acme.test"), "team": access.Teams("ENG"), "guest": access.NotGuests(),
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newTest(t, withConfig(bot.Config{Access: rule}))
			w.bot.OnNewMessage(nil, w.noting("pattern"))
			w.say("ada", "hi")
			w.run(time.Minute)
			if counts := w.bot.Counts(); len(w.notes()) != 0 || counts["retried"] != 0 || counts["ignored:access"] != 1 {
				t.Errorf("%s: ran %q, counts %v", name, w.notes(), counts)
			}
		})
	}
}
