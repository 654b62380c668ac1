package simulation

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/state/memstate"
)

var (
	seeds    = flag.Int("seeds", 12, "how many seeds to run")
	first    = flag.Uint64("first", 1, "the first seed")
	only     = flag.Uint64("seed", 0, "run this seed alone and print its story with -v")
	messages = flag.Int("messages", 150, "messages in a run")
)

// TestSimulation runs the seeds. See the package comment.
func TestSimulation(t *testing.T) {
	t.Parallel()
	if *only != 0 {
		simulate(t, *only)
		return
	}
	began := time.Now()
	var done atomic.Int64
	for n := range *seeds {
		seed := *first + uint64(n)
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			simulate(t, seed)
			if n := done.Add(1); n%100 == 0 {
				t.Logf("%d of %d seeds, %d messages, %v", n, *seeds, int(n)**messages, time.Since(began).Round(time.Second))
			}
		})
	}
}

func simulate(t *testing.T, seed uint64) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w, err := build(newPlan(seed, *messages))
		if err != nil {
			t.Fatal(err)
		}
		w.live(t)
		w.settle(t)
		w.close(t)
		w.check(t)
		if *only != 0 {
			t.Log("the story:\n" + w.story.of())
		}
	})
}

// build makes the simulated Linear, its people and threads, and the store.
func build(p *plan) (*world, error) {
	w := &world{
		plan: p, story: &story{began: time.Now()}, store: memstate.New(memstate.Options{}), secret: "simulated-secret",
		offsets: map[string]time.Duration{}, stored: map[int]int{}, thread: map[int]int{}, runs: map[int]int{}, at: map[int]time.Time{}, failed: map[int]time.Duration{},
		busy: map[int]*instance{}, dead: map[int]bool{},
	}
	var err error
	w.linear, err = linearsim.Start(linearsim.Config{NoListener: true, Transport: toBot{w}, Seed: p.seed + 1})
	if err != nil {
		return nil, err
	}
	ws := w.linear.AddWorkspace("Acme", "acme")
	team := ws.AddTeam("ENG", "Engineering")
	w.people = []*linearsim.User{ws.AddUser("Ada Byron", "ada"), ws.AddUser("Bob Noyce", "bob")}
	w.app = ws.InstallApp(linearsim.App{Name: "Helper Bot", DisplayName: "helper-bot", ClientCredentials: true})
	types := []string{"Comment"}
	if p.notifications {
		types = append(types, "AppUserNotification")
	}
	w.app.SetWebhook(linearsim.Webhook{URL: "http://bot.sim/api/webhooks/linear", Secret: w.secret, ResourceTypes: types})
	issue := team.AddIssue(w.people[0], "Checkout fails", "")
	for k := range p.threads {
		if k%3 == 2 {
			issue = team.AddIssue(w.people[0], "Another one", "")
		}
		w.roots = append(w.roots, w.people[0].Comment(issue, "Any idea?"))
	}
	return w, nil
}

// begin starts an instance and adds it to those that get deliveries.
func (w *world) begin(t *testing.T) {
	t.Helper()
	w.mu.Lock()
	w.started++
	called := fmt.Sprint("bot-", w.started)
	w.mu.Unlock()
	i, err := w.start(called)
	if err != nil {
		t.Fatal(err)
	}
	w.story.tell("", "%s starts", called)
	w.mu.Lock()
	w.instances = append(w.instances, i)
	w.mu.Unlock()
}

// leave takes an instance from those that get deliveries.
func (w *world) leave(i *instance) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.instances = slices.DeleteFunc(w.instances, func(j *instance) bool { return i == j })
}

// event is something that happens at a time.
type event struct {
	at time.Duration
	do func()
}

// live lets people write and things go wrong.
func (w *world) live(t *testing.T) {
	t.Helper()
	p := w.plan
	r := rand.New(rand.NewPCG(p.seed, 2))
	p.begin(time.Now())
	for range p.instances {
		w.begin(t)
	}
	at := func() time.Duration { return time.Duration(r.Int64N(int64(p.window))) }
	var events []event
	for n := range p.messages {
		who, root := w.people[r.IntN(len(w.people))], r.IntN(len(w.roots))
		w.thread[n] = root
		when := at()
		if n%7 == 0 && len(events) > 0 {
			when = events[len(events)-1].at // at the same moment as another
		}
		events = append(events, event{when, func() {
			w.story.tell(name(n), "written in thread %d", root)
			who.Reply(w.roots[root], "@helper-bot please do "+name(n))
		}})
	}
	for range p.crashes {
		events = append(events, event{at(), func() {
			i := w.pick()
			w.story.tell("", "%s crashes", i.name)
			w.leave(i)
			i.crash()
			w.begin(t)
		}})
	}
	for range p.freezes {
		d := time.Duration(1+r.IntN(60)) * time.Second
		events = append(events, event{at(), func() {
			i := w.pick()
			w.story.tell("", "%s freezes for %v", i.name, d)
			i.freeze(d)
		}})
	}
	for range p.restarts {
		events = append(events, event{at(), func() {
			i := w.pick()
			w.story.tell("", "%s is told to stop", i.name)
			w.leave(i)
			w.begin(t)
			i.stop()
			<-i.done
			w.story.tell("", "%s has stopped: %v", i.name, i.ended)
			if i.ended != nil {
				w.fault("%s stopped with %v", i.name, i.ended)
			}
		}})
	}
	for range p.reversals {
		n := 2 + r.IntN(3)
		events = append(events, event{at(), func() { w.linear.Disturb(linearsim.Disturbance{Reverse: n}) }})
	}
	for range p.duplicates {
		events = append(events, event{at(), func() { w.linear.Disturb(linearsim.Disturbance{Duplicates: 1}) }})
	}
	events = append(events, event{p.window / 2, func() {
		w.mu.Lock()
		w.jumped = true
		w.mu.Unlock()
	}})
	slices.SortStableFunc(events, func(a, b event) int { return int(a.at - b.at) })
	began := time.Now()
	for _, e := range events {
		time.Sleep(time.Until(began.Add(e.at)))
		e.do()
	}
	time.Sleep(time.Until(p.until))
	w.linear.Disturb(linearsim.Disturbance{})
	w.story.tell("", "from here on nothing goes wrong")
}

// settle waits until everything that was written has been dealt with.
func (w *world) settle(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 12*time.Hour)
	defer cancel()
	if err := w.linear.Flush(ctx); err != nil {
		t.Error("deliveries are still under way after 12 hours")
	}
	for end := time.Now().Add(4 * time.Hour); ; time.Sleep(10 * time.Second) {
		s, err := w.store.Stats(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if s.Entries == 0 && s.Delayed == 0 {
			break
		}
		if time.Now().After(end) {
			t.Errorf("the store still holds %+v", s)
			break
		}
	}
	w.story.tell("", "the store is empty")
	for d, err := range w.store.Dead(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		n, ok := number(string(d.Body))
		if kind, _ := w.manner(n); !ok || kind != permanent {
			w.fault("m%d: dead letter: %v", n, d.Cause)
		}
		w.dead[n] = true
	}
}

// close stops everything.
func (w *world) close(t *testing.T) {
	t.Helper()
	for _, i := range w.instances {
		i.stop()
	}
	for _, i := range w.instances {
		<-i.done
		if i.ended != nil {
			t.Errorf("%s stopped with %v", i.name, i.ended)
		}
	}
	w.linear.Close()
	if err := w.store.Close(); err != nil {
		t.Error(err)
	}
}

// check compares what is there with what was promised.
func (w *world) check(t *testing.T) {
	t.Helper()
	var wrong []string
	complain := func(n int, format string, args ...any) {
		if !slices.Contains(wrong, name(n)) {
			wrong = append(wrong, name(n))
		}
		t.Errorf("%s: %s", name(n), fmt.Sprintf(format, args...))
	}
	acknowledged := map[int]bool{}
	for _, d := range w.linear.Deliveries() {
		if n, ok := number(string(d.Body)); ok && d.OK && d.Type == "Comment" {
			acknowledged[n] = true
		}
	}
	bot := w.app.User
	for k, root := range w.roots {
		var order []int
		got := map[int][]string{}
		for _, c := range root.Replies() {
			if c.Author != bot {
				continue
			}
			n, ok := number(c.Body())
			if !ok {
				t.Errorf("the bot wrote %q", c.Body())
				continue
			}
			if w.thread[n] != k {
				complain(n, "answered in thread %d, written in %d", k, w.thread[n])
			}
			if len(got[n]) == 0 {
				order = append(order, n)
			}
			got[n] = append(got[n], c.Body())
		}
		for n, thread := range w.thread {
			if thread != k {
				continue
			}
			want := w.want(n)
			if _, stored := w.stored[n]; !stored {
				if acknowledged[n] {
					complain(n, "answered 200 and never stored")
				}
				want = nil
			} else if want == nil && !w.dead[n] {
				complain(n, "failed for good and is not a dead letter")
			}
			if !slices.Equal(got[n], want) {
				complain(n, "got %q, want %q", got[n], want)
			}
		}
		if w.loose(k) {
			continue
		}
		for at := 1; at < len(order); at++ {
			if a, b := order[at-1], order[at]; w.stored[a] > w.stored[b] {
				complain(a, "answered before m%d, which was stored earlier", b)
				wrong = append(wrong, name(b))
			}
		}
	}
	for _, f := range w.faults {
		t.Error(f)
		if n, ok := number("re " + f); ok {
			wrong = append(wrong, name(n))
		}
	}
	if t.Failed() && len(wrong) == 0 {
		t.Logf("seed %d, the whole story:\n%s", w.plan.seed, w.story.of())
	}
	if len(wrong) > 0 {
		t.Logf("seed %d, %d instances, the story of %s:\n%s", w.plan.seed, w.plan.instances, strings.Join(wrong, ", "), w.story.of(wrong...))
	}
}

// loose reports whether a turn of a thread may have stepped aside: it held up the
// later ones for too long. A thread waits 30 s for a failing turn, its next wait
// included.
func (w *world) loose(thread int) bool {
	for n, k := range w.thread {
		if k == thread && w.failed[n] > 8*time.Second {
			return true
		}
	}
	return false
}
