package bot_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/linearbot/linearbot/adapter"

	"github.com/linearbot/linearbot/adapter/linear"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/stateurl"
	"github.com/linearbot/linearbot/webhook"
)

// The environment of a process that the crash tests start.
const (
	childEnv     = "BOT_TEST_CHILD" // name the process goes by
	childJob     = "BOT_TEST_JOB"   // stepping or asking
	childWitness = "BOT_TEST_TOWER" // address of the witness
	childState   = "BOT_TEST_STATE" // address of the store
	childLease   = "BOT_TEST_LEASE" // Config.LeaseTTL
)

// crashSecret signs the webhooks.
const crashSecret = "crash-test-secret"

// child runs a bot as linearbot serve does, until SIGTERM or SIGKILL.
func child() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	store, err := stateurl.Open(os.Getenv(childState))
	if err != nil {
		return err
	}
	defer store.Close()
	lease, err := time.ParseDuration(os.Getenv(childLease))
	if err != nil {
		return err
	}
	witness := &witness{url: os.Getenv(childWitness), client: &http.Client{}}
	cfg := linear.ConfigFromEnv()
	cfg.HTTPClient = &http.Client{Transport: watchedTransport{http.DefaultTransport, witness}}
	b, err := newCrashBot(cfg, os.Getenv(childJob), witness, bot.Config{
		Store: watchedStore{store, witness}, LeaseTTL: lease, DrainTimeout: 50 * time.Millisecond, Name: "helper-bot",
		MaxAttempts: 4,
	})
	if err != nil {
		return err
	}
	if os.Getenv(childJob) == "memory" {
		if err := limitMemory(); err != nil {
			return err
		}
	}
	srv, err := webhook.NewServer(webhook.Config{
		Secrets: []string{crashSecret}, Acceptor: b, Durable: b.Durable(), Addr: "127.0.0.1:0",
		OnListen: func(a net.Addr) { _, _ = witness.pass(ctx, "listening", os.Getenv(childEnv)+" "+a.String()) },
	})
	if err != nil {
		return err
	}
	return srv.Run(ctx, b)
}

// newCrashBot makes the bot of the crash tests for one of their jobs.
func newCrashBot(lin linear.Config, job string, witness *witness, cfg bot.Config) (*bot.Bot, error) {
	var err error
	if cfg.Adapter, err = linear.New(lin); err != nil {
		return nil, err
	}
	b, err := bot.New(cfg)
	if err != nil {
		return nil, err
	}
	b.OnNewMention(map[string]bot.MessageHandler{
		"stepping": witness.stepping, "asking": witness.asking, "poison": poison, "memory": hungry,
		"session": witness.inSession, "session-poison": poison, "session-stop": witness.untilStopped,
	}[job])
	b.OnNewMessage(nil, func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
		_, err := t.Post(ctx, bot.Text("heard "+m.Text()))
		return err
	})
	b.OnReaction(func(ctx context.Context, t *bot.Thread, r *adapter.ReactionEvent) error {
		_, err := t.Post(ctx, bot.Text("saw "+r.Emoji))
		return err
	})
	return b, nil
}

// stepping is a turn of two steps with a post between them, one within the
// second and one at the end.
func (w *witness) stepping(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
	in := string(t.ID())
	if _, err := w.pass(ctx, "begun", in); err != nil {
		return err
	}
	first, err := bot.Step(ctx, "first", func(ctx context.Context) (int, error) { return w.pass(ctx, "in-first", in) })
	if err != nil {
		return err
	}
	if _, err := w.pass(ctx, "between", in); err != nil {
		return err
	}
	if _, err := t.Post(ctx, bot.Text("first: run "+strconv.Itoa(first))); err != nil {
		return err
	}
	if _, err := w.pass(ctx, "posted", in); err != nil {
		return err
	}
	second, err := bot.Step(ctx, "second", func(ctx context.Context) (int, error) {
		if _, err := t.Post(ctx, bot.Text("within second")); err != nil {
			return 0, err
		}
		return w.pass(ctx, "in-second", in)
	})
	if err != nil {
		return err
	}
	if _, err := t.Post(ctx, bot.Text("second: run "+strconv.Itoa(second))); err != nil {
		return err
	}
	_, err = w.pass(ctx, "finished", in)
	return err
}

// inSession is a turn in an agent session that thinks, acts and answers.
func (w *witness) inSession(ctx context.Context, t *bot.Thread, m *bot.Message) error {
	s := t.Session()
	if _, err := w.pass(ctx, "begun", m.ID); err != nil {
		return err
	}
	if err := s.Think(ctx, "looking"); err != nil {
		return err
	}
	if _, err := w.pass(ctx, "thought", m.ID); err != nil {
		return err
	}
	if err := s.Act(ctx, bot.Action{Name: "Searched", Result: "7"}); err != nil {
		return err
	}
	if _, err := w.pass(ctx, "acted", m.ID); err != nil {
		return err
	}
	if _, err := s.Finish(ctx, bot.Text("found")); err != nil {
		return err
	}
	_, err := w.pass(ctx, "answered", m.ID)
	return err
}

// untilStopped is a turn in an agent session that works until it is told to stop, and
// does not give up then. It says what became of its writes.
func (w *witness) untilStopped(ctx context.Context, t *bot.Thread, m *bot.Message) error {
	s := t.Session()
	if m.Text() != "go" {
		_, err := s.Finish(ctx, bot.Text("heard "+m.Text()))
		return err
	}
	if err := s.Think(ctx, "looking"); err != nil {
		return err
	}
	if _, err := w.pass(ctx, "begun", m.ID); err != nil {
		return err
	}
	<-ctx.Done()
	detached := context.WithoutCancel(ctx)
	if _, err := w.pass(detached, "ended", m.ID); err != nil {
		return err
	}
	for _, in := range []context.Context{ctx, detached} {
		_, err := s.Finish(in, bot.Text("too late")) //nolint:contextcheck // detached to see that it is refused
		//nolint:contextcheck // as above
		for _, err := range []error{err, s.Think(in, "too late"), s.Fail(in, "too late"), s.AddLinks(in, adapter.SessionLink{URL: "https://example.com/late"})} {
			if !errors.Is(err, bot.ErrStopped) {
				return fmt.Errorf("a write after the stop: %w", err)
			}
		}
	}
	_, err := w.pass(detached, "fenced", m.ID)
	return errors.Join(err, errors.New("not done"))
}

// poison ends the process as a text does that takes all memory: at once.
func poison(_ context.Context, _ *bot.Thread, m *bot.Message) error {
	if !strings.Contains(m.Text(), "poison") {
		return nil
	}
	return syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
}

// room is how much memory a process with a limit may take beyond what it has.
const room = 512 << 20

// limitMemory sets the limit. What the race detector has reserved counts, too, so it
// is above what the process has.
func limitMemory() error {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return err
	}
	size, _, _ := strings.Cut(string(data), " ")
	pages, err := strconv.ParseUint(size, 10, 64)
	if err != nil {
		return err
	}
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_AS, &l); err != nil {
		return err
	}
	l.Cur = min(pages*uint64(os.Getpagesize())+room, l.Max)
	return syscall.Setrlimit(syscall.RLIMIT_AS, &l)
}

// hungry takes memory until the runtime ends the process.
func hungry(_ context.Context, _ *bot.Thread, m *bot.Message) error {
	if !strings.Contains(m.Text(), "poison") {
		return nil
	}
	var all [][]byte
	for range 8 * room >> 24 {
		all = append(all, make([]byte, 1<<24))
	}
	return fmt.Errorf("%d bytes fit into %d", len(all)<<24, room)
}

// asking is a turn that drafts something and asks whether to continue. A message
// with "soon" in it waits for a second only.
func (w *witness) asking(ctx context.Context, t *bot.Thread, m *bot.Message) error {
	in := string(t.ID())
	draft, err := bot.Step(ctx, "draft", func(ctx context.Context) (int, error) { return w.pass(ctx, "in-draft", in) })
	if err != nil {
		return err
	}
	r := bot.ApprovalRequest{Title: "Deploy?"}
	if strings.Contains(m.Text(), "soon") {
		r.Timeout = time.Second
	}
	a, err := bot.RequestApproval(ctx, t, r)
	if err != nil {
		return err
	}
	if _, err := w.pass(ctx, "resumed", in); err != nil {
		return err
	}
	_, err = t.Post(ctx, bot.Text(fmt.Sprintf("draft %d: approved %t by %q, timed out %t", draft, a.Approved, a.By.Name, a.TimedOut)))
	return err
}

// witness is how a process tells the test where it is. The test lets it pass, or
// holds it until it is killed.
type witness struct {
	url    string
	client *http.Client
}

// pass says that something has come to a point, and returns how often it has by
// now, in all processes. about says what it is.
func (w *witness) pass(ctx context.Context, point, about string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url+"/"+point, strings.NewReader(about))
	if err != nil {
		return 0, err
	}
	res, err := w.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	n, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(string(n))
}

// watchedTransport tells of comments that were written, before the process
// learns of it.
type watchedTransport struct {
	http.RoundTripper

	witness *witness
}

func (w watchedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	res, err := w.RoundTripper.RoundTrip(r)
	if err != nil || !bytes.Contains(body, []byte("commentCreate")) {
		return res, err
	}
	if _, err := w.witness.pass(r.Context(), "sent", string(body)); err != nil {
		return nil, errors.Join(err, res.Body.Close())
	}
	return res, nil
}

// watchedStore tells of what is written and settled, before and after.
type watchedStore struct {
	state.Store

	witness *witness
}

func (s watchedStore) watch(ctx context.Context, before, after, about string, f func() error) error {
	if _, err := s.witness.pass(ctx, before, about); err != nil {
		return err
	}
	if err := f(); err != nil {
		return err
	}
	_, err := s.witness.pass(ctx, after, about)
	return err
}

func (s watchedStore) Set(ctx context.Context, k state.Key, v []byte, ttl time.Duration) error {
	return s.watch(ctx, "keep", "kept", k.Kind+" "+k.ID, func() error { return s.Store.Set(ctx, k, v, ttl) })
}

func (s watchedStore) CompareAndSet(ctx context.Context, k state.Key, old, next []byte, ttl time.Duration) error {
	return s.watch(ctx, "keep", "kept", k.Kind+" "+k.ID+" "+string(next), func() error { return s.Store.CompareAndSet(ctx, k, old, next, ttl) })
}

func (s watchedStore) WriteNotes(ctx context.Context, thread state.Key, writes ...state.NoteWrite) error {
	var about strings.Builder
	for _, w := range writes {
		about.WriteString(w.Name + " " + thread.ID + " " + string(w.Value))
	}
	return s.watch(ctx, "keep", "kept", about.String(), func() error { return s.Store.WriteNotes(ctx, thread, writes...) })
}

func (s watchedStore) Enqueue(ctx context.Context, e state.Entry) (r state.Receipt, err error) {
	err = s.watch(ctx, "enqueue", "enqueued", e.Lane.ID+" "+e.ID, func() error { r, err = s.Store.Enqueue(ctx, e); return err })
	return r, err
}

func (s watchedStore) Settle(ctx context.Context, l *state.Lease, how state.Settlement) error {
	return s.watch(ctx, "settle", "settled", l.Lane.ID, func() error { return s.Store.Settle(ctx, l, how) })
}
