package statetest

import (
	"time"

	"github.com/linearbot/linearbot/state"
)

func inspectorChecks() []check {
	return []check{
		{"stats count", statsCount},
		{"lanes", lanesView},
		{"delayed", delayedView},
		{"dead", deadView},
		{"loops that end early", viewBreak},
		{"views see all workspaces", viewWorkspaces},
	}
}

func statsCount(k *kit) {
	k.wantStats(state.Stats{})
	k.add(lane("a"), "1", "2", "3")
	k.add(lane("b"), "1")
	late := entry(lane("c"), "1")
	late.Delay = time.Hour
	k.put(late, state.OutcomeAdded)
	k.wantStats(state.Stats{Lanes: 2, Entries: 4, Delayed: 1})
	l := k.lease(state.LeaseRequest{Lanes: 1, Entries: 1})[0]
	k.wantStats(state.Stats{Lanes: 2, Entries: 4, Leased: 1, Delayed: 1})
	k.settle(l, state.Bury("1", state.Cause{}))
	st := k.stats()
	st.Lanes = 0 // which lane it was does not matter here
	if want := (state.Stats{Entries: 3, Delayed: 1, Dead: 1}); st != want {
		k.Fatalf("Stats = %+v, want %+v", st, want)
	}
	k.drain()
	k.wantStats(state.Stats{Delayed: 1, Dead: 1})
}

func lanesView(k *kit) {
	if got := k.lanes(); len(got) != 0 {
		k.Errorf("an empty store has the lanes %v", got)
	}
	start := time.Now()
	k.add(lane("a"), "1")
	k.pause(4 * rounding)
	k.add(lane("a"), "2")
	held := entry(lane("h"), "1")
	held.Hold = time.Hour
	k.put(held, state.OutcomeAdded)

	got := k.lanes()
	a, h := got[lane("a")], got[lane("h")]
	if len(got) != 2 || a.Depth != 2 || h.Depth != 1 {
		k.Fatalf("lanes are %+v, want a with 2 entries and h with one", got)
	}
	if off := a.Oldest.Sub(start); off < -time.Minute || off > time.Minute {
		k.Errorf("oldest entry of %v, want about %v", a.Oldest, start)
	}
	if !a.HeldUntil.IsZero() || a.Holder != "" || !a.Expires.IsZero() {
		k.Errorf("lane that waits is %+v", a)
	}
	if off := h.HeldUntil.Sub(start); off < 58*time.Minute || off > 62*time.Minute {
		k.Errorf("lane is held for %v, want an hour", off)
	}
	before := a.Oldest
	l := k.lease(state.LeaseRequest{Holder: "bob"})[0]
	a = k.lanes()[lane("a")]
	if off := a.Expires.Sub(l.Expires); a.Depth != 2 || a.Holder != "bob" || off < -time.Minute || off > time.Minute {
		k.Errorf("leased lane is %+v, want the holder bob and the end %v", a, l.Expires)
	}
	k.ack(l)
	a = k.lanes()[lane("a")]
	if a.Depth != 1 || a.Holder != "" || !a.Expires.IsZero() || !a.Oldest.After(before) {
		k.Errorf("lane after a settle is %+v", a)
	}
	k.settle(k.expect(lane("a"), "2"), state.Retry("2", time.Hour, state.Cause{}))
	if a = k.lanes()[lane("a")]; a.HeldUntil.IsZero() || a.Holder != "" {
		k.Errorf("lane that waits for a retry is %+v", a)
	}
	k.add(lane("z"), "1")
	k.ack(k.expect(lane("z"), "1"))
	if got := k.lanes(); len(got) != 2 {
		k.Errorf("lanes are %+v, want a and h", got)
	}
}

func delayedView(k *kit) {
	start := time.Now()
	e := state.Entry{ID: "1", Lane: lane("a"), Keys: []string{"k"}, Body: []byte("\x00body"), Delay: time.Hour}
	k.put(e, state.OutcomeAdded)
	k.add(lane("a"), "2")
	k.settle(k.expect(lane("a"), "2"), state.RetryAside("2", 2*time.Hour, state.Cause{Code: "c", Message: "m", Stack: "s"}))
	got := map[string]state.DelayedEntry{}
	for _, d := range k.delayed() {
		got[d.ID] = d
	}
	one, two := got["1"], got["2"]
	if len(got) != 2 || one.Lane != e.Lane || string(one.Body) != "\x00body" || one.Attempt != 0 || two.Attempt != 1 {
		k.Fatalf("delayed are %+v", got)
	}
	if one.Cause != (state.Cause{}) || two.Cause != (state.Cause{Code: "c", Message: "m", Stack: "s"}) {
		k.Errorf("causes are %+v and %+v", one.Cause, two.Cause)
	}
	for d, want := range map[time.Time]time.Duration{one.Due: time.Hour, two.Due: 2 * time.Hour} {
		if off := d.Sub(start) - want; off < -time.Minute || off > time.Minute {
			k.Errorf("due in %v, want %v", d.Sub(start), want)
		}
	}
}

func deadView(k *kit) {
	for _, id := range numbered("e", 5) {
		k.add(lane(id), id)
	}
	for range 5 {
		l := k.one(1, long)
		k.settle(l, state.Bury(l.Entries[0].ID, state.Cause{Code: "code", Message: "about " + l.Entries[0].ID}))
	}
	seen := map[string]bool{}
	for _, d := range k.dead() {
		seen[d.ID] = true
		if d.Lane != lane(d.ID) || string(d.Body) != "body of "+d.ID || d.Cause.Message != "about "+d.ID || d.Attempt != 1 {
			k.Errorf("dead letter is %+v", d)
		}
		if d.EnqueuedAt.IsZero() || d.BuriedAt.Before(d.EnqueuedAt.Add(-rounding)) {
			k.Errorf("dead letter was stored %v and buried %v", d.EnqueuedAt, d.BuriedAt)
		}
	}
	if len(seen) != 5 {
		k.Errorf("%d dead letters, want 5", len(seen))
	}
	if got := k.lanes(); len(got) != 0 {
		k.Errorf("lanes that hold only dead letters are listed: %v", got)
	}
}

func viewBreak(k *kit) {
	for _, id := range numbered("l", 4) {
		k.add(lane(id), "1", "2")
		late := entry(lane(id), "late")
		late.Delay = time.Hour
		k.put(late, state.OutcomeAdded)
	}
	for range 4 {
		l := k.one(1, long)
		k.settle(l, state.Bury("1", state.Cause{}))
	}
	for _, err := range k.s.Lanes(k.ctx()) {
		k.wants("Lanes", err, nil)
		break
	}
	for _, err := range k.s.Delayed(k.ctx()) {
		k.wants("Delayed", err, nil)
		break
	}
	for _, err := range k.s.Export(k.ctx()) {
		k.wants("Export", err, nil)
		break
	}
	for _, err := range k.s.Dead(k.ctx()) {
		k.wants("Dead", err, nil)
		break
	}
	// The body may change what it walks over.
	n := 0
	for d, err := range k.s.Dead(k.ctx()) {
		if err != nil {
			k.Fatalf("Dead: %v", err)
		}
		if err := k.s.Requeue(k.ctx(), d.Lane, d.ID); err != nil {
			k.Fatalf("Requeue: %v", err)
		}
		n++
	}
	if n != 4 {
		k.Errorf("requeued %d dead letters, want 4", n)
	}
	k.wantStats(state.Stats{Lanes: 4, Entries: 8, Delayed: 4})
}

func viewWorkspaces(k *kit) {
	for _, ws := range []string{"w1", "w2", ""} {
		l := state.Key{Workspace: ws, Kind: "thread", ID: "x"}
		k.add(l, "1", "2")
		got := k.expect(l, "1")
		k.settle(got, state.Bury("1", state.Cause{}))
		k.ack(k.expect(l, "2"))
		k.add(l, "3")
		k.settle(k.expect(l, "3"), state.RetryAside("3", time.Hour, state.Cause{}))
	}
	if st := k.stats(); st.Dead != 3 || st.Delayed != 3 {
		k.Errorf("Stats = %+v, want 3 dead and 3 delayed", st)
	}
	seen := map[string]int{}
	for _, d := range k.dead() {
		seen[d.Lane.Workspace]++
	}
	for _, d := range k.delayed() {
		seen[d.Lane.Workspace]++
	}
	if len(seen) != 3 {
		k.Errorf("views show the workspaces %v, want three", seen)
	}
	// A dead letter is found only under its own workspace.
	if err := k.s.Purge(k.ctx(), state.Key{Workspace: "w1", Kind: "thread", ID: "x"}, "1"); err != nil {
		k.Fatalf("Purge: %v", err)
	}
	if d := k.dead(); len(d) != 2 || d[0].Lane.Workspace == "w1" || d[1].Lane.Workspace == "w1" {
		k.Errorf("dead letters after a purge in w1: %+v", d)
	}
}
