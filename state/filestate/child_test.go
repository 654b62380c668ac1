//go:build linux || darwin

package filestate

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/linearbot/linearbot/state"
)

// The parts that a child process can play. Each uses the directory in
// childDirEnv and tells on its standard output what it did.
const (
	childDirEnv   = "FILESTATE_TEST_DIR"
	childFirstEnv = "FILESTATE_TEST_FIRST"

	partLoad   = "load"   // enqueues and works until it is killed
	partHold   = "hold"   // opens the store and waits
	partTry    = "try"    // tries to open the store
	partPoison = "poison" // leases an entry and dies
	partFull   = "full"   // works with a limit on the size of files
)

// child plays a part and returns the exit code.
func child(part string) int {
	ctx := context.Background()
	dir := os.Getenv(childDirEnv)
	start := time.Now()
	s, err := Open(dir)
	if part == partTry {
		fmt.Fprintln(os.Stdout, errors.Is(err, state.ErrLocked), time.Since(start) < 2*time.Second, err)
		return 0
	}
	if err == nil {
		switch part {
		case partLoad:
			err = childLoad(ctx, s)
		case partHold:
			fmt.Fprintln(os.Stdout, "open")
			_, err = io.ReadAll(os.Stdin)
		case partPoison:
			err = childPoison(ctx, s)
		case partFull:
			err = childFull(ctx, s)
		}
	}
	if err == nil {
		err = s.Close()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// childLoad appends numbered entries to a few lanes and works on them, and says
// so line by line: "e lane n" before an append and "E" after it, "s" before a
// settle and "S" after it.
func childLoad(ctx context.Context, s *Store) error {
	first, err := strconv.Atoi(os.Getenv(childFirstEnv))
	if err != nil {
		return err
	}
	var mu sync.Mutex
	say := func(what, lane, id string) {
		mu.Lock()
		defer mu.Unlock()
		_, _ = os.Stdout.WriteString(what + " " + lane + " " + id + "\n")
	}
	var wg sync.WaitGroup
	for w := range crashLanes {
		l := "l" + strconv.Itoa(w)
		wg.Go(func() {
			for i := first; ; i++ {
				id := strconv.Itoa(i)
				say("e", l, id)
				if _, err := s.Enqueue(ctx, entry(l, id)); err != nil {
					return
				}
				say("E", l, id)
			}
		})
	}
	for range 3 {
		wg.Go(func() {
			for {
				ls, err := s.Lease(ctx, state.LeaseRequest{TTL: time.Minute, Lanes: 2, Entries: 3})
				if err != nil {
					return
				}
				for _, l := range ls {
					// The last entry stays without a verdict, so that a
					// backlog grows.
					var vs []state.Verdict
					for _, e := range l.Entries[:len(l.Entries)/2] {
						say("s", l.Lane.ID, e.ID)
						vs = append(vs, state.Ack(e.ID))
					}
					if err := s.Settle(ctx, l, state.Settlement{Verdicts: vs}); err != nil {
						return
					}
					for _, v := range vs {
						say("S", l.Lane.ID, v.ID)
					}
				}
			}
		})
	}
	wg.Wait()
	return errors.New("the load ended")
}

func childPoison(ctx context.Context, s *Store) error {
	ls, err := s.Lease(ctx, state.LeaseRequest{TTL: time.Minute})
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stdout, "attempt", ls[0].Entries[0].Attempt)
	// What a turn does first takes a moment too: an attempt is counted with the
	// next commit, not by the lease itself. This process cannot see that commit, and
	// a write of its own would hide that none is needed.
	time.Sleep(100 * time.Millisecond)
	return syscall.Kill(os.Getpid(), syscall.SIGKILL)
}

// childFull fills a store whose file may not grow beyond a limit, and raises
// the limit.
func childFull(ctx context.Context, s *Store) error {
	limit := func(n uint64) error {
		var l syscall.Rlimit
		if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &l); err != nil {
			return err
		}
		l.Cur = min(n, l.Max)
		return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &l)
	}
	if err := limit(1 << 20); err != nil {
		return err
	}
	add := func(id string) error {
		e := entry("a", id)
		e.Body = make([]byte, 20_000)
		_, err := s.Enqueue(ctx, e)
		return err
	}
	stored := 0
	var err error
	for ; stored < 1000 && err == nil; stored++ {
		err = add(strconv.Itoa(stored))
	}
	stored-- // the last one failed
	if !errors.Is(err, state.ErrFull) {
		return fmt.Errorf("after %d entries: %w, want ErrFull", stored, err)
	}
	// Again, and together with one that fits.
	if err := add(strconv.Itoa(stored)); !errors.Is(err, state.ErrFull) {
		return fmt.Errorf("again: %w, want ErrFull", err)
	}
	if err := s.Ping(ctx); !errors.Is(err, state.ErrFull) {
		return fmt.Errorf("ping on a full disk: %w, want ErrFull", err)
	}
	if n := len(s.index.lanes[laneOf("a")].items); n != stored {
		return fmt.Errorf("%d entries in memory, want %d", n, stored)
	}
	ls, err := s.Lease(ctx, state.LeaseRequest{TTL: time.Minute, Entries: 3})
	if err != nil {
		return fmt.Errorf("lease on a full disk: %w", err)
	}
	if err := limit(1 << 40); err != nil {
		return err
	}
	if err := s.Settle(ctx, ls[0], state.Settlement{Verdicts: []state.Verdict{state.Ack("0"), state.Ack("1"), state.Ack("2")}}); err != nil {
		return fmt.Errorf("settle after the disk has room: %w", err)
	}
	if err := add(strconv.Itoa(stored)); err != nil {
		return fmt.Errorf("after the disk has room: %w", err)
	}
	for range 2 { // the first needs room, the second finds that there was some
		if err := s.Ping(ctx); err != nil {
			return fmt.Errorf("ping after the disk has room: %w", err)
		}
	}
	if s.tight.Load() {
		return errors.New("a disk with room counts as full")
	}
	fmt.Fprintln(os.Stdout, "stored", stored+1)
	return nil
}

// command starts this binary again to play a part.
func command(t *testing.T, part, dir string, env ...string) *exec.Cmd {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0])
	c.Env = append(os.Environ(), childEnv+"="+part, childDirEnv+"="+dir, "GORACE=atexit_sleep_ms=0")
	c.Env = append(c.Env, env...)
	c.Stderr = os.Stderr
	return c
}

// output runs a part to its end.
func output(t *testing.T, part, dir string) string {
	t.Helper()
	out, err := command(t, part, dir).Output()
	if err != nil {
		t.Fatalf("%s: %v", part, err)
	}
	return strings.TrimSpace(string(out))
}

func TestSecondProcessIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := command(t, partHold, dir)
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "open\n" {
		t.Fatalf("the first process says %q, %v", line, err)
	}
	_, err = Open(dir)
	if !errors.Is(err, state.ErrLocked) {
		t.Fatalf("Open = %v, want ErrLocked", err)
	}
	if want := fmt.Sprintf("in use by process %d", c.Process.Pid); !strings.HasSuffix(err.Error(), want) {
		t.Errorf("error %q does not name %s", err, want)
	}
	if err := errors.Join(in.Close(), c.Wait()); err != nil {
		t.Fatal(err)
	}

	openTest(t, dir, Options{})
	got := output(t, partTry, dir)
	if want := fmt.Sprintf("%t %[1]t filestate: %s is in use by process %d", true, dir, os.Getpid()); !strings.HasPrefix(got, want) {
		t.Errorf("the second process says %q, want %q…", got, want)
	}
	if _, err := Open(dir); !errors.Is(err, state.ErrLocked) || !strings.Contains(err.Error(), "this one") {
		t.Errorf("second Open in one process = %v", err)
	}
}

func TestPoisonIsCounted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openTest(t, dir, Options{})
	put(t, s, entry("a", "1"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for want := 1; want <= 3; want++ {
		out, err := command(t, partPoison, dir).Output()
		if err == nil {
			t.Fatal("the process did not die")
		}
		if got := strings.TrimSpace(string(out)); got != fmt.Sprint("attempt ", want) {
			t.Fatalf("process %d says %q", want, got)
		}
	}
	if got := leaseOne(t, openTest(t, dir, Options{}), 1).Entries[0].Attempt; got != 4 {
		t.Errorf("attempt is %d, want 4", got)
	}
}

func TestDiskFull(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	got := output(t, partFull, dir)
	s := openTest(t, dir, Options{})
	stored, err := strconv.Atoi(strings.TrimPrefix(got, "stored "))
	if err != nil || stored < 10 {
		t.Fatalf("the process says %q", got)
	}
	l := leaseOne(t, s, stored)
	if len(l.Entries) != stored-3 {
		t.Fatalf("%d entries are left, want %d", len(l.Entries), stored-3)
	}
	for i, e := range l.Entries {
		if e.ID != strconv.Itoa(i+3) {
			t.Fatalf("entry %d is %q", i, e.ID)
		}
	}
}
