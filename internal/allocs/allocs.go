// Package allocs holds tests to a budget of allocations. Numbers of allocations
// are the same on every machine, which times are not.
package allocs

import "testing"

// TB is the part of *testing.T that this package uses.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	Logf(format string, args ...any)
}

// Check fails the test if f allocates more than budget times, on the average of
// so many runs after a first one. It counts the allocations of all goroutines,
// so the test must not be parallel. With the race detector, which makes pools
// forget what they hold, half as many again are allowed, and eight more.
func Check(t TB, what string, runs, budget int, f func()) {
	t.Helper()
	if race {
		budget += budget/2 + 8
	}
	got := testing.AllocsPerRun(runs, f)
	t.Logf("%s: %.0f allocations, budget %d", what, got, budget)
	if got > float64(budget) {
		t.Errorf("%s: %.0f allocations, want at most %d", what, got, budget)
	}
}
