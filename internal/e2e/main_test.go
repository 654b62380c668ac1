package e2e

import (
	"context"
	"net"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/linearbot/linearbot/adapter/linear"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/state/memstate"
	"github.com/linearbot/linearbot/webhook"
)

// stage is a simulated Linear with a bot that people reach over HTTP.
type stage struct {
	t      *testing.T
	linear *linearsim.Server
	app    *linearsim.Installation
	ada    *linearsim.User
	issue  *linearsim.Issue
}

// newStage starts a bot until the test ends. register adds its handlers.
func newStage(t *testing.T, register func(b *bot.Bot)) *stage {
	t.Helper()
	srv, err := linearsim.Start(linearsim.Config{Parallel: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Close)
	ws := srv.AddWorkspace("Acme", "acme")
	s := &stage{t: t, linear: srv, ada: ws.AddUser("Ada Byron", "ada")}
	s.issue = ws.AddTeam("ENG", "Engineering").AddIssue(s.ada, "Checkout fails", "")
	s.app = ws.InstallApp(linearsim.App{Name: "Helper Bot", DisplayName: "helper-bot", ClientCredentials: true})

	// The links are created before the server listens, so the port is chosen now.
	addr := freeAddr(t)
	lin, err := linear.New(linear.Config{ClientID: s.app.ClientID, ClientSecret: s.app.ClientSecret, APIURL: srv.GraphQLURL()})
	if err != nil {
		t.Fatal(err)
	}
	store := memstate.New(memstate.Options{})
	t.Cleanup(func() { _ = store.Close() })
	b, err := bot.New(bot.Config{
		Adapter: lin, Store: store,
		Links: bot.LinkConfig{BaseURL: "http://" + addr, Secrets: []string{"secret"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	register(b)
	host(t, webhook.Config{Secrets: []string{"secret"}, Acceptor: b, Buttons: b, Addr: addr}, b)
	s.app.SetWebhook(linearsim.Webhook{URL: "http://" + addr + "/api/webhooks/linear", Secret: "secret"})
	return s
}

// freeAddr returns an address that a server can listen on.
func freeAddr(t *testing.T) string {
	t.Helper()
	var lc net.ListenConfig
	ln, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	return ln.Addr().String()
}

// host runs a server until the test ends, and returns once it listens.
func host(t *testing.T, cfg webhook.Config, runners ...webhook.Runner) {
	t.Helper()
	listening := make(chan struct{})
	cfg.OnListen = func(net.Addr) { close(listening) }
	server, err := webhook.NewServer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := server.Run(ctx, runners...); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(func() { cancel(); wg.Wait() })
	<-listening
}

// replies waits until what the bot wrote below a comment satisfies ok, and
// returns it.
func (s *stage) replies(root *linearsim.Comment, ok func(bodies []string) bool) []string {
	s.t.Helper()
	var out []string
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	err := s.linear.Wait(ctx, func() bool {
		out = nil
		for _, c := range root.Replies() {
			if c.Author.ID == s.app.User.ID {
				out = append(out, c.Body())
			}
		}
		return ok(out)
	})
	if err != nil {
		s.t.Fatalf("the bot wrote %q: %v", out, err)
	}
	return out
}

// browser starts a browser until the test ends. Without a browser the test is
// skipped, except in CI.
func browser(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("chromium is missing: make test installs it")
		}
		t.Skip("chromium is missing: make test installs it")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-quic", true),
	)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, opts...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	return ctx
}
