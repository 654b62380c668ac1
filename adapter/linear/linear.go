package linear

import (
	"context"
	"slices"
	"sync"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// Adapter connects a bot to Linear. Make one with [New]. It is safe for
// concurrent use.
type Adapter struct {
	// only is the one account, nil if there are many.
	only *account
	many *accounts
	mode Mode
	// scopes are what client credentials ask for. Nil for other ways to
	// authenticate.
	scopes  []string
	roots   *recent[commentKey, string]
	threads *recent[commentKey, Thread]
	// sessions holds the root comments of agent sessions.
	sessions  *recent[commentKey, string]
	directory *directory
	// maxBody is the longest comment, in characters.
	maxBody int
	// uploads is the host of Linear's storage.
	uploads string
	// ownsFile reports whether an address is below it.
	ownsFile func(address string) bool
	// written holds the ids that Linear assigned to what the bot wrote, where
	// it did not accept the bot's own.
	written *recent[commentKey, struct{}]
	// parts holds the comments that long posts were split into.
	parts   *recent[commentKey, *parts]
	secrets secrets
	forms   sync.Pool // of *forms
}

// remembered is the number of comments whose thread the adapter caches.
const remembered = 4096

var (
	_ adapter.Adapter = (*Adapter)(nil)
	_ adapter.Rooter  = (*Adapter)(nil)
)

// New returns an adapter. It does no I/O. The error joins everything that is
// wrong with cfg; each part has code adapter.CodeInvalid, wraps a
// [*ConfigError] and says how to fix it.
func New(cfg Config) (*Adapter, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	transport := linearapi.NewTransport(cfg.Connections)
	open := func(tokens linearapi.TokenSource) (*linearapi.Client, error) {
		return linearapi.New(linearapi.Config{
			URL:        cfg.APIURL,
			Tokens:     tokens,
			HTTPClient: cfg.HTTPClient,
			Transport:  transport,
			Observe:    cfg.Observe,
			UploadsURL: cfg.UploadsURL,
		})
	}
	var only *account
	var many *accounts
	if cfg.Installations != nil {
		many = &accounts{from: cfg.Installations, open: open, all: make(map[string]*account)}
	} else {
		api, err := open(cfg.tokens(transport))
		if err != nil {
			return nil, err
		}
		only = &account{api: api, app: cfg.APIKey == "" && cfg.AccessToken == "" && cfg.Token == nil}
	}
	var scopes []string
	if only != nil && only.app {
		scopes = cfg.Scopes
	}
	return &Adapter{
		scopes:  scopes,
		only:    only,
		many:    many,
		written: newRecent[commentKey, struct{}](remembered),
		parts:   newRecent[commentKey, *parts](remembered),
		mode:    cfg.Mode,
		roots:   newRecent[commentKey, string](remembered),
		threads: newRecent[commentKey, Thread](remembered),

		sessions:  newRecent[commentKey, string](remembered),
		directory: newDirectory(),
		maxBody:   cfg.MaxBody,
		uploads:   host(cfg.UploadsURL),
		ownsFile:  func(address string) bool { return linearapi.OwnsFile(cfg.UploadsURL, address) },
	}, nil
}

// Scopes returns the scopes that the app's token is requested with: nil unless
// the adapter uses client credentials.
func (a *Adapter) Scopes() []string { return slices.Clone(a.scopes) }

// CloseIdleConnections closes the connections that no request uses. The adapter
// stays usable. A program that is about to exit need not call it; one that
// makes several adapters uses it to release their connections.
func (a *Adapter) CloseIdleConnections() {
	if a.many != nil {
		a.many.closeIdleConnections()
		return
	}
	a.only.api.CloseIdleConnections()
}

// Name returns "linear".
func (a *Adapter) Name() string { return "linear" }

// Route returns where a delivery belongs. For a session of which the delivery has
// no more than the id, that is what other deliveries said of it, if they came this
// way, so that a prompt waits for the turn before it.
func (a *Adapter) Route(d *adapter.Delivery) (adapter.Route, error) {
	f := a.takeForms()
	r, err := f.route(d)
	a.giveForms(f)
	if err != nil || r.Ignore != "" {
		return r, err
	}
	r.Ignore = a.mode.ignores(&r)
	if r.Type == typeSession && r.Ignore == "" {
		if t, err := ParseThreadID(r.Thread); err == nil && t.Kind == ParentWorkspace {
			if known, ok := a.threads.get(commentKey{r.Workspace, t.SessionID}); ok {
				r.Thread = known.ID()
			}
		}
	}
	return r, nil
}

// Decode turns a delivery into an event. self may be nil; then no message
// counts as the bot's own.
func (a *Adapter) Decode(d *adapter.Delivery, self *adapter.Identity) (adapter.Event, error) {
	f := a.takeForms()
	ev, err := f.decode(d, self, a.own(self))
	a.giveForms(f)
	if err == nil {
		a.attach(ev)
		a.noteSession(ev)
	}
	return ev, err
}

// Channel returns the thread of the issue, or of whatever else the thread is
// attached to.
func (a *Adapter) Channel(id adapter.ThreadID) (adapter.ThreadID, error) {
	t, err := ParseThreadID(id)
	if err != nil {
		return "", err
	}
	return t.Channel(), nil
}

// API returns the client that acts in a workspace, for operations that the
// adapter does not offer. Its errors are those of Identity.
func (a *Adapter) API(ctx context.Context, workspace string) (*linearapi.Client, error) {
	if _, err := a.Identity(ctx, workspace); err != nil {
		return nil, err
	}
	acc, err := a.account(workspace)
	if err != nil {
		return nil, err
	}
	return acc.api, nil
}

// account returns the account that acts in a workspace. It does not check that
// the account belongs there; Identity does.
func (a *Adapter) account(workspace string) (*account, error) {
	if a.many != nil {
		return a.many.account(workspace)
	}
	return a.only, nil
}
