package linear

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// Installations are the workspaces that have installed the app.
// *workspaces.Registry is one. It is safe for concurrent use. If the bot is not
// installed in a workspace, the error has code adapter.CodeForbidden and wraps
// [adapter.ErrNotInstalled]; if an admin has to install it again, the code is
// Unauthenticated.
type Installations interface {
	// Tokens returns the source of a workspace's tokens. It does no I/O.
	Tokens(workspace string) linearapi.TokenSource
	// Installed returns an opaque string that identifies the installation of a
	// workspace. It changes when the app is installed again.
	Installed(ctx context.Context, workspace string) (string, error)
	// Arrived records that a delivery has arrived, and returns why it is to be
	// ignored, or "" if it is not.
	Arrived(ctx context.Context, workspace string) (ignore string, err error)
	// Revoked records that Linear reported, at that time, that a workspace
	// removed the app.
	Revoked(ctx context.Context, workspace, clientID string, at time.Time) error
}

// AuthKind is a way to authenticate.
type AuthKind string

// The ways to authenticate.
const (
	AuthAPIKey            AuthKind = "API key"
	AuthAccessToken       AuthKind = "access token"
	AuthToken             AuthKind = "token function"
	AuthClientCredentials AuthKind = "client credentials"
	AuthInstallations     AuthKind = "OAuth installations"
)

// Auth is the way that a Config authenticates.
type Auth struct {
	Kind AuthKind
	// From are the fields, with their environment variables, that select it.
	From []string
}

// String returns one line for a log: the kind and what selected it. It shows no
// secrets.
func (a Auth) String() string { return string(a.Kind) + ", from " + strings.Join(a.From, " and ") }

// Auth returns the way that c authenticates. The error has code
// adapter.CodeInvalid unless exactly one way is set.
func (c Config) Auth() (Auth, error) {
	const (
		id  = "ClientID (LINEAR_CLIENT_ID)"
		pwd = "ClientSecret (LINEAR_CLIENT_SECRET)"
	)
	var ways []Auth
	add := func(on bool, kind AuthKind, from ...string) {
		if on {
			ways = append(ways, Auth{kind, from})
		}
	}
	add(c.APIKey != "", AuthAPIKey, "APIKey (LINEAR_API_KEY)")
	add(c.AccessToken != "", AuthAccessToken, "AccessToken (LINEAR_ACCESS_TOKEN)")
	add(c.Token != nil, AuthToken, "Token")
	add(c.Installations != nil, AuthInstallations, "Installations ("+cmp.Or(c.InstallationsFrom, "LINEAR_REDIRECT_URI, or LINEARBOT_PUBLIC_URL with LINEAR_ENCRYPTION_KEY")+")")
	add(c.Installations == nil && (c.ClientID != "" || c.ClientSecret != ""), AuthClientCredentials, id, pwd)

	invalid := func(field, variable, reason string) error {
		return &adapter.Error{
			Code: adapter.CodeInvalid, Op: "linear", Err: &ConfigError{Field: field, Variable: variable, Reason: reason},
		}
	}
	switch {
	case len(ways) == 0:
		return Auth{}, invalid("", "", "LINEAR_CLIENT_ID and LINEAR_CLIENT_SECRET are missing: set both, or LINEAR_ACCESS_TOKEN, or LINEAR_API_KEY")
	case len(ways) > 1:
		return Auth{}, invalid("", "", strings.Join(ways[0].From, " and ")+" contradicts "+strings.Join(ways[1].From, " and ")+
			": the bot can act in one way only, so unset one of them")
	case ways[0].Kind == AuthClientCredentials && c.ClientID == "":
		return Auth{}, invalid("ClientID", cmp.Or(c.missing, "LINEAR_CLIENT_ID"), "is missing beside the secret: copy it from the OAuth app's settings in Linear")
	case ways[0].Kind == AuthClientCredentials && c.ClientSecret == "":
		return Auth{}, invalid("ClientSecret", cmp.Or(c.missing, "LINEAR_CLIENT_SECRET"), "is missing beside the id: copy it from the OAuth app's settings in Linear")
	}
	return ways[0], nil
}
