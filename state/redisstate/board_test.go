package redisstate

import (
	"testing"
	"time"

	"github.com/linearbot/linearbot/state"
)

// TestLateLeases has an answer that comes when its call has left.
func TestLateLeases(t *testing.T) {
	t.Parallel()
	req := state.LeaseRequest{Holder: "ada", TTL: time.Minute, Lanes: 1, Entries: 1}
	leases := []*state.Lease{{Token: 1}, {Token: 2}}
	start := func() (*board, []ask) {
		b := newBoard(2)
		b.enter()
		_, asks, _, _ := b.pick(req)
		b.behind(asks)
		return b, asks
	}

	b, asks := start()
	if _, again, wake, _ := b.pick(req); again != nil || wake == nil {
		t.Fatalf("shards that owe an answer are asked again: %v", again)
	}
	if !b.returned(asks, false, leases, req) {
		t.Fatal("leases are not kept although a call waits")
	}
	other := req
	other.Holder = "bob"
	if late, _, _, _ := b.pick(other); late != nil {
		t.Errorf("another holder got %v", late)
	}
	if late, _, _, _ := b.pick(req); len(late) != 1 || late[0].Token != 1 {
		t.Errorf("the next call got %v, want the first lease", late)
	}
	if left := b.exit(); len(left) != 1 || left[0].Token != 2 {
		t.Errorf("the last call leaves %v to give back, want the second lease", left)
	}

	b, asks = start()
	b.exit()
	if b.returned(asks, false, leases, req) {
		t.Error("leases are kept although no call waits")
	}
	b, asks = start()
	if b.returned(asks, true, leases, req) {
		t.Error("leases of a call that was cancelled are kept")
	}
}
