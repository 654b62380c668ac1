package chaos

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// Report is the result of a run.
type Report struct {
	Seed      uint64   `json:"seed"`
	Messages  int      `json:"messages"`
	Seconds   int      `json:"seconds"`
	Scenarios []Result `json:"scenarios"`
}

// Result is the report of one scenario.
type Result struct {
	Name      string `json:"name"`
	Instances int    `json:"instances"`
	Threads   int    `json:"threads"`
	Counts

	Slowest200 float64 `json:"slowest_200_ms"`

	// Faults has the number of faults by kind.
	Faults map[string]int `json:"faults"`
	// Recovery is the time from each SIGKILL to the next reply in any thread.
	Recovery []float64 `json:"recovery_ms"`
	// Starting and Ending are the longest times from the start of a process
	// until it serves, and from SIGTERM until it has ended.
	Starting float64 `json:"slowest_start_ms"`
	Ending   float64 `json:"slowest_stop_ms"`

	Expected   int `json:"replies_expected"`
	Found      int `json:"replies_found"`
	Missing    int `json:"replies_missing"`
	Duplicate  int `json:"replies_duplicate"`
	OutOfOrder int `json:"replies_out_of_order"`
	Strange    int `json:"replies_strange"`
	// Passed is the number of replies that come after later ones because their turns
	// failed for so long that they stepped aside.
	Passed int `json:"replies_passed"`
	// Median and Longest are times from 200 to the reply.
	Median  float64 `json:"median_reply_ms"`
	Longest float64 `json:"slowest_reply_ms"`
	// Slowest says which reply that was.
	Slowest string `json:"slowest_reply,omitempty"`
	// Rest is the time from the end of the faults to the last reply.
	Rest float64 `json:"rest_ms"`

	// Numbers of log lines about trouble.
	Retried int `json:"turns_retried"`
	Aside   int `json:"turns_aside"`
	Dropped int `json:"turns_dropped"`
	Again   int `json:"turns_unsettled"`

	// Stored is what the store held at the end.
	Stored json.RawMessage `json:"stored,omitempty"`
	// Problems are broken promises.
	Problems []string `json:"problems,omitempty"`
}

func ms(d time.Duration) float64 {
	return float64(d.Round(100*time.Microsecond)) / float64(time.Millisecond)
}

// recovery finds for each kill the time until the next reply.
func recovery(kills, replies []time.Time) []float64 {
	replies = slices.SortedFunc(slices.Values(replies), time.Time.Compare)
	out := []float64{}
	for _, k := range kills {
		i, _ := slices.BinarySearchFunc(replies, k, time.Time.Compare)
		if i < len(replies) {
			out = append(out, ms(replies[i].Sub(k)))
		}
	}
	slices.Sort(out)
	return out
}

// String is the report for people.
func (r *Result) String() string {
	var faults []string
	for k, n := range r.Faults {
		faults = append(faults, fmt.Sprintf("%s %d", k, n))
	}
	slices.Sort(faults)
	median, longest := "-", "-"
	if n := len(r.Recovery); n > 0 {
		median, longest = fmt.Sprint(r.Recovery[n/2]), fmt.Sprint(r.Recovery[n-1])
	}
	return fmt.Sprintf(`%s: %d instances, %d threads
  deliveries  %d, sent %d times: 200 %d, 503 %d, other %d, no answer %d; slowest 200 %v ms
  repeats     %d accepted again, %d sent twice at once, %d late
  faults      %s
  processes   slowest start %v ms, slowest stop %v ms; reply after SIGKILL: median %s ms, longest %s ms
  turns       retried %d, aside %d, dropped %d, not settled %d
  replies     expected %d, found %d, missing %d, duplicate %d, out of order %d, passed %d, strange %d
              after the 200: median %v ms, longest %v ms; last one %v ms after the faults
              slowest: %s
  store       %s`,
		r.Name, r.Instances, r.Threads,
		r.Deliveries, r.Sent, r.Status200, r.Status503, r.Other, r.Failed, r.Slowest200,
		r.Repeats, r.Twins, r.Late,
		strings.Join(faults, ", "),
		r.Starting, r.Ending, median, longest,
		r.Retried, r.Aside, r.Dropped, r.Again,
		r.Expected, r.Found, r.Missing, r.Duplicate, r.OutOfOrder, r.Passed, r.Strange,
		r.Median, r.Longest, r.Rest, r.Slowest, r.Stored)
}

// write writes the report to a file.
func (r *Report) write(name string) error {
	out, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(out, '\n'), 0o600)
}
