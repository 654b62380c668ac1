package ticketing

import (
	"testing"

	"github.com/linearbot/linearbot/state/memstate"
)

// TestRefreshBesideChanges: a link that is made or removed while Linear is asked for the
// links of its conversation stays made or removed.
func TestRefreshBesideChanges(t *testing.T) {
	t.Parallel()
	store := memstate.New(memstate.Options{})
	defer store.Close()
	l, p, ctx := &links{documents{store}}, place{"1", "7"}, t.Context()
	add := func(id string) link {
		t.Helper()
		_, v, err := l.add(ctx, "conn", p, link{ID: "a-" + id, IssueID: id, Identifier: "ENG-" + id, Origin: "linked"})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	stays, removed := add("1"), add("2")
	before, err := l.of(ctx, "conn", p.Account, p.Conversation)
	if err != nil {
		t.Fatal(err)
	}
	add("3") // Linear has answered without it
	if _, err := l.remove(ctx, "conn", p, removed.ID); err != nil {
		t.Fatal(err)
	}
	found := link{ID: "a-4", IssueID: "4", Identifier: "ENG-4", Origin: "found"}
	if err := l.refresh(ctx, "conn", p, before, []link{stays, removed, found}); err != nil {
		t.Fatal(err)
	}
	all, err := l.of(ctx, "conn", p.Account, p.Conversation)
	got := ""
	for _, v := range all {
		got += v.IssueID
	}
	if err != nil || got != "143" {
		t.Errorf("the links are those of %q, %v", got, err)
	}
	for id, want := range map[string]int{"1": 1, "2": 0, "3": 1, "4": 1} {
		if places, err := l.conversations(ctx, "conn", id); err != nil || len(places) != want {
			t.Errorf("issue %s has the conversations %v, %v", id, places, err)
		}
	}
}
