package linearapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/linearbot/linearbot/adapter"
)

// The addresses of Linear's OAuth endpoints, besides [DefaultTokenURL].
const (
	DefaultAuthorizeURL = "https://linear.app/oauth/authorize"
	DefaultRevokeURL    = "https://api.linear.app/oauth/revoke"
)

var (
	// ErrGrantDead says that a refresh token or an authorization code is no
	// longer valid: the app has to be installed again.
	ErrGrantDead = errors.New("linearapi: the grant has ended")
	// ErrClientRefused says that Linear refused the client id or the client
	// secret. It says nothing about any grant.
	ErrClientRefused = errors.New("linearapi: client id or client secret refused")
	// ErrNotRevoked says that the token to revoke is unknown to Linear; most
	// likely it was revoked before.
	ErrNotRevoked = errors.New("linearapi: the token is unknown or was revoked before")
)

// OAuthConfig configures an [OAuth]. Its text forms do not show the secret.
type OAuthConfig struct {
	// ClientID and ClientSecret are those of the OAuth app. Required.
	ClientID, ClientSecret string
	// AuthorizeURL, TokenURL and RevokeURL are the addresses of the endpoints.
	// Default to [DefaultAuthorizeURL], [DefaultTokenURL] and
	// [DefaultRevokeURL].
	AuthorizeURL, TokenURL, RevokeURL string
	// HTTPClient sends the requests. It is copied, and the copy follows no
	// redirects. Defaults to a client with Go's default transport.
	HTTPClient *http.Client
}

// String returns a text that does not show the secret.
func (c OAuthConfig) String() string {
	return "OAuth app " + brief(c.ClientID, 100) + ", secret " + redacted
}

// GoString returns a text that does not show the secret.
func (c OAuthConfig) GoString() string { return c.String() }

// Format writes a text that does not show the secret, whatever the verb.
func (c OAuthConfig) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(c.String())) }

// MarshalJSON returns a text that does not show the secret.
func (c OAuthConfig) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }

// OAuth calls Linear's OAuth endpoints on behalf of one app. Make one with
// [NewOAuth]. It holds no tokens and is safe for concurrent use. Every method
// sends one request, bounded by 30 s. Errors are *adapter.Error and quote only
// the error and error_description of an answer.
type OAuth struct {
	conf   oauth2.Config
	revoke string
	client *http.Client
}

// NewOAuth returns an OAuth. It does no I/O. Its errors have code
// adapter.CodeInvalid and list everything that is wrong with cfg.
func NewOAuth(cfg OAuthConfig) (*OAuth, error) {
	o := &OAuth{
		conf: oauth2.Config{
			ClientID: cfg.ClientID, ClientSecret: cfg.ClientSecret,
			Endpoint: oauth2.Endpoint{
				AuthURL:   orDefault(cfg.AuthorizeURL, DefaultAuthorizeURL),
				TokenURL:  orDefault(cfg.TokenURL, DefaultTokenURL),
				AuthStyle: oauth2.AuthStyleInParams,
			},
		},
		revoke: orDefault(cfg.RevokeURL, DefaultRevokeURL),
		client: withoutRedirects(cfg.HTTPClient),
	}
	o.client.Transport = &agent{next: o.client.Transport}
	var problems []error
	problem := func(text string) {
		problems = append(problems, &adapter.Error{Code: adapter.CodeInvalid, Op: "oauth", Message: text})
	}
	if cfg.ClientID == "" {
		problem("ClientID is missing: copy it from the OAuth app's settings in Linear")
	}
	if cfg.ClientSecret == "" {
		problem("ClientSecret is missing: copy it from the OAuth app's settings in Linear")
	}
	for name, address := range map[string]string{
		"AuthorizeURL": o.conf.Endpoint.AuthURL, "TokenURL": o.conf.Endpoint.TokenURL, "RevokeURL": o.revoke,
	} {
		if err := CheckURL(address); err != nil {
			problem(name + " " + err.Error())
		}
	}
	return o, errors.Join(problems...)
}

// Grant is what the token endpoint issues. None of its text forms shows a
// token.
type Grant struct {
	Access, Refresh string
	// Expires is when Access stops working. Zero if Linear did not say.
	Expires time.Time
	// Scopes are what Linear granted. Nil if it did not say.
	Scopes []string
}

// String returns a text that does not show the tokens.
func (g Grant) String() string { return redacted }

// GoString returns a text that does not show the tokens.
func (g Grant) GoString() string { return redacted }

// Format writes a text that does not show the tokens, whatever the verb.
func (g Grant) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalJSON returns a text that does not show the tokens.
func (g Grant) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// GenerateVerifier returns a fresh PKCE verifier.
func GenerateVerifier() string { return oauth2.GenerateVerifier() }

// AuthorizeRequest is a request to the authorize page.
type AuthorizeRequest struct {
	Redirect string
	Scopes   []string
	State    string
	// Verifier is the PKCE verifier; its challenge (S256) is sent.
	Verifier string
	// Consent shows the page even to people who have agreed before, and lets
	// them choose another workspace.
	Consent bool
}

// AuthorizeURL returns the address that installs the app as an app user
// (actor=app).
func (o *OAuth) AuthorizeURL(r AuthorizeRequest) string {
	conf := o.conf
	conf.RedirectURL, conf.Scopes = r.Redirect, []string{strings.Join(r.Scopes, ",")} // Linear separates by commas
	opts := []oauth2.AuthCodeOption{oauth2.SetAuthURLParam("actor", "app"), oauth2.S256ChallengeOption(r.Verifier)}
	if r.Consent {
		opts = append(opts, oauth2.SetAuthURLParam("prompt", "consent"))
	}
	return conf.AuthCodeURL(r.State, opts...)
}

// Exchange exchanges an authorization code for tokens. If the code was used,
// has expired or was never issued, the error wraps [ErrGrantDead].
func (o *OAuth) Exchange(ctx context.Context, code, redirect, verifier string) (Grant, error) {
	conf := o.conf
	conf.RedirectURL = redirect
	return o.ask(ctx, "exchange", func(ctx context.Context) (*oauth2.Token, error) {
		return conf.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	}, code, verifier)
}

// Refresh exchanges a refresh token for the next pair. Linear answers a
// repeated request with the same pair for 30 minutes; after that the old token
// is invalid and the error wraps [ErrGrantDead]. If Linear issues no new
// refresh token, the old one is returned.
func (o *OAuth) Refresh(ctx context.Context, refresh string) (Grant, error) {
	return o.ask(ctx, "refresh", func(ctx context.Context) (*oauth2.Token, error) {
		return o.conf.TokenSource(ctx, &oauth2.Token{RefreshToken: refresh}).Token()
	}, refresh)
}

// ask sends one request to the token endpoint.
func (o *OAuth) ask(ctx context.Context, op string, send func(context.Context) (*oauth2.Token, error), secrets ...string) (Grant, error) {
	if err := ctx.Err(); err != nil {
		return Grant{}, &adapter.Error{Code: adapter.CodeCanceled, Op: op, Err: err}
	}
	limited, cancel := context.WithTimeout(ctx, tokenTimeout)
	defer cancel()
	t, err := send(context.WithValue(limited, oauth2.HTTPClient, o.client))
	switch {
	case ctx.Err() != nil && err != nil:
		return Grant{}, &adapter.Error{Code: adapter.CodeCanceled, Op: op, Err: ctx.Err()}
	case err != nil:
		return Grant{}, explainGrant(op, err, append(secrets, o.conf.ClientSecret)...)
	case t.AccessToken == "":
		return Grant{}, &adapter.Error{Code: adapter.CodeUnavailable, Op: op, Message: "the answer of the token endpoint holds no token"}
	}
	return Grant{Access: t.AccessToken, Refresh: t.RefreshToken, Expires: t.Expiry, Scopes: grantedScopes(t)}, nil
}

// grantedScopes reads the scopes of a new token. Nil if Linear did not say.
func grantedScopes(t *oauth2.Token) []string {
	var scopes []string
	switch scope := t.Extra("scope").(type) {
	case string:
		scopes = strings.FieldsFunc(scope, func(r rune) bool { return r == ' ' || r == ',' })
	case []any: // apps from before December 2023
		for _, s := range scope {
			if text, ok := s.(string); ok {
				scopes = append(scopes, text)
			}
		}
	}
	return scopes
}

// explainGrant classifies the error of a grant.
func explainGrant(op string, err error, secrets ...string) error {
	refused, ok := errors.AsType[*oauth2.RetrieveError](err)
	e := explainOAuthOf(err, secrets...)
	e.Op = op
	if !ok || e.Code != adapter.CodeUnauthenticated {
		return e
	}
	said := strings.ToLower(refused.ErrorDescription)
	status := 0
	if refused.Response != nil {
		status = refused.Response.StatusCode
	}
	what := "the refresh token"
	if op == "exchange" {
		what = "the code"
	}
	switch {
	case refused.ErrorCode == "invalid_client", status == http.StatusUnauthorized && refused.ErrorCode != "invalid_grant":
		e.Err = ErrClientRefused
	case refused.ErrorCode == "invalid_grant", refused.ErrorCode == "invalid_request" && strings.Contains(said, "refresh token"):
		e.Message = "Linear refused " + what + " (" + describe(refused, secrets...) + "): install the app again"
		e.Err = ErrGrantDead
	}
	return e
}

// Revoke revokes a token. A nil error means that Linear has revoked it; an
// error that wraps [ErrNotRevoked] means that Linear does not know it (any
// longer). On code adapter.CodeUnavailable or adapter.CodeRateLimited, retry.
func (o *OAuth) Revoke(ctx context.Context, token, hint string) error {
	if err := ctx.Err(); err != nil {
		return &adapter.Error{Code: adapter.CodeCanceled, Op: "revoke", Err: err}
	}
	limited, cancel := context.WithTimeout(ctx, tokenTimeout)
	defer cancel()
	form := url.Values{"token": {token}, "token_type_hint": {hint}}
	req, err := http.NewRequestWithContext(limited, http.MethodPost, o.revoke, strings.NewReader(form.Encode()))
	if err != nil {
		return &adapter.Error{Code: adapter.CodeInvalid, Op: "revoke", Message: "the address of the endpoint cannot be used"}
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := o.client.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return &adapter.Error{Code: adapter.CodeCanceled, Op: "revoke", Err: ctx.Err()}
		}
		return &adapter.Error{Code: adapter.CodeUnavailable, Op: "revoke", Message: "Linear cannot be reached", Err: networkCause(err, token)}
	}
	defer resp.Body.Close() //nolint:errcheck // it was read or is of no use
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10)
	e := &adapter.Error{Op: "revoke", Message: fmt.Sprintf("HTTP %d", resp.StatusCode), RetryAfter: retryAfter(resp.Header, time.Now())}
	switch resp.StatusCode {
	case http.StatusOK:
		return nil
	case http.StatusTooManyRequests:
		e.Code = adapter.CodeRateLimited
	case http.StatusBadRequest:
		e.Code, e.Err = adapter.CodeNotFound, ErrNotRevoked
	case http.StatusUnauthorized:
		// Linear answers this for tokens that are no longer valid.
		e.Code, e.Err = adapter.CodeUnauthenticated, ErrNotRevoked
	default:
		e.Code = adapter.CodeUnavailable
	}
	return e
}
