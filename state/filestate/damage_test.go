package filestate

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	bolt "go.etcd.io/bbolt"

	"github.com/linearbot/linearbot/state"
)

// furnished returns the file of a closed store with a bit of everything.
func furnished(t *testing.T) []byte {
	t.Helper()
	dir := t.TempDir()
	s := openTest(t, dir, Options{NoSync: true})
	for i := range 40 {
		put(t, s, entry("a", strconv.Itoa(i)))
		put(t, s, entry("lane "+strconv.Itoa(i), strconv.Itoa(i)))
	}
	l := leaseOne(t, s, 3)
	if err := errors.Join(
		s.Settle(t.Context(), l, state.Settlement{Verdicts: []state.Verdict{state.Bury("0", state.Cause{Code: "c"})}}),
		s.Set(t.Context(), state.Key{Kind: "v", ID: "v"}, []byte("value"), 0),
		s.WriteNotes(t.Context(), laneOf("a"), state.NoteWrite{Name: "n", Value: []byte("note"), TTL: time.Hour}),
		s.Subscribe(t.Context(), laneOf("a")),
		s.Close(),
	); err != nil {
		t.Fatal(err)
	}
	return readFile(t, dir)
}

func readFile(t *testing.T, dir string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, fileName))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// dirWith returns a directory whose file has these bytes, as a crash left it.
func dirWith(t *testing.T, b []byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, b := range map[string][]byte{fileName: b, pidName: []byte("1\n")} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// editBolt changes a file behind the store's back.
func editBolt(t *testing.T, dir string, f func(tx *bolt.Tx) error) {
	t.Helper()
	db, err := bolt.Open(filepath.Join(dir, fileName), 0o600, &bolt.Options{Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(f), db.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	whole := furnished(t)
	flip := func(at, n int) []byte {
		b := bytes.Clone(whole)
		for i := range n {
			b[at+i] ^= 0xff
		}
		return b
	}
	for _, c := range []struct {
		name string
		dir  func(t *testing.T) string
		want string
	}{
		{"half of it", func(t *testing.T) string { t.Helper(); return dirWith(t, whole[:len(whole)/2]) }, "missing at the end"},
		{"a bit of it", func(t *testing.T) string { t.Helper(); return dirWith(t, whole[:100]) }, "not a linearbot store"},
		{"two pages of it", func(t *testing.T) string { t.Helper(); return dirWith(t, whole[:2*pageSize]) }, "missing at the end"},
		{"text", func(t *testing.T) string {
			t.Helper()
			return dirWith(t, []byte(strings.Repeat("hello\n", 10_000)))
		}, "not a linearbot store"},
		{"no header", func(t *testing.T) string { t.Helper(); return dirWith(t, flip(0, 2*pageSize)) }, "not a linearbot store"},
		{"no pages", func(t *testing.T) string { t.Helper(); return dirWith(t, flip(2*pageSize, len(whole)-2*pageSize)) }, "is damaged"},
		{"another program", func(t *testing.T) string {
			t.Helper()
			dir := t.TempDir()
			editBolt(t, dir, func(tx *bolt.Tx) error {
				_, err := tx.CreateBucket([]byte("users"))
				return err
			})
			return dir
		}, "belongs to another program"},
		{"a newer linearbot", func(t *testing.T) string {
			t.Helper()
			dir := dirWith(t, whole)
			editBolt(t, dir, func(tx *bolt.Tx) error {
				return tx.Bucket([]byte(bucketMeta)).Put([]byte(keyFormat), number(7))
			})
			return dir
		}, "has format 7 and this linearbot reads 2: use the newer linearbot"},
		{"an older linearbot", func(t *testing.T) string {
			t.Helper()
			dir := dirWith(t, whole)
			editBolt(t, dir, func(tx *bolt.Tx) error {
				return tx.Bucket([]byte(bucketMeta)).Put([]byte(keyFormat), number(1))
			})
			return dir
		}, "has format 1 and this linearbot reads 2: export it with the older linearbot"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := c.dir(t)
			before := readFile(t, dir)
			s, err := Open(dir)
			if err == nil {
				t.Fatal(s.Close())
			}
			if !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), fileName) {
				t.Errorf("Open = %v, want %q", err, c.want)
			}
			if errors.Is(err, state.ErrUnavailable) {
				t.Errorf("Open = %v, which says that a retry may help", err)
			}
			if !bytes.Equal(before, readFile(t, dir)) {
				t.Error("the file was changed")
			}
			// The lock was given back.
			if _, again := Open(dir); errors.Is(again, state.ErrLocked) {
				t.Errorf("Open again = %v", again)
			}
		})
	}
}

// TestFlips opens files with a few random bytes changed. Open or later calls
// may fail, but nothing panics and nothing hangs.
func TestFlips(t *testing.T) {
	t.Parallel()
	whole := furnished(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	refused := 0
	for range 60 {
		b := bytes.Clone(whole)
		for range 1 + rnd.IntN(8) {
			at := rnd.IntN(len(b))
			if rnd.IntN(2) == 0 {
				at = at/pageSize*pageSize + rnd.IntN(80) // where a page says what is in it
			}
			b[at] ^= byte(1 + rnd.IntN(255))
		}
		s, err := OpenOptions(dirWith(t, b), Options{NoSync: true})
		if err != nil {
			refused++
			continue
		}
		st, err := s.Stats(t.Context())
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		for n := 0; err == nil && n < st.Entries; n++ {
			ls, err := s.Lease(ctx, state.LeaseRequest{TTL: time.Minute})
			if err != nil {
				break
			}
			if err = s.Settle(t.Context(), ls[0], state.Settlement{Verdicts: []state.Verdict{state.Ack(ls[0].Entries[0].ID)}}); err != nil {
				break
			}
			if st, err = s.Stats(t.Context()); err != nil || st.Entries == 0 {
				break
			}
		}
		for _, err := range s.Dead(t.Context()) {
			_ = err // only that it comes to an end is of interest
		}
		for _, err := range s.Export(t.Context()) {
			_ = err
		}
		if err := s.Close(); err != nil {
			t.Logf("Close: %v", err)
		}
	}
	t.Logf("%d of 60 were refused", refused)
}

func TestDamagedEntries(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openTest(t, dir, Options{})
	for _, id := range []string{"1", "2", "3", "4"} {
		put(t, s, entry("a", id))
	}
	put(t, s, entry("b", "5"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	editBolt(t, dir, func(tx *bolt.Tx) error {
		in := tx.Bucket([]byte(bucketEntries))
		edit := func(record uint64, f func(v []byte) []byte) error {
			return in.Put(number(record), f(bytes.Clone(in.Get(number(record)))))
		}
		return errors.Join(
			edit(1, func(v []byte) []byte { v[len(v)-1] ^= 1; return v }), // body
			edit(2, func(v []byte) []byte { v[12] ^= 1; return v }),       // header
			edit(5, func([]byte) []byte { return []byte("?") }),
		)
	})
	s = openTest(t, dir, Options{})
	l := leaseOne(t, s, 4)
	if diff := cmp.Diff([]string{"3", "4"}, ids(l)); diff != "" {
		t.Errorf("leased (-want +got):\n%s", diff)
	}
	got := map[state.Key][]string{}
	for _, d := range deadOf(t, s) {
		if d.Cause.Code != undecodable || d.Cause.Message == "" || len(d.Body) == 0 {
			t.Errorf("dead letter %+v", d)
		}
		got[d.Lane] = append(got[d.Lane], d.ID)
	}
	lost := state.Key{Kind: undecodable, ID: bucketEntries}
	want := map[state.Key][]string{
		laneOf("a"): {"1"},
		lost:        {"entries-0000000000000002", "entries-0000000000000005"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("dead letters (-want +got):\n%s", diff)
	}
	if st, err := s.Stats(t.Context()); err != nil || st != (state.Stats{Lanes: 1, Entries: 2, Leased: 1, Dead: 3}) {
		t.Errorf("Stats = %+v, %v", st, err)
	}
	if err := s.Purge(t.Context(), lost, "entries-0000000000000002"); err != nil {
		t.Errorf("Purge: %v", err)
	}
	if err := s.Requeue(t.Context(), laneOf("a"), "1"); err != nil {
		t.Errorf("Requeue: %v", err)
	}
}

// TestDamageWhileOpen damages an entry after the store was opened.
func TestDamageWhileOpen(t *testing.T) {
	t.Parallel()
	s := openTest(t, t.TempDir(), Options{})
	put(t, s, entry("a", "1"))
	put(t, s, entry("a", "2"))
	put(t, s, entry("b", "3"))
	tamper := &tamperOp{call: newCall(0), f: func(b *batch) error {
		return errors.Join(
			b.put(b.bucket(bucketEntries), number(1), []byte("garbage")),
			b.put(b.bucket(bucketEntries), number(3), nil),
		)
	}}
	if err := s.do(t.Context(), tamper); err != nil {
		t.Fatal(err)
	}
	if got := ids(leaseOne(t, s, 1)); got[0] != "2" {
		t.Fatalf("leased %v", got)
	}
	if got := deadOf(t, s); len(got) != 2 || got[0].Lane == got[1].Lane {
		t.Fatalf("dead letters %+v", got)
	}
}

// TestCutOffWhileOpen cuts the file off under an open store. Calls fail and return, and so
// does Close.
func TestCutOffWhileOpen(t *testing.T) {
	t.Parallel()
	for _, size := range []int64{0, 4096, 20_000} {
		t.Run(strconv.FormatInt(size, 10), func(t *testing.T) {
			t.Parallel()
			s, err := OpenOptions(t.TempDir(), Options{})
			if err != nil {
				t.Fatal(err)
			}
			for i := range 100 {
				put(t, s, entry("a", strconv.Itoa(i)))
			}
			key := state.Key{Workspace: "W", Kind: "value", ID: "x"}
			if err := os.Truncate(filepath.Join(s.dir, fileName), size); err != nil {
				t.Fatal(err)
			}
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				ctx := t.Context()
				_, taken := s.Enqueue(ctx, entry("b", "1"))
				_, read := s.Get(ctx, key)
				_, noted := s.Notes(ctx, key)
				_, leased := s.Lease(ctx, state.LeaseRequest{TTL: time.Minute})
				for _, err := range []error{taken, read, noted, leased, s.Ping(ctx)} {
					if !errors.Is(err, state.ErrUnavailable) {
						t.Errorf("a call on what is left of the file: %v, want ErrUnavailable", err)
					}
				}
				_ = s.Close() // it may complain
			}()
			select {
			case <-ended:
			case <-time.After(20 * time.Second):
				t.Fatal("a call does not return")
			}
		})
	}
}

// tamperOp writes whatever a test wants.
type tamperOp struct {
	call

	f func(b *batch) error
}

func (o *tamperOp) stage(b *batch) error { return o.f(b) }

func TestDamagedElsewhere(t *testing.T) {
	t.Parallel()
	dir := dirWith(t, furnished(t))
	spoil := func(in *bolt.Bucket) error {
		return in.ForEach(func(k, v []byte) error {
			if v == nil {
				return nil
			}
			v = bytes.Clone(v)
			v[len(v)-1] ^= 1
			return in.Put(k, v)
		})
	}
	editBolt(t, dir, func(tx *bolt.Tx) error {
		dd := tx.Bucket([]byte(bucketDedup))
		slot, _ := dd.Cursor().First()
		return errors.Join(
			spoil(tx.Bucket([]byte(bucketValues))),
			spoil(dd.Bucket(slot)),
			spoil(tx.Bucket([]byte(bucketDead))),
			spoil(tx.Bucket([]byte(bucketMarks))),
		)
	})
	s := openTest(t, dir, Options{})
	if v, err := s.Get(t.Context(), state.Key{Kind: "v", ID: "v"}); err == nil || errors.Is(err, state.ErrNotFound) {
		t.Errorf("Get = %q, %v", v, err)
	}
	if err := s.Set(t.Context(), state.Key{Kind: "v", ID: "v"}, []byte("new"), 0); err != nil {
		t.Errorf("Set: %v", err)
	}
	if v, err := s.Get(t.Context(), state.Key{Kind: "v", ID: "v"}); string(v) != "new" {
		t.Errorf("Get = %q, %v", v, err)
	}
	// The key logs became dead letters, and the dead letter shows as one.
	kinds := map[string]int{}
	for _, d := range deadOf(t, s) {
		kinds[d.Lane.Kind+" "+d.Lane.ID]++
		if d.Lane.ID == bucketDead {
			if err := s.Purge(t.Context(), d.Lane, d.ID); err != nil {
				t.Errorf("Purge(%q): %v", d.ID, err)
			}
		}
	}
	if kinds["undecodable dedup"] != 80 || kinds["undecodable dead"] != 1 || len(kinds) != 2 {
		t.Errorf("dead letters: %v", kinds)
	}
	if st, err := s.Stats(t.Context()); err != nil || st.Dead != 80 || st.Entries != 79 {
		t.Errorf("Stats = %+v, %v", st, err)
	}
}

// TestDamageAndFullDisk has an entry that cannot be moved to the dead letters.
func TestDamageAndFullDisk(t *testing.T) {
	t.Parallel()
	s, f := openFailing(t)
	put(t, s, entry("a", "1"))
	put(t, s, entry("a", "2"))
	put(t, s, entry("b", "3"))
	o := &tamperOp{call: newCall(0), f: func(b *batch) error {
		return b.put(b.bucket(bucketEntries), number(1), []byte("garbage"))
	}}
	if err := s.do(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	f.set(errors.New("no space left on device"), false)
	if got := ids(leaseOne(t, s, 1)); got[0] != "3" {
		t.Errorf("leased %v, want what is not damaged", got)
	}
	f.set(nil, false)
	l := leaseOne(t, s, 1)
	if l.Entries[0].ID != "2" || l.Entries[0].Attempt != 1 {
		t.Errorf("leased %+v", l.Entries)
	}
	if got := deadOf(t, s); len(got) != 1 || got[0].Cause.Code != undecodable {
		t.Errorf("dead letters %+v", got)
	}
}

// TestPageLoops damages what pages say about themselves in ways that would have
// bbolt run in circles or take all memory.
func TestPageLoops(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fill(t, dir, 200)
	whole := readFile(t, dir)
	// pages edits all pages of a kind that are in use or were.
	pages := func(b []byte, flag uint16, edit func(p []byte, id uint64)) []byte {
		b = bytes.Clone(b)
		for id := uint64(2); int(id+1)*pageSize <= len(b); id++ {
			p := b[int(id)*pageSize:][:pageSize]
			if binary.NativeEndian.Uint16(p[8:]) == flag && binary.NativeEndian.Uint64(p) == id {
				edit(p, id)
			}
		}
		return b
	}
	for _, c := range []struct {
		name string
		flag uint16
		edit func(p []byte, id uint64)
		want string
	}{
		{"circle", flagBranch, func(p []byte, id uint64) { binary.NativeEndian.PutUint64(p[pageHeader+8:], id) }, "used twice"},
		{"far child", flagBranch, func(p []byte, _ uint64) { binary.NativeEndian.PutUint64(p[pageHeader+8:], 1<<60) }, "does not exist"},
		{"no children", flagBranch, func(p []byte, _ uint64) { binary.NativeEndian.PutUint16(p[10:], 0) }, "no children"},
		{"huge overflow", flagLeaf, func(p []byte, _ uint64) { binary.NativeEndian.PutUint32(p[12:], 1<<32-1) }, "does not exist"},
		{"many elements", flagLeaf, func(p []byte, _ uint64) { binary.NativeEndian.PutUint16(p[10:], 1<<16-1) }, "too many elements"},
		{"huge value", flagLeaf, func(p []byte, _ uint64) { binary.NativeEndian.PutUint32(p[pageHeader+12:], 1<<31) }, "outside of it"},
		{"other page", flagLeaf, func(p []byte, id uint64) { binary.NativeEndian.PutUint64(p, id+1) }, "not what it should be"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, err := Open(dirWith(t, pages(whole, c.flag, c.edit)))
			if err == nil {
				t.Fatal(s.Close())
			}
			if !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "is damaged") {
				t.Errorf("Open = %v, want %q", err, c.want)
			}
		})
	}
}

// TestDamagedNotes hands the lane out without them, and keeps their bytes as a
// dead letter when they are written again.
func TestDamagedNotes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openTest(t, dir, Options{NoSync: true})
	note := func(v string) state.NoteWrite { return state.NoteWrite{Name: "n", Value: []byte(v), TTL: time.Hour} }
	if err := s.WriteNotes(t.Context(), laneOf("a"), note("old")); err != nil {
		t.Fatal(err)
	}
	put(t, s, entry("a", "1"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	editBolt(t, dir, func(tx *bolt.Tx) error {
		in, key := tx.Bucket([]byte(bucketNotes)), name(laneOf("a").String())
		v := bytes.Clone(in.Get(key))
		v[len(v)-1] ^= 1
		return in.Put(key, v)
	})
	s = openTest(t, dir, Options{NoSync: true})
	if _, err := s.Notes(t.Context(), laneOf("a")); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("Notes: %v, want an error that says damaged", err)
	}
	l := leaseOne(t, s, 1)
	if l.Notes.Values != nil {
		t.Errorf("the lease brings %q", l.Notes.Values)
	}
	how := state.Settlement{Verdicts: []state.Verdict{state.Ack("1")}, Notes: []state.NoteWrite{note("new")}}
	if err := s.Settle(t.Context(), l, how); err != nil {
		t.Fatal(err)
	}
	if set, err := s.Notes(t.Context(), laneOf("a")); err != nil || string(set.Values["n"]) != "new" {
		t.Errorf("Notes = %q, %v", set.Values, err)
	}
	if d := deadOf(t, s); len(d) != 1 || d[0].Cause.Code != undecodable || !bytes.Contains(d[0].Body, []byte("ol")) {
		t.Errorf("dead letters are %+v", d)
	}
	if st, err := s.Stats(t.Context()); err != nil || st.Dead != 1 {
		t.Errorf("Stats = %+v, %v, want one dead letter", st, err)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	whole := furnished(t)
	if err := Check(t.Context(), dirWith(t, whole)); err != nil {
		t.Errorf("Check of a whole store: %v", err)
	}
	edited := func(bucket string, edit func(v []byte)) string {
		dir := dirWith(t, whole)
		editBolt(t, dir, func(tx *bolt.Tx) error {
			k, v := tx.Bucket([]byte(bucket)).Cursor().First()
			v = bytes.Clone(v)
			edit(v)
			return tx.Bucket([]byte(bucket)).Put(bytes.Clone(k), v)
		})
		return dir
	}
	last := func(v []byte) { v[len(v)-1] ^= 1 }
	for bucket, want := range map[string]string{
		bucketEntries: "1 in entries", bucketDead: "1 in dead", bucketValues: "1 in values", bucketNotes: "1 in notes",
	} {
		err := Check(t.Context(), edited(bucket, last))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "open the store") {
			t.Errorf("Check with a damaged record: %v, want %q", err, want)
		}
	}
	torn := bytes.Clone(whole)
	for i := 2 * pageSize; i < len(torn); i++ {
		torn[i] ^= 0xff
	}
	if err := Check(t.Context(), dirWith(t, torn)); err == nil || !strings.Contains(err.Error(), "is damaged") {
		t.Errorf("Check of damaged pages: %v", err)
	}
	if err := Check(t.Context(), t.TempDir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Check of an empty directory: %v", err)
	}
	dir := t.TempDir()
	openTest(t, dir, Options{NoSync: true})
	if err := Check(t.Context(), dir); !errors.Is(err, state.ErrLocked) {
		t.Errorf("Check of a store in use: %v, want %v", err, state.ErrLocked)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Check(ctx, dirWith(t, whole)); !errors.Is(err, context.Canceled) {
		t.Errorf("Check with a context that has ended: %v", err)
	}
}

// TestWholeWhileGrowing has readers look at a file that the writer lets grow.
func TestWholeWhileGrowing(t *testing.T) {
	t.Parallel()
	handle, err := os.Create(filepath.Join(t.TempDir(), fileName))
	if err != nil {
		t.Fatal(err)
	}
	defer handle.Close()
	f := &file{handle: handle}
	var cutOff atomic.Int64
	var readers sync.WaitGroup
	grown := make(chan struct{})
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-grown:
					return
				default:
					if !f.whole() {
						cutOff.Add(1)
					}
				}
			}
		})
	}
	for size := range int64(20_000) {
		if err := handle.Truncate(size); err != nil {
			t.Error(err)
			break
		}
		if !f.whole() {
			cutOff.Add(1)
		}
	}
	close(grown)
	readers.Wait()
	if n := cutOff.Load(); n > 0 {
		t.Errorf("a file that grows was seen as cut off %d times", n)
	}
	if err := handle.Truncate(100); err != nil {
		t.Fatal(err)
	}
	if f.whole() {
		t.Error("a file that was cut off counts as whole")
	}
}
