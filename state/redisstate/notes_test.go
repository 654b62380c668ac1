package redisstate

import (
	"context"
	"net"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/linearbot/linearbot/state"
)

// tripCounter counts exchanges with a server.
type tripCounter struct{ n atomic.Int64 }

func (c *tripCounter) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

func (c *tripCounter) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		c.n.Add(1)
		return next(ctx, cmd)
	}
}

func (c *tripCounter) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		c.n.Add(1)
		return next(ctx, cmds)
	}
}

// TestRoundTrips counts what a turn with three notes costs.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	s := open(t)
	notes := make([]state.NoteWrite, 0, 3)
	for i := range 3 {
		notes = append(notes, state.NoteWrite{Name: strconv.Itoa(i), Value: []byte("x"), TTL: time.Hour})
	}
	trips := &tripCounter{}
	turn := func(id string) {
		t.Helper()
		mustPut(t, s, entry(lane("a"), id))
		before := trips.n.Load()
		l := mustLease(t, s)
		if n := trips.n.Load() - before; n > 1 {
			t.Errorf("%d round trips for a lease, want 1", n)
		}
		before = trips.n.Load()
		how := state.Settlement{Verdicts: []state.Verdict{state.Ack(id)}, Notes: notes}
		if err := s.Settle(t.Context(), l, how); err != nil {
			t.Fatal(err)
		}
		if n := trips.n.Load() - before; n > 1 {
			t.Errorf("%d round trips for a settle, want 1", n)
		}
	}
	turn("scripts are loaded") // by the first call of each
	s.client.AddHook(trips)
	turn("1")
	turn("2")
	if trips.n.Load() == 0 {
		t.Error("the hook counts nothing")
	}
}

// TestNotesLeaveNothing has notes that expire, are replaced and are deleted.
// The key of their thread lives as long as the last of them.
func TestNotesLeaveNothing(t *testing.T) {
	t.Parallel()
	s := open(t)
	if err := s.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	key := s.shards[0].notes + lane("a").String()
	write := func(writes ...state.NoteWrite) {
		t.Helper()
		if err := s.WriteNotes(t.Context(), lane("a"), writes...); err != nil {
			t.Fatal(err)
		}
	}
	note := func(name string, ttl time.Duration) state.NoteWrite {
		return state.NoteWrite{Name: name, Value: []byte("x"), TTL: ttl}
	}
	lives := func(want time.Duration) {
		t.Helper()
		got, err := s.client.PTTL(t.Context(), key).Result()
		if err != nil || got > want+time.Second || got < want-time.Minute {
			t.Errorf("the key lives for %v, %v, want %v", got, err, want)
		}
	}
	write(note("a", time.Hour))
	lives(time.Hour)
	write(note("b", 3*time.Hour))
	lives(3 * time.Hour)
	write(note("c", time.Hour), state.NoteWrite{Name: "b"})
	lives(time.Hour)
	write(note("a", 2*time.Hour), note("d", time.Millisecond))
	lives(2 * time.Hour)
	write(state.NoteWrite{Name: "a"}, state.NoteWrite{Name: "c"}, state.NoteWrite{Name: "d"})
	if n, err := s.client.Exists(t.Context(), key).Result(); err != nil || n != 0 {
		t.Errorf("the key of a thread without notes exists: %v", err)
	}
	write(note("brief", 20*time.Millisecond))
	for end := time.Now().Add(20 * time.Second); ; {
		n, err := s.client.Exists(t.Context(), key).Result()
		if err != nil || time.Now().After(end) {
			t.Fatalf("the key outlives its note: %v", err)
		}
		if n == 0 {
			break
		}
	}
}

// TestPutBackOrder settles the first of many leased entries while an entry that
// belongs in front of them has come back.
func TestPutBackOrder(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		verdicts []state.Verdict
		want     []string
	}{
		{"none", nil, []string{"0", "1", "2", "3", "4"}},
		{"the first", []state.Verdict{state.Ack("1")}, []string{"0", "2", "3", "4"}},
		{"the first again", []state.Verdict{state.Retry("1", 0, state.Cause{})}, []string{"0", "1", "2", "3", "4"}},
		{"one in the middle", []state.Verdict{state.Ack("2")}, []string{"0", "1", "3", "4"}},
		{"the last", []state.Verdict{state.Ack("3")}, []string{"0", "1", "2", "4"}},
		{"all", []state.Verdict{state.Ack("1"), state.Ack("2"), state.Ack("3")}, []string{"0", "4"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			for i := range 5 {
				mustPut(t, s, entry(lane("a"), strconv.Itoa(i)))
			}
			first := mustLease(t, s)
			aside := state.RetryAside("0", 20*time.Millisecond, state.Cause{})
			if err := s.Settle(t.Context(), first, state.Settlement{Verdicts: []state.Verdict{aside}}); err != nil {
				t.Fatal(err)
			}
			req := state.LeaseRequest{TTL: time.Minute, Entries: 3}
			ls, err := s.Lease(t.Context(), req)
			if err != nil || len(ls[0].Entries) != 3 {
				t.Fatalf("Lease: %v", err)
			}
			for end := time.Now().Add(20 * time.Second); ; {
				if st, err := s.Stats(t.Context()); err != nil || time.Now().After(end) {
					t.Fatalf("the entry did not come back: %v", err)
				} else if st.Delayed == 0 {
					break
				}
			}
			if err := s.Settle(t.Context(), ls[0], state.Settlement{Verdicts: c.verdicts}); err != nil {
				t.Fatal(err)
			}
			req.Entries = 10
			if ls, err = s.Lease(t.Context(), req); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range ls[0].Entries {
				got = append(got, e.ID)
			}
			if len(got) != len(c.want) {
				t.Fatalf("the lane holds %v, want %v", got, c.want)
			}
			for i := range got {
				if got[i] != c.want[i] {
					t.Fatalf("the lane holds %v, want %v", got, c.want)
				}
			}
		})
	}
}
