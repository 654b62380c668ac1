package redisstate

import (
	"context"
	"strconv"
	"time"

	"github.com/linearbot/linearbot/state"
)

// maxBody is the largest body of an entry.
const maxBody = 8 << 20

// Enqueue appends an entry. See [state.Queue].
func (s *Store) Enqueue(ctx context.Context, e state.Entry) (state.Receipt, error) {
	if err := checkEntry(&e); err != nil {
		return state.Receipt{}, err
	}
	if err := s.begin(ctx); err != nil {
		return state.Receipt{}, err
	}
	flags := ""
	if e.Hold > 0 && e.HoldMode == state.HoldReset {
		flags += "r"
	}
	if e.IfIdle {
		flags += "i"
	}
	if s.room != nil && s.room.full(ctx, s) {
		flags += "f"
	}
	lane, i := s.at(e.Lane)
	sh := &s.shards[i]
	keys := make([]string, 0, 8+len(e.Keys))
	keys = append(keys, sh.queue(lane), sh.ready, sh.leases, sh.counts, sh.later, sh.parked, sh.asleep, sh.dedup(lane, e.ID))
	for _, k := range e.Keys {
		keys = append(keys, sh.dedup(lane, k))
	}
	tail := appendTail(make([]byte, 0, len(e.Body)+len(e.ID)+16), &e)
	a, err := s.ask(ctx, s.scripts.enqueue, 4, keys,
		lane, tail, millis(s.o.DedupTTL), e.Delay.Microseconds(), e.Hold.Microseconds(), flags, s.channel, sh.id)
	if err != nil {
		return state.Receipt{}, s.fail(ctx, "enqueue", err)
	}
	r := state.Receipt{Depth: int(a.num(1))}
	switch a.num(0) {
	case 1:
		r.Outcome = state.Added
		s.room.add(1)
		s.news(i, a.num(2), a.num(3))
	case 2:
		r.Outcome = state.Duplicate
	case 3:
		r.Outcome = state.Busy
	default:
		return state.Receipt{}, s.fail(ctx, "enqueue", state.ErrFull)
	}
	return r, nil
}

func checkEntry(e *state.Entry) error {
	switch {
	case e.ID == "":
		return invalid("entry without an id")
	case e.Lane.Kind == "" || e.Lane.ID == "":
		return invalid("entry %q: its lane has no kind or no id", e.ID)
	case len(e.Body) > maxBody:
		return invalid("entry %q: a body of %d bytes is too large", e.ID, len(e.Body))
	case e.Delay < 0:
		return invalid("entry %q: delay %v", e.ID, e.Delay)
	case e.Hold < 0:
		return invalid("entry %q: hold %v", e.ID, e.Hold)
	case e.HoldMode > state.HoldReset:
		return invalid("entry %q: hold mode %d", e.ID, e.HoldMode)
	}
	return nil
}

// news tells the board what a script answered about a shard: wait in
// microseconds until something can be leased, -1 for never, and since when.
func (s *Store) news(shard int, wait, score int64) {
	switch {
	case wait == 0:
		s.board.ready(shard, score, true)
	case wait > 0:
		s.board.later(shard, micro(wait))
	}
}

// Settle applies verdicts. See [state.Queue].
func (s *Store) Settle(ctx context.Context, l *state.Lease, verdicts ...state.Verdict) error {
	if l == nil {
		return invalid("settle without a lease")
	}
	if err := s.begin(ctx); err != nil {
		return err
	}
	return s.settle(ctx, l, verdicts)
}

func (s *Store) settle(ctx context.Context, l *state.Lease, verdicts []state.Verdict) error {
	lane, i := s.at(l.Lane)
	all := len(verdicts) == len(l.Entries)
	done := 0
	places, taken := make([]int, len(verdicts)), make([]bool, len(l.Entries))
	for n, v := range verdicts {
		place := placeOf(l, taken, n, v.ID)
		if place < 0 {
			return invalid("settle: entry %q is not in the lease or has a verdict already", v.ID)
		}
		places[n], taken[place] = place, true
		if v.Kind < state.KindAck || v.Kind > state.KindBury || v.After < 0 {
			return invalid("settle: entry %q: kind %d with a wait of %v", v.ID, v.Kind, v.After)
		}
		all = all && v.Kind == state.KindAck
		if v.Kind == state.KindAck || v.Kind == state.KindBury {
			done++
		}
	}
	mode, args := "all", []any(nil)
	if !all || len(verdicts) == 0 {
		mode = ""
		args = make([]any, 0, 6*len(verdicts))
		for n, v := range verdicts {
			free := 0
			if v.Free {
				free = 1
			}
			cause, name := "", ""
			if v.Kind == state.KindBury || v.Kind == state.KindRetryAside {
				cause, name = packCause(v.Cause), pair(lane, v.ID)
			}
			args = append(args, places[n]+1, int(v.Kind), v.After.Microseconds(), free, cause, name)
		}
	}
	err := s.settleArgs(ctx, i, lane, l.Token, mode, args)
	if err == nil {
		s.room.add(-done)
	}
	return err
}

// placeOf finds the entry id, not taken yet, in the lease. It is most likely
// at n.
func placeOf(l *state.Lease, taken []bool, n int, id string) int {
	if n < len(l.Entries) && l.Entries[n].ID == id && !taken[n] {
		return n
	}
	for i := range l.Entries {
		if l.Entries[i].ID == id && !taken[i] {
			return i
		}
	}
	return -1
}

// settleArgs runs the script with verdicts that are packed for it.
func (s *Store) settleArgs(ctx context.Context, i int, lane string, token uint64, mode string, verdicts []any) error {
	sh := &s.shards[i]
	keys := []string{sh.queue(lane), sh.ready, sh.leased, sh.leases, sh.counts, sh.later, sh.parked, sh.dead, sh.asleep}
	args := append([]any{lane, strconv.FormatUint(token, 10), s.channel, sh.id, mode}, verdicts...)
	a, err := s.ask(ctx, s.scripts.settle, 3, keys, args...)
	switch {
	case err != nil:
		return s.fail(ctx, "settle", err)
	case a.num(0) == 0:
		return state.ErrLeaseLost
	}
	s.news(i, a.num(1), a.num(2))
	return nil
}

// millis is d in whole milliseconds, rounded up: what lives at all lives one.
func millis(d time.Duration) int64 {
	return int64((d + time.Millisecond - 1) / time.Millisecond)
}
