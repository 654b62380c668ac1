package bot_test

import (
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// crashMoments are the points at which a process that runs witness.stepping is
// ended, with how often each step and the turn then have run in the end. What a
// step has done when its result is not kept yet is done again, as Step says.
// Everything else is done once.
var crashMoments = []struct {
	name, at, with       string
	first, second, turns int
}{
	{"nothing is done", "begun", "", 1, 1, 2},
	{"the first step has run", "in-first", "", 2, 1, 2},
	{"the first result is about to be kept", "keep", "first#0", 2, 1, 2},
	{"the first result is kept", "kept", "first#0", 1, 1, 2},
	{"between step and post", "between", "", 1, 1, 2},
	{"the post is written but not confirmed", "sent", "first: run", 1, 1, 2},
	{"between post and step", "posted", "", 1, 1, 2},
	{"the post of the second step is written", "sent", "within second", 1, 1, 2},
	{"the second step has run", "in-second", "", 1, 2, 2},
	{"the second result is about to be kept", "keep", "second#0", 1, 2, 2},
	{"the second result is kept", "kept", "second#0", 1, 1, 2},
	{"the last post is written", "sent", "second: run", 1, 1, 2},
	{"the handler has finished", "finished", "", 1, 1, 2},
	{"the turn is about to be settled", "settle", "", 1, 1, 2},
	{"the turn is settled", "settled", "", 1, 1, 1},
}

// crashLease is how long the lanes of a process that was killed stay reserved:
// so long that a busy machine does not make a live one lose them.
const crashLease = 2 * time.Second

// TestCrashBetweenSteps ends a process that works on many threads, in each at
// another moment, and has a second process finish them. With Redis the second
// one is up already and waits until the leases lapse. With files it opens the
// same directory, and leases are void then. SIGTERM hands the turns back. Where
// no lease needs to lapse, they are longer than the test.
func TestCrashBetweenSteps(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		store string
		sig   syscall.Signal
		lease time.Duration
	}{
		{"redis", syscall.SIGKILL, crashLease},
		{"redis", syscall.SIGTERM, time.Hour},
		{"file", syscall.SIGKILL, time.Hour},
		{"file", syscall.SIGTERM, time.Hour},
	} {
		t.Run(c.store+" "+c.sig.String(), func(t *testing.T) {
			t.Parallel()
			r := newCrashRig(t, "stepping", c.store)
			a := r.start("a", c.lease)
			for _, m := range crashMoments {
				if c.sig == syscall.SIGTERM && (m.at == "settle" || m.at == "settled") {
					continue // nothing is left to be told to stop
				}
				r.say(m.name, "work", m.at, m.with)
			}
			r.until("all turns are held", r.allHeld)
			for _, k := range r.talks {
				r.ada.Reply(k.root, "next") // waits behind the turn
			}
			r.flush()

			b := r.replace(a, c.store, c.sig)
			r.finish(b, func(k *talk) []string {
				return []string{
					"first: run " + strconv.Itoa(k.passed["in-first"]), "within second",
					"second: run " + strconv.Itoa(k.passed["in-second"]), "heard next",
				}
			})
			r.mu.Lock()
			defer r.mu.Unlock()
			for _, k := range r.talks {
				for _, m := range crashMoments {
					if m.name != k.name {
						continue
					}
					got := []int{k.passed["in-first"], k.passed["in-second"], k.passed["begun"]}
					if diff := cmp.Diff([]int{m.first, m.second, m.turns}, got); diff != "" {
						t.Errorf("%s: runs of the first step, the second, the turn (-want +got):\n%s", k.name, diff)
					}
				}
			}
		})
	}
}
