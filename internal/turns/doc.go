// Package turns works through a queue: it leases lanes, runs a callback for
// each lease, and settles what the callback decided. It knows lanes, entries
// and verdicts, and nothing of what an entry says.
//
// # What a runner promises
//
// One lease, one call. The callback has the lane to itself while it runs. A
// [Runner] renews its lease at a third of the lifetime. If renewing fails, or
// hangs, the context of the callback ends with the cause [ErrLeaseLost] a
// tenth of the lifetime before another process may take over; what the callback
// then returns is dropped.
//
// Every verdict is settled. Settling is retried until the store has answered
// or the lease has lapsed. After that the entries are leased again, by this
// process or another.
//
// It stops in order. When the context of [Runner.Run] ends, no further lane is
// leased. Callbacks may finish within the drain time; then their contexts end
// with the cause [ErrDraining]. A callback that has not returned five seconds
// later is reported as an error. No goroutine outlives Run otherwise.
//
// An unreachable store delays work and ends nothing: leasing is retried with
// backoff, and logged once per outage.
//
// # Leases that come with an entry
//
// A caller that stores an entry can keep an idle worker for it ([Runner.Reserve]) and have
// its lane leased in the same step of the store, which saves the wait for a lease, and
// reading the entry back from the store. The worker is one of Config.Workers.
//
// # Waiting costs nothing
//
// A callback that waits, for a language model for example, occupies its own
// goroutine and two timers. Nothing polls on its behalf.
package turns
