package filestate

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/linearbot/linearbot/state"
)

// inBubble runs f with a store in a bubble of fake time.
func inBubble(t *testing.T, opts Options, f func(t *testing.T, s *Store)) {
	t.Helper()
	opts.NoSync = true
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s, err := OpenOptions(dir, opts)
		if err != nil {
			t.Fatal(err)
		}
		f(t, s)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

func outcome(t *testing.T, s *Store, id string, keys ...string) state.Outcome {
	t.Helper()
	e := entry("a", id)
	e.Keys = keys
	r, err := s.Enqueue(t.Context(), e)
	if err != nil {
		t.Fatalf("Enqueue(%q): %v", id, err)
	}
	return r.Outcome
}

func TestDedupExpiry(t *testing.T) {
	t.Parallel()
	inBubble(t, Options{}, func(t *testing.T, s *Store) {
		for i := range 30 {
			if got := outcome(t, s, fmt.Sprint("first", i), fmt.Sprint("k", i)); got != state.OutcomeAdded {
				t.Fatalf("key %d is %v", i, got)
			}
			time.Sleep(10 * time.Minute)
		}
		// 5 hours have passed; the first key is 5 hours old.
		time.Sleep(19*time.Hour - time.Minute)
		if got := outcome(t, s, "again", "k0"); got != state.OutcomeDuplicate {
			t.Errorf("a key one minute younger than the ttl is %v", got)
		}
		if n, m := slotCounts(t, s); n != m || n < 4 || n > 26 {
			t.Errorf("%d buckets and %d sets", n, m)
		}
		time.Sleep(time.Hour + 2*time.Minute)
		if got := outcome(t, s, "again", "k0"); got != state.OutcomeAdded {
			t.Errorf("a key an hour older than the ttl is %v", got)
		}
		if got := outcome(t, s, "again2", "k29"); got != state.OutcomeDuplicate {
			t.Errorf("a younger key is %v", got)
		}
		time.Sleep(26 * time.Hour)
		if n, m := slotCounts(t, s); n != 0 || m != 0 {
			t.Errorf("%d buckets and %d sets are left", n, m)
		}
	})
}

// slotCounts counts the slots in the file and those in memory.
func slotCounts(t *testing.T, s *Store) (stored, loaded int) {
	t.Helper()
	o := &tamperOp{call: newCall(0), f: func(b *batch) error {
		loaded = len(b.s.dedup.slots)
		return b.bucket(bucketDedup).ForEachBucket(func([]byte) error { stored++; return nil })
	}}
	if err := s.do(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	return stored, loaded
}

func TestDedupTTL(t *testing.T) {
	t.Parallel()
	inBubble(t, Options{DedupTTL: 48 * time.Hour}, func(t *testing.T, s *Store) {
		outcome(t, s, "1")
		time.Sleep(47 * time.Hour)
		if got := outcome(t, s, "1"); got != state.OutcomeDuplicate {
			t.Errorf("after 47 of 48 hours: %v", got)
		}
		time.Sleep(4 * time.Hour)
		if got := outcome(t, s, "1"); got != state.OutcomeAdded {
			t.Errorf("after 51 of 48 hours: %v", got)
		}
	})
}

func TestDedupAfterReopen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		for round := range 4 {
			// The ttl may change between two lives of a store.
			s, err := OpenOptions(dir, Options{NoSync: true, DedupTTL: time.Duration(24+round) * time.Hour})
			if err != nil {
				t.Fatal(err)
			}
			want := state.OutcomeDuplicate
			if round == 0 || round == 3 {
				want = state.OutcomeAdded
			}
			if got := outcome(t, s, "1"); got != want {
				t.Errorf("after %d times 13 hours: %v, want %v", round, got, want)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(12 * time.Hour)
		}
	})
}

// TestDedupMemory bounds what a remembered key costs.
func TestDedupMemory(t *testing.T) { //nolint:paralleltest // it measures the heap
	const n = 200_000
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	d := newDedup(state.DedupTTL)
	for i := range n {
		d.add(int64(i%24), digestOf(laneOf("a"), fmt.Sprint(i)))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	per := float64(after.HeapAlloc-before.HeapAlloc) / n
	t.Logf("%.1f bytes per key", per)
	if per > 64 {
		t.Errorf("%.1f bytes per key, want at most 64", per)
	}
	runtime.KeepAlive(d)
}

func TestSweep(t *testing.T) {
	t.Parallel()
	inBubble(t, Options{}, func(t *testing.T, s *Store) {
		key := func(i int) state.Key { return state.Key{Kind: "k", ID: fmt.Sprint(i)} }
		for i := range 3 * sweepKeys / 2 {
			ttl := time.Duration(0)
			if i%3 != 0 {
				ttl = 90 * time.Second
			}
			if err := s.Set(t.Context(), key(i), []byte("v"), ttl); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 3 {
			n := state.NoteWrite{Name: "n", Value: []byte("v"), TTL: time.Hour}
			brief := state.NoteWrite{Name: "brief", Value: []byte("v"), TTL: 90 * time.Second}
			writes := []state.NoteWrite{brief}
			if i == 0 {
				writes = append(writes, n)
			}
			if err := s.WriteNotes(t.Context(), key(i), writes...); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(10 * time.Minute)
		err := s.view(t.Context(), func(tx *bolt.Tx) error {
			if n, want := tx.Bucket([]byte(bucketValues)).Stats().KeyN, sweepKeys/2; n != want {
				t.Errorf("%d values are left, want %d", n, want)
			}
			if n := tx.Bucket([]byte(bucketNotes)).Stats().KeyN; n != 1 {
				t.Errorf("%d threads with notes are left, want 1", n)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestCompaction(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fill(t, dir, 2000)
	s := openTest(t, dir, Options{NoSync: true})
	for left := 2000; left > 0; {
		ls, err := s.Lease(t.Context(), state.LeaseRequest{TTL: time.Minute, Lanes: 100, Entries: 10})
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range ls {
			var vs []state.Verdict
			for _, e := range l.Entries {
				vs = append(vs, state.Ack(e.ID))
			}
			left -= len(vs)
			if err := s.Settle(t.Context(), l, state.Settlement{Verdicts: vs}); err != nil {
				t.Fatal(err)
			}
		}
	}
	put(t, s, entry("a", "kept"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	before := len(readFile(t, dir))
	temp := filepath.Join(dir, tempName)
	if err := os.WriteFile(temp, []byte("left over"), 0o600); err != nil {
		t.Fatal(err)
	}

	// Not above the limit, and never.
	for _, above := range []int64{0, -1} {
		s = openTest(t, dir, Options{NoSync: true, CompactAbove: above})
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if n := len(readFile(t, dir)); n < before {
			t.Fatalf("CompactAbove %d: the file shrank from %d to %d", above, before, n)
		}
		if _, err := os.Stat(temp); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the file of an interrupted compaction is still there: %v", err)
		}
	}

	s = openTest(t, dir, Options{CompactAbove: 1 << 20})
	if n := len(readFile(t, dir)); n > before/4 {
		t.Errorf("the file has %d bytes, after %d", n, before)
	}
	// The new file is the one that is used and locked.
	if _, err := Open(dir); !errors.Is(err, state.ErrLocked) {
		t.Errorf("second Open = %v", err)
	}
	put(t, s, entry("a", "new"))
	if got := outcome(t, s, "kept"); got != state.OutcomeDuplicate {
		t.Errorf("a key from before is %v", got)
	}
	s = openTest(t, crash(t, s), Options{})
	if got := ids(leaseOne(t, s, 9)); len(got) != 2 || got[0] != "kept" || got[1] != "new" {
		t.Errorf("leased %v", got)
	}
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a", "b")
	s := openTest(t, dir, Options{})
	for _, c := range []struct {
		path string
		want os.FileMode
	}{{dir, 0o700 | os.ModeDir}, {filepath.Join(dir, fileName), 0o600}, {filepath.Join(dir, pidName), 0o600}} {
		info, err := os.Stat(c.path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != c.want {
			t.Errorf("%s has mode %v, want %v", c.path, info.Mode(), c.want)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, pidName)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the pid file is left: %v", err)
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	for _, o := range []Options{{DedupTTL: -1}, {MaxEntries: -1}} {
		if _, err := OpenOptions(t.TempDir(), o); !errors.Is(err, state.ErrInvalid) {
			t.Errorf("OpenOptions(%+v) = %v", o, err)
		}
	}
	if _, err := Open(""); !errors.Is(err, state.ErrInvalid) {
		t.Errorf("Open of no directory = %v", err)
	}
	file := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := Open(file); err == nil {
		t.Error("Open of a file succeeded", s.Close())
	}
}

func TestMaxEntries(t *testing.T) {
	t.Parallel()
	s := openTest(t, t.TempDir(), Options{MaxEntries: 2})
	put(t, s, entry("a", "1"))
	late := entry("b", "2")
	late.Delay = time.Hour
	put(t, s, late)
	if _, err := s.Enqueue(t.Context(), entry("c", "3")); !errors.Is(err, state.ErrFull) {
		t.Fatalf("Enqueue above the limit = %v", err)
	}
	if got := outcome(t, s, "1"); got != state.OutcomeDuplicate {
		t.Errorf("a duplicate in a full store is %v", got)
	}
	l := leaseOne(t, s, 1)
	if err := s.Settle(t.Context(), l, state.Settlement{Verdicts: []state.Verdict{state.Bury("1", state.Cause{})}}); err != nil {
		t.Fatal(err)
	}
	put(t, s, entry("c", "3"))
}

func TestDeadLimits(t *testing.T) {
	t.Parallel()
	inBubble(t, Options{MaxDead: 3, DeadTTL: time.Hour}, func(t *testing.T, s *Store) {
		check := func(dropped int, want ...string) {
			t.Helper()
			var got []string
			for _, d := range deadOf(t, s) {
				got = append(got, d.ID)
			}
			slices.Sort(got)
			st, err := s.Stats(t.Context())
			if err != nil || !slices.Equal(got, want) || st.Dead != len(want) || st.Dropped != dropped {
				t.Errorf("dead letters are %v, %+v, %v, want %v and %d dropped", got, st, err, want, dropped)
			}
			// What the file says is the same.
			l := newLoader(state.DedupTTL, time.Now())
			if err := s.view(t.Context(), l.load); err != nil || l.index.dead != len(want) || l.index.dropped != dropped {
				t.Errorf("the file has %d dead letters and %d dropped, %v", l.index.dead, l.index.dropped, err)
			}
		}
		bury := func() {
			t.Helper()
			l := leaseOne(t, s, 1)
			how := state.Settlement{Verdicts: []state.Verdict{state.Bury(l.Entries[0].ID, state.Cause{})}}
			if err := s.Settle(t.Context(), l, how); err != nil {
				t.Fatal(err)
			}
		}
		for _, id := range []string{"1", "2", "3", "4", "5"} {
			put(t, s, entry(id, id))
			bury()
			time.Sleep(10 * time.Minute)
		}
		check(2, "3", "4", "5")
		if err := s.Requeue(t.Context(), laneOf("4"), "4"); err != nil {
			t.Fatal(err)
		}
		check(2, "3", "5")
		time.Sleep(33 * time.Minute)
		check(3, "5")
		bury()
		check(3, "4", "5")
		if err := s.Purge(t.Context(), laneOf("5"), "5"); err != nil {
			t.Fatal(err)
		}
		check(3, "4")
		time.Sleep(2 * time.Hour)
		check(4)
		err := s.view(t.Context(), func(tx *bolt.Tx) error {
			if n := tx.Bucket([]byte(bucketBuried)).Stats().KeyN; n != 0 {
				t.Errorf("the order has %d entries, want none", n)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
