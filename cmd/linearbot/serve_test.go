package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/internal/cli"
	"github.com/linearbot/linearbot/webhook"
)

const webhookSecret = "MARKER-webhook-secret"

// stage is a simulated Linear with a bot installed, for a process to connect to.
type stage struct {
	linear *linearsim.Server
	ada    *linearsim.User
	issue  *linearsim.Issue
	app    *linearsim.Installation
	dir    string
}

func newStage(t *testing.T) *stage {
	t.Helper()
	// As Linear's retries last for hours, these last longer than all restarts of a test.
	retries := slices.Concat([]time.Duration{100 * time.Millisecond, 300 * time.Millisecond}, slices.Repeat([]time.Duration{time.Second}, 30))
	return newStageOn(t, linearsim.Config{RetryAfter: retries})
}

func newStageOn(t *testing.T, cfg linearsim.Config) *stage {
	t.Helper()
	srv, err := linearsim.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Close)
	ws := srv.AddWorkspace("Acme", "acme")
	s := &stage{linear: srv, ada: ws.AddUser("Ada Byron", "ada"), dir: filepath.Join(t.TempDir(), "data")}
	s.issue = ws.AddTeam("ENG", "Engineering").AddIssue(s.ada, "Checkout fails", "")
	s.app = ws.InstallApp(linearsim.App{Name: "Helper Bot", DisplayName: "helper-bot", ClientCredentials: true})
	return s
}

// process is a running "linearbot serve".
type process struct {
	cmd *exec.Cmd
	url string

	mu  sync.Mutex
	log bytes.Buffer
	wg  sync.WaitGroup
}

func (p *process) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// environ returns the environment of a command that serves the bot of the stage.
func (s *stage) environ(addr string, env ...string) []string {
	return append([]string{
		asCommand + "=1",
		"PATH=" + os.Getenv("PATH"),
		"LINEAR_CLIENT_ID=" + s.app.ClientID,
		"LINEAR_CLIENT_SECRET=" + s.app.ClientSecret,
		"LINEAR_WEBHOOK_SECRET=retired, " + webhookSecret,
		"LINEAR_API_URL=" + s.linear.GraphQLURL(),
		"LINEARBOT_ADDR=" + addr,
		"LINEARBOT_STATE=file:" + s.dir,
		"LINEARBOT_LOG_LEVEL=trace",
	}, env...)
}

// serve starts the command and waits until it listens.
func (s *stage) serve(t *testing.T, addr string, env ...string) *process {
	t.Helper()
	p := &process{cmd: exec.CommandContext(t.Context(), os.Args[0], "serve")}
	p.cmd.Env = s.environ(addr, env...)
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // it may have ended already
		p.wg.Wait()
		_ = p.cmd.Wait()
		if t.Failed() {
			t.Logf("the process said:\n%s", p.output())
		}
	})
	listening := make(chan string, 1)
	for _, r := range []io.Reader{stdout, stderr} {
		p.wg.Go(func() {
			lines := bufio.NewScanner(r)
			lines.Buffer(nil, 1<<20)
			for lines.Scan() {
				if rest, ok := strings.CutPrefix(lines.Text(), "linearbot is listening on "); ok {
					listening <- strings.TrimSuffix(rest[:strings.Index(rest, ",")], ",")
				}
				p.mu.Lock()
				p.log.WriteString(lines.Text() + "\n")
				p.mu.Unlock()
			}
		})
	}
	select {
	case a := <-listening:
		p.url = "http://" + a + "/api/webhooks/linear"
	case <-time.After(30 * time.Second):
		t.Fatalf("it does not listen:\n%s", p.output())
	}
	return p
}

// stop ends the process with a signal and returns its exit code.
func (p *process) stop(t *testing.T, sig os.Signal) int {
	t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
	p.wg.Wait()
	_ = p.cmd.Wait() // the exit code is enough
	return p.cmd.ProcessState.ExitCode()
}

func (s *stage) replies(root *linearsim.Comment) []string {
	var out []string
	for _, c := range root.Replies() {
		if c.Author.ID == s.app.User.ID {
			out = append(out, c.Body())
		}
	}
	return out
}

func (s *stage) wait(t *testing.T, what string, cond func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := s.linear.Wait(ctx, cond); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

func TestServeAnswersAndRefuses(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	p := s.serve(t, "127.0.0.1:0")
	s.app.SetWebhook(linearsim.Webhook{URL: p.url, Secret: webhookSecret})

	root := s.ada.Comment(s.issue, "@helper-bot are you there?")
	s.wait(t, "the answer to a mention", func() bool { return len(s.replies(root)) == 1 })
	s.ada.Reply(root, "Thanks. And now?")
	s.wait(t, "the answer in the subscribed thread", func() bool { return len(s.replies(root)) == 2 })
	if err := s.linear.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	handled := s.linear.Count("commentCreate")

	// Requests from a stranger, a broken proxy or a replay.
	comment := func(at time.Time) string {
		return fmt.Sprintf(`{"action":"create","type":"Comment","organizationId":"o","webhookTimestamp":%d,"data":{"id":"x","issueId":"y","body":"@helper-bot"}}`, at.UnixMilli())
	}
	fresh, stale := comment(time.Now()), comment(time.Now().Add(-9*time.Hour))
	for _, c := range []struct {
		name, method, body, secret string
		want                       int
	}{
		{"wrong secret", http.MethodPost, fresh, "guess", 401},
		{"stale", http.MethodPost, stale, webhookSecret, 401},
		{"GET", http.MethodGet, "", webhookSecret, 405},
		{"6 MiB", http.MethodPost, strings.Repeat("x", 6<<20), webhookSecret, 413},
		{"broken JSON", http.MethodPost, fresh[:40], webhookSecret, 400},
		{"another type", http.MethodPost, fmt.Sprintf(`{"type":"News","webhookTimestamp":%d}`, time.Now().UnixMilli()), "retired", 200},
	} {
		req, err := http.NewRequestWithContext(t.Context(), c.method, p.url, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Linear-Signature", webhook.Sign(c.secret, []byte(c.body)))
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		res.Body.Close()
		if res.StatusCode != c.want {
			t.Errorf("%s: status %d, want %d", c.name, res.StatusCode, c.want)
		}
	}
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/nothing": 404} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, strings.TrimSuffix(p.url, "/api/webhooks/linear")+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("GET %s: status %d, want %d", path, res.StatusCode, want)
		}
	}
	if code := p.stop(t, syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0", code)
	}
	if n := s.linear.Count("commentCreate"); n != handled {
		t.Errorf("%d comments were written for what was refused", n-handled)
	}
	for _, secret := range []string{webhookSecret, s.app.ClientSecret, s.app.Token()} {
		if strings.Contains(p.output(), secret) {
			t.Errorf("the log holds a secret:\n%s", p.output())
		}
	}
}

// TestServeSurvivesKill kills the process repeatedly, each time in the middle of
// its work, and checks the thread at the end.
func TestServeSurvivesKill(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	var roots []*linearsim.Comment
	p := s.serve(t, "127.0.0.1:0", "LINEARBOT_LEASE_TTL=500ms")
	addr := strings.TrimSuffix(strings.TrimPrefix(p.url, "http://"), "/api/webhooks/linear")
	s.app.SetWebhook(linearsim.Webhook{URL: p.url, Secret: webhookSecret})
	for round := range 4 {
		// The reply is written but its response is lost, and the process dies during
		// the retry.
		s.linear.Fault(linearsim.Fault{Operation: "commentCreate", Times: 1, ResetAfter: true})
		for n := range 3 {
			roots = append(roots, s.ada.Comment(s.issue, fmt.Sprintf("@helper-bot round %d, message %d", round, n)))
		}
		before := len(s.replies(roots[len(roots)-1]))
		s.wait(t, "some work", func() bool {
			return s.linear.Count("commentCreate") > 3*round || len(s.replies(roots[len(roots)-1])) > before
		})
		if code := p.stop(t, syscall.SIGKILL); code != -1 {
			t.Errorf("exit code %d after SIGKILL", code)
		}
		p = s.serve(t, addr, "LINEARBOT_LEASE_TTL=500ms")
	}
	for _, root := range roots {
		s.wait(t, "the answer to "+root.Body(), func() bool { return len(s.replies(root)) >= 1 })
	}
	if err := s.linear.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if code := p.stop(t, syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0", code)
	}
	for _, root := range roots {
		if n := len(s.replies(root)); n != 1 {
			t.Errorf("%q has %d answers, want 1", root.Body(), n)
		}
	}
}

func TestServeSaysThatItsDirectoryIsTaken(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	first := s.serve(t, "127.0.0.1:0")
	second := exec.CommandContext(t.Context(), os.Args[0], "serve")
	second.Env = append(first.cmd.Env, "LINEARBOT_ADDR=127.0.0.1:0")
	out, err := second.CombinedOutput()
	if err == nil || second.ProcessState.ExitCode() != cli.ExitFailed {
		t.Errorf("exit code %d, want %d", second.ProcessState.ExitCode(), cli.ExitFailed)
	}
	if !strings.Contains(string(out), fmt.Sprint(first.cmd.Process.Pid)) {
		t.Errorf("%q does not name the process %d", out, first.cmd.Process.Pid)
	}
}
