package linearapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
	"golang.org/x/sync/singleflight"

	"github.com/linearbot/linearbot/adapter"
)

// DefaultTokenURL is the address of Linear's token endpoint.
const DefaultTokenURL = "https://api.linear.app/oauth/token" //nolint:gosec // an address, not a secret

const (
	// tokenTimeout bounds one request for a token.
	tokenTimeout = 30 * time.Second
	// renewPause is the minimum time between two attempts to renew a token that
	// is still valid.
	renewPause = time.Minute
	// maxDropped is how many refused tokens are replaced within dropPeriod.
	maxDropped = 3
	dropPeriod = time.Minute
)

// ClientCredentialsConfig configures [ClientCredentials]. Its text forms do
// not show the secret.
type ClientCredentialsConfig struct {
	// ClientID and ClientSecret are those of the OAuth app. Required.
	ClientID, ClientSecret string
	// Scopes are what the token may do. Requesting scopes that differ from
	// those of the app's other tokens makes Linear revoke the others. Defaults
	// to [DefaultScopes] of a plain app.
	Scopes []string
	// TokenURL is the address of the token endpoint. Defaults to
	// [DefaultTokenURL].
	TokenURL string
	// HTTPClient sends the requests. It is copied, and the copy follows no
	// redirects. Defaults to a client with Go's default transport.
	HTTPClient *http.Client
}

// String returns a text that does not show the secret.
func (c ClientCredentialsConfig) String() string {
	return "client credentials of " + brief(c.ClientID, 100) + ", secret " + redacted
}

// GoString returns a text that does not show the secret.
func (c ClientCredentialsConfig) GoString() string { return c.String() }

// Format writes a text that does not show the secret, whatever the verb.
func (c ClientCredentialsConfig) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(c.String())) }

// MarshalJSON returns a text that does not show the secret.
func (c ClientCredentialsConfig) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }

// DefaultScopes returns the default scopes of a bot: read, write,
// comments:create and issues:create. An agent also has app:mentionable and
// app:assignable, without which Linear stops offering it in mentions and as a
// delegate, starting with the next token.
func DefaultScopes(agent bool) []string {
	scopes := []string{"read", "write", "comments:create", "issues:create"}
	if agent {
		scopes = append(scopes, "app:mentionable", "app:assignable")
	}
	return scopes
}

// ClientCredentials returns a source of tokens that act as the OAuth app
// itself in the app's own workspace.
//
// The first call of Token fetches a token and later calls share it. When 5 % of
// its lifetime is left, or an hour (but at most a quarter of its lifetime),
// calls still get it while one request in the background, bounded by 30 s,
// fetches the next. Callers wait only if the token has expired or was
// invalidated; all of them wait for the same request, which outlives a caller
// whose context ends. Failures are not cached, except that a failed early
// renewal is retried after a minute at the earliest.
func ClientCredentials(cfg ClientCredentialsConfig) TokenSource {
	id, secret := cfg.ClientID, cfg.ClientSecret
	conf := clientcredentials.Config{
		ClientID:     id,
		ClientSecret: secret,
		TokenURL:     orDefault(cfg.TokenURL, DefaultTokenURL),
		AuthStyle:    oauth2.AuthStyleInParams,
	}
	scopes := cfg.Scopes
	if len(scopes) == 0 {
		scopes = DefaultScopes(false)
	}
	// Linear separates scopes by commas, the OAuth package by spaces.
	conf.Scopes = []string{strings.Join(scopes, ",")}
	client := withoutRedirects(cfg.HTTPClient)
	client.Transport = &agent{next: client.Transport}

	s := &credentials{}
	s.fetch = func(ctx context.Context) (Token, error) {
		if id == "" || secret == "" {
			return Token{}, tokenError(adapter.CodeUnauthenticated, "client id or client secret is missing", nil)
		}
		if err := CheckURL(conf.TokenURL); err != nil {
			return Token{}, tokenError(adapter.CodeUnauthenticated, "the address of the token endpoint "+err.Error(), nil)
		}
		t, err := conf.Token(context.WithValue(ctx, oauth2.HTTPClient, client))
		if err != nil {
			return Token{}, explainOAuth(err, secret)
		}
		return Token{Value: t.AccessToken, Kind: TokenBearer, Expires: t.Expiry, Scopes: grantedScopes(t)}, nil
	}
	return s
}

// credentials is the source that ClientCredentials returns.
type credentials struct {
	// fetch asks for a new token. It is a function because a function does
	// not print what it holds.
	fetch  func(context.Context) (Token, error)
	flight singleflight.Group

	mu      sync.Mutex
	current static    // nil before the first and after Invalidate
	renewAt time.Time // when current should be renewed; zero for never
	// dropped is how many tokens were dropped since dropping.
	dropped  int
	dropping time.Time
}

// Token returns the current token, or fetches one.
func (s *credentials) Token(ctx context.Context) (Token, error) {
	token, ok, stale := s.usable(time.Now())
	if ok && !stale {
		return token, nil
	}
	if err := ctx.Err(); err != nil {
		return Token{}, tokenError(adapter.CodeCanceled, "", err)
	}
	flight := s.flight.DoChan("token", func() (any, error) { return s.renew(context.WithoutCancel(ctx)) })
	if ok {
		return token, nil
	}
	select {
	case r := <-flight:
		if r.Err != nil {
			return Token{}, r.Err
		}
		token, ok := r.Val.(Token)
		if !ok {
			return Token{}, tokenError(adapter.CodeUnknown, "not a token", nil)
		}
		return token, nil
	case <-ctx.Done():
		return Token{}, tokenError(adapter.CodeCanceled, "", ctx.Err())
	}
}

// Invalidate drops the current token if it is t. If new tokens are refused
// repeatedly, expiry is not the reason: then the last one is kept for a while.
func (s *credentials) Invalidate(t Token) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == nil || s.current().Value != t.Value {
		return
	}
	if now := time.Now(); now.Sub(s.dropping) >= dropPeriod {
		s.dropping, s.dropped = now, 0
	}
	if s.dropped < maxDropped {
		s.dropped++
		s.current = nil
	}
}

// usable returns the current token, whether it is valid and whether it should
// be renewed.
func (s *credentials) usable(now time.Time) (token Token, ok, stale bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == nil {
		return Token{}, false, true
	}
	token = s.current()
	if !token.Expires.IsZero() && !now.Before(token.Expires) {
		return Token{}, false, true
	}
	return token, true, !s.renewAt.IsZero() && !now.Before(s.renewAt)
}

// renew fetches a token, unless another call has just done so.
func (s *credentials) renew(ctx context.Context) (Token, error) {
	if token, ok, stale := s.usable(time.Now()); ok && !stale {
		return token, nil
	}
	ctx, cancel := context.WithTimeout(ctx, tokenTimeout)
	defer cancel()
	token, err := s.fetch(ctx)

	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if err != nil {
		s.renewAt = now.Add(renewPause)
		return Token{}, err
	}
	s.current, s.renewAt = func() Token { return token }, time.Time{}
	if !token.Expires.IsZero() {
		life := token.Expires.Sub(now)
		s.renewAt = token.Expires.Add(-min(max(life/20, time.Hour), life/4))
	}
	return token, nil
}

// explainOAuth classifies the error of a token request. Of the answer it uses
// only error and error_description.
func explainOAuth(err error, secret string) error { return explainOAuthOf(err, secret) }

func explainOAuthOf(err error, secrets ...string) *adapter.Error {
	refused, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok {
		if errors.Is(err, context.DeadlineExceeded) {
			return tokenError(adapter.CodeUnavailable, "the token endpoint did not answer within "+tokenTimeout.String(), nil)
		}
		if _, ok := errors.AsType[*url.Error](err); ok {
			return tokenError(adapter.CodeUnavailable, "the token endpoint cannot be reached", networkCause(err, secrets...))
		}
		// Other errors may quote the answer, which may hold a token.
		return tokenError(adapter.CodeUnavailable, "the answer of the token endpoint cannot be read", nil)
	}
	status, header := 0, http.Header(nil)
	if refused.Response != nil {
		status, header = refused.Response.StatusCode, refused.Response.Header
	}
	said := describe(refused, secrets...)
	lower := strings.ToLower(said)
	var e *adapter.Error
	switch {
	case status == http.StatusTooManyRequests:
		e = tokenError(adapter.CodeRateLimited, "too many requests for tokens ("+said+")", nil)
	case status >= 500:
		e = tokenError(adapter.CodeUnavailable, "the token endpoint failed ("+said+")", nil)
	case strings.Contains(lower, "client_credentials") || refused.ErrorCode == "unauthorized_client":
		e = tokenError(adapter.CodeUnauthenticated,
			"the OAuth app may not use client credentials ("+said+"): enable client credentials in the app's settings in Linear", nil)
	case refused.ErrorCode == "invalid_client" || status == http.StatusUnauthorized:
		e = tokenError(adapter.CodeUnauthenticated,
			"Linear refused the client id or the client secret ("+said+"): copy both again from the app's settings in Linear", nil)
	case refused.ErrorCode == "invalid_scope":
		e = tokenError(adapter.CodeUnauthenticated, "Linear refused the scopes ("+said+"): change the scopes", nil)
	case refused.ErrorCode == "" && status >= 300:
		e = tokenError(adapter.CodeUnavailable, "the address does not answer in OAuth ("+said+"): check the OAuth URL", nil)
	default:
		e = tokenError(adapter.CodeUnauthenticated, "Linear gave no token ("+said+"): check the OAuth app's settings in Linear", nil)
	}
	if e.Code == adapter.CodeRateLimited || e.Code == adapter.CodeUnavailable {
		e.RetryAfter = retryAfter(header, time.Now())
	}
	return e
}

// describe returns what the token endpoint said, fit for an error.
func describe(refused *oauth2.RetrieveError, secrets ...string) string {
	said := strings.TrimSpace(refused.ErrorCode + ": " + refused.ErrorDescription)
	said = strings.Trim(said, ": ")
	said = brief(mask(said, secrets...), maxMessage)
	if said == "" && refused.Response != nil {
		said = fmt.Sprintf("HTTP %d", refused.Response.StatusCode)
	}
	return said
}

func tokenError(code adapter.Code, message string, cause error) *adapter.Error {
	return &adapter.Error{Code: code, Op: "token", Message: message, Err: cause}
}

// agent adds the User-Agent header to the OAuth package's requests.
type agent struct{ next http.RoundTripper }

// RoundTrip sends a copy of req.
func (a *agent) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("User-Agent", "linearbot/"+version())
	if a.next == nil {
		return http.DefaultTransport.RoundTrip(req)
	}
	return a.next.RoundTrip(req)
}
