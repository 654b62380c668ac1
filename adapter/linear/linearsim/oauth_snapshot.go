package linearsim

import (
	"errors"
	"maps"
	"slices"
	"time"
)

// stateOAuth is what the authorization server holds. Access tokens are in
// Snapshot.Tokens.
type stateOAuth struct {
	Clients []stateClient  `json:"clients,omitempty"`
	Codes   []stateCode    `json:"codes,omitempty"`
	Refresh []stateRefresh `json:"refresh,omitempty"`
}

// stateClient is a registered app.
type stateClient struct {
	ClientID          string        `json:"clientId"`
	Secret            string        `json:"secret"`
	Name              string        `json:"name"`
	DisplayName       string        `json:"displayName"`
	RedirectURIs      []string      `json:"redirectUris,omitempty"`
	Webhook           *stateHook    `json:"webhook,omitempty"`
	ClientCredentials bool          `json:"clientCredentials,omitempty"`
	TokenLife         time.Duration `json:"tokenLife"`
	RefreshLife       time.Duration `json:"refreshLife,omitempty"`
	EndOnRefresh      bool          `json:"endOnRefresh,omitempty"`
	OmitExpiry        bool          `json:"omitExpiry,omitempty"`
	ScopeList         bool          `json:"scopeList,omitempty"`
}

// stateHook is a [Webhook] that every installation of an app gets.
type stateHook struct {
	URL           string   `json:"url"`
	Secret        string   `json:"secret"`
	ResourceTypes []string `json:"resourceTypes,omitempty"`
}

func (c *OAuthClient) kept() stateClient {
	a := &c.app
	out := stateClient{
		ClientID: c.ClientID, Secret: c.secret, Name: a.Name, DisplayName: a.DisplayName, RedirectURIs: a.RedirectURIs,
		ClientCredentials: a.ClientCredentials, TokenLife: a.TokenLife, RefreshLife: a.RefreshLife, EndOnRefresh: a.EndOnRefresh,
		OmitExpiry: a.OmitExpiry, ScopeList: a.ScopeList,
	}
	if a.Webhook != nil {
		out.Webhook = &stateHook{a.Webhook.URL, a.Webhook.Secret, a.Webhook.ResourceTypes}
	}
	return out
}

func (c *stateClient) app() OAuthApp {
	out := OAuthApp{
		Name: c.Name, DisplayName: c.DisplayName, RedirectURIs: c.RedirectURIs, ClientCredentials: c.ClientCredentials,
		TokenLife: c.TokenLife, RefreshLife: c.RefreshLife, EndOnRefresh: c.EndOnRefresh, OmitExpiry: c.OmitExpiry, ScopeList: c.ScopeList,
	}
	if c.Webhook != nil {
		out.Webhook = &Webhook{c.Webhook.URL, c.Webhook.Secret, c.Webhook.ResourceTypes}
	}
	return out
}

// stateGrant is for whom and what something was granted. The installation is that
// of the client in the user's workspace.
type stateGrant struct {
	Text    string    `json:"text"`
	Client  string    `json:"client"`
	User    string    `json:"user"`
	Scopes  string    `json:"scopes,omitempty"`
	Expires time.Time `json:"expires,omitzero"`
}

type stateCode struct {
	stateGrant
	Redirect  string `json:"redirect"`
	Challenge string `json:"challenge,omitempty"`
	Method    string `json:"method,omitempty"`
	Used      bool   `json:"used,omitempty"`
}

type stateRefresh struct {
	stateGrant
	PKCE   bool       `json:"pkce,omitempty"`
	Access string     `json:"access"`
	Next   *statePair `json:"next,omitempty"`
	UsedAt time.Time  `json:"usedAt,omitzero"`
}

type statePair struct {
	Access  string    `json:"access"`
	Refresh string    `json:"refresh"`
	Scopes  string    `json:"scopes,omitempty"`
	Expires time.Time `json:"expires"`
}

// errIncompleteGrant says that a state cannot be restored.
var errIncompleteGrant = errors.New("linearsim: a grant of the state refers to a user or an app that it does not hold")

// kept returns the state, in an order that depends on it alone.
func (o *oauth) kept() *stateOAuth {
	out := &stateOAuth{}
	for _, id := range slices.Sorted(maps.Keys(o.clients)) {
		out.Clients = append(out.Clients, o.clients[id].kept())
	}
	for _, text := range slices.Sorted(maps.Keys(o.codes)) {
		c := o.codes[text]
		out.Codes = append(out.Codes, stateCode{
			stateGrant: stateGrant{text, c.client.ClientID, c.user.ID, c.scopes, c.expires},
			Redirect:   c.redirect, Challenge: c.challenge, Method: c.method, Used: c.used,
		})
	}
	for _, text := range slices.Sorted(maps.Keys(o.refresh)) {
		r := o.refresh[text]
		kept := stateRefresh{
			stateGrant: stateGrant{text, r.client.ClientID, r.user.ID, r.scopes, r.expires}, PKCE: r.pkce, Access: r.access, UsedAt: r.usedAt,
		}
		if p := r.next; p != nil {
			kept.Next = &statePair{p.access, p.refresh, p.scopes, p.expires}
		}
		out.Refresh = append(out.Refresh, kept)
	}
	return out
}

// oauth builds the authorization server of a state. Nil if the state has none.
func (b *restorer) oauth(st *stateOAuth) *oauth {
	if st == nil {
		return nil
	}
	o := &oauth{clients: map[string]*OAuthClient{}, codes: map[string]*code{}, refresh: map[string]*refreshToken{}}
	for _, c := range st.Clients {
		o.clients[c.ClientID] = &OAuthClient{ClientID: c.ClientID, srv: b.s, app: c.app(), secret: c.Secret}
	}
	for _, c := range st.Codes {
		user, client, in := b.granted(o, c.stateGrant)
		o.codes[c.Text] = &code{
			client: client, in: in, user: user, scopes: c.Scopes, redirect: c.Redirect, challenge: c.Challenge, method: c.Method,
			expires: c.Expires, used: c.Used,
		}
	}
	for _, r := range st.Refresh {
		user, client, in := b.granted(o, r.stateGrant)
		t := &refreshToken{client: client, in: in, user: user, scopes: r.Scopes, pkce: r.PKCE, expires: r.Expires, access: r.Access, usedAt: r.UsedAt}
		if p := r.Next; p != nil {
			t.next = &pair{p.Access, p.Refresh, p.Scopes, p.Expires}
		}
		o.refresh[r.Text] = t
	}
	return o
}

// granted finds what a grant refers to. It sets the error if something is missing.
func (b *restorer) granted(o *oauth, g stateGrant) (*User, *OAuthClient, *Installation) {
	user, client := lookup[*User](b, "User", g.User), o.clients[g.Client]
	in := b.appOf(user, g.Client)
	if b.err == nil && (user == nil || client == nil || in == nil) {
		b.err = errIncompleteGrant
	}
	return user, client, in
}

// appOf returns the installation of an app in the workspace of a user, or nil.
func (b *restorer) appOf(u *User, client string) *Installation {
	if u == nil || client == "" {
		return nil
	}
	return b.apps[u.ws.ID+"/"+client]
}

// OAuthClient returns a registered app, for example after [Server.Restore], or nil.
func (s *Server) OAuthClient(clientID string) *OAuthClient {
	return read(s, func() *OAuthClient { return s.oauth.clients[clientID] })
}
