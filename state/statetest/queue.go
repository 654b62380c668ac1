package statetest

import (
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/state"
)

func queueChecks() []check {
	return []check{
		{"order in a lane", orderInLane},
		{"lanes are independent", lanesIndependent},
		{"depth in the receipt", depthInReceipt},
		{"sequence in the receipt", seqInReceipt},
		{"entry comes back whole", entryWhole},
		{"head in front of a body", entryHead},
		{"any bytes in a body", anyBytes},
		{"any text in names", anyText},
		{"the caller keeps its slices", callerKeepsSlices},
		{"the largest body", largestBody},
		{"invalid entries", invalidEntries},
		{"if idle", ifIdle},
		{"many lanes", manyLanes},
		{"a deep lane", deepLane},
	}
}

func orderInLane(k *kit) {
	ids := numbered("e", 20)
	k.add(lane("a"), ids...)
	var last uint64
	for i, id := range ids {
		l := k.expect(lane("a"), id)
		if seq := l.Entries[0].Seq; i > 0 && seq <= last {
			k.Fatalf("Seq of %q is %d after %d", id, seq, last)
		}
		last = l.Entries[0].Seq
		k.ack(l)
	}
	k.none()
}

func lanesIndependent(k *kit) {
	k.add(lane("a"), "1", "2")
	held := k.expect(lane("a"), "1")
	// The same ids in another lane, another workspace and another kind.
	others := []state.Key{
		lane("b"),
		{Workspace: "w2", Kind: "thread", ID: "a"},
		{Kind: "thread", ID: "a"},
		{Workspace: "w1", Kind: "other", ID: "a"},
	}
	for _, o := range others {
		k.add(o, "1", "2")
	}
	got := map[state.Key][]string{}
	for range 2 * len(others) {
		l := k.one(1, long)
		got[l.Lane] = append(got[l.Lane], idsOf(l)...)
		k.ack(l)
	}
	for _, o := range others {
		if !slices.Equal(got[o], []string{"1", "2"}) {
			k.Errorf("lane %v gave %v", o, got[o])
		}
	}
	k.none()
	k.ack(held)
	k.ack(k.expect(lane("a"), "2"))
}

// seqInReceipt: receipts and leases say in which order the entries of a thread were
// stored, whichever of its lanes they are in.
func seqInReceipt(k *kit) {
	urgent, second := lane("a"), lane("a#2")
	urgent.Kind = "urgent"
	want := map[state.Key]uint64{}
	var last uint64
	for _, in := range []state.Key{lane("a"), urgent, second} {
		r := k.put(entry(in, "e"), state.OutcomeAdded)
		if r.Seq <= last {
			k.Errorf("the sequence in %v is %d, after %d", in, r.Seq, last)
		}
		last, want[in] = r.Seq, r.Seq
		if r := k.put(entry(in, "e"), state.OutcomeDuplicate); r.Seq != 0 {
			k.Errorf("a duplicate has the sequence %d", r.Seq)
		}
	}
	late := entry(lane("a"), "late")
	late.Delay = time.Hour
	if r := k.put(late, state.OutcomeAdded); r.Seq <= last {
		k.Errorf("the sequence of a delayed entry is %d, after %d", r.Seq, last)
	}
	for range want {
		l := k.one(1, long)
		if got := l.Entries[0].Seq; got != want[l.Lane] {
			k.Errorf("%v is leased with the sequence %d, want %d", l.Lane, got, want[l.Lane])
		}
		k.ack(l)
	}
}

func depthInReceipt(k *kit) {
	for i, id := range numbered("e", 3) {
		if r := k.put(entry(lane("a"), id), state.OutcomeAdded); r.Depth != i+1 {
			k.Errorf("depth after %q is %d, want %d", id, r.Depth, i+1)
		}
	}
	if r := k.put(entry(lane("a"), "e1"), state.OutcomeDuplicate); r.Depth != 3 {
		k.Errorf("depth after a duplicate is %d, want 3", r.Depth)
	}
	late := entry(lane("a"), "late")
	late.Delay = time.Hour
	if r := k.put(late, state.OutcomeAdded); r.Depth != 3 {
		k.Errorf("depth after a delayed entry is %d, want 3", r.Depth)
	}
	busy := entry(lane("a"), "busy")
	busy.IfIdle = true
	if r := k.put(busy, state.OutcomeBusy); r.Depth != 3 {
		k.Errorf("depth after a busy lane is %d, want 3", r.Depth)
	}
	l := k.expect(lane("a"), "e0")
	if r := k.put(entry(lane("a"), "e3"), state.OutcomeAdded); r.Depth != 4 {
		k.Errorf("depth with a leased entry is %d, want 4", r.Depth)
	}
	k.ack(l)
	if r := k.put(entry(lane("b"), "e0"), state.OutcomeAdded); r.Depth != 1 {
		k.Errorf("depth of another lane is %d, want 1", r.Depth)
	}
}

func ifIdle(k *kit) {
	idle := func(id string) state.Entry {
		e := entry(lane("a"), id)
		e.IfIdle = true
		e.Keys = []string{"key of " + id}
		return e
	}
	k.put(idle("1"), state.OutcomeAdded)
	k.put(idle("2"), state.OutcomeBusy) // not empty
	l := k.expect(lane("a"), "1")
	k.put(idle("3"), state.OutcomeBusy) // leased
	k.put(idle("1"), state.OutcomeDuplicate)
	k.ack(l)
	// The keys of what was turned away are known.
	k.put(idle("2"), state.OutcomeDuplicate)
	k.put(entry(lane("a"), "3"), state.OutcomeDuplicate)
	e := entry(lane("a"), "4")
	e.Keys = []string{"key of 3"}
	k.put(e, state.OutcomeDuplicate)
	k.none()
	k.put(idle("5"), state.OutcomeAdded)
	k.settle(k.expect(lane("a"), "5"), state.Retry("5", time.Hour, state.Cause{}))
	k.put(idle("6"), state.OutcomeBusy) // held, not empty
}

func manyLanes(k *kit) {
	n := k.h.ManyLanes
	const workers = 64
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < n; i += workers {
				if _, err := k.s.Enqueue(k.Context(), entry(lane(strconv.Itoa(i)), "e")); err != nil {
					k.Errorf("Enqueue: %v", err)
					return
				}
			}
		})
	}
	wg.Wait()
	if k.Failed() {
		return
	}
	if got := k.stats(); got.Lanes != n || got.Entries != n {
		k.Fatalf("Stats = %+v, want %d lanes and entries", got, n)
	}
	var mu sync.Mutex
	done := map[state.Key]bool{}
	end := time.Now().Add(2 * patience)
	for range 8 {
		wg.Go(func() {
			for {
				mu.Lock()
				finished := len(done) == n
				mu.Unlock()
				if finished || k.Failed() {
					return
				}
				if time.Now().After(end) {
					k.Errorf("not all %d lanes were handed out within %v", n, 2*patience)
					return
				}
				ctx := k.within(glance)
				ls, err := k.s.Lease(ctx, state.LeaseRequest{TTL: long, Lanes: 50})
				if err != nil {
					if ctx.Err() == nil {
						k.Errorf("Lease: %v", err)
						return
					}
					continue
				}
				for _, l := range ls {
					mu.Lock()
					if done[l.Lane] {
						k.Errorf("lane %v was handed out twice", l.Lane)
					}
					done[l.Lane] = true
					mu.Unlock()
					if err := k.s.Settle(k.Context(), l, verdicts(acks(l)...)); err != nil {
						k.Errorf("Settle: %v", err)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	k.wantStats(state.Stats{})
}

func deepLane(k *kit) {
	ids := numbered("e", 300)
	k.add(lane("a"), ids...)
	var got []string
	for len(got) < len(ids) {
		l := k.one(7, long)
		if want := len(ids) - len(got) - len(l.Entries); l.Behind != want {
			k.Fatalf("Behind is %d, want %d", l.Behind, want)
		}
		got = append(got, idsOf(l)...)
		k.ack(l)
	}
	if diff := cmp.Diff(ids, got); diff != "" {
		k.Errorf("order (-want +got):\n%s", diff)
	}
}
