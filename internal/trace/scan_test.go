package trace_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/internal/trace"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
)

// counted is a store that counts what is read.
type counted struct {
	*memstate.Store

	reads atomic.Int64
}

func (c *counted) Get(ctx context.Context, k state.Key) ([]byte, error) {
	c.reads.Add(1)
	return c.Store.Get(ctx, k)
}

// history fills rings of two processes with deliveries as they come: some are
// retried, refused first, reported twice or ignored.
func history(t *testing.T, book notes.Book, seed uint64, deliveries int) {
	t.Helper()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	rnd := rand.New(rand.NewPCG(seed, 1)) // the same every time
	cfg := trace.Config{Book: book, Keep: 640, Now: func() time.Time { return now }}
	processes := []*trace.Recorder{trace.New(cfg), trace.New(cfg)}
	type later struct {
		at   time.Time
		do   func(*trace.Recorder)
		with *trace.Recorder
	}
	var queue []later
	for i := range deliveries {
		now = now.Add(time.Duration(rnd.IntN(20_000)) * time.Millisecond)
		slices.SortStableFunc(queue, func(a, b later) int { return a.at.Compare(b.at) })
		until := now
		for len(queue) > 0 && !queue[0].at.After(until) {
			l := queue[0]
			queue = queue[1:]
			now = l.at
			l.do(l.with)
		}
		now = until
		first := now
		about := adapter.TraceSubject{ID: fmt.Sprintf("d%06d", i), Workspace: fmt.Sprint("W", rnd.IntN(3)), Thread: adapter.ThreadID(fmt.Sprint("linear:", rnd.IntN(5)))}
		with := processes[min(rnd.IntN(6), 1)] // one has more to do
		if rnd.IntN(20) == 0 {
			record(with, adapter.TraceIntake, adapter.TraceSubject{ID: about.ID}, step(reason.StoreDown))
			first = now.Add(time.Minute)
			queue = append(queue, later{first, func(r *trace.Recorder) {
				record(r, adapter.TraceIntake, about, adapter.TraceStep{Code: reason.Late, Took: time.Minute}, step(reason.Stored))
			}, with})
		} else {
			record(with, adapter.TraceIntake, about, step(reason.Received), step(reason.Stored))
		}
		attempts := 1
		if rnd.IntN(10) == 0 {
			attempts = 3
		}
		at := first
		for n := 1; n <= attempts; n++ {
			at = at.Add(time.Duration(rnd.IntN(600_000)*n) * time.Millisecond)
			steps := []adapter.TraceStep{{Code: reason.Attempt, N: int64(n), Took: at.Sub(first)}, step(reason.Handler)}
			switch {
			case n < attempts:
				steps = append(steps, step(reason.Unknown), step(reason.Retried))
			case rnd.IntN(8) == 0:
				steps = append(steps, step(reason.Unknown))
			default:
				steps = append(steps, step(reason.Handled))
			}
			queue = append(queue, later{at, func(r *trace.Recorder) { record(r, adapter.TraceTurn, about, steps...) }, processes[rnd.IntN(2)]})
		}
		if rnd.IntN(15) == 0 {
			queue = append(queue, later{first.Add(time.Hour), func(r *trace.Recorder) {
				record(r, adapter.TraceIntake, about, adapter.TraceStep{Code: reason.Late, Took: time.Hour}, step(reason.Duplicate))
			}, with})
		}
		if i%5 == 0 {
			for _, r := range processes {
				flush(t, r)
			}
		}
	}
	for _, r := range processes {
		flush(t, r)
	}
}

// TestListReadsEnough compares what is listed from the newest pages with what all
// pages hold.
func TestListReadsEnough(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			store := &counted{Store: memstate.New(memstate.Options{})}
			t.Cleanup(func() { _ = store.Close() })
			book := notes.New(store)
			history(t, book, seed, 1500)
			v := trace.NewView(book)
			all := list(t, v, trace.Filter{Limit: 1 << 20})
			whole := store.reads.Swap(0)
			if len(all) < 1400 {
				t.Fatalf("%d traces are there", len(all))
			}
			for _, f := range []trace.Filter{
				{Limit: 1},
				{Limit: 20},
				{Limit: 300},
				{Limit: 20, Workspace: "W1"},
				{Limit: 20, Status: trace.StatusFailed},
				{Limit: 20, Status: trace.StatusDuplicate},
				{Limit: 20, Thread: "linear:3"},
				{Limit: 1 << 20, Since: all[40].At},
				{Limit: 10, Since: all[400].At, Status: trace.StatusWaiting},
			} {
				var want []trace.Trace
				for i := range all {
					if f.Keeps(&all[i]) && len(want) < f.Limit {
						want = append(want, all[i])
					}
				}
				store.reads.Store(0)
				got := list(t, v, f)
				if same(got) != same(want) {
					t.Errorf("%+v lists\n%s\nwant\n%s", f, same(got), same(want))
				}
				if n := store.reads.Load(); f.Limit <= 20 && f.Status == "" && n > whole/3 {
					t.Errorf("%+v reads %d values of %d", f, n, whole)
				}
			}
			q, err := trace.ParseQuery(all[len(all)-1].ID)
			if err != nil {
				t.Fatal(err)
			}
			if found, err := v.Find(t.Context(), q); err != nil || same(found) != same(all[len(all)-1:]) {
				t.Errorf("the oldest is found as %s, %v", same(found), err)
			}
		})
	}
}

// same is a text in which two lists of traces differ if they differ.
func same(all []trace.Trace) string {
	var b strings.Builder
	for _, t := range all {
		data, err := json.Marshal(t)
		fmt.Fprintf(&b, "%s %s %s %x %v\n", t.ID, t.Status, t.At.Format(time.TimeOnly), sha256.Sum256(data), err)
	}
	return b.String()
}

const benchRings = 40

// halfFull fills half of the pages of 40 rings, as 40 busy workspaces do, and
// returns the keys of all deliveries, the oldest first.
func halfFull(tb testing.TB, book notes.Book) []string {
	tb.Helper()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	r := trace.New(trace.Config{Book: book, Now: func() time.Time { return now }})
	var keys []string
	const deliveries = 2500 // of 5000 that are kept
	for i := range deliveries {
		for w := range benchRings {
			now = now.Add(10 * time.Millisecond)
			about := adapter.TraceSubject{
				ID:        fmt.Sprintf("%016x%048x", i*benchRings+w, 0x9f86d081),
				Workspace: fmt.Sprintf("aaaa1111-0000-4000-8000-%012d", w), Type: "Comment create", Subject: "ENG-12",
				Event:  fmt.Sprintf("Comment|create|5f3a1b2c-0000-4000-8000-%012d", i),
				Thread: "linear:aaaa1111-0000-4000-8000-000000000000:c:5f3a1b2c-0000-4000-8000-000000000000",
			}
			keys = append(keys, about.ID)
			s := adapter.TraceStep{Code: reason.Reply, Detail: "c0ffee00-0000-4000-8000-000000000000", N: 12}
			record(r, adapter.TraceIntake, about, step(reason.Received), adapter.TraceStep{Code: reason.Verified, Detail: "secret ab12cd34"}, step(reason.Stored))
			record(r, adapter.TraceTurn, about, adapter.TraceStep{Code: reason.Attempt, N: 1}, s, s, s, s, s, step(reason.Handled))
		}
		if i%10 == 0 {
			if err := r.Flush(tb.Context()); err != nil {
				tb.Fatal(err)
			}
		}
	}
	if err := r.Flush(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return keys
}

// queries are what people ask of many workspaces, and how many bytes an answer may
// allocate.
func queries(v *trace.View, keys []string) []query {
	find := func(text string, want int) func(context.Context) error {
		return func(ctx context.Context) error {
			q, err := trace.ParseQuery(text)
			if err != nil {
				return err
			}
			found, err := v.Find(ctx, q)
			if err == nil && len(found) != want {
				err = fmt.Errorf("%d are found", len(found))
			}
			return err
		}
	}
	return []query{
		{"the newest", 24 << 20, func(ctx context.Context) error {
			all, err := v.List(ctx, trace.Filter{})
			if err == nil && len(all) != 100 {
				err = fmt.Errorf("there are %d", len(all))
			}
			return err
		}},
		{"of one workspace", 2 << 20, func(ctx context.Context) error {
			_, err := v.List(ctx, trace.Filter{Workspace: "aaaa1111-0000-4000-8000-000000000007"})
			return err
		}},
		{"a new delivery", 24 << 20, find(keys[len(keys)-300], 1)},
		{"something unknown", 500 << 20, find("00000000-dead-4000-8000-000000000000", 0)},
	}
}

type query struct {
	name   string
	budget uint64
	ask    func(context.Context) error
}

// TestQueriesAllocateLittle bounds what queries allocate over 40 half-full rings. It
// is not parallel: it counts what all goroutines allocate.
func TestQueriesAllocateLittle(t *testing.T) { //nolint:paralleltest // see above
	store := memstate.New(memstate.Options{})
	defer store.Close()
	book := notes.New(store)
	keys := halfFull(t, book)
	for _, q := range queries(trace.NewView(book), keys) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if err := q.ask(t.Context()); err != nil {
			t.Fatalf("%s: %v", q.name, err)
		}
		runtime.ReadMemStats(&after)
		got := after.TotalAlloc - before.TotalAlloc
		t.Logf("%s: %d KiB of %d", q.name, got>>10, q.budget>>10)
		if got > q.budget {
			t.Errorf("%s: %d bytes are allocated, want at most %d", q.name, got, q.budget)
		}
	}
}

// BenchmarkQuery asks 40 half-full rings.
func BenchmarkQuery(b *testing.B) {
	store := memstate.New(memstate.Options{})
	defer store.Close()
	book := notes.New(store)
	keys := halfFull(b, book)
	for _, q := range queries(trace.NewView(book), keys) {
		b.Run(strings.ReplaceAll(q.name, " ", "-"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := q.ask(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
