package redisstate

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/linearbot/linearbot/state"
)

// Options are the settings of a [Store]. The zero value works.
type Options struct {
	// Prefix begins the name of every key and of the wake-up channel, so that
	// several deployments can share a server. Defaults to "linearbot". It may
	// not contain braces.
	Prefix string
	// Shards is the number of shards, at most 1024. It is recorded in Redis
	// when the data set is used first and cannot change afterwards: a store
	// that asks for another number refuses to work. Defaults to the recorded
	// number, and for a new data set to 1 with one server or Sentinel, where
	// more shards only make the script calls smaller, and to 16 in a Cluster,
	// which spreads them over its nodes.
	Shards int
	// DedupTTL is how long dedup keys are remembered. Defaults to
	// [state.DedupTTL]; with less than that late repeats are not recognized.
	DedupTTL time.Duration
	// MaxEntries is the backlog limit: with so many entries in lanes and
	// waiting outside of them, Enqueue answers [state.ErrFull]. The count is
	// up to a second old where other processes are concerned. Defaults to 0,
	// no limit but the server's memory.
	MaxEntries int
	// MaxDead is the most dead letters that are kept; the oldest are dropped
	// first. Each shard keeps its part of that number. Defaults to
	// [state.DefaultMaxDead]. Negative means no limit.
	MaxDead int
	// DeadTTL is how long dead letters are kept; older ones are dropped by the
	// next call that looks at them, or within a second while a Lease waits.
	// Defaults to [state.DefaultDeadTTL]. Negative means that they do not expire.
	DeadTTL time.Duration
	// AutoPipeline sends concurrent calls to the server in common pipelines,
	// Extend and the calls about values. Enqueue and Settle are sent together
	// in any case. It raises the throughput of many concurrent callers and
	// costs a single call some latency. The client library calls it
	// experimental.
	AutoPipeline bool
	// SentinelUsername and SentinelPassword log in to the sentinels, if they
	// ask for it. Used by Open only.
	SentinelUsername string
	SentinelPassword string
	// PoolSize is the most connections to each server. Defaults to 64. Used
	// by Open only.
	PoolSize int
}

const (
	defaultPrefix = "linearbot"
	// oneShard and manyShards are the numbers of shards of new data sets, on one
	// server and in a cluster.
	oneShard    = 1
	manyShards  = 16
	maxShards   = 1024
	defaultPool = 64
)

// withDefaults returns a checked copy.
func (o Options) withDefaults() (Options, error) {
	o.Prefix = cmp.Or(o.Prefix, defaultPrefix)
	o.DedupTTL = cmp.Or(o.DedupTTL, state.DedupTTL)
	o.MaxDead = cmp.Or(o.MaxDead, state.DefaultMaxDead)
	o.DeadTTL = cmp.Or(o.DeadTTL, state.DefaultDeadTTL)
	o.PoolSize = cmp.Or(o.PoolSize, defaultPool)
	switch {
	case strings.ContainsAny(o.Prefix, "{}"):
		return o, fmt.Errorf("redisstate: prefix %q contains a brace: %w", o.Prefix, state.ErrInvalid)
	case o.Shards < 0 || o.Shards > maxShards:
		return o, fmt.Errorf("redisstate: %d shards, want 0 to %d: %w", o.Shards, maxShards, state.ErrInvalid)
	case o.DedupTTL < time.Millisecond:
		return o, fmt.Errorf("redisstate: dedup time %v is too short: %w", o.DedupTTL, state.ErrInvalid)
	case o.MaxEntries < 0:
		return o, fmt.Errorf("redisstate: backlog limit %d is negative: %w", o.MaxEntries, state.ErrInvalid)
	case o.PoolSize < 0:
		return o, fmt.Errorf("redisstate: pool size %d is negative: %w", o.PoolSize, state.ErrInvalid)
	}
	return o, nil
}
