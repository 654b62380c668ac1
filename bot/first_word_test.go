package bot_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/adaptertest"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/bottest"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
)

// pair are two instances on one store: one receives everything and has no hands free,
// the other works.
type pair struct {
	t          *testing.T
	ctx        context.Context //nolint:containedctx // that of the test, in a bubble
	platform   *adaptertest.Platform
	front      *bot.Bot
	startBack  func()
	deliveries int
}

const pairSession adapter.ThreadID = "fake:room:session-1"

var pairAda = adapter.User{ID: "ada", Name: "ada", Kind: adapter.UserHuman}

// inPair runs a test with a pair in a bubble.
func inPair(t *testing.T, cfg bot.Config, register func(b *bot.Bot), test func(p *pair)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		store := memstate.New(memstate.Options{})
		defer store.Close()
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		defer running.Wait()
		defer cancel()
		p := &pair{t: t, ctx: ctx, platform: adaptertest.NewPlatform("helper")}
		if access := cfg.Access; access != nil {
			cfg.Access = func(ctx context.Context, turn *bot.Turn) (bot.Decision, error) {
				if turn.Thread().ID() != pairSession {
					return bot.Allow(), nil
				}
				return access(ctx, turn)
			}
		}
		cfg.Adapter, cfg.Store, cfg.Name = p.platform, store, "helper"
		if cfg.Backoff == nil {
			cfg.Backoff = func(int) time.Duration { return time.Second }
		}
		start := func(workers int) *bot.Bot {
			cfg.Workers = workers
			b, err := bot.New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			b.OnNewMessage(regexp.MustCompile("^hold$"), func(ctx context.Context, _ *bot.Thread, _ *bot.Message) error {
				<-ctx.Done()
				return ctx.Err()
			})
			register(b)
			running.Go(func() {
				if err := b.Run(ctx); err != nil {
					t.Errorf("Run: %v", err)
				}
			})
			return b
		}
		p.front = start(1)
		p.say("fake:room:hold", "hold")
		synctest.Wait()
		p.startBack = func() { start(4) }
		test(p)
	})
}

// say has the front receive a message, and returns its id.
func (p *pair) say(in adapter.ThreadID, text string) string {
	p.t.Helper()
	p.deliveries++
	id := fmt.Sprintf("m%d", p.deliveries)
	p.accept(p.platform.SaidBy(pairAda, "W1", in, id, text))
	return id
}

func (p *pair) apply(ev adapter.Event) {
	p.t.Helper()
	d, err := p.platform.Apply(ev)
	if err != nil {
		p.t.Fatal(err)
	}
	p.accept(d)
}

func (p *pair) accept(d *adapter.Delivery) {
	p.t.Helper()
	if err := p.front.Accept(p.ctx, d); err != nil {
		p.t.Fatal(err)
	}
}

// shown returns what was written into the session.
func (p *pair) shown() []string {
	var out []string
	for _, a := range p.platform.Activities("W1", pairSession) {
		out = append(out, string(a.Kind)+" "+a.Body)
	}
	return out
}

// TestFirstWordOfATurnElsewhere: the instance that received a message says nothing in
// its session once the turn has begun or ended on another one, however it ended; and
// what it said before that has an end.
func TestFirstWordOfATurnElsewhere(t *testing.T) {
	t.Parallel()
	const soon = "thought I'll start as soon as I can."
	answers := func(b *bot.Bot) {
		b.OnNewMention(func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
			_, err := th.Post(ctx, bot.Text("done"))
			return err
		})
	}
	refuses := func(d bot.Decision) bot.Config {
		return bot.Config{Access: func(context.Context, *bot.Turn) (bot.Decision, error) { return d, nil }}
	}
	meta := adapter.Meta{Workspace: "W1", Thread: pairSession, Actor: pairAda}
	say := func(p *pair) { p.say(pairSession, "go") }
	for name, c := range map[string]struct {
		cfg      bot.Config
		register func(b *bot.Bot)
		do       func(p *pair)
		// want is how the session looks if the turn runs at once, and late if it begins
		// after the first word.
		want, late []string
		// races says that the turn may have begun or not, if it runs at once. What the
		// session shows then has the end of want, if that has one.
		races bool
	}{
		"answered": {
			register: answers, do: say,
			want: []string{"thought On it…", "response done"},
			late: []string{soon, "thought On it…", "response done"},
		},
		"no handler": {
			register: func(*bot.Bot) {}, do: say,
			want: []string{"response I don't know how to help with this."},
			late: []string{soon, "response I don't know how to help with this."},
		},
		"refused": {
			cfg: refuses(bot.Deny()), register: answers, do: say,
			want: nil,
			late: []string{soon, "response I'm not allowed to help with this."},
		},
		"refused with words": {
			cfg: refuses(bot.DenyWithReply("Members only.")), register: answers, do: say,
			want: []string{"response Members only."},
			late: []string{soon, "response Members only."},
		},
		"refused by the handler": {
			register: func(b *bot.Bot) {
				b.OnNewMention(func(context.Context, *bot.Thread, *bot.Message) error { return nil }).
					With(bot.HandlerOptions{Access: func(context.Context, *bot.Turn) (bot.Decision, error) { return bot.Deny(), nil }})
			}, do: say,
			want: nil,
			late: []string{soon, "response I'm not allowed to help with this."},
		},
		"fails before its handler": {
			cfg: bot.Config{
				Access: func(context.Context, *bot.Turn) (bot.Decision, error) { return bot.Decision{}, bot.Permanent(errBoom) },
			}, register: answers, do: say,
			want: []string{"error Sorry, "},
			late: []string{soon, "error Sorry, "},
		},
		"fails": {
			register: func(b *bot.Bot) {
				b.OnNewMention(func(context.Context, *bot.Thread, *bot.Message) error { return bot.Permanent(errors.New("boom")) })
			}, do: say,
			want: []string{"thought On it…", "error Sorry, "},
			late: []string{soon, "thought On it…", "error Sorry, "},
		},
		"stopped before it began": {
			races:    true,
			register: answers, do: func(p *pair) { say(p); p.apply(&adapter.StopEvent{Meta: meta}) },
			want: []string{"response Stopped."},
			late: []string{"response Stopped."},
		},
		"deleted before it began": {
			races:    true,
			register: answers, do: func(p *pair) {
				id := p.say(pairSession, "go")
				p.apply(&adapter.DeleteEvent{Meta: meta, Message: &adapter.Message{ID: id}})
			},
			want: nil,
			late: []string{soon, "response The message was deleted, so I've stopped."},
		},
		"the bot's own": {
			register: answers, do: func(p *pair) {
				p.deliveries++
				self := adapter.User{ID: p.platform.Self.UserID, Name: "helper", Kind: adapter.UserSelf}
				p.accept(p.platform.SaidBy(self, "W1", pairSession, "own", "go"))
			},
			want: nil, late: []string{soon},
		},
		"another bot's": {
			cfg: bot.Config{Bots: bot.BotsNever}, register: answers, do: func(p *pair) {
				p.accept(p.platform.SaidBy(adapter.User{ID: "b2", Name: "b2", Kind: adapter.UserApp}, "W1", pairSession, "other", "go"))
			},
			want: nil, late: []string{soon, "response I don't know how to help with this."},
		},
	} {
		for _, late := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/late=%t", name, late), func(t *testing.T) {
				t.Parallel()
				inPair(t, c.cfg, c.register, func(p *pair) {
					want := c.want
					if late {
						want = c.late
					} else {
						p.startBack()
						synctest.Wait()
					}
					c.do(p)
					synctest.Wait()
					if late {
						time.Sleep(5 * time.Second)
						p.startBack()
					}
					time.Sleep(time.Hour)
					synctest.Wait()
					got := p.shown()
					if end := len(want) - 1; !late && c.races && !slices.Contains(got, soon) && (end < 0 || len(got) > 0 && got[len(got)-1] == want[end]) {
						return
					}
					if !slices.EqualFunc(got, want, strings.HasPrefix) {
						t.Errorf("the session shows %q, want %q", got, want)
					}
				})
			})
		}
	}
}

// TestFirstWordWhileMessagesAreCollected: a policy that waits for more messages does not
// keep people waiting for a first word, and what they see ends with the answer.
func TestFirstWordWhileMessagesAreCollected(t *testing.T) {
	t.Parallel()
	const soon = "thought I'll start as soon as I can."
	for name, c := range map[string]struct {
		policy bot.LanePolicy
		texts  []string
		first  string // what is shown three seconds after the first text
		want   []string
	}{
		"debounce": {bot.Debounce(8 * time.Second), []string{"one"}, soon, []string{soon, "thought On it…", "response done one"}},
		"burst":    {bot.Burst(8 * time.Second), []string{"one"}, soon, []string{soon, "thought On it…", "response done one"}},
		"debounce, two messages": {
			bot.Debounce(8 * time.Second),
			[]string{"one", "two"},
			soon,
			[]string{soon, "thought Queued behind 1 other.", "thought On it…", "response done two"},
		},
		"short debounce": {bot.Debounce(time.Second), []string{"one"}, "thought On it…", []string{"thought On it…", "response done one"}},
		"latest":         {bot.Latest(), []string{"one"}, "thought On it…", []string{"thought On it…", "response done one"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				k := bottest.New(t, bot.Config{Policy: c.policy}, func(b *bot.Bot) {
					b.OnNewMention(func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
						time.Sleep(5 * time.Second)
						_, err := th.Post(ctx, bot.Text("done "+m.Body))
						return err
					})
				})
				s := k.NewSession()
				synctest.Wait() // until the bot runs
				for i, text := range c.texts {
					k.User("ada").Say(s, text)
					time.Sleep(3 * time.Second)
					synctest.Wait()
					if got := shown(s); i == 0 && !slices.Equal(got, []string{c.first}) {
						t.Errorf("after three seconds the session shows %q, want %q", got, c.first)
					}
				}
				k.Sleep(time.Hour)
				if got := shown(s); !slices.Equal(got, c.want) {
					t.Errorf("the session shows %q, want %q", got, c.want)
				}
			})
		})
	}
}

// slowReceipts is a store whose answer to what it has stored takes a second.
type slowReceipts struct{ *memstate.Store }

func (s slowReceipts) Enqueue(ctx context.Context, e state.Entry) (state.Receipt, error) {
	r, err := s.Store.Enqueue(ctx, e)
	time.Sleep(time.Second)
	return r, err
}

// TestFirstWordAfterALook: a message at which a worker has looked, and left it for later
// because its policy waits, gets its first word, also if the intake was not done with it.
func TestFirstWordAfterALook(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := slowReceipts{memstate.New(memstate.Options{})}
		defer store.Close()
		k := bottest.New(t, bot.Config{Policy: bot.Burst(8 * time.Second), Store: store}, func(b *bot.Bot) {
			b.OnNewMention(func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
				time.Sleep(5 * time.Second)
				_, err := th.Post(ctx, bot.Text("done "+m.Body))
				return err
			})
		})
		s := k.NewSession()
		synctest.Wait()             // until the bot runs
		k.User("ada").Say(s, "one") // answered 13 seconds after it is stored
		time.Sleep(11*time.Second + 500*time.Millisecond)
		k.User("ada").Say(s, "two") // stored half a second before that, accepted half a second after
		time.Sleep(3 * time.Second)
		synctest.Wait()
		const queued = "thought Queued behind 1 other."
		want := []string{"thought I'll start as soon as I can.", "thought On it…", "response done one", queued}
		if got := shown(s); !slices.Equal(got, want) {
			t.Errorf("the session shows %q, want %q", got, want)
		}
		k.Sleep(time.Hour)
		if got, want := shown(s), append(want, "thought On it…", "response done two"); !slices.Equal(got, want) {
			t.Errorf("in the end the session shows %q, want %q", got, want)
		}
	})
}
