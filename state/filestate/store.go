package filestate

import (
	"cmp"
	"container/list"
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/internal/signals"
)

// Options configure a store. The zero value is good for production.
type Options struct {
	// DedupTTL is how long dedup keys are remembered at least; they are
	// forgotten at most a 24th part later. Defaults to [state.DedupTTL].
	DedupTTL time.Duration
	// MaxEntries is the backlog limit: with so many entries in lanes and
	// delayed, Enqueue answers [state.ErrFull]. Defaults to no limit.
	MaxEntries int
	// MaxDead is the most dead letters that are kept; the oldest are dropped
	// first. Defaults to [state.DefaultMaxDead]. Negative means no limit.
	MaxDead int
	// DeadTTL is how long dead letters are kept at least; they are dropped
	// within a few minutes after that. Defaults to [state.DefaultDeadTTL]. Negative
	// means that they do not expire.
	DeadTTL time.Duration
	// CompactAbove is the size of the file in bytes above which Open rewrites
	// it if more than half of it is free. Negative means never. Defaults to
	// 64 MiB.
	CompactAbove int64
	// Ahead is how far the clock of the store is ahead of this machine's. It is
	// meant for development; see [Store.SetAhead]. Defaults to 0.
	Ahead time.Duration
	// NoSync leaves it to the operating system when data reaches the disk. A
	// crash of the process loses nothing then, but a crash of the machine
	// may damage the file. It is meant for tests.
	NoSync bool
	// ReadOnly opens a store to look at it: the directory must hold one, and
	// nothing in it changes. Other processes may look at the same time, but
	// none may have it open for writing. Calls that write, and Lease, are
	// [state.ErrInvalid].
	ReadOnly bool

	readPatience time.Duration // shorter in tests
}

// Store is a [state.Store] in a directory. Make one with [Open].
type Store struct {
	signals signals.Hub

	dir  string
	opts Options

	// unclosed says that the process that had the store before did not close it.
	unclosed bool

	// stuck is why a lock inside of db is held for good, or nil. See begun.
	stuck atomic.Pointer[damageError]
	// dbMu is held for reading while db is used by anyone but the writer, and
	// for writing while the writer replaces it.
	dbMu sync.RWMutex
	db   *file

	ahead  atomic.Int64 // of the clock, in nanoseconds
	tight  atomic.Bool  // the disk was full, and no large write has succeeded since
	queue  queue
	closed chan struct{}
	once   sync.Once
	done   sync.WaitGroup // the writer
	end    error          // what Close returns

	// mu guards what follows.
	mu      sync.Mutex
	index   *index
	waiters list.List // of *waiter, longest waiting first
	armed   time.Time // when the writer wakes by itself
	token   uint64

	// The rest belongs to the writer.
	dedup    *dedup
	imported map[digest]struct{} // see importOp
	sweepAt  time.Time
	sweepPos map[string][]byte
	suspect  error     // why the file must be rewritten, or nil
	repairAt time.Time // no repair before
	broken   error     // why nothing can be written until the next Open, or nil
	// Tests make transactions fail, before the commit and after it.
	beforeCommit func() error
	afterCommit  func(err error) error
}

var (
	_ state.Store        = (*Store)(nil)
	_ state.Signaler     = (*Store)(nil)
	_ state.MovableClock = (*Store)(nil)
)

// Open opens the store in dir with default options and creates both if need
// be, with access for the owner only. See [OpenOptions].
func Open(dir string) (*Store, error) { return OpenOptions(dir, Options{}) }

// OpenOptions is [OpenContext] with a context that does not end.
func OpenOptions(dir string, opts Options) (*Store, error) {
	return OpenContext(context.Background(), dir, opts)
}

// OpenContext opens the store in dir. It reads the whole index, which takes
// about two seconds per million entries, and may rewrite the file to shrink it.
// If another process has the directory it fails within a second with
// [state.ErrLocked], or after five seconds if that process only reads it. While it waits
// for another process, the end of ctx makes it fail within half a second with the cause.
// Otherwise a step that has begun (a check, a rewrite, the reading) is completed, and the
// next one fails so; once the index is read the store is open. Options out of range are
// [state.ErrInvalid]. Call Close at the end: the store outlives ctx.
func OpenContext(ctx context.Context, dir string, opts Options) (*Store, error) {
	if dir == "" || opts.DedupTTL < 0 || opts.MaxEntries < 0 {
		return nil, fmt.Errorf("filestate: %w: no directory, or a negative option", state.ErrInvalid)
	}
	opts.DedupTTL = cmp.Or(opts.DedupTTL, state.DedupTTL)
	opts.MaxDead = cmp.Or(opts.MaxDead, state.DefaultMaxDead)
	opts.DeadTTL = cmp.Or(opts.DeadTTL, state.DefaultDeadTTL)
	opts.CompactAbove = cmp.Or(opts.CompactAbove, 64<<20)
	opts.readPatience = cmp.Or(opts.readPatience, readPatience)
	s := &Store{
		dir:      dir,
		opts:     opts,
		closed:   make(chan struct{}),
		queue:    queue{kick: make(chan struct{}, 1)},
		sweepPos: map[string][]byte{},
	}
	s.ahead.Store(int64(max(opts.Ahead, 0)))
	s.sweepAt = s.now().Add(sweepEvery)
	if err := s.openFile(ctx); err != nil {
		if cause := context.Cause(ctx); cause != nil && errors.Is(err, cause) || errors.Is(err, state.ErrLocked) || isForeign(err) {
			return nil, err
		}
		return nil, classify(err)
	}
	if !opts.ReadOnly {
		s.done.Go(s.write)
	}
	return s, nil
}

// Ping implements [state.Lifecycle]. It waits for one durable write: a small one, or
// one of the size of a large delivery if the disk was full before, where small ones
// may still find free pages in the file.
func (s *Store) Ping(ctx context.Context) error {
	return s.do(ctx, &pingOp{call: newCall(0)})
}

// room is how much has to fit on a disk that was full.
const room = 256 << 10

type pingOp struct {
	call

	large bool
}

func (o *pingOp) stage(b *batch) error {
	probe := number(uint64(b.now.Unix())) //nolint:gosec // not before 1970
	if o.large = b.s.tight.Load(); o.large {
		probe = append(probe, make([]byte, room)...)
	}
	return b.put(b.bucket(bucketMeta), []byte(keyProbe), probe)
}

func (o *pingOp) apply(s *Store, now time.Time) {
	o.call.apply(s, now)
	if o.large {
		s.tight.Store(false)
	}
}

// Durable implements [state.Lifecycle].
func (s *Store) Durable() bool { return true }

// Close implements [state.Lifecycle]. Calls that are being written are
// finished first.
func (s *Store) Close() error {
	s.once.Do(func() {
		close(s.closed)
		s.queue.close()
		s.done.Wait()
		if s.stuck.Load() == nil { // otherwise a reader may hold it for good
			s.dbMu.Lock()
			defer s.dbMu.Unlock()
		}
		s.end = s.db.close(s.broken != nil || s.stuck.Load() != nil, s.opts.ReadOnly)
	})
	s.done.Wait()
	return s.end
}

// view runs f in a read transaction. It must be short: f neither waits nor
// calls back.
func (s *Store) view(ctx context.Context, f func(tx *bolt.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.open(); err != nil {
		return err
	}
	s.dbMu.RLock()
	defer s.dbMu.RUnlock()
	var inner error
	err := s.begun(func(begins func()) error {
		return s.db.bolt.View(func(tx *bolt.Tx) error {
			begins()
			inner = f(tx)
			return nil
		})
	})
	switch {
	case errors.Is(err, berrors.ErrDatabaseNotOpen):
		return state.ErrClosed
	case err != nil:
		return classify(err)
	}
	return inner
}

// update runs f in a write transaction. Only the writer calls it.
func (s *Store) update(f func(tx *bolt.Tx) error) error {
	err := s.begun(func(begins func()) error {
		return s.db.bolt.Update(func(tx *bolt.Tx) error {
			begins()
			if err := f(tx); err != nil || s.beforeCommit == nil {
				return err
			}
			return s.beforeCommit()
		})
	})
	if s.afterCommit != nil {
		err = s.afterCommit(err)
	}
	return err
}

// begun runs a transaction, which calls begins first of all. bbolt reads the head of the
// file under locks that it keeps if that panics, so that all transactions after it would
// wait for good, and after a transaction that failed it reads all of the file in a
// goroutine of its own. So a file that was cut off is noticed before, and after a panic
// under a lock there are no more transactions.
func (s *Store) begun(transaction func(begins func()) error) error {
	if err := s.stuck.Load(); err != nil {
		return err
	}
	if !s.db.whole() {
		return &damageError{text: "the file was cut off"}
	}
	begun := false
	err := guard(func() error { return transaction(func() { begun = true }) })
	if d, ok := errors.AsType[*damageError](err); ok && !begun {
		s.stuck.Store(d)
	}
	return err
}

// open reports whether Close was not called yet.
func (s *Store) open() error {
	select {
	case <-s.closed:
		return state.ErrClosed
	default:
		return nil
	}
}

// changed is called after every change of the index, before mu is released.
func (s *Store) changed() {
	s.wakeWaiters()
	next := s.index.next()
	if !next.IsZero() && next.Before(s.armed) {
		s.queue.wake()
	}
}

// snapshot runs f on the index as it is now.
func (s *Store) snapshot(ctx context.Context, f func(x *index, now time.Time)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.open(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.index.advance(now)
	f(s.index, now)
	s.changed()
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // the directory of the store
	if err != nil {
		return err
	}
	err = d.Sync()
	return errors.Join(err, d.Close())
}
