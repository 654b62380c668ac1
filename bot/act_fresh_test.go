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
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
)

const ada = `{"id":"ada","name":"Ada Byron","email":"ada@acme.test","url":"https://linear.app/acme/profiles/ada"}`

func signed(body string) *adapter.Delivery {
	return &adapter.Delivery{Body: []byte(body), SentAt: time.Now(), ReceivedAt: time.Now()}
}

// commented is a comment in the thread of c1.
func commented(id, text string) *adapter.Delivery {
	parent := ""
	if id != "c1" {
		parent = `"parentId":"c1",`
	}
	return signed(`{"type":"Comment","action":"create","organizationId":"org","createdAt":"2026-10-02T09:15:04.120Z","actor":` + ada + `,
		"data":{"id":"` + id + `",` + parent + `"issueId":"i1","body":"` + text + `","userId":"ada","user":` + ada + `}}`)
}

// opened is the session that tells of the comment c1.
func opened() *adapter.Delivery {
	return signed(`{"type":"AgentSessionEvent","action":"created","organizationId":"org","appUserId":"bot-user","createdAt":"2026-10-02T09:15:04.650Z",
		"agentSession":{"id":"s1","issueId":"i1","appUserId":"bot-user","creatorId":"ada","creator":` + ada + `,"commentId":"c1",
		"comment":{"id":"c1","body":"@helper-bot look","issueId":"i1","userId":"ada"},
		"sourceMetadata":{"type":"comment","agentSessionMetadata":{"sourceCommentId":"c1"}}},"previousComments":[]}`)
}

// mortal is a store whose process can die: nothing of it reaches the store then.
type mortal struct {
	state.Store

	mu   sync.Mutex
	dead bool
}

func (s *mortal) die() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dead = true
}

func (s *mortal) err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dead {
		return state.ErrClosed
	}
	return nil
}

func (s *mortal) Lease(ctx context.Context, req state.LeaseRequest) ([]*state.Lease, error) {
	if err := s.err(); err != nil {
		return nil, err
	}
	return s.Store.Lease(ctx, req)
}

func (s *mortal) Extend(ctx context.Context, l *state.Lease, ttl time.Duration) error {
	if err := s.err(); err != nil {
		return err
	}
	return s.Store.Extend(ctx, l, ttl)
}

func (s *mortal) Settle(ctx context.Context, l *state.Lease, how state.Settlement) error {
	if err := s.err(); err != nil {
		return err
	}
	return s.Store.Settle(ctx, l, how)
}

// diary is what handlers did, on any bot.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) add(line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, line)
}

func (d *diary) all() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.lines)
}

// TestTheFirstSessionOfAWorkspace tells of a comment that has been handled, is
// being handled, failed, waits for an answer, or whose process died, before
// anything was known of sessions. One turn answers.
func TestTheFirstSessionOfAWorkspace(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		policy  bot.LanePolicy
		handler func(runs *diary, process *mortal) bot.MessageHandler
		say     []*adapter.Delivery // after the session
		row     bool                // two comments at once
		want    []string
	}{
		{
			name: "failed and is retried",
			handler: func(runs *diary, _ *mortal) bot.MessageHandler {
				return func(_ context.Context, th *bot.Thread, m *bot.Message) error {
					runs.add(string(th.ID()))
					if m.Attempt == 1 {
						time.Sleep(time.Second)
						return errors.New("busy")
					}
					return nil
				}
			},
			want: []string{"linear:i1:c:c1", "linear:i1:c:c1"},
		},
		{
			name: "is being handled",
			handler: func(runs *diary, _ *mortal) bot.MessageHandler {
				return func(_ context.Context, th *bot.Thread, _ *bot.Message) error {
					time.Sleep(20 * time.Second)
					runs.add(string(th.ID()))
					return nil
				}
			},
			want: []string{"linear:i1:c:c1"},
		},
		{
			name: "waits for an answer",
			handler: func(runs *diary, _ *mortal) bot.MessageHandler {
				return func(ctx context.Context, th *bot.Thread, _ *bot.Message) error {
					a, err := bot.Ask(ctx, th, bot.Question{Text: "Which?"})
					if err == nil {
						runs.add(a.Value + " in " + string(th.ID()))
					}
					return err
				}
			},
			say:  []*adapter.Delivery{commented("c2", "blue")},
			want: []string{"blue in linear:i1:c:c1"},
		},
		{
			name: "lost its process after it wrote",
			handler: func(runs *diary, process *mortal) bot.MessageHandler {
				return func(_ context.Context, th *bot.Thread, _ *bot.Message) error {
					runs.add(string(th.ID()))
					process.die()
					return nil
				}
			},
			want: []string{"linear:i1:c:c1", "linear:i1:c:c1"},
		},
		{
			name: "stood for another one", policy: bot.Latest(), row: true,
			handler: func(runs *diary, _ *mortal) bot.MessageHandler {
				return func(_ context.Context, th *bot.Thread, m *bot.Message) error {
					runs.add(string(th.ID()) + " " + m.ID)
					return nil
				}
			},
			want: []string{"linear:i1:c:c1 c2"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				store := memstate.New(memstate.Options{})
				defer store.Close()
				process := &mortal{Store: store}
				runs := &diary{}
				ctx, cancel := context.WithCancel(t.Context())
				var wg sync.WaitGroup
				start := func(s bot.Store) *bot.Bot {
					b, err := bot.New(bot.Config{Adapter: newLinearOver(t, instant{}), Store: s, Policy: c.policy, NoApology: true})
					if err != nil {
						t.Fatal(err)
					}
					b.OnNewMention(c.handler(runs, process))
					wg.Go(func() { _ = b.Run(ctx) })
					return b
				}
				accept := func(b *bot.Bot, d *adapter.Delivery) {
					if err := b.Accept(ctx, d); err != nil {
						t.Fatal(err)
					}
				}
				if c.row {
					accept(start(process), commented("c1", "@helper-bot look"))
				}
				first := start(process)
				accept(first, commented("c1", "@helper-bot look"))
				if c.row {
					accept(first, commented("c2", "@helper-bot and quick"))
				}
				time.Sleep(100 * time.Millisecond)
				second := start(store)
				accept(second, opened())
				time.Sleep(time.Minute)
				for _, d := range c.say {
					accept(second, d)
				}
				time.Sleep(10 * time.Minute)
				cancel()
				wg.Wait()
				got := runs.all()
				if c.row {
					got = slices.DeleteFunc(got, func(s string) bool { return strings.HasSuffix(s, " c1") })
				}
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("runs (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// slowSwaps is a store that takes a while to write a value.
type slowSwaps struct{ state.Store }

func (s slowSwaps) CompareAndSet(ctx context.Context, k state.Key, old, next []byte, ttl time.Duration) error {
	time.Sleep(100 * time.Millisecond)
	return s.Store.CompareAndSet(ctx, k, old, next, ttl)
}

// TestTheFirstSessionArrivesWithItsComment: the turn of the comment runs after the
// session was accepted, and before its turn has noted that the workspace sends
// sessions. Neither waits for the other, and the session answers.
func TestTheFirstSessionArrivesWithItsComment(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := memstate.New(memstate.Options{})
		defer store.Close()
		b, err := bot.New(bot.Config{Adapter: newLinearOver(t, instant{}), Store: slowSwaps{store}, NoApology: true})
		if err != nil {
			t.Fatal(err)
		}
		runs := &diary{}
		begun := time.Now()
		b.OnNewMention(func(_ context.Context, th *bot.Thread, _ *bot.Message) error {
			runs.add(string(th.ID()) + " " + time.Since(begun).Truncate(time.Second).String())
			return nil
		})
		for _, d := range []*adapter.Delivery{opened(), commented("c1", "@helper-bot look")} {
			if err := b.Accept(t.Context(), d); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { _ = b.Run(ctx) })
		time.Sleep(time.Minute)
		cancel()
		wg.Wait()
		if diff := cmp.Diff([]string{"linear:i1:s:s1 0s"}, runs.all()); diff != "" {
			t.Errorf("runs (-want +got):\n%s", diff)
		}
	})
}
