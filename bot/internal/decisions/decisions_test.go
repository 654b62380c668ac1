package decisions_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/decisions"
	"github.com/linearbot/linearbot/bot/internal/verdict"
	"github.com/linearbot/linearbot/state"
)

// tracer keeps what it is told of, one line for each call.
type tracer struct{ lines []string }

func (r *tracer) Begin(k adapter.TracePart) adapter.Trace {
	r.lines = append(r.lines, fmt.Sprintf("begin %v", k))
	return r
}

func (r *tracer) About(s adapter.TraceSubject) {
	r.lines = append(r.lines, fmt.Sprintf("about %s %s %s %s", s.ID, s.Event, s.Type, s.Subject))
}

func (r *tracer) Step(s adapter.TraceStep) {
	r.lines = append(r.lines, fmt.Sprintf("%s|%s|%d|%s", s.Code, s.Detail, s.N, s.Took))
}

func (r *tracer) End() { r.lines = append(r.lines, "end") }

func at(s int64) func(context.Context) (time.Time, error) {
	return func(context.Context) (time.Time, error) { return time.Unix(s, 0), nil }
}

func TestTurn(t *testing.T) {
	t.Parallel()
	seen := &tracer{}
	r := decisions.Recorder{Tracer: seen}
	e := &state.Queued{Entry: state.Entry{ID: "e1"}, Attempt: 2, EnqueuedAt: time.Unix(10, 0)}
	ctx, end := r.Begin(t.Context(), e, at(13))
	r.Opened(ctx, &adapter.IssueEvent{Meta: adapter.Meta{Key: "k1", Type: "Issue", Action: "create"}, Issue: &adapter.Issue{Identifier: "ENG-1"}})
	r.Heard(ctx, &decisions.Heard{Message: &adapter.Message{Body: "@helper hi", Author: adapter.User{FullName: "Ada", Kind: adapter.UserHuman}}, Rule: "handle", Policy: "latest", Older: 2})
	r.Reply(ctx, &adapter.Message{ID: "c1"})
	r.Reply(ctx, &adapter.Message{ID: "c2", Existed: true})
	end()
	want := []string{
		"begin " + fmt.Sprint(adapter.TraceTurn), "about e1   ", "attempt||2|3s", "about  k1 Issue create ENG-1",
		"author|Ada (human)|0|0s", "text|@helper hi|0|0s", "mention|handle|0|0s", "policy|latest|2|0s",
		"reply|c1|0|0s", "reply_kept|c2|0|0s", "end",
	}
	if diff := cmp.Diff(want, seen.lines); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDecided(t *testing.T) {
	t.Parallel()
	cause := state.Cause{Code: "unknown", Message: "boom"}
	for name, c := range map[string]struct {
		d    verdict.Decision
		want []string
	}{
		"dropped":  {verdict.Decision{Kind: verdict.Dropped, Reason: "lease_lost"}, []string{"lease_lost||0|0s", "returned||0|0s"}},
		"returned": {verdict.Decision{Kind: verdict.Returned, Reason: "no_store", Err: errors.New("down"), Wait: time.Second}, []string{"no_store|down|0|0s", "returned||0|1s"}},
		"parked":   {verdict.Decision{Kind: verdict.Parked, Reason: "parked"}, []string{"parked||0|0s"}},
		"buried":   {verdict.Bury("e1", cause), []string{"unknown|boom|0|0s"}},
		"retried": {
			verdict.Decision{Kind: verdict.Retried, Reason: "unknown", Wait: time.Second, Verdict: state.Retry("e1", time.Second, cause)},
			[]string{"unknown|boom|0|0s", "retried|and the thread waits for it|0|1s"},
		},
		"aside": {
			verdict.Decision{Kind: verdict.Retried, Reason: "unknown", Wait: time.Hour, Verdict: state.RetryAside("e1", time.Hour, cause)},
			[]string{"unknown|boom|0|0s", "retried|and the thread continues without it until then|0|1h0m0s"},
		},
	} {
		seen := &tracer{}
		decisions.Recorder{Tracer: seen}.Decided(adapter.WithTrace(t.Context(), seen), &c.d)
		if diff := cmp.Diff(c.want, seen.lines); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestSilence: without a tracer, without a trace and for a probe nothing is recorded.
func TestSilence(t *testing.T) {
	t.Parallel()
	seen := &tracer{}
	for _, r := range []decisions.Recorder{{}, {Tracer: seen}} {
		ctx := t.Context()
		if r.Tracer == nil {
			ctx = adapter.WithTrace(ctx, seen)
		}
		r.Why(ctx, "x", errors.New("boom"))
		r.Opened(ctx, &adapter.OtherEvent{})
		r.Heard(ctx, &decisions.Heard{Message: &adapter.Message{}})
		r.Decided(ctx, &verdict.Decision{})
		_, end := r.Begin(ctx, &state.Queued{Entry: state.Entry{ID: "probe\x00a"}}, at(1))
		end()
	}
	if len(seen.lines) > 0 {
		t.Errorf("recorded %q", seen.lines)
	}
}

func TestListens(t *testing.T) {
	t.Parallel()
	if got := decisions.Listens([]string{"helper", "hb"}, true); got != "it listens to @helper, @hb" {
		t.Error(got)
	}
	if got := decisions.Listens([]string{"ada"}, false); got != "it listens to @ada, the name of a person whose API key or token it has" {
		t.Error(got)
	}
	if decisions.Refused(fmt.Errorf("x: %w", state.ErrFull)) != "store_full" || decisions.Refused(state.ErrUnavailable) != "store_down" {
		t.Error("the reason for which a store refuses")
	}
}
