package workspaces

import (
	"testing"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
)

// Where the app was removed and installed again by another instance, the first
// delivery after that counts.
func TestInstalledAgainElsewhere(t *testing.T) {
	t.Parallel()
	r := newRig(t, linearsim.OAuthApp{})
	a, b := r.process(), r.process()
	r.install(a, r.ada)
	if _, err := a.Disconnect(t.Context(), r.acme.ID, "test"); err != nil {
		t.Fatal(err)
	}
	if ignore, err := b.Arrived(t.Context(), r.acme.ID); ignore != "not_installed" || err != nil {
		t.Fatalf("after the end: %q, %v", ignore, err)
	}
	r.install(a, r.ada)
	if ignore, err := b.Arrived(t.Context(), r.acme.ID); ignore != "" || err != nil {
		t.Errorf("installed again: %q, %v", ignore, err)
	}
	if _, err := b.Installed(t.Context(), r.acme.ID); err != nil {
		t.Errorf("installed again: %v", err)
	}
}
