package status_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/workspaces"
	"github.com/linearbot/linearbot/internal/status"
)

// closedInstalls are installations that cannot be listed.
type closedInstalls struct{}

func (closedInstalls) Counts() map[string]int64 { return nil }

func (closedInstalls) List(context.Context) ([]workspaces.Workspace, error) {
	return nil, errors.New("the store is down")
}

func TestWorkspacesThatCannotBeListed(t *testing.T) {
	t.Parallel()
	r := &status.Reader{Sources: status.Sources{Installs: closedInstalls{}}}
	if s := r.Read(t.Context()); s.WorkspacesError != "the store is down" {
		t.Errorf("it says %q", s.WorkspacesError)
	}
}

// TestLeast: shares count, not numbers, and a limit whose hour is over is whole again.
func TestLeast(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	soon, past := now.Add(time.Minute), now.Add(-time.Minute)
	quarter, half := status.Allowance{Limit: 4000, Remaining: 1000, Reset: soon}, status.Allowance{Limit: 1000, Remaining: 500, Reset: soon}
	over := status.Allowance{Limit: 1000, Remaining: 1, Reset: past}
	for name, c := range map[string]struct {
		all  map[string]status.Budget
		want status.Budget
	}{
		"none":              {nil, status.Budget{}},
		"nothing said":      {map[string]status.Budget{"a": {}}, status.Budget{}},
		"the smaller share": {map[string]status.Budget{"a": {Requests: half}, "b": {Requests: quarter}, "c": {}}, status.Budget{Requests: quarter}},
		"each limit by itself": {
			map[string]status.Budget{"a": {Requests: half, Complexity: quarter}, "b": {Requests: quarter, Complexity: half}},
			status.Budget{Requests: quarter, Complexity: quarter},
		},
		"an hour that is over": {map[string]status.Budget{"a": {Requests: over}, "b": {Requests: half}}, status.Budget{Requests: half}},
		"only one that is over": {
			map[string]status.Budget{"a": {Requests: over}},
			status.Budget{Requests: status.Allowance{Limit: 1000, Remaining: 1000, Reset: past}},
		},
	} {
		if got := status.Least(c.all, now); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}
