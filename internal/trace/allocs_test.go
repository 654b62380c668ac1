package trace_test

import (
	"testing"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/allocs"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/internal/trace"
)

// TestAllocationsOfAPart holds what each message pays twice to one allocation: what a
// handler may hold on to for longer than the part lasts.
func TestAllocationsOfAPart(t *testing.T) { //nolint:paralleltest // it counts the allocations of the process
	r, _ := newRecorder(t, trace.Config{})
	about := adapter.TraceSubject{ID: "9f86d081", Workspace: "W1", Type: "Comment create", Event: "Comment|create|c1", Thread: "linear:i1:c:c1"}
	s := adapter.TraceStep{Code: reason.Reply, Detail: "c0ffee00-0000-4000-8000-000000000000", N: 12}
	part := func() { record(r, adapter.TraceTurn, about, s, s, s, s, s, s, s, s, s, s, s, s) }
	for range 3000 { // the list of what is not written has its size then
		part()
	}
	allocs.Check(t, "a part", 500, 1, part)
}
