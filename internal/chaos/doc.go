// Package chaos holds the test that tries to break the promises of linearbot
// from outside, with real processes.
//
// # What it does
//
// Each scenario starts several "linearbot serve" on one store and a Linear
// beside them, and delivers signed comments to random instances: in each thread
// a mention, then numbered messages, each as soon as the one before was
// answered 200. What is not answered 200 is sent again, with the same bytes and
// perhaps to another instance. Some deliveries are sent twice at once, some
// again much later, and some are stamped as sent ten minutes ago. Meanwhile
//
//   - processes are ended with SIGKILL and SIGTERM, alone and all at once, and
//     started again on the same port; others are stopped for longer than a
//     lease lives, and go on;
//   - the store is killed and restarted, and the connections to it are cut,
//     refused, delayed, throttled and held in one direction or both;
//   - Linear is 40 ms away, answers 500 and RATELIMITED, stalls, and resets
//     connections before and after it has done what it was asked.
//
// Then all faults end. The bots must come to rest by themselves, and every
// thread must hold the greeting and one answer to each message, each once, in
// order. Only a turn whose waits add up to more than half a minute may step
// aside, as package bot says; the report counts the replies that were passed.
// Repeats of what was handled must change nothing. SIGTERM must end every
// process with 0 at any time, no process may end by itself, and in the end the
// store must hold no work and no dead letters.
//
// # What the stores promise
//
// File, one Redis server and the nodes of the Cluster keep what they
// acknowledged through kill -9: file syncs, and the servers run with
// "appendonly yes" and "appendfsync always". They are killed at any moment.
//
// A Sentinel fail-over is another matter. Redis replicates asynchronously, so a
// master that dies may take with it what it acknowledged in its last moment,
// whatever min-replicas-to-write says: that setting refuses writes once the
// replica is behind by seconds, not by one command. The scenario therefore
// pauses the writes at the master and waits until the replica has caught up
// before it orders a fail-over or kills the master; writers see errors for some
// seconds meanwhile. What it shows is that no promise breaks as long as the
// replica has what was acknowledged: no lease, key or entry depends on which
// server holds them. A crash of a master under load may lose deliveries that
// were answered 200 within the replication delay.
//
// # Running it
//
//	go test ./internal/chaos -run TestChaos -v
//
// Environment variables say how long and how much; each holds for one
// scenario.
//
//	CHAOS_MESSAGES   deliveries without repeats. Defaults to 600
//	CHAOS_SECONDS    how long the faults go on. Defaults to 20
//	CHAOS_SEED       a number that gives the same faults and the same messages
//	                 again. Defaults to a random one, which the log names
//	CHAOS_REPORT     a file that gets the report as JSON. Defaults to none
//
// With the flag -artifacts the logs of all processes and a list of the faults
// are kept. With -short the
// test is skipped.
//
// A seed fixes what is done, to whom and when, and which instances a message is
// sent to first. It does not fix how the operating system schedules the
// processes, so a failure may need several runs to come back.
package chaos
