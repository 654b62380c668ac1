package redisstate

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/linearbot/linearbot/internal/redistest"
	"github.com/linearbot/linearbot/state"
)

func mustPut(t *testing.T, s *Store, e state.Entry) {
	t.Helper()
	r, err := s.Enqueue(t.Context(), e)
	if err != nil || r.Outcome != state.OutcomeAdded {
		t.Fatalf("Enqueue(%q) = %v, %v", e.ID, r.Outcome, err)
	}
}

func mustLease(t *testing.T, s *Store) *state.Lease {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	ls, err := s.Lease(ctx, state.LeaseRequest{TTL: time.Minute, Entries: 10})
	if err != nil {
		t.Fatalf("Lease: %v", err)
	}
	return ls[0]
}

// TestRestart kills a server that writes its log before it answers, while many
// append, and wants all that was acknowledged, once and in order.
func TestRestart(t *testing.T) {
	t.Parallel()
	srv := redistest.Run(t, redistest.Options{AOF: true})
	s := openAt(t, srv.URL(), Options{})
	var mu sync.Mutex
	acked := map[string][]string{}
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			l := lane(strconv.Itoa(w))
			for i := range 100_000 {
				id := strconv.Itoa(i)
				if _, err := s.Enqueue(t.Context(), entry(l, id)); err != nil {
					if !errors.Is(err, state.ErrUnavailable) {
						t.Errorf("Enqueue: %v, want ErrUnavailable", err)
					}
					return
				}
				mu.Lock()
				acked[l.String()] = append(acked[l.String()], id)
				mu.Unlock()
			}
		})
	}
	timer := time.NewTimer(300 * time.Millisecond)
	<-timer.C
	srv.Kill()
	wg.Wait()
	start := time.Now()
	if err := s.Ping(t.Context()); !errors.Is(err, state.ErrUnavailable) {
		t.Errorf("Ping without a server: %v, want ErrUnavailable", err)
	}
	_, err := s.Lease(t.Context(), state.LeaseRequest{TTL: time.Minute})
	if !errors.Is(err, state.ErrUnavailable) {
		t.Errorf("Lease without a server: %v, want ErrUnavailable", err)
	}
	if d := time.Since(start); d > 10*time.Second {
		t.Errorf("it took %v to say that the server is gone", d)
	}
	if err := srv.Restart(); err != nil {
		t.Fatal(err)
	}
	for len(acked) > 0 {
		l := mustLease(t, s)
		name := l.Lane.String()
		for _, e := range l.Entries {
			switch want := acked[name]; {
			case len(want) == 0: // appended, but the answer was lost
			case want[0] != e.ID:
				t.Fatalf("lane %s gave %q, want %q", name, e.ID, want[0])
			default:
				acked[name] = want[1:]
			}
		}
		if len(acked[name]) == 0 {
			delete(acked, name)
		}
		if err := s.Settle(t.Context(), l, state.Settlement{Verdicts: acksOf(l)}); err != nil {
			t.Fatal(err)
		}
	}
}

func acksOf(l *state.Lease) []state.Verdict {
	var vs []state.Verdict
	for _, e := range l.Entries {
		vs = append(vs, state.Ack(e.ID))
	}
	return vs
}

// TestWaitingThroughRestart has a Lease loop that outlives its server.
func TestWaitingThroughRestart(t *testing.T) {
	t.Parallel()
	srv := redistest.Run(t, redistest.Options{AOF: true})
	s := openAt(t, srv.URL(), Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	got := make(chan *state.Lease, 1)
	failed := make(chan struct{}, 1)
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		for ctx.Err() == nil {
			ls, err := s.Lease(ctx, state.LeaseRequest{TTL: time.Minute})
			if err == nil {
				got <- ls[0]
				return
			}
			select {
			case failed <- struct{}{}:
			default:
			}
		}
	})
	if err := s.Ping(ctx); err != nil {
		t.Fatal(err)
	}
	srv.Kill()
	select {
	case <-failed:
	case <-ctx.Done():
		t.Fatal("a waiting Lease does not notice that the server is gone")
	}
	if err := srv.Restart(); err != nil {
		t.Fatal(err)
	}
	other := openAt(t, srv.URL(), s.o)
	mustPut(t, other, entry(lane("a"), "1"))
	select {
	case <-got:
	case <-ctx.Done():
		t.Fatal("a waiting Lease did not recover")
	}
}

// TestLostMessage loses the wake-up and still wants the entry.
func TestLostMessage(t *testing.T) {
	t.Parallel()
	s := open(t)
	c := server(t).Client()
	defer c.Close()
	quiet, err := New(c, s.o)
	if err != nil {
		t.Fatal(err)
	}
	quiet.channel = "without listeners"
	defer quiet.Close()
	got := make(chan struct{})
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		defer close(got)
		mustLease(t, s)
	})
	timer := time.NewTimer(300 * time.Millisecond)
	<-timer.C
	mustPut(t, quiet, entry(lane("a"), "1"))
	<-got
}

// TestFrozenServer has a server that does not answer any more.
func TestFrozenServer(t *testing.T) {
	t.Parallel()
	srv := redistest.Run(t, redistest.Options{})
	s := openAt(t, srv.URL(), Options{})
	mustPut(t, s, entry(lane("a"), "1"))
	// The scripts are known afterwards, so that the next call leases.
	if err := s.Settle(t.Context(), mustLease(t, s), state.Settlement{}); err != nil {
		t.Fatal(err)
	}
	if err := srv.Freeze(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	if _, err := s.Lease(ctx, state.LeaseRequest{TTL: time.Minute}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Lease: %v, want the error of the context", err)
	}
	if d := time.Since(start); d > 2*time.Second {
		t.Errorf("Lease returned %v after its context ended", d)
	}
	if err := srv.Thaw(); err != nil {
		t.Fatal(err)
	}
	// What the abandoned call leased is given back, and no attempt is spent.
	l := mustLease(t, s)
	if l.Entries[0].Attempt != 1 {
		t.Errorf("attempt is %d, want 1", l.Entries[0].Attempt)
	}
	if err := srv.Freeze(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Enqueue(t.Context(), entry(lane("b"), "1")); !errors.Is(err, state.ErrUnavailable) {
		t.Errorf("Enqueue: %v, want ErrUnavailable", err)
	}
	if err := srv.Thaw(); err != nil {
		t.Fatal(err)
	}
	if err := s.Settle(t.Context(), l, state.Settlement{Verdicts: []state.Verdict{state.Ack("1")}}); err != nil {
		t.Errorf("Settle: %v", err)
	}
}

// TestUndecodable damages entries wherever they are kept.
func TestUndecodable(t *testing.T) {
	t.Parallel()
	s := open(t)
	ctx := t.Context()
	l := lane("a")
	for _, id := range []string{"1", "2", "3"} {
		mustPut(t, s, entry(l, id))
	}
	name, i := s.at(l)
	sh := &s.shards[i]
	tail, err := s.client.LIndex(ctx, sh.queue(name), 3).Result()
	if err != nil {
		t.Fatal(err)
	}
	damaged := "\x09" + tail[1:] // of a later version
	if err := s.client.LSet(ctx, sh.queue(name), 0, "short").Err(); err != nil {
		t.Fatal(err)
	}
	if err := s.client.LSet(ctx, sh.queue(name), 3, damaged).Err(); err != nil {
		t.Fatal(err)
	}
	got := mustLease(t, s)
	if len(got.Entries) != 1 || got.Entries[0].ID != "3" || got.Entries[0].Attempt != 1 {
		t.Fatalf("leased %+v, want entry 3 at its first attempt", got.Entries)
	}
	var bodies []string
	var ids []string
	for d, err := range s.Dead(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		if d.Cause.Code != "undecodable" || d.Lane != l || d.ID == "" {
			t.Errorf("dead letter is %+v", d)
		}
		bodies, ids = append(bodies, string(d.Body)), append(ids, d.ID)
	}
	all := strings.Join(bodies, "\n")
	if len(bodies) != 2 || !strings.Contains(all, "short") || !strings.Contains(all, damaged) {
		t.Errorf("dead letters hold %q, want the damaged bytes", bodies)
	}
	if st, err := s.Stats(ctx); err != nil || st != (state.Stats{Lanes: 1, Entries: 1, Leased: 1, Dead: 2}) {
		t.Errorf("Stats = %+v, %v", st, err)
	}
	if err := s.Settle(ctx, got, state.Settlement{Verdicts: []state.Verdict{state.RetryAside("3", time.Hour, state.Cause{})}}); err != nil {
		t.Fatal(err)
	}
	// They can be purged and requeued like others, and come back as dead.
	if err := s.Purge(ctx, l, ids[0]); err != nil {
		t.Error(err)
	}
	if err := s.Requeue(ctx, l, ids[1]); err != nil {
		t.Error(err)
	}
	mustPut(t, s, entry(lane("b"), "1"))
	if got := mustLease(t, s); got.Lane != lane("b") {
		t.Errorf("leased lane %v, want b", got.Lane)
	}
	vs, err := s.client.HKeys(ctx, sh.parked).Result()
	if err != nil || len(vs) != 1 {
		t.Fatalf("parked are %v, %v", vs, err)
	}
	if err := s.client.HSet(ctx, sh.parked, vs[0], "garbage").Err(); err != nil {
		t.Fatal(err)
	}
	for d, err := range s.Delayed(ctx) {
		if err != nil || d.Cause.Code != "undecodable" || string(d.Body) != "garbage" {
			t.Errorf("delayed entry is %+v, %v", d, err)
		}
	}
}

func TestShardsAreFixed(t *testing.T) {
	t.Parallel()
	s := openAt(t, server(t).URL(), Options{Shards: 4})
	mustPut(t, s, entry(lane("a"), "1"))
	other := openAt(t, server(t).URL(), Options{Prefix: s.o.Prefix, Shards: 8})
	err := other.Ping(t.Context())
	if !errors.Is(err, state.ErrInvalid) || !strings.Contains(err.Error(), "4 shards") {
		t.Errorf("Ping with another number of shards: %v", err)
	}
	if _, err := other.Enqueue(t.Context(), entry(lane("a"), "2")); !errors.Is(err, state.ErrInvalid) {
		t.Errorf("Enqueue with another number of shards: %v", err)
	}
	if _, err := other.Lease(t.Context(), state.LeaseRequest{TTL: time.Minute}); !errors.Is(err, state.ErrInvalid) {
		t.Errorf("Lease with another number of shards: %v", err)
	}
}

func TestMaxEntries(t *testing.T) {
	t.Parallel()
	s := openAt(t, server(t).URL(), Options{MaxEntries: 3})
	for _, id := range []string{"1", "2", "3"} {
		mustPut(t, s, entry(lane(id), id))
	}
	if _, err := s.Enqueue(t.Context(), entry(lane("x"), "4")); !errors.Is(err, state.ErrFull) {
		t.Fatalf("Enqueue over the limit: %v, want ErrFull", err)
	}
	if r, err := s.Enqueue(t.Context(), entry(lane("1"), "1")); err != nil || r.Outcome != state.OutcomeDuplicate {
		t.Errorf("a duplicate over the limit: %v, %v", r.Outcome, err)
	}
	l := mustLease(t, s)
	if err := s.Settle(t.Context(), l, state.Settlement{Verdicts: acksOf(l)}); err != nil {
		t.Fatal(err)
	}
	mustPut(t, s, entry(lane("x"), "4")) // nothing of it was recorded before
}

// TestMemoryFull has a server without memory: appending fails, leasing and settling do not.
func TestMemoryFull(t *testing.T) {
	t.Parallel()
	srv := redistest.Run(t, redistest.Options{})
	s := openAt(t, srv.URL(), Options{Shards: 1})
	mustPut(t, s, entry(lane("a"), "1"))
	mustPut(t, s, entry(lane("a"), "2"))
	c := srv.Client()
	defer c.Close()
	if err := c.ConfigSet(t.Context(), "maxmemory", "1").Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Enqueue(t.Context(), entry(lane("b"), "1")); !errors.Is(err, state.ErrFull) {
		t.Fatalf("Enqueue: %v, want ErrFull", err)
	}
	l := mustLease(t, s)
	if err := s.Settle(t.Context(), l, state.Settlement{Verdicts: []state.Verdict{state.Ack("1"), state.Retry("2", 0, state.Cause{})}}); err != nil {
		t.Fatalf("Settle: %v", err)
	}
	l = mustLease(t, s)
	if err := s.Settle(t.Context(), l, state.Settlement{Verdicts: []state.Verdict{state.Ack("2")}}); err != nil {
		t.Fatalf("Settle: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := s.Lease(ctx, state.LeaseRequest{TTL: time.Minute}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Lease of nothing: %v", err)
	}
	if err := c.ConfigSet(t.Context(), "maxmemory", "0").Err(); err != nil {
		t.Fatal(err)
	}
	mustPut(t, s, entry(lane("b"), "1"))
}

// TestIdle counts what a process with many sleeping workers asks of a server.
func TestIdle(t *testing.T) {
	t.Parallel()
	srv := redistest.Run(t, redistest.Options{})
	s := openAt(t, srv.URL(), Options{})
	c := srv.Client()
	defer c.Close()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			if _, err := s.Lease(ctx, state.LeaseRequest{TTL: time.Minute}); !errors.Is(err, context.Canceled) {
				t.Errorf("Lease: %v", err)
			}
		})
	}
	wait := func(d time.Duration) {
		timer := time.NewTimer(d)
		<-timer.C
	}
	wait(500 * time.Millisecond)
	if err := c.ConfigResetStat(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	wait(2500 * time.Millisecond)
	stats, err := c.Info(t.Context(), "commandstats").Result()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(stats) {
		rest, ok := strings.CutPrefix(line, "cmdstat_evalsha:calls=")
		if !ok {
			continue
		}
		n, _ := strconv.Atoi(rest[:strings.IndexByte(rest, ',')])
		if n > 4*len(s.shards) {
			t.Errorf("%d script calls while idle for 2.5 s, want one per shard and second", n)
		}
	}
	cancel()
	wg.Wait()
}

func TestCheck(t *testing.T) {
	t.Parallel()
	srv := redistest.Run(t, redistest.Options{Args: []string{"--maxmemory-policy", "allkeys-lru"}})
	s := openAt(t, srv.URL(), Options{})
	got, err := s.Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(got, "\n")
	if len(got) != 2 || !strings.Contains(text, "appendonly is no") || !strings.Contains(text, "allkeys-lru") {
		t.Errorf("Check = %q", got)
	}
	good := openAt(t, redistest.Run(t, redistest.Options{AOF: true}).URL(), Options{})
	if got, err := good.Check(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("Check of a safe server = %q, %v", got, err)
	}
	c := srv.Client()
	defer c.Close()
	if err := c.Do(t.Context(), "acl", "setuser", "ada", "on", ">pw", "~*", "&*", "+@all", "-config").Err(); err != nil {
		t.Fatal(err)
	}
	refused := openAt(t, strings.Replace(srv.URL(), "redis://", "redis://ada:pw@", 1), Options{})
	if got, err := refused.Check(t.Context()); err != nil || len(got) != 1 || !strings.Contains(got[0], "refused") {
		t.Errorf("Check without CONFIG = %q, %v", got, err)
	}
}

// TestWrongPassword looks for the password in what the store says.
func TestWrongPassword(t *testing.T) {
	t.Parallel()
	srv := redistest.Run(t, redistest.Options{Password: "right", Args: []string{"--requirepass", "right"}})
	s := openAt(t, "redis://:hunter2@"+srv.Addr(), Options{})
	err := s.Ping(t.Context())
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("Ping = %v", err)
	}
	if err := openAt(t, srv.URL(), Options{}).Ping(t.Context()); err != nil {
		t.Errorf("Ping with the password: %v", err)
	}
}

// TestForbiddenPublish has a server that forbids publishing: entries are
// found by looking.
func TestForbiddenPublish(t *testing.T) {
	t.Parallel()
	srv := redistest.Run(t, redistest.Options{})
	c := srv.Client()
	defer c.Close()
	if err := c.Do(t.Context(), "acl", "setuser", "ada", "on", ">pw", "~*", "+@all").Err(); err != nil {
		t.Fatal(err)
	}
	url := strings.Replace(srv.URL(), "redis://", "redis://ada:pw@", 1)
	s := openAt(t, url, Options{})
	other := openAt(t, url, s.o)
	var wg sync.WaitGroup
	wg.Go(func() { mustLease(t, s) })
	timer := time.NewTimer(100 * time.Millisecond)
	<-timer.C
	mustPut(t, other, entry(lane("a"), "1"))
	wg.Wait()
}

func TestScriptsAreForgotten(t *testing.T) {
	t.Parallel()
	srv := redistest.Run(t, redistest.Options{})
	s := openAt(t, srv.URL(), Options{})
	everything(t, s)
	if err := s.client.ScriptFlush(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		mustPut(t, s, entry(lane("l"+strconv.Itoa(i)), "1"))
	}
	if err := s.client.ScriptFlush(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	ls, err := s.Lease(t.Context(), state.LeaseRequest{TTL: time.Minute, Lanes: 20})
	if err != nil || len(ls) < 15 {
		t.Fatalf("leased %d lanes, %v", len(ls), err)
	}
	if _, err := s.Stats(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestClosed(t *testing.T) {
	t.Parallel()
	c := redis.NewClient(&redis.Options{Addr: server(t).Addr()})
	defer c.Close()
	s, err := New(c, fresh(Options{}))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := s.Lease(t.Context(), state.LeaseRequest{TTL: time.Minute}); !errors.Is(err, state.ErrClosed) {
			t.Errorf("Lease: %v, want ErrClosed", err)
		}
	})
	timer := time.NewTimer(50 * time.Millisecond)
	<-timer.C
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	wg.Wait()
	if err := c.Ping(t.Context()).Err(); err != nil {
		t.Errorf("Close closed a client that was given: %v", err)
	}
}
