package setup

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"syscall"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear"
	"github.com/linearbot/linearbot/adapter/linear/workspaces"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/webhook"
)

// later answers deliveries 503: Linear sends them again once the bot runs.
type later struct{}

// Accept implements webhook.Acceptor.
func (later) Accept(context.Context, *adapter.Delivery) error {
	return &adapter.Error{Code: adapter.CodeUnavailable, Op: "init", Message: "the bot does not run yet"}
}

// Install offers to install the app at once, after Run has returned the variables of
// an app for several workspaces: it serves the install page until a line is entered,
// and then says who the app is in each workspace. open opens the store in which the
// bot finds the installations later; it is called only if the answer is yes. Install
// blocks for the answers.
func (w *Wizard) Install(ctx context.Context, env Env, open func() (state.Store, error)) (err error) {
	now, err := w.yes("\nInstall it in your workspaces now?")
	if err != nil || !now {
		return nil // no answer is a no
	}
	store, err := open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	reg, err := w.registry(env, store)
	if err != nil {
		return err
	}
	if err := w.servePages(ctx, env, reg); err != nil {
		return err
	}
	return w.introduce(ctx, reg)
}

// registry returns the registry that the variables describe.
func (w *Wizard) registry(env Env, store state.Store) (*workspaces.Registry, error) {
	cfg, _, err := workspaces.ConfigFrom(func(name string) string {
		switch name {
		case "LINEAR_API_URL":
			return w.APIURL
		case "LINEAR_OAUTH_URL":
			return w.OAuthURL
		default:
			return env.Get(name)
		}
	})
	if err != nil {
		return nil, err
	}
	cfg.Store, cfg.HTTPClient = store, w.HTTPClient
	return workspaces.New(cfg)
}

// servePages serves the pages of reg until a line is entered.
func (w *Wizard) servePages(ctx context.Context, env Env, reg *workspaces.Registry) error {
	pages := make(map[string]http.Handler)
	for _, path := range reg.Paths() {
		pages[path] = reg.Handler()
	}
	listening, done := make(chan struct{}), make(chan struct{})
	srv, err := webhook.NewServer(webhook.Config{
		Secrets: []string{env.Get("LINEAR_WEBHOOK_SECRET")}, Acceptor: later{}, Addr: w.Addr, Path: w.Path, Pages: pages,
		OnListen: func(net.Addr) { close(listening) },
	})
	if err != nil {
		return err
	}
	serving, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	var ended error
	wg.Go(func() { ended = srv.Run(serving); close(done) })
	defer wg.Wait()
	defer stop()
	select {
	case <-listening:
	case <-done:
		if errors.Is(ended, syscall.EADDRINUSE) {
			return fmt.Errorf("another process listens on %s: stop it, or open %s once the bot runs", w.Addr, reg.InstallURL())
		}
		return ended
	}
	w.say("Open this page in each workspace as an admin:\n\n  " + reg.InstallURL() + "\n\nPress Enter when it is installed.")
	_, _ = w.line() // the end of the input ends it, too
	return nil
}

// introduce says who the app is in each workspace that has installed it.
func (w *Wizard) introduce(ctx context.Context, reg *workspaces.Registry) error {
	all, err := reg.List(ctx)
	if err != nil {
		return err
	}
	lin, err := linear.New(linear.Config{Installations: reg, APIURL: w.APIURL, OAuthURL: w.OAuthURL, HTTPClient: w.HTTPClient})
	if err != nil {
		return err
	}
	defer lin.CloseIdleConnections()
	var failed []error
	found := 0
	for _, ws := range all {
		if ws.Status != workspaces.StatusActive && ws.Status != workspaces.StatusNeedsReauth {
			continue
		}
		self, err := lin.Identity(ctx, ws.ID)
		if err != nil {
			failed = append(failed, fmt.Errorf("the app cannot act in %s: %w", ws.Name, err))
			continue
		}
		found++
		w.say("  the app is @" + self.Name + " in " + self.WorkspaceName + "\n")
	}
	if found == 0 && len(failed) == 0 {
		w.say("  no workspace has installed it yet: open " + reg.InstallURL() + " once the bot runs\n")
	}
	return errors.Join(failed...)
}
