package redisstate

import (
	"testing"
	"time"

	"github.com/linearbot/linearbot/state"
)

// TestDedupTime wants keys to be known for the dedup time and forgotten, with
// the hash that they were in, by twice that.
func TestDedupTime(t *testing.T) {
	t.Parallel()
	const ttl = 2 * time.Second
	s := openAt(t, server(t).URL(), Options{DedupTTL: ttl})
	slots := func() []string {
		t.Helper()
		keys, err := s.client.Keys(t.Context(), globEscape(s.shards[0].dedup)+"*").Result()
		if err != nil {
			t.Fatal(err)
		}
		return keys
	}
	e := entry(lane("a"), "1")
	e.Keys = []string{"k"}
	start := time.Now()
	mustPut(t, s, e)
	first := slots()
	if len(first) != 1 {
		t.Fatalf("dedup keys are in %q, want one hash", first)
	}
	if life, err := s.client.PTTL(t.Context(), first[0]).Result(); err != nil || life < ttl {
		t.Errorf("the hash expires after %v, %v, want a backstop that is longer than %v", life, err, ttl)
	}
	// A store with another dedup time knows the same keys.
	other := openAt(t, server(t).URL(), Options{Prefix: s.o.Prefix, DedupTTL: time.Hour})
	again := func(s *Store, e state.Entry) state.Outcome {
		t.Helper()
		r, err := s.Enqueue(t.Context(), e)
		if err != nil {
			t.Fatal(err)
		}
		return r.Outcome
	}
	for _, id := range []string{"1", "k"} {
		e := state.Entry{ID: "of " + id, Lane: lane("a"), Keys: []string{id}}
		if got := again(other, e); got != state.OutcomeDuplicate {
			t.Errorf("key %q with another dedup time: %v", id, got)
		}
	}
	pause := func(until time.Duration) {
		timer := time.NewTimer(time.Until(start.Add(until)))
		<-timer.C
	}
	pause(ttl - 300*time.Millisecond)
	if got := again(s, e); got != state.OutcomeDuplicate && time.Since(start) < ttl {
		t.Errorf("within the dedup time it is %v", got)
	}
	pause(2*ttl + 300*time.Millisecond)
	if got := again(s, e); got != state.OutcomeAdded {
		t.Errorf("after twice the dedup time it is %v", got)
	}
	if now := slots(); len(now) != 1 || now[0] == first[0] {
		t.Errorf("dedup keys are in %q, before they were in %q", now, first)
	}
}

// TestShardsAreLearned has a store that asks for no number of shards.
func TestShardsAreLearned(t *testing.T) {
	t.Parallel()
	s := openAt(t, server(t).URL(), Options{Shards: 4})
	mustPut(t, s, entry(lane("a"), "1"))
	other := openAt(t, server(t).URL(), Options{Prefix: s.o.Prefix})
	if l := mustLease(t, other); l.Lane != lane("a") || len(other.shards) != 4 {
		t.Errorf("leased %v with %d shards, want lane a with 4", l.Lane, len(other.shards))
	}
	fresh := openAt(t, server(t).URL(), Options{})
	mustPut(t, fresh, entry(lane("a"), "1"))
	if n := len(fresh.shards); n != oneShard {
		t.Errorf("a new data set on one server has %d shards", n)
	}
}

// TestImportAfterKey has the key of an entry arrive before the entry, as it may
// in a dump: the entry is stored once.
func TestImportAfterKey(t *testing.T) {
	t.Parallel()
	s := open(t)
	q := state.Queued{Entry: entry(lane("a"), "1"), EnqueuedAt: time.Now()}
	key := state.Record{
		Kind: state.RecordDedup, Key: q.Lane, Dedup: q.ID, Expires: time.Now().Add(time.Hour),
	}
	for _, r := range []state.Record{key, {Kind: state.RecordEntry, Entry: &q}, key, {Kind: state.RecordEntry, Entry: &q}} {
		if err := s.Import(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	keys := 0
	for r, err := range s.Export(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if r.Kind == state.RecordDedup {
			keys++
			if time.Until(r.Expires) < state.DedupTTL {
				t.Errorf("the key is kept until %v, want the dedup time from now", r.Expires)
			}
		}
	}
	if st, err := s.Stats(t.Context()); err != nil || st.Entries != 1 || keys != 1 {
		t.Errorf("Stats = %+v, %v with %d keys, want one entry with one key", st, err, keys)
	}
}
