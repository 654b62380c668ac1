package serve

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/adapter/linear/workspaces"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/webhook"
)

// link is how the bot is connected to its platform.
type link interface {
	webhook.Runner
	// Ready returns nil once the bot can act.
	Ready(ctx context.Context) error
}

// installs are the workspaces that install the app.
type installs struct {
	reg *workspaces.Registry
	log zerolog.Logger
	// http sends the token requests.
	http *http.Client
	// store and bot are created after the registry, which does no I/O until then.
	store *lateStore
	bot   *bot.Bot
}

// lateStore is a store that is opened later.
type lateStore struct{ workspaces.Store }

// oauthConnections is how many idle connections for token requests are kept.
const oauthConnections = 4

// installations returns the registry if the environment configures one, and nil
// otherwise.
func (a *assembly) installations() *installs {
	cfg, on, err := workspaces.ConfigFrom(a.values.Lookup)
	if !on || a.cfg.Bot.Adapter != nil {
		return nil
	}
	if err != nil {
		a.problem("LINEAR_ENCRYPTION_KEY", "cannot be read: "+err.Error())
		return nil
	}
	in := &installs{log: a.log, store: &lateStore{}}
	cfg.Store, cfg.Logger = in.store, a.log
	if in.http = a.cfg.Linear.HTTPClient; in.http == nil {
		in.http = &http.Client{Transport: linearapi.NewTransport(oauthConnections)}
	}
	cfg.HTTPClient = in.http
	if a.values.Name != "" {
		cfg.Name = a.values.Name
	}
	cfg.OnInstalled = func(ctx context.Context, w, installation string) error { return in.bot.Installed(ctx, w, installation) }
	cfg.OnUninstalled = func(ctx context.Context, w, installation string) error {
		return in.bot.Uninstalled(ctx, w, installation)
	}
	cfg.OnLeft = func(w string) { in.bot.Left(w) }
	if in.reg, err = workspaces.New(cfg); err != nil {
		for _, err := range parts(err) {
			if e, ok := errors.AsType[*adapter.Error](err); ok {
				a.problem("", e.Message)
				continue
			}
			a.problem("", err.Error())
		}
		return nil
	}
	return in
}

// pages adds the registry's pages to the server's.
func (in *installs) pages(to map[string]http.Handler) map[string]http.Handler {
	all := make(map[string]http.Handler, len(to)+3)
	for _, path := range in.reg.Paths() {
		all[path] = in.reg.Handler()
	}
	maps.Copy(all, to)
	return all
}

// Run logs who has installed the app and maintains the installations until ctx
// ends.
func (in *installs) Run(ctx context.Context) error {
	ask, cancel := context.WithTimeout(ctx, 10*time.Second)
	all, err := in.reg.List(ask)
	cancel()
	if err != nil && ctx.Err() == nil {
		in.log.Warn().Err(err).Msg("installations cannot be listed now")
	}
	count := make(map[workspaces.Status]int)
	for _, w := range all {
		count[w.Status]++
		if w.Key == "none" {
			in.log.Warn().Str("workspace", w.ID).Msg("tokens are stored as they are: they are encrypted once LINEAR_ENCRYPTION_KEY is set")
		}
	}
	in.log.Info().Int("active", count[workspaces.Active]).Int("needs_reauth", count[workspaces.NeedsReauth]).
		Msg(fmt.Sprintf("%d workspaces have installed the app; others do it at %s", count[workspaces.Active], in.reg.InstallURL()))
	return in.reg.Run(ctx)
}

// active lists the workspaces in which the bot can act.
func (in *installs) active(ctx context.Context) ([]string, error) {
	all, err := in.reg.List(ctx)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, w := range all {
		if w.Status == workspaces.Active {
			ids = append(ids, w.ID)
		}
	}
	return ids, nil
}

// Ready returns nil: a workspace that the bot cannot act in does not affect the
// others.
func (in *installs) Ready(context.Context) error { return nil }
