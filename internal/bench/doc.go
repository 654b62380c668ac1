// Bench measures a whole bot from outside, as an operator sees it:
// signed webhooks go in over loopback connections, and a stand-in for Linear's API
// notes when the answers arrive.
//
//	go run ./internal/bench --scale-out [--json]
//	go run ./internal/bench [--json] [--window 2.5s] [--only redis,whole] [--profiles DIR]
//
// Every bot is a process of its own that runs [linearbot.Run] with one handler,
// so its CPU time, memory and start can be told from those of the generator.
// Two floors run in the same way: verify is an Echo server that checks the
// signature and answers; whole also decodes the body, runs one Redis script and
// makes one API call. The machine decides on all figures, and the generator
// shares it, so what can be compared are the ratios of one run.
//
// With --scale-out it measures something else: one, two and four instances on one Redis
// server and on a Cluster of three nodes, with handlers that wait for half a second, as
// they do for a model, and with handlers that do not wait. All of them share the machine,
// so where handlers do not wait the rate stays the same, and what a message costs is what
// tells how far more machines go: CPU of the bot and of Redis, script calls and commands
// (of scripts, too), bytes on the wire, and bytes that stay in Redis when it is answered.
//
// With --soak it does something else: a steady load for a long time, while the API,
// the process and Redis fail for a moment now and then. It draws memory,
// goroutines, descriptors, the size of the store and latency (--picture), and
// fails if one of them still grows in the last quarter, or if anything was
// acknowledged and not answered.
//
// Words of the tables:
//
//	subject   a kind of process: memory, file, redis, verify, whole
//	load      how deliveries are sent. A closed load sends the next delivery of
//	          a connection when the last one is acknowledged (or answered, where
//	          it says so), an open one sends at a fixed rate, late or not
//	answered  comments that arrived at the API, per second of the window
//	acked     deliveries that were answered 200, per second of the window
//	e2e       time from sending a webhook to the arrival of its comment,
//	          percentiles over all deliveries of the load
//	CPU       user and system seconds of the process per 1,000 answers, drain
//	          included; of Redis in a column of its own
//	RSS       the most resident memory of the process
package main
