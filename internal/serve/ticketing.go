package serve

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/adapter/linear/workspaces"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/stateurl"
	"github.com/linearbot/linearbot/ticketing"
	"github.com/linearbot/linearbot/webhook"
)

// tickets is the ticketing API alongside the bot. Nil if it is disabled.
type tickets struct {
	api   *ticketing.API
	store state.Store
	// alone says that no other process can open the store meanwhile.
	alone bool
	log   zerolog.Logger
}

// ticketTime bounds a request of the API. It is less than the server's own
// timeout, so that a slow Linear leads to an answer and not to a closed
// connection.
const ticketTime = 15 * time.Second

// openTicketing creates the API and opens its store, if LINEARBOT_TICKETING
// enables it. A plain bot opens no second store.
func (a *assembly) openTicketing(ctx context.Context, in *installs) (*tickets, error) {
	if !a.values.Ticketing {
		a.warnOfIdleTicketing()
		return nil, nil //nolint:nilnil // a disabled API is not an error
	}
	lin, ok := a.cfg.Bot.Adapter.(*linear.Adapter)
	if !ok {
		a.problem("LINEARBOT_TICKETING", "is set, but the bot acts in "+a.cfg.Bot.Adapter.Name()+": the ticketing API needs Linear")
	}
	cfg, err := ticketing.ConfigFrom(a.values.Lookup)
	if err != nil {
		for _, err := range parts(err) {
			a.problem("", err.Error())
		}
	}
	address := ticketing.StateFrom(a.values.Lookup)
	if sameStore(address, a.values.State) {
		a.problem("LINEARBOT_TICKETING_STATE", "names the store of the bot, which would take the API's work: give another directory or database")
	}
	if err := a.refused(); err != nil {
		return nil, err
	}
	store, err := stateurl.OpenContext(ctx, address, stateurl.Options{MaxEntries: max(a.values.Backlog, 0)})
	if path, ok := errors.AsType[*fs.PathError](err); ok && !errors.Is(err, state.ErrLocked) && !errors.Is(err, state.ErrFull) {
		a.problem("LINEARBOT_TICKETING_STATE", "cannot be opened: "+path.Error())
		return nil, a.refused()
	}
	if err != nil {
		return nil, fmt.Errorf("the store of the ticketing API: %w", err)
	}
	cfg.Connections, cfg.Store, cfg.Logger, cfg.Timeout = acting{lin}, store, a.log, ticketTime
	if in != nil {
		cfg.Connections = &installed{linear: lin, reg: in.reg}
	}
	cfg.PublicURL = a.values.PublicURL
	api, err := ticketing.New(cfg)
	if err != nil {
		a.problem("", err.Error())
		return nil, errors.Join(a.refused(), store.Close())
	}
	if in != nil {
		in.installedFor = api.Connected
	}
	t := &tickets{api: api, store: store, alone: !strings.HasPrefix(address, "redis"), log: a.log}
	t.mount(&a.cfg.Webhook, a.metrics.Ticketing(api), strings.TrimRight(cfg.Prefix, "/"), a.values.PublicURL)
	return t, nil
}

// warnOfIdleTicketing warns about variables of an API that is disabled.
func (a *assembly) warnOfIdleTicketing() {
	a.values.Each(func(name, _ string) {
		for _, part := range []string{"LINEARBOT_TICKETING_", "LINEARBOT_HELPDESK_", "LINEARBOT_CHATWOOT_"} {
			if strings.HasPrefix(name, part) && name != "LINEARBOT_TICKETING_STATE" { // the command tokens reads that one
				a.log.Warn().Msg(name + " has no effect: set LINEARBOT_TICKETING=true to serve the ticketing API")
			}
		}
	})
}

// sameStore reports whether two addresses lead to the same store, as far as the
// addresses can tell.
func sameStore(a, b string) bool {
	plain := func(address string) string {
		if dir, ok := strings.CutPrefix(address, "file:"); ok {
			if full, err := filepath.Abs(strings.TrimPrefix(dir, "//")); err == nil {
				return "file:" + full
			}
		}
		address, prefix, _ := strings.Cut(address, "?") // stores in one database differ by it
		if prefix == "prefix=linearbot" {
			prefix = "" // the default
		}
		return strings.TrimSuffix(strings.TrimSuffix(address, "/0"), "/") + "?" + prefix
	}
	return plain(a) == plain(b)
}

// mount adds the API to the server, and the log line with its address.
func (t *tickets) mount(w *webhook.Config, api http.Handler, prefix, public string) {
	pages := map[string]http.Handler{prefix + "/": api}
	maps.Copy(pages, w.Pages)
	w.Pages = pages
	onListen(w, public, func(base string) {
		t.log.Info().Msg("ticketing API at " + base + prefix + ", documented at " + base + prefix + "/docs")
	})
}

// onListen has the server say where something is as soon as it listens. base is the
// public address, or else one that works on this machine.
func onListen(w *webhook.Config, public string, say func(base string)) {
	told := w.OnListen
	w.OnListen = func(addr net.Addr) {
		base := strings.TrimRight(public, "/")
		if base == "" {
			base = "http://" + local(addr)
		}
		say(base)
		if told != nil {
			told(addr)
		}
	}
}

// local returns the host and port at which this machine reaches addr.
func local(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return addr.String()
	}
	return net.JoinHostPort("localhost", strconv.Itoa(tcp.Port))
}

// acceptor returns the receiver of deliveries: the bot, and the API if it is
// enabled.
func (t *tickets) acceptor(b *bot.Bot) webhook.Acceptor {
	if t == nil {
		return b
	}
	return t.api.Also(b)
}

// beside returns the runners, with that of the API if it is enabled.
func (t *tickets) beside(runners ...webhook.Runner) []webhook.Runner {
	if t == nil {
		return runners
	}
	return append(runners, t)
}

// Run processes the queue of the API until ctx ends.
func (t *tickets) Run(ctx context.Context) error {
	if all, err := t.api.Tokens().List(ctx); err == nil && len(all) == 0 {
		do := "run linearbot tokens create NAME --role admin"
		if t.alone {
			do = "stop the server and " + do
		}
		t.log.Warn().Msg("no token opens the ticketing API: " + do)
	}
	return t.api.Run(ctx)
}

// close closes the store of the API, if it is enabled.
func (t *tickets) close() error {
	if t == nil {
		return nil
	}
	return t.store.Close()
}

// acting is the workspace that the adapter acts in, as a connection of the API.
// They share a client, and therefore the request budget.
type acting struct{ linear *linear.Adapter }

// Connections returns the workspace. It asks Linear until an attempt has
// succeeded.
func (a acting) Connections(ctx context.Context) ([]ticketing.Connection, error) {
	self, err := a.linear.Identity(ctx, "")
	if err != nil {
		return nil, err
	}
	client, err := a.linear.API(ctx, "")
	if err != nil {
		return nil, err
	}
	// The address of a profile begins with the workspace: linear.app/acme/profiles/…
	key := ""
	if u, err := url.Parse(self.ProfileURL); err == nil {
		key, _, _ = strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	}
	return []ticketing.Connection{{ID: self.Workspace, Key: key, Client: client, AppActor: self.App, Scopes: a.linear.Scopes()}}, nil
}

// installed are the workspaces that have installed the app, as connections of
// the API.
type installed struct {
	linear interface {
		API(ctx context.Context, workspace string) (*linearapi.Client, error)
	}
	reg interface {
		List(ctx context.Context) ([]workspaces.Workspace, error)
		Disconnect(ctx context.Context, workspace, why string) (workspaces.DisconnectResult, error)
		Refresh(ctx context.Context, workspace string) error
		Begin(w http.ResponseWriter, r *http.Request, whom string)
	}

	mu   sync.Mutex
	idle map[string]*linearapi.Client
}

// Connections returns the workspaces that have the app. One in which it cannot
// act now stays: without it, a request that names none would go to another.
func (i *installed) Connections(ctx context.Context) ([]ticketing.Connection, error) {
	all, err := i.reg.List(ctx)
	if err != nil {
		return nil, err
	}
	var conns []ticketing.Connection
	for _, w := range all {
		if w.Status != workspaces.StatusActive && w.Status != workspaces.StatusNeedsReauth && w.Status != workspaces.StatusUnreadable {
			continue
		}
		conn := ticketing.Connection{
			ID: w.ID, Key: w.URLKey, AppActor: true, Scopes: w.Scopes, TokenExpires: w.Expires, TokenRefreshed: w.RefreshedAt,
			CreatedAt: w.InstalledAt, ChangedAt: w.ChangedAt, Problem: cmp.Or(w.Problem, w.Why),
		}
		conn.Client, err = i.linear.API(ctx, w.ID)
		switch {
		case w.Problem != "":
			conn.Status = "disabled" // until its key is back
		case w.Status == workspaces.StatusNeedsReauth, adapter.CodeOf(err) == adapter.CodeUnauthenticated:
			conn.Status = "needs_reauth"
		}
		if err != nil {
			if conn.Client, err = i.idler(w.ID); err != nil {
				return nil, err
			}
		}
		conns = append(conns, conn)
	}
	return conns, nil
}

// idler returns the client of a workspace in which the app cannot act: it
// answers every request with the reason.
func (i *installed) idler(workspace string) (*linearapi.Client, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if c, ok := i.idle[workspace]; ok {
		return c, nil
	}
	c, err := linearapi.New(linearapi.Config{
		MaxAttempts: 1,
		Tokens: linearapi.TokenFunc(func(ctx context.Context) (linearapi.Token, error) {
			_, err := i.linear.API(ctx, workspace)
			if err == nil { // the next request gets the client that works
				err = &adapter.Error{Code: adapter.CodeUnavailable, Op: "ticketing", Message: "the workspace is back just now"}
			}
			return linearapi.Token{}, err
		}),
	})
	if err != nil {
		return nil, err
	}
	if i.idle == nil {
		i.idle = make(map[string]*linearapi.Client)
	}
	i.idle[workspace] = c
	return c, nil
}

// Connect begins an installation for an account of the helpdesk.
func (i *installed) Connect(w http.ResponseWriter, r *http.Request, account string) {
	i.reg.Begin(w, r, account)
}

// Refresh replaces the tokens of an installation.
func (i *installed) Refresh(ctx context.Context, id string) error { return i.reg.Refresh(ctx, id) }

// Disconnect ends an installation, for the bot as well.
func (i *installed) Disconnect(ctx context.Context, id string) (revoked bool, warning string, err error) {
	bye, err := i.reg.Disconnect(ctx, id, "disconnected through the ticketing API")
	if err == nil && !bye.Revoked {
		warning = "Linear did not confirm; it is asked again until " + bye.Until.UTC().Format(time.RFC3339) +
			". After that, remove the app in Linear"
	}
	return bye.Revoked, warning, err
}
