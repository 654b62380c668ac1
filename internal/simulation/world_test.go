package simulation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"sync"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/internal/pause"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
)

// world is one run.
type world struct {
	plan   *plan
	story  *story
	store  *memstate.Store
	linear *linearsim.Server
	app    *linearsim.Installation
	people []*linearsim.User
	roots  []*linearsim.Comment
	secret string

	mu        sync.Mutex
	instances []*instance
	started   int
	jumped    bool
	offsets   map[string]time.Duration // of the store's clock, when an entry was stored
	stored    map[int]int              // the place of each message in the order of storing
	thread    map[int]int              // of each message
	runs      map[int]int              // of the handler, by message
	at        map[int]time.Time        // when each message was stored
	failed    map[int]time.Duration    // how old each message was when its handler failed last
	busy      map[int]*instance        // who runs a turn in each thread
	dead      map[int]bool             // messages that are dead letters
	faults    []string
}

// message is the number in a text such as "@helper-bot please do m12".
var message = regexp.MustCompile(`(?:please do|re) m(\d+)\b`)

func number(text string) (int, bool) {
	m := message.FindStringSubmatch(text)
	if m == nil {
		return 0, false
	}
	n, err := strconv.Atoi(m[1])
	return n, err == nil
}

func name(n int) string { return fmt.Sprint("m", n) }

// enqueue stores an entry and notes the order of messages.
func (w *world) enqueue(ctx context.Context, e state.Entry) (state.Receipt, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	got, err := w.store.Enqueue(ctx, e)
	if err != nil || got.Outcome == state.OutcomeDuplicate || got.Outcome == state.OutcomeBusy {
		return got, err
	}
	w.offsets[e.ID] = w.offset()
	// A notification of a comment is not its message: that may come later.
	if n, ok := number(string(e.Body)); ok && !bytes.Contains(e.Body, []byte("AppUserNotification")) {
		if _, again := w.stored[n]; !again {
			w.stored[n], w.at[n] = len(w.stored), time.Now()
			w.story.tell(name(n), "stored")
		}
	}
	return got, nil
}

// clock is how far the store's clock is off now.
func (w *world) clock() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.offset()
}

func (w *world) offset() time.Duration {
	if w.jumped {
		return w.plan.skew + w.plan.jump
	}
	return w.plan.skew
}

// skewed is how far the store's clock was off when an entry was stored.
func (w *world) skewed(id string) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.offsets[id]
}

// pick returns an instance for a delivery, or nil if none is up.
func (w *world) pick() *instance {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.instances) == 0 {
		return nil
	}
	return w.instances[w.plan.throw("balance", len(w.instances))]
}

func (w *world) fault(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = append(w.faults, fmt.Sprintf(format, args...))
}

// What a handler does with a message, by its number and the seed.
const (
	permanent = iota // fails for good
	twoPosts
	failsFirst // some runs fail before the post
	failsAfter // the first run fails after the post
	panics
	retries // asks for another try a little later
	slow
	stepped // fails between two posts, with a step before them
	plain   // this and everything above
	manners = 14
)

func (w *world) manner(n int) (kind, detail int) {
	r := rand.New(rand.NewPCG(w.plan.seed, uint64(1000+n)))
	return r.IntN(manners), r.IntN(1000)
}

// want are the texts that answer a message.
func (w *world) want(n int) []string {
	switch kind, _ := w.manner(n); kind {
	case permanent:
		return nil
	case twoPosts, stepped:
		return []string{fmt.Sprintf("re m%d, one", n), fmt.Sprintf("re m%d, two", n)}
	default:
		return []string{fmt.Sprintf("re m%d", n)}
	}
}

var errBoom = errors.New("boom")

// handle returns the handler of an instance.
func (w *world) handle(i *instance) bot.MessageHandler {
	return func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
		n, ok := number(m.Text())
		if !ok {
			w.fault("a handler got %q", m.Text())
			return nil
		}
		w.mu.Lock()
		thread := w.thread[n]
		w.runs[n]++
		run := w.runs[n]
		if other := w.busy[thread]; other != nil && other != i && !other.dead && !other.frozen() && !i.frozen() {
			w.faults = append(w.faults, fmt.Sprintf("m%d: %s and %s work in thread %d at once", n, other.name, i.name, thread))
		}
		w.busy[thread] = i
		w.mu.Unlock()
		w.story.tell(name(n), "run %d on %s", run, i.name)
		err := w.answer(ctx, t, n, run)
		w.mu.Lock()
		if w.busy[thread] == i {
			delete(w.busy, thread)
		}
		if err != nil {
			w.failed[n] = time.Since(w.at[n])
		}
		w.mu.Unlock()
		w.story.tell(name(n), "run %d on %s: %v", run, i.name, err)
		return err
	}
}

func (w *world) answer(ctx context.Context, t *bot.Thread, n, run int) error {
	kind, detail := w.manner(n)
	post := func(text string) error {
		_, err := t.Post(ctx, bot.Text(text))
		return err
	}
	want := w.want(n)
	switch kind {
	case permanent:
		return bot.Permanent(errBoom)
	case failsFirst:
		if run <= 1+detail%3 {
			return errBoom
		}
	case panics:
		if run == 1 {
			w.story.tell(name(n), "panics")
			w.mu.Lock()
			delete(w.busy, w.thread[n])
			w.failed[n] = time.Since(w.at[n])
			w.mu.Unlock()
			panic("boom")
		}
	case retries:
		if run == 1 {
			return bot.RetryAfter(time.Second, errBoom)
		}
	case slow:
		if pause.For(ctx, time.Duration(detail)*30*time.Millisecond) != nil {
			return context.Cause(ctx)
		}
	case stepped:
		kept, err := bot.Step(ctx, "choose", func(context.Context) (int, error) { return run, nil })
		if err != nil {
			return err
		}
		if kept > run {
			w.fault("m%d: run %d has the step of run %d", n, run, kept)
		}
	}
	for k, text := range want {
		if err := post(text); err != nil {
			return err
		}
		if run == 1 && (kind == failsAfter || kind == stepped && k == 0) {
			return errBoom
		}
	}
	return nil
}
