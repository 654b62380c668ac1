package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/internal/cli"
	"github.com/linearbot/linearbot/internal/serve"
)

// playground is a running "dev" with handlers of the test.
type playground struct {
	t       *testing.T
	address string
}

// newPlayground starts one. args follow the flags, such as "--" and a command.
func newPlayground(t *testing.T, register func(b *bot.Bot) error, args ...string) *playground {
	t.Helper()
	out, in := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	var problems bytes.Buffer
	wg.Go(func() {
		code := cli.Run(ctx, cli.Program{
			Name: "my-bot", Config: serve.Config{Register: register}, Stdin: strings.NewReader(""), Stdout: in, Stderr: &problems,
		}, append([]string{"dev", "--no-open", "--addr", "127.0.0.1:0"}, args...))
		_ = in.Close()
		if code != 0 {
			t.Errorf("dev ends with %d: %s", code, problems.String())
		}
	})
	t.Cleanup(func() { cancel(); wg.Wait() })
	lines := bufio.NewReader(out)
	line, err := lines.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	wg.Go(func() { _, _ = io.Copy(io.Discard, lines) })
	return &playground{t, strings.TrimSuffix(regexp.MustCompile(`http://\S+`).FindString(line), "/")}
}

// post does what the page does.
func (p *playground) post(path, body string) {
	p.t.Helper()
	res, err := http.Post(p.address+path, "application/json", strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		p.t.Fatalf("%s %s: %s %s %v", path, body, res.Status, text, err)
	}
}

// said returns what the bot and the people have written on ENG-1.
func (p *playground) said() []string {
	p.t.Helper()
	res, err := http.Get(p.address + "/sim/acme/issues/ENG-1")
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	var issue struct{ Comments []struct{ Body string } }
	if err := json.NewDecoder(res.Body).Decode(&issue); err != nil {
		p.t.Fatal(err)
	}
	var said []string
	for _, c := range issue.Comments {
		said = append(said, c.Body)
	}
	return said
}

// hears reports whether a text is written within a while.
func (p *playground) hears(want string, within time.Duration) bool {
	p.t.Helper()
	for deadline := time.Now().Add(within); time.Now().Before(deadline); pause(p.t, 20*time.Millisecond) {
		if slices.ContainsFunc(p.said(), func(s string) bool { return strings.Contains(s, want) }) {
			return true
		}
	}
	return false
}

func (p *playground) says(want string) {
	p.t.Helper()
	if !p.hears(want, 30*time.Second) {
		p.t.Fatalf("the comments are %q, want one with %q", p.said(), want)
	}
}

// skips moves the clock until something happens: at once, unless the turn that it
// comes from has not ended.
func (p *playground) skips(by, want string) {
	p.t.Helper()
	for range 5 {
		p.post("/world/skip", `{"advance":"`+by+`"}`)
		if p.hears(want, 5*time.Second) {
			return
		}
	}
	p.t.Fatalf("the comments are %q, want one with %q", p.said(), want)
}

// When an hour is skipped, it is an hour later for the bot as well: a question times
// out, and a scheduled post is posted. The bot that runs after a restart agrees.
func TestDevSkipsTime(t *testing.T) {
	t.Parallel()
	p := newPlayground(t, func(b *bot.Bot) error {
		b.OnNewMention(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
			if strings.Contains(m.Text(), "remind") {
				if _, err := t.PostAt(ctx, time.Now().Add(5*time.Hour), bot.Text("here is the reminder")); err != nil {
					return err
				}
				_, err := t.Post(ctx, bot.Text("I'll remind you"))
				return err
			}
			a, err := bot.Ask(ctx, t, bot.Question{Text: "Ship it?", Timeout: time.Hour})
			if err != nil {
				return err
			}
			answer := "answered"
			if a.TimedOut {
				answer = "no answer in an hour"
			}
			_, err = t.Post(ctx, bot.Text(answer))
			return err
		})
		return nil
	})
	p.post("/act/comment", `{"issue":"ENG-1","text":"@helper-bot ask"}`)
	p.says("Ship it?")
	p.skips("1h1m", "no answer in an hour")
	p.post("/act/comment", `{"issue":"ENG-1","text":"@helper-bot remind me"}`)
	p.says("I'll remind you")
	p.post("/world/restart", `{}`)
	p.skips("6h", "here is the reminder")
}

// trigger has a person do something and returns what is printed.
func (p *playground) trigger(args ...string) string {
	p.t.Helper()
	var out, errs strings.Builder
	ctx, cancel := context.WithTimeout(p.t.Context(), 40*time.Second)
	defer cancel()
	args = append([]string{"trigger"}, append(args, "--playground", p.address, "--wait", "30s")...)
	if code := cli.Run(ctx, cli.Program{Name: "my-bot", Stdout: &out, Stderr: &errs}, args); code != 0 {
		p.t.Fatalf("%q ends with %d: %s", args, code, errs.String())
	}
	return out.String()
}

// If a bot does not build, trigger prints at once what the compiler says, and does not
// wait for an answer.
func TestTriggerWithABrokenBuild(t *testing.T) {
	t.Parallel()
	p := newPlayground(t, nil, "--watch", t.TempDir(), "--",
		"sh", "-c", "echo '# example.com/bot'; echo './main.go:7:2: undefined: answer'; exit 1")
	out := p.trigger("mention")
	if !strings.Contains(out, "The build of the bot is broken") || !strings.Contains(out, "undefined: answer") || strings.Contains(out, "not answered within") {
		t.Errorf("trigger prints:\n%s", out)
	}
}

// Commands find the bot of a playground without a flag, unless the environment has a store
// of its own; then they say which flag to give.
//
//nolint:paralleltest // its parts share the directory for temporary files
func TestExplainBesideAPlayground(t *testing.T) {
	t.Setenv("TMPDIR", shortDir(t))
	t.Chdir(t.TempDir()) // there is no store
	explain := func(environ ...string) (string, int) {
		var out strings.Builder
		code := cli.Run(t.Context(), cli.Program{Name: "my-bot", Config: serve.Config{Environ: append([]string{}, environ...)}, Stdout: &out, Stderr: &out}, []string{"explain", "ENG-1"})
		return out.String(), code
	}
	if out, code := explain(); code == 0 || !strings.Contains(out, "there is no store") {
		t.Errorf("without a playground it exits with %d: %s", code, out)
	}
	for _, keep := range []string{"", filepath.Join(shortDir(t), "kept")} {
		var args []string
		if keep != "" {
			args = []string{"--keep", keep}
		}
		t.Run("keep="+keep, func(t *testing.T) {
			p := newPlayground(t, onMention(answer), args...)
			if out := p.trigger("mention"); !strings.Contains(out, "hello") {
				t.Fatalf("trigger: %s", out)
			}
			if out, code := explain(); code != 0 || !strings.Contains(out, "The bot of the playground at "+p.address) || !strings.Contains(out, "mention") {
				t.Errorf("it exits with %d: %s", code, out)
			}
			if out, code := explain("LINEARBOT_STATE=file:other"); code == 0 || !strings.Contains(out, "--state file:") {
				t.Errorf("beside another store it exits with %d: %s", code, out)
			}
		})
	}
	if out, code := explain(); code == 0 {
		t.Errorf("after the playground: %s", out)
	}
}

// What no handler takes is said at once, with what to do, instead of waiting for an
// answer that does not come.
func TestTriggerWithoutHandler(t *testing.T) {
	t.Parallel()
	p := newPlayground(t, func(b *bot.Bot) error {
		b.OnNewMention(func(ctx context.Context, th *bot.Thread, _ *bot.Message) error {
			_, err := th.Post(ctx, bot.Text("hello to you"))
			return err
		})
		return nil
	})
	trigger := p.trigger
	if out := trigger("mention"); !strings.Contains(out, "hello to you") || strings.Contains(out, "ignores") {
		t.Errorf("a mention: %s", out)
	}
	for _, event := range []string{"resolve", "edit", "delete"} {
		out := trigger(event, "no mention")
		if !strings.Contains(out, "The bot ignores it. ") || strings.Contains(out, "not answered within") {
			t.Errorf("%s: %s", event, out)
		}
	}
}
