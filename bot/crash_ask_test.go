package bot_test

import (
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
)

// question returns the bot's question in a thread, or nil.
func (r *crashRig) question(k *talk) *linearsim.Comment {
	all := k.root.Replies()
	i := slices.IndexFunc(all, func(c *linearsim.Comment) bool { return strings.HasPrefix(c.Body(), "**Deploy?**") })
	if i < 0 {
		return nil
	}
	return all[i]
}

// approve answers the question of a thread in the way that is in its name.
func (r *crashRig) approve(k *talk) {
	r.t.Helper()
	q := r.question(k)
	switch {
	case q == nil:
		r.t.Fatalf("%s: there is no question", k.name)
	case strings.HasSuffix(k.name, "by reply"):
		r.ada.Reply(k.root, "yes")
	case strings.HasSuffix(k.name, "by reaction"):
		r.ada.React(q, "👍")
	}
}

// asked is what a thread says in the end: one question and one outcome.
func asked(k *talk) []string {
	outcome := `draft 1: approved true by "ada", timed out false`
	if strings.HasSuffix(k.name, "never answered") {
		outcome = `draft 1: approved false by "", timed out true`
	}
	question := "**Deploy?**\n\n_Approved by Ada Byron._"
	if strings.HasSuffix(k.name, "never answered") {
		question = "**Deploy?**\n\n_Timed out._"
	}
	return []string{question, outcome}
}

// checkAsked checks how often turns did what they do: the step once, and
// everything behind the question so many times.
func (r *crashRig) checkAsked(resumed func(k *talk) int) {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, k := range r.talks {
		if diff := cmp.Diff([]int{1, resumed(k)}, []int{k.passed["in-draft"], k.passed["resumed"]}); diff != "" {
			r.t.Errorf("%s: drafts, runs with an answer (-want +got):\n%s", k.name, diff)
		}
	}
}

// TestCrashWhileAsking kills a process that asks in many threads, in each at
// another moment. The answers come while no bot runs or after a second process
// has begun, by reply, by reaction or not at all.
func TestCrashWhileAsking(t *testing.T) {
	t.Parallel()
	r := newCrashRig(t, "asking", "redis")
	a := r.start("a", crashLease)
	var early, late []*talk
	for _, m := range []struct {
		name, at, with string
		hidden         bool // no one sees the question yet
	}{
		{"the thread lists the question", "kept", "asking ", true},
		{"the question is written but not confirmed", "sent", "Deploy?", false},
		{"the question is kept", "kept", `"message_id"`, false},
		{"the end of its time is set", "enqueued", "timeout", false},
		{"the turn is about to be settled", "settle", "", false},
		{"the turn is settled", "settled", "", false},
	} {
		for _, by := range []string{"by reply", "by reaction"} {
			late = append(late, r.say(m.name+", answered later "+by, "deploy", m.at, m.with))
			if !m.hidden {
				early = append(early, r.say(m.name+", answered at once "+by, "deploy", m.at, m.with))
			}
		}
		r.say(m.name+", never answered", "deploy soon", m.at, m.with)
	}
	r.until("all turns are held", r.allHeld)
	r.flush()
	r.end(a, syscall.SIGKILL)
	for _, k := range early {
		r.approve(k) // Linear tries until the bot takes it
	}
	b := r.start("b", 0)
	for _, k := range late {
		r.until("the question of "+k.name, func() bool { return r.question(k) != nil })
		r.approve(k)
	}
	r.finish(b, asked)
	r.checkAsked(func(*talk) int { return 1 })
}

// TestCrashWhileAnswered kills a process that takes the answers to its
// questions, in each thread at another moment.
func TestCrashWhileAnswered(t *testing.T) {
	t.Parallel()
	r := newCrashRig(t, "asking", "redis")
	a := r.start("a", crashLease)
	moments := []struct {
		name, at, with string
		resumed        int
	}{
		{"the answer is kept", "kept", `"answer"`, 1},
		{"the turn is called again", "enqueued", "answer", 1},
		{"the thread lists no question", "kept", "asking ", 1},
		{"the answer is settled", "settled", "", 1},
		{"the turn runs again", "resumed", "", 2},
		{"the outcome is written but not confirmed", "sent", "draft", 2},
	}
	for _, m := range moments {
		for _, by := range []string{"by reply", "by reaction"} {
			r.say(m.name+", answered "+by, "deploy", "settled", "")
		}
	}
	r.until("all turns are held", r.allHeld)
	r.mu.Lock()
	for i, k := range r.talks {
		k.held, k.at, k.with = false, moments[i/2].at, moments[i/2].with
	}
	r.mu.Unlock()
	for _, k := range r.talks {
		r.approve(k)
	}
	r.until("all answers are held", r.allHeld)
	r.flush()
	r.end(a, syscall.SIGKILL)
	r.finish(r.start("b", 0), asked)
	r.checkAsked(func(k *talk) int { return moments[slices.Index(r.talks, k)/2].resumed })
}
