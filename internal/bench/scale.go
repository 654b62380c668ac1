package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// onCluster is the subject of a bot on a Redis Cluster of three nodes.
const onCluster = "cluster"

// Scale is what several instances on one store answer.
type Scale struct {
	// Store is "redis" or "cluster".
	Store     string `json:"store"`
	Instances int    `json:"instances"`
	// WaitMS is how long a handler waits before it answers.
	WaitMS int64 `json:"waitMS"`
	// Answered are answers a second of all instances.
	Answered float64 `json:"answeredPerSecond"`
	// Cost is that of a message; nil where handlers wait, as there the rate is that of
	// the workers.
	Cost *Cost `json:"cost,omitempty"`
	// Missing and Doubled are deliveries without an answer and with two.
	Missing int64 `json:"missing,omitempty"`
	Doubled int64 `json:"doubled,omitempty"`
}

// Cost is what a message costs from the delivery to the settled lane.
type Cost struct {
	// CPU is that of the instances, StoreCPU that of Redis, in ms.
	CPU      float64 `json:"cpuMS"`
	StoreCPU float64 `json:"storeCPUMS"`
	// Scripts are script calls and Commands all commands of Redis, those inside of
	// scripts included.
	Scripts  float64 `json:"scripts"`
	Commands float64 `json:"commands"`
	// In and Out are what Redis reads and writes, Kept by how much its memory has
	// grown when the message is answered, in bytes.
	In   float64 `json:"inBytes"`
	Out  float64 `json:"outBytes"`
	Kept float64 `json:"keptBytes"`
}

const (
	scaleWarmUp = time.Second
	scaleWindow = 3 * time.Second
	// scaleWait is how long handlers wait, as those do that ask a model.
	scaleWait = 500 * time.Millisecond
	// scaleWorkers is how many workers an instance has.
	scaleWorkers = 64
)

// scaleOut measures one, two and four instances on one server and on a cluster.
func (r *rig) scaleOut(ctx context.Context) ([]Scale, error) {
	var all []Scale
	for _, store := range []string{"redis", onCluster} {
		for _, wait := range []time.Duration{scaleWait, 0} {
			for _, n := range []int{1, 2, 4} {
				r.progress("%d instances on %s, handlers that wait %s", n, store, wait)
				res, err := r.scale(ctx, store, n, wait)
				if err != nil {
					return nil, fmt.Errorf("%d instances on %s: %w", n, store, err)
				}
				all = append(all, res)
			}
		}
	}
	return all, nil
}

// scale measures n instances.
func (r *rig) scale(ctx context.Context, store string, n int, wait time.Duration) (Scale, error) {
	res := Scale{Store: store, Instances: n, WaitMS: wait.Milliseconds()}
	s, err := r.start(ctx, store, n, childOptions{Workers: scaleWorkers, Wait: wait})
	if err != nil {
		return res, err
	}
	defer s.stop()
	// As many connections for one instance as for four: what is measured is how the
	// same work is shared.
	l := load{Conns: 32, Workspace: home}
	if wait > 0 {
		// Half as much again as the workers can do, so that they always have something.
		l.Rate = 1.5 * float64(n*scaleWorkers) / wait.Seconds()
	}
	rec := newRecord(l.Conns)
	r.api.record.Store(rec)
	defer r.api.record.Store(nil)
	before, err := s.spent(ctx)
	if err != nil {
		return res, err
	}
	sending, cancel := context.WithTimeout(ctx, scaleWarmUp+scaleWindow)
	defer cancel()
	if err := l.run(sending, s.addrs(), rec, 0); err != nil {
		return res, err
	}
	res.Answered = float64(between(rec.answered, int(rec.used.Load()), scaleWarmUp, scaleWarmUp+scaleWindow)) / scaleWindow.Seconds()
	res.Doubled = rec.doubled.Load()
	if wait > 0 {
		return res, nil // the rest does not count
	}
	r.drain(ctx, rec)
	res.Missing = rec.nAcked.Load() - rec.nAnswered.Load()
	after, err := s.spent(ctx)
	if err != nil {
		return res, err
	}
	if done := float64(rec.nAnswered.Load()); done > 0 {
		res.Cost = after.since(before, done)
	}
	return res, nil
}

// spent returns what the processes and Redis have spent so far, as the cost of one
// message.
func (s *subject) spent(ctx context.Context) (Cost, error) {
	var c Cost
	procs, server, err := s.cpu(ctx)
	if err != nil {
		return c, err
	}
	c.CPU, c.StoreCPU = 1000*procs, 1000*server
	calls, err := s.info(ctx, "commandstats")
	if err != nil {
		return c, err
	}
	for command, n := range calls {
		c.Commands += n
		if command == "cmdstat_evalsha" || command == "cmdstat_eval" {
			c.Scripts += n
		}
	}
	stats, err := s.info(ctx, "stats")
	if err != nil {
		return c, err
	}
	c.In, c.Out = stats["total_net_input_bytes"], stats["total_net_output_bytes"]
	memory, err := s.info(ctx, "memory")
	c.Kept = memory["used_memory"]
	return c, err
}

// since returns the cost of one of so many messages.
func (c Cost) since(before Cost, messages float64) *Cost {
	return &Cost{
		CPU: (c.CPU - before.CPU) / messages, StoreCPU: (c.StoreCPU - before.StoreCPU) / messages,
		Scripts: (c.Scripts - before.Scripts) / messages, Commands: (c.Commands - before.Commands) / messages,
		In: (c.In - before.In) / messages, Out: (c.Out - before.Out) / messages, Kept: (c.Kept - before.Kept) / messages,
	}
}

// writeScale writes the table of scaling out as Markdown.
func writeScale(out io.Writer, all []Scale) error {
	w := tabwriter.NewWriter(out, 0, 4, 1, ' ', 0)
	fmt.Fprintln(w, "| store\t| handlers wait\t| instances\t| answered/s\t| of one\t| CPU ms\t| Redis CPU ms\t| scripts\t| commands\t| in / out bytes\t| kept bytes\t|")
	fmt.Fprintln(w, "|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|")
	one := 0.0
	for _, x := range all {
		if x.Instances == 1 {
			one = x.Answered
		}
		fmt.Fprintf(w, "| %s\t| %d ms\t| %d\t| %.0f\t| %.2f ×\t", x.Store, x.WaitMS, x.Instances, x.Answered, x.Answered/max(one, 1))
		if c := x.Cost; c != nil {
			fmt.Fprintf(w, "| %.3f\t| %.3f\t| %.2f\t| %.1f\t| %.0f / %.0f\t| %.0f\t|\n", c.CPU, c.StoreCPU, c.Scripts, c.Commands, c.In, c.Out, c.Kept)
		} else {
			fmt.Fprintln(w, "| \t| \t| \t| \t| \t| \t|")
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, x := range all {
		if x.Doubled+x.Missing > 0 {
			fmt.Fprintf(out, "\n%d instances on %s: %d answered twice, %d not answered within the drain\n", x.Instances, x.Store, x.Doubled, x.Missing)
		}
	}
	return nil
}
