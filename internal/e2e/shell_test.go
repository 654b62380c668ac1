package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// manual runs what the documents tell people to type, in a directory of its own,
// beside a simulated Linear.
type manual struct {
	t    *testing.T
	dir  string
	env  []string
	swap *strings.Replacer
}

// block returns the code of the documents in which a line begins with first.
func (m *manual) block(file, first string) string {
	m.t.Helper()
	raw, err := os.ReadFile(filepath.Join("../..", file))
	if err != nil {
		m.t.Fatal(err)
	}
	for i, part := range strings.Split(string(raw), "```") {
		_, code, _ := strings.Cut(part, "\n")
		if i%2 == 1 && (strings.HasPrefix(strings.TrimSpace(code), first) || strings.Contains(code, "\n"+first)) {
			return code
		}
	}
	m.t.Fatalf("%s has no code with %q", file, first)
	return ""
}

// shell runs code and returns what it prints. The code of a document has the
// addresses of the document in it, which are replaced.
func (m *manual) shell(code string) string {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(m.t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", m.swap.Replace(code))
	cmd.WaitDelay = time.Second
	cmd.Dir, cmd.Env = m.dir, m.env
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		m.t.Fatalf("%s\n%v\n%s%s", code, err, out, errs.String())
	}
	return string(out)
}

// start runs a program until the returned function stops it as SIGTERM does.
func (m *manual) start(name string, args ...string) (lines *bufio.Scanner, stop func()) {
	m.t.Helper()
	ctx, cancel := context.WithCancel(m.t.Context())
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = m.dir, m.env
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = time.Minute
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		m.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		_ = cmd.Wait()
		if code := cmd.ProcessState.ExitCode(); code != 0 {
			m.t.Errorf("%s exits with %d:\n%s", name, code, errs.String())
		}
	}
	m.t.Cleanup(stop)
	return bufio.NewScanner(out), stop
}

// address returns one that is free.
func address(t *testing.T) string {
	t.Helper()
	var lc net.ListenConfig
	ln, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// newManual builds the binary and starts a simulated Linear that sends its webhooks
// to server.
func newManual(t *testing.T, server, metrics string) *manual {
	t.Helper()
	dir := t.TempDir()
	bin := filepath.Join(dir, "bin")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(bin, "linearbot"), "./cmd/linearbot")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	m := &manual{t: t, dir: dir, env: []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "HOME=" + dir}}
	m.swap = strings.NewReplacer("go run ./cmd/linearbot", "linearbot", "localhost:3000", server, "127.0.0.1:9090", metrics)
	lines, _ := m.start(filepath.Join(bin, "linearbot"), "sim", "--addr", address(t), "--webhook", "http://"+server+"/api/webhooks/linear")
	for lines.Scan() {
		if line := lines.Text(); strings.HasPrefix(line, "LINEAR_") {
			m.env = append(m.env, line)
		}
		if strings.Contains(lines.Text(), "# Look: ") {
			break
		}
	}
	m.env = append(m.env, "LINEARBOT_ADDR="+server, "LINEARBOT_METRICS_ADDR="+metrics, "LINEARBOT_TICKETING=true")
	return m
}

// TestManual types what the documents say, from a token of the ticketing API to a
// backup, and looks at what comes.
func TestManual(t *testing.T) {
	t.Parallel()
	server, metrics := address(t), address(t)
	m := newManual(t, server, metrics)

	tickets := m.block("README.md", "go run ./cmd/linearbot tokens create")
	create, _, _ := strings.Cut(tickets, "\n")
	token := strings.TrimSpace(m.shell(create))
	if !strings.HasPrefix(token, "lbt_") {
		t.Fatalf("the token is %q", token)
	}
	_, stop := m.start(filepath.Join(m.dir, "bin", "linearbot"), "serve")
	m.ready("http://" + server + "/readyz")

	if out := m.shell(m.block("README.md", "body='{")); !strings.Contains(out, "200 OK") {
		t.Errorf("a signed delivery is answered\n%s", out)
	}
	m.env = append(m.env, "LINEAR_WEBHOOK_SECRET=another")
	if out := m.shell(m.block("README.md", "body='{")); !strings.Contains(out, "401") || !strings.Contains(out, "invalid signature") {
		t.Errorf("with another secret it is answered\n%s", out)
	}
	m.env = m.env[:len(m.env)-1]

	out := m.shell(strings.Replace(m.block("README.md", "api=http"), "lbt_…", token, 1))
	if !strings.Contains(out, `"Checkout fails"`) {
		t.Errorf("the ticketing API answers\n%s", out)
	}
	use := m.block("docs/ticketing.md", "curl -H")
	use = "token=" + token + "\n" + use[strings.Index(use, "curl "):]
	if out := m.shell(use); !strings.Contains(out, `"Checkout fails"`) {
		t.Errorf("the ticketing API answers\n%s", out)
	}
	if out := m.shell(m.block("docs/operations.md", "curl http://127.0.0.1:9090/metrics")); !strings.Contains(out, "linearbot_build_info{") {
		t.Errorf("the metrics are\n%s", out)
	}
	if out := m.shell(m.block("docs/workspaces.md", "curl -s 'http://localhost:3000/readyz?verbose'")); !json.Valid([]byte(out)) || !strings.Contains(out, "webhook_secrets") {
		t.Errorf("/readyz?verbose answers\n%s", out)
	}
	profile, _, _ := strings.Cut(m.block("docs/operations.md", "curl --unix-socket"), "\n") // pprof itself is Go's
	m.shell(profile)
	if heap, err := os.ReadFile(filepath.Join(m.dir, "heap")); err != nil || !bytes.HasPrefix(heap, []byte("\x1f\x8b")) {
		t.Errorf("the profile has %d bytes, %v", len(heap), err)
	}

	// A person asks, and the admin looks.
	m.shell("linearbot trigger mention --wait 1s hello --playground ${LINEAR_API_URL%/graphql}")
	for command, want := range map[string]string{
		"linearbot explain ENG-1":                                  "handled",
		"linearbot deliveries --since 1h":                          "AppUserNotification",
		"linearbot state stats":                                    `"dead":`,
		"linearbot doctor || test $? -lt 4 || linearbot dead list": "Client credentials",
		"linearbot scheduled list":                                 "",
		"linearbot dead list":                                      "",
	} {
		if out := m.shell(command); !strings.Contains(out, want) {
			t.Errorf("%s says\n%s\nwant %q", command, out, want)
		}
	}

	// After the stop the commands open the stores themselves.
	stop()
	list := m.shell("linearbot tokens list")
	fields := strings.Fields(strings.Split(list+"\n\n", "\n")[1])
	if len(fields) == 0 || !strings.Contains(list, "Help desk") {
		t.Fatalf("the tokens are\n%s", list)
	}
	m.shell("linearbot tokens revoke " + fields[0])
	m.shell("linearbot state export > backup.jsonl && linearbot state import --state file:other < backup.jsonl")
	if before, after := m.shell("linearbot state stats"), m.shell("linearbot state stats --state file:other"); before != after {
		t.Errorf("before the backup\n%s\nafter it\n%s", before, after)
	}
	if out := m.shell("linearbot state check"); out != "ok\n" {
		t.Errorf("the store is %s", out)
	}
}

// ready waits until an address answers 200.
func (m *manual) ready(url string) {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(m.t.Context(), time.Minute)
	defer cancel()
	client := &http.Client{Timeout: 5 * time.Second}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			m.t.Fatal(err)
		}
		if res, err := client.Do(req); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			m.t.Fatalf("%s is not ready", url)
		}
	}
}
