package memstate

import (
	"container/heap"
	"time"
)

// agenda is a list of moments, earliest first.
type agenda struct{ heap moments }

// moment is a place in an agenda. It belongs to one thing, which embeds it,
// and is on one agenda at most.
type moment struct {
	at  time.Time
	on  *agenda // nil if it is on none
	pos int     // index in the heap of on
	ord uint64  // breaks ties: what was set first comes first
}

// dated is a thing that embeds a moment and acts when it comes.
type dated interface {
	when() *moment
	// due is called with the store locked and the moment off the agenda.
	due(s *Store)
}

func (m *moment) when() *moment { return m }

// set puts d on the agenda at t. It is taken off where it was before.
func (a *agenda) set(d dated, t time.Time) {
	m := d.when()
	cancel(d)
	a.heap.ord++
	m.at, m.ord, m.on = t, a.heap.ord, a
	heap.Push(&a.heap, d)
}

// cancel takes d off its agenda, if it is on one.
func cancel(d dated) {
	if m := d.when(); m.on != nil {
		heap.Remove(&m.on.heap, m.pos)
	}
}

// first returns what comes first, or nil.
func (a *agenda) first() dated {
	if len(a.heap.all) == 0 {
		return nil
	}
	return a.heap.all[0]
}

// run does what is due at now, in order.
func (a *agenda) run(s *Store, now time.Time) {
	for d := a.first(); d != nil && !d.when().at.After(now); d = a.first() {
		cancel(d)
		d.due(s)
	}
}

// moments is the heap of an agenda.
type moments struct {
	all []dated
	ord uint64 // the last ord given
}

func (h *moments) Len() int { return len(h.all) }

func (h *moments) Less(i, j int) bool {
	a, b := h.all[i].when(), h.all[j].when()
	if c := a.at.Compare(b.at); c != 0 {
		return c < 0
	}
	return a.ord < b.ord
}

func (h *moments) Swap(i, j int) {
	h.all[i], h.all[j] = h.all[j], h.all[i]
	h.all[i].when().pos, h.all[j].when().pos = i, j
}

func (h *moments) Push(x any) {
	if d, ok := x.(dated); ok {
		d.when().pos = len(h.all)
		h.all = append(h.all, d)
	}
}

func (h *moments) Pop() any {
	n := len(h.all) - 1
	d := h.all[n]
	h.all[n] = nil
	h.all = h.all[:n]
	d.when().on = nil
	return d
}
