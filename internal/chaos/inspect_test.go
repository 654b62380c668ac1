package chaos

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/linearbot/linearbot/state"
)

// inspect ends all processes, inspects what is left and fills in the result.
func (r *rig) inspect() {
	var all sync.WaitGroup
	for _, in := range r.instances {
		all.Go(func() {
			took := in.end(syscall.SIGTERM)
			r.mu.Lock()
			defer r.mu.Unlock()
			r.result.Ending = max(r.result.Ending, ms(took))
		})
	}
	all.Wait()
	slices.Sort(r.struck)
	if err := os.WriteFile(filepath.Join(r.logs, "faults.txt"), []byte(strings.Join(r.struck, "\n")+"\n"), 0o600); err != nil {
		r.t.Error(err)
	}
	r.look()
	bad := r.judge(r.readLogs())
	r.result.Counts = r.driver.counts
	r.result.Slowest200 = ms(r.driver.slowest)
	if r.result.Other > 0 {
		r.problem("%d deliveries were answered neither 200 nor 503", r.result.Other)
	}
	r.t.Log(r.result.String())
	if r.t.Failed() {
		r.dump(bad)
	}
}

// look asks the command what the store holds.
func (r *rig) look() {
	out, err := r.command("state", "stats")
	if err != nil {
		r.problem("state stats: %v", err)
		return
	}
	r.result.Stored = json.RawMessage(bytes.TrimSpace(out))
	var stats state.Stats
	if err := json.Unmarshal(out, &stats); err != nil {
		r.problem("state stats: %v in %s", err, out)
		return
	}
	if stats == (state.Stats{}) {
		return
	}
	lanes, err1 := r.command("state", "lanes")
	dead, err2 := r.command("dead", "list")
	r.problem("the store holds work: %s\n%s\n%s", out, lanes, dead)
	if err1 != nil || err2 != nil {
		r.problem("state: %v, %v", err1, err2)
	}
}

// command runs the command on the store of the scenario.
func (r *rig) command(args ...string) ([]byte, error) {
	cmd := exec.CommandContext(r.t.Context(), r.bin, args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LINEARBOT_STATE=" + r.store.direct()}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return out, fmt.Errorf("%w: %s", err, stderr.Bytes())
	}
	return out, nil
}

// judge compares all threads with what was sent and returns the bad ones. Aside
// is what the logs say about turns that stepped aside.
func (r *rig) judge(aside string) []*thread {
	var (
		bad   []*thread
		times []time.Time
		took  []time.Duration
	)
	for _, th := range r.driver.threads {
		for i, c := range r.driver.replies(th) {
			times = append(times, c.CreatedAt)
			if i >= len(th.messages) {
				continue
			}
			m := th.messages[i]
			took = append(took, c.CreatedAt.Sub(m.answered))
			if d := ms(took[len(took)-1]); d > r.result.Longest {
				r.result.Longest = d
				r.result.Slowest = fmt.Sprintf("message %d of thread %d, accepted at %s, root %s", i, th.n, m.answered.Format(clock), th.root.ID)
			}
		}
		v := judge(th.n, len(th.messages)-1, r.driver.texts(th))
		for n, m := range th.messages {
			if m.answered.IsZero() {
				r.problem("message %d of thread %d was never accepted", n, th.n)
			}
		}
		r.result.Expected += len(th.messages)
		r.result.Found += v.Found
		r.result.Missing += v.Missing
		r.result.Duplicate += v.Duplicate
		if v.OutOfOrder > 0 && strings.Contains(aside, th.root.ID) {
			r.result.Passed += v.OutOfOrder
			v.OutOfOrder = 0
		}
		r.result.OutOfOrder += v.OutOfOrder
		r.result.Strange += v.Strange
		if !v.good() {
			r.problem("thread %d: %+v", th.n, v)
			bad = append(bad, th)
		}
	}
	r.result.Recovery = recovery(r.kills, times)
	if len(took) > 0 {
		slices.Sort(took)
		r.result.Median = ms(took[len(took)/2])
	}
	return bad
}

// readLogs counts the events in the logs and returns the lines about turns that
// stepped aside.
func (r *rig) readLogs() (aside string) {
	for _, in := range r.instances {
		log, err := os.ReadFile(in.log)
		if err != nil {
			r.problem("log: %v", err)
			continue
		}
		for line := range strings.Lines(string(log)) {
			for text, n := range map[string]*int{
				`"turn failed: trying again"`: &r.result.Retried,
				`"aside":true`:                &r.result.Aside,
				`"turn dropped: `:             &r.result.Dropped,
				`"turn could not be settled`:  &r.result.Again,
				`"lease was lost before`:      &r.result.Again,
			} {
				if strings.Contains(line, text) {
					*n++
				}
			}
			if strings.Contains(line, `"aside":true`) {
				aside += line
			}
			if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") || strings.Contains(line, "panic while serving") {
				r.problem("%s: %s", in.name, line)
			}
		}
	}
	return aside
}

// dump shows what helps to understand a failure.
func (r *rig) dump(bad []*thread) {
	r.t.Logf("the faults:\n%s", strings.Join(r.struck, "\n"))
	for _, th := range bad[:min(3, len(bad))] {
		var b strings.Builder
		fmt.Fprintf(&b, "thread %d", th.n)
		if th.root != nil {
			fmt.Fprintf(&b, ", root %s", th.root.ID)
		}
		for n, m := range th.messages {
			fmt.Fprintf(&b, "\n  %s message %d answered 200", m.answered.Format(clock), n)
		}
		for _, c := range r.driver.replies(th) {
			line, _, _ := strings.Cut(c.Body(), "\n")
			fmt.Fprintf(&b, "\n  %s %s", c.CreatedAt.Local().Format(clock), line)
		}
		r.t.Log(b.String())
		if th.root != nil {
			r.showLogs(60, th.root.ID)
		}
	}
	r.showLogs(30, "")
}

// showLogs shows the last lines of each log that contain text.
func (r *rig) showLogs(most int, text string) {
	for _, in := range r.instances {
		log, err := os.ReadFile(in.log)
		if err != nil {
			continue
		}
		lines := strings.Split(strings.TrimSpace(string(log)), "\n")
		lines = slices.DeleteFunc(lines, func(l string) bool { return !strings.Contains(l, text) })
		lines = lines[max(0, len(lines)-most):]
		r.t.Logf("%s, last lines with %q:\n%s", in.name, text, strings.Join(lines, "\n"))
	}
}
