package linear

import (
	"testing"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/allocs"
)

// TestAllocations checks the allocation budget of reading a comment: in Route
// before a delivery is stored, and in decoding the event of a turn.
//
//nolint:paralleltest // allocations are counted
func TestAllocations(t *testing.T) {
	d := &adapter.Delivery{Body: []byte(`{"action":"create","type":"Comment","actor":{"id":"u1","name":"Ada Byron","email":"ada@example.com","url":"https://linear.app/acme/profiles/ada","type":"user"},
		"createdAt":"2026-06-24T22:05:23.926Z","data":{"id":"c1","createdAt":"2026-06-24T22:05:23.926Z","updatedAt":"2026-06-24T22:05:23.926Z","body":"@helper-bot could you look at this?",
		"issueId":"i1","userId":"u1","reactionData":[],"isArtificialAgentSessionRoot":false,"parentId":"c0","parent":{"id":"c0","body":"The build fails","issueId":"i1","userId":"u1"},
		"user":{"id":"u1","name":"Ada Byron","email":"ada@example.com","url":"https://linear.app/acme/profiles/ada"},
		"issue":{"id":"i1","title":"Build fails","teamId":"t1","team":{"id":"t1","key":"ENG","name":"Engineering"},"identifier":"ENG-564","url":"https://linear.app/acme/issue/ENG-564/build-fails"}},
		"url":"https://linear.app/acme/issue/ENG-564/build-fails#comment-1f9168ed","organizationId":"o1","webhookTimestamp":1782338725257,"webhookId":"w1"}`)}
	a, err := New(Config{AccessToken: "token"})
	if err != nil {
		t.Fatal(err)
	}
	self := &adapter.Identity{Workspace: "o1", UserID: "bot", Name: "helper-bot", App: true, ProfileURL: "https://linear.app/acme/profiles/helper-bot"}
	allocs.Check(t, "Route", 100, 2, func() {
		if r, err := a.Route(d); err != nil || r.Thread != "linear:i1:c:c0" || r.Header == "" {
			t.Fatal(r, err)
		}
	})
	allocs.Check(t, "Decode without the header that was kept", 100, 13, func() {
		ev, err := a.Decode(d, self)
		if _, ok := ev.(*adapter.MessageEvent); err != nil || !ok {
			t.Fatal(ev, err)
		}
	})
	r, err := a.Route(d)
	if err != nil {
		t.Fatal(err)
	}
	stored := *d
	stored.Header = r.Header
	allocs.Check(t, "Route of a stored delivery", 100, 0, func() {
		if again, err := a.Route(&stored); err != nil || again != r {
			t.Fatal(again, err)
		}
	})
	allocs.Check(t, "Decode", 100, 12, func() {
		ev, err := a.Decode(&stored, self)
		if _, ok := ev.(*adapter.MessageEvent); err != nil || !ok {
			t.Fatal(ev, err)
		}
	})
}
