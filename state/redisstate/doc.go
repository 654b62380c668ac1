// Package redisstate keeps a bot's state in Redis, for many processes at once:
// one server, Sentinel or Cluster.
//
// # What it promises
//
// The promises of package state, as far as Redis keeps what it acknowledged.
// Each transition of the queue is one Lua script, so it happens entirely or
// not at all, and every clock that matters is the server's. Redis replicates
// asynchronously and may write its log late: to lose nothing that was
// acknowledged set
//
//	appendonly yes
//	appendfsync always             (everysec may lose the last second)
//	maxmemory-policy noeviction
//	min-replicas-to-write 1        (where there are replicas)
//
// [Store.Check] reports what is set otherwise. A fail-over may bring back a
// lease that was settled, never two live leases with the same token: tokens
// follow the server's clock.
//
// Redis 7.0 or later, or a server that speaks the same, is required.
//
// # Shards
//
// Everything lives in a fixed number of shards: one, or in a Cluster 16, unless
// [Options] say otherwise. The hash of a workspace and the ID of a thread say
// which shard holds the lanes of that thread, its notes and its subscription;
// values are spread in the same way. All keys of a shard share a hash tag, so
// that a Cluster keeps them on one node:
//
//	linearbot:meta             number of shards and version of the format
//	{linearbot:3}:q:LANE       entries of a lane, oldest first
//	{linearbot:3}:ready        lanes that may be leased, by the time since when
//	{linearbot:3}:leased       leased lanes, by the time when the lease lapses
//	{linearbot:3}:leases       token and holder of each lease
//	{linearbot:3}:later        entries outside their lanes, by the time they are due
//	{linearbot:3}:parked       those entries
//	{linearbot:3}:dead         dead letters
//	{linearbot:3}:buried       their names, by the time when they were buried
//	{linearbot:3}:counts       what went in and out, the last token, the moments in :d:
//	{linearbot:3}:asleep       there may be processes to be woken
//	{linearbot:3}:d:MOMENT     dedup keys that are forgotten at that moment, in ms
//	{linearbot:3}:n:THREAD     notes of a thread, until the last of them expires
//	{linearbot:3}:s:WORKSPACE  subscribed threads
//	{linearbot:3}:v:KEY        values
//
// Dedup keys are kept for the dedup time at least and twice as long at most:
// they are forgotten together, a hash at a time, which takes the server a third
// of the memory and of the work of keys with an expiry of their own.
//
// The number of shards cannot change once there is data; use Export and Import
// to move.
//
// # Batches
//
// Enqueue and Settle calls that arrive while others are in flight are sent
// together, those of a shard in one script call, which applies all of them in
// one step. Each has its own outcome, and a damaged lane fails alone. A single
// call is sent at once. One such exchange is in flight to a server, and a second one
// when the first is 20 ms late, for example because its connection hangs. In a Cluster
// each shard has an exchange of its own, so that a slow node delays its own
// callers only. If a caller's context ends before its call was sent, the call is
// withdrawn.
//
// # Round trips
//
// An Enqueue that has its lane leased ([state.Entry.Lease]) costs one round trip for
// both, and its entry does not come back from the server. A Lease that finds a lane
// costs one, which brings the entries, the notes and the subscription. If the entries
// of all lanes have more than 16 KiB, a second one brings the rest. A Settle with its
// notes costs one. Notes and WriteNotes cost one each.
//
// # Waiting
//
// A Lease that finds nothing sleeps. It is woken by a message when a lane
// becomes ready, by a timer when the next wait that it knows of ends, and by a
// poll of all shards once a second, so that a lost message costs a second at
// most. An idle process sends one small pipeline a second.
//
// In a Cluster every shard is asked separately and every node is listened to. A
// node that is silent, with connections that hang, delays a Lease once, by a
// quarter of a second: the Lease continues with what the other nodes gave, and
// later calls do not wait for that node until it has answered. A late answer is
// handed to the next Lease, or given back without one. Lease fails with
// ErrUnavailable when all shards fail.
//
// Within a shard the lanes that waited longest come first. Between shards that
// holds as far as the process knows them and their nodes answer; every shard
// gets its turn.
//
// # Words of the implementation
//
// A merger batches calls (a job is a caller's part of a batch). The board holds
// what a process believes about the shards, and the Lease calls that sleep. A
// round is one time of asking shards for lanes. The room counts entries for the
// backlog limit.
package redisstate
