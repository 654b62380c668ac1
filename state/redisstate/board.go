package redisstate

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/linearbot/linearbot/state"
)

// fallback is how often a waiting process looks at all shards even if nothing
// told it to. It bounds what a lost message costs.
const fallback = time.Second

// board is what a process believes about the shards, and the queue of the
// Lease calls that sleep because of it. Belief may be wrong; what a script
// answers corrects it, and every fallback all of it is checked.
type board struct {
	mu      sync.Mutex
	shards  []hint
	waiters []chan struct{} // in the order in which they came
	look    time.Time       // when all shards are looked at again
	active  int             // Lease calls
	late    []lateLease
	outage  error // why all shards failed, until a caller was told
}

// lateLease is a lease that came when the call that asked for it had left.
type lateLease struct {
	lease *state.Lease
	req   state.LeaseRequest
}

// hint is what is believed about one shard.
type hint struct {
	ready   int       // lanes that can be leased
	head    int64     // since when the first of them can, by the store's clock
	unknown bool      // nothing is believed: look
	due     time.Time // when there may be something; zero for never
	calls   int       // calls that are on their way
	behind  int       // those of them that no Lease waits for
	slow    bool      // the last call to answer was not waited for, or failed
	failed  bool      // the last call failed
	asOf    int64     // store time of the newest answer
	told    int64     // store time of the newest message
}

func newBoard(shards int) *board {
	b := &board{shards: make([]hint, shards)}
	for i := range b.shards {
		b.shards[i].unknown = true
	}
	return b
}

// ask is one script call that a Lease is to make. With no lanes it looks only.
type ask struct {
	shard, lanes int
	slow         bool // the answer is not waited for
}

// enter and exit count the Lease calls. exit returns what came late, if it
// was the last call that may want it.
func (b *board) enter() {
	b.mu.Lock()
	b.active++
	b.mu.Unlock()
}

func (b *board) exit() []*state.Lease {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.active--
	if b.active > 0 {
		return nil
	}
	b.outage = nil
	out := make([]*state.Lease, 0, len(b.late))
	for _, l := range b.late {
		out = append(out, l.lease)
	}
	b.late = nil
	return out
}

// take returns late leases that are what req asks for.
func (b *board) take(req state.LeaseRequest) []*state.Lease {
	var out []*state.Lease
	b.late = slices.DeleteFunc(b.late, func(l lateLease) bool {
		ok := len(out) < req.Lanes && l.req.Holder == req.Holder && l.req.TTL == req.TTL && l.req.Entries == req.Entries
		if ok {
			out = append(out, l.lease)
		}
		return ok
	})
	return out
}

// pick chooses the shards for a Lease. If there is nothing to do it returns a
// place in the queue instead, and how long to stay in it. What has come late is
// taken first.
func (b *board) pick(req state.LeaseRequest) (late []*state.Lease, asks []ask, wake chan struct{}, wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if late = b.take(req); len(late) > 0 {
		return late, nil, nil, 0
	}
	now, lanes := time.Now(), req.Lanes
	if !now.Before(b.look) {
		b.look = now.Add(fallback)
		for i := range b.shards {
			if h := &b.shards[i]; h.ready == 0 {
				h.unknown = true
			}
		}
	}
	next := b.look
	for i := range b.shards {
		h := &b.shards[i]
		if !h.due.IsZero() {
			if !now.Before(h.due) {
				h.due = time.Time{}
				if h.ready == 0 {
					h.ready, h.head = 1, 0
				}
			} else if h.due.Before(next) {
				next = h.due
			}
		}
		// A shard that keeps a call waiting is not asked again meanwhile.
		if (h.ready > 0 || h.unknown) && h.behind == 0 {
			asks = append(asks, ask{shard: i, slow: h.slow})
		}
	}
	if len(asks) == 0 {
		wake = make(chan struct{}, 1)
		b.waiters = append(b.waiters, wake)
		return nil, nil, wake, next.Sub(now)
	}
	// The shard that waited longest comes first, but calls that are on their
	// way will change it, so others come before it.
	slices.SortStableFunc(asks, func(x, y ask) int {
		hx, hy := &b.shards[x.shard], &b.shards[y.shard]
		return cmp.Or(cmp.Compare(hx.calls, hy.calls), cmp.Compare(hx.head, hy.head))
	})
	left, shards := lanes, 0
	for _, a := range asks {
		if b.shards[a.shard].ready > 0 {
			shards++
		}
	}
	out := asks[:0]
	for _, a := range asks {
		h := &b.shards[a.shard]
		if h.ready > 0 {
			if left == 0 {
				continue
			}
			// A few shards with many lanes each cost less than all with a few.
			a.lanes = min(max((left+shards-1)/shards, lanes/4), left, h.ready)
			left -= a.lanes
			shards--
			h.ready -= a.lanes
		}
		h.unknown = false
		h.calls++
		out = append(out, a)
	}
	return nil, out, nil, 0
}

// seen is the part of a lease script's answer that concerns the board.
type seen struct {
	now, head int64
	rest      int
	wait      time.Duration // negative for never
}

// learn takes in what a script answered to an ask.
func (b *board) learn(i int, a seen, lanes int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	h := &b.shards[i]
	h.calls--
	h.failed, h.slow, b.outage = false, false, nil
	if a.now <= h.asOf && a.now > h.asOf-fallback.Microseconds() {
		return // a newer answer came first
	}
	h.asOf = a.now
	h.ready, h.head = a.rest, a.head
	if h.told > a.now && h.told < a.now+fallback.Microseconds() {
		if h.ready == 0 {
			h.head = h.told
		}
		h.ready++
	}
	h.due = time.Time{}
	if a.wait >= 0 {
		h.due = time.Now().Add(a.wait)
	}
	b.wake((h.ready + lanes - 1) / max(lanes, 1))
}

// failed takes in that an ask went wrong. The shard rests for a while, so that
// it does not stand in the way of the others, unless they all failed: then the
// next Lease asks at once, to tell its caller.
func (b *board) failed(i int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	h := &b.shards[i]
	h.calls--
	h.ready, h.failed, h.slow = 0, true, true
	h.due = time.Now().Add(fallback)
	if b.allFailed() {
		b.outage = err
		for i := range b.shards {
			b.shards[i].unknown = true
		}
		b.wake(1)
	}
}

func (b *board) allFailed() bool {
	return !slices.ContainsFunc(b.shards, func(h hint) bool { return !h.failed })
}

// down returns why all shards failed, once, or nil if there is one that did not.
func (b *board) down() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	err := b.outage
	b.outage = nil
	return err
}

// behind takes in that the answers to asks are no longer waited for, or never
// were.
func (b *board) behind(asks []ask) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, a := range asks {
		b.shards[a.shard].behind++
		b.shards[a.shard].slow = true
	}
}

// returned takes in late answers to asks, and keeps the leases that came for a Lease
// that wants them. It reports false if there is none.
func (b *board) returned(asks []ask, unwanted bool, leases []*state.Lease, req state.LeaseRequest) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, a := range asks {
		b.shards[a.shard].behind--
	}
	unwanted = unwanted || b.active == 0
	if !unwanted {
		for _, l := range leases {
			b.late = append(b.late, lateLease{l, req})
		}
	}
	b.wake(max(len(leases), 1))
	return !unwanted
}

// ready takes in that lanes can be leased since at, which is store time: so
// many as an answer says, or with 0 at least one, as a message says.
func (b *board) ready(i int, at int64, lanes int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	h := &b.shards[i]
	before := func(told int64) bool { return at <= told && at > told-fallback.Microseconds() }
	if at == h.told || before(h.asOf) || lanes == 0 && before(h.told) {
		return // a later answer or message has told it already
	}
	h.told = at
	if h.ready == 0 {
		h.ready, h.head = max(lanes, 1), at
	} else {
		h.ready += lanes
	}
	b.wake(max(lanes, 1))
}

// waiting reports whether lanes are known to be ready.
func (b *board) waiting() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.ContainsFunc(b.shards, func(h hint) bool { return h.ready > 0 })
}

// later takes in that there will be something after d.
func (b *board) later(i int, d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	h := &b.shards[i]
	due := time.Now().Add(d)
	if h.due.IsZero() || due.Before(h.due) {
		h.due = due
		b.wake(1) // to set its timer again
	}
}

// forget makes the next Lease look at every shard.
func (b *board) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.look = time.Time{}
	b.wake(1)
}

// wake ends the sleep of up to n waiters. It is called with the lock held.
func (b *board) wake(n int) {
	n = min(n, len(b.waiters))
	for _, w := range b.waiters[:n] {
		w <- struct{}{} // has room for the one message it ever gets
	}
	b.waiters = slices.Delete(b.waiters, 0, n)
}

// leave gives a place in the queue up. If the waiter was woken meanwhile and
// will not look itself, another one is.
func (b *board) leave(w chan struct{}, looks bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := slices.Index(b.waiters, w); i >= 0 {
		b.waiters = slices.Delete(b.waiters, i, i+1)
		return
	}
	if !looks {
		b.wake(1)
	}
}
