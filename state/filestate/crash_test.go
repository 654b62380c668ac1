//go:build linux || darwin

package filestate

import (
	"bufio"
	"errors"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/linearbot/linearbot/state"
)

const (
	crashLanes  = 4
	crashRounds = 5
)

// heard is what a killed process said about one entry.
type heard struct{ appending, stored, settling, settled bool }

// TestKill kills a working process at random moments and checks that what it
// said was stored is there once and in order, and that what it said was done
// is gone.
func TestKill(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	dir := t.TempDir()
	all := map[string]map[int]*heard{}
	for w := range crashLanes {
		all["l"+strconv.Itoa(w)] = map[int]*heard{}
	}
	for round := range crashRounds {
		// The numbers of a round are greater than those before.
		c := command(t, partLoad, dir, childFirstEnv+"="+strconv.Itoa(round*1_000_000))
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		r := bufio.NewReader(out)
		line, err := r.ReadString('\n') // it works
		kill := time.AfterFunc(time.Duration(20+rnd.IntN(250))*time.Millisecond, func() { _ = c.Process.Kill() })
		n := 0
		for ; err == nil; line, err = r.ReadString('\n') {
			hear(t, all, line)
			n++
		}
		if !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		_ = c.Wait() // it was killed
		kill.Stop()
		if n == 0 {
			t.Fatal("the process did nothing")
		}
		examine(t, dir, all)
	}
}

func hear(t *testing.T, all map[string]map[int]*heard, line string) {
	t.Helper()
	f := strings.Fields(line)
	if len(f) != 3 || !strings.HasSuffix(line, "\n") {
		return // the last line was cut off
	}
	n, err := strconv.Atoi(f[2])
	if err != nil {
		t.Fatalf("line %q", line)
	}
	h := all[f[1]][n]
	if h == nil {
		h = &heard{}
		all[f[1]][n] = h
	}
	switch f[0] {
	case "e":
		h.appending = true
	case "E":
		h.stored = true
	case "s":
		h.settling = true
	case "S":
		h.settled = true
	}
}

// examine compares the store in dir with what was heard.
func examine(t *testing.T, dir string, all map[string]map[int]*heard) {
	t.Helper()
	s := openTest(t, dir, Options{})
	have := map[string][]int{}
	for r, err := range s.Export(t.Context()) {
		if err != nil {
			t.Fatalf("Export: %v", err)
		}
		switch r.Kind {
		case state.RecordEntry:
			n, err := strconv.Atoi(r.Entry.ID)
			if err != nil || string(r.Entry.Body) != "body of "+r.Entry.ID {
				t.Fatalf("entry %+v", r.Entry)
			}
			have[r.Entry.Lane.ID] = append(have[r.Entry.Lane.ID], n)
		case state.RecordDead, state.RecordDelayed:
			t.Fatalf("unexpected record %+v", r)
		default:
		}
	}
	stored, left := 0, 0
	for l, told := range all {
		there := map[int]bool{}
		for i, n := range have[l] {
			if i > 0 && n <= have[l][i-1] {
				t.Fatalf("lane %s has %d behind %d", l, n, have[l][i-1])
			}
			if told[n] == nil || !told[n].appending {
				t.Fatalf("lane %s has %d, which was never appended", l, n)
			}
			there[n] = true
			left++
		}
		again := 0
		for n, h := range told {
			switch {
			case h.stored && !h.settling && !there[n]:
				t.Fatalf("lane %s lost %d", l, n)
			case h.settled && there[n]:
				t.Fatalf("lane %s has %d, which was settled", l, n)
			}
			if !h.stored {
				continue
			}
			stored++
			if again++; again <= 20 {
				r, err := s.Enqueue(t.Context(), entry(l, strconv.Itoa(n)))
				if err != nil || r.Outcome != state.OutcomeDuplicate {
					t.Fatalf("lane %s: %d again is %v, %v", l, n, r.Outcome, err)
				}
			}
		}
	}
	t.Logf("%d stored in all, %d left", stored, left)
	if err := s.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
}
