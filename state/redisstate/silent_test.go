package redisstate

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/linearbot/linearbot/internal/redistest"
	"github.com/linearbot/linearbot/state"
)

// laneOn returns a lane whose shard is on the node, or on another one.
func laneOn(t *testing.T, s *Store, node *redistest.Server, on bool) state.Key {
	t.Helper()
	cluster, ok := s.client.(*redis.ClusterClient)
	if !ok {
		t.Fatalf("the client is a %T", s.client)
	}
	for n := range 1000 {
		l := lane(strconv.Itoa(n))
		_, i := s.at(l)
		c, err := cluster.MasterForKey(t.Context(), s.shards[i].ready)
		if err != nil {
			t.Fatal(err)
		}
		if (c.Options().Addr == node.Addr()) == on {
			return l
		}
	}
	t.Fatal("no lane is there")
	return state.Key{}
}

// TestSilentNode has a node of a cluster that keeps its connections and answers
// nothing. Lanes on the other nodes must not notice.
func TestSilentNode(t *testing.T) {
	t.Parallel()
	c := redistest.RunCluster(t)
	for _, node := range c.Nodes {
		cl := node.Client()
		// The others continue when they notice.
		err := cl.ConfigSet(t.Context(), "cluster-require-full-coverage", "no").Err()
		if err != nil {
			t.Fatal(err)
		}
		_ = cl.Close()
	}
	s := openAt(t, c.URL(), Options{MaxEntries: 1000})
	other := openAt(t, c.URL(), s.o)
	if err := s.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	got := make(chan *state.Lease, 16)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() {
		for {
			ls, err := s.Lease(ctx, state.LeaseRequest{TTL: time.Minute, Lanes: 8})
			if ctx.Err() != nil {
				return
			}
			if err != nil {
				t.Errorf("Lease: %v", err)
				return
			}
			for _, l := range ls {
				if err := s.Settle(ctx, l, state.Settlement{Verdicts: []state.Verdict{state.Ack(l.Entries[0].ID)}}); err != nil {
					t.Errorf("Settle: %v", err)
				}
				got <- l
			}
		}
	})
	turn := func(l state.Key, id string) time.Duration {
		t.Helper()
		start := time.Now()
		mustPut(t, other, entry(l, id))
		select {
		case <-got:
		case <-time.After(20 * time.Second):
			t.Fatalf("entry %s of lane %v did not come", id, l)
		}
		return time.Since(start)
	}
	good, bad := laneOn(t, s, c.Nodes[0], false), laneOn(t, s, c.Nodes[0], true)
	turn(good, "first")
	turn(bad, "first")

	if err := c.Nodes[0].Freeze(); err != nil {
		t.Fatal(err)
	}
	// Long enough for a look at all shards, the end of its patience and the
	// next look.
	slowest := time.Duration(0)
	i := 0
	for end := time.Now().Add(6 * time.Second); time.Now().Before(end); i++ {
		slowest = max(slowest, turn(good, strconv.Itoa(i)))
		timer := time.NewTimer(50 * time.Millisecond)
		<-timer.C
	}
	if limit := 1500 * time.Millisecond; slowest > limit {
		t.Errorf("the slowest of %d turns took %v while another node was silent, want less than %v", i, slowest, limit)
	}
	t.Logf("%d turns, the slowest took %v", i, slowest)

	if err := c.Nodes[0].Thaw(); err != nil {
		t.Fatal(err)
	}
	// Its first answers may be that the others gave it up.
	for i := 0; ; i++ {
		_, err := other.Enqueue(t.Context(), entry(bad, "last"))
		if err == nil {
			break
		}
		if i > 100 {
			t.Fatal(err)
		}
		timer := time.NewTimer(100 * time.Millisecond)
		<-timer.C
	}
	select {
	case l := <-got:
		if l.Lane != bad || l.Entries[0].Attempt != 1 {
			t.Errorf("leased %v at attempt %d", l.Lane, l.Entries[0].Attempt)
		}
	case <-time.After(20 * time.Second):
		t.Error("the lane of the node that is back did not come")
	}
}

// TestSilentCluster has no node that answers: a waiting Lease must say so.
func TestSilentCluster(t *testing.T) {
	t.Parallel()
	c := redistest.RunCluster(t)
	s := openAt(t, c.URL(), Options{})
	if err := s.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, node := range c.Nodes {
		if err := node.Freeze(); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	if _, err := s.Lease(ctx, state.LeaseRequest{TTL: time.Minute}); !errors.Is(err, state.ErrUnavailable) {
		t.Errorf("Lease: %v, want ErrUnavailable", err)
	}
	for _, node := range c.Nodes {
		if err := node.Thaw(); err != nil {
			t.Fatal(err)
		}
	}
}
