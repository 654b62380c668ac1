package workspaces

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/internal/wording"
)

// Registry knows which workspaces have installed the app. Make one with [New].
// It is safe for concurrent use.
type Registry struct {
	cfg   Config
	oauth *linearapi.OAuth
	log   zerolog.Logger
	pages *pages
	wake  chan string // workspaces that Run should look at soon
	// missed says that Run should look at all workspaces soon.
	missed chan struct{}

	// leaseTTL is how long a refresh may take before another process tries.
	leaseTTL time.Duration
	// poll is how often a process looks whether another one has refreshed.
	poll time.Duration

	mu     sync.Mutex
	logins map[string]*login
	counts map[string]int64
	// statuses are those of the installations, as this process last saw them.
	statuses map[string]Status
	hot      map[string]time.Time
	// flights is how many refreshes are under way; calm, if not nil, is closed
	// when there are none.
	flights int
	calm    chan struct{}
}

// maxLogins is how many workspaces are cached. Evicted ones are read again.
const maxLogins = 20_000

// New checks cfg, fills in defaults and returns a Registry. It does no I/O. The
// error joins everything that is wrong with cfg; each part has code adapter.CodeInvalid.
func New(cfg Config) (*Registry, error) {
	r, err := open(cfg)
	if err == nil && cfg.Keys == nil {
		r.log.Warn().Msg("tokens are stored as they are: set LINEAR_ENCRYPTION_KEY to encrypt them")
	}
	return r, err
}

// unused stands for what tools do not need.
const (
	unused    = "unused"
	unusedURL = "https://unused.invalid"
)

// Manage returns a Registry for tools that look after installations and install
// none: only Config.Store is required. Without Keys, encrypted tokens stay as they
// are and cannot be revoked, and Import needs AllowPlaintext.
func Manage(cfg Config) (*Registry, error) {
	if cfg.ClientID == "" {
		cfg.ClientID = unused
	}
	if cfg.ClientSecret == "" {
		cfg.ClientSecret = unused
	}
	if cfg.PublicURL == "" && cfg.RedirectURL == "" {
		cfg.PublicURL = unusedURL
	}
	plaintext := cfg.AllowPlaintext
	cfg.AllowPlaintext = true // only Import stores tokens of its own
	r, err := open(cfg)
	if err == nil {
		r.cfg.AllowPlaintext = plaintext
	}
	return r, err
}

func open(cfg Config) (*Registry, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	oauth, err := linearapi.NewOAuth(linearapi.OAuthConfig{
		ClientID: cfg.ClientID, ClientSecret: cfg.ClientSecret, HTTPClient: cfg.HTTPClient,
		AuthorizeURL: cfg.AuthorizeURL, TokenURL: cfg.TokenURL, RevokeURL: cfg.RevokeURL,
	})
	if err != nil {
		return nil, err
	}
	r := &Registry{
		cfg: cfg, oauth: oauth, log: cfg.Logger,
		wake: make(chan string, 64), missed: make(chan struct{}, 1), leaseTTL: time.Minute, poll: 200 * time.Millisecond,
		logins: make(map[string]*login), counts: make(map[string]int64), statuses: make(map[string]Status), hot: make(map[string]time.Time),
	}
	if r.pages, err = newPages(r); err != nil {
		return nil, err
	}
	return r, nil
}

// String returns what is set, without secrets.
func (r *Registry) String() string { return r.cfg.String() }

// GoString returns the same as String.
func (r *Registry) GoString() string { return r.String() }

// Format writes the same as String, whatever the verb.
func (r *Registry) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(r.String())) }

// InstallURL returns the address of the page that offers to install the app, or
// only its path if the Registry of a tool does not know the host.
func (r *Registry) InstallURL() string {
	if r.cfg.PublicURL == unusedURL {
		return InstallPath
	}
	return r.cfg.PublicURL + InstallPath
}

// Tokens returns the source of a workspace's tokens. It does no I/O. The source's
// errors have code adapter.CodeForbidden and wrap [adapter.ErrNotInstalled] if the
// app is not installed there, Unauthenticated if the login has ended and an admin
// has to reinstall the app, and adapter.CodeUnavailable or adapter.CodeRateLimited
// if a retry may succeed.
func (r *Registry) Tokens(workspace string) linearapi.TokenSource { return r.login(workspace) }

// Installed returns a word that names the installation of a workspace and
// changes when the app is installed again. Its errors are those of Tokens. It
// reads the store if what it knows is older than 15 s.
func (r *Registry) Installed(ctx context.Context, workspace string) (string, error) {
	s, err := r.login(workspace).look(ctx)
	if err != nil {
		return "", err
	}
	if err := r.usable(workspace, s); err != nil {
		return "", err
	}
	return s.rec.Installation, nil
}

// usable returns an error that says why the bot cannot act in a workspace.
func (r *Registry) usable(workspace string, s *snapshot) error {
	switch {
	case s == nil || !s.rec.login():
		return notInstalled(workspace)
	case s.rec.Status == StatusNeedsReauth:
		since := r.cfg.Now().Sub(s.rec.ChangedAt)
		if since > r.cfg.ParkFor {
			return notInstalled(workspace)
		}
		return &adapter.Error{
			Code: adapter.CodeUnauthenticated, Op: "token", RetryAfter: min(max(since/10, 5*time.Second), time.Minute),
			Message: "the login of workspace " + workspace + " has ended (" + s.rec.Why + "): an admin has to install the app again at " + r.InstallURL(),
		}
	default:
		return nil
	}
}

func notInstalled(workspace string) error {
	return &adapter.Error{
		Code: adapter.CodeForbidden, Op: "token", Message: "workspace " + wording.Clip(workspace, 64), Err: adapter.ErrNotInstalled,
	}
}

// login returns what is known of a workspace's login.
func (r *Registry) login(workspace string) *login {
	r.mu.Lock()
	defer r.mu.Unlock()
	l, ok := r.logins[workspace]
	if !ok {
		if len(r.logins) >= maxLogins {
			for old, l := range r.logins {
				if l.idle() {
					delete(r.logins, old)
					break
				}
			}
		}
		l = &login{reg: r, org: workspace}
		r.logins[workspace] = l
	}
	return l
}

func (r *Registry) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.flights++
}

func (r *Registry) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.flights--; r.flights == 0 && r.calm != nil {
		close(r.calm)
		r.calm = nil
	}
}

// landed is closed when no refresh is under way.
func (r *Registry) landed() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.flights == 0 {
		calm := make(chan struct{})
		close(calm)
		return calm
	}
	if r.calm == nil {
		r.calm = make(chan struct{})
	}
	return r.calm
}

// poke makes Run look at a workspace soon. If that is too much to remember, Run
// looks at all of them.
func (r *Registry) poke(workspace string) {
	select {
	case r.wake <- workspace:
	default:
		r.miss()
	}
}

// reauthError reports whether err says that the app has to be installed again.
func reauthError(err error) bool { return errors.Is(err, linearapi.ErrGrantDead) }
