// Package chaos holds the test that tries to break the promises of linearbot
// from outside, with real processes.
//
// # What it does
//
// Each scenario starts several "linearbot serve" on one store and a Linear
// beside them, and delivers signed comments to random instances: in each thread
// a mention, then numbered messages, each as soon as the previous one was
// answered 200. A delivery that is not answered 200 is retried, with the same
// bytes and perhaps on another instance. Some deliveries are sent twice at once,
// some again much later, and some are stamped as sent ten minutes ago. Meanwhile
//
//   - processes are ended with SIGKILL and SIGTERM, alone and all at once, and
//     started again on the same port; others are stopped for longer than a
//     lease lives, and then resumed;
//   - the store is killed and restarted, and the connections to it are cut,
//     refused, delayed, throttled and held in one direction or both;
//   - Linear is 40 ms away, answers 500 and RATELIMITED, stalls, and resets
//     connections before and after it has done what it was asked.
//
// Then all faults end. The bots must become idle by themselves, and every thread
// must hold the greeting and one answer to each message, each once, in order.
// Only a turn whose waits add up to more than half a minute may step aside, as
// package bot says; the report counts the replies that were overtaken. Repeated
// deliveries of handled messages must be no-ops. SIGTERM must end every process
// with 0 at any time, no process may end by itself, and in the end the store must
// hold no work and no dead letters.
//
// # What the stores promise
//
// File, one Redis server and the nodes of the Cluster keep what they
// acknowledged through kill -9: file syncs, and the servers run with
// "appendonly yes" and "appendfsync always". They are killed at any moment.
//
// A Sentinel fail-over is another matter. Redis replicates asynchronously, so a
// master that dies may lose what it acknowledged in its last moments, even with
// min-replicas-to-write: that setting rejects writes once the replica is behind
// by seconds, not by one command. The scenario therefore pauses the writes at the
// master and waits until the replica has caught up before it orders a fail-over
// or kills the master; writers see errors for some seconds meanwhile. It shows
// that every promise holds as long as the replica has what was acknowledged:
// leases, keys and entries do not depend on which server holds them. A crash of a
// master under load may lose deliveries that were answered 200 within the
// replication delay.
//
// # Running it
//
//	go test ./internal/chaos -run TestChaos -v
//
// Environment variables set durations and amounts; each applies per scenario.
//
//	CHAOS_MESSAGES   deliveries without repeats. Defaults to 600
//	CHAOS_SECONDS    how long the faults last. Defaults to 20
//	CHAOS_SEED       a number that gives the same faults and the same messages
//	                 again. Defaults to a random one, which the log names
//	CHAOS_REPORT     a file that gets the report as JSON. Defaults to none
//
// With the flag -artifacts the logs of all processes and a list of the faults
// are kept. With -short the
// test is skipped.
//
// A seed determines the faults, their targets and times, and the instance that
// each message is sent to first. It does not determine how the operating system
// schedules the processes, so reproducing a failure may take several runs.
package chaos
