package main

import (
	"context"
	"fmt"
	"slices"
)

// tracePairs is how often traces are measured, on and off in turn.
const tracePairs = 5

// Traces is what decision traces cost.
type Traces struct {
	Subject string `json:"subject"`
	Pairs   int    `json:"pairs"`
	// On and Off are CPU seconds for 1,000 answers with traces and without.
	On  float64 `json:"cpuPer1000On"`
	Off float64 `json:"cpuPer1000Off"`
	// Ratios are those of CPU with traces to CPU without, pair by pair, in their
	// order of size. What is the middle of them is less disturbed by other programs
	// than On and Off.
	Ratios []float64 `json:"ratios"`
	// Calls is how many more Redis commands an answer takes with traces.
	Calls float64 `json:"moreRedisCallsPerAnswer"`
}

// traces measures the same load with traces and without, in turn, as the machine
// is never the same for long.
func (r *rig) traces(ctx context.Context, name string, pairs int) (Traces, error) {
	out := Traces{Subject: name, Pairs: pairs}
	var cpu, calls [2][]float64
	for pair := range pairs {
		for k := range 2 {
			i := (k + pair) % 2 // which comes first alternates
			untraced := i == 1
			r.progress("traces on %s, off: %v", name, untraced)
			l := load{Name: "16, closed on the answer", Conns: 16, Await: true, Workspace: home}
			res, err := r.measure(ctx, name, l, childOptions{Untraced: untraced})
			if err != nil {
				return out, err
			}
			all := 0.0
			for _, n := range res.Calls {
				all += n
			}
			cpu[i], calls[i] = append(cpu[i], res.CPU), append(calls[i], all)
		}
		out.Ratios = append(out.Ratios, cpu[0][pair]/cpu[1][pair])
	}
	slices.Sort(out.Ratios)
	out.On, out.Off = middle(cpu[0]), middle(cpu[1])
	out.Calls = middle(calls[0]) - middle(calls[1])
	return out, nil
}

// allTraces measures traces on each store that is wanted.
func (r *rig) allTraces(ctx context.Context, report *Report, wanted func(string) bool, pairs int) error {
	for _, name := range []string{"memory", "file", "redis"} {
		if !wanted(name) {
			continue
		}
		c, err := r.traces(ctx, name, pairs)
		if err != nil {
			return fmt.Errorf("traces on %s: %w", name, err)
		}
		report.Traces = append(report.Traces, c)
	}
	return nil
}

func middle(all []float64) float64 {
	all = slices.Sorted(slices.Values(all))
	return all[len(all)/2]
}
