package main

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"slices"
	"text/tabwriter"
)

// Report is everything that was measured in one run.
type Report struct {
	Machine   string     `json:"machine"`
	Window    float64    `json:"windowSeconds"`
	Results   []Result   `json:"results"`
	Instances *Instances `json:"instances,omitempty"`
	Waiting   []Waiting  `json:"waiting,omitempty"`
	Fairness  []Fairness `json:"fairness,omitempty"`
	Traces    []Traces   `json:"traces,omitempty"`
	Scale     []Scale    `json:"scaleOut,omitempty"`
	// Others are API calls that were neither a comment nor the start.
	Others int64 `json:"otherCalls"`
}

func machine() string {
	return fmt.Sprintf("%s/%s, %d CPUs, %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
}

// writeJSON writes the report without ratios.
func (r *Report) writeJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// floor returns the result of a floor under a load; nil if it was not measured.
func (r *Report) floor(name, load string) *Result {
	i := slices.IndexFunc(r.Results, func(x Result) bool { return x.Subject == name && x.Load == load })
	if i < 0 {
		return nil
	}
	return &r.Results[i]
}

// writeTable writes the report as Markdown, which a terminal shows well enough.
func (r *Report) writeTable(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 4, 1, ' ', 0)
	fmt.Fprintf(out, "%s; windows of %g s\n\n", r.Machine, r.Window)
	if len(r.Scale) > 0 {
		return writeScale(out, r.Scale)
	}
	fmt.Fprintln(w, "| load\t| subject\t| answered/s\t| of whole\t| acked/s\t| e2e p50 / p99 / p99.9 ms\t| ack p50 / p99 / p99.9 ms\t| CPU s/1000\t| × whole\t| Redis CPU\t| allocs\t| RSS MB\t| start ms\t| dials\t|")
	fmt.Fprintln(w, "|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|")
	for _, x := range r.Results {
		ofRate, ofCPU := "", ""
		if whole := r.floor(floorWhole, x.Load); whole != nil && x.Subject != floorVerify && whole.Answered > 0 && whole.CPU > 0 {
			ofRate = fmt.Sprintf("%.0f %%", 100*x.Answered/whole.Answered)
			ofCPU = fmt.Sprintf("%.1f", x.CPU/whole.CPU)
		}
		fmt.Fprintf(w, "| %s\t| %s\t| %.0f\t| %s\t| %.0f\t| %s\t| %s\t| %.3f\t| %s\t| %.3f\t| %.0f\t| %.0f\t| %.0f\t| %d\t|\n",
			x.Load, x.Subject, x.Answered, ofRate, x.Acked, x.EndToEnd, x.Ack, x.CPU, ofCPU, x.RedisCPU, x.Allocs, x.RSS, x.Start, x.Dials)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, x := range r.Results {
		if x.Refused+x.Doubled+x.Missing > 0 {
			fmt.Fprintf(out, "\n%s, %s: %d refused, %d answered twice, %d not answered within the drain\n", x.Subject, x.Load, x.Refused, x.Doubled, x.Missing)
		}
	}
	if i := r.Instances; i != nil && i.One > 0 {
		fmt.Fprintf(out, "\n4 instances on one Redis, handlers that wait 500 ms, 64 workers each: %.0f/s against %.0f/s of one, %.2f times\n", i.Four, i.One, i.Four/i.One)
	}
	for _, x := range r.Waiting {
		fmt.Fprintf(out, "%d turns that wait on %s: %.0f MB more than idle, %.0f of them not of the program's file; a turn holds %.1f KB of the heap, %.1f KB of stacks and %.1f goroutines; %.0f %% of a core, %.0f Redis commands/s\n",
			x.Turns, x.Subject, x.RSS, x.Anon, x.Live, x.Stack, x.Goroutines, 100*x.CPU, x.RedisCalls)
	}
	for _, x := range r.Fairness {
		fmt.Fprintf(out, "a quiet workspace on %s: e2e %s ms alone, %s ms beside a burst of 4,000 in another one\n", x.Subject, x.Alone, x.Beside)
	}
	for _, x := range r.Traces {
		fmt.Fprintf(out, "traces on %s: %.4f s CPU for 1,000 answers with them, %.4f without: %+.1f %%, and %+.2f Redis commands an answer (medians of %d pairs, whose own ratios are %.2f to %.2f)\n",
			x.Subject, x.On, x.Off, 100*(x.On/x.Off-1), x.Calls, x.Pairs, x.Ratios[0], x.Ratios[len(x.Ratios)-1])
	}
	if r.Others > 0 {
		fmt.Fprintf(out, "%d API calls that the stand-in does not know\n", r.Others)
	}
	return nil
}

// String returns the three times.
func (p Percentiles) String() string {
	if p == (Percentiles{}) {
		return "–"
	}
	return fmt.Sprintf("%.2f / %.2f / %.2f", p.P50, p.P99, p.P999)
}
