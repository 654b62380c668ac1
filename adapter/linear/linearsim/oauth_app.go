package linearsim

import (
	"strings"
	"time"
)

// OAuthApp describes an OAuth app that any workspace can install through the
// authorize page.
type OAuthApp struct {
	// Name is the app's name. Defaults to "App".
	Name string
	// DisplayName is what people write after "@". Defaults to the name in
	// lower case with hyphens.
	DisplayName string
	// RedirectURIs are where the authorize page may send people back to. They
	// are compared byte for byte.
	RedirectURIs []string
	// Webhook is where every workspace that installs the app sends its events,
	// with one secret for all. Nil means nowhere.
	Webhook *Webhook
	// ClientCredentials allows the client_credentials grant, in the workspace
	// that installed the app first.
	ClientCredentials bool
	// TokenLife is the lifetime of access tokens. Defaults to 24 h.
	TokenLife time.Duration
	// RefreshLife is the lifetime of a refresh token. Linear does not document
	// one. Defaults to 0: they do not expire.
	RefreshLife time.Duration
	// EndOnRefresh makes a refresh revoke the access token that it replaces.
	// Linear does not document its behavior. Defaults to false.
	EndOnRefresh bool
	// OmitExpiry leaves expires_in out of answers.
	OmitExpiry bool
	// ScopeList sends scope as a JSON array, as apps from before December 2023
	// get it.
	ScopeList bool
}

// OAuthClient is a registered [OAuthApp].
type OAuthClient struct {
	ClientID string // 32 hexadecimal digits

	srv    *Server
	app    OAuthApp
	secret string
}

// RegisterApp registers an OAuth app, which no workspace has installed yet.
func (s *Server) RegisterApp(app OAuthApp) *OAuthClient {
	s.mu.Lock()
	defer s.unlock()
	app.Name, app.DisplayName = appNames(app.Name, app.DisplayName)
	if app.TokenLife <= 0 {
		app.TokenLife = tokenLife
	}
	if app.Webhook != nil {
		hook := *app.Webhook
		if hook.Secret == "" {
			hook.Secret = "lin_wh_" + s.secret(16)
		}
		app.Webhook = &hook
	}
	c := &OAuthClient{ClientID: strings.ReplaceAll(s.newID(), "-", ""), srv: s, app: app, secret: s.secret(16)}
	s.oauth.clients[c.ClientID] = c
	return c
}

// ClientSecret returns the client secret.
func (c *OAuthClient) ClientSecret() string { return read(c.srv, func() string { return c.secret }) }

// RotateSecret gives the app another client secret. The old one stops working
// at once, and client-credentials tokens with it.
func (c *OAuthClient) RotateSecret() {
	c.srv.mu.Lock()
	defer c.srv.unlock()
	c.secret = c.srv.secret(16)
	for _, w := range c.srv.workspaces {
		in := c.installed(w)
		if in == nil {
			continue
		}
		in.ClientSecret = c.secret
		for text, t := range c.srv.tokens {
			if t.app == in && t.credentials {
				delete(c.srv.tokens, text)
			}
		}
	}
}

// Installation returns the app's installation in a workspace, or nil if it is
// not installed there.
func (c *OAuthClient) Installation(w *Workspace) *Installation {
	return read(c.srv, func() *Installation { return c.installed(w) })
}

func (c *OAuthClient) installed(w *Workspace) *Installation {
	for _, in := range w.apps {
		if in.ClientID == c.ClientID && !in.closed {
			return in
		}
	}
	return nil
}

// install installs the app in a workspace. Installing it again brings back the
// app user that it had.
func (c *OAuthClient) install(w *Workspace) *Installation {
	s := c.srv
	if in := c.installed(w); in != nil {
		return in
	}
	for _, in := range w.apps {
		if in.ClientID == c.ClientID {
			in.closed, in.ClientSecret = false, c.secret
			if in.hook != nil {
				in.hook.enabled = true
			}
			return in
		}
	}
	in := &Installation{
		ClientID: c.ClientID, ClientSecret: c.secret,
		User: w.addUser(&User{
			ID: s.newID(), Name: c.app.Name, DisplayName: c.app.DisplayName,
			Email: s.newID() + "@oauthapp.linear.app", App: true,
		}),
		ws: w, app: App{
			Name: c.app.Name, DisplayName: c.app.DisplayName, ClientCredentials: c.app.ClientCredentials,
			Scopes: []string{"read", "write", "app:assignable", "app:mentionable"},
		},
	}
	w.apps = append(w.apps, in)
	if c.app.Webhook != nil {
		in.hook = w.register(*c.app.Webhook, in)
	}
	return in
}

// ExpireRefreshTokens ends every refresh token of the installation. Access
// tokens keep working until they expire.
func (in *Installation) ExpireRefreshTokens() {
	s := in.ws.srv
	s.mu.Lock()
	defer s.unlock()
	s.oauth.forget(in)
}

// ChangeAccess sends the PermissionChange event, which says that the app user can see
// the added teams and no longer the removed ones. The simulator does not limit what the
// app can see.
func (in *Installation) ChangeAccess(allPublic bool, added, removed []*Team) {
	s := in.ws.srv
	s.mu.Lock()
	defer s.unlock()
	ids := func(teams []*Team) []string {
		out := make([]string, len(teams))
		for i, t := range teams {
			out[i] = t.ID
		}
		return out
	}
	s.emit(in.ws, event{
		action: "teamAccessChanged", typ: "PermissionChange", only: in, always: true, at: s.now(),
		own: map[string]any{
			"oauthClientId": in.ClientID, "appUserId": in.User.ID, "canAccessAllPublicTeams": allPublic,
			"addedTeamIds": ids(added), "removedTeamIds": ids(removed),
		},
	})
}

// RevokeEndpoint is the [Fault.Operation] of the OAuth revocation endpoint.
const RevokeEndpoint = "oauth/revoke"
