package filestate

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/linearbot/linearbot/state"
)

// op is one call that writes. The writer calls stage while it builds a
// transaction, then apply if that was committed, or abort if not, and finish at
// the end.
type op interface {
	// stage decides and writes. It refuses by calling call.refuse, before it
	// wrote anything; an error fails the operation because it cannot be
	// written. It may be called again after abort.
	stage(b *batch) error
	// apply brings the memory up to date. Store.mu is held.
	apply(s *Store, now time.Time)
	// abort undoes what stage did in memory. Store.mu is held.
	abort(s *Store, now time.Time)
	base() *call
}

// call is what all operations have in common.
type call struct {
	done    chan struct{}
	err     error // the answer, valid when done is closed
	refusal error // set by refuse
	staged  bool
	size    int // bytes to be written, roughly
	// patient says that nothing waits for the operation but its caller, so
	// that it can wait for another one and share its sync.
	patient   bool
	abandoned atomic.Bool
}

func newCall(size int) call { return call{done: make(chan struct{}), size: size} }

func (c *call) base() *call             { return c }
func (c *call) apply(*Store, time.Time) {}
func (c *call) abort(*Store, time.Time) {}
func (c *call) refuse(err error) error  { c.refusal = err; return nil }
func (c *call) finish(err error)        { c.err = err; close(c.done) }
func (c *call) answer(commit error) error {
	if commit != nil {
		return commit
	}
	return c.refusal
}

// queue holds the operations that wait for the writer.
type queue struct {
	mu     sync.Mutex
	ops    []op
	closed bool
	urgent int // operations of ops that are not patient
	// kick wakes the writer.
	kick chan struct{}
}

func (q *queue) wake() {
	select {
	case q.kick <- struct{}{}:
	default:
	}
}

// push hands o to the writer. It reports false once the store is closed.
func (q *queue) push(o op) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return false
	}
	q.ops = append(q.ops, o)
	if !o.base().patient {
		q.urgent++
	}
	if len(q.ops) == 1 || q.urgent == 1 {
		q.wake()
	}
	return true
}

// take returns the operations of the next transaction. If all that wait are
// patient it returns them only if their patience is over; otherwise, waiting
// says that there are some.
func (q *queue) take(patienceOver bool) (ops []op, waiting, closed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.ops) > 0 && q.urgent == 0 && !patienceOver && !q.closed {
		return nil, true, false
	}
	n, size := 0, 0
	for n < len(q.ops) && n < maxOps && (n == 0 || size+q.ops[n].base().size <= maxBytes) {
		size += q.ops[n].base().size
		if !q.ops[n].base().patient {
			q.urgent--
		}
		n++
	}
	ops = q.ops[:n:n]
	q.ops = q.ops[n:]
	if len(q.ops) == 0 {
		q.ops = nil
	}
	return ops, false, q.closed
}

// gather yields the processor to the n callers that have just been answered:
// they often have the next call ready, and then they share the next sync. It
// ends as soon as the queue stops growing, so a single caller is not delayed.
func (q *queue) gather(n int) {
	for had, idle := 0, 0; had < n && idle < 2; {
		runtime.Gosched()
		q.mu.Lock()
		now := len(q.ops)
		q.mu.Unlock()
		if now == had {
			idle++
		} else {
			had, idle = now, 0
		}
	}
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.wake()
}

// do has the writer carry out o and waits for it.
func (s *Store) do(ctx context.Context, o op) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.writable(); err != nil {
		return err
	}
	if !s.queue.push(o) {
		return state.ErrClosed
	}
	c := o.base()
	select {
	case <-c.done:
		return c.err
	case <-ctx.Done():
		c.abandoned.Store(true)
		return ctx.Err()
	}
}

// writable returns an error if the store was opened to look at it.
func (s *Store) writable() error {
	if s.opts.ReadOnly {
		return invalid("the store is open for reading only")
	}
	return nil
}
