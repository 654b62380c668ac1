package redisstate

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/linearbot/linearbot/state"
)

// Enqueue appends an entry. See [state.Queue].
func (s *Store) Enqueue(ctx context.Context, e state.Entry) (state.Receipt, error) {
	if err := e.Validate(); err != nil {
		return state.Receipt{}, err
	}
	if err := s.begin(ctx); err != nil {
		return state.Receipt{}, err
	}
	full := s.room != nil && s.room.full(ctx, s)
	lane, i := s.at(e.Lane)
	j := s.enqueueJob(i, lane, &e, full)
	if err := s.merger(i).run(ctx, s, j); err != nil {
		return state.Receipt{}, s.fail(ctx, "enqueue", err)
	}
	r := state.Receipt{Depth: int(j.depth)}
	switch j.outcome {
	case 1:
		r.Outcome = state.Added
		s.room.add(1)
	case 2:
		r.Outcome = state.Duplicate
	case 3:
		r.Outcome = state.Busy
	default:
		return state.Receipt{}, s.fail(ctx, "enqueue", state.ErrFull)
	}
	return r, nil
}

// enqueueJob packs an entry for the script. An entry that needs nothing special
// says so in a short way, which is the fast one.
func (s *Store) enqueueJob(i int, lane string, e *state.Entry, full bool) *job {
	args := make([]any, 3, 3+len(e.Keys))
	args[2] = pair(lane, e.ID)
	for n, k := range e.Keys {
		if k != e.ID && !slices.Contains(e.Keys[:n], k) {
			args = append(args, pair(lane, k))
		}
	}
	flags := ""
	if e.Hold > 0 && e.HoldMode == state.HoldReset {
		flags += "r"
	}
	if e.IfIdle {
		flags += "i"
	}
	if full {
		flags += "f"
	}
	how := ""
	if len(args) > 3 || e.Delay > 0 || e.Hold > 0 || flags != "" {
		how = fmt.Sprintf("%d %d %d %s", len(args)-3, e.Delay.Microseconds(), e.Hold.Microseconds(), flags)
	}
	args[0], args[1] = appendTail(make([]byte, 0, len(e.Body)+len(e.ID)+16), e), how
	return newJob(jobEnqueue, i, []string{s.shards[i].queue(lane)}, args...)
}

// news tells the board what a script answered about a shard: how many lanes
// became ready and since when, and how many microseconds it takes until
// there may be more, -1 for never.
func (s *Store) news(shard int, lanes, score, wait int64) {
	if lanes > 0 {
		s.board.ready(shard, score, int(lanes))
	}
	if wait > 0 {
		s.board.later(shard, micro(wait))
	}
}

// became tells the board about a lane that a script moved: wait in microseconds
// until it can be leased, -1 for never, and since when.
func (s *Store) became(shard int, wait, score int64) {
	if wait == 0 {
		s.news(shard, 1, score, -1)
	} else {
		s.news(shard, 0, 0, wait)
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
	j, done, err := s.settleJob(l, verdicts)
	if err != nil {
		return err
	}
	if err := s.merger(j.shard).run(ctx, s, j); err != nil {
		return s.fail(ctx, "settle", err)
	}
	if j.outcome == 0 {
		return state.ErrLeaseLost
	}
	s.room.add(-done)
	return nil
}

// settleJob packs verdicts for the script. done is how many entries they end.
func (s *Store) settleJob(l *state.Lease, verdicts []state.Verdict) (j *job, done int, err error) {
	lane, i := s.at(l.Lane)
	all := len(verdicts) == len(l.Entries)
	places, taken := make([]int, len(verdicts)), make([]bool, len(l.Entries))
	for n, v := range verdicts {
		place := placeOf(l, taken, n, v.ID)
		if place < 0 {
			return nil, 0, invalid("settle: entry %q is not in the lease or has a verdict already", v.ID)
		}
		places[n], taken[place] = place, true
		if v.Kind < state.KindAck || v.Kind > state.KindBury || v.After < 0 {
			return nil, 0, invalid("settle: entry %q: kind %d with a wait of %v", v.ID, v.Kind, v.After)
		}
		all = all && v.Kind == state.KindAck
		if v.Kind == state.KindAck || v.Kind == state.KindBury {
			done++
		}
	}
	var args []any
	if !all || len(verdicts) == 0 {
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
	return s.packSettle(i, lane, l.Token, all && len(verdicts) > 0, args), done, nil
}

// packSettle makes the job of verdicts that are packed already, or of an
// acknowledgement of all entries.
func (s *Store) packSettle(i int, lane string, token uint64, all bool, verdicts []any) *job {
	args := make([]any, 0, 3+len(verdicts))
	args = append(args, lane, strconv.FormatUint(token, 10))
	if all {
		args = append(args, "all")
	} else {
		args = append(append(args, len(verdicts)/6), verdicts...)
	}
	return newJob(jobSettle, i, []string{s.shards[i].queue(lane)}, args...)
}

// giveBack settles a lease by itself, even while the store closes. verdicts are
// packed; with none the entries stay as they are.
func (s *Store) giveBack(ctx context.Context, i int, lane string, token uint64, verdicts []any) {
	// If this fails the lease lapses and the lane comes up again.
	s.carry(context.WithoutCancel(ctx), []*job{s.packSettle(i, lane, token, false, verdicts)})
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

// millis is d in whole milliseconds, rounded up: what lives at all lives one.
func millis(d time.Duration) int64 {
	return int64((d + time.Millisecond - 1) / time.Millisecond)
}
