package running_test

import (
	"context"
	"errors"
	"testing"

	"github.com/linearbot/linearbot/bot/internal/running"
)

// TestWorkspaceLeaves: what runs for it ends, and what was being opened when it left;
// other workspaces, and a turn of after it came back, are left alone.
func TestWorkspaceLeaves(t *testing.T) {
	t.Parallel()
	gone := errors.New("the workspace left")
	var w running.Workspaces[string]
	enter := func(name, workspace string, era uint64) (context.Context, bool) {
		ctx, cancel := context.WithCancelCause(t.Context())
		return ctx, w.Enter(name, workspace, era, cancel)
	}
	before := w.Era()
	runs, left := enter("runs", "W1", before)
	other, _ := enter("other", "W2", before)
	over, _ := enter("over", "W1", before)
	w.Exit("over")
	if left {
		t.Error("a turn enters as of a workspace that left before any has")
	}
	w.Leave("W1", gone)
	if context.Cause(runs) != gone || other.Err() != nil || over.Err() != nil { //nolint:errorlint // the cause itself
		t.Errorf("ended with %v, another workspace's with %v, one that is over with %v", context.Cause(runs), other.Err(), over.Err())
	}
	if _, left := enter("opened before", "W1", before); !left {
		t.Error("a turn that was being opened does not hear of it")
	}
	if _, left := enter("came back", "W1", w.Era()); left {
		t.Error("a turn of after it came back ends")
	}
}
