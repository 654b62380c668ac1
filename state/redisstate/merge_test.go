package redisstate

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/linearbot/linearbot/internal/redistest"
	"github.com/linearbot/linearbot/state"
)

// together carries entries in one exchange and returns their outcomes, -1 for
// an error.
func together(t *testing.T, s *Store, es ...state.Entry) []int64 {
	t.Helper()
	jobs := make([]*job, len(es))
	for n := range es {
		name, i := s.at(es[n].Lane)
		jobs[n] = s.enqueueJob(i, name, &es[n], false)
	}
	return carried(s, jobs)
}

func carried(s *Store, jobs []*job) []int64 {
	// carry sorts what it is given.
	s.carry(context.Background(), append([]*job(nil), jobs...))
	out := make([]int64, len(jobs))
	for n, j := range jobs {
		out[n] = j.outcome
		if j.err != nil {
			out[n] = -1
		}
	}
	return out
}

func sameOutcomes(t *testing.T, got []int64, want ...int64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("outcomes are %v, want %v", got, want)
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("outcomes are %v, want %v", got, want)
		}
	}
}

// TestEntriesTogether has entries that concern each other in one script call.
func TestEntriesTogether(t *testing.T) {
	t.Parallel()
	s := openAt(t, server(t).URL(), Options{Shards: 1})
	mustPut(t, s, entry(lane("z"), "0"))
	if err := s.client.Set(t.Context(), s.shards[0].queue(lane("damaged").String()), "x", 0).Err(); err != nil {
		t.Fatal(err)
	}
	with := func(e state.Entry, edit func(*state.Entry)) state.Entry {
		edit(&e)
		return e
	}
	a, b := lane("a"), lane("b")
	got := together(t, s,
		entry(a, "1"),
		entry(a, "1"),
		with(entry(a, "2"), func(e *state.Entry) { e.Keys = []string{"x", "2", "x"} }),
		with(entry(a, "3"), func(e *state.Entry) { e.Keys = []string{"y", "x"} }),
		with(entry(lane("damaged"), "1"), func(e *state.Entry) { e.Keys = []string{"x"} }),
		with(entry(a, "4"), func(e *state.Entry) { e.IfIdle = true }),
		with(entry(b, "1"), func(e *state.Entry) { e.IfIdle = true }),
		with(entry(a, "5"), func(e *state.Entry) { e.Hold, e.HoldMode = time.Hour, state.HoldReset }),
		with(entry(b, "2"), func(e *state.Entry) { e.Delay = time.Hour }),
		with(entry(lane("c"), "1"), func(e *state.Entry) { e.Hold = time.Hour }),
		entry(b, "3"),
	)
	sameOutcomes(t, got, 1, 2, 1, 2, -1, 3, 1, 1, 1, 1, 1)
	st, err := s.Stats(t.Context())
	if want := (state.Stats{Lanes: 4, Entries: 7, Delayed: 1}); err != nil || st != want {
		t.Fatalf("Stats = %+v, %v, want %+v", st, err, want)
	}

	// A refused entry leaves no trace: it can be stored later, and so can one
	// whose further key was not the first to be looked at.
	if err := s.client.Del(t.Context(), s.shards[0].queue(lane("damaged").String())).Err(); err != nil {
		t.Fatal(err)
	}
	mustPut(t, s, with(entry(lane("damaged"), "1"), func(e *state.Entry) { e.Keys = []string{"x"} }))
	mustPut(t, s, with(entry(a, "3"), func(e *state.Entry) { e.Keys = []string{"y"} }))

	// The hold of lane a started again, so these are what is ready.
	ls, err := s.Lease(t.Context(), state.LeaseRequest{TTL: time.Minute, Lanes: 10, Entries: 10})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, l := range ls {
		for i, e := range l.Entries {
			ids = append(ids, e.Lane.ID+e.ID)
			if i > 0 && e.Seq <= l.Entries[i-1].Seq {
				t.Errorf("lane %v: sequence %d after %d", l.Lane, e.Seq, l.Entries[i-1].Seq)
			}
		}
	}
	if got := strings.Join(ids, " "); got != "z0 b1 b3 damaged1" {
		t.Errorf("leased %q", got)
	}
}

// TestSettlesTogether ends leases of one shard in one script call.
func TestSettlesTogether(t *testing.T) {
	t.Parallel()
	s := openAt(t, server(t).URL(), Options{Shards: 1})
	leases := map[string]*state.Lease{}
	for _, id := range []string{"all", "again", "held", "damaged", "lost"} {
		mustPut(t, s, entry(lane(id), "1"))
		mustPut(t, s, entry(lane(id), "2"))
	}
	mustPut(t, s, entry(lane("empty"), "1"))
	ls, err := s.Lease(t.Context(), state.LeaseRequest{TTL: time.Minute, Lanes: 10})
	if err != nil || len(ls) != 6 {
		t.Fatalf("leased %d lanes, %v, want 6", len(ls), err)
	}
	for _, l := range ls {
		leases[l.Lane.ID] = l
	}
	damaged := s.shards[0].queue(lane("damaged").String())
	if err := s.client.Rename(t.Context(), damaged, damaged+" aside").Err(); err != nil {
		t.Fatal(err)
	}
	if err := s.client.Set(t.Context(), damaged, "x", 0).Err(); err != nil {
		t.Fatal(err)
	}
	leases["lost"].Token++
	var jobs []*job
	add := func(id string, vs ...state.Verdict) {
		t.Helper()
		j, _ := s.settleJob(leases[id], &state.Settlement{Verdicts: vs})
		jobs = append(jobs, j)
	}
	add("damaged", state.Ack("1"))
	add("damaged", state.Retry("1", 0, state.Cause{}))
	add("lost", state.Ack("1"))
	add("all", state.Ack("1"))
	add("all", state.Ack("1"))
	add("empty", state.Ack("1"))
	add("again", state.Retry("1", 0, state.Cause{}))
	add("held", state.Retry("1", time.Hour, state.Cause{}))
	sameOutcomes(t, carried(s, jobs), -1, -1, 0, 1, 0, 1, 1, 1)
	if n, err := s.client.ZCard(t.Context(), s.shards[0].ready).Result(); err != nil || n != 3 {
		t.Errorf("%d lanes are ready or held, %v, want all, again and held", n, err)
	}
	if err := jobs[0].err; !strings.Contains(err.Error(), "WRONGTYPE") || unavailable(err) {
		t.Errorf("the damaged lane's error is %v", err)
	}
	if err := s.client.Rename(t.Context(), damaged+" aside", damaged).Err(); err != nil {
		t.Fatal(err)
	}
	if err := s.Settle(t.Context(), leases["damaged"], state.Settlement{Verdicts: []state.Verdict{state.Ack("1")}}); err != nil {
		t.Errorf("Settle of the lane when it is repaired: %v", err)
	}
	ls, err = s.Lease(t.Context(), state.LeaseRequest{TTL: time.Minute, Lanes: 10, Entries: 2})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, l := range ls {
		for _, e := range l.Entries {
			got[l.Lane.ID] += e.ID + " at " + strconv.Itoa(e.Attempt) + ","
		}
	}
	for id, want := range map[string]string{
		"all": "2 at 1,", "again": "1 at 2,2 at 1,", "damaged": "2 at 1,", "held": "", "lost": "", "empty": "",
	} {
		if got[id] != want {
			t.Errorf("lane %s gave %q, want %q", id, got[id], want)
		}
	}
}

// waitFor waits until so many exchanges are on their way and n jobs wait for another.
func waitFor(t *testing.T, s *Store, flying, n int) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	patience := time.NewTimer(20 * time.Second)
	defer patience.Stop()
	for {
		m := s.merger(0)
		m.mu.Lock()
		got, away := len(m.waiting), m.flying
		m.mu.Unlock()
		if got == n && away == flying {
			return
		}
		select {
		case <-tick.C:
		case <-patience.C:
			t.Fatalf("%d jobs wait for %d exchanges, want %d for %d", got, away, n, flying)
		}
	}
}

// TestMerging has many callers while the server does not answer: what they
// want goes together, except for those who have left.
func TestMerging(t *testing.T) {
	t.Parallel()
	srv := redistest.Run(t, redistest.Options{})
	s := openAt(t, srv.URL(), Options{Shards: 1})
	mustPut(t, s, entry(lane("a"), "first"))
	c := srv.Client()
	defer c.Close()
	if err := c.ConfigResetStat(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	if err := srv.Freeze(); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	put := func(ctx context.Context, id string, want error) {
		wg.Go(func() {
			if _, err := s.Enqueue(ctx, entry(lane(id), id)); !errors.Is(err, want) {
				t.Errorf("Enqueue(%q): %v, want %v", id, err, want)
			}
		})
	}
	// One is on its way, another one leaves as the first is late, and the rest wait.
	const many = 40
	for i := range many {
		put(t.Context(), strconv.Itoa(i), nil)
		if i < 2 {
			waitFor(t, s, i+1, 0)
		}
	}
	waitFor(t, s, 2, many-2)
	ctx, cancel := context.WithCancel(t.Context())
	put(ctx, "left", context.Canceled)
	waitFor(t, s, 2, many-1)
	cancel()
	waitFor(t, s, 2, many-2)
	if err := srv.Thaw(); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	stats, err := c.Info(t.Context(), "commandstats").Result()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(stats, "cmdstat_evalsha:calls=3,") {
		t.Errorf("%d entries did not take three script calls: %s", many, stats)
	}
	if st, err := s.Stats(t.Context()); err != nil || st.Entries != many+1 {
		t.Errorf("Stats = %+v, %v, want %d entries", st, err, many+1)
	}
	mustPut(t, s, entry(lane("left"), "left"))
}

// TestCloseWithWaiting closes a store while its server does not answer.
func TestCloseWithWaiting(t *testing.T) {
	t.Parallel()
	srv := redistest.Run(t, redistest.Options{})
	s := openAt(t, srv.URL(), Options{Shards: 1})
	mustPut(t, s, entry(lane("a"), "1"))
	if err := srv.Freeze(); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Go(func() {
			if _, err := s.Enqueue(t.Context(), entry(lane("b"), strconv.Itoa(i))); !errors.Is(err, state.ErrClosed) {
				t.Errorf("Enqueue: %v, want ErrClosed", err)
			}
		})
		waitFor(t, s, min(i+1, 2), max(i-1, 0))
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
	if err := srv.Thaw(); err != nil {
		t.Fatal(err)
	}
}

// TestForgottenTogether has a server that forgot the scripts of an exchange.
func TestForgottenTogether(t *testing.T) {
	t.Parallel()
	srv := redistest.Run(t, redistest.Options{})
	s := openAt(t, srv.URL(), Options{})
	mustPut(t, s, entry(lane("a"), "0"))
	if err := s.client.ScriptFlush(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	sameOutcomes(t, together(t, s,
		entry(lane("a"), "1"), entry(lane("b"), "1"), entry(lane("c"), "1"), entry(lane("a"), "0"), entry(lane("d"), "1"),
	), 1, 1, 1, 2, 1)
}

// TestOneExchange: what comes while an exchange is on its way leaves together when it
// is over. Beside one that is late a second one leaves, and never a third.
func TestOneExchange(t *testing.T) {
	t.Parallel()
	m := &merger{}
	wait := func(jobs int) {
		for range jobs {
			m.waiting = append(m.waiting, newJob(jobSettle, 0, "", nil))
		}
	}
	leaves := func(when string, want int) time.Time {
		t.Helper()
		jobs, sent := m.take()
		if len(jobs) != want {
			t.Errorf("%d jobs left %s, want %d", len(jobs), when, want)
		}
		return sent
	}
	first := m.depart()
	for range 20 {
		wait(1)
		leaves("beside an exchange", 0)
	}
	m.land(first)
	first = leaves("when it was over", 20)
	wait(1)
	leaves("beside the next one", 0)
	m.since = m.since.Add(-lateAfter)
	second := leaves("beside one that is late", 1)
	wait(2)
	leaves("beside two", 0)
	m.land(second)
	second = leaves("beside the one that is late", 2)
	wait(3)
	m.land(first.Add(-lateAfter))
	leaves("after the late one, beside one that is not", 0)
	m.land(second)
	leaves("when all were over", 3)
}

// TestLoad keeps large bodies out of one exchange and lets each of them have
// one.
func TestLoad(t *testing.T) {
	t.Parallel()
	m := &merger{}
	for _, size := range []int{10, maxLoad, 10, maxLoad / 2, maxLoad / 2} {
		m.waiting = append(m.waiting, newJob(jobEnqueue, 0, "", nil, make([]byte, size)))
	}
	for range maxJobs {
		m.waiting = append(m.waiting, newJob(jobSettle, 0, "", nil))
	}
	var got []int
	for jobs, sent := m.take(); len(jobs) > 0; jobs, sent = m.take() {
		got = append(got, len(jobs))
		m.land(sent)
	}
	want := []int{1, 1, 2, maxJobs, 1}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("exchanges of %v jobs, want %v", got, want)
		}
	}
	if m.flying != 0 {
		t.Errorf("%d exchanges are on their way, want none", m.flying)
	}
}

// TestLeaseWithEntries has several entries that ask for their lanes in one script call,
// among others.
func TestLeaseWithEntries(t *testing.T) {
	t.Parallel()
	s := openAt(t, server(t).URL(), Options{Shards: 1})
	if err := s.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	asking := func(id string, l state.Key, holder string) state.Entry {
		e := entry(l, id)
		e.Lease = &state.LeaseRequest{TTL: time.Minute, Holder: holder}
		return e
	}
	held := asking("3", lane("b"), "ada")
	held.Hold, held.HoldMode = time.Hour, state.HoldReset
	es := []state.Entry{
		asking("1", lane("a"), "ada"), asking("2", lane("b"), "ada"), held, asking("4", lane("a"), "ada"),
		entry(lane("c"), "5"), asking("6", lane("d"), "ada"), asking("7", lane("e"), "bob"),
	}
	jobs := make([]*job, len(es))
	for n := range es {
		name, i := s.at(es[n].Lane)
		jobs[n] = s.enqueueJob(i, name, &es[n], false)
	}
	sameOutcomes(t, carried(s, jobs), 1, 1, 1, 1, 1, 1, 1)
	// After c, which is ready, no lane is leased with its entry.
	for n, want := range []bool{true, true, false, false, false, false, false} {
		if got := leaseWith(&es[n], jobs[n]); (got != nil) != want {
			t.Errorf("entry %d: lease %+v, want one: %t", n+1, got, want)
		} else if want && (got.Holder != "ada" || got.Entries[0].ID != es[n].ID || string(got.Entries[0].Body) != string(es[n].Body)) {
			t.Errorf("entry %d: lease %+v", n+1, got)
		}
	}
	ready, err := s.client.ZRange(t.Context(), s.shards[0].ready, 0, -1).Result()
	if err != nil || len(ready) != 3 {
		t.Errorf("ready are %q, %v, want c, d and e", ready, err)
	}
	// The hold applies when b is given back.
	if err := s.Settle(t.Context(), leaseWith(&es[1], jobs[1]), state.Settlement{Verdicts: []state.Verdict{state.Ack("2")}}); err != nil {
		t.Fatal(err)
	}
	if score, err := s.client.ZScore(t.Context(), s.shards[0].ready, lane("b").String()).Result(); err != nil || time.UnixMicro(int64(score)).Before(time.Now().Add(time.Minute)) {
		t.Errorf("b may be leased from %v on, %v, want in an hour", score, err)
	}
}

// TestLeaseForOneWhoLeft gives a lane back that was leased for a caller that waits no more.
func TestLeaseForOneWhoLeft(t *testing.T) {
	t.Parallel()
	s := openAt(t, server(t).URL(), Options{Shards: 1})
	e := entry(lane("a"), "1")
	e.Lease = &state.LeaseRequest{TTL: time.Minute, Holder: "ada"}
	if err := s.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	name, i := s.at(e.Lane)
	j := s.enqueueJob(i, name, &e, false)
	j.done, j.left = make(chan struct{}), true
	m := &merger{}
	m.fly(s, []*job{j}, m.depart())
	if j.grant == nil {
		t.Fatal("the lane was not leased")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	got, err := s.Lease(ctx, state.LeaseRequest{TTL: time.Minute})
	if err != nil || got[0].Entries[0].Attempt != 1 {
		t.Errorf("leased %+v, %v, want the first attempt", got, err)
	}
}
