package bot_test

import (
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestCrashInSession ends a process in the middle of agent sessions. Another one goes
// on, and people see one answer and nothing twice. SIGTERM, as in a deploy, shows
// nothing at all.
func TestCrashInSession(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		store string
		sig   syscall.Signal
		lease time.Duration
	}{
		{"redis", syscall.SIGKILL, crashLease},
		{"redis", syscall.SIGTERM, time.Hour},
		{"file", syscall.SIGKILL, time.Hour},
	} {
		t.Run(c.store+" "+c.sig.String(), func(t *testing.T) {
			t.Parallel()
			r := newCrashRig(t, "session", c.store)
			a := r.start("a", c.lease)
			for _, at := range []string{"begun", "thought", "acted", "answered", "settle"} {
				if at == "settle" && c.sig == syscall.SIGTERM {
					continue
				}
				r.say(at, "work", at, "")
			}
			r.until("all turns are held", r.allHeld)
			b := r.replace(a, c.store, c.sig)
			r.finish(b, func(*talk) []string { return []string{"found"} })
			for _, k := range r.talks {
				x := r.session(k)
				if diff := cmp.Diff([]string{"thought: looking", "action: Searched", "response: found"}, x.ActivityTexts()); diff != "" {
					t.Errorf("%s: the session (-want +got):\n%s", k.name, diff)
				}
				if x.Status() != "complete" {
					t.Errorf("%s: the session is %s", k.name, x.Status())
				}
			}
		})
	}
}

// TestCrashLoopInSession: a prompt that ends every process that handles it leaves an
// honest end.
func TestCrashLoopInSession(t *testing.T) {
	t.Parallel()
	r := newCrashRig(t, "session-poison", "file")
	poisoned := r.say("poison", "take this poison", "", "")
	over := func() bool {
		x := r.session(poisoned)
		return x != nil && x.Status() == "error"
	}
	for range 8 {
		r.mu.Lock()
		delete(r.addrs, "a")
		r.mu.Unlock()
		a := r.start("a", 300*time.Millisecond)
		r.until("the process is gone, or has buried what ends it", func() bool { return over() || isGone(a.Process.Pid) })
		if over() {
			r.end(a, syscall.SIGTERM)
			break
		}
		_ = a.Wait()
	}
	all := r.session(poisoned).ActivityTexts()
	last := all[len(all)-1]
	if !strings.HasPrefix(last, "error: Sorry, something went wrong") || !strings.Contains(last, "Reference: `") {
		t.Errorf("the session ends with %q", last)
	}
}

// TestStopAtAnotherProcess: one process works on a session while another one receives
// the stop. The context of the handler ends within a second, its later writes are
// refused, and the confirmation is last. A prompt after that starts clean.
func TestStopAtAnotherProcess(t *testing.T) {
	t.Parallel()
	r := newCrashRig(t, "session-stop", "redis")
	a := r.start("a", time.Minute)
	k := r.say("stop", "go", "", "")
	r.until("the turn has begun", func() bool { return k.passed["begun"] > 0 })
	b := r.start("b", time.Minute) // which gets the webhooks from now on
	x := r.session(k)
	pressed := time.Now()
	r.ada.Stop(x)
	r.until("the writes are refused", func() bool { return k.passed["fenced"] > 0 })
	r.mu.Lock()
	took := k.since["ended"].Sub(pressed)
	r.mu.Unlock()
	if took > time.Second {
		t.Errorf("the context ended %s after the stop, want a second at most", took)
	}
	r.until("the stop is confirmed", func() bool { return x.Status() == "complete" })
	want := []string{"thought: looking", "prompt: Stop", "response: Stopped."}
	if diff := cmp.Diff(want, x.ActivityTexts()); diff != "" {
		t.Errorf("the session (-want +got):\n%s", diff)
	}
	r.ada.Prompt(x, "again")
	r.until("the prompt is answered", func() bool { got := x.ActivityTexts(); return got[len(got)-1] == "response: heard again" })
	if links := x.Links(); len(links) > 0 {
		t.Errorf("links %v were added after the stop", links)
	}
	for _, p := range []*exec.Cmd{a, b} {
		if code := r.end(p, syscall.SIGTERM); code != 0 {
			t.Errorf("exit code %d after SIGTERM, want 0", code)
		}
	}
	t.Logf("the context ended %s after the stop", took)
}
