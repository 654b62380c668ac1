package redisstate

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/linearbot/linearbot/state"
)

const (
	// maxJobs and maxLoad bound one exchange. It has one job at least.
	maxJobs = 128
	maxLoad = 1 << 20
	// loadOfArg is what an argument of a script weighs besides its bytes.
	loadOfArg = 64
)

// merger sends the jobs of concurrent callers to the server together: those
// that come while an exchange is on its way wait for the next one. A job that
// comes alone leaves at once, and its caller carries it. All jobs of a shard go
// through one merger, so that as many as possible share a script call.
//
// One exchange at a time is on its way, as two that are smaller cost the server more.
// Beside one that is late, because its connection hangs for example, a second one may
// leave.
type merger struct {
	mu      sync.Mutex
	waiting []*job
	flying  int       // exchanges that are on their way
	since   time.Time // when the first of them left
	late    bool      // it is late: others do not wait for it
	// watch looks after the jobs that wait. It is set while there are any.
	watch    *time.Timer
	watching bool
}

// lateAfter is when an exchange is late.
const lateAfter = 20 * time.Millisecond

// newMergers returns the mergers for so many shards: one for a single server. In a
// cluster each shard has a merger of its own, so that a slow node does not hold up the
// calls to the others.
func newMergers(shards int, cluster bool) []merger {
	if !cluster {
		shards = 1
	}
	return make([]merger, shards)
}

func (s *Store) merger(shard int) *merger { return &s.mergers[shard%len(s.mergers)] }

// jobKind is the script that a job is for.
type jobKind uint8

const (
	jobEnqueue jobKind = iota
	jobSettle
)

// job is a caller's part of a script call.
type job struct {
	kind  jobKind
	shard int
	lane  string
	keys  []any
	args  []any
	load  int
	lease *state.LeaseRequest // of an entry that asks for it

	// done is closed when a job that waited is done. What came of it is below.
	done    chan struct{}
	outcome int64
	seq     int64
	depth   int64
	grant   *lanegrant
	err     error
	// left says that the caller of a job that waited has gone, and over that the job is
	// done. The lock of the merger guards them.
	left, over bool
}

// lanegrant is a lane that is leased with its first entry.
type lanegrant struct {
	sent  time.Time // when the script was called, by our clock
	now   int64
	token uint64
	known answer // whether the thread is subscribed, and its notes
}

func newJob(kind jobKind, shard int, lane string, keys []any, args ...any) *job {
	j := &job{kind: kind, shard: shard, lane: lane, keys: keys, args: args}
	for _, a := range args {
		j.load += loadOfArg
		switch v := a.(type) {
		case []byte:
			j.load += len(v)
		case string:
			j.load += len(v)
		}
	}
	return j
}

// run has j done and returns its error. If ctx ends meanwhile, j may be done
// or not.
func (m *merger) run(ctx context.Context, s *Store, j *job) error {
	m.mu.Lock()
	if m.flying == 0 {
		sent := m.depart()
		m.mu.Unlock()
		s.carry(ctx, []*job{j})
		m.land(sent)
		m.next(s) //nolint:contextcheck // what others wait for does not end with our caller
		return j.err
	}
	j.done = make(chan struct{})
	m.waiting = append(m.waiting, j)
	m.keepWatch(s) //nolint:contextcheck // see above
	m.mu.Unlock()
	m.next(s) //nolint:contextcheck // see above
	select {
	case <-j.done:
		return j.err
	case <-ctx.Done():
		m.mu.Lock()
		if j.over {
			m.mu.Unlock()
			return j.err
		}
		if i := slices.Index(m.waiting, j); i >= 0 {
			m.waiting = slices.Delete(m.waiting, i, i+1)
		}
		j.left = true
		m.mu.Unlock()
		return ctx.Err()
	}
}

// depart and land count the exchanges that are on their way. depart is called with the
// lock held.
func (m *merger) depart() (sent time.Time) {
	sent = time.Now()
	if m.flying == 0 {
		m.since = sent
	}
	m.flying++
	return sent
}

func (m *merger) land(sent time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.flying--
	if m.flying == 0 || sent.Equal(m.since) {
		m.since, m.late = time.Now(), false // the other one, if there is one, is not late
	}
}

// keepWatch has the jobs that wait leave when the exchange before them is late. It is
// called with the lock held.
func (m *merger) keepWatch(s *Store) {
	switch {
	case m.watching:
		return
	case m.watch == nil:
		m.watch = time.AfterFunc(lateAfter, func() {
			m.mu.Lock()
			m.watching = false
			if len(m.waiting) > 0 && !s.closed() {
				m.keepWatch(s)
			}
			m.mu.Unlock()
			m.next(s)
		})
	default:
		m.watch.Reset(lateAfter)
	}
	m.watching = true
}

// next lets the jobs that wait leave if it is time.
func (m *merger) next(s *Store) {
	jobs, sent := m.take()
	if len(jobs) > 0 && !s.spawn(func() { m.fly(s, jobs, sent) }) {
		m.fly(s, jobs, sent) // which is quick in a closed store
	}
}

// fly makes exchanges, the first of them with jobs that left at sent, until it is not
// time for another one.
func (m *merger) fly(s *Store, jobs []*job, sent time.Time) {
	for len(jobs) > 0 {
		if s.closed() {
			for _, j := range jobs {
				j.err = state.ErrClosed
			}
		} else {
			// The exchange is not one caller's: none of their contexts ends it.
			s.carry(context.Background(), jobs)
		}
		for _, j := range m.finish(jobs) {
			s.giveBack(context.Background(), j.shard, j.lane, j.grant.token, nil)
		}
		// Callers that were answered often have the next call ready. Without
		// any this costs nothing.
		runtime.Gosched()
		m.land(sent)
		jobs, sent = m.take()
	}
}

// finish tells the callers of jobs that they are done, and returns those whose lanes
// were leased for callers that have gone.
func (m *merger) finish(jobs []*job) (unwanted []*job) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, j := range jobs {
		j.over = true
		if j.left && j.grant != nil {
			unwanted = append(unwanted, j)
		}
		close(j.done)
	}
	return unwanted
}

// take returns the jobs of the next exchange, which departs, or none if it is
// not time for one.
func (m *merger) take() (jobs []*job, sent time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.flying == 1 && (m.late || time.Since(m.since) >= lateAfter):
		m.late = true
	case m.flying > 0:
		return nil, time.Time{}
	}
	n, load := 0, 0
	for n < min(len(m.waiting), maxJobs) && (n == 0 || load+m.waiting[n].load <= maxLoad) {
		load += m.waiting[n].load
		n++
	}
	if n == 0 {
		return nil, time.Time{}
	}
	jobs = slices.Clone(m.waiting[:n])
	m.waiting = slices.Delete(m.waiting, 0, n)
	return jobs, m.depart()
}

// refusal is what a server says about one job of many.
type refusal string

func (e refusal) Error() string { return string(e) }

// refused is the error for what a script says about a call.
func refused(said string) error {
	if len(said) < 2 || said[0] != '!' {
		return refusal(said)
	}
	switch what := said[2:]; said[1] {
	case 'c':
		return fmt.Errorf("redisstate: %w: note %q", state.ErrConflict, what)
	case 'n':
		return invalid("%s notes in a thread, more than %d", what, state.MaxNotes)
	default:
		return invalid("notes of %s bytes in a thread, more than %d", what, state.MaxNoteBytes)
	}
}

// RedisError marks it as an answer of a server.
func (refusal) RedisError() {}

// carry does jobs in one exchange, with one script call for all of a kind and
// shard, and fills in what came of them.
func (s *Store) carry(ctx context.Context, jobs []*job) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	slices.SortStableFunc(jobs, func(x, y *job) int {
		return cmp.Or(cmp.Compare(x.kind, y.kind), cmp.Compare(x.shard, y.shard))
	})
	var groups [][]*job
	for first := 0; first < len(jobs); {
		end := first + 1
		lease := jobs[first].lease
		for end < len(jobs) && jobs[end].kind == jobs[first].kind && jobs[end].shard == jobs[first].shard {
			if another := jobs[end].lease; lease == nil {
				lease = another
			} else if another != nil && (another.TTL != lease.TTL || another.Holder != lease.Holder) {
				break // a call has one holder
			}
			end++
		}
		groups = append(groups, jobs[first:end])
		first = end
	}
	sent := time.Now()
	if len(jobs) == 1 {
		call := s.call(groups[0])
		s.answered(groups[0], sent, call.do(ctx, s.client))
		return
	}
	cmds, calls := make([]*redis.Cmd, len(groups)), make([]invocation, len(groups))
	p := s.client.Pipeline()
	for i, g := range groups {
		calls[i] = s.call(g)
		cmds[i] = calls[i].send(ctx, p)
	}
	// Each command has its own error.
	_, _ = p.Exec(ctx)
	for i, g := range groups {
		s.answered(g, sent, calls[i].taught(ctx, s.client, cmds[i]))
	}
}

// call puts the script call for jobs of one kind and shard together.
func (s *Store) call(jobs []*job) invocation {
	sh := &s.shards[jobs[0].shard]
	further := 6
	for _, j := range jobs {
		further += len(j.keys) + len(j.args)
	}
	var call invocation
	if jobs[0].kind == jobEnqueue {
		call = s.scripts.enqueue.invocation(sh.enqueueKeys, further)
	} else {
		call = s.scripts.settle.invocation(sh.settleKeys, further)
	}
	for _, j := range jobs {
		call.keys += len(j.keys)
		call.args = append(call.args, j.keys...)
	}
	if jobs[0].kind == jobEnqueue {
		ttl, holder := int64(0), ""
		if i := slices.IndexFunc(jobs, func(j *job) bool { return j.lease != nil }); i >= 0 {
			ttl, holder = jobs[i].lease.TTL.Microseconds(), jobs[i].lease.Holder
		}
		call.args = append(call.args, millis(s.o.DedupTTL), s.channel, sh.id, len(sh.queues), ttl, holder)
	} else {
		most, ttl := s.deadLimits()
		call.args = append(call.args, s.channel, sh.id, most, ttl)
	}
	for _, j := range jobs {
		call.args = append(call.args, j.args...)
	}
	return call
}

// answered fills in what a script answered about jobs.
func (s *Store) answered(jobs []*job, sent time.Time, cmd *redis.Cmd) {
	shared, each := 3, 1 // items in front, and of each job
	if jobs[0].kind == jobEnqueue {
		shared, each = 5, 4
	}
	items, err := cmd.Slice()
	if err == nil && len(items) != shared+each*len(jobs) {
		err = errAnswer
	}
	if err != nil {
		for _, j := range jobs {
			j.err = err
		}
		return
	}
	a := answer(items)
	for n, j := range jobs {
		at := shared + each*n
		j.outcome = a.num(at)
		said := a.text(at)
		if j.kind == jobEnqueue {
			j.seq, j.depth, said = a.num(at+1), a.num(at+2), a.text(at+2)
			if known := a.list(at + 3); len(known) == 2 {
				j.grant = &lanegrant{sent: sent, now: a.num(3), token: uint64(max(a.num(4), 0)), known: known}
			}
		}
		if said != "" {
			j.err = refused(said)
		}
	}
	s.news(jobs[0].shard, a.num(0), a.num(1), a.num(2))
}
