package trace_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/internal/trace"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
)

func newRecorder(t *testing.T, cfg trace.Config) (*trace.Recorder, *trace.View) {
	t.Helper()
	store := memstate.New(memstate.Options{})
	t.Cleanup(func() { _ = store.Close() })
	cfg.Book = notes.New(store)
	r := trace.New(cfg)
	return r, trace.NewView(cfg.Book)
}

// record records a part of a delivery.
func record(r *trace.Recorder, kind adapter.TracePart, about adapter.TraceSubject, steps ...adapter.TraceStep) {
	l := r.Begin(kind)
	l.About(about)
	for _, s := range steps {
		l.Step(s)
	}
	l.End()
}

func step(code string) adapter.TraceStep { return adapter.TraceStep{Code: code} }

func flush(t *testing.T, r *trace.Recorder) {
	t.Helper()
	if err := r.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func list(t *testing.T, v *trace.View, f trace.Filter) []trace.Trace {
	t.Helper()
	all, err := v.List(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestPartsBecomeTraces(t *testing.T) {
	t.Parallel()
	intake := func(steps ...adapter.TraceStep) func(*trace.Recorder) {
		return func(r *trace.Recorder) {
			record(r, adapter.TraceIntake, adapter.TraceSubject{ID: "d1", Workspace: "W1", Event: "Comment|create|c1"}, steps...)
		}
	}
	turn := func(steps ...adapter.TraceStep) func(*trace.Recorder) {
		return func(r *trace.Recorder) {
			record(r, adapter.TraceTurn, adapter.TraceSubject{ID: "d1", Workspace: "W1", Thread: "linear:i1"}, steps...)
		}
	}
	attempt := func(n int64) adapter.TraceStep { return adapter.TraceStep{Code: reason.Attempt, N: n} }
	for _, tt := range []struct {
		name   string
		parts  []func(*trace.Recorder)
		status trace.Status
		reason string
	}{
		{"stored", []func(*trace.Recorder){intake(step(reason.Received), step(reason.Stored))}, trace.StatusWaiting, reason.Waiting},
		{"handled", []func(*trace.Recorder){intake(step(reason.Stored)), turn(attempt(1), step(reason.Handled))}, trace.StatusHandled, reason.Handled},
		{
			"a retry of Linear afterwards",
			[]func(*trace.Recorder){intake(step(reason.Stored)), turn(attempt(1), step(reason.Handled)), intake(step(reason.Duplicate))},
			trace.StatusHandled, reason.Handled,
		},
		{"a duplicate alone", []func(*trace.Recorder){intake(step(reason.Duplicate))}, trace.StatusDuplicate, reason.Duplicate},
		{"stored at the second request", []func(*trace.Recorder){intake(step(reason.StoreDown)), intake(step(reason.Stored))}, trace.StatusWaiting, reason.Waiting},
		{"refused", []func(*trace.Recorder){intake(step(reason.Received), step(reason.BadSignature))}, trace.StatusRefused, reason.BadSignature},
		{"ignored", []func(*trace.Recorder){intake(step(reason.Stored)), turn(attempt(1), step(reason.NotMentioned))}, trace.StatusIgnored, reason.NotMentioned},
		{"retried", []func(*trace.Recorder){turn(attempt(1), step(reason.RateLimited), step(reason.Retried))}, trace.StatusWaiting, reason.RateLimited},
		{"failed", []func(*trace.Recorder){turn(attempt(1), step(reason.Unknown), step(reason.Retried)), turn(attempt(2), step(reason.Unknown))}, trace.StatusFailed, reason.Unknown},
		{"handed back", []func(*trace.Recorder){turn(attempt(1), step(reason.Draining), step(reason.Returned))}, trace.StatusWaiting, reason.Draining},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
			var mu sync.Mutex
			r, v := newRecorder(t, trace.Config{Now: func() time.Time {
				mu.Lock()
				defer mu.Unlock()
				now = now.Add(time.Millisecond)
				return now
			}})
			for _, part := range tt.parts {
				part(r)
				flush(t, r)
			}
			all := list(t, v, trace.Filter{})
			if len(all) != 1 {
				t.Fatalf("there are %d traces: %v", len(all), all)
			}
			if all[0].Status != tt.status || all[0].Reason != tt.reason {
				t.Errorf("it is %s because of %s, want %s because of %s", all[0].Status, all[0].Reason, tt.status, tt.reason)
			}
		})
	}
}

func TestALostAttemptShows(t *testing.T) {
	t.Parallel()
	r, v := newRecorder(t, trace.Config{})
	about := adapter.TraceSubject{ID: "d1", Workspace: "W1"}
	record(r, adapter.TraceIntake, about, step(reason.Stored))
	record(r, adapter.TraceTurn, about, adapter.TraceStep{Code: reason.Attempt, N: 3}, step(reason.Handled))
	flush(t, r)
	var lost []int64
	for _, s := range list(t, v, trace.Filter{})[0].Steps {
		if s.Code == reason.AttemptLost {
			lost = append(lost, s.N)
		}
	}
	if fmt.Sprint(lost) != "[1 2]" {
		t.Errorf("lost attempts are %v", lost)
	}
}

func TestRunningTurnsShow(t *testing.T) {
	t.Parallel()
	r, _ := newRecorder(t, trace.Config{})
	l := r.Begin(adapter.TraceTurn)
	l.About(adapter.TraceSubject{ID: "d1", Workspace: "W1"})
	l.Step(adapter.TraceStep{Code: reason.Attempt, N: 1})
	l.Step(adapter.TraceStep{Code: reason.Handler, Detail: "mention/0"})
	if got := list(t, r.View(), trace.Filter{})[0]; got.Status != trace.StatusRunning || got.Detail != "mention/0" {
		t.Errorf("it is %s in %s", got.Status, got.Detail)
	}
	l.Step(step(reason.Handled))
	l.End()
	l.Step(step(reason.Panic)) // by a goroutine that the handler left behind
	if got := list(t, r.View(), trace.Filter{}); len(got) != 1 || got[0].Status != trace.StatusHandled {
		t.Errorf("there are %v", got)
	}
}

func TestRingIsBounded(t *testing.T) {
	t.Parallel()
	r, v := newRecorder(t, trace.Config{Keep: 256})
	for i := range 2000 {
		record(r, adapter.TraceIntake, adapter.TraceSubject{ID: fmt.Sprintf("d%04d", i), Workspace: "W1"}, step(reason.Stored))
		if i%50 == 0 {
			flush(t, r)
		}
	}
	flush(t, r)
	all := list(t, v, trace.Filter{Limit: 1 << 20})
	if len(all) < 480 || len(all) > 512 {
		t.Errorf("%d parts are kept", len(all))
	}
	if all[0].ID != "d1999" {
		t.Errorf("the newest is %s", all[0].ID)
	}
}

func TestProcessesShareARing(t *testing.T) {
	t.Parallel()
	store := memstate.New(memstate.Options{})
	defer store.Close()
	book := notes.New(store)
	one, two := trace.New(trace.Config{Book: book}), trace.New(trace.Config{Book: book})
	for i := range 100 {
		r := one
		if i%2 == 1 {
			r = two
		}
		record(r, adapter.TraceIntake, adapter.TraceSubject{ID: fmt.Sprintf("d%d", i), Workspace: "W1"}, step(reason.Stored))
		flush(t, r)
	}
	if n := len(list(t, trace.NewView(book), trace.Filter{Limit: 1000})); n != 100 {
		t.Errorf("%d of 100 are there", n)
	}
}

func TestPartsAreBounded(t *testing.T) {
	t.Parallel()
	r, v := newRecorder(t, trace.Config{})
	l := r.Begin(adapter.TraceTurn)
	l.About(adapter.TraceSubject{ID: strings.Repeat("d", 5000), Workspace: "W1"})
	for range 500 {
		l.Step(adapter.TraceStep{Code: reason.APICall, Detail: strings.Repeat("é\xff", 5000)})
	}
	l.Step(step(reason.Handled))
	l.End()
	flush(t, r)
	got := list(t, v, trace.Filter{})[0]
	if len(got.Steps) > 70 || len(got.ID) > 500 || len(got.Steps[0].Detail) > 500 {
		t.Errorf("%d steps, an id of %d bytes, a detail of %d", len(got.Steps), len(got.ID), len(got.Steps[0].Detail))
	}
	if got.Status != trace.StatusHandled || got.Steps[len(got.Steps)-2].Code != reason.More {
		t.Errorf("it is %s", got.Status)
	}
}

func TestTextIsKeptOnRequestOnly(t *testing.T) {
	t.Parallel()
	for _, on := range []bool{false, true} {
		r, v := newRecorder(t, trace.Config{Text: on})
		record(r, adapter.TraceTurn, adapter.TraceSubject{ID: "d1", Workspace: "W1"}, adapter.TraceStep{Code: reason.Text, Detail: "private"}, step(reason.Handled))
		flush(t, r)
		if got := fmt.Sprint(list(t, v, trace.Filter{})); strings.Contains(got, "private") != on {
			t.Errorf("with Text %v: %s", on, got)
		}
	}
}

func TestWorkspacesAreApart(t *testing.T) {
	t.Parallel()
	r, v := newRecorder(t, trace.Config{})
	for _, w := range []string{"W1", "W2", ""} {
		record(r, adapter.TraceIntake, adapter.TraceSubject{ID: "of " + w, Workspace: w}, step(reason.Stored))
	}
	flush(t, r)
	if all := list(t, v, trace.Filter{Workspace: "W2"}); len(all) != 1 || all[0].ID != "of W2" {
		t.Errorf("W2 has %v", all)
	}
	if all := list(t, v, trace.Filter{}); len(all) != 3 {
		t.Errorf("all are %v", all)
	}
}

// broken is a store that cannot be written.
type broken struct {
	*memstate.Store

	off bool
}

func (b *broken) Set(ctx context.Context, k state.Key, v []byte, ttl time.Duration) error {
	if b.off {
		return state.ErrUnavailable
	}
	return b.Store.Set(ctx, k, v, ttl)
}

func TestAnOutageLosesNothing(t *testing.T) {
	t.Parallel()
	store := &broken{Store: memstate.New(memstate.Options{}), off: true}
	defer store.Close()
	r := trace.New(trace.Config{Book: notes.New(store)})
	for i := range 300 {
		record(r, adapter.TraceIntake, adapter.TraceSubject{ID: fmt.Sprint(i), Workspace: fmt.Sprint("W", i%3)}, step(reason.Stored))
		if i%100 == 99 {
			if err := r.Flush(t.Context()); !errors.Is(err, state.ErrUnavailable) {
				t.Fatalf("Flush: %v", err)
			}
		}
	}
	store.off = false
	flush(t, r)
	if n := len(list(t, r.View(), trace.Filter{Limit: 1000})); n != 300 {
		t.Errorf("%d of 300 are there", n)
	}
}

func TestRefusedRequestsAreBounded(t *testing.T) {
	t.Parallel()
	r, v := newRecorder(t, trace.Config{})
	for range 5000 {
		record(r, adapter.TraceIntake, adapter.TraceSubject{}, step(reason.BadSignature))
	}
	flush(t, r)
	if n := len(list(t, v, trace.Filter{Limit: 10000})); n != 500 || r.Dropped() != 4500 {
		t.Errorf("%d are kept, %d dropped", n, r.Dropped())
	}
}

// What an outage keeps from being written still counts: refused requests displace
// nothing, however often they are put back.
func TestRefusedRequestsAreBoundedInAnOutage(t *testing.T) {
	t.Parallel()
	store := &broken{Store: memstate.New(memstate.Options{}), off: true}
	defer store.Close()
	r := trace.New(trace.Config{Book: notes.New(store), Keep: 400})
	record(r, adapter.TraceIntake, adapter.TraceSubject{ID: "real", Workspace: "W1"}, step(reason.Stored))
	for range 4 {
		for range 300 {
			record(r, adapter.TraceIntake, adapter.TraceSubject{}, step(reason.BadSignature))
		}
		if err := r.Flush(t.Context()); !errors.Is(err, state.ErrUnavailable) {
			t.Fatalf("Flush: %v", err)
		}
	}
	if r.Dropped() != 1200-500 {
		t.Errorf("%d are dropped", r.Dropped())
	}
	store.off = false
	flush(t, r)
	if n := len(list(t, r.View(), trace.Filter{Workspace: "W1"})); n != 1 {
		t.Errorf("%d of the real ones are there", n)
	}
}

func TestFollow(t *testing.T) {
	t.Parallel()
	r, _ := newRecorder(t, trace.Config{})
	parts, stop := r.Follow()
	record(r, adapter.TraceIntake, adapter.TraceSubject{ID: "d1", Workspace: "W1"}, step(reason.Stored))
	if p := <-parts; p.ID != "d1" {
		t.Errorf("it is %v", p)
	}
	stop()
	stop()
	record(r, adapter.TraceIntake, adapter.TraceSubject{ID: "d2", Workspace: "W1"}, step(reason.Stored))
	if _, more := <-parts; more {
		t.Error("it is not closed")
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	r, v := newRecorder(t, trace.Config{})
	record(r, adapter.TraceTurn, adapter.TraceSubject{
		ID: "9f86d081884c7d65", Delivery: "234d1a4e-b617-4388-90fe-adc3633d6b72", Workspace: "W1", Subject: "ENG-12",
		Event: "Comment|create|5f3a1b2c-0000-4000-8000-000000000000", Thread: "linear:aaaa1111-0000:c:5f3a1b2c-0000-4000-8000-000000000000",
	}, adapter.TraceStep{Code: reason.Reply, Detail: "c0ffee00-0000-4000-8000-000000000000"}, step(reason.Handled))
	record(r, adapter.TraceTurn, adapter.TraceSubject{ID: "other-id", Workspace: "W1", Subject: "ENG-1"}, step(reason.Handled))
	flush(t, r)
	for _, tt := range []struct {
		ask  string
		want int // -1 for an error
	}{
		{"https://linear.app/acme/issue/ENG-12/checkout-fails#comment-5f3a1b2c", 1},
		{"https://linear.app/acme/issue/ENG-12/checkout-fails#comment-c0ffee00", 1},
		{"https://linear.app/acme/issue/ENG-12/checkout-fails#comment-00000000", 0},
		{"https://linear.app/acme/issue/ENG-12", 1},
		{"https://linear.app/acme/issue/eng-12/checkout-fails", 1},
		{"https://linear.app/acme/settings", -1},
		{"ENG-12", 1},
		{"9f86d081", 1},
		{"234d1a4e-b617-4388-90fe-adc3633d6b72", 1},
		{"Comment|create|5f3a1b2c", 1},
		{"5f3a1b2c-0000-4000-8000-000000000000", 1},
		{"linear:aaaa1111-0000:c:5f3a1b2c", 1},
		{"aaaa1111", 1},
		{"9f", -1},
		{"", -1},
	} {
		q, err := trace.ParseQuery(tt.ask)
		if err != nil {
			if tt.want >= 0 {
				t.Errorf("%s: %v", tt.ask, err)
			}
			continue
		}
		found, err := v.Find(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if len(found) != tt.want {
			t.Errorf("%s: %d are found, want %d", tt.ask, len(found), tt.want)
		}
	}
}

func TestStory(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	r, v := newRecorder(t, trace.Config{Now: func() time.Time { return at }})
	about := adapter.TraceSubject{ID: "9f86d081", Workspace: "W1", Type: "Comment create", Subject: "ENG-12"}
	record(r, adapter.TraceIntake, about, step(reason.Received), adapter.TraceStep{Code: reason.Verified, Detail: "secret ab12cd34"}, step(reason.Stored))
	record(r, adapter.TraceTurn, about, adapter.TraceStep{Code: reason.Attempt, N: 1}, adapter.TraceStep{Code: reason.Author, Detail: "Ada (human)"}, step(reason.NotMentioned))
	flush(t, r)
	var out strings.Builder
	list(t, v, trace.Filter{})[0].Story(at.Add(3 * time.Minute)).Write(&out)
	lines := strings.Split(out.String(), "\n")
	for i, want := range []string{
		"Comment create in ENG-12, 2026-01-02 03:04:05 UTC (3 min ago), ignored, delivery 9f86d081",
		"  The message does not mention the bot, and the bot is not subscribed to its thread. [not_mentioned]",
		"  To do: Mention the bot by its name",
		"    03:04:05.000  The request arrived.",
		"    03:04:05.000  The signature is valid, checked by secret ab12cd34.",
	} {
		if !strings.HasPrefix(lines[i], want) {
			t.Errorf("line %d is %q, want %q", i+1, lines[i], want)
		}
	}
}

func BenchmarkTrace(b *testing.B) {
	store := memstate.New(memstate.Options{})
	defer store.Close()
	r := trace.New(trace.Config{Book: notes.New(store)})
	n := 0
	for b.Loop() {
		about := adapter.TraceSubject{
			ID: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", Workspace: "W1", Type: "Comment create",
			Event: "Comment|create|5f3a1b2c-0000-4000-8000-000000000000", Thread: "linear:aaaa1111-0000:c:5f3a1b2c-0000-4000-8000-000000000000",
		}
		s := adapter.TraceStep{Code: reason.Reply, Detail: "c0ffee00-0000-4000-8000-000000000000", N: 12}
		record(r, adapter.TraceIntake, about, s, s, s)
		record(r, adapter.TraceTurn, about, s, s, s, s, s, s, s, s, s)
		if n++; n%1000 == 0 { // about what a second of load brings
			_ = r.Flush(b.Context())
		}
	}
}

// TestPartsShareMemoryOneAfterTheOther holds on to parts that have ended, as a
// goroutine of a handler or a follower may, while others are recorded.
func TestPartsShareMemoryOneAfterTheOther(t *testing.T) {
	t.Parallel()
	r, v := newRecorder(t, trace.Config{})
	parts, stop := r.Follow()
	defer stop()
	old := make([]adapter.Trace, 0, 20)
	for i := range cap(old) {
		id := fmt.Sprint("d", i)
		l := r.Begin(adapter.TraceTurn)
		l.About(adapter.TraceSubject{ID: id, Workspace: "W1"})
		for n := range i { // fewer and more steps than the part before
			l.Step(adapter.TraceStep{Code: reason.Reply, Detail: id, N: int64(n)})
		}
		for _, late := range old {
			late.About(adapter.TraceSubject{ID: "late", Thread: "late"})
			late.Step(step(reason.Panic))
			late.End()
		}
		l.Step(step(reason.Handled))
		l.End()
		old = append(old, l)
	}
	flush(t, r)
	check := func(what, id string, at int, codes []string, details []string) {
		if id != fmt.Sprint("d", at) || len(codes) != at+1 || codes[at] != reason.Handled {
			t.Errorf("%s %d is %s with %v", what, at, id, codes)
		}
		for _, d := range details[:at] {
			if d != id {
				t.Errorf("%s %s has a step of %s", what, id, d)
			}
		}
	}
	all := list(t, v, trace.Filter{})
	if len(all) != len(old) {
		t.Fatalf("there are %d traces", len(all))
	}
	for i := range old {
		kept := all[len(all)-1-i]
		var codes, details []string
		for _, s := range kept.Steps {
			codes, details = append(codes, s.Code), append(details, s.Detail)
		}
		check("trace", kept.ID, i, codes, details)
		codes, details = nil, nil
		followed := <-parts
		for _, s := range followed.Steps {
			codes, details = append(codes, s.Code), append(details, s.Detail)
		}
		check("part", followed.ID, i, codes, details)
	}
}

// What a step quotes may be a sentence already.
func TestSentencesEndOnce(t *testing.T) {
	t.Parallel()
	for detail, want := range map[string]string{
		"You need to authenticate to access this operation.": "to access this operation.", "timeout": "timeout.", "Really?": "Really?", "and so on…": "and so on…",
	} {
		step := trace.TimedStep{Code: reason.APIFailed, Detail: detail}
		if got := step.Text(); !strings.HasSuffix(got, " "+want) {
			t.Errorf("%q", got)
		}
	}
}
