package bot_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/state/memstate"
)

// reacting is an editable platform with reactions and, for sessions, a sign of typing.
type reacting struct {
	*editable

	events map[string]adapter.Event
	// trouble is what reacting fails with, in order.
	trouble []error
}

func (p *reacting) Decode(d *adapter.Delivery, self *adapter.Identity) (adapter.Event, error) {
	ev, err := p.editable.Decode(d, self)
	if m, ok := ev.(*adapter.MessageEvent); ok && p.events[m.Message.ID] != nil {
		other := p.events[m.Message.ID]
		*other.Head() = m.Meta
		return other, nil
	}
	return ev, err
}

func (p *reacting) React(ctx context.Context, r adapter.Ref, emoji string) error {
	return p.reaction(ctx, "+", r, emoji)
}

func (p *reacting) Unreact(ctx context.Context, r adapter.Ref, emoji string) error {
	return p.reaction(ctx, "-", r, emoji)
}

func (p *reacting) reaction(ctx context.Context, sign string, r adapter.Ref, emoji string) error {
	if ctx.Err() != nil {
		sign = "in vain " + sign
	}
	defer p.begin("%s%s %s", sign, emoji, r.MessageID)()
	if len(p.trouble) > 0 {
		err := p.trouble[0]
		p.trouble = p.trouble[1:]
		return err
	}
	return ctx.Err()
}

func (p *reacting) Typing(_ context.Context, _ string, id adapter.ThreadID, status string) error {
	if !p.IsSession(id) {
		return nil
	}
	defer p.begin("typing %s", status)()
	return nil
}

// newTypingTest makes a bot that shows typing by an emoji.
func newTypingTest(t *testing.T, emoji string, options ...testOption) (*testBot, *reacting) {
	t.Helper()
	p := &reacting{editable: newEditable(), events: make(map[string]adapter.Event)}
	options = append([]testOption{withConfig(bot.Config{
		NoApology: true, TypingEmoji: emoji, MaxAttempts: 2, TurnTimeout: time.Minute, DrainTimeout: 10 * time.Second,
	}), withPlatform(p, p.Fake), withSteadyBackoff()}, options...)
	return newTest(t, options...), p
}

func TestTypingInComments(t *testing.T) {
	t.Parallel()
	type handler = func(ctx context.Context, t *bot.Thread, m *bot.Message) error
	typing := func(ctx context.Context, t *bot.Thread) error { return t.Typing(ctx, "reading") }
	// then types and does something else.
	then := func(do handler) handler {
		return func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
			if err := typing(ctx, t); err != nil {
				return err
			}
			return do(ctx, t, m)
		}
	}
	done := then(func(context.Context, *bot.Thread, *bot.Message) error { return nil })
	down, gone := &adapter.Error{Code: adapter.CodeUnavailable}, &adapter.Error{Code: adapter.CodeNotFound}
	for name, c := range map[string]struct {
		emoji   string // defaults to "eyes"
		in      adapter.ThreadID
		event   adapter.Event
		trouble []error
		handle  handler
		want    []string
	}{
		"done":   {handle: done, want: []string{"+👀 m1", "-👀 m1"}},
		"off":    {emoji: "-", handle: done, want: nil},
		"custom": {emoji: "⏳", handle: done, want: []string{"+⏳ m1", "-⏳ m1"}},
		"post between": {handle: then(func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
			_, err := t.Post(ctx, bot.Text("hi"))
			return err
		}), want: []string{"+👀 m1", "post hi", "-👀 m1"}},
		"twice":   {handle: then(done), want: []string{"+👀 m1", "-👀 m1"}},
		"session": {in: sessionThread, handle: done, want: []string{"thought On it…", "typing reading", "response Done."}},
		"failed": {
			handle: then(func(context.Context, *bot.Thread, *bot.Message) error { return errBoom }),
			want:   []string{"+👀 m1", "-👀 m1", "+👀 m1", "-👀 m1"}, // two attempts
		},
		"panic": {
			handle: then(func(context.Context, *bot.Thread, *bot.Message) error { panic("no") }),
			want:   []string{"+👀 m1", "-👀 m1", "+👀 m1", "-👀 m1"},
		},
		"too slow": {
			handle: then(func(ctx context.Context, _ *bot.Thread, _ *bot.Message) error {
				<-ctx.Done()
				return bot.Permanent(ctx.Err())
			}), want: []string{"+👀 m1", "-👀 m1"},
		},
		"parked": {
			handle: then(func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
				_, err := bot.Ask(ctx, t, bot.Question{Text: "?"})
				return err
			}), want: []string{"+👀 m1", "post ?", "-👀 m1"},
		},
		"never typed": {handle: func(context.Context, *bot.Thread, *bot.Message) error { return nil }},
		"the handler's own": {
			handle: then(func(ctx context.Context, t *bot.Thread, m *bot.Message) error { return t.React(ctx, m.ID, "👀") }),
			want:   []string{"+👀 m1", "+👀 m1"},
		},
		"the handler's own, first": {
			handle: func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
				if err := t.React(ctx, m.ID, "eyes"); err != nil {
					return err
				}
				return typing(ctx, t)
			}, want: []string{"+👀 m1"},
		},
		"the handler's own, failed": {
			handle: then(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
				_ = t.React(ctx, m.ID, "👀")
				return nil
			}), trouble: []error{nil, gone}, want: []string{"+👀 m1", "+👀 m1", "-👀 m1"},
		},
		"another of the handler's": {
			handle: then(func(ctx context.Context, t *bot.Thread, m *bot.Message) error { return t.React(ctx, m.ID, "+1") }),
			want:   []string{"+👀 m1", "++1 m1", "-👀 m1"},
		},
		"on another message": {
			handle: then(func(ctx context.Context, t *bot.Thread, _ *bot.Message) error { return t.React(ctx, "m0", "eyes") }),
			want:   []string{"+👀 m1", "+👀 m0", "-👀 m1"},
		},
		"perhaps shown":       {handle: done, trouble: []error{down}, want: []string{"+👀 m1", "-👀 m1"}},
		"not shown":           {handle: then(done), trouble: []error{gone}, want: []string{"+👀 m1"}},
		"cannot be taken off": {handle: done, trouble: []error{nil, down}, want: []string{"+👀 m1", "-👀 m1"}},
		"edited message": {
			event:  &adapter.EditEvent{Message: &adapter.Message{ID: "m9", Body: "x"}},
			handle: done, want: []string{"+👀 m9", "-👀 m9"},
		},
		"deleted message": {event: &adapter.DeleteEvent{Message: &adapter.Message{ID: "m9"}}, handle: done},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				emoji := c.emoji
				switch emoji {
				case "":
					emoji = "eyes"
				case "-":
					emoji = ""
				}
				w, p := newTypingTest(t, emoji)
				w.bot.OnNewMention(c.handle)
				w.bot.OnMessageUpdated(func(ctx context.Context, t *bot.Thread, m *bot.Message, _ string) error { return c.handle(ctx, t, m) })
				w.bot.OnMessageDeleted(c.handle)
				p.trouble = c.trouble
				if c.event != nil {
					p.events["m1"] = c.event
				}
				in := c.in
				if in == "" {
					in = thread
				}
				w.sayIn(in, "ada", "@helper hi")
				w.run(2 * time.Minute)
				if diff := cmp.Diff(c.want, p.log); diff != "" {
					t.Errorf("calls (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestTypingElsewhere types where there is no message to react to.
func TestTypingElsewhere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, p := newTypingTest(t, "eyes")
		if err := w.handle(thread).Typing(t.Context(), ""); err != nil {
			t.Error(err)
		}
		other := w.handle("fake:room:t2")
		p.events["m1"] = &adapter.ReactionEvent{MessageID: "m0", Emoji: "x", Added: true}
		w.bot.OnReaction(func(ctx context.Context, t *bot.Thread, _ *adapter.ReactionEvent) error { return t.Typing(ctx, "") })
		var last *bot.Thread
		w.bot.OnNewMention(func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
			last = t
			return other.Typing(ctx, "")
		})
		w.say("ada", "a reaction")
		w.say("ada", "@helper hi")
		w.run(time.Minute)
		if len(p.log) != 0 || len(w.dead()) != 0 {
			t.Errorf("calls %q, %d dead letters, want none", p.log, len(w.dead()))
		}
		// A turn that is over shows nothing.
		if err := last.Typing(t.Context(), ""); err != nil || len(p.log) != 0 {
			t.Errorf("after the turn: %v, calls %q", err, p.log)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(errBoom)
		if err := last.Typing(ctx, ""); err != errBoom { //nolint:errorlint // it is the cause itself
			t.Errorf("after the end: %v, want the cause", err)
		}
	})
}

// TestTypingInALostThread leaves the reaction to the process that has taken the thread
// over.
func TestTypingInALostThread(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &cutStore{Store: memstate.New(memstate.Options{})}
		defer store.Close()
		w, p := newTypingTest(t, "eyes", withStore(store))
		w.bot.OnNewMention(func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
			if err := th.Typing(ctx, ""); err != nil || m.Attempt > 1 {
				return err
			}
			store.cut.Store(true)
			<-ctx.Done()
			store.cut.Store(false)
			return ctx.Err()
		})
		w.say("ada", "@helper hi")
		w.run(2 * time.Minute)
		if got := strings.Join(p.log, " "); got != "+👀 m1 +👀 m1 -👀 m1" {
			t.Errorf("calls %s", got)
		}
	})
}

// TestTypingWhileTheProcessStops takes the reaction back when the drain time is
// over.
func TestTypingWhileTheProcessStops(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, p := newTypingTest(t, "eyes")
		w.bot.OnNewMention(func(ctx context.Context, th *bot.Thread, _ *bot.Message) error {
			if err := th.Typing(ctx, ""); err != nil {
				return err
			}
			<-ctx.Done()
			return ctx.Err()
		})
		w.say("ada", "@helper hi")
		stop := w.start()
		time.Sleep(time.Second)
		stop()
		if !slices.Equal(p.log, []string{"+👀 m1", "-👀 m1"}) {
			t.Errorf("calls %q", p.log)
		}
	})
}
