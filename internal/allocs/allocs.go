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

// Held is memory of something, in bytes.
type Held struct{ Stack, Heap int }

// CheckHeld fails the test if n goroutines that start begins, and that still wait when
// it returns, hold more than most each after the collector has shrunk their stacks: of
// stacks, and of the heap. What starts beside them counts, too. The test must not be
// parallel. With the race detector, whose functions need more, twice as much is allowed.
func CheckHeld(t TB, what string, n int, most Held, start func()) {
	t.Helper()
	if poolsForget() {
		most.Stack, most.Heap = 2*most.Stack, 2*most.Heap
	}
	before := held()
	start()
	after := held()
	got := Held{(after.Stack - before.Stack) / n, (after.Heap - before.Heap) / n}
	t.Logf("%s: %d bytes of stacks, budget %d, and %d of the heap, budget %d", what, got.Stack, most.Stack, got.Heap, most.Heap)
	if got.Stack > most.Stack {
		t.Errorf("%s: stacks of %d bytes, want at most %d", what, got.Stack, most.Stack)
	}
	if got.Heap > most.Heap {
		t.Errorf("%s: %d bytes of the heap, want at most %d", what, got.Heap, most.Heap)
	}
}

// held returns the size of all stacks and of the live heap. A collection halves a stack
// of which less than a quarter is used.
func held() Held {
	for range 4 {
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return Held{int(m.StackInuse), int(m.HeapAlloc)} //nolint:gosec // far below the limit
}
