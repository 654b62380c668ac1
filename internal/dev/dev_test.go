package dev_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/internal/console/play"
	"github.com/linearbot/linearbot/internal/dev"
)

// program is a Runner that a test plays.
type program struct {
	runs chan *run
}

type run struct {
	ctx   context.Context //nolint:containedctx // what the runner was given
	out   io.Writer
	ready func()
	end   chan error
}

func (p *program) String() string { return "a program" }

func (p *program) Run(ctx context.Context, out io.Writer, ready func()) error {
	r := &run{ctx, out, ready, make(chan error, 1)}
	p.runs <- r
	select {
	case err := <-r.end:
		return err
	case <-ctx.Done():
		return nil
	}
}

func world(t *testing.T, cfg dev.WorldConfig) *dev.World {
	t.Helper()
	w, err := dev.NewWorld(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// supervised runs a program of the test in a world.
func supervised(t *testing.T) (*dev.World, *program, *dev.Supervisor) {
	t.Helper()
	w := world(t, dev.WorldConfig{})
	p := &program{make(chan *run, 1)}
	s := dev.NewSupervisor(w, p, nil)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = s.Run(ctx) })
	t.Cleanup(func() { cancel(); wg.Wait() })
	return w, p, s
}

// await waits until a supervisor is in a state.
func await(t *testing.T, s *dev.Supervisor, want play.State) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for s.Status().State != want {
		once, stop := context.WithTimeout(ctx, 20*time.Millisecond)
		_ = s.Wait(once)
		stop()
		if ctx.Err() != nil {
			t.Fatalf("the state is %+v, want %s", s.Status(), want)
		}
	}
}

// The program is restarted, fails, is stopped and started; deliveries wait as long
// as it is away, but not if a person has stopped it.
func TestSupervisor(t *testing.T) {
	t.Parallel()
	w, p, s := supervised(t)

	first := <-p.runs
	if got := s.Status(); got.State != play.Building || !w.App.Webhook().Held() {
		t.Errorf("before it listens: %+v", got)
	}
	first.ready()
	await(t, s, play.Running)
	if w.App.Webhook().Held() {
		t.Error("deliveries still wait")
	}
	s.Restart()
	second := <-p.runs
	if first.ctx.Err() == nil || !w.App.Webhook().Held() {
		t.Error("the first run continues, or deliveries do not wait")
	}
	second.ready()
	await(t, s, play.Running)
	_, _ = io.WriteString(second.out, "{\"level\":\"error\",\"message\":\"no luck\",\"code\":7}\nplain\nhalf")
	lines := s.Lines(0)
	if len(lines) != 2 || lines[0].Text != "no luck code=7" || lines[0].Level != "error" || lines[1].Text != "plain" || len(s.Lines(1)) != 1 {
		t.Errorf("the lines are %+v", lines)
	}
	second.end <- errors.New("exit status 1")
	await(t, s, play.Failed)
	if got := s.Status(); !strings.Contains(got.Reason, "plain") || !strings.Contains(got.Reason, "exit status 1") || got.Starts != 2 || !w.App.Webhook().Held() {
		t.Errorf("after a failure: %+v", got)
	}
	s.Restart()
	third := <-p.runs
	third.ready()
	await(t, s, play.Running)
	s.Stop()
	await(t, s, play.Stopped)
	if w.App.Webhook().Held() || third.ctx.Err() == nil {
		t.Error("stopped by a person, deliveries wait or it runs")
	}
	s.Start()
	fourth := <-p.runs
	fourth.ready()
	await(t, s, play.Running)
}

// What the compiler says first is the reason of a program that could not be built, by a
// build of its own or by "go run"; what a program says last is that of one that ended.
func TestBrokenBuild(t *testing.T) {
	t.Parallel()
	_, p, s := supervised(t)
	report := "# example.com/bot\n./main.go:7:2: undefined: answer\n" + strings.Repeat("./main.go:9:1: and so on\n", 20)
	for name, tt := range map[string]struct {
		said   string
		err    error
		ready  bool
		want   play.State
		reason string
	}{
		"go run":         {"go: downloading example.com/x v1\n" + report, errors.New("exit status 1"), false, play.Broken, "# example.com/bot\n./main.go:7:2: undefined: answer"},
		"another":        {"tsc: no\n" + strings.Repeat("more\n", 20), &dev.BuildError{Command: "tsc", Err: errors.New("exit status 2")}, false, play.Broken, "tsc: no\nmore"},
		"a panic":        {"starting\npanic: boom\n\t/src/main.go:10 +0x1d\n", errors.New("exit status 2"), false, play.Failed, "starting\npanic: boom"},
		"what had begun": {report, errors.New("exit status 1"), true, play.Failed, "and so on"},
	} {
		r := <-p.runs
		if tt.ready {
			r.ready()
		}
		_, _ = io.WriteString(r.out, tt.said)
		r.end <- tt.err
		await(t, s, tt.want)
		if got := s.Status(); !strings.HasPrefix(got.Reason, tt.reason) && !tt.ready || !strings.HasSuffix(got.Reason, tt.err.Error()) || !s.Status().State.Down() {
			t.Errorf("%s: %+v", name, got)
		}
		s.Restart()
	}
	(<-p.runs).ready()
	await(t, s, play.Running)
}

// Files that change restart the program, unless it has been stopped; one that changes
// them itself is not restarted without end.
func TestSupervisorChanged(t *testing.T) {
	t.Parallel()
	w, p, s := supervised(t)
	next := func() {
		t.Helper()
		(<-p.runs).ready()
		await(t, s, play.Running)
	}
	next()
	s.Stop()
	await(t, s, play.Stopped)
	s.Changed()
	if got := s.Status(); got.State != play.Stopped || got.Starts != 1 {
		t.Errorf("a change starts what a person has stopped: %+v", got)
	}
	s.Start()
	next()
	for range 8 {
		s.Changed()
		next()
	}
	s.Changed()
	await(t, s, play.Failed)
	if got := s.Status(); !strings.Contains(got.Reason, "--watch") || !w.App.Webhook().Held() {
		t.Errorf("in a loop: %+v", got)
	}
	s.Restart()
	next()
}

// A command is built and run, with its children, and its output is there.
func TestCommand(t *testing.T) {
	t.Parallel()
	w := world(t, dev.WorldConfig{})
	dir := t.TempDir()
	pid := filepath.Join(dir, "pid")
	c := &dev.Command{
		Args: []string{"sh", "-c", "echo second; sleep 60 & echo $! > " + pid + "; wait"}, Build: []string{"sh", "-c", "echo building"},
		First: []string{"sh", "-c", "echo first; exit 3"}, Addr: w.Addr, Environ: os.Environ(),
	}
	var out strings.Builder
	if err := c.Run(t.Context(), &out, func() {}); err == nil || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("the first run: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := c.Run(ctx, &out, func() {}); err != nil {
			t.Errorf("told to stop: %v", err)
		}
	})
	deadline := time.Now().Add(10 * time.Second)
	for {
		if raw, err := os.ReadFile(pid); err == nil && len(raw) > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the command does not run")
		}
		<-time.After(10 * time.Millisecond)
	}
	cancel()
	wg.Wait()
	if got := out.String(); got != "first\nbuilding\nsecond\n" {
		t.Errorf("it printed %q", got)
	}
	c.Build = []string{"sh", "-c", "echo wrong; exit 1"}
	err := c.Run(t.Context(), &out, func() {})
	if _, ok := errors.AsType[*dev.BuildError](err); !ok || !strings.Contains(err.Error(), "exit status 1") {
		t.Errorf("a failed build: %v", err)
	}
}

// A change is noticed once, and what is not code is left out.
func TestWatch(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("main.go", "package main")
	ctx, cancel := context.WithCancel(t.Context())
	changed := make(chan struct{}, 10)
	var wg sync.WaitGroup
	wg.Go(func() { _ = dev.Watch(ctx, dir, func() { changed <- struct{}{} }) })
	defer wg.Wait()
	defer cancel()
	quiet := func() {
		t.Helper()
		select {
		case <-changed:
			t.Error("a change was noticed")
		case <-time.After(time.Second):
		}
	}
	for _, name := range []string{".git/index", "node_modules/x/a.js", "linearbot.data/db", "out.log", "#main.go#"} {
		put(name, "x")
	}
	quiet()
	put("sub/handler.go", "package sub")
	<-changed
	put(".env", "A=1")
	<-changed
	quiet()
}

// What is in a real workspace's environment does not get into the world, and what a
// program needs does.
func TestEnviron(t *testing.T) {
	t.Parallel()
	w := world(t, dev.WorldConfig{WebhookURL: "http://localhost:39123/hook", Handle: "my-bot"})
	env := w.Environ([]string{
		"PATH=/bin", "LINEAR_API_KEY=MARKER", "LINEAR_CLIENT_SECRET=MARKER", "LINEAR_WEBHOOK_SECRET=MARKER", "LINEAR_ACCESS_TOKEN=MARKER",
		"LINEAR_ENCRYPTION_KEY=MARKER", "LINEARBOT_STATE=MARKER", "PORT=MARKER", "LINEARBOT_TICKETING=true", "LINEAR_MODE=comments",
	}, "/state")
	all := strings.Join(env, "\n")
	if strings.Contains(all, "MARKER") {
		t.Errorf("the real environment is in\n%s", all)
	}
	for _, want := range []string{
		"PATH=/bin", "LINEARBOT_TICKETING=true", "LINEAR_MODE=comments", "PORT=39123", "LINEARBOT_ADDR=localhost:39123", "LINEARBOT_WEBHOOK_PATH=/hook",
		"LINEARBOT_COMMAND=serve", "LINEAR_API_URL=" + w.Linear.GraphQLURL(), "LINEARBOT_STATE=file:" + filepath.Join("/state", "bot"),
	} {
		if !slices.Contains(env, want) {
			t.Errorf("%s is missing in\n%s", want, all)
		}
	}
	if w.App.User.DisplayName != "my-bot" || w.App.User.Name != "My Bot" {
		t.Errorf("the bot is %s, @%s", w.App.User.Name, w.App.User.DisplayName)
	}
	for _, bad := range []string{"localhost:3000", "https://x.test/", "http://x"} {
		if _, err := dev.NewWorld(dev.WorldConfig{WebhookURL: bad}); err == nil {
			t.Errorf("%s is accepted", bad)
		}
	}
}

// A world that is kept has its conversation, its secret and its time the next time.
func TestWorldIsKept(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "world.json")
	w, err := dev.NewWorld(dev.WorldConfig{StateFile: file})
	if err != nil {
		t.Fatal(err)
	}
	secret := w.App.Webhook().Secret
	ws := w.Linear.Workspaces()[0]
	w.Hold(true)
	ws.Users()[0].Comment(ws.Issues()[0], "remember me")
	if err := w.Linear.Advance(7 * time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	again := world(t, dev.WorldConfig{StateFile: file})
	ws = again.Linear.Workspaces()[0]
	if got := ws.Issues()[0].Comments(); len(got) != 1 || got[0].Body() != "remember me" || again.App.Webhook().Secret != secret {
		t.Errorf("the comments are %v, the secret is another one: %v", got, again.App.Webhook().Secret != secret)
	}
	if again.Clock() != "LINEARBOT_CLOCK=7h0m0s" {
		t.Errorf("the bot starts with %s, want the seven hours that were skipped", again.Clock())
	}
}

// The playground's page and its actions, without a browser.
func TestPlaygroundActions(t *testing.T) {
	t.Parallel()
	w := world(t, dev.WorldConfig{})
	s := dev.NewSupervisor(w, &program{make(chan *run, 1)}, nil)
	page, err := play.New(play.Config{World: w.Linear, App: w.App, Bot: s})
	if err != nil {
		t.Fatal(err)
	}
	call := func(path, body string) (int, string) {
		t.Helper()
		rec := &recorder{head: http.Header{}}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		page.ServeHTTP(rec, req)
		return rec.status, rec.body.String()
	}
	w.Hold(true)
	for _, tt := range []struct {
		path, body string
		status     int
	}{
		{"/act/comment", `{"issue":"ENG-1","text":"@helper-bot <script>alert(1)</script>"}`, 200},
		{"/act/comment", `{"issue":"ENG-1","text":"  "}`, 400},
		{"/act/comment", `{"issue":"ENG-99","text":"x"}`, 404},
		{"/act/comment", `{`, 400},
		{"/act/reply", `{"comment":"none","text":"x"}`, 404},
		{"/act/dance", `{}`, 404},
		{"/act/stop", `{"session":"none"}`, 404},
		{"/act/issue", `{"title":""}`, 400},
		{"/act/issue", `{"title":"New"}`, 200},
		{"/act/update", `{"issue":"ENG-1","assignee":"unknown-user"}`, 404},
		{"/act/update", `{"issue":"ENG-1","assignee":"bob","delegate":"helper-bot","state":"Done"}`, 200},
		{"/act/update", `{"issue":"ENG-1","state":"Todo"}`, 200},
		{"/act/update", `{"issue":"ENG-1","delegate":""}`, 200},
		{"/world/skip", `{"advance":"1h"}`, 200},
		{"/world/skip", `{"advance":"-1h"}`, 400},
		{"/world/skip", `{"advance":"9000h"}`, 400},
		{"/world/down", `{}`, 200},
		{"/world/twice", `{}`, 200},
		{"/world/flood", `{}`, 404},
		{"/wire/d-none/replay", `{}`, 502},
		{"/wire/r-1/replay", `{}`, 404},
		{"/wire/d-none/eat", `{}`, 404},
		{"/wire/d-none/delay", `{"seconds":-1}`, 400},
	} {
		if status, body := call(tt.path, tt.body); status != tt.status {
			t.Errorf("%s %s: %d %s, want %d", tt.path, tt.body, status, body, tt.status)
		}
	}
	rec := &recorder{head: http.Header{}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1/issue/ENG-1", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	page.ServeHTTP(rec, req)
	got := rec.body.String()
	for _, want := range []string{"&lt;script&gt;alert(1)", ">@helper-bot</a>", "Linear is down", "Linear is 1 h ahead", "ENG-4"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing on the page", want)
		}
	}
	if strings.Contains(got, "<script>alert") {
		t.Error("a comment is HTML on the page")
	}
	if i := w.Linear.Workspaces()[0].Issue("ENG-1"); i.Assignee() == nil || i.Assignee().DisplayName != "bob" || i.Delegate() != nil {
		t.Errorf("the issue is assigned to %v and delegated to %v", i.Assignee(), i.Delegate())
	}
	faults := w.Linear.Faults()
	if len(faults) != 1 || faults[0].Status != 503 || w.Linear.Disturbed() != (linearsim.Disturbance{Duplicates: 3}) {
		t.Errorf("the bad days are %+v, %+v", faults, w.Linear.Disturbed())
	}
}

type recorder struct {
	head   http.Header
	status int
	body   strings.Builder
}

func (r *recorder) Header() http.Header { return r.head }
func (r *recorder) WriteHeader(s int)   { r.status = s }
func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = 200
	}
	return r.body.Write(b)
}

// The decisions of a bot come from the socket of its admin API; without one there
// are none.
func TestTraces(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	traces := dev.NewAdmin(dir)
	d := linearsim.Delivery{Header: http.Header{"Linear-Delivery": {"d-1"}}}
	if got := traces.Decisions(t.Context(), d); got != nil {
		t.Errorf("without a bot: %v", got)
	}
	if err := os.Mkdir(filepath.Join(dir, "bot"), 0o750); err != nil {
		t.Fatal(err)
	}
	ln, err := new(net.ListenConfig).Listen(t.Context(), "unix", filepath.Join(dir, "bot", "admin.sock"))
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/admin/v1/explain" || r.FormValue("q") != "d-1" {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, `{"traces":[{"status":"ignored","story":{"what":"No handler wants it.","do":"Register a handler.","lines":[{"code":"stored","text":"Stored."}]}}]}`)
	})}
	var wg sync.WaitGroup
	wg.Go(func() { _ = srv.Serve(ln) })
	defer wg.Wait()
	defer srv.Close()
	want := []play.Step{
		{Name: "stored", Text: "Stored."}, {Name: "ignored", Text: "No handler wants it.", Sum: true}, {Name: "to do", Text: "Register a handler.", Sum: true},
	}
	if got := traces.Decisions(t.Context(), d); !slices.Equal(got, want) {
		t.Errorf("the decisions are %+v, want %+v", got, want)
	}
	if got := traces.Decisions(t.Context(), linearsim.Delivery{Header: http.Header{"Linear-Delivery": {"d-2"}}}); got != nil {
		t.Errorf("of another delivery: %v", got)
	}
}
