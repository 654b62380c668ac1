package filestate

import (
	"sync"
	"testing"
	"time"

	"github.com/linearbot/linearbot/state"
)

// The clock of a store moves ahead: what is due by then is leased at once, a turn
// that runs keeps its lease for as long as it had, and the next process that opens
// the store with the same clock agrees.
func TestSetAhead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := OpenOptions(dir, Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	put := func(id string, delay time.Duration) {
		t.Helper()
		if _, err := s.Enqueue(ctx, state.Entry{ID: id, Lane: state.Key{Workspace: "w", Kind: "thread", ID: id}, Body: []byte("x"), Delay: delay}); err != nil {
			t.Fatal(err)
		}
	}
	put("now", 0)
	put("soon", 50*time.Minute)
	put("late", 3*time.Hour)
	lease := func() *state.Lease {
		t.Helper()
		got, err := s.Lease(ctx, state.LeaseRequest{Holder: "h", TTL: time.Minute, Lanes: 1})
		if err != nil || len(got) != 1 {
			t.Fatalf("%v, %v", got, err)
		}
		return got[0]
	}
	running := lease()
	waiting := make(chan *state.Lease, 1)
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		got, err := s.Lease(ctx, state.LeaseRequest{Holder: "h", TTL: time.Minute, Lanes: 1})
		if err != nil || len(got) != 1 {
			t.Errorf("%v, %v", got, err)
			close(waiting)
			return
		}
		waiting <- got[0]
	})
	before := time.Now()
	s.SetAhead(time.Hour)
	s.SetAhead(time.Minute) // it does not go back
	soon, ok := <-waiting
	if !ok {
		t.FailNow()
	}
	if soon.Entries[0].ID != "soon" || soon.Notes.Now.Before(before.Add(time.Hour)) || time.Until(soon.Expires) > time.Minute {
		t.Errorf("leased is %+v", soon)
	}
	if err := s.Extend(ctx, running, time.Minute); err != nil || time.Until(running.Expires) > time.Minute {
		t.Errorf("the running turn: %v, until %v", err, running.Expires)
	}
	for _, l := range []*state.Lease{running, soon} {
		if err := s.Settle(ctx, l, state.Settlement{Verdicts: []state.Verdict{{ID: l.Entries[0].ID, Kind: state.VerdictAck}}}); err != nil {
			t.Error(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err = OpenOptions(dir, Options{NoSync: true, Ahead: 4 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	if got := lease(); got.Entries[0].ID != "late" {
		t.Errorf("after the next start, leased is %+v", got)
	}
}
