package serve

import (
	"testing"

	"github.com/linearbot/linearbot/adapter/linear/workspaces"
)

// /readyz counts every workspace that has not left.
func TestWorkspacesAreCounted(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		n    map[workspaces.Status]int
		want string
	}{
		{nil, "ok: 0 active"},
		{map[workspaces.Status]int{workspaces.StatusActive: 3, workspaces.StatusNeedsReauth: 1}, "ok: 3 active, 1 needs_reauth"},
		{map[workspaces.Status]int{workspaces.StatusActive: 2, workspaces.StatusLeaving: 1}, "ok: 2 active, 1 leaving"},
		{
			map[workspaces.Status]int{
				workspaces.StatusActive: 4, workspaces.StatusNeedsReauth: 3, workspaces.StatusLeaving: 2, workspaces.StatusUnreadable: 1,
			},
			"ok: 4 active, 3 needs_reauth, 2 leaving, 1 unreadable: LINEAR_ENCRYPTION_KEY does not decrypt the tokens of 1 workspace: " +
				"add the earlier key to it, after the current one and a comma",
		},
	} {
		if got := counted(tt.n); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.n, got, tt.want)
		}
	}
}
