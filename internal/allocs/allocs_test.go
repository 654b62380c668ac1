package allocs_test

import (
	"fmt"
	"testing"

	"github.com/linearbot/linearbot/internal/allocs"
)

// recorder is a test that may fail.
type recorder struct{ errors []string }

func (*recorder) Helper()             {}
func (*recorder) Logf(string, ...any) {}
func (r *recorder) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}

//nolint:paralleltest // allocations are counted
func TestCheck(t *testing.T) {
	var kept [][]byte
	allocate := func() {
		for range 100 {
			kept = append(kept[:0], make([]byte, 10))
		}
	}
	for budget, fails := range map[int]bool{0: true, 40: true, 101: false} {
		var r recorder
		allocs.Check(&r, "it", 20, budget, allocate)
		if (len(r.errors) > 0) != fails {
			t.Errorf("budget %d for about 100: errors %q, want some: %v", budget, r.errors, fails)
		}
	}
}
