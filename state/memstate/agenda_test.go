package memstate

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/linearbot/linearbot/state"
)

// tick is a dated thing that notes that it was due.
type tick struct {
	moment

	n   int
	out *[]int
}

func (x *tick) due(*Store) { *x.out = append(*x.out, x.n) }

// TestAgenda compares two agendas with lists that are searched.
func TestAgenda(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var agendas [2]agenda
		var out []int
		var ticks []*tick
		for n := range 8 {
			ticks = append(ticks, &tick{n: n, out: &out})
		}
		type place struct{ on, at, ord int }
		model := map[int]place{}
		now := 0
		clock := time.Unix(0, 0)
		for i := range rapid.IntRange(0, 60).Draw(t, "steps") {
			x := rapid.SampledFrom(ticks).Draw(t, "tick")
			on := rapid.IntRange(0, 1).Draw(t, "agenda")
			switch rapid.IntRange(0, 3).Draw(t, "step") {
			case 0, 1:
				at := now + rapid.IntRange(0, 5).Draw(t, "at")
				agendas[on].set(x, clock.Add(time.Duration(at)))
				model[x.n] = place{on, at, i}
			case 2:
				cancel(x)
				delete(model, x.n)
			default:
				now++
				out = out[:0]
				agendas[on].run(nil, clock.Add(time.Duration(now)))
				for _, got := range out {
					best := -1
					for n, p := range model {
						if p.on == on && p.at <= now && (best < 0 || p.at < model[best].at || p.at == model[best].at && p.ord < model[best].ord) {
							best = n
						}
					}
					if got != best {
						t.Fatalf("%d was due, want %d", got, best)
					}
					delete(model, best)
				}
				for n, p := range model {
					if p.on == on && p.at <= now {
						t.Fatalf("%d was not due at %d", n, now)
					}
				}
			}
		}
		if n := len(agendas[0].heap.all) + len(agendas[1].heap.all); n != len(model) {
			t.Fatalf("%d are on the agendas, want %d", n, len(model))
		}
	})
}

// TestNothingStays looks into a store after everything in it was done and all
// keys have expired. Anything left then would never be freed.
func TestNothingStays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{DedupTTL: time.Hour})
		for i := range 50 {
			e := state.Entry{
				ID:   strconv.Itoa(i),
				Lane: state.Key{Workspace: "w", Kind: "thread", ID: strconv.Itoa(i % 7)},
				Keys: []string{"key " + strconv.Itoa(i)},
			}
			if i%5 == 0 {
				e.Delay = 2 * time.Hour
			}
			if i%7 == 0 {
				e.Hold = 90 * time.Minute
			}
			if _, err := s.Enqueue(t.Context(), e); err != nil {
				t.Fatal(err)
			}
			if err := s.Set(t.Context(), e.Lane, e.Body, time.Hour); err != nil {
				t.Fatal(err)
			}
			if err := s.WriteNotes(t.Context(), e.Lane, state.NoteWrite{Name: "n", Value: []byte("x"), TTL: time.Hour}); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 60 {
			ls, err := s.Lease(t.Context(), state.LeaseRequest{TTL: time.Minute})
			if err != nil {
				t.Fatal(err)
			}
			id := ls[0].Entries[0].ID
			v := state.Ack(id)
			if i < 10 {
				v = state.RetryAside(id, time.Hour, state.Cause{})
			}
			if err := s.Settle(t.Context(), ls[0], state.Settlement{Verdicts: []state.Verdict{v}}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Hour)
		if err := s.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
		n := len(s.ready.heap.all) + len(s.work.heap.all) + len(s.expiry.heap.all)
		if len(s.lanes) != 0 || len(s.values) != 0 || len(s.notes) != 0 || n != 0 || s.backlog != 0 {
			t.Errorf("left are %d lanes, %d values, the notes of %d threads, %d moments, a backlog of %d",
				len(s.lanes), len(s.values), len(s.notes), n, s.backlog)
		}
	})
}
