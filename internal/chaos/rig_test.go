package chaos

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/internal/faultproxy"
	"github.com/linearbot/linearbot/internal/pause"
)

// rig is one scenario in progress.
type rig struct {
	t         *testing.T
	bin       string
	seed      uint64
	storm     time.Duration
	scenario  scenario
	logs      string // directory
	store     store
	linear    *linearsim.Server
	api       *faultproxy.Proxy // between the bots and Linear
	driver    *driver
	instances []*instance
	plan      map[string][]event

	ended time.Time // when the faults ended

	mu     sync.Mutex // guards the fields below during the storm
	result Result
	kills  []time.Time
	struck []string
}

// clock is the format of times.
const clock = "15:04:05.000"

func newRig(t *testing.T, sc scenario, bin string, run *Report) *rig {
	t.Helper()
	r := &rig{
		t: t, bin: bin, seed: run.Seed, storm: time.Duration(run.Seconds) * time.Second,
		scenario: sc, logs: t.ArtifactDir(),
		result: Result{Name: sc.name, Instances: sc.instances, Faults: map[string]int{}},
	}
	srv, err := linearsim.Start(linearsim.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Close)
	ws := srv.AddWorkspace("Acme", "acme")
	ada := ws.AddUser("Ada Byron", "ada")
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: transport}
	r.linear, r.api = srv, faultproxy.Run(t, strings.TrimPrefix(srv.URL(), "http://"))
	r.api.Set(distance())
	r.driver = &driver{
		linear: srv, ws: ws, ada: ada, client: client,
		issue:  ws.AddTeam("ENG", "Engineering").AddIssue(ada, "Checkout fails", ""),
		app:    ws.InstallApp(linearsim.App{Name: "Helper Bot", DisplayName: "helper-bot", ClientCredentials: true}),
		places: make(chan struct{}, 32),
	}
	r.driver.prepare(run.Seed, run.Messages, r.storm)
	r.result.Threads = len(r.driver.threads)

	r.store = sc.store(t, sc.instances)
	for i := range sc.instances {
		r.add(i, client)
	}
	r.plan = map[string][]event{
		"process": schedule(random(run.Seed, sc.name+" process"), r.storm, sc.processGap, processKinds(sc.instances)),
		"store":   schedule(random(run.Seed, sc.name+" store"), r.storm, sc.storeGap, r.store.kinds()),
		"api":     schedule(random(run.Seed, sc.name+" api"), r.storm, 700*time.Millisecond, apiKinds()),
	}
	return r
}

// add makes instance i.
func (r *rig) add(i int, client *http.Client) {
	addr, err := address()
	if err != nil {
		r.t.Fatal(err)
	}
	name := "instance-" + strconv.Itoa(i)
	in := &instance{
		name: name, bin: r.bin, addr: addr, client: client, failed: r.problem,
		log: filepath.Join(r.logs, name+".log"),
		env: []string{
			"PATH=" + os.Getenv("PATH"),
			"GOTRACEBACK=all",
			"LINEAR_CLIENT_ID=" + r.driver.app.ClientID,
			"LINEAR_CLIENT_SECRET=" + r.driver.app.ClientSecret,
			"LINEAR_WEBHOOK_SECRET=" + secret,
			"LINEAR_API_URL=" + strings.Replace(r.linear.GraphQLURL(), r.linear.URL(), "http://"+r.api.Addr(), 1),
			"LINEARBOT_ADDR=" + addr,
			"LINEARBOT_STATE=" + r.store.address(i),
			"LINEARBOT_LEASE_TTL=" + leaseTTL.String(),
			"LINEARBOT_DRAIN_TIMEOUT=2s",
			"LINEARBOT_LOG_LEVEL=debug",
		},
	}
	r.t.Cleanup(in.close)
	if err := in.start(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	r.instances = append(r.instances, in)
	r.driver.addrs = append(r.driver.addrs, addr)
}

// problem records a broken promise.
func (r *rig) problem(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	r.t.Errorf("%s %s", time.Now().Format(clock), text)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result.Problems = append(r.result.Problems, text)
}

// play runs the storm and waits until everything is idle.
func (r *rig) play() {
	limit, cancel := context.WithTimeout(r.t.Context(), r.storm+2*time.Minute)
	defer cancel()
	start := time.Now()
	var faults, delivering sync.WaitGroup
	delivering.Go(func() { r.driver.run(limit, start, r.storm) })
	for lane, strike := range map[string]func(context.Context, event) error{
		"process": r.strikeProcess, "store": r.store.strike, "api": r.strikeAPI,
	} {
		faults.Go(func() {
			for _, e := range r.plan[lane] {
				if time.Since(start) > r.storm || pause.For(limit, time.Until(start.Add(e.At))) != nil {
					return // the faults before took longer than planned
				}
				if !r.strike(limit, e, strike) {
					return
				}
			}
		})
	}
	faults.Wait()
	r.linear.ClearFaults()
	r.ended = time.Now()
	delivering.Wait()
	r.rest()
	if !r.t.Failed() {
		r.result.Rest = r.lastReply()
		r.afterwards()
	}
}

// strike causes one fault and records it.
func (r *rig) strike(ctx context.Context, e event, how func(context.Context, event) error) bool {
	at := time.Now()
	err := how(ctx, e)
	r.mu.Lock()
	r.result.Faults[e.Kind]++
	r.struck = append(r.struck, fmt.Sprintf("%s took %7.3f s: %v", at.Format(clock), time.Since(at).Seconds(), e))
	r.mu.Unlock()
	if err != nil {
		r.problem("the fault %v did not work: %v", e, err)
	}
	return err == nil
}

// rest waits for all answers, as long as there is progress.
func (r *rig) rest() {
	const without = 90 * time.Second
	last, since := -1, time.Now()
	open := slices.Clone(r.driver.threads)
	for {
		missing := 0
		open = slices.DeleteFunc(open, func(th *thread) bool {
			v := judge(th.n, len(th.messages)-1, r.driver.texts(th))
			missing += v.Missing
			return v.Missing == 0
		})
		if missing != last {
			last, since = missing, time.Now()
		}
		switch {
		case missing == 0:
			return
		case time.Since(since) > without:
			r.problem("%d replies are missing and none came for %v", missing, without)
			return
		case pause.For(r.t.Context(), 50*time.Millisecond) != nil:
			return
		}
	}
}

// lastReply is the time from the end of the faults to the last reply, in
// milliseconds.
func (r *rig) lastReply() float64 {
	var last time.Duration
	for _, th := range r.driver.threads {
		for _, c := range r.driver.replies(th) {
			last = max(last, c.CreatedAt.Sub(r.ended))
		}
	}
	return ms(last)
}

// afterwards causes one more fault while the bots are idle, repeats handled
// deliveries, and continues some threads.
func (r *rig) afterwards() {
	ctx, cancel := context.WithTimeout(r.t.Context(), time.Minute)
	defer cancel()
	if err := r.strikeProcess(ctx, event{Kind: "kill"}); err != nil {
		r.problem("restart: %v", err)
	}
	if err := r.store.finale(ctx); err != nil {
		r.problem("the last blow did not work: %v", err)
	}
	rng := random(r.seed, "afterwards")
	order := rng.Perm(len(r.driver.threads))
	for _, n := range order[:min(100, len(order))] {
		th := r.driver.threads[n]
		m := th.messages[rng.IntN(len(th.messages))]
		to := rng.IntN(len(r.driver.addrs))
		r.driver.tasks.Go(func() { r.driver.repeat(ctx, to, m) })
	}
	r.driver.tasks.Wait()
	for _, n := range order[:min(10, len(order))] {
		th := r.driver.threads[n]
		th.messages = append(th.messages, &message{})
		r.driver.counts.Deliveries++
		r.driver.tasks.Go(func() { r.driver.first(ctx, th, len(th.messages)-1, time.Now(), 0) })
	}
	r.driver.tasks.Wait()
	r.rest()
	// An instance that was killed between its reply and the settling of its
	// lane leaves a lease. It has to expire, and another instance has to settle the
	// lane, before the store counts as empty.
	_ = pause.For(ctx, 2*leaseTTL+time.Second)
}
