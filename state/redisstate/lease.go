package redisstate

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/linearbot/linearbot/state"
)

const (
	// maxLanes and maxEntries bound the work of one script call. A request for
	// more gets so many.
	maxLanes   = 512
	maxEntries = 4096
)

// Lease leases lanes. See [state.Queue]. Requests for more than 512 lanes or
// 4096 entries get that many at most.
func (s *Store) Lease(ctx context.Context, req state.LeaseRequest) ([]*state.Lease, error) {
	if err := req.Validate(); err != nil {
		return nil, err
	}
	req.Lanes = min(max(req.Lanes, 1), maxLanes)
	req.Entries = min(max(req.Entries, 1), maxEntries)
	req.Bytes = cmp.Or(req.Bytes, state.DefaultLeaseBytes)
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	s.board.enter()
	defer func() {
		if late := s.board.exit(); len(late) > 0 {
			s.spawn(func() { s.giveAllBack(context.WithoutCancel(ctx), late) })
		}
	}()
	for {
		if err := s.begin(ctx); err != nil {
			return nil, err
		}
		if err := s.board.down(); err != nil {
			return nil, s.fail(ctx, "lease", err)
		}
		late, asks, wake, wait := s.board.pick(req)
		if len(late) > 0 {
			return late, nil
		}
		if asks == nil {
			s.listen.Do(func() { s.spawn(s.listener) })
			if err := s.sleep(ctx, wake, wait); err != nil {
				return nil, err
			}
			continue
		}
		leases, err := s.leaseFrom(ctx, asks, req)
		if err != nil || len(leases) > 0 {
			return leases, err
		}
	}
}

// sleep waits for its turn to look again.
func (s *Store) sleep(ctx context.Context, wake chan struct{}, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-wake:
		return nil
	case <-timer.C:
		s.board.leave(wake, true)
		return nil
	case <-ctx.Done():
		s.board.leave(wake, false)
		return ctx.Err()
	case <-s.done:
		return state.ErrClosed
	}
}

// exchange sends the asks in one pipeline, and reads the entries that their
// answers do not bring in a second one. It fails if all asks did. A lane with
// entries that cannot be read goes back.
func (s *Store) exchange(ctx context.Context, asks []ask, req state.LeaseRequest) ([]taken, error) {
	sent := time.Now()
	cmds := s.sendAsks(ctx, asks, req)
	var (
		got    []grant
		failed []int
		cause  error
	)
	for i, cmd := range cmds {
		items, err := cmd.Slice()
		if err == nil && len(items) < grantsAt {
			err = errAnswer
		}
		if err != nil {
			failed, cause = append(failed, asks[i].shard), err
			continue
		}
		a := answer(items)
		s.board.learn(asks[i].shard, seen{
			now: a.num(0), rest: int(a.num(1)), head: a.num(2), wait: micro(a.num(3)),
		}, req.Lanes)
		for j := grantsAt; j+grantItems <= len(a); j += grantItems {
			got = append(got, grant{shard: asks[i].shard, now: a.num(0), token: uint64(max(a.num(4), 0)), asked: sent, lane: a[j : j+grantItems]})
		}
	}
	for _, i := range failed {
		s.board.failed(i, cause)
	}
	if len(failed) == len(asks) {
		return nil, cause
	}
	cause = s.readRest(ctx, got)
	expires := sent.Add(req.TTL)
	if !time.Now().Before(expires) {
		return nil, nil // the lanes may have been leased again
	}
	leases := make([]taken, 0, len(got))
	for _, g := range got {
		if l := s.readLease(ctx, g); l != nil {
			l.Holder, l.Expires = req.Holder, expires
			leases = append(leases, taken{l, g.lane.num(2)})
		}
	}
	if len(leases) > 0 {
		cause = nil
	}
	return leases, cause
}

// grant is a lane that a script has leased to us.
type grant struct {
	shard int
	asked time.Time // when the script was called, by our clock
	now   int64
	token uint64
	lane  answer // as the script answered it
	err   error  // why its entries could not be read
}

// readRest reads the entries of the lanes whose answers do not have them, and
// puts them there. It returns the last of the errors.
func (s *Store) readRest(ctx context.Context, got []grant) error {
	cmds := make([]*redis.Cmd, len(got))
	var p redis.Pipeliner
	for i, g := range got {
		n := g.lane.num(grantItems - 1)
		if n == 0 {
			continue
		}
		if p == nil {
			p = s.client.Pipeline()
		}
		cmds[i] = p.Do(ctx, "LRANGE", s.shards[g.shard].queue(g.lane.text(0)), 0, 2*n-1)
	}
	if p == nil {
		return nil
	}
	// Each command has its own error.
	_, _ = p.Exec(ctx)
	var cause error
	for i, cmd := range cmds {
		if cmd == nil {
			continue
		}
		items, err := cmd.Slice()
		if err != nil {
			got[i].err, cause = err, err
			continue
		}
		got[i].lane[grantItems-1] = items
	}
	return cause
}

// grantsAt is where the lanes begin in the answer of the lease script, and
// grantItems is how many items each of them has.
const (
	grantsAt   = 5
	grantItems = 6
)

// taken is a lease of a lane that was ready since then, by the store's clock.
type taken struct {
	*state.Lease

	since int64
}

// longestFirst orders leases by how long their lanes waited.
func longestFirst(leases []taken) []*state.Lease {
	slices.SortStableFunc(leases, func(x, y taken) int { return cmp.Compare(x.since, y.since) })
	out := make([]*state.Lease, len(leases))
	for i, l := range leases {
		out[i] = l.Lease
	}
	return out
}

func (s *Store) sendAsks(ctx context.Context, asks []ask, req state.LeaseRequest) []*redis.Cmd {
	cmds := make([]*redis.Cmd, len(asks))
	most, ttl := s.deadLimits()
	call := func(a ask) invocation {
		call := s.scripts.lease.invocation(s.shards[a.shard].leaseKeys, 7)
		call.args = append(call.args, a.lanes, req.Entries, req.TTL.Microseconds(), req.Holder, req.Bytes, most, ttl)
		return call
	}
	if len(asks) == 1 {
		call := call(asks[0])
		cmds[0] = call.do(ctx, s.client)
		return cmds
	}
	p := s.client.Pipeline()
	calls := make([]invocation, len(asks))
	for i, a := range asks {
		calls[i] = call(a)
		cmds[i] = calls[i].send(ctx, p)
	}
	// Each command has its own error.
	_, _ = p.Exec(ctx)
	for i, cmd := range cmds {
		cmds[i] = calls[i].taught(ctx, s.client, cmd)
	}
	return cmds
}

// readLease makes a lease of a grant. A lane with entries that cannot be read
// goes back without them, and the result is nil.
func (s *Store) readLease(ctx context.Context, g grant) *state.Lease {
	name := g.lane.text(0)
	if g.err != nil {
		s.giveBack(ctx, g.shard, name, g.token, nil)
		return nil
	}
	parts := g.lane.list(grantItems - 1)
	l := &state.Lease{
		Token: g.token, Behind: int(g.lane.num(1)), Waited: micro(max(g.now-g.lane.num(2), 0)),
		Entries: make([]state.Queued, 0, len(parts)/2),
		Notes:   readNotes(g.asked, g.now, g.lane.num(3), g.lane.list(4)),
	}
	var ok bool
	l.Lane, ok = state.ParseKey(name)
	var bury []any
	for i := 0; i+1 < len(parts); i += 2 {
		head, tail := parts.text(i), parts.text(i+1)
		q, err := decodeEntry(l.Lane, head, tail)
		if err != nil || !ok {
			bury = append(bury, i/2+1, int(state.VerdictBury), 0, 1,
				packCause(undecodable()), pair(name, "undecodable-"+digest(head+tail)))
			continue
		}
		q.Attempt++ // this time
		l.Entries = append(l.Entries, q)
	}
	if bury == nil && len(l.Entries) > 0 {
		return l
	}
	s.giveBack(ctx, g.shard, name, l.Token, bury)
	return nil
}

// digest names a record that cannot name itself.
func digest(rec string) string {
	sum := sha256.Sum256([]byte(rec))
	return hex.EncodeToString(sum[:8])
}

// micro is n microseconds; negative stays negative.
func micro(n int64) time.Duration { return time.Duration(n) * time.Microsecond }

// Extend makes a lease live longer. See [state.Queue].
func (s *Store) Extend(ctx context.Context, l *state.Lease, ttl time.Duration) error {
	if l == nil {
		return invalid("no lease")
	}
	if err := (state.LeaseRequest{TTL: ttl}).Validate(); err != nil {
		return err
	}
	if err := s.begin(ctx); err != nil {
		return err
	}
	name, i := s.at(l.Lane)
	sh := &s.shards[i]
	sent := time.Now()
	n, err := s.scripts.extend.Run(ctx, s.calls, []string{sh.leased, sh.leases},
		name, strconv.FormatUint(l.Token, 10), ttl.Microseconds()).Int()
	switch {
	case err != nil:
		return s.fail(ctx, "extend", err)
	case n == 0:
		return state.ErrLeaseLost
	}
	l.Expires = sent.Add(ttl)
	s.board.later(i, ttl)
	return nil
}
