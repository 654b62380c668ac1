// Package statetest is the conformance suite of [state.Store]. A backend that
// passes [Run] keeps the promises in the comment of package state, as far as
// they can be seen from outside.
//
// The suite works with real time, because a backend may have a clock of its
// own. It uses waits of 50 to 300 ms and asserts that nothing happens too
// early; how late something may happen is bounded in seconds only, so a loaded
// machine does not fail it.
//
// Where the contract leaves room, the suite interprets it:
//
//   - The position of an entry in its lane is its Seq. An entry that was outside its
//     lane returns to the position of its Seq, which is the front if all other
//     entries were appended later.
//   - A lease that has expired and was not taken over may still be extended
//     or settled, or fail with ErrLeaseLost; either way the lane stays consistent.
//   - A verdict of unknown kind, with a negative wait, for an entry that is
//     not in the lease, or the second one for an entry, is invalid and leaves
//     the lease alive.
//   - Attempt in views and records is the number of attempts spent.
package statetest

import (
	"testing"

	"github.com/linearbot/linearbot/state"
)

// Harness makes the stores that the suite examines. Its functions report failures with
// t.Fatal, and must be safe for parallel subtests.
type Harness struct {
	// Open returns an empty store that shares nothing with the other stores it
	// returned. The suite closes it. Required.
	Open func(t *testing.T) state.Store
	// Reopen ends s as a crash would, without writing anything that was not
	// promised, and opens the same data again. The suite closes the result,
	// and s once more. Nil if the store keeps nothing.
	Reopen func(t *testing.T, s state.Store) state.Store
	// Second opens another client on the data of s, as another process would.
	// The suite closes it. Nil if only one process can use the data.
	Second func(t *testing.T, s state.Store) state.Store
	// ManyLanes is the number of lanes in the case with many lanes. Defaults to 10,000,
	// or 1,000 with -short.
	ManyLanes int
	// NoReceiptLease says that Enqueue never returns a lease ([state.Receipt.Lease]),
	// which a store may leave to the next Lease. Defaults to false: the suite expects
	// one.
	NoReceiptLease bool
}

// Run runs the whole suite, with a subtest for each group and below it one for each
// case. The subtests are parallel: they run when the test that calls Run has returned,
// so release what they share with t.Cleanup.
func Run(t *testing.T, h Harness) {
	t.Helper()
	if h.Open == nil {
		t.Fatal("statetest: Harness.Open is nil")
	}
	if h.ManyLanes == 0 {
		h.ManyLanes = 10_000
		if testing.Short() {
			h.ManyLanes = 1_000
		}
	}
	groups := []struct {
		name  string
		cases []check
	}{
		{"queue", queueChecks()},
		{"lease", leaseChecks()},
		{"settle", settleChecks()},
		{"dedup", dedupChecks()},
		{"time", timeChecks()},
		{"race", raceChecks()},
		{"notes", noteChecks()},
		{"values", valueChecks()},
		{"subscriptions", subscriptionChecks()},
		{"inspector", inspectorChecks()},
		{"porter", porterChecks()},
		{"lifecycle", lifecycleChecks()},
		{"reopen", reopenChecks()},
		{"second", secondChecks()},
	}
	for _, g := range groups {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			for _, c := range g.cases {
				t.Run(c.name, func(t *testing.T) {
					t.Parallel()
					c.run(open(t, h))
				})
			}
		})
	}
	t.Run("model", func(t *testing.T) {
		t.Parallel()
		RunModel(t, h)
	})
	t.Run("notes model", func(t *testing.T) {
		t.Parallel()
		runNotesModel(t, h)
	})
}

// check is one case of the suite.
type check struct {
	name string
	run  func(k *kit)
}
