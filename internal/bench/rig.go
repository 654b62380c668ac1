package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/linearbot/linearbot/internal/pause"
	"github.com/linearbot/linearbot/internal/redistest"
)

// The floors, by the names of their subjects.
const (
	floorVerify = "verify"
	floorWhole  = "whole"
)

// subjects are all subjects in the order of the tables.
func subjects() []string { return []string{"memory", "file", "redis", floorVerify, floorWhole} }

// loads are all loads of the first table.
func loads() []load {
	return []load{
		{Name: "1, closed on the answer", Conns: 1, Await: true, Workspace: home},
		{Name: "16, closed", Conns: 16, Workspace: home},
		{Name: "64, closed", Conns: 64, Workspace: home},
		{Name: "16, closed, 64 threads", Conns: 16, Threads: 64, Workspace: home},
		{Name: "400/s, open", Conns: 16, Rate: 400, Workspace: home},
	}
}

// rig is what all measurements share.
type rig struct {
	api    *api
	dir    string
	window time.Duration
	// profiles is a directory for CPU profiles. Empty means none.
	profiles string
	progress func(format string, args ...any)
}

// warmUp comes before the window.
const warmUp = 500 * time.Millisecond

// subject is a store or a floor with its processes.
type subject struct {
	name  string
	redis []*redistest.Server // the nodes of the store; none without
	dir   string
	procs []*process
}

// start starts a subject of n processes on a fresh store.
func (r *rig) start(ctx context.Context, name string, n int, o childOptions) (*subject, error) {
	dir, err := os.MkdirTemp(r.dir, name)
	if err != nil {
		return nil, err
	}
	s := &subject{name: name, dir: dir}
	o.Kind, o.API = "bot", r.api.url()
	switch name {
	case "memory":
		o.State = "memory"
	case "file":
		o.State = "file:" + filepath.Join(dir, "data")
	case "redis", floorWhole:
		server, err := redistest.Start(dir, redistest.Options{}) //nolint:contextcheck // a server has a life of its own
		if err != nil {
			return nil, err
		}
		s.redis, o.State = []*redistest.Server{server}, server.URL()
	case onCluster:
		cluster, err := redistest.StartCluster(dir, 3) //nolint:contextcheck // as above
		if err != nil {
			return nil, err
		}
		s.redis, o.State = cluster.Nodes, cluster.URL()
	}
	if name == floorVerify || name == floorWhole {
		o.Kind = name
	}
	for range n {
		p, err := launch(ctx, o)
		if err != nil {
			s.stop()
			return nil, err
		}
		s.procs = append(s.procs, p)
	}
	return s, nil
}

func (s *subject) stop() {
	for _, p := range s.procs {
		p.kill()
	}
	for _, server := range s.redis {
		server.Kill()
	}
	_ = os.RemoveAll(s.dir) // it lies in a temporary directory
}

func (s *subject) addrs() []string {
	addrs := make([]string, len(s.procs))
	for i, p := range s.procs {
		addrs[i] = p.addr
	}
	return addrs
}

// cpu returns the CPU seconds of the processes and of Redis so far.
func (s *subject) cpu(ctx context.Context) (procs, server float64, err error) {
	for _, p := range s.procs {
		used, err := cpu(p.pid())
		if err != nil {
			return 0, 0, err
		}
		procs += used
	}
	info, err := s.info(ctx, "cpu")
	if err != nil || info == nil {
		return procs, 0, err
	}
	return procs, info["used_cpu_sys"] + info["used_cpu_user"], nil
}

// info returns the numbers of a section of Redis's INFO, added up over the nodes; nil
// without Redis.
func (s *subject) info(ctx context.Context, section string) (map[string]float64, error) {
	if len(s.redis) == 0 {
		return nil, nil
	}
	numbers := make(map[string]float64)
	for _, server := range s.redis {
		if err := addInfo(ctx, server, section, numbers); err != nil {
			return nil, err
		}
	}
	return numbers, nil
}

// addInfo adds the numbers of a node.
func addInfo(ctx context.Context, server *redistest.Server, section string, numbers map[string]float64) error {
	c := server.Client()
	defer c.Close() //nolint:errcheck // nothing depends on it
	text, err := c.Info(ctx, section).Result()
	if err != nil {
		return err
	}
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), ":")
		if !ok {
			continue
		}
		if calls, ok := strings.CutPrefix(value, "calls="); ok {
			value, _, _ = strings.Cut(calls, ",")
		}
		if n, err := strconv.ParseFloat(value, 64); err == nil {
			numbers[name] += n
		}
	}
	return nil
}

// Result is one subject under one load.
type Result struct {
	Subject  string  `json:"subject"`
	Load     string  `json:"load"`
	Answered float64 `json:"answeredPerSecond"`
	Acked    float64 `json:"ackedPerSecond"`
	// EndToEnd and Ack are in milliseconds.
	EndToEnd Percentiles `json:"endToEnd"`
	Ack      Percentiles `json:"ack"`
	// CPU and RedisCPU are seconds per 1,000 answers; of the floor that does
	// not answer, per 1,000 acknowledgements.
	CPU      float64 `json:"cpuPer1000"`
	RedisCPU float64 `json:"redisCPUPer1000,omitempty"`
	// Allocs and AllocKB are per answer.
	Allocs  float64 `json:"allocsPerAnswer"`
	AllocKB float64 `json:"allocKBPerAnswer"`
	RSS     float64 `json:"rssMB"`
	Start   float64 `json:"startMS"`
	Dials   int64   `json:"apiDials"`
	// Calls are Redis commands per answer, those inside of scripts included.
	Calls map[string]float64 `json:"redisCallsPerAnswer,omitempty"`
	// Refused and Doubled are deliveries without a 200 and comments that
	// came twice; Missing are those that had not come when the drain ended.
	Refused int64 `json:"refused,omitempty"`
	Doubled int64 `json:"doubled,omitempty"`
	Missing int64 `json:"missing,omitempty"`
}

// measure runs one load on one subject.
func (r *rig) measure(ctx context.Context, name string, l load, o childOptions) (Result, error) {
	res := Result{Subject: name, Load: l.Name}
	if name == floorVerify || name == floorWhole {
		l.Await = false // verify never answers, whole answers before it acknowledges
	}
	dials := r.api.dials.Load()
	s, err := r.start(ctx, name, 1, o)
	if err != nil {
		return res, err
	}
	defer s.stop()
	p := s.procs[0]
	res.Start = milliseconds(p.start)
	before, err := r.begin(ctx, s, l)
	if err != nil {
		return res, err
	}
	rec := newRecord(l.Conns)
	r.api.record.Store(rec)
	defer r.api.record.Store(nil)

	sending, cancel := context.WithTimeout(ctx, warmUp+r.window)
	defer cancel()
	if err := l.run(sending, s.addrs(), rec, 0); err != nil {
		return res, err
	}
	if name != floorVerify {
		r.drain(ctx, rec)
	}
	after, err := r.end(ctx, s)
	if err != nil {
		return res, err
	}
	if res.RSS, err = memory(p.pid(), "VmHWM"); err != nil {
		return res, err
	}

	used, seconds := int(rec.used.Load()), r.window.Seconds()
	res.Answered = float64(between(rec.answered, used, warmUp, warmUp+r.window)) / seconds
	res.Acked = float64(between(rec.acked, used, warmUp, warmUp+r.window)) / seconds
	res.EndToEnd = percentiles(rec.latencies(rec.answered, warmUp))
	res.Ack = percentiles(rec.latencies(rec.acked, warmUp))
	res.Refused, res.Doubled, res.Dials = rec.refused.Load(), rec.doubled.Load(), r.api.dials.Load()-dials
	done := float64(rec.nAnswered.Load())
	if name == floorVerify {
		done = float64(rec.nAcked.Load())
	} else {
		res.Missing = rec.nAcked.Load() - rec.nAnswered.Load()
	}
	if done == 0 {
		return res, errors.New("nothing was answered")
	}
	res.CPU, res.RedisCPU = (after.cpu-before.cpu)*1000/done, (after.redis-before.redis)*1000/done
	res.Allocs, res.AllocKB = (after.mallocs-before.mallocs)/done, (after.bytes-before.bytes)/done/1024
	if after.calls != nil {
		res.Calls = make(map[string]float64)
		for command, n := range after.calls {
			if per := (n - before.calls[command]) / done; per >= 0.05 {
				res.Calls[strings.TrimPrefix(command, "cmdstat_")] = per
			}
		}
	}
	return res, nil
}

// usage is what a subject has used so far.
type usage struct {
	cpu, redis     float64
	mallocs, bytes float64
	calls          map[string]float64
}

func (r *rig) begin(ctx context.Context, s *subject, l load) (usage, error) {
	u, err := s.usage(ctx)
	if err == nil && r.profiles != "" {
		file := strings.NewReplacer(" ", "-", ",", "", "/", "-").Replace(s.name + "-" + l.Name)
		_, err = s.procs[0].ask("profile " + filepath.Join(r.profiles, file+".prof"))
	}
	return u, err
}

func (r *rig) end(ctx context.Context, s *subject) (usage, error) {
	if r.profiles != "" {
		if _, err := s.procs[0].ask("stop"); err != nil {
			return usage{}, err
		}
		if _, err := s.procs[0].ask("allocs " + filepath.Join(r.profiles, s.name+".allocs.prof")); err != nil {
			return usage{}, err
		}
	}
	return s.usage(ctx)
}

func (s *subject) usage(ctx context.Context) (usage, error) {
	var u usage
	var err error
	if u.cpu, u.redis, err = s.cpu(ctx); err != nil {
		return u, err
	}
	if u.calls, err = s.info(ctx, "commandstats"); err != nil {
		return u, err
	}
	line, err := s.procs[0].ask("mallocs")
	if err != nil {
		return u, err
	}
	_, err = fmt.Sscan(line, &u.mallocs, &u.bytes)
	return u, err
}

// drain waits until everything is answered, or until it takes too long.
func (r *rig) drain(ctx context.Context, rec *record) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for rec.nAnswered.Load() < rec.nAcked.Load() && pause.For(ctx, 5*time.Millisecond) == nil {
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / 1e6 }
