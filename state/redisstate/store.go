package redisstate

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/internal/signals"
)

// Store keeps state in Redis. Make one with [Open], [OpenOptions] or [New]. It
// implements [state.Store] and is safe for concurrent use.
type Store struct {
	signals signals.Hub

	o       Options
	client  redis.UniversalClient
	calls   redis.Scripter // the client, or its auto-pipeline
	pipe    *redis.AutoPipeliner
	owned   bool // Close closes the client
	scripts scripts
	channel string
	meta    string
	room    *room
	listen  sync.Once

	// agreed says that the number of shards is known, and with it what
	// arrange makes.
	agreed  atomic.Bool
	shards  []shard
	mergers []merger
	board   *board

	mu    sync.Mutex // guards ended, adding to tasks and arrange
	ended bool
	done  chan struct{}
	tasks sync.WaitGroup
}

var (
	_ state.Store    = (*Store)(nil)
	_ state.Signaler = (*Store)(nil)
)

// New returns a store that uses client, which the caller closes after the
// store. New does no I/O. The client should not repeat commands by itself
// (MaxRetries -1): a Settle that is repeated after a lost answer reports
// [state.ErrLeaseLost].
func New(client redis.UniversalClient, o Options) (*Store, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	if client == nil {
		return nil, invalid("no client")
	}
	s := &Store{
		o: o, client: client, calls: client,
		scripts: newScripts(),
		channel: o.Prefix + ":wake",
		meta:    o.Prefix + ":meta",
		done:    make(chan struct{}),
	}
	if o.MaxEntries > 0 {
		s.room = &room{limit: o.MaxEntries}
	}
	if o.AutoPipeline {
		s.pipe, err = client.AutoPipeline()
		if err != nil {
			return nil, fmt.Errorf("redisstate: auto-pipeline: %w", err)
		}
		s.calls = s.pipe
	}
	return s, nil
}

// Durable reports true: what Redis acknowledged survives the process. Whether
// it survives the server is a matter of its settings; see [Store.Check].
func (s *Store) Durable() bool { return true }

// Ping writes a key that expires, in every shard of a cluster.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	shards := s.shards[:1]
	if s.cluster() {
		shards = s.shards
	}
	_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i := range shards {
			p.Set(ctx, shards[i].ping, "1", time.Minute)
		}
		return nil
	})
	return s.fail(ctx, "ping", err)
}

// Close ends the store's goroutines and, if [Open] made it, its connections.
// Calls that wait in Lease return [state.ErrClosed].
func (s *Store) Close() error {
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		s.tasks.Wait()
		return nil
	}
	s.ended = true
	close(s.done)
	s.mu.Unlock()

	s.tasks.Wait()
	var err error
	if s.pipe != nil {
		err = s.pipe.Close()
	}
	if s.owned {
		err = errors.Join(err, s.client.Close())
	}
	if err != nil {
		return fmt.Errorf("redisstate: close: %w", err)
	}
	return nil
}

func (s *Store) closed() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// spawn runs f in a goroutine that Close waits for, unless the store is closed.
func (s *Store) spawn(f func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return false
	}
	s.tasks.Go(f)
	return true
}

// begin is the first step of every call: it refuses ended contexts and closed stores, and checks
// the data set once.
func (s *Store) begin(ctx context.Context) error {
	if s.closed() {
		return state.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.agreed.Load() {
		return nil
	}
	return s.agree(ctx)
}

// formatVersion is the version of everything under the prefix.
const formatVersion = "3"

// agree records the number of shards in a new data set, or learns it from one
// that has been used, and compares it with what was asked for.
func (s *Store) agree(ctx context.Context) error {
	want := s.o.Shards
	if want == 0 {
		want = oneShard
		if s.cluster() {
			want = manyShards
		}
	}
	var shards, version *redis.StringCmd
	_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		p.HSetNX(ctx, s.meta, "shards", strconv.Itoa(want))
		p.HSetNX(ctx, s.meta, "format", formatVersion)
		shards = p.HGet(ctx, s.meta, "shards")
		version = p.HGet(ctx, s.meta, "format")
		return nil
	})
	switch {
	case err != nil:
		return s.fail(ctx, "first use", err)
	case version.Val() != formatVersion:
		return invalid("the data under prefix %q has format %q and this version reads %q: export it with the version that wrote it", s.o.Prefix, version.Val(), formatVersion)
	}
	n, err := strconv.Atoi(shards.Val())
	switch {
	case err != nil || n < 1 || n > maxShards:
		return invalid("the data under prefix %q has %q shards, which cannot be", s.o.Prefix, shards.Val())
	case s.o.Shards != 0 && n != s.o.Shards:
		return invalid("the data under prefix %q has %d shards, but the store is set to %d", s.o.Prefix, n, s.o.Shards)
	}
	s.arrange(n)
	return nil
}

// arrange makes what depends on the number of shards, once.
func (s *Store) arrange(shards int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.agreed.Load() {
		return
	}
	s.shards = newShards(s.o.Prefix, shards)
	s.mergers = newMergers(shards, s.cluster())
	s.board = newBoard(shards)
	s.agreed.Store(true)
}

// deadLimits returns how many dead letters a shard keeps, and for how long in
// microseconds; negative for no limit.
func (s *Store) deadLimits() (most int, ttl int64) {
	most = s.o.MaxDead
	if most > 0 {
		most = (most + len(s.shards) - 1) / len(s.shards)
	}
	return most, s.o.DeadTTL.Microseconds()
}

// cluster reports whether the shards may be on several servers.
func (s *Store) cluster() bool {
	_, ok := s.client.(*redis.ClusterClient)
	return ok
}
