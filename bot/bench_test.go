package bot_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/adaptertest"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/card"
	"github.com/linearbot/linearbot/internal/redistest"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/filestate"
	"github.com/linearbot/linearbot/state/memstate"
	"github.com/linearbot/linearbot/state/redisstate"
)

// stores are the stores that the benchmarks run on.
func stores(b *testing.B) map[string]func() state.Store {
	b.Helper()
	server := sync.OnceValue(func() *redistest.Server { return redistest.Run(b, redistest.Options{AOF: true}) })
	opened := 0
	return map[string]func() state.Store{
		"memory": func() state.Store { return memstate.New(memstate.Options{}) },
		"file": func() state.Store {
			s, err := filestate.Open(b.TempDir())
			if err != nil {
				b.Fatal(err)
			}
			return s
		},
		"redis": func() state.Store {
			opened++
			s, err := redisstate.Open(server().URL() + "?prefix=" + strconv.Itoa(opened))
			if err != nil {
				b.Fatal(err)
			}
			return s
		},
	}
}

// newBenched makes a bot on a platform in memory.
func newBenched(b *testing.B, cfg bot.Config) (*bot.Bot, *adaptertest.Fake) {
	b.Helper()
	fake := adaptertest.NewFake("helper")
	cfg.Adapter = fake
	bt, err := bot.New(cfg)
	if err != nil {
		b.Fatal(err)
	}
	return bt, fake
}

// runBenched runs a bot until the returned function is called.
func runBenched(b *testing.B, bt *bot.Bot) (stop func()) {
	b.Helper()
	ctx, cancel := context.WithCancel(b.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = bt.Run(ctx) })
	return func() {
		cancel()
		wg.Wait()
	}
}

// BenchmarkAccept is the hot path behind the HTTP endpoint: name the thread,
// one durable write.
func BenchmarkAccept(b *testing.B) {
	for name, open := range stores(b) {
		for _, callers := range []int{1, 64} {
			b.Run(fmt.Sprintf("%s/callers=%d", name, callers), func(b *testing.B) {
				store := open()
				defer store.Close()
				bt, fake := newBenched(b, bot.Config{Store: store})
				var mu sync.Mutex
				n := 0
				b.SetParallelism(max(1, callers/2))
				b.ReportAllocs()
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						mu.Lock()
						n++
						id := n
						mu.Unlock()
						d := fake.Said(adapter.ThreadID(fmt.Sprintf("fake:room:%d", id%1000)), fmt.Sprint(id), "ada", "@helper hello")
						if err := bt.Accept(b.Context(), d); err != nil {
							b.Error(err)
							return
						}
					}
				})
			})
		}
	}
}

// BenchmarkTurn is the whole path of a message: accept, lease, route, post,
// settle.
func BenchmarkTurn(b *testing.B) {
	for name, open := range stores(b) {
		b.Run(name, func(b *testing.B) {
			store := open()
			defer store.Close()
			bt, fake := newBenched(b, bot.Config{Store: store})
			handled := make(chan struct{}, 1024)
			bt.OnNewMention(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
				_, err := t.Post(ctx, bot.Markdown("pong "+m.Text()))
				handled <- struct{}{}
				return err
			})
			defer runBenched(b, bt)()

			const inFlight = 32
			b.ReportAllocs()
			begun, done := 0, 0
			deadline := time.After(10 * time.Minute)
			for done < b.N {
				for begun < b.N && begun-done < inFlight {
					begun++
					d := fake.Said(adapter.ThreadID(fmt.Sprintf("fake:room:%d", begun%1000)), fmt.Sprint(begun), "ada", "@helper hello there")
					if err := bt.Accept(b.Context(), d); err != nil {
						b.Fatal(err)
					}
				}
				select {
				case <-handled:
					done++
				case <-deadline:
					b.Fatal("no progress")
				}
			}
		})
	}
}

// BenchmarkLatency is the time from accepting a message until its handler
// runs, with nothing else to do.
func BenchmarkLatency(b *testing.B) {
	for name, open := range stores(b) {
		b.Run(name, func(b *testing.B) {
			store := open()
			defer store.Close()
			bt, fake := newBenched(b, bot.Config{Store: store})
			handled := make(chan struct{})
			bt.OnNewMention(func(context.Context, *bot.Thread, *bot.Message) error {
				handled <- struct{}{}
				return nil
			})
			defer runBenched(b, bt)()
			n := 0
			b.ReportAllocs()
			for b.Loop() {
				n++
				if err := bt.Accept(b.Context(), fake.Said(adapter.ThreadID(fmt.Sprintf("fake:room:%d", n)), fmt.Sprint(n), "ada", "@helper")); err != nil {
					b.Fatal(err)
				}
				<-handled
			}
		})
	}
}

// BenchmarkBacklog works off a long row of messages in one thread: one by one,
// and together.
func BenchmarkBacklog(b *testing.B) {
	const waiting = 500
	for name, open := range stores(b) {
		for _, c := range []struct {
			name   string
			policy bot.LanePolicy
			runs   int
		}{
			{"serial", bot.Serial(), waiting},
			{"latest", bot.Latest(), 3}, // at most 200 are taken together
		} {
			b.Run(name+"/"+c.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					b.StopTimer()
					backlog(b, open(), c.policy, waiting, c.runs)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/waiting, "ns/message")
			})
		}
	}
}

// backlog says so many things in a thread and works them off, which has to take
// so many runs of handlers.
func backlog(b *testing.B, store state.Store, policy bot.LanePolicy, waiting, runs int) {
	b.Helper()
	defer store.Close()
	bt, fake := newBenched(b, bot.Config{Store: store, Policy: policy})
	handled := make(chan struct{}, waiting)
	h := func(context.Context, *bot.Thread, *bot.Message) error {
		handled <- struct{}{}
		return nil
	}
	bt.OnNewMention(h)
	for i := range waiting {
		if err := bt.Accept(b.Context(), fake.Said("fake:room:1", fmt.Sprint(i), "ada", "@helper hello there"+strings.Repeat(" and so on", 200))); err != nil {
			b.Fatal(err)
		}
	}
	b.StartTimer()
	defer runBenched(b, bt)()
	for range runs {
		<-handled
	}
}

// deaf is a Fake that answers posts and keeps nothing.
type deaf struct {
	*adaptertest.Fake

	answer adapter.Message
}

func (d *deaf) Post(context.Context, *adapter.Post) (*adapter.Message, error) { return &d.answer, nil }

// BenchmarkPost is the way of a post through this package, rendering included.
func BenchmarkPost(b *testing.B) {
	long := strings.Repeat("Some *words* and `code`, a [link](https://example.com/a).\n\n- one\n- **two**\n\n", 100)
	for name, content := range map[string]bot.Content{
		"text":          bot.Text("pong"),
		"markdown":      bot.Markdown("{{emoji:check}} The **build** of `main` is done, see [the log](https://ci.example.com/1)."),
		"long markdown": bot.Markdown(long),
		"card": card.Card{Title: "Nightly build", Children: []card.Element{
			card.Fields{{Label: "Duration", Value: "4m 12s"}, {Label: "Runner", Value: "linux_amd64"}},
			card.Table{Headers: []string{"Suite", "Result"}, Rows: [][]string{{"unit", "ok"}, {"e2e", "failed"}}},
		}},
	} {
		b.Run(name, func(b *testing.B) {
			store := memstate.New(memstate.Options{})
			defer store.Close()
			bt, err := bot.New(bot.Config{Adapter: &deaf{Fake: adaptertest.NewFake("helper")}, Store: store})
			if err != nil {
				b.Fatal(err)
			}
			th, err := bt.Workspace("W1").Thread(thread)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := th.Post(b.Context(), content); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
