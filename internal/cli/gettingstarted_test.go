//go:build unix

package cli

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// guide follows docs/getting-started.md in a directory of its own.
type guide struct {
	t    *testing.T
	dir  string
	repo string

	mu      sync.Mutex
	printed strings.Builder // by dev
	ended   bool            // dev has
	address string          // of the playground
	said    string          // by the last command
}

// block is a piece of code in the guide, with the text before it.
type block struct{ before, lang, code string }

func blocks(doc string) []block {
	var out []block
	for _, m := range regexp.MustCompile("(?s)([^\n]*)\n\n?```([a-z]*)\n(.*?)```").FindAllStringSubmatch(doc, -1) {
		out = append(out, block{m[1], m[2], m[3]})
	}
	return out
}

// TestGettingStarted does what the guide says, step by step: it writes its files,
// runs its commands and compares what they print. Only what leads out of this
// machine is different: the library is this one, no browser is opened, and the
// real workspace at the end is left out.
func TestGettingStarted(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../docs/getting-started.md")
	if err != nil {
		t.Fatal(err)
	}
	repo, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	here, _, ok := strings.Cut(string(raw), "## A real workspace")
	if !ok {
		t.Fatal("the guide has no part about a real workspace")
	}
	ctx, stop := context.WithCancel(t.Context())
	g := &guide{t: t, dir: t.TempDir(), repo: repo}
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop()
	commands := 0
	for _, b := range blocks(here) {
		file := regexp.MustCompile("`(main(?:_test)?\\.go)`").FindStringSubmatch(b.before)
		switch {
		case b.lang == "go" && file != nil:
			g.write(file[1], b.code)
		case b.lang == "go":
			t.Fatalf("no file is named for\n%s", b.code)
		case strings.HasPrefix(b.code, "helper-bot:"):
			g.mu.Lock()
			if !strings.Contains(g.said, b.code) {
				t.Fatalf("the guide says\n%s\nbut the command says\n%s\ndev prints\n%s", b.code, g.said, g.printed.String())
			}
			g.mu.Unlock()
		default:
			for line := range strings.Lines(b.code) {
				commands++
				g.run(ctx, &wg, strings.TrimSpace(line))
			}
		}
	}
	if commands < 8 {
		t.Errorf("the guide has %d commands", commands)
	}
}

// write writes a file of the guide, and waits until dev has noticed.
func (g *guide) write(name, code string) {
	g.t.Helper()
	path := filepath.Join(g.dir, name)
	_, err := os.Stat(path)
	if err := os.WriteFile(path, []byte(code), 0o600); err != nil {
		g.t.Fatal(err)
	}
	if g.address != "" && err == nil {
		g.until("connected to Acme", 2)
	}
}

// until waits until dev has printed something so many times.
func (g *guide) until(text string, times int) {
	g.t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		g.mu.Lock()
		got, ended := g.printed.String(), g.ended
		g.mu.Unlock()
		if strings.Count(got, text) >= times {
			return
		}
		if ended || time.Now().After(deadline) {
			g.t.Fatalf("dev prints %q %d times, want %d:\n%s", text, strings.Count(got, text), times, got)
		}
		<-tick.C
	}
}

func (g *guide) run(ctx context.Context, wg *sync.WaitGroup, line string) {
	g.t.Helper()
	args, ok := words(line)
	if !ok {
		g.t.Fatalf("%q has an open quote", line)
	}
	switch {
	case args[0] == "mkdir":
		if err := os.Mkdir(filepath.Join(g.dir, args[1]), 0o750); err != nil {
			g.t.Fatal(err)
		}
		return
	case args[0] == "cd":
		g.dir = filepath.Join(g.dir, args[1])
		return
	case strings.HasPrefix(line, "go get github.com/linearbot/linearbot@"):
		args = []string{"go", "work", "init", ".", g.repo}
	case line == "go run . dev":
		g.dev(ctx, wg, append(args, "--no-open", "--addr", "127.0.0.1:0"))
		return
	case strings.HasPrefix(line, "go run . trigger"):
		args = append(args, "--playground", g.address)
	}
	cmd := g.command(ctx, args)
	out, err := cmd.CombinedOutput()
	if err != nil {
		g.t.Fatalf("%s: %v\n%s", line, err, out)
	}
	g.said = string(out)
}

func (g *guide) command(ctx context.Context, args []string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = g.dir
	cmd.Env = append(os.Environ(), "GOWORK="+filepath.Join(g.dir, "go.work"), "GOFLAGS=")
	if _, err := os.Stat(filepath.Join(g.dir, "go.work")); err != nil {
		cmd.Env = append(cmd.Env, "GOWORK=off")
	}
	return cmd
}

// dev starts the playground and waits until the bot is connected.
func (g *guide) dev(ctx context.Context, wg *sync.WaitGroup, args []string) {
	g.t.Helper()
	cmd := g.command(ctx, args)
	cmd.Cancel = func() error { return interrupt(cmd) }
	cmd.WaitDelay = 20 * time.Second
	group(cmd)
	out, w := io.Pipe()
	cmd.Stdout, cmd.Stderr = w, w
	if err := cmd.Start(); err != nil {
		g.t.Fatal(err)
	}
	wg.Go(func() {
		err := cmd.Wait()
		_ = w.Close()
		g.mu.Lock()
		g.ended = true
		g.mu.Unlock()
		if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && (!ok || ctx.Err() == nil) {
			g.t.Errorf("dev: %v %v", err, exit)
		}
	})
	wg.Go(func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			g.mu.Lock()
			g.printed.WriteString(lines.Text() + "\n")
			g.mu.Unlock()
		}
	})
	g.until("connected to Acme", 1)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.address = regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(g.printed.String())
}
