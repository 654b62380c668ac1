package status_test

import (
	"context"
	"errors"
	"testing"

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
