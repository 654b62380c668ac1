package workspaces

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/internal/wording"
	"github.com/linearbot/linearbot/state"
)

// Store is the part of a state.Store that installations need.
type Store interface {
	Get(ctx context.Context, k state.Key) ([]byte, error)
	Set(ctx context.Context, k state.Key, v []byte, ttl time.Duration) error
	CompareAndSet(ctx context.Context, k state.Key, old, next []byte, ttl time.Duration) error
	Delete(ctx context.Context, k state.Key) error
}

// The paths of the pages.
const (
	// InstallPath is the page that offers to install the app.
	InstallPath = "/linear/install"
	// CallbackPath is where Linear sends the browser back to, unless
	// Config.RedirectURL says otherwise.
	CallbackPath = "/linear/callback"
	// InstalledPath is the page that says what to do next.
	InstalledPath = "/linear/installed"
)

// Config configures a [Registry]. Its text forms show no secrets.
type Config struct {
	// ClientID and ClientSecret are those of the OAuth app. Required.
	ClientID, ClientSecret string
	// PublicURL is the address under which people reach the pages, for example
	// "https://bot.example.com". Required unless RedirectURL is set.
	PublicURL string
	// RedirectURL is where Linear sends the browser back to; it must be one of
	// the app's redirect URLs, byte for byte. Defaults to PublicURL and
	// CallbackPath.
	RedirectURL string
	// Scopes are what the app asks for. Defaults to read, write,
	// app:assignable and app:mentionable.
	Scopes []string
	// Store keeps the installations. Required. Instances that share it share
	// the installations.
	Store Store
	// Keys encrypt the tokens. Required, unless AllowPlaintext is set.
	Keys *Keys
	// AllowPlaintext stores tokens unencrypted if Keys is unset: anyone
	// who reads the store can then act as the app. Defaults to false.
	AllowPlaintext bool
	// Name is what the pages call the app. Defaults to "the bot".
	Name string
	// AllowedWorkspaces are the ids or URL keys of the workspaces that may install the
	// app. Defaults to all.
	AllowedWorkspaces []string
	// MaxWorkspaces is the most workspaces that may install the app; further
	// ones are turned away with a page. Defaults to 10,000.
	MaxWorkspaces int
	// ParkFor is how long deliveries of a workspace whose login has ended are
	// accepted. After that they are ignored like those of a workspace that has
	// not installed the app. Defaults to 7 days.
	ParkFor time.Duration
	// APIURL, AuthorizeURL, TokenURL and RevokeURL are Linear's addresses.
	// Default to the public ones.
	APIURL, AuthorizeURL, TokenURL, RevokeURL string
	// HTTPClient sends all requests. It is copied, and the copy follows no
	// redirects. Defaults to a client with Go's default transport.
	HTTPClient *http.Client
	// OnInstalled is called by Run, on one instance, after a workspace has
	// installed or reinstalled the app. It is retried until it returns nil, so
	// it may be called more than once; installation identifies the installation.
	// (*bot.Bot).Installed fits. Defaults to nothing.
	OnInstalled func(ctx context.Context, workspace, installation string) error
	// OnInstalledFor is called once after an install that [Registry.Begin] began, with
	// the whom that Begin got. Defaults to nothing.
	OnInstalledFor func(ctx context.Context, workspace, whom string) error
	// OnUninstalled is OnInstalled for workspaces that were disconnected from
	// this side, by [Registry.Disconnect]. If the app was removed in Linear, a delivery
	// says so, which the bot handles. Defaults to nothing.
	OnUninstalled func(ctx context.Context, workspace, installation string) error
	// OnRemoved is called on every instance by the goroutine that learns that the
	// app was removed, once for each installation that this instance used, so that
	// work for the workspace can be canceled. It must be quick.
	// (*bot.Bot).WorkspaceRemoved fits. Defaults to nothing.
	OnRemoved func(workspace string)
	// SweepEvery is how often Run looks at every installation. Defaults to 5
	// minutes.
	SweepEvery time.Duration
	// Signals tells other instances of removals at once. The store is usually one
	// that can. Defaults to none: they learn of a removal with their next call to
	// Linear or their next sweep.
	Signals state.Signaler
	// Logger gets a line for everything that happens to an installation.
	// Defaults to none.
	Logger zerolog.Logger
	// Now is the clock. Defaults to time.Now.
	Now func() time.Time
}

// ConfigFrom reads a Config from an environment, and reports whether
// installations by OAuth are on: LINEAR_REDIRECT_URI is set, or both
// LINEARBOT_PUBLIC_URL and LINEAR_ENCRYPTION_KEY are.
//
//	LINEAR_CLIENT_ID         ClientID
//	LINEAR_CLIENT_SECRET     ClientSecret
//	LINEAR_REDIRECT_URI      RedirectURL
//	LINEARBOT_PUBLIC_URL     PublicURL
//	LINEAR_SCOPES            Scopes, separated by commas or spaces
//	LINEAR_ENCRYPTION_KEY    Keys, separated by commas; the first one encrypts
//	LINEARBOT_PLAINTEXT_TOKENS
//	                         AllowPlaintext, if it is true
//	LINEARBOT_WORKSPACES     Only, separated by commas or spaces
//	LINEAR_API_URL           APIURL
//	LINEAR_OAUTH_URL         the origin of TokenURL and RevokeURL; defaults to that of APIURL
//	LINEAR_AUTHORIZE_URL     AuthorizeURL
//
// lookup returns the value of a variable, or "" if it is not set, as [os.Getenv] does.
// The error is about the form of the keys. Everything else is for [New] to check.
func ConfigFrom(lookup func(name string) string) (cfg Config, on bool, err error) {
	env := func(name string) string { return strings.TrimSpace(lookup(name)) }
	list := func(name string) []string {
		return strings.FieldsFunc(env(name), func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
	}
	cfg = Config{
		ClientID: env("LINEAR_CLIENT_ID"), ClientSecret: env("LINEAR_CLIENT_SECRET"),
		RedirectURL: env("LINEAR_REDIRECT_URI"), PublicURL: env("LINEARBOT_PUBLIC_URL"),
		Scopes: list("LINEAR_SCOPES"), AllowedWorkspaces: list("LINEARBOT_WORKSPACES"),
		AllowPlaintext: isTrue(env("LINEARBOT_PLAINTEXT_TOKENS")),
		APIURL:         env("LINEAR_API_URL"), AuthorizeURL: env("LINEAR_AUTHORIZE_URL"),
	}
	cfg.Keys, err = ParseKeys(env("LINEAR_ENCRYPTION_KEY"))
	base := env("LINEAR_OAUTH_URL")
	if base == "" && cfg.APIURL != "" {
		base = origin(cfg.APIURL)
	}
	if base != "" {
		base = strings.TrimRight(base, "/")
		cfg.TokenURL, cfg.RevokeURL = base+"/oauth/token", base+"/oauth/revoke"
		if cfg.AuthorizeURL == "" && cfg.APIURL != "" { // a Linear of one's own
			cfg.AuthorizeURL = base + "/oauth/authorize"
		}
	}
	on = cfg.RedirectURL != "" || cfg.PublicURL != "" && env("LINEAR_ENCRYPTION_KEY") != ""
	return cfg, on, err
}

func isTrue(text string) bool {
	switch strings.ToLower(text) {
	case "1", "t", "true", "yes", "on":
		return true
	default:
		return false
	}
}

// origin returns scheme and host of an address, "" if it has none.
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// withDefaults returns a copy of c that is complete, or everything that is
// wrong with c.
func (c Config) withDefaults() (Config, error) {
	var problems []error
	problem := func(text string) {
		problems = append(problems, &adapter.Error{Code: adapter.CodeInvalid, Op: "installations", Message: text})
	}
	need := func(ok bool, text string) {
		if !ok {
			problem(text)
		}
	}
	need(c.ClientID != "", "ClientID (LINEAR_CLIENT_ID) is missing: copy it from the OAuth app's settings in Linear")
	need(c.ClientSecret != "", "ClientSecret (LINEAR_CLIENT_SECRET) is missing: copy it from the OAuth app's settings in Linear")
	need(c.Store != nil, "Store is missing")
	need(c.Keys != nil || c.AllowPlaintext, "Keys (LINEAR_ENCRYPTION_KEY) are missing: make one with \"linearbot keys generate\", "+
		"or set AllowPlaintext (LINEARBOT_PLAINTEXT_TOKENS=true) to store tokens as they are")
	need(c.MaxWorkspaces >= 0 && c.ParkFor >= 0 && c.SweepEvery >= 0, "MaxWorkspaces, ParkFor and SweepEvery must not be negative")

	c.PublicURL = strings.TrimRight(c.PublicURL, "/")
	switch {
	case c.PublicURL == "" && c.RedirectURL == "":
		problem("PublicURL (LINEARBOT_PUBLIC_URL) is missing: give the address under which people reach the server, as in https://bot.example.com")
	case c.PublicURL == "":
		c.PublicURL = origin(c.RedirectURL)
	case c.RedirectURL == "":
		c.RedirectURL = c.PublicURL + CallbackPath
	}
	for _, a := range []struct{ name, address string }{
		{"PublicURL (LINEARBOT_PUBLIC_URL)", c.PublicURL}, {"RedirectURL (LINEAR_REDIRECT_URI)", c.RedirectURL},
	} {
		if a.address == "" {
			continue
		}
		if err := linearapi.CheckURL(a.address); err != nil {
			problem(a.name + " " + err.Error() + ": give it as in https://bot.example.com")
		}
	}
	if u, err := url.Parse(c.RedirectURL); err == nil && c.RedirectURL != "" {
		switch {
		case u.Path == "" || u.Path == "/" || u.Path == InstallPath || u.Path == InstalledPath:
			problem("RedirectURL (LINEAR_REDIRECT_URI) needs a path of its own, such as " + CallbackPath)
		case u.RawQuery != "" || u.Fragment != "":
			problem("RedirectURL (LINEAR_REDIRECT_URI) must have no query and no fragment")
		case origin(c.RedirectURL) != origin(c.PublicURL):
			problem("RedirectURL (LINEAR_REDIRECT_URI) and PublicURL (LINEARBOT_PUBLIC_URL) name different hosts: " +
				"the browser that begins on one must come back to the same")
		}
	}
	if len(c.Scopes) == 0 {
		c.Scopes = []string{"read", "write", "app:assignable", "app:mentionable"}
	}
	c.Scopes = slices.Clone(c.Scopes)
	for _, scope := range c.Scopes {
		switch {
		case scope == "admin":
			problem("Scopes (LINEAR_SCOPES) holds admin, which Linear gives to no app user: leave it out")
		case scope == "" || strings.ContainsFunc(scope, func(r rune) bool { return r == ',' || unicode.IsSpace(r) }):
			problem("Scopes (LINEAR_SCOPES) has an entry that is not one scope: give each scope an entry of its own")
		}
	}
	if c.Name == "" {
		c.Name = "the bot"
	}
	if c.MaxWorkspaces == 0 {
		c.MaxWorkspaces = 10_000
	}
	if c.ParkFor == 0 {
		c.ParkFor = 7 * 24 * time.Hour
	}
	if c.SweepEvery == 0 {
		c.SweepEvery = 5 * time.Minute
	}
	if c.AuthorizeURL == "" {
		c.AuthorizeURL = linearapi.DefaultAuthorizeURL
	}
	if c.APIURL == "" {
		c.APIURL = linearapi.DefaultURL
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c, errors.Join(problems...)
}

// String returns what is set, without secrets.
func (c Config) String() string {
	return fmt.Sprintf("OAuth installations of app %s by way of %s, %v", wording.Clip(c.ClientID, 64), origin(c.RedirectURL), c.Keys)
}

// GoString returns the same as String.
func (c Config) GoString() string { return c.String() }

// Format writes the same as String, whatever the verb.
func (c Config) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(c.String())) }

// MarshalJSON returns the same as String.
func (c Config) MarshalJSON() ([]byte, error) { return fmt.Appendf(nil, "%q", c.String()), nil }
