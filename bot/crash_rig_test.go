package bot_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter/linear"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/internal/redistest"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/stateurl"
)

// patience bounds every wait of the crash tests.
const patience = 30 * time.Second

// crashRig is a Linear, a store and the processes of a bot between them. The
// processes stop at points that the test chooses, so that it can end them
// there.
type crashRig struct {
	t       *testing.T
	job     string
	state   string
	linear  *linearsim.Server
	ws      *linearsim.Workspace
	ada     *linearsim.User
	issue   *linearsim.Issue
	app     *linearsim.Installation
	witness *httptest.Server
	client  *http.Client

	mu      sync.Mutex
	talks   []*talk
	serving string            // the process that gets the webhooks
	addrs   map[string]string // by the name of the process
}

// talk is a thread of comments.
type talk struct {
	name string
	root *linearsim.Comment
	// at is where the process that works on the thread is to be held, and with
	// is in what it says there. held says that it is.
	at, with string
	held     bool
	passed   map[string]int
	since    map[string]time.Time // of the first pass of each point
}

// newCrashRig makes a rig without processes. state is "redis" or "file".
func newCrashRig(t *testing.T, job, store string) *crashRig {
	t.Helper()
	r := &crashRig{t: t, job: job, addrs: map[string]string{}}
	switch store {
	case "redis":
		r.state = redistest.Run(t, redistest.Options{AOF: true}).URL()
	case "file":
		r.state = "file:" + t.TempDir()
	}
	transport := &http.Transport{}
	r.client = &http.Client{Transport: transport}
	t.Cleanup(transport.CloseIdleConnections)
	srv, err := linearsim.Start(linearsim.Config{RetryAfter: slices.Repeat([]time.Duration{50 * time.Millisecond}, 1000)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Close)
	r.witness = httptest.NewServer(http.HandlerFunc(r.pass))
	t.Cleanup(r.witness.Close)
	front := httptest.NewServer(&httputil.ReverseProxy{Rewrite: r.route, Transport: transport, ErrorHandler: unavailable})
	t.Cleanup(front.Close)

	r.linear = srv
	ws := srv.AddWorkspace("Acme", "acme")
	r.ws = ws
	types := []string{"Comment", "Reaction"}
	if strings.HasPrefix(job, "session") {
		types = []string{"AgentSessionEvent"}
	}
	r.ada = ws.AddUser("Ada Byron", "ada")
	r.issue = ws.AddTeam("ENG", "Engineering").AddIssue(r.ada, "Checkout fails", "")
	r.app = ws.InstallApp(linearsim.App{
		Name: "Helper Bot", DisplayName: "helper-bot", ClientCredentials: true,
		Webhook: &linearsim.Webhook{
			URL: front.URL + "/api/webhooks/linear", Secret: crashSecret, ResourceTypes: types,
		},
	})
	return r
}

// route sends webhooks to the process that serves, if there is one.
func (r *crashRig) route(p *httputil.ProxyRequest) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p.SetURL(&url.URL{Scheme: "http", Host: r.addrs[r.serving]})
}

// unavailable is what Linear gets while no process runs.
func unavailable(w http.ResponseWriter, _ *http.Request, _ error) {
	w.WriteHeader(http.StatusBadGateway)
}

// pass lets a process pass a point, or holds it there until it is gone.
func (r *crashRig) pass(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	point, about := req.URL.Path[1:], string(body)
	n, hold := r.passes(point, about)
	if hold {
		<-req.Context().Done()
		return
	}
	fmt.Fprint(w, n)
}

func (r *crashRig) passes(point, about string) (n int, hold bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if point == "listening" {
		name, addr, _ := strings.Cut(about, " ")
		r.addrs[name], r.serving = addr, name
		return 1, false
	}
	for _, k := range r.talks {
		if !strings.Contains(about, k.root.ID) && !r.isSessionOf(k, about) {
			continue
		}
		if k.passed[point]++; k.passed[point] == 1 {
			k.since[point] = time.Now()
		}
		hold = point == k.at && strings.Contains(about, k.with)
		if hold {
			k.at, k.held = "", true
		}
		return k.passed[point], hold
	}
	return 1, false
}

// session returns the session that a talk began, or nil.
func (r *crashRig) session(k *talk) *linearsim.Session {
	for _, x := range r.ws.Sessions() {
		if x.Root == k.root {
			return x
		}
	}
	return nil
}

// isSessionOf reports whether a text names the session of a talk.
func (r *crashRig) isSessionOf(k *talk, about string) bool {
	x := r.session(k)
	return x != nil && strings.Contains(about, x.ID)
}

// start starts a process and waits until it serves.
func (r *crashRig) start(name string, lease time.Duration) *exec.Cmd {
	r.t.Helper()
	var log bytes.Buffer
	cmd := exec.CommandContext(r.t.Context(), os.Args[0])
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.Env = []string{
		childEnv + "=" + name,
		childJob + "=" + r.job,
		childWitness + "=" + r.witness.URL,
		childState + "=" + r.state,
		childLease + "=" + lease.String(),
		"LINEAR_CLIENT_ID=" + r.app.ClientID,
		"LINEAR_CLIENT_SECRET=" + r.app.ClientSecret,
		"LINEAR_API_URL=" + r.linear.GraphQLURL(),
		"GORACE=atexit_sleep_ms=0",
	}
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may be gone already
		_ = cmd.Wait()
		if r.t.Failed() {
			r.t.Logf("process %s: %v\n%s", name, cmd.ProcessState, log.String())
		}
	})
	r.until(name+" serves", func() bool { return r.addrs[name] != "" })
	return cmd
}

// end ends a process with a signal and returns its exit code.
func (r *crashRig) end(cmd *exec.Cmd, sig syscall.Signal) int {
	r.t.Helper()
	if err := cmd.Process.Signal(sig); err != nil {
		r.t.Fatal(err)
	}
	_ = cmd.Wait() // the code says it
	return cmd.ProcessState.ExitCode()
}

// replace ends a process, and returns the one that continues. With Redis that is up
// already; a directory is for one process at a time.
func (r *crashRig) replace(a *exec.Cmd, store string, sig syscall.Signal) (b *exec.Cmd) {
	r.t.Helper()
	if store == "redis" {
		b = r.start("b", 0)
	}
	if code := r.end(a, sig); sig == syscall.SIGTERM && code != 0 {
		r.t.Errorf("exit code %d after SIGTERM, want 0", code)
	}
	if store == "file" {
		b = r.start("b", 0)
	}
	return b
}

// say has Ada begin a thread. The process that works on it is held at a point;
// see talk.
func (r *crashRig) say(name, text, at, with string) *talk {
	r.mu.Lock() // until it is known, no one passes
	defer r.mu.Unlock()
	k := &talk{name: name, root: r.ada.Comment(r.issue, "@helper-bot "+text), at: at, with: with, passed: map[string]int{}, since: map[string]time.Time{}}
	r.talks = append(r.talks, k)
	return k
}

// allHeld reports whether there is a process at the point of every talk. It is
// called by until.
func (r *crashRig) allHeld() bool {
	return !slices.ContainsFunc(r.talks, func(k *talk) bool { return !k.held })
}

// replies are the texts that the bot wrote in a thread, in order.
func (r *crashRig) replies(k *talk) []string {
	var out []string
	for _, c := range k.root.Replies() {
		if c.Author.ID == r.app.User.ID {
			out = append(out, c.Body())
		}
	}
	return out
}

// until waits for a condition, which is called with the lock.
func (r *crashRig) until(what string, cond func() bool) {
	r.t.Helper()
	if !r.reaches(cond) {
		r.t.Fatalf("not after %s: %s", patience, what)
	}
}

// reaches is until, and reports whether the condition came to hold.
func (r *crashRig) reaches(cond func() bool) bool {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for {
		r.mu.Lock()
		ok := cond()
		r.mu.Unlock()
		if ok {
			return true
		}
		select {
		case <-tick.C:
		case <-deadline:
			return false
		}
	}
}

// flush waits until the processes have taken all webhooks.
func (r *crashRig) flush() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	if err := r.linear.Flush(ctx); err != nil {
		r.t.Fatal(err)
	}
}

// finish waits until every thread has the replies that want says, ends the last
// process and lets a bot of this process do what is left. Then no thread may
// have more, and the store must hold no work. want is called with the lock.
func (r *crashRig) finish(last *exec.Cmd, want func(*talk) []string) {
	r.t.Helper()
	r.reaches(func() bool { // what is missing is told below
		return !slices.ContainsFunc(r.talks, func(k *talk) bool { return len(r.replies(k)) < len(want(k)) })
	})
	r.flush()
	if code := r.end(last, syscall.SIGTERM); code != 0 {
		r.t.Errorf("exit code %d after SIGTERM, want 0", code)
	}
	if diff := cmp.Diff(state.Stats{}, r.workOff()); diff != "" {
		r.t.Errorf("the store (-want +got):\n%s", diff)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, k := range r.talks {
		if diff := cmp.Diff(want(k), r.replies(k)); diff != "" {
			r.t.Errorf("%s: the thread (-want +got):\n%s", k.name, diff)
		}
	}
}

// workOff runs a bot until nothing is to be done at once, and returns what the
// store then holds. What is to happen when the time of a question is over does
// not count.
func (r *crashRig) workOff() (left state.Stats) {
	r.t.Helper()
	store, err := stateurl.Open(r.state)
	if err != nil {
		r.t.Fatal(err)
	}
	defer store.Close()
	lin := linear.Config{ClientID: r.app.ClientID, ClientSecret: r.app.ClientSecret, APIURL: r.linear.GraphQLURL(), HTTPClient: r.client}
	b, err := newCrashBot(lin, r.job, &witness{r.witness.URL, r.client}, bot.Config{Store: store})
	if err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(r.t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = b.Run(ctx) })
	defer running.Wait()
	defer cancel()
	r.until("the store is empty", func() bool {
		left, err = store.Stats(ctx)
		// The first sessions of a workspace wait for comments that may tell of the same.
		yields := strings.HasPrefix(r.job, "session") && left.Delayed > 0
		return err == nil && left.Entries+left.Leased == 0 && !yields
	})
	for d, err := range store.Delayed(ctx) {
		if err != nil {
			r.t.Fatal(err)
		}
		if strings.HasSuffix(d.ID, "timeout") {
			left.Delayed--
		}
	}
	return left
}
