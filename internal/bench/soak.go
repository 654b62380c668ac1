package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/linearbot/linearbot/internal/pause"
)

// soak is a steady load for a long time, with faults, on every durable store. A
// line that still grows in its last quarter is a leak.
type soak struct {
	length time.Duration
	rate   float64
	// picture is the file that the lines are drawn to. Empty means none.
	picture string
}

// sample is what was measured at one moment, and since the one before it.
type sample struct {
	At         float64 `json:"at"` // seconds
	RSS        float64 `json:"rssMB"`
	Heap       float64 `json:"heapMB"`
	Goroutines float64 `json:"goroutines"`
	Files      float64 `json:"descriptors"`
	Store      float64 `json:"storeMB"`
	Answered   float64 `json:"answeredPerSecond"`
	P50        float64 `json:"e2eP50MS"`
}

// lines are the measures of a sample, with how far a flat one may move.
func lines() []measure {
	return []measure{
		{"Resident memory, MB", func(s sample) float64 { return s.RSS }, 1.2, 8},
		{"Heap in use, MB", func(s sample) float64 { return s.Heap }, 1.3, 4},
		{"Goroutines", func(s sample) float64 { return s.Goroutines }, 1.2, 20},
		{"Open descriptors", func(s sample) float64 { return s.Files }, 1.2, 40},
		{"Store, MB", func(s sample) float64 { return s.Store }, 1.2, 4},
		{"Answers a second", func(s sample) float64 { return s.Answered }, 0, 0},
		{"End to end, median, ms", func(s sample) float64 { return s.P50 }, 2, 5},
	}
}

type measure struct {
	name string
	of   func(sample) float64
	// The last quarter may be factor times the second one and slack more. A
	// factor of 0 means that the line is only drawn.
	factor, slack float64
}

// Soaked is what became of one store.
type Soaked struct {
	Store    string   `json:"store"`
	Samples  []sample `json:"samples"`
	Acked    int64    `json:"acked"`
	Answered int64    `json:"answered"`
	Refused  int64    `json:"refused"`
	Again    int64    `json:"repeatedWrites"` // under the same id, which Linear refuses
	Grown    []string `json:"grown,omitempty"`
}

// run soaks a file store and a Redis store at the same time.
func (k soak) run(ctx context.Context, dir string, progress func(format string, args ...any)) ([]*Soaked, error) {
	names := []string{"file", "redis"}
	out, errs := make([]*Soaked, len(names)), make([]error, len(names))
	var wg sync.WaitGroup
	for i, name := range names {
		wg.Go(func() {
			out[i], errs[i] = k.one(ctx, dir, name, func(format string, args ...any) { progress(name+": "+format, args...) })
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if k.picture != "" {
		if err := os.WriteFile(k.picture, []byte(draw(out)), 0o600); err != nil {
			return nil, err
		}
		progress("drawn to %s", k.picture)
	}
	var failed []error
	for _, s := range out {
		if lost := s.Acked - s.Answered; lost != 0 {
			failed = append(failed, fmt.Errorf("%s: %d deliveries were acknowledged and not answered", s.Store, lost))
		}
		for _, g := range s.Grown {
			failed = append(failed, fmt.Errorf("%s: %s", s.Store, g))
		}
	}
	return out, errors.Join(failed...)
}

func (k soak) one(ctx context.Context, dir, name string, progress func(format string, args ...any)) (*Soaked, error) {
	a, err := startAPI(ctx)
	if err != nil {
		return nil, err
	}
	defer a.close()
	r := &rig{api: a, dir: dir, progress: progress}
	// What is remembered for a day in production is forgotten in a tenth of the
	// run, so that the store is as full as it gets for most of it.
	s, err := r.start(ctx, name, 1, childOptions{Forget: max(k.length/10, time.Minute)})
	if err != nil {
		return nil, err
	}
	defer s.stop()
	l := load{Name: "soak", Conns: 16, Rate: k.rate, Threads: 500, Workspace: home}
	rec := newRecord(l.Conns)
	a.record.Store(rec)

	sending, cancel := context.WithTimeout(ctx, k.length)
	defer cancel()
	var wg sync.WaitGroup
	var failed error
	wg.Go(func() { failed = l.run(sending, s.addrs(), rec, 0) })
	wg.Go(func() { k.strike(sending, s, a, progress) })
	out := &Soaked{Store: name}
	every := max(k.length/180, 2*time.Second)
	from := 0
	for sending.Err() == nil {
		if pause.For(sending, every) != nil {
			break
		}
		next, err := s.sample(sending, rec, from, every)
		if err != nil {
			if sending.Err() != nil {
				break
			}
			return nil, err
		}
		from = int(rec.used.Load())
		out.Samples = append(out.Samples, next)
		if len(out.Samples)%15 == 0 {
			progress("%.0f s, %d answered, %.0f MB, %.1f ms", next.At, rec.nAnswered.Load(), next.RSS, next.P50)
		}
	}
	wg.Wait()
	if failed != nil {
		return nil, failed
	}
	a.broken.Store(false)
	r.drain(ctx, rec)
	out.Acked, out.Answered, out.Refused, out.Again = rec.nAcked.Load(), rec.nAnswered.Load(), rec.refused.Load(), rec.doubled.Load()
	out.Grown = grown(out.Samples)
	return out, nil
}

// strike makes something fail every now and then, in turn: the API, the process,
// Redis.
func (k soak) strike(ctx context.Context, s *subject, a *api, progress func(format string, args ...any)) {
	every := max(k.length/20, 10*time.Second)
	for n := 0; pause.For(ctx, every) == nil; n++ {
		switch {
		case n%3 == 0:
			progress("the API fails for 2 s")
			a.broken.Store(true)
			_ = pause.For(ctx, 2*time.Second)
			a.broken.Store(false)
		case n%3 == 1:
			progress("the process stands still for 1 s")
			_ = s.procs[0].cmd.Process.Signal(syscall.SIGSTOP) // the run ends otherwise
			_ = pause.For(context.WithoutCancel(ctx), time.Second)
			_ = s.procs[0].cmd.Process.Signal(syscall.SIGCONT)
		case len(s.redis) > 0:
			progress("Redis stands still for 1 s")
			_ = s.redis[0].Freeze()
			_ = pause.For(context.WithoutCancel(ctx), time.Second)
			_ = s.redis[0].Thaw()
		}
	}
}

// sample measures the first process of a subject, and what was sent from a number
// on.
func (s *subject) sample(ctx context.Context, rec *record, from int, every time.Duration) (sample, error) {
	pid := s.procs[0].pid()
	out := sample{At: time.Since(rec.begin).Seconds()}
	var err error
	if out.RSS, err = memory(pid, "VmRSS"); err != nil {
		return out, err
	}
	told, err := s.procs[0].ask("counters")
	if err != nil {
		return out, err
	}
	var c counters
	if err := json.Unmarshal([]byte(told), &c); err != nil {
		return out, err
	}
	out.Heap, out.Goroutines = float64(c.Live)/(1<<20), float64(c.Goroutines)
	open, err := os.ReadDir("/proc/" + strconv.Itoa(pid) + "/fd")
	if err != nil {
		return out, err
	}
	out.Files = float64(len(open))
	if out.Store, err = s.size(ctx); err != nil {
		return out, err
	}
	var times []int64
	for n := from; n < int(rec.used.Load()); n++ {
		if v := rec.answered[n].Load(); v > 0 {
			times = append(times, v-rec.sent[n].Load())
		}
	}
	out.P50, out.Answered = percentiles(times).P50, float64(len(times))/every.Seconds()
	return out, nil
}

// size is how much the store holds, in MB.
func (s *subject) size(ctx context.Context) (float64, error) {
	if len(s.redis) > 0 {
		info, err := s.info(ctx, "memory")
		return info["used_memory"] / (1 << 20), err
	}
	sum := int64(0)
	err := filepath.WalkDir(s.dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			sum += info.Size()
		}
		return err
	})
	return float64(sum) / (1 << 20), err
}

// grown names the lines whose last quarter lies above their second.
func grown(samples []sample) []string {
	if len(samples) < 16 {
		return nil
	}
	var out []string
	quarter := len(samples) / 4
	for _, m := range lines() {
		before, after := median(samples[quarter:2*quarter], m.of), median(samples[3*quarter:], m.of)
		if m.factor > 0 && after > before*m.factor+m.slack {
			out = append(out, fmt.Sprintf("%s went from %.1f to %.1f", strings.ToLower(m.name), before, after))
		}
	}
	return out
}

func median(samples []sample, of func(sample) float64) float64 {
	values := make([]float64, len(samples))
	for i, s := range samples {
		values[i] = of(s)
	}
	slices.Sort(values)
	return values[len(values)/2]
}
