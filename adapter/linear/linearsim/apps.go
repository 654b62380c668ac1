package linearsim

import (
	"cmp"
	"strings"
)

// App describes an OAuth app to install.
type App struct {
	// Name is the app's name. Defaults to "App".
	Name string
	// DisplayName is what people write after "@". Defaults to the name in
	// lower case with hyphens.
	DisplayName string
	// ClientCredentials allows the client_credentials grant.
	ClientCredentials bool
	// Scopes of tokens from [Installation.Token]. Defaults to read, write,
	// app:assignable and app:mentionable.
	Scopes []string
	// Webhook is where the app receives events. Nil means nowhere.
	Webhook *Webhook
}

// Installation is an app that was installed as an app user (actor=app).
type Installation struct {
	ClientID     string // 32 hexadecimal digits
	ClientSecret string
	User         *User // mail address <uuid>@oauthapp.linear.app

	ws     *Workspace
	app    App
	scopes []string // of the latest token
	hook   *Registration
	closed bool
}

// appNames returns the names of an app, of which either may be left out.
func appNames(name, display string) (string, string) {
	name = cmp.Or(name, "App")
	return name, cmp.Or(display, slug(name))
}

// InstallApp installs an app in the workspace. Each call makes a new OAuth
// client.
func (w *Workspace) InstallApp(app App) *Installation {
	s := w.srv
	s.mu.Lock()
	defer s.unlock()
	app.Name, app.DisplayName = appNames(app.Name, app.DisplayName)
	if app.Scopes == nil {
		app.Scopes = []string{"read", "write", "app:assignable", "app:mentionable"}
	}
	in := &Installation{
		ClientID:     strings.ReplaceAll(s.newID(), "-", ""),
		ClientSecret: s.secret(16),
		User: w.addUser(&User{
			ID: s.newID(), Name: app.Name, DisplayName: app.DisplayName,
			Email: s.newID() + "@oauthapp.linear.app", App: true,
		}),
		ws: w, app: app, scopes: app.Scopes,
	}
	w.apps = append(w.apps, in)
	if app.Webhook != nil {
		in.hook = w.register(*app.Webhook, in)
	}
	return in
}

// Token returns an access token that is valid for 24 hours after it is made. It
// returns the same token until that expires or is revoked.
func (in *Installation) Token() string {
	s := in.ws.srv
	s.mu.Lock()
	defer s.unlock()
	now := s.now()
	for text, t := range s.tokens {
		if t.app == in && t.handed && now.Before(t.expires) {
			return text
		}
	}
	return s.grant(&token{
		user: in.User, app: in, scopes: scopeSet(strings.Join(in.app.Scopes, ",")), expires: now.Add(tokenLife), handed: true,
	})
}

// RevokeTokens revokes every token of the app: the next request with an access
// token is answered 401, and refresh tokens are rejected.
func (in *Installation) RevokeTokens() {
	s := in.ws.srv
	s.mu.Lock()
	defer s.unlock()
	s.revoke(in)
}

// Uninstall revokes every token, sends the OAuthApp revoked event and ends the
// app's webhook. The app user and what it wrote stay.
func (in *Installation) Uninstall() {
	s := in.ws.srv
	s.mu.Lock()
	defer s.unlock()
	if in.closed {
		return
	}
	in.closed = true
	s.revoke(in)
	s.emit(in.ws, event{
		action: "revoked", typ: "OAuthApp", only: in, always: true, at: s.now(),
		own: map[string]any{"oauthClientId": in.ClientID},
	})
	if in.hook != nil {
		in.hook.enabled = false
	}
}

// SetWebhook gives the app another webhook and returns it. The earlier one
// gets no further events.
func (in *Installation) SetWebhook(h Webhook) *Registration { return in.setWebhook(h, true) }

func (in *Installation) setWebhook(h Webhook, enabled bool) *Registration {
	s := in.ws.srv
	s.mu.Lock()
	defer s.unlock()
	if in.hook != nil {
		in.hook.enabled = false
	}
	in.hook = in.ws.register(h, in)
	in.hook.enabled = enabled
	return in.hook
}

// Webhook returns the app's webhook, or nil.
func (in *Installation) Webhook() *Registration {
	return read(in.ws.srv, func() *Registration { return in.hook })
}

func (s *Server) revoke(in *Installation) {
	s.oauth.forget(in)
	for text, t := range s.tokens {
		if t.app == in {
			delete(s.tokens, text)
		}
	}
}
