package bot_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/bot"
)

// agentEvents are what an agent subscribes to.
var agentEvents = []string{"Comment", "Issue", "AgentSessionEvent", "AppUserNotification"}

// session waits for the n-th session of the workspace, counted from 0.
func (w *acme) session(n int) *linearsim.Session {
	w.t.Helper()
	w.wait("a session", func() bool { return len(w.ws.Sessions()) > n })
	return w.ws.Sessions()[n]
}

// warmUp has the bot answer a mention, wherever that is, after which it knows that the
// workspace sends sessions.
func (w *acme) warmUp() {
	w.t.Helper()
	w.ada.Comment(w.issue, "@helper-bot warm up")
	w.session(0)
	if len(w.replies(w.issue.Comments()[0])) == 0 {
		w.t.Fatal("no answer")
	}
	if err := w.srv.Flush(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for n := w.bot.Counts(); n["handled"] == 0 || n["ignored:same_act"] == 0; n = w.bot.Counts() {
		select {
		case <-tick.C:
		case <-w.t.Context().Done():
			w.t.Fatal("the session does not come")
		}
	}
}

// ends waits until a session has a status and returns its activities.
func (w *acme) ends(x *linearsim.Session, status string) []string {
	w.t.Helper()
	w.wait("status "+status, func() bool { return x.Status() == status })
	return x.ActivityTexts()
}

// TestAnsweredBeforeItsSession: the session that tells of a mention arrives, at another
// instance, when the comment has been answered. It ends as complete, and the thread keeps
// one answer.
func TestAnsweredBeforeItsSession(t *testing.T) {
	t.Parallel()
	answer := func(b *bot.Bot, _ *acme) {
		b.OnNewMention(func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
			_, err := t.Post(ctx, bot.Text("yes"))
			return err
		})
	}
	w := newAcme(t, bot.Config{}, answer)
	other := w.instance(answer)
	late := make(chan *adapter.Delivery, 1)
	w.deliver(func(ctx context.Context, d *adapter.Delivery) error {
		if strings.Contains(string(d.Body), `"type":"AgentSessionEvent"`) {
			late <- d
			return nil
		}
		return w.bot.Accept(ctx, d)
	}, agentEvents...)
	root := w.ada.Comment(w.issue, "@helper-bot hello")
	if got := w.replies(root); !slices.Equal(got, []string{"yes"}) {
		t.Fatalf("replies %q", got)
	}
	if err := other.Accept(t.Context(), <-late); err != nil {
		t.Fatal(err)
	}
	got := w.ends(w.session(0), "complete")
	if last := got[len(got)-1]; !strings.HasPrefix(last, "response: My answer is in the [comments](") {
		t.Errorf("activities %q", got)
	}
	w.wait("the comment of the last activity to disappear", func() bool { return slices.Equal(w.replies(root), []string{"yes"}) })
}

// TestSessionFromMentionToFinish is a session with a plan, progress, links, a question
// in between and an answer.
func TestSessionFromMentionToFinish(t *testing.T) {
	t.Parallel()
	w := newAcme(t, bot.Config{}, func(b *bot.Bot, _ *acme) {
		b.OnNewMention(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
			s := t.Session()
			if m.Text() == "warm up" {
				_, err := s.Finish(ctx, bot.Text("ready"))
				return err
			}
			if err := s.Think(ctx, "Looking at "+m.Text()); err != nil {
				return err
			}
			if err := s.Act(ctx, bot.Action{Name: "Searched", Parameter: "logs", Result: "7 hits"}); err != nil {
				return err
			}
			if err := s.AddLinks(ctx, adapter.SessionLink{Label: "run", URL: "https://ci.example.com/7"}); err != nil {
				return err
			}
			a, err := bot.Ask(ctx, t, bot.Question{Text: "Deploy?", Options: []adapter.Choice{{Value: "yes"}, {Value: "no"}}})
			if err != nil {
				return err
			}
			_, err = s.Finish(ctx, bot.Markdown("You said "+a.Value))
			return err
		})
	}, agentEvents...)
	w.warmUp()
	root := w.ada.Comment(w.issue, "@helper-bot the retries")
	x := w.session(1)
	got := w.ends(x, "awaitingInput")
	if diff := cmp.Diff([]string{"thought: Looking at the retries", "action: Searched", "elicitation: Deploy?"}, got); diff != "" {
		t.Errorf("before the answer (-want +got):\n%s", diff)
	}
	if id := w.ada.Choose(x, "perhaps"); id != "" {
		t.Error("an option that was not offered can be chosen")
	}
	w.ada.Choose(x, "yes")
	got = w.ends(x, "complete")
	if last := got[len(got)-1]; last != "response: You said yes" {
		t.Errorf("activities %q", got)
	}
	if c := x.Timing(); c.Unresponsive || c.FirstSign < 0 || c.FirstSign > 5*time.Second {
		t.Errorf("clock %+v", c)
	}
	for _, c := range root.Replies() {
		if c.Author.ID == w.app.User.ID && strings.Contains(c.Body(), "On it") {
			t.Errorf("the first activity became a comment: %q", c.Body())
		}
	}
}

// TestSessionEnds has handlers that end in every way, and looks at what a person sees.
func TestSessionEnds(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		cfg    bot.Config
		handle bot.MessageHandler
		status string
		want   []string // how the activities begin
	}{
		"nothing said": {
			handle: func(context.Context, *bot.Thread, *bot.Message) error { return nil },
			status: "complete", want: []string{"response: Done."},
		},
		"progress only": {
			handle: func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
				_, err := t.Post(ctx, bot.Progress(bot.Text("working")))
				return err
			},
			status: "complete", want: []string{"thought: working", "response: Done."},
		},
		"progress, then the answer": {
			cfg: bot.Config{Sessions: bot.SessionConfig{PostsAreProgress: true}},
			handle: func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
				if _, err := t.Post(ctx, bot.Text("working")); err != nil {
					return err
				}
				_, err := t.Post(ctx, bot.Final(bot.Text("found")))
				return err
			},
			status: "complete", want: []string{"thought: working", "response: found"},
		},
		"answered": {
			handle: func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
				_, err := t.Post(ctx, bot.Text("42"))
				return err
			},
			status: "complete", want: []string{"response: 42"},
		},
		"could not": {
			handle: func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
				return t.Session().Fail(ctx, "No access")
			},
			status: "error", want: []string{"error: No access"},
		},
		"asked without waiting": {
			handle: func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
				s := t.Session()
				if err := s.Ask(ctx, bot.Elicitation{Text: "Which?", Auth: &adapter.AuthLink{URL: "https://example.com/link"}}); err != nil {
					return err
				}
				// Nothing takes the button away.
				if err := s.Think(ctx, "hm"); !errors.Is(err, bot.ErrAsked) {
					return fmt.Errorf("a thought after a question: %w", err)
				}
				if err := t.Typing(ctx, "hm"); err != nil {
					return err
				}
				if _, err := t.Post(ctx, bot.Progress(bot.Text("hm"))); !errors.Is(err, bot.ErrAsked) {
					return fmt.Errorf("progress after a question: %w", err)
				}
				return nil
			},
			status: "awaitingInput", want: []string{"elicitation: Which?"},
		},
		"failed for good": {
			handle: func(context.Context, *bot.Thread, *bot.Message) error { return bot.Permanent(errBoom) },
			status: "error", want: []string{"error: Sorry, something went wrong"},
		},
		"failed, without apologies": {
			cfg:    bot.Config{NoApology: true},
			handle: func(context.Context, *bot.Thread, *bot.Message) error { return bot.Permanent(errBoom) },
			status: "error", want: []string{"error: Sorry, something went wrong"},
		},
		"panicked": {
			cfg:    bot.Config{MaxAttempts: 2},
			handle: func(context.Context, *bot.Thread, *bot.Message) error { panic("oops") },
			status: "error", want: []string{"error: Sorry, something went wrong"},
		},
		"out of time": {
			cfg: bot.Config{TurnTimeout: 50 * time.Millisecond},
			handle: func(ctx context.Context, _ *bot.Thread, _ *bot.Message) error {
				<-ctx.Done()
				return ctx.Err()
			},
			status: "error", want: []string{"error: Sorry, this took longer"},
		},
		"left open": {
			handle: func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
				t.Session().Leave(ctx)
				return t.Session().Think(ctx, "in a job of its own")
			},
			status: "active", want: []string{"thought: in a job of its own"},
		},
		"unattended": {
			cfg: bot.Config{Sessions: bot.SessionConfig{Unattended: true}},
			handle: func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
				return t.Session().Think(ctx, "hm")
			},
			status: "active", want: []string{"thought: hm"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newAcme(t, tc.cfg, func(b *bot.Bot, _ *acme) { b.OnNewMention(tc.handle) }, "AgentSessionEvent")
			w.ada.Comment(w.issue, "@helper-bot go")
			got := w.ends(w.session(0), tc.status)
			if len(got) == 0 || strings.HasPrefix(got[0], "thought: On it") {
				w.wait("activities", func() bool { got = w.session(0).ActivityTexts(); return !strings.HasPrefix(got[0], "thought: On it") })
			}
			if !slices.EqualFunc(got, tc.want, strings.HasPrefix) {
				t.Errorf("activities %q, want %q", got, tc.want)
			}
			if last := got[len(got)-1]; strings.HasPrefix(last, "error: Sorry") && !strings.Contains(last, "Reference: `") {
				t.Errorf("%q has no reference", last)
			}
		})
	}
}

// TestSessionByDelegation delegates an issue: the request is the issue, and Linear's
// own comment is not.
func TestSessionByDelegation(t *testing.T) {
	t.Parallel()
	cfg := bot.Config{Sessions: bot.SessionConfig{BecomeDelegate: true, StartIssue: true}}
	texts := make(chan string, 4)
	w := newAcme(t, cfg, func(b *bot.Bot, _ *acme) {
		b.OnNewMention(func(context.Context, *bot.Thread, *bot.Message) error {
			return errors.New("a delegation is not a mention")
		})
		b.OnDelegated(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
			texts <- m.Text()
			s := m.Session
			if len(s.Guidance) != 2 || s.Guidance[0].Origin() != "team" || s.Guidance[1].Origin() != "organization" || s.Parsed == nil || len(s.Parsed.Others) != 1 {
				return bot.Permanent(fmt.Errorf("session %+v, context %+v", s, s.Parsed))
			}
			_, err := t.Post(ctx, bot.Text("on the case"))
			return err
		})
	}, agentEvents...)
	w.ws.AddGuidance(nil, "Be kind.")
	w.ws.AddGuidance(w.issue.Team, "Open pull requests against main.")
	w.ada.Comment(w.issue, "earlier")
	w.ada.UpdateIssue(w.issue, linearsim.IssueChange{Description: "It returns 409.", Delegate: w.app.User})
	x := w.session(0)
	if got := w.ends(x, "complete"); !slices.Equal(got, []string{"response: on the case"}) {
		t.Errorf("activities %q", got)
	}
	if got, want := <-texts, w.issue.Title()+"\n\nIt returns 409."; got != want {
		t.Errorf("the request is %q, want %q", got, want)
	}
	w.wait("the issue is started", func() bool { return w.issue.State().Type == "started" })
	if x.Root == nil || !strings.HasPrefix(x.Root.Body(), "This thread is for an agent session with") {
		t.Errorf("root %+v", x.Root)
	}
}

// TestTwoSessionsUnderOneComment: each gets its own answer, beside ordinary comments.
func TestTwoSessionsUnderOneComment(t *testing.T) {
	t.Parallel()
	w := newAcme(t, bot.Config{}, func(b *bot.Bot, _ *acme) {
		b.OnNewMention(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
			_, err := t.Post(ctx, bot.Markdown("answer to "+m.Text()))
			return err
		})
	}, agentEvents...)
	w.warmUp()
	root := w.ada.Comment(w.issue, "Something fails")
	w.ada.Reply(root, "@helper-bot first")
	w.ada.Reply(root, "@helper-bot second")
	first, second := w.session(1), w.session(2)
	for x, want := range map[*linearsim.Session]string{first: "response: answer to first", second: "response: answer to second"} {
		if got := w.ends(x, "complete"); !slices.Contains(got, want) {
			t.Errorf("activities %q, want %q", got, want)
		}
	}
	if first.Root != root || second.Root != root {
		t.Error("the sessions are not under one comment")
	}
}

// TestSessionPromptWithIDOnly prompts and stops sessions of which the event says no
// more than the id.
func TestSessionPromptWithIDOnly(t *testing.T) {
	t.Parallel()
	held := make(chan struct{})
	w := newAcmeOn(t, linearsim.Config{BareSessions: true}, bot.Config{}, func(b *bot.Bot, _ *acme) {
		b.OnNewMention(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
			if m.Text() != "long" {
				_, err := t.Post(ctx, bot.Markdown(string(t.ID())))
				return err
			}
			close(held)
			<-ctx.Done()
			return context.Cause(ctx)
		})
	}, "AgentSessionEvent")
	w.ada.Comment(w.issue, "@helper-bot hi")
	x := w.session(0)
	want := "response: linear:" + w.issue.ID + ":s:" + x.ID
	if got := w.ends(x, "complete"); got[len(got)-1] != want {
		t.Errorf("activities %q, want %q", got, want)
	}
	w.ada.Prompt(x, "long")
	<-held
	w.ada.Stop(x)
	w.wait("the stop is confirmed", func() bool { got := x.ActivityTexts(); return got[len(got)-1] == "response: Stopped." })
	w.ada.Prompt(x, "again")
	w.wait("a clean start", func() bool { got := x.ActivityTexts(); return got[len(got)-1] == want })
}

// TestStopInTheMiddle stops a turn that writes all the time. Nothing comes after the
// confirmation.
func TestStopInTheMiddle(t *testing.T) {
	t.Parallel()
	writing := make(chan struct{}, 1)
	w := newAcme(t, bot.Config{}, func(b *bot.Bot, _ *acme) {
		b.OnNewMention(func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
			for n := 0; ; n++ {
				if err := t.Session().Think(ctx, fmt.Sprint("thought ", n)); err != nil {
					return err
				}
				select {
				case writing <- struct{}{}:
				default:
				}
			}
		})
	}, "AgentSessionEvent")
	w.ada.Comment(w.issue, "@helper-bot go")
	x := w.session(0)
	<-writing
	began := time.Now()
	w.ada.Stop(x)
	w.wait("the stop is confirmed", func() bool { return slices.Contains(x.ActivityTexts(), "response: Stopped.") })
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("the stop took %s", took)
	}
	if err := w.srv.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := x.ActivityTexts()
	if got[len(got)-1] != "response: Stopped." || x.Status() != "complete" {
		t.Errorf("after the stop: %q, %s", got[len(got)-3:], x.Status())
	}
}

// TestStartSession starts a session of the bot's own, whose events do not reach a
// handler before a person writes in it.
func TestStartSession(t *testing.T) {
	t.Parallel()
	w := newAcmeOn(t, linearsim.Config{OwnSessionEvents: true}, bot.Config{}, func(b *bot.Bot, _ *acme) {
		b.OnNewMention(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
			_, err := t.Post(ctx, bot.Markdown("heard "+m.Text()))
			return err
		})
	}, "AgentSessionEvent")
	th, err := w.bot.Workspace(w.ws.ID).StartSession(t.Context(), adapter.SessionStart{
		Issue: w.issue.Identifier, Links: []adapter.SessionLink{{Label: "alert", URL: "https://example.com/alert"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	x := w.session(0)
	if want := adapter.ThreadID("linear:" + w.issue.ID + ":s:" + x.ID); th.ID() != want {
		t.Errorf("thread %s, want %s", th.ID(), want)
	}
	if err := th.Session().Think(t.Context(), "An alert came in"); err != nil {
		t.Fatal(err)
	}
	w.ada.Prompt(x, "mute it")
	got := w.ends(x, "complete")
	if diff := cmp.Diff([]string{"thought: An alert came in", "prompt: mute it", "response: heard mute it"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
