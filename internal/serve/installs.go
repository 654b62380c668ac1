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
	"github.com/linearbot/linearbot/internal/wording"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/webhook"
)

// link is how the bot is connected to its platform.
type link interface {
	webhook.Runner
	// Ready returns nil once the bot can act.
	Ready(ctx context.Context) error
	// Detail says more about a connection that is ready. May be empty.
	Detail() string
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
	// installedFor learns of installs that the ticketing API began. Nil without it.
	installedFor func(ctx context.Context, workspace, whom string) error
}

// lateStore is a store that is opened later.
type lateStore struct{ workspaces.Store }

// Signal implements state.Signaler. Without signals in the store it does nothing.
func (l *lateStore) Signal(ctx context.Context, k state.Key) error {
	if s, ok := l.Store.(state.Signaler); ok {
		return s.Signal(ctx, k)
	}
	return nil
}

// OnSignal implements state.Signaler.
func (l *lateStore) OnSignal(f func(k state.Key)) (stop func()) {
	if s, ok := l.Store.(state.Signaler); ok {
		return s.OnSignal(f)
	}
	return func() {}
}

// oauthConnections is how many idle connections for token requests are kept.
const oauthConnections = 4

// installations returns the registry if the environment configures one, and nil
// otherwise.
func (a *assembly) installations() *installs {
	cfg, on, err := workspaces.ConfigFrom(a.values.Lookup)
	if !on || a.cfg.Bot.Adapter != nil {
		return nil
	}
	for _, other := range []string{"LINEAR_CLIENT_CREDENTIALS_CLIENT_ID", "LINEAR_CLIENT_CREDENTIALS_CLIENT_SECRET"} {
		if a.values.Lookup(other) != "" {
			a.problem(other, "contradicts "+a.installationsFrom()+": client credentials are for one workspace, installations for many, so unset one of them")
			return nil
		}
	}
	if err != nil {
		a.problem("LINEAR_ENCRYPTION_KEY", "cannot be read: "+err.Error())
		return nil
	}
	in := &installs{log: a.log, store: &lateStore{}}
	cfg.Store, cfg.Signals, cfg.Logger = in.store, in.store, a.log
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
	cfg.OnInstalledFor = func(ctx context.Context, w, whom string) error {
		if in.installedFor == nil {
			return nil
		}
		return in.installedFor(ctx, w, whom)
	}
	cfg.OnRemoved = func(w string) { in.bot.WorkspaceRemoved(w) }
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

// installationsFrom names the variables that turned installations on.
func (a *assembly) installationsFrom() string {
	if a.values.Lookup("LINEAR_REDIRECT_URI") != "" {
		return a.values.Source("LINEAR_REDIRECT_URI")
	}
	return a.values.Source("LINEARBOT_PUBLIC_URL") + " and " + a.values.Source("LINEAR_ENCRYPTION_KEY")
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
		if w.Status == workspaces.StatusNeedsReauth {
			in.log.Error().Str("workspace", w.ID).Str("name", w.Name).Str("url", in.reg.InstallURL()).
				Msg("login has ended: an admin of the workspace has to install the app again; its deliveries wait")
		}
		if w.Status == workspaces.StatusUnreadable {
			in.log.Error().Err(errors.New(w.Problem)).Str("workspace", w.ID).Str("name", w.Name).
				Msg("tokens cannot be decrypted: look at LINEAR_ENCRYPTION_KEY; the deliveries of the workspace wait")
		}
		if w.Key == "none" {
			in.log.Warn().Str("workspace", w.ID).Msg("tokens are stored as they are: they are encrypted once LINEAR_ENCRYPTION_KEY is set")
		}
	}
	in.log.Info().Int("active", count[workspaces.StatusActive]).Int("needs_reauth", count[workspaces.StatusNeedsReauth]).
		Msg(fmt.Sprintf("%s installed the app; others do it at %s", wording.Count(count[workspaces.StatusActive], "workspace has", "workspaces have"), in.reg.InstallURL()))
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
		if w.Status == workspaces.StatusActive {
			ids = append(ids, w.ID)
		}
	}
	return ids, nil
}

// Ready returns nil: a workspace that the bot cannot act in does not affect the
// others. But if the tokens of none can be decrypted, the configuration is wrong.
func (in *installs) Ready(context.Context) error {
	n := in.reg.Statuses()
	if n[workspaces.StatusUnreadable] > 0 && n[workspaces.StatusActive]+n[workspaces.StatusNeedsReauth] == 0 {
		return &webhook.UnreadyError{Reason: undecrypted(n[workspaces.StatusUnreadable]) + ". Deliveries are stored, and handled once this works"}
	}
	return nil
}

// Detail counts the workspaces by status, for example "ok: 3 active, 1
// needs_reauth".
func (in *installs) Detail() string { return counted(in.reg.Statuses()) }

// counted puts the numbers of workspaces by status into words.
func counted(n map[workspaces.Status]int) string {
	text := fmt.Sprintf("ok: %d active", n[workspaces.StatusActive])
	if ended := n[workspaces.StatusNeedsReauth]; ended > 0 {
		text += fmt.Sprintf(", %d needs_reauth", ended)
	}
	if removed := n[workspaces.StatusLeaving]; removed > 0 {
		text += fmt.Sprintf(", %d leaving", removed)
	}
	if locked := n[workspaces.StatusUnreadable]; locked > 0 {
		text += fmt.Sprintf(", %d unreadable: %s", locked, undecrypted(locked))
	}
	return text
}

// undecrypted says which variable is wrong if the tokens of n workspaces cannot be
// decrypted.
func undecrypted(n int) string {
	return "LINEAR_ENCRYPTION_KEY does not decrypt the tokens of " + wording.Count(n, "workspace", "workspaces") +
		": add the earlier key to it, after the current one and a comma"
}
