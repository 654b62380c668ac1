package main

import (
	"context"
	"slices"
)

// tracePairs is how often traces are measured, on and off in turn.
const tracePairs = 5

// Traces is what decision traces cost.
type Traces struct {
	Subject string `json:"subject"`
	// On and Off are CPU seconds for 1,000 answers with traces and without.
	On  float64 `json:"cpuPer1000On"`
	Off float64 `json:"cpuPer1000Off"`
	// Calls is how many more Redis commands an answer takes with traces.
	Calls float64 `json:"moreRedisCallsPerAnswer"`
}

// traces measures the same load with traces and without, in turn, as the machine
// is never the same for long.
func (r *rig) traces(ctx context.Context, name string) (Traces, error) {
	out := Traces{Subject: name}
	var cpu, calls [2][]float64
	for range tracePairs {
		for i, untraced := range []bool{false, true} {
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
	}
	out.On, out.Off = middle(cpu[0]), middle(cpu[1])
	out.Calls = middle(calls[0]) - middle(calls[1])
	return out, nil
}

func middle(all []float64) float64 {
	all = slices.Sorted(slices.Values(all))
	return all[len(all)/2]
}
