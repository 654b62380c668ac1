package redisstate

import (
	"context"
	"testing"
	"time"

	"github.com/linearbot/linearbot/internal/redistest"
	"github.com/linearbot/linearbot/state"
)

// TestSentinel loses the master and continues with its replica.
func TestSentinel(t *testing.T) {
	t.Parallel()
	servers := redistest.RunSentinel(t)
	s := openAt(t, servers.URL(), Options{})
	mustPut(t, s, entry(lane("a"), "1"))
	mustPut(t, s, entry(lane("a"), "2"))
	l := mustLease(t, s)
	if err := s.Settle(t.Context(), l, state.Settlement{Verdicts: []state.Verdict{state.Ack("1")}}); err != nil {
		t.Fatal(err)
	}
	warnings, err := s.Check(t.Context())
	if err != nil || len(warnings) != 2 {
		t.Errorf("Check = %q, %v; want appendonly and min-replicas-to-write", warnings, err)
	}
	// The replica must have it all before the master is gone.
	c := servers.Master.Client()
	err = c.Do(t.Context(), "set", "mark", "1").Err()
	if err == nil {
		err = waitReplica(t.Context(), servers)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	servers.Master.Kill()

	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		r, err := s.Enqueue(ctx, entry(lane("a"), "3"))
		if err == nil {
			if r.Depth != 2 {
				t.Errorf("depth is %d, want 2", r.Depth)
			}
			break
		}
		select {
		case <-ctx.Done():
			t.Fatalf("no new master: %v", err)
		case <-tick.C:
		}
	}
	next := mustLease(t, s)
	if next.Entries[0].ID != "2" || next.Token <= l.Token {
		t.Errorf("leased %q with token %d after token %d", next.Entries[0].ID, next.Token, l.Token)
	}
}

// waitReplica waits until the replica has the mark.
func waitReplica(ctx context.Context, servers *redistest.Sentinel) error {
	c := servers.Replica.Client()
	defer c.Close()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		err := c.Get(ctx, "mark").Err()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}
