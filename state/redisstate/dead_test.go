package redisstate

import (
	"slices"
	"testing"
	"time"

	"github.com/linearbot/linearbot/state"
)

func TestDeadLimits(t *testing.T) {
	t.Parallel()
	s := openAt(t, server(t).URL(), Options{MaxDead: 3, DeadTTL: time.Hour})
	check := func(s *Store, dropped int, want ...string) {
		t.Helper()
		var got []string
		for d, err := range s.Dead(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, d.ID)
		}
		slices.Sort(got)
		st, err := s.Stats(t.Context())
		if err != nil || !slices.Equal(got, want) || st.Dead != len(want) || st.Dropped != dropped {
			t.Errorf("dead letters are %v, %+v, %v, want %v and %d dropped", got, st, err, want, dropped)
		}
		if n, err := s.client.ZCard(t.Context(), s.shards[0].buried).Result(); err != nil || int(n) != len(want) {
			t.Errorf("the order has %d names, %v, want %d", n, err, len(want))
		}
	}
	bury := func() {
		t.Helper()
		l := mustLease(t, s)
		how := state.Settlement{Verdicts: []state.Verdict{state.Bury(l.Entries[0].ID, state.Cause{})}}
		if err := s.Settle(t.Context(), l, how); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []string{"1", "2", "3", "4", "5"} {
		mustPut(t, s, entry(lane(id), id))
		bury()
	}
	check(s, 2, "3", "4", "5")
	if err := s.Requeue(t.Context(), lane("4"), "4"); err != nil {
		t.Fatal(err)
	}
	check(s, 2, "3", "5")
	if err := s.Purge(t.Context(), lane("3"), "3"); err != nil {
		t.Fatal(err)
	}
	check(s, 2, "5")
	bury()
	check(s, 2, "4", "5")
	old := state.DeadEntry{Queued: state.Queued{Entry: entry(lane("old"), "old")}, BuriedAt: time.Now().Add(-2 * time.Hour)}
	if err := s.Import(t.Context(), state.Record{Kind: state.RecordDead, Dead: &old}); err != nil {
		t.Fatal(err)
	}
	check(s, 3, "4", "5")

	brief := openAt(t, server(t).URL(), Options{Prefix: s.o.Prefix, DeadTTL: time.Millisecond})
	timer := time.NewTimer(5 * time.Millisecond)
	<-timer.C
	check(brief, 5)
}
