package statetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/linearbot/linearbot/state"
)

func raceChecks() []check {
	return []check{
		{"never two holders", func(k *kit) { k.hammer(hammer{lanes: 2, producers: 4, consumers: 8, each: 25}) }},
		{"many lanes, many entries", func(k *kit) {
			k.hammer(hammer{lanes: 5, producers: 4, consumers: 4, each: 40, request: state.LeaseRequest{Lanes: 3, Entries: 4}})
		}},
		{"one lane", func(k *kit) { k.hammer(hammer{lanes: 1, producers: 3, consumers: 3, each: 40}) }},
		{"retries", func(k *kit) { k.hammer(hammer{lanes: 3, producers: 3, consumers: 4, each: 20, retry: 3}) }},
		{"lapses", func(k *kit) { k.hammer(hammer{lanes: 3, producers: 3, consumers: 6, each: 10, lapse: 4}) }},
		{"extend against takeover", extendRace},
	}
}

// hammer is a run of producers against consumers. Every entry must be done
// exactly once and every lane must keep its order; a lost wake-up shows as a
// run that does not end.
type hammer struct {
	lanes, producers, consumers int

	each    int                // entries per producer and lane
	request state.LeaseRequest // of the consumers
	retry   int                // every so many-th lease is retried
	lapse   int                // every so many-th lease is left until it lapses
}

// ledger is what the consumers of a hammer know together.
type ledger struct {
	mu      sync.Mutex
	holders map[state.Key]uint64 // token of the lease that is worked on
	done    map[state.Key][]turn
	left    int
	leases  int
	finish  context.CancelFunc
}

// turn is a lease that was settled as done. Tokens grow within a lane, so they
// tell the order of the turns.
type turn struct {
	token uint64
	ids   []string
}

func (k *kit) hammer(h hammer) {
	k.Helper()
	if testing.Short() {
		h.each = min(h.each, 10)
	}
	clients := []state.Store{k.s}
	if k.h.Second != nil {
		clients = append(clients, with(k.T, k.h, k.h.Second(k.T, k.s)).s)
	}
	ctx, finish := context.WithTimeout(k.Context(), 2*patience)
	defer finish()
	led := &ledger{
		holders: map[state.Key]uint64{},
		done:    map[state.Key][]turn{},
		left:    h.lanes * h.producers * h.each,
		finish:  finish,
	}
	var wg sync.WaitGroup
	for p := range h.producers {
		wg.Go(func() {
			s := clients[p%len(clients)]
			for i := range h.each {
				for n := range h.lanes {
					if _, err := s.Enqueue(ctx, entry(lane(strconv.Itoa(n)), fmt.Sprintf("%d:%d", p, i))); err != nil {
						k.Errorf("Enqueue: %v", err)
						finish()
						return
					}
				}
			}
		})
	}
	for c := range h.consumers {
		wg.Go(func() { k.consume(ctx, clients[c%len(clients)], h, led) })
	}
	wg.Wait()
	if k.Failed() {
		return
	}
	if led.left > 0 {
		st := k.stats()
		k.Fatalf("%d entries were not done in time; the store holds %+v", led.left, st)
	}
	for n := range h.lanes {
		k.inOrder(led.done[lane(strconv.Itoa(n))], h)
	}
	k.wantStats(state.Stats{})
}

// consume works until everything is done.
func (k *kit) consume(ctx context.Context, s state.Store, h hammer, led *ledger) {
	k.Helper()
	req := h.request
	req.TTL, req.Holder = long, "consumer"
	if h.lapse > 0 {
		req.TTL = short
	}
	for ctx.Err() == nil {
		ls, err := s.Lease(ctx, req)
		if err != nil {
			if ctx.Err() == nil {
				k.Errorf("Lease: %v", err)
				led.finish()
			}
			return
		}
		for _, l := range ls {
			n := led.take(k, l, h.lapse == 0)
			verdicts := acks(l)
			switch {
			case h.lapse > 0 && n%h.lapse == 0:
				// Hang until the lease has lapsed, then try to settle it late.
				k.pause(time.Until(l.Expires) + time.Duration(n%3)*short/4)
			case h.retry > 0 && n%h.retry == 0:
				verdicts = []state.Verdict{state.Retry(l.Entries[0].ID, 0, state.Cause{Code: "again"})}
			}
			led.settle(k, s, l, verdicts) //nolint:contextcheck // ctx ends when all is done; late settles must still be answered
		}
	}
}

// take notes a new lease and returns its number.
func (led *ledger) take(k *kit, l *state.Lease, alone bool) int {
	led.mu.Lock()
	defer led.mu.Unlock()
	if held := led.holders[l.Lane]; held != 0 && alone {
		k.Errorf("lane %v was leased with token %d while token %d holds it", l.Lane, l.Token, held)
	}
	led.holders[l.Lane] = l.Token
	led.leases++
	return led.leases
}

// settle settles l and notes what was done. The lane is noted as free before
// it is, because another consumer may have it before Settle returns here.
func (led *ledger) settle(k *kit, s state.Store, l *state.Lease, verdicts []state.Verdict) {
	led.mu.Lock()
	delete(led.holders, l.Lane)
	led.mu.Unlock()
	err := s.Settle(k.ctx(), l, state.Settlement{Verdicts: verdicts})
	led.mu.Lock()
	defer led.mu.Unlock()
	switch {
	case err == nil:
		if verdicts[0].Kind != state.VerdictAck {
			return
		}
		led.done[l.Lane] = append(led.done[l.Lane], turn{l.Token, idsOf(l)})
		if led.left -= len(l.Entries); led.left == 0 {
			led.finish()
		}
	case errors.Is(err, state.ErrLeaseLost) && l.Expires.Before(time.Now()):
	default:
		k.Errorf("Settle: %v", err)
		led.finish()
	}
}

// inOrder wants every entry of one lane once, and those of each producer in
// the order in which it appended them.
func (k *kit) inOrder(turns []turn, h hammer) {
	k.Helper()
	slices.SortFunc(turns, func(a, b turn) int { return cmp.Compare(a.token, b.token) })
	next := make([]int, h.producers)
	for i, tn := range turns {
		if i > 0 && tn.token == turns[i-1].token {
			k.Errorf("token %d was settled twice", tn.token)
		}
		for _, id := range tn.ids {
			var p, n int
			if _, err := fmt.Sscanf(id, "%d:%d", &p, &n); err != nil {
				k.Fatalf("entry %q: %v", id, err)
			}
			if n != next[p] {
				k.Fatalf("entry %d of producer %d was done when %d was expected", n, p, next[p])
			}
			next[p]++
		}
	}
	for p, n := range next {
		if n != h.each {
			k.Errorf("%d entries of producer %d were done, want %d", n, p, h.each)
		}
	}
}

// extendRace lets holders extend just when their leases end. A holder
// that is told so must hold the lane alone.
func extendRace(k *kit) {
	k.add(lane("a"), "1")
	var mu sync.Mutex
	ctx := k.within(2 * patience)
	var winner uint64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 5 {
				ls, err := k.s.Lease(ctx, state.LeaseRequest{TTL: 15 * time.Millisecond})
				if err != nil {
					k.Errorf("Lease: %v", err)
					return
				}
				mu.Lock()
				winner = max(winner, ls[0].Token)
				mu.Unlock()
				k.pause(15 * time.Millisecond)
				if err := k.s.Extend(ctx, ls[0], 30*time.Millisecond); err != nil {
					k.wants("Extend", err, state.ErrLeaseLost)
					continue
				}
				mu.Lock()
				if winner > ls[0].Token && time.Now().Before(ls[0].Expires) {
					k.Errorf("token %d was extended after token %d had been given out", ls[0].Token, winner)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	k.ack(k.expect(lane("a"), "1"))
	k.wantStats(state.Stats{})
}
