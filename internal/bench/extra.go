package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/linearbot/linearbot/internal/pause"
)

// Instances is how much four processes on one Redis answer, compared to one.
type Instances struct {
	// One and Four are answers a second.
	One  float64 `json:"one"`
	Four float64 `json:"four"`
}

// instances compares 1 and 4 processes of 64 workers whose handlers wait for
// half a second. There is always more to do than they can.
func (r *rig) instances(ctx context.Context) (Instances, error) {
	var both Instances
	for _, n := range []int{1, 4} {
		r.progress("%d of 64 workers on one Redis, handlers that wait 500 ms", n)
		s, err := r.start(ctx, "redis", n, childOptions{Workers: 64, Wait: 500 * time.Millisecond})
		if err != nil {
			return both, err
		}
		rate, err := r.answers(ctx, s, load{Conns: 4 * n, Rate: 128 * 1.5 * float64(n), Workspace: home})
		s.stop()
		if err != nil {
			return both, err
		}
		if n == 1 {
			both.One = rate
		} else {
			both.Four = rate
		}
	}
	return both, nil
}

// answers returns the answers per second of three seconds, after one.
func (r *rig) answers(ctx context.Context, s *subject, l load) (float64, error) {
	const from, to = time.Second, 4 * time.Second
	rec := newRecord(l.Conns)
	r.api.record.Store(rec)
	defer r.api.record.Store(nil)
	sending, cancel := context.WithTimeout(ctx, to)
	defer cancel()
	if err := l.run(sending, s.addrs(), rec, 0); err != nil {
		return 0, err
	}
	return float64(between(rec.answered, int(rec.used.Load()), from, to)) / (to - from).Seconds(), nil
}

// Waiting is what turns cost that wait.
type Waiting struct {
	Subject string `json:"subject"`
	Turns   int64  `json:"turns"`
	// RSS is what the process takes more than idle, in MB, and Anon what of that is
	// not pages of the program's file.
	RSS  float64 `json:"rssMB"`
	Anon float64 `json:"anonMB"`
	// Live and Stack are what a turn holds, in KB: of the heap, and of stacks.
	Live  float64 `json:"liveKBPerTurn"`
	Stack float64 `json:"stackKBPerTurn"`
	// Goroutines is how many a turn has.
	Goroutines float64 `json:"goroutinesPerTurn"`
	// CPU is the share of one core that they use while nothing happens.
	CPU float64 `json:"cpuShare"`
	// RedisCalls are Redis commands a second during the wait.
	RedisCalls float64 `json:"redisCallsPerSecond"`
}

// allWaiting measures waiting turns on each store that is wanted. On file they cost what
// they cost in memory.
func (r *rig) allWaiting(ctx context.Context, report *Report, wanted func(string) bool) error {
	for _, name := range []string{"memory", "redis"} {
		if !wanted(name) {
			continue
		}
		w, err := r.waiting(ctx, name)
		if err != nil {
			return fmt.Errorf("waiting turns on %s: %w", name, err)
		}
		report.Waiting = append(report.Waiting, w)
	}
	return nil
}

// waiting has 2,000 turns wait for ten seconds.
func (r *rig) waiting(ctx context.Context, name string) (Waiting, error) {
	const turns = 2000
	r.progress("%d turns that wait 10 s on %s", turns, name)
	res := Waiting{Subject: name}
	s, err := r.start(ctx, name, 1, childOptions{Workers: turns + 100, Wait: 10 * time.Second})
	if err != nil {
		return res, err
	}
	defer s.stop()
	idle, err := s.counters()
	if err != nil {
		return res, err
	}
	pid := s.procs[0].pid()
	idleRSS, err1 := memory(pid, "VmRSS")
	idleAnon, err2 := memory(pid, "RssAnon")
	if err := errors.Join(err1, err2); err != nil {
		return res, err
	}
	rec := newRecord(16)
	if err := (load{Conns: 16, Rate: 2000, Count: turns, Workspace: home}).run(ctx, s.addrs(), rec, 0); err != nil {
		return res, err
	}
	limited, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var c counters
	for c.Started < turns && pause.For(limited, 100*time.Millisecond) == nil {
		if c, err = s.counters(); err != nil {
			return res, err
		}
	}
	if res.Turns = c.Started; res.Turns == 0 {
		return res, errors.New("no turn began")
	}
	if r.profiles != "" {
		if _, err := s.procs[0].ask("heap " + filepath.Join(r.profiles, name+"-waiting.heap.prof")); err != nil {
			return res, err
		}
	}
	of := float64(res.Turns)
	res.Goroutines = float64(c.Goroutines-idle.Goroutines) / of
	res.Live = (float64(c.Live) - float64(idle.Live)) / 1024 / of
	res.Stack = (float64(c.Stacks) - float64(idle.Stacks)) / 1024 / of
	before, err := s.usage(ctx)
	if err != nil {
		return res, err
	}
	const quiet = 3 * time.Second
	_ = pause.For(ctx, quiet)
	after, err := s.usage(ctx)
	if err != nil {
		return res, err
	}
	rss, err1 := memory(pid, "VmRSS")
	anon, err2 := memory(pid, "RssAnon")
	res.RSS, res.Anon = rss-idleRSS, anon-idleAnon
	res.CPU = (after.cpu - before.cpu) / quiet.Seconds()
	for command, n := range after.calls {
		res.RedisCalls += (n - before.calls[command]) / quiet.Seconds()
	}
	return res, errors.Join(err1, err2)
}

func (s *subject) counters() (counters, error) {
	var c counters
	line, err := s.procs[0].ask("counters")
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal([]byte(line), &c); err != nil {
		return c, fmt.Errorf("counters %q: %w", line, err)
	}
	return c, nil
}

// Fairness is how long one workspace waits beside another that has a burst.
type Fairness struct {
	Subject string `json:"subject"`
	// Alone and Beside are end to end, in milliseconds, of a workspace with 20
	// deliveries a second; Beside with a burst of 4,000 in the other one.
	Alone  Percentiles `json:"alone"`
	Beside Percentiles `json:"beside"`
}

// fairness measures a quiet workspace alone and beside a burst. Handlers take
// 20 ms, so that 64 workers need more than a second for the burst.
func (r *rig) fairness(ctx context.Context, name string) (Fairness, error) {
	r.progress("two workspaces on %s, one with a burst", name)
	res := Fairness{Subject: name}
	s, err := r.start(ctx, name, 1, childOptions{Workers: 64, Wait: 20 * time.Millisecond, AnyWorkspace: true})
	if err != nil {
		return res, err
	}
	defer s.stop()
	quiet := load{Conns: 4, Rate: 20, Workspace: other}
	if res.Alone, err = r.quiet(ctx, s, quiet, 0); err != nil {
		return res, err
	}
	res.Beside, err = r.quiet(ctx, s, quiet, 4000)
	return res, err
}

// quiet runs a load for 1.5 s beside a burst.
func (r *rig) quiet(ctx context.Context, s *subject, l load, burst int) (Percentiles, error) {
	rec := newRecord(l.Conns)
	r.api.record.Store(rec)
	defer r.api.record.Store(nil)
	sending, cancel := context.WithTimeout(ctx, 1500*time.Millisecond)
	defer cancel()
	const first = most / 2 // of the burst and of what was sent beside it
	begin := 0
	var wg sync.WaitGroup
	var burstErr error
	if burst > 0 {
		begin = 1000 // the ids of before are known to the bot
		wg.Go(func() {
			burstErr = load{Conns: 16, Count: burst, Workspace: home}.run(ctx, s.addrs(), rec, first)
		})
	}
	err := l.run(sending, s.addrs(), rec, begin)
	wg.Wait()
	if err = errors.Join(err, burstErr); err != nil {
		return Percentiles{}, err
	}
	r.drain(ctx, rec)
	var times []int64
	for i := begin; i < begin+1000; i++ {
		if v := rec.answered[i].Load(); v > 0 {
			times = append(times, v-rec.sent[i].Load())
		}
	}
	return percentiles(times), nil
}
