package linearsim

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// TestSnapshotKeepsGrants restores an app that two workspaces have installed into
// another server: logins, a code that is not exchanged yet, and the replay window
// of a refresh work on.
func TestSnapshotKeepsGrants(t *testing.T) {
	t.Parallel()
	f := newFlow(t, OAuthApp{Webhook: &Webhook{URL: "http://127.0.0.1:1", Secret: "hook"}, EndOnRefresh: true})
	eve := f.srv.AddWorkspace("Umbrella", "umbrella").AddUser("Eve Curie", "eve")
	_, acme := f.exchange(f.code(f.ada))
	_, umbrella := f.exchange(f.code(eve))
	_, refreshed := f.refresh(acme["refresh_token"])
	used := f.code(eve)
	if status, _ := f.exchange(used); status != 200 {
		t.Fatal(status)
	}
	pending := f.code(f.ada)
	raw, st := f.saved()
	other := newWorld(t, Config{})
	if err := other.srv.Restore(st); err != nil {
		t.Fatal(err)
	}
	for _, state := range []*stateOAuth{st.OAuth, other.srv.Dump().OAuth} {
		text, err := json.Marshal(state)
		if err != nil || !bytes.Contains(raw, text) {
			t.Errorf("%v, the state differs from what was dumped: %s", err, text)
		}
	}
	g := &flow{other, other.srv.OAuthClient(f.client.ClientID)}
	if g.client == nil || g.client.ClientSecret() != f.client.ClientSecret() || other.srv.OAuthClient("nothing") != nil {
		t.Fatal("the app is not registered")
	}
	for name, token := range map[string]any{"Acme": refreshed["access_token"], "Umbrella": umbrella["access_token"]} {
		text, _ := token.(string)
		if a := g.as("Bearer "+text, `{organization{name}viewer{app}}`, nil); a.at("organization", "name") != name || a.at("viewer", "app") != true {
			t.Errorf("%s: %s", name, a.Raw)
		}
	}
	if g.status(acme["access_token"]) == 200 {
		t.Error("a token that was replaced works again")
	}
	if status, again := g.refresh(acme["refresh_token"]); status != 200 || again["refresh_token"] != refreshed["refresh_token"] {
		t.Errorf("within the replay window: %d %v", status, again)
	}
	if status, got := g.exchange(pending); status != 200 || g.status(got["access_token"]) != 200 {
		t.Errorf("the pending code: %d %v", status, got)
	}
	if status, _ := g.exchange(used); status == 200 {
		t.Error("a used code works again")
	}
	// Uninstalling one workspace's app leaves the other's alone.
	for _, w := range other.srv.workspaces {
		if w.Name == "Acme" {
			g.client.Installation(w).Uninstall()
		}
	}
	if g.status(refreshed["access_token"]) == 200 || g.status(umbrella["access_token"]) != 200 {
		t.Error("the tokens belong to the wrong workspaces")
	}

	// A snapshot that lacks what a grant refers to changes nothing.
	st.OAuth.Clients = nil
	if err := other.srv.Restore(st); err == nil || !strings.Contains(err.Error(), "grant") {
		t.Errorf("restored an incomplete state: %v", err)
	}
	// One of an earlier version leaves the registered apps.
	st.OAuth = nil
	if err := other.srv.Restore(st); err != nil || other.srv.OAuthClient(f.client.ClientID) == nil {
		t.Errorf("without OAuth: %v", err)
	}
}
