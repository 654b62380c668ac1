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
	if e.Lease != nil && s.board.waiting() {
		e.Lease = nil
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
		r.Outcome, r.Seq = state.OutcomeAdded, uint64(j.seq) //nolint:gosec // counts up from 1
		s.room.add(1)
		r.Lease = leaseWith(&e, j)
	case 2:
		r.Outcome = state.OutcomeDuplicate
	case 3:
		r.Outcome = state.OutcomeBusy
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
	if e.Lease != nil {
		flags += "l"
	}
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
		var buf [64]byte
		b := append(strconv.AppendInt(buf[:0], int64(len(args)-3), 10), ' ')
		b = append(strconv.AppendInt(b, e.Delay.Microseconds(), 10), ' ')
		b = append(strconv.AppendInt(b, e.Hold.Microseconds(), 10), ' ')
		how = string(append(b, flags...))
	}
	args[0], args[1] = packTail(e), how
	j := newJob(jobEnqueue, i, lane, []any{s.shards[i].queue(lane)}, args...)
	j.lease = e.Lease
	return j
}

// leaseWith returns the lease that came with the storing of an entry, or nil. Its body
// is that in the job, which is our own.
func leaseWith(e *state.Entry, j *job) *state.Lease {
	g := j.grant
	if g == nil {
		return nil
	}
	l := &state.Lease{
		Lane: e.Lane, Token: g.token, Holder: e.Lease.Holder, Expires: g.sent.Add(e.Lease.TTL),
		Entries: make([]state.Queued, 1), Notes: readNotes(g.sent, g.now, g.known.num(0), g.known.list(1)),
	}
	if !time.Now().Before(l.Expires) {
		return nil // the lane may have been leased again
	}
	q := &l.Entries[0]
	q.Entry = state.Entry{ID: e.ID, Lane: e.Lane, Keys: slices.Clone(e.Keys)}
	if tail, ok := j.args[0].([]byte); ok {
		body := len(tail) - len(e.Head) - len(e.Body)
		q.Body = tail[body:]
	}
	q.Seq, q.Attempt, q.EnqueuedAt = uint64(j.seq), 1, time.UnixMicro(g.now) //nolint:gosec // see Enqueue
	return l
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

// Settle applies verdicts and writes notes. See [state.Queue].
func (s *Store) Settle(ctx context.Context, l *state.Lease, how state.Settlement) error {
	if err := how.Validate(l); err != nil {
		return fmt.Errorf("redisstate: settle: %w", err)
	}
	if err := s.begin(ctx); err != nil {
		return err
	}
	j, done := s.settleJob(l, &how)
	if err := s.merger(j.shard).run(ctx, s, j); err != nil {
		return s.fail(ctx, "settle", err)
	}
	if j.outcome == 0 {
		return state.ErrLeaseLost
	}
	s.room.add(-done)
	return nil
}

// settleJob packs a valid settlement for the script. done is how many entries it
// ends.
func (s *Store) settleJob(l *state.Lease, how *state.Settlement) (j *job, done int) {
	lane, i := s.at(l.Lane)
	taken := make([]bool, len(l.Entries))
	all := len(how.Verdicts) == len(l.Entries)
	args := make([]any, 0, 6*len(how.Verdicts))
	for n, v := range how.Verdicts {
		place := placeOf(l, taken, n, v.ID)
		taken[place] = true
		all = all && v.Kind == state.VerdictAck
		if v.Kind == state.VerdictAck || v.Kind == state.VerdictBury {
			done++
		}
		cause, name := "", ""
		if v.Kind == state.VerdictBury || v.Kind == state.VerdictRetryAside {
			cause, name = packCause(v.Cause), pair(lane, v.ID)
		}
		args = append(args, place+1, int(v.Kind), v.After.Microseconds(), bit(v.Free), cause, name)
	}
	if all && len(how.Verdicts) > 0 {
		args = nil
	} else {
		all = false
	}
	return s.packSettle(i, lane, l.Lane, l.Token, how.Notes, all, args), done
}

// packSettle makes the job of verdicts that are packed already, or of an
// acknowledgement of all entries.
func (s *Store) packSettle(
	i int, lane string, key state.Key, token uint64, notes []state.NoteWrite, all bool, verdicts []any,
) *job {
	sh := &s.shards[i]
	args := make([]any, 0, 4+5*len(notes)+len(verdicts))
	args = append(args, lane, strconv.FormatUint(token, 10), len(notes))
	keys := []any{sh.queue(lane), sh.settleKeys[0]} // any name will do without notes
	if len(notes) > 0 {
		args = packNotes(args, notes)
		keys[1] = sh.notes + key.Thread().String()
	}
	if all {
		args = append(args, "all")
	} else {
		args = append(append(args, len(verdicts)/6), verdicts...)
	}
	return newJob(jobSettle, i, lane, keys, args...)
}

// giveBack settles a lease by itself, even while the store closes. verdicts are
// packed; with none the entries stay as they are.
func (s *Store) giveBack(ctx context.Context, i int, lane string, token uint64, verdicts []any) {
	// If this fails the lease lapses and the lane is handed out again.
	s.carry(context.WithoutCancel(ctx), []*job{s.packSettle(i, lane, state.Key{}, token, nil, false, verdicts)})
}

// placeOf finds the entry id, which is there and not taken yet, in the lease.
// It is most likely at n.
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
