// Package allocs holds tests to a budget of allocations. Numbers of allocations
// are the same on every machine, which times are not.
package allocs

import (
	"runtime"
	"sync"
	"testing"
)

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
	if poolsForget() {
		budget += budget/2 + 8
	}
	got := testing.AllocsPerRun(runs, f)
	t.Logf("%s: %.0f allocations, budget %d", what, got, budget)
	if got > float64(budget) {
		t.Errorf("%s: %.0f allocations, want at most %d", what, got, budget)
	}
}

// poolsForget reports whether pools drop a part of what they are given, as they
// do under the race detector.
func poolsForget() bool {
	const rounds = 1000
	pool := sync.Pool{New: func() any { return new([64]byte) }}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range rounds {
		pool.Put(pool.Get())
	}
	runtime.ReadMemStats(&after)
	return after.Mallocs-before.Mallocs > rounds/10
}

// CheckStacks fails the test if n goroutines that start begins, and that still
// wait when it returns, have stacks of more than budget bytes each after the
// collector has shrunk them. The test must not be parallel. With the race
// detector, whose functions need more, twice as much is allowed.
func CheckStacks(t TB, what string, n, budget int, start func()) {
	t.Helper()
	if poolsForget() {
		budget *= 2
	}
	before := stacks()
	start()
	got := (stacks() - before) / n
	t.Logf("%s: stacks of %d bytes, budget %d", what, got, budget)
	if got > budget {
		t.Errorf("%s: stacks of %d bytes, want at most %d", what, got, budget)
	}
}

// stacks returns the size of all stacks. A collection halves one of which less
// than a quarter is used.
func stacks() int {
	for range 4 {
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.StackInuse) //nolint:gosec // far below the limit
}
