package statetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/linearbot/linearbot/state"
)

func dedupChecks() []check {
	return []check{
		{"known at every stage of life", dedupStages},
		{"any key is enough", dedupAnyKey},
		{"an id is a key", dedupID},
		{"keys of one entry may repeat", dedupRepeats},
		{"per lane", dedupPerLane},
		{"only one of many wins", dedupRace},
	}
}

// again offers what shares something with the entry "1" and its key "k".
func (k *kit) again(stage string) {
	k.Helper()
	k.Log(stage)
	before := k.stats()
	l := lane("a")
	k.put(state.Entry{ID: "1", Lane: l}, state.OutcomeDuplicate)
	k.put(state.Entry{ID: "1", Lane: l, Keys: []string{"k"}, Body: []byte("other")}, state.OutcomeDuplicate)
	k.put(state.Entry{ID: "other", Lane: l, Keys: []string{"unknown", "k"}}, state.OutcomeDuplicate)
	k.put(state.Entry{ID: "1", Lane: l, Delay: time.Hour}, state.OutcomeDuplicate)
	k.put(state.Entry{ID: "1", Lane: l, IfIdle: true}, state.OutcomeDuplicate)
	k.put(state.Entry{ID: "1", Lane: l, Hold: time.Hour, HoldMode: state.HoldReset}, state.OutcomeDuplicate)
	k.wantStats(before)
}

func dedupStages(k *kit) {
	e := entry(lane("a"), "1")
	e.Keys = []string{"k"}
	k.put(e, state.OutcomeAdded)
	k.again("queued")
	l := k.expect(lane("a"), "1")
	k.again("leased")
	k.settle(l, state.Retry("1", 0, state.Cause{}))
	k.again("retried")
	k.settle(k.expect(lane("a"), "1"), state.RetryAside("1", short, state.Cause{}))
	k.put(e, state.OutcomeDuplicate)
	l = k.expect(lane("a"), "1")
	k.settle(l, state.Bury("1", state.Cause{}))
	k.again("buried")
	if err := k.s.Requeue(k.ctx(), lane("a"), "1"); err != nil {
		k.Fatalf("Requeue: %v", err)
	}
	k.again("requeued")
	k.ack(k.expect(lane("a"), "1"))
	k.again("acked")
	k.none()
}

func dedupAnyKey(k *kit) {
	e := entry(lane("a"), "1")
	e.Keys = []string{"k1", "k2", "k3"}
	k.put(e, state.OutcomeAdded)
	for i, key := range e.Keys {
		other := entry(lane("a"), fmt.Sprint("other", i))
		other.Keys = []string{fmt.Sprint("new", i), key}
		k.put(other, state.OutcomeDuplicate)
	}
	fresh := entry(lane("a"), "2")
	fresh.Keys = []string{"k4"}
	k.put(fresh, state.OutcomeAdded)
	k.expect(lane("a"), "1", "2")
}

func dedupID(k *kit) {
	e := entry(lane("a"), "1")
	e.Keys = []string{"k"}
	k.put(e, state.OutcomeAdded)
	// An id meets the keys of others, and a key their ids.
	k.put(entry(lane("a"), "k"), state.OutcomeDuplicate)
	e = entry(lane("a"), "2")
	e.Keys = []string{"1"}
	k.put(e, state.OutcomeDuplicate)
}

func dedupRepeats(k *kit) {
	e := entry(lane("a"), "1")
	e.Keys = []string{"1", "k", "k"}
	k.put(e, state.OutcomeAdded)
	k.put(e, state.OutcomeDuplicate)
	k.ack(k.expect(lane("a"), "1"))
}

func dedupPerLane(k *kit) {
	for _, l := range []state.Key{
		lane("a"),
		lane("b"),
		{Workspace: "w2", Kind: "thread", ID: "a"},
		{Workspace: "w1", Kind: "issue", ID: "a"},
		{Kind: "thread", ID: "a"},
	} {
		e := entry(l, "1")
		e.Keys = []string{"k"}
		k.put(e, state.OutcomeAdded)
		k.put(e, state.OutcomeDuplicate)
	}
	if st := k.stats(); st.Entries != 5 || st.Lanes != 5 {
		k.Errorf("Stats = %+v, want 5 lanes with an entry each", st)
	}
}

func dedupRace(k *kit) {
	const workers, rounds = 8, 20
	var added atomic.Int64
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range rounds {
				// Each has its own id; the key is shared.
				e := entry(lane("a"), fmt.Sprintf("%d of %d", i, w))
				e.Keys = []string{fmt.Sprint("event", i)}
				r, err := k.s.Enqueue(k.Context(), e)
				if err != nil {
					k.Errorf("Enqueue: %v", err)
					return
				}
				if r.Outcome == state.OutcomeAdded {
					added.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if n := added.Load(); n != rounds {
		k.Errorf("%d entries were added, want %d", n, rounds)
	}
	if st := k.stats(); st.Entries != rounds {
		k.Errorf("%d entries are stored, want %d", st.Entries, rounds)
	}
}
