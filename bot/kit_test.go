package bot_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/adaptertest"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
)

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		if err := child(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1) //nolint:forbidigo // it is another process, without tests
		}
		return
	}
	goleak.VerifyTestMain(m)
}

const thread adapter.ThreadID = "fake:room:t1"

// world is a bot on a fake platform, inside a synctest bubble.
type world struct {
	t     *testing.T
	fake  *adaptertest.Fake
	store state.Store
	bot   *bot.Bot
	n     int

	mu  sync.Mutex
	log []string
}

// inWorld runs f in a bubble with a bot called helper. The bot runs once f
// calls start or run.
func inWorld(t *testing.T, cfg bot.Config, f func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		store := memstate.New(memstate.Options{})
		defer store.Close()
		cfg.Store = store
		f(t, newWorldIn(t, cfg))
	})
}

// newWorldIn makes a world on the store of cfg. The test is in a bubble.
func newWorldIn(t *testing.T, cfg bot.Config) *world {
	t.Helper()
	w := &world{t: t, fake: adaptertest.NewFake("helper"), store: cfg.Store}
	cfg.Adapter = w.fake
	if cfg.Backoff == nil {
		cfg.Backoff = func(attempt int) time.Duration { return time.Second << (attempt - 1) }
	}
	var err error
	if w.bot, err = bot.New(cfg); err != nil {
		t.Fatal(err)
	}
	return w
}

// start runs the bot; the returned function stops it and returns its error.
func (w *world) start() (stop func() error) {
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan error, 1)
	var wg sync.WaitGroup
	wg.Go(func() { done <- w.bot.Run(ctx) })
	return func() error {
		cancel()
		wg.Wait()
		return <-done
	}
}

// run starts the bot, waits until all is quiet, d at the most, and stops it.
func (w *world) run(d time.Duration) {
	w.t.Helper()
	stop := w.start()
	time.Sleep(d)
	synctest.Wait()
	if err := stop(); err != nil {
		w.t.Errorf("Run: %v", err)
	}
}

// say delivers a message. The ids are m1, m2 and so on.
func (w *world) say(author, text string) {
	w.t.Helper()
	w.sayIn(thread, author, text)
}

func (w *world) sayIn(in adapter.ThreadID, author, text string) {
	w.t.Helper()
	w.n++
	w.deliver(w.fake.Said(in, fmt.Sprintf("m%d", w.n), author, text))
}

func (w *world) deliver(d *adapter.Delivery) {
	w.t.Helper()
	if err := w.bot.Accept(w.t.Context(), d); err != nil {
		w.t.Fatalf("Accept: %v", err)
	}
}

// note remembers that something happened.
func (w *world) note(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.log = append(w.log, fmt.Sprintf(format, args...))
}

// notes returns what was noted.
func (w *world) notes() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string{}, w.log...)
}

// noting returns a handler that notes what it got.
func (w *world) noting(name string) bot.MessageHandler {
	return func(_ context.Context, t *bot.Thread, m *bot.Message) error {
		w.note("%s %s %s %q", name, t.ID(), m.ID, m.Body)
		return nil
	}
}

// dead returns the dead letters.
func (w *world) dead() []state.DeadEntry {
	w.t.Helper()
	var out []state.DeadEntry
	for d, err := range w.store.Dead(w.t.Context()) {
		if err != nil {
			w.t.Fatal(err)
		}
		out = append(out, d)
	}
	return out
}

var errBoom = errors.New("boom")
