package verdict_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/verdict"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/turns"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
)

var errBoom = errors.New("boom")

// TestOf is the table from the error of a turn to what becomes of its entry.
func TestOf(t *testing.T) {
	t.Parallel()
	retry := turns.Retry{MaxAttempts: 5, HoldFor: 30 * time.Second, Backoff: func(int) time.Duration { return 4 * time.Second }}
	code := func(c adapter.Code) error { return fmt.Errorf("post: %w", &adapter.Error{Code: c}) }
	for name, c := range map[string]struct {
		turn   verdict.Turn
		kind   verdict.Kind
		store  state.VerdictKind
		free   bool
		reason string
		// min and max bound the wait.
		min, max time.Duration
	}{
		"an error":             {verdict.Turn{Err: errBoom}, verdict.Retried, state.VerdictRetry, false, "unknown", 4 * time.Second, 4 * time.Second},
		"of the last attempt":  {verdict.Turn{Err: errBoom, Entry: state.Queued{Attempt: 5}}, verdict.Buried, state.VerdictBury, false, "unknown", 0, 0},
		"a panic":              {verdict.Turn{Err: errBoom, Stack: []byte("main.go:1")}, verdict.Retried, state.VerdictRetry, false, "panic", 4 * time.Second, 4 * time.Second},
		"out of time":          {verdict.Turn{Err: errBoom, TimedOut: true}, verdict.Retried, state.VerdictRetry, false, "turn_timeout", 4 * time.Second, 4 * time.Second},
		"final":                {verdict.Turn{Err: &verdict.PermanentError{Err: errBoom}}, verdict.Buried, state.VerdictBury, false, "permanent", 0, 0},
		"final, with a code":   {verdict.Turn{Err: &verdict.PermanentError{Err: errBoom, Code: "x"}}, verdict.Buried, state.VerdictBury, false, "x", 0, 0},
		"not found":            {verdict.Turn{Err: code(adapter.CodeNotFound)}, verdict.Buried, state.VerdictBury, false, "not_found", 0, 0},
		"unsupported":          {verdict.Turn{Err: errors.ErrUnsupported}, verdict.Buried, state.VerdictBury, false, "unsupported", 0, 0},
		"forbidden":            {verdict.Turn{Err: code(adapter.CodeForbidden)}, verdict.Retried, state.VerdictRetryAside, false, "forbidden", time.Minute, time.Minute + time.Second},
		"forbidden thrice":     {verdict.Turn{Err: code(adapter.CodeForbidden), Entry: state.Queued{Attempt: 3}}, verdict.Buried, state.VerdictBury, false, "forbidden", 0, 0},
		"a rate limit":         {verdict.Turn{Err: code(adapter.CodeRateLimited)}, verdict.Retried, state.VerdictRetryAside, true, "rate_limited", time.Minute, time.Minute},
		"with a time":          {verdict.Turn{Err: &adapter.Error{Code: adapter.CodeRateLimited, RetryAfter: time.Millisecond}}, verdict.Retried, state.VerdictRetry, true, "rate_limited", time.Second, time.Second},
		"later":                {verdict.Turn{Err: &verdict.RetryError{After: time.Hour, Err: code(adapter.CodeNotFound)}}, verdict.Retried, state.VerdictRetryAside, true, "not_found", time.Hour, time.Hour},
		"the store is full":    {verdict.Turn{Err: state.ErrFull}, verdict.Returned, state.VerdictRetryAside, true, "store_has_no_room", 15 * time.Second, 30 * time.Second},
		"the store is down":    {verdict.Turn{Err: state.ErrUnavailable}, verdict.Returned, state.VerdictRetry, true, "store_unavailable", time.Second, 2 * time.Second},
		"no identity yet":      {verdict.Turn{Err: verdict.Unready(errBoom)}, verdict.Returned, state.VerdictRetry, true, "identity_unknown", 2 * time.Second, 3 * time.Second},
		"no identity, limited": {verdict.Turn{Err: verdict.Unready(&adapter.Error{Code: adapter.CodeRateLimited, RetryAfter: time.Hour})}, verdict.Returned, state.VerdictRetry, true, "identity_unknown", time.Hour, time.Hour},
		"no identity at all":   {verdict.Turn{Err: verdict.Unready(code(adapter.CodeNotFound))}, verdict.Retried, state.VerdictRetry, false, "not_found", 4 * time.Second, 4 * time.Second},
		"it yields":            {verdict.Turn{Err: &verdict.YieldError{Wait: time.Second, Why: "for another"}}, verdict.Yielded, state.VerdictRetryAside, true, "yields", time.Second, time.Second},
		"it yields in order":   {verdict.Turn{Err: &verdict.YieldError{Wait: time.Second, InOrder: true}}, verdict.Yielded, state.VerdictRetry, true, "yields", time.Second, time.Second},
		"it asks":              {verdict.Turn{Err: errBoom, Parked: true}, verdict.Parked, state.VerdictAck, false, "parked", 0, 0},
		"the lease is lost":    {verdict.Turn{Err: &verdict.PermanentError{Err: errBoom}, Cause: turns.ErrLeaseLost}, verdict.Dropped, state.VerdictRetry, true, "lease_lost", 0, 0},
		"the process stops":    {verdict.Turn{Err: &verdict.PermanentError{Err: errBoom}, Cause: turns.ErrDraining}, verdict.Returned, state.VerdictRetry, true, "draining", 0, 0},
		"taken over":           {verdict.Turn{Err: errBoom, TakenOver: true, Parked: true}, verdict.Returned, state.VerdictRetry, true, "taken_over", 0, 0},
	} {
		c.turn.Retry = retry
		c.turn.Entry.ID = "e1"
		c.turn.Entry.Attempt = max(c.turn.Entry.Attempt, 1)
		d := verdict.Of(c.turn)
		if d.Kind != c.kind || d.Verdict.Kind != c.store || d.Verdict.Free != c.free || d.Reason != c.reason {
			t.Errorf("%s: kind %d, %v (free %t), reason %q; want %d, %v (%t), %q", name, d.Kind, d.Verdict.Kind, d.Verdict.Free, d.Reason, c.kind, c.store, c.free, c.reason)
		}
		if d.Wait < c.min || d.Wait > c.max || d.Verdict.After != d.Wait {
			t.Errorf("%s: waits %s, the verdict %s; want %s to %s", name, d.Wait, d.Verdict.After, c.min, c.max)
		}
		if d.Verdict.ID != "e1" || d.Says == "" && d.Kind != verdict.Dropped && d.Kind != verdict.Yielded {
			t.Errorf("%s: %+v", name, d)
		}
		if d.Verdict.Kind == state.VerdictBury && !strings.Contains(d.Verdict.Cause.Message, c.turn.Err.Error()) {
			t.Errorf("%s: the cause is %+v", name, d.Verdict.Cause)
		}
	}
}

// TestUnreadySaysWhatItIsAbout: once, also if the error says so itself.
func TestUnreadySaysWhatItIsAbout(t *testing.T) {
	t.Parallel()
	for _, err := range []error{
		errBoom, &adapter.Error{Code: adapter.CodeUnavailable, Op: "identity"}, &adapter.Error{Code: adapter.CodeInvalid, Op: "viewer"},
	} {
		got := verdict.Unready(err)
		if n := strings.Count(got.Error(), "identity"); n != 1 || !errors.Is(got, err) {
			t.Errorf("%v becomes %v", err, got)
		}
	}
}

// TestSpared: a crash gives its attempts back to what was stored before it.
func TestSpared(t *testing.T) {
	t.Parallel()
	store := memstate.New(memstate.Options{})
	defer store.Close()
	lane := state.Key{Workspace: "W1", Kind: "thread", ID: "fake:room:1"}
	if _, err := store.Enqueue(t.Context(), state.Entry{ID: "e1", Lane: lane}); err != nil {
		t.Fatal(err)
	}
	leases, err := store.Lease(t.Context(), state.LeaseRequest{Holder: "h", TTL: time.Minute})
	if err != nil || len(leases) != 1 {
		t.Fatal(leases, err)
	}
	page, at := notes.New(store).Leased(leases[0]), time.Unix(100, 0)
	before, after := &state.Queued{Entry: state.Entry{ID: "b"}}, &state.Queued{Entry: state.Entry{ID: "a"}}
	before.EnqueuedAt, after.EnqueuedAt = at, at.Add(1)
	if n := verdict.Spared(t.Context(), page, before); n != 0 {
		t.Errorf("%d attempts spared without a crash", n)
	}
	verdict.MarkCrash(page, &state.Queued{Attempt: 7}, at)
	if n := verdict.Spared(t.Context(), page, before); n != 7 {
		t.Errorf("%d attempts spared of what was there, want 7", n)
	}
	if n := verdict.Spared(t.Context(), page, after); n != 0 {
		t.Errorf("%d attempts spared of what was stored later", n)
	}
}

func TestReference(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"0123456789abcdef": "01234567",
		"0123456":          "", // too short: a hash
		"resume\x00e1":     "",
		"0123456G":         "",
	} {
		got := verdict.Reference(id)
		if len(got) != 8 || strings.Trim(got, "0123456789abcdef") != "" || want != "" && got != want {
			t.Errorf("reference of %q is %q, want %q", id, got, want)
		}
	}
}

func TestApology(t *testing.T) {
	t.Parallel()
	for why, want := range map[string]string{
		"panic":        "Sorry, something went wrong and I couldn't finish this. Reference: `0a1b2c3d`",
		"turn_timeout": "Sorry, this took longer than I may work on it, so I've stopped. Reference: `0a1b2c3d`",
	} {
		if got := verdict.Apology(why, "0a1b2c3d"); got != want {
			t.Errorf("%s: %q, want %q", why, got, want)
		}
	}
}
