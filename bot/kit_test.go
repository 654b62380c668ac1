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

	"github.com/google/go-cmp/cmp"
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

// testBot is a bot called helper on a platform in memory, inside a synctest
// bubble. It runs once the test calls start or run.
type testBot struct {
	t     *testing.T
	fake  *adaptertest.Fake
	store state.Store
	bot   *bot.Bot
	n     int
	began time.Time // for at

	mu  sync.Mutex
	log []string
}

// testOption is an option of newTest.
type testOption func(w *testBot, cfg *bot.Config)

// withConfig replaces the configuration. Options after it change it further.
func withConfig(cfg bot.Config) testOption {
	return func(_ *testBot, to *bot.Config) { *to = cfg }
}

// withPolicy sets the policy of lanes.
func withPolicy(p bot.LanePolicy) testOption {
	return func(_ *testBot, cfg *bot.Config) { cfg.Policy = p }
}

// withStore sets the store, which the test closes.
func withStore(s state.Store) testOption {
	return func(w *testBot, _ *bot.Config) { w.store = s }
}

// withPlatform sets the platform, which embeds fake.
func withPlatform(a adapter.Adapter, fake *adaptertest.Fake) testOption {
	return func(w *testBot, cfg *bot.Config) { w.fake, cfg.Adapter = fake, a }
}

// withSteadyBackoff makes every wait between attempts a second. It doubles from a
// second without.
func withSteadyBackoff() testOption {
	return func(_ *testBot, cfg *bot.Config) { cfg.Backoff = func(int) time.Duration { return time.Second } }
}

// newTest makes a bot on a Fake and a store in memory, unless options say
// otherwise. The test is in a bubble.
func newTest(t *testing.T, options ...testOption) *testBot {
	t.Helper()
	w := &testBot{t: t}
	var cfg bot.Config
	for _, o := range options {
		o(w, &cfg)
	}
	if w.store == nil {
		w.store = memstate.New(memstate.Options{})
		t.Cleanup(func() { _ = w.store.Close() }) // nothing is lost with it
	}
	if cfg.Adapter == nil {
		w.fake = adaptertest.NewFake("helper")
		cfg.Adapter = w.fake
	}
	if cfg.Backoff == nil {
		cfg.Backoff = func(attempt int) time.Duration { return time.Second << (attempt - 1) }
	}
	cfg.Store = w.store
	var err error
	if w.bot, err = bot.New(cfg); err != nil {
		t.Fatal(err)
	}
	return w
}

// start runs the bot; the returned function stops it, which must end well.
func (w *testBot) start() (stop func()) {
	end := w.begin()
	return func() {
		w.t.Helper()
		if err := end(); err != nil {
			w.t.Errorf("Run: %v", err)
		}
	}
}

// begin runs the bot; the returned function stops it and returns its error.
func (w *testBot) begin() (end func() error) {
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
func (w *testBot) run(d time.Duration) {
	w.t.Helper()
	stop := w.start()
	time.Sleep(d)
	synctest.Wait()
	stop()
}

// say delivers a message. The ids are m1, m2 and so on.
func (w *testBot) say(author, text string) {
	w.t.Helper()
	w.sayIn(thread, author, text)
}

func (w *testBot) sayIn(in adapter.ThreadID, author, text string) {
	w.t.Helper()
	w.n++
	w.deliver(w.fake.Said(in, fmt.Sprintf("m%d", w.n), author, text))
}

func (w *testBot) deliver(d *adapter.Delivery) {
	w.t.Helper()
	if err := w.bot.Accept(w.t.Context(), d); err != nil {
		w.t.Fatalf("Accept: %v", err)
	}
}

// handle returns a handle on a thread of W1 from outside of a turn.
func (w *testBot) handle(id adapter.ThreadID) *bot.Thread {
	w.t.Helper()
	th, err := w.bot.Workspace("W1").Thread(id)
	if err != nil {
		w.t.Fatal(err)
	}
	return th
}

// note remembers that something happened.
func (w *testBot) note(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.log = append(w.log, fmt.Sprintf(format, args...))
}

// at remembers that something happened, and when.
func (w *testBot) at(format string, args ...any) {
	w.note("%s "+format, append([]any{time.Since(w.began)}, args...)...)
}

// notes returns what was noted.
func (w *testBot) notes() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string{}, w.log...)
}

// noted compares what was noted with what is wanted.
func (w *testBot) noted(want ...string) {
	w.t.Helper()
	if diff := cmp.Diff(append([]string{}, want...), w.notes()); diff != "" {
		w.t.Errorf("noted (-want +got):\n%s", diff)
	}
}

// noting returns a handler that notes what it got.
func (w *testBot) noting(name string) bot.MessageHandler {
	return func(_ context.Context, t *bot.Thread, m *bot.Message) error {
		w.note("%s %s %s %q", name, t.ID(), m.ID, m.Body)
		return nil
	}
}

// posted compares what the bot has posted in the thread with what is wanted.
func (w *testBot) posted(want ...string) {
	w.t.Helper()
	if diff := cmp.Diff(append([]string{}, want...), append([]string{}, w.fake.Posted(thread)...)); diff != "" {
		w.t.Errorf("posted (-want +got):\n%s", diff)
	}
}

// dead returns the dead letters.
func (w *testBot) dead() []state.DeadEntry {
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

// mostAtOnce has the bot work for a second on each message, and returns where the
// largest number of handlers that ran at the same time is.
func (w *testBot) mostAtOnce() *int {
	var mu sync.Mutex
	running, most := 0, 0
	w.bot.OnNewMessage(nil, func(context.Context, *bot.Thread, *bot.Message) error {
		mu.Lock()
		running++
		most = max(most, running)
		mu.Unlock()
		time.Sleep(time.Second)
		mu.Lock()
		running--
		mu.Unlock()
		return nil
	})
	return &most
}
