// Package serve assembles a bot from the configuration and from a program's
// options in code, and runs it. The commands and linearbot.Run both use it.
package serve

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"syscall"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/internal/console/adminui"
	"github.com/linearbot/linearbot/internal/doctor"
	"github.com/linearbot/linearbot/internal/metrics"
	"github.com/linearbot/linearbot/internal/settings"
	"github.com/linearbot/linearbot/internal/status"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/stateurl"
	"github.com/linearbot/linearbot/webhook"
)

// Config holds a program's options in code. The fields are those of
// linearbot.Config; the environment and flags have precedence over them, and they
// over the defaults of the table.
type Config struct {
	// Register adds the handlers. Nil adds none.
	Register func(b *bot.Bot) error
	Bot      bot.Config
	Linear   linear.Config
	Webhook  webhook.Config
	// Environ is the environment. Nil means the environment of the process.
	Environ []string
	// Flags are flags of the command line, by name.
	Flags map[string]string
	// Logger receives the log. Nil means lines on Stderr at the configured level.
	Logger *zerolog.Logger
	// Stderr receives the log if Logger is nil. Nil means os.Stderr.
	Stderr io.Writer
}

// assembly is a bot under construction.
type assembly struct {
	cfg      Config
	values   *settings.Values
	problems []settings.Problem
	log      zerolog.Logger
	tickets  *tickets // nil without the ticketing API
	metrics  *metrics.Metrics
	status   *status.Reader
	console  *adminui.Console // nil without a token
	opened   bool             // the store is the configured one
}

// Run runs the bot until ctx ends and returns nil after a clean stop. If the
// configuration is invalid, the error is a *settings.Error that lists all
// problems, and nothing was started.
func Run(ctx context.Context, cfg Config) (err error) {
	if cfg.Environ == nil {
		cfg.Environ = os.Environ()
	}
	a := &assembly{cfg: cfg, metrics: metrics.New(), status: &status.Reader{}}
	a.values, a.problems = settings.Read(cfg.Environ, cfg.Flags)
	if cfg.Logger != nil {
		a.log = *cfg.Logger
	} else {
		a.log = NewLogger(cmp.Or[io.Writer](cfg.Stderr, os.Stderr), a.values.Level, cfg.Environ)
	}
	for _, u := range settings.FindUnknown(cfg.Environ) {
		a.log.Warn().Msg(u.String())
	}
	a.values.Each(func(name, shown string) { a.log.Debug().Str("name", name).Str("value", shown).Msg("configured") })

	a.fillWebhook()
	choose(a.values, &a.cfg.Bot.Workers, a.values.Workers, "LINEARBOT_WORKERS")
	in := a.installations()
	conn, closeIdle := a.connect(in)
	if err := a.refused(); err != nil {
		return err
	}
	defer closeIdle()
	closeStore, err := a.openStore(ctx)
	if err != nil {
		return unlessStopped(ctx, err)
	}
	defer func() { err = errors.Join(err, closeStore()) }()
	seen := a.observe()
	defer seen.flush(ctx)
	b := a.newBot(in)
	a.openAdmin(seen, b, in)
	if in != nil {
		in.store.Store, in.bot = a.cfg.Bot.Store, b
		a.cfg.Webhook.Pages = in.pages(a.cfg.Webhook.Pages)
	}
	if err := a.refused(); err != nil {
		return err
	}
	if a.tickets, err = a.openTicketing(ctx, in); err != nil {
		return unlessStopped(ctx, err)
	}
	defer func() { err = errors.Join(err, a.tickets.close()) }()
	srv := a.newServer(b, conn)
	if err := a.refused(); err != nil {
		return err
	}
	a.watch(b, srv, in, seen)
	runners := append(a.tickets.beside(b, conn, seen, a.newCatchUp(b, in), storeCheck{a.cfg.Bot.Store, a.log}), a.metricsListener()...)
	runners = append(runners, a.consoleRunner()...)
	return a.listenError(srv.Run(ctx, runners...))
}

// problem records a problem with a variable, under the name by which it was set.
func (a *assembly) problem(variable, reason string) {
	if variable != "" {
		variable = a.values.Source(variable)
	}
	a.problems = append(a.problems, settings.Problem{Name: variable, Reason: reason})
}

// refused returns all problems so far as one error, or nil.
func (a *assembly) refused() error {
	if len(a.problems) == 0 {
		return nil
	}
	return &settings.Error{Problems: a.problems}
}

// fillWebhook fills in the options of the server.
func (a *assembly) fillWebhook() {
	v, w := a.values, &a.cfg.Webhook
	if len(v.Secrets)+len(v.Expiring) > 0 {
		w.Secrets, w.Expiring = v.Secrets, v.Expiring
	}
	if len(w.Secrets)+len(w.Expiring) == 0 && !v.IsSet("LINEAR_WEBHOOK_SECRET") {
		a.problem("LINEAR_WEBHOOK_SECRET", "is missing: copy the signing secret that Linear shows beside the webhook")
	}
	choose(v, &w.Addr, v.Addr, "LINEARBOT_ADDR")
	choose(v, &w.Path, v.Path, "LINEARBOT_WEBHOOK_PATH")
	choose(v, &w.Strict, v.Strict, "LINEARBOT_STRICT")
	w.Logger = a.log
}

// choose replaces a program's option with the configured value if that was set,
// or if the option is unset.
func choose[T comparable](v *settings.Values, said *T, configured T, name string) {
	var zero T
	if v.IsSet(name) || *said == zero {
		*said = configured
	}
}

// connect creates the adapter, unless the program provides one. It also returns a
// function that closes the adapter's idle connections.
func (a *assembly) connect(in *installs) (link, func()) {
	if a.cfg.Bot.Adapter != nil {
		conn := &connection{adapter: a.cfg.Bot.Adapter, log: a.log, look: "the credentials of the adapter", at: a.cfg.Bot.Adapter.Name()}
		return conn, func() {}
	}
	cfg := a.overlay(a.cfg.Linear, linear.ConfigFrom(a.values.Lookup))
	cfg.Connections = cmp.Or(cfg.Connections, a.cfg.Bot.Workers)
	if in != nil {
		cfg.Installations, cfg.InstallationsFrom = in.reg, a.installationsFrom()
	}
	lin, err := linear.New(observing(cfg, a.metrics))
	if err != nil {
		for _, err := range parts(err) {
			if bad, ok := errors.AsType[*linear.ConfigError](err); ok {
				a.problem(bad.Variable, cmp.Or(bad.Reason, bad.Error()))
				continue
			}
			a.problem("", err.Error())
		}
		return nil, func() {}
	}
	a.cfg.Bot.Adapter = lin
	if auth, err := cfg.Auth(); err == nil {
		a.log.Info().Msg("acting by " + auth.String())
	}
	if in != nil {
		return in, func() { lin.CloseIdleConnections(); in.http.CloseIdleConnections() }
	}
	return &connection{adapter: lin, log: a.log, look: a.credentials(cfg), at: "Linear", scopes: lin.Scopes()}, lin.CloseIdleConnections
}

// overlay returns a program's options, overridden by what is set.
func (a *assembly) overlay(said, set linear.Config) linear.Config {
	if set.APIKey != "" || set.AccessToken != "" || set.ClientID != "" || set.ClientSecret != "" {
		// One configured way to authenticate replaces all of the program's.
		said = said.WithCredentials(set)
	}
	if len(set.Scopes) > 0 {
		said.Scopes = set.Scopes
	}
	if a.values.IsSet("LINEAR_ASSIGNABLE") {
		said.NotAssignable = set.NotAssignable
	}
	if a.values.IsSet("LINEAR_MODE") {
		said.Mode = set.Mode
	}
	said.APIURL = cmp.Or(set.APIURL, said.APIURL)
	said.OAuthURL = cmp.Or(set.OAuthURL, said.OAuthURL)
	said.UploadsURL = cmp.Or(set.UploadsURL, said.UploadsURL)
	return said
}

// credentials names the variables that the bot authenticates with.
func (a *assembly) credentials(cfg linear.Config) string {
	switch {
	case cfg.APIKey != "":
		return "LINEAR_API_KEY"
	case cfg.AccessToken != "":
		return "LINEAR_ACCESS_TOKEN"
	case a.values.IsSet("LINEAR_CLIENT_CREDENTIALS_CLIENT_ID") && a.values.IsSet("LINEAR_CLIENT_CREDENTIALS_CLIENT_SECRET"):
		return "LINEAR_CLIENT_CREDENTIALS_CLIENT_ID and LINEAR_CLIENT_CREDENTIALS_CLIENT_SECRET"
	default:
		return "LINEAR_CLIENT_ID and LINEAR_CLIENT_SECRET"
	}
}

// parts returns the errors that err joins.
func parts(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}

// unlessStopped returns err, unless a store was not opened because ctx has ended: that is
// a clean stop.
func unlessStopped(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && errors.Is(err, cause) {
		return nil
	}
	return err
}

// openStore opens the configured store, unless the program provides one, which
// the program then closes itself. It fails with the cause if ctx ends meanwhile.
func (a *assembly) openStore(ctx context.Context) (func() error, error) {
	if a.cfg.Bot.Store != nil {
		return func() error { return nil }, nil
	}
	store, err := openStore(ctx, a.values, a.cfg.Bot.Workers)
	if errors.Is(err, state.ErrLocked) {
		return nil, fmt.Errorf("%w: give this one another directory with --state, or let them share a Redis", err)
	}
	if err != nil {
		return nil, err
	}
	if !store.Durable() {
		a.log.Warn().Msg("LINEARBOT_STATE is memory: what was accepted is lost with the process")
	}
	a.cfg.Bot.Store, a.opened = store, true
	if _, ok := store.(state.MovableClock); a.values.MovableClock && !ok {
		a.problem("LINEARBOT_CLOCK", "needs a store with a clock of its own: a directory, as in LINEARBOT_STATE=file:DIR")
	}
	return store.Close, nil
}

// OpenStore opens the configured store. A directory that cannot be used is a
// *settings.Error; one that another process holds is a failure.
func OpenStore(ctx context.Context, v *settings.Values) (state.Store, error) {
	return openStore(ctx, v, v.Workers)
}

// LookStore opens the configured store to look at it. A file store must be there,
// and is not changed.
func LookStore(ctx context.Context, v *settings.Values) (state.Store, error) {
	return openStoreOptions(ctx, v, stateurl.Options{Workers: v.Workers, ReadOnly: true})
}

// openStore opens the configured store for a number of concurrent turns.
func openStore(ctx context.Context, v *settings.Values, workers int) (state.Store, error) {
	return openStoreOptions(ctx, v, stateurl.Options{MaxEntries: max(v.Backlog, 0), Workers: workers, Ahead: v.Ahead})
}

func openStoreOptions(ctx context.Context, v *settings.Values, opts stateurl.Options) (state.Store, error) {
	store, err := stateurl.OpenContext(ctx, v.State, opts)
	if path, ok := errors.AsType[*fs.PathError](err); ok && !errors.Is(err, state.ErrLocked) && !errors.Is(err, state.ErrFull) {
		return nil, &settings.Error{Problems: []settings.Problem{
			{Name: v.Source("LINEARBOT_STATE"), Reason: "cannot be opened: " + path.Error()},
		}}
	}
	return store, err
}

// newBot creates the bot and has the program register its handlers.
func (a *assembly) newBot(in *installs) *bot.Bot {
	v, c := a.values, &a.cfg.Bot
	choose(v, &c.Name, v.Name, "LINEAR_BOT_USERNAME")
	choose(v, &c.Secret, v.IDSecret, "LINEARBOT_SECRET")
	choose(v, &c.LeaseTTL, v.Lease, "LINEARBOT_LEASE_TTL")
	choose(v, &c.DrainTimeout, v.Drain, "LINEARBOT_DRAIN_TIMEOUT")
	choose(v, &c.Links.BaseURL, v.PublicURL, "LINEARBOT_PUBLIC_URL")
	if c.Links.BaseURL != "" && len(c.Links.Secrets) == 0 {
		c.Links.Secrets = a.cfg.Webhook.Secrets
	}
	if in != nil && c.WorkersPerWorkspace == 0 {
		c.WorkersPerWorkspace = max(1, c.Workers*3/4) // a quarter is for the other workspaces
	}
	c.Logger = a.log
	if c.Adapter == nil && len(a.problems) > 0 {
		return nil // the credentials are among the problems
	}
	b, err := bot.New(*c)
	if err != nil {
		a.problem("", err.Error())
		return nil
	}
	if a.cfg.Register != nil {
		if err := a.cfg.Register(b); err != nil {
			a.problem("", err.Error())
		}
	}
	return b
}

// ready asks the bot whether deliveries can be stored, and says as doctor does why
// not.
func ready(b *bot.Bot) func(context.Context) error {
	return func(ctx context.Context) error {
		err := b.Ready(ctx)
		if err == nil || adapter.CodeOf(err) != adapter.CodeUnavailable {
			return err
		}
		return &webhook.UnreadyError{Reason: doctor.ExplainStore(err).Line(), Err: err}
	}
}

// newServer creates the bot's server.
func (a *assembly) newServer(b *bot.Bot, conn link) *webhook.Server {
	w := a.cfg.Webhook
	w.Acceptor, w.Durable, w.Ready, w.Lag, w.Buttons = a.tickets.acceptor(b), b.Durable(), ready(b), b.Lag, b
	w.Checks = append([]webhook.Check{{Name: a.cfg.Bot.Adapter.Name(), Ready: conn.Ready, Detail: conn.Detail}}, w.Checks...)
	srv, err := webhook.NewServer(w)
	if err != nil {
		a.problem("", err.Error())
	}
	return srv
}

// listenError turns an address that this machine does not have or may not use
// into a configuration problem. An address in use is a failure: it may be free
// later.
func (a *assembly) listenError(err error) error {
	if other, ok := errors.AsType[*addressError](err); ok {
		if errors.Is(other.err, syscall.EADDRINUSE) {
			return fmt.Errorf("%s names an address that another process listens on: %w", other.name, other.err)
		}
		a.problems = append(a.problems, settings.Problem{Name: other.name, Reason: "cannot be listened on: " + other.err.Error()})
		return a.refused()
	}
	op, ok := errors.AsType[*net.OpError](err)
	if !ok || op.Op != "listen" {
		return err
	}
	if errors.Is(err, syscall.EADDRINUSE) {
		return errors.Join(errors.New(a.values.Source("LINEARBOT_ADDR")+" names an address that another process listens on"), err)
	}
	a.problem("LINEARBOT_ADDR", "cannot be listened on: "+op.Err.Error())
	return a.refused()
}
