package ticketing_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
	"github.com/linearbot/linearbot/ticketing"
)

// contested is a store that says when a claim was lost. With dead it keeps claims that
// are released, as if their process had died.
type contested struct {
	state.Store
	lost chan struct{}
	dead atomic.Bool

	mu     sync.Mutex
	claims map[state.Key][]byte
}

func (s *contested) CompareAndSet(ctx context.Context, k state.Key, old, next []byte, ttl time.Duration) error {
	if k.Kind != "ticketing.match" {
		return s.Store.CompareAndSet(ctx, k, old, next, ttl)
	}
	if s.dead.Load() && next == nil {
		return state.ErrUnavailable
	}
	err := s.Store.CompareAndSet(ctx, k, old, next, ttl)
	if err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.claims == nil {
			s.claims = map[state.Key][]byte{}
		}
		s.claims[k] = next
	}
	if errors.Is(err, state.ErrConflict) {
		select {
		case s.lost <- struct{}{}:
		default:
		}
	}
	return err
}

// expire ends all claims, as their time does.
func (s *contested) expire(t *testing.T) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for k := range s.claims {
		if err := s.Store.Delete(t.Context(), k); err != nil {
			t.Fatal(err)
		}
	}
}

// Of two changes with the same If-Match that race on two instances, one is made.
func TestIfMatchRaceOfInstances(t *testing.T) {
	t.Parallel()
	store := &contested{Store: memstate.New(memstate.Options{}), lost: make(chan struct{}, 1)}
	t.Cleanup(func() { _ = store.Close() })
	writing, write := make(chan struct{}), make(chan struct{})
	var waits atomic.Bool
	b := &between{before: func(query string) {
		if strings.Contains(query, "mutation") && waits.CompareAndSwap(false, true) {
			close(writing)
			<-write
		}
	}}
	var cfg ticketing.Config
	r := newRig(t, options{store: store, between: b, config: func(c *ticketing.Config) { cfg = *c }})
	r.team.AddIssue(r.ada, "One", "")
	other, err := ticketing.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(other)
	t.Cleanup(srv.Close)
	twin := *r
	twin.api, twin.http = other, srv
	tag := r.call("GET", tickets+"/ENG-1", nil).is(200).header.Get("ETag")
	change := func(r *rig, name string) chan int {
		done := make(chan int, 1)
		go func() {
			done <- r.call("PATCH", tickets+"/ENG-1", map[string]any{"name": name}, "If-Match", tag).status
		}()
		return done
	}
	one := change(r, "one")
	<-writing
	two := change(&twin, "two")
	var early int
	select {
	case <-store.lost:
	case early = <-two:
		t.Errorf("the second did not wait: %d", early)
	}
	close(write)
	if got := <-one; got != http.StatusOK {
		t.Errorf("the first: %d", got)
	}
	if early == 0 {
		if got := <-two; got != http.StatusPreconditionFailed {
			t.Errorf("the second: %d", got)
		}
	}
}

// The claim of a process that died has others try again until it expires
// (TestHoldAfterADeath has the times). A repeat with the same Idempotency-Key is a
// new attempt.
func TestIfMatchAfterADeath(t *testing.T) {
	t.Parallel()
	store := &contested{Store: memstate.New(memstate.Options{}), lost: make(chan struct{}, 1)}
	t.Cleanup(func() { _ = store.Close() })
	r := newRig(t, options{store: store, config: func(c *ticketing.Config) { c.Timeout = 2 * time.Second }})
	r.team.AddIssue(r.ada, "One", "")
	tag := r.call("GET", tickets+"/ENG-1", nil).is(200).header.Get("ETag")
	store.dead.Store(true)
	r.call("PATCH", tickets+"/ENG-1", map[string]any{"name": "one"}, "If-Match", tag).is(200)
	store.dead.Store(false)
	read := time.Now() // the etag is made of the time, in milliseconds
	eventually(t, "a millisecond passes", func() bool { return time.Since(read) > 2*time.Millisecond })
	again := func() *answer {
		return r.call("PATCH", tickets+"/ENG-1", map[string]any{"name": "two"}, "If-Match", tag, "Idempotency-Key", "two")
	}
	got := again().is(409)
	if wait, err := strconv.Atoi(got.header.Get("Retry-After")); err != nil || wait < 1 || got.text("code") != "etag_in_use" || got.at("retryable") != true {
		t.Errorf("%v: %s", got.header, got.body)
	}
	store.expire(t)
	again().is(412)
	store.mu.Lock()
	defer store.mu.Unlock()
	if len(store.claims) == 0 {
		t.Error("nothing was claimed")
	}
	for k := range store.claims {
		if k.Workspace != r.ws.ID {
			t.Errorf("a claim for no workspace: %s", k)
		}
	}
}

// If-Match is a list of tags, one of which must be that of the thing, or "*". Where
// nothing compares it, it is refused.
func TestIfMatchForms(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	r.team.AddIssue(r.ada, "One", "")
	at, n := tickets+"/ENG-1", 0
	for form, status := range map[string]int{
		`"%s"`:                                200,
		`%s`:                                  200,
		`W/"%s"`:                              200,
		`"a", "%s"`:                           200,
		`"%s" ,, "b,c" , W/"d"`:               200,
		`*`:                                   200,
		``:                                    200,
		`"a", "b"`:                            412,
		`"%s`:                                 200, // what a client cut off
		`"x%s"`:                               412,
		`"%s-", "-%s"`:                        412,
		`""`:                                  412,
		`"", "a"`:                             412,
		`"", "%s"`:                            200,
		`"`:                                   412,
		`W/""`:                                412,
		`W/`:                                  412,
		`"` + strings.Repeat("x", 4000) + `"`: 412,
	} {
		now := r.call("GET", at, nil).is(200)
		read := time.Now() // the etag is made of the time, in milliseconds
		eventually(t, "a millisecond passes", func() bool { return time.Since(read) > 2*time.Millisecond })
		n++
		value := strings.ReplaceAll(form, "%s", now.text("etag"))
		if got := r.call("PATCH", at, map[string]any{"name": fmt.Sprint("v", n)}, "If-Match", value); got.status != status {
			t.Errorf("%s: %d %s", form, got.status, got.body)
		}
	}
	var tags []string
	for i := range 21 {
		tags = append(tags, fmt.Sprintf(`"t%d"`, i))
	}
	r.call("PATCH", at, map[string]any{"name": "x"}, "If-Match", strings.Join(tags, ",")).is(400)
	// Reads compare both headers.
	tag := r.call("GET", at, nil).is(200).header.Get("ETag")
	for _, tc := range []struct {
		name, value string
		status      int
	}{
		{"If-None-Match", tag, 304},
		{"If-None-Match", `"a", ` + tag, 304},
		{"If-None-Match", "*", 304},
		{"If-None-Match", `"a"`, 200},
		{"If-None-Match", `""`, 200},
		{"If-None-Match", strings.Trim(tag, `"`) + "x", 200},
		{"If-Match", tag, 200},
		{"If-Match", `"a"`, 412},
		{"If-Match", `""`, 412},
		{"If-Match", "*", 200},
	} {
		if got := r.call("GET", at, nil, tc.name, tc.value); got.status != tc.status {
			t.Errorf("GET with %s: %s is %d", tc.name, tc.value, got.status)
		}
	}
	for _, tc := range []struct{ method, path string }{
		{"POST", at + "/archive"}, {"PATCH", "/unified/ticketing/teams/ENG"}, {"PATCH", "/integrated-account/" + r.conn.ID}, {"POST", tickets},
	} {
		if got := r.call(tc.method, tc.path, map[string]any{"name": "x", "team": "ENG"}, "If-Match", tag); got.status != 400 || !strings.Contains(got.text("message"), "If-Match") {
			t.Errorf("%s %s: %d %s", tc.method, tc.path, got.status, got.body)
		}
	}
	if got := r.call("GET", at, nil).is(200); got.text("is_archived") == "true" {
		t.Errorf("it was archived: %s", got.body)
	}
}
