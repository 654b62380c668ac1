package linearsim

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"strings"
	"time"
)

// replayWindow is how long a repeated request with a used refresh token gets the
// same pair again.
const replayWindow = 30 * time.Minute

// refreshToken is a refresh token. It gives one pair.
type refreshToken struct {
	client  *OAuthClient
	in      *Installation
	user    *User
	scopes  string
	pkce    bool
	expires time.Time // zero: never
	// access is the access token that was granted with it.
	access string
	// next is the pair that it gave at usedAt.
	next   *pair
	usedAt time.Time
}

// pair is an access token with its refresh token.
type pair struct {
	access, refresh string
	scopes          string
	expires         time.Time
}

// forget revokes the refresh tokens of an installation.
func (o *oauth) forget(in *Installation) {
	for text, r := range o.refresh {
		if r.in == in {
			delete(o.refresh, text)
		}
	}
}

// grantAnswer answers the grants of people: authorization_code and
// refresh_token. ok is false for other grants.
func (s *Server) grantAnswer(r *http.Request) (status int, answer any, ok bool) {
	switch r.PostForm.Get("grant_type") {
	case "authorization_code":
		status, answer = s.exchangeCode(r)
	case "refresh_token":
		status, answer = s.refreshPair(r)
	default:
		return 0, nil, false
	}
	return status, answer, true
}

// oauthClient authenticates a registered app. proven is false if
// the secret is missing; a wrong one gives nil.
func (s *Server) oauthClient(r *http.Request) (c *OAuthClient, proven bool) {
	id, password := clientCredentials(r)
	c = s.oauth.clients[id]
	switch {
	case c == nil:
		return nil, false
	case password == "":
		return c, false
	case subtle.ConstantTimeCompare([]byte(password), []byte(c.secret)) != 1:
		return nil, false
	default:
		return c, true
	}
}

func (s *Server) exchangeCode(r *http.Request) (int, any) {
	client, proven := s.oauthClient(r)
	if client == nil {
		return http.StatusUnauthorized, oauthError{"invalid_client", "Client authentication failed"}
	}
	c := s.oauth.codes[r.PostForm.Get("code")]
	switch {
	case c == nil || c.client != client || c.used || !s.now().Before(c.expires) || c.in.closed:
		return http.StatusBadRequest, oauthError{"invalid_grant", "Invalid authorization code"}
	case c.redirect != r.PostForm.Get("redirect_uri"):
		return http.StatusBadRequest, oauthError{"invalid_grant", "Redirect URI mismatch"}
	case c.challenge == "" && !proven:
		return http.StatusUnauthorized, oauthError{"invalid_client", "Client authentication failed"}
	case c.challenge != "" && !c.proves(r.PostForm.Get("code_verifier")):
		return http.StatusBadRequest, oauthError{"invalid_grant", "Invalid code verifier"}
	}
	c.used = true
	for _, t := range s.tokens { // several client-credentials tokens live side by side only without other grants
		if t.app == c.in && t.credentials {
			s.endCredentials(c.in)
			break
		}
	}
	p := s.newPair(client, c.in, c.user, c.scopes, c.challenge != "")
	return http.StatusOK, s.pairAnswer(client, p)
}

// proves reports whether a verifier belongs to the code's challenge.
func (c *code) proves(verifier string) bool {
	if c.method != "plain" && c.method != "" {
		sum := sha256.Sum256([]byte(verifier))
		verifier = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return subtle.ConstantTimeCompare([]byte(verifier), []byte(c.challenge)) == 1
}

func (s *Server) refreshPair(r *http.Request) (int, any) {
	client, proven := s.oauthClient(r)
	if client == nil {
		return http.StatusUnauthorized, oauthError{"invalid_client", "Client authentication failed"}
	}
	now := s.now()
	t := s.oauth.refresh[r.PostForm.Get("refresh_token")]
	switch {
	case t == nil || t.client != client || t.in.closed:
		return http.StatusBadRequest, oauthError{"invalid_grant", "Refresh token is invalid or expired"}
	case !t.pkce && !proven:
		return http.StatusUnauthorized, oauthError{"invalid_client", "Client authentication failed"}
	case t.next != nil && now.Sub(t.usedAt) < replayWindow:
		return http.StatusOK, s.pairAnswer(client, t.next)
	case t.next != nil || !t.expires.IsZero() && !now.Before(t.expires):
		return http.StatusBadRequest, oauthError{"invalid_request", "Refresh token expired"}
	}
	t.next, t.usedAt = s.newPair(client, t.in, t.user, t.scopes, t.pkce), now
	if client.app.EndOnRefresh {
		delete(s.tokens, t.access)
	}
	return http.StatusOK, s.pairAnswer(client, t.next)
}

func (s *Server) newPair(client *OAuthClient, in *Installation, user *User, scopes string, pkce bool) *pair {
	now := s.now()
	p := &pair{refresh: "lin_refresh_" + s.secret(32), scopes: scopes, expires: now.Add(client.app.TokenLife)}
	in.scopes = strings.Fields(scopes)
	p.access = s.grant(&token{user: user, app: in, scopes: scopes, expires: p.expires})
	t := &refreshToken{client: client, in: in, user: user, scopes: scopes, pkce: pkce, access: p.access}
	if client.app.RefreshLife > 0 {
		t.expires = now.Add(client.app.RefreshLife)
	}
	s.oauth.refresh[p.refresh] = t
	return p
}

func (s *Server) pairAnswer(client *OAuthClient, p *pair) map[string]any {
	out := map[string]any{
		"access_token": p.access, "token_type": "Bearer", "refresh_token": p.refresh, "scope": p.scopes,
	}
	if !client.app.OmitExpiry {
		out["expires_in"] = max(0, int(p.expires.Sub(s.now()).Seconds())-1)
	}
	if client.app.ScopeList {
		out["scope"] = strings.Fields(p.scopes)
	}
	return out
}

// endCredentials ends the client-credentials tokens of an installation.
func (s *Server) endCredentials(in *Installation) {
	for text, t := range s.tokens {
		if t.app == in && t.credentials {
			delete(s.tokens, text)
		}
	}
}

// revokeGrant revokes an access token or a refresh token. It reports false for an
// unknown or already revoked token.
func (s *Server) revokeGrant(text string) bool {
	if t, ok := s.tokens[text]; ok && !t.key {
		delete(s.tokens, text)
		return true
	}
	if t, ok := s.oauth.refresh[text]; ok {
		delete(s.oauth.refresh, text)
		delete(s.tokens, t.access)
		return true
	}
	return false
}
