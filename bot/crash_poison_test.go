package bot_test

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/stateurl"
)

// TestCrashLoop: a message that ends every process that handles it is buried
// once its attempts are used up, the person is told, and the bot continues. The
// process is killed, or takes more memory than it may.
func TestCrashLoop(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ job, store string }{{"poison", "file"}, {"poison", "redis"}, {"memory", "file"}} {
		store := c.store
		t.Run(c.job+" "+store, func(t *testing.T) {
			t.Parallel()
			r := newCrashRig(t, c.job, store)
			poisoned := r.say("poison", "take this poison", "", "")
			crashes := 0
			for ; crashes < 12; crashes++ {
				r.mu.Lock()
				delete(r.addrs, "a")
				r.mu.Unlock()
				a := r.start("a", crashLease) // a live process that loses its lease spends an attempt without a crash
				r.until("the process is gone, or has buried what ends it", func() bool {
					return len(r.replies(poisoned)) > 0 || isGone(a.Process.Pid)
				})
				r.mu.Lock()
				told := len(r.replies(poisoned)) > 0
				r.mu.Unlock()
				if told {
					r.end(a, syscall.SIGTERM)
					break
				}
				_ = a.Wait()
			}
			// Files may miss the attempt of the process that stored the entry.
			if crashes != 4 && (store != "file" || crashes != 5) {
				t.Errorf("%d crashes, want as many as a turn has attempts: 4", crashes)
			}
			if got := r.replies(poisoned); len(got) != 1 || !strings.HasPrefix(got[0], "Sorry, something went wrong") {
				t.Errorf("the thread has %q, want one apology", got)
			}
			s, err := stateurl.Open(r.state)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			var dead []state.DeadEntry
			for d, err := range s.Dead(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				dead = append(dead, d)
			}
			if len(dead) != 1 || dead[0].Cause.Code != "crashed" {
				t.Errorf("dead letters %+v, want one with code crashed", dead)
			}
		})
	}
}

// isGone reports whether a process has ended, whether or not it was waited for.
func isGone(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	return strings.HasPrefix(after, "Z")
}
