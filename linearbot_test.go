package linearbot_test

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/linearbot/linearbot"
	"github.com/linearbot/linearbot/adapter/adaptertest"
	"github.com/linearbot/linearbot/adapter/linear"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/state/memstate"
	"github.com/linearbot/linearbot/webhook"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// run calls Run without an environment until it listens, stops it and returns
// its error.
func run(t *testing.T, cfg linearbot.Config) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if cfg.Environ == nil {
		cfg.Environ = []string{}
	}
	silent := zerolog.Nop()
	cfg.Logger = &silent
	cfg.Webhook.OnListen = func(net.Addr) { cancel() }
	return linearbot.Run(ctx, cfg)
}

// Run reports everything that is wrong, by the names of variables, and starts
// nothing.
func TestRunReportsTogether(t *testing.T) {
	t.Parallel()
	registered := false
	err := run(t, linearbot.Config{
		Environ:  []string{"LINEARBOT_DRAIN_TIMEOUT=25", "LINEAR_API_KEY=Bearer MARKER-SECRET"},
		Register: func(*bot.Bot) error { registered = true; return nil },
	})
	var bad *linearbot.ConfigError
	if !errors.As(err, &bad) {
		t.Fatalf("error %v, want a ConfigError", err)
	}
	want := []string{
		`LINEARBOT_DRAIN_TIMEOUT is "25": give a duration as Go writes it, such as 500ms, 25s or 1m30s`,
		"LINEAR_WEBHOOK_SECRET is missing: copy the signing secret that Linear shows beside the webhook",
		`LINEAR_API_KEY begins with "Bearer": give the token alone`,
	}
	if diff := cmp.Diff(want, bad.Problems); diff != "" || registered {
		t.Errorf("registered %t, problems (-want +got):\n%s", registered, diff)
	}
	if strings.Contains(err.Error(), "MARKER") || strings.Contains(err.Error(), "Config.") {
		t.Errorf("the error shows a secret or a field: %v", err)
	}
}

func TestRunRefusesWhatCodeSays(t *testing.T) {
	t.Parallel()
	good := linearbot.Config{
		Linear:  linear.Config{APIKey: "key", APIURL: "http://127.0.0.1:1/graphql"},
		Webhook: webhook.Config{Secrets: []string{"secret"}, Addr: "127.0.0.1:0"},
		Bot:     bot.Config{Store: memstate.New(memstate.Options{})},
	}
	if err := run(t, good); err != nil {
		t.Fatalf("all in code: %v", err)
	}
	for _, tt := range []struct {
		name   string
		change func(c *linearbot.Config)
		want   string
	}{
		{"register", func(c *linearbot.Config) {
			c.Register = func(*bot.Bot) error { return errors.New("OPENAI_MODEL is not set") }
		}, "OPENAI_MODEL is not set"},
		{"bot", func(c *linearbot.Config) { c.Bot.MaxAttempts = -1 }, "MaxAttempts"},
		{"webhook", func(c *linearbot.Config) { c.Webhook.MaxBody = -1 }, "MaxBody"},
		{"linear", func(c *linearbot.Config) { c.Linear.APIURL = "nowhere" }, "LINEAR_API_URL"},
		{"variable over code", func(c *linearbot.Config) { c.Environ = []string{"LINEARBOT_ADDR=nowhere"} }, "LINEARBOT_ADDR"},
		{"an address of another machine", func(c *linearbot.Config) { c.Webhook.Addr = "192.0.2.1:0" }, "LINEARBOT_ADDR cannot be listened on"},
		{"a directory that is a file", func(c *linearbot.Config) {
			c.Bot.Store = nil
			c.Environ = []string{"LINEARBOT_STATE=file:" + file(t)}
		}, "LINEARBOT_STATE leads to a directory that cannot exist"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg := good
			tt.change(&cfg)
			err := run(t, cfg)
			var bad *linearbot.ConfigError
			if !errors.As(err, &bad) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want a ConfigError with %q", err, tt.want)
			}
		})
	}
}

// file makes a file and returns its path.
func file(t *testing.T) string {
	t.Helper()
	path := t.TempDir() + "/file"
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Variables have precedence over code, and code over the defaults.
func TestPrecedence(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		environ []string
		said    string
		want    string // the address, up to the port
	}{
		{"code", nil, "127.0.0.1:0", "127.0.0.1:"},
		{"variable", []string{"LINEARBOT_ADDR=127.0.0.1:0"}, "192.0.2.1:0", "127.0.0.1:"},
		{"port", []string{"PORT=0"}, "192.0.2.1:0", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			silent := zerolog.Nop()
			got := ""
			err := linearbot.Run(ctx, linearbot.Config{
				Environ: append([]string{"LINEARBOT_STATE=memory"}, tt.environ...), Logger: &silent,
				Bot: bot.Config{Adapter: adaptertest.NewPlatform("helper")},
				Webhook: webhook.Config{Secrets: []string{"secret"}, Addr: tt.said, OnListen: func(a net.Addr) {
					got = a.String()
					cancel()
				}},
			})
			if err != nil || !strings.HasPrefix(got, tt.want) {
				t.Errorf("listens on %s, %v, want %s", got, err, tt.want)
			}
		})
	}
}

// An address or a directory that another process has is a failure, not a
// mistake.
func TestRunTaken(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	silent := zerolog.Nop()
	listening := make(chan net.Addr, 1)
	cfg := linearbot.Config{
		Environ: []string{"LINEARBOT_STATE=file:" + dir}, Logger: &silent,
		Bot:     bot.Config{Adapter: adaptertest.NewPlatform("helper")},
		Webhook: webhook.Config{Secrets: []string{"secret"}, Addr: "127.0.0.1:0", OnListen: func(a net.Addr) { listening <- a }},
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := linearbot.Run(ctx, cfg); err != nil {
			t.Errorf("the first: %v", err)
		}
	})
	defer wg.Wait()
	defer cancel()
	addr := (<-listening).String()
	var bad *linearbot.ConfigError
	if err := run(t, cfg); err == nil || errors.As(err, &bad) || !strings.Contains(err.Error(), dir) {
		t.Errorf("a second bot on the directory: %v", err)
	}
	second := cfg
	second.Environ = []string{"LINEARBOT_STATE=memory", "LINEARBOT_ADDR=" + addr}
	if err := run(t, second); err == nil || errors.As(err, &bad) || !strings.Contains(err.Error(), "LINEARBOT_ADDR names an address that another process listens on") {
		t.Errorf("a second bot at the address: %v", err)
	}
}
