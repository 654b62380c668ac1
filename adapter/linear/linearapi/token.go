package linearapi

import (
	"context"
	"fmt"
	"io"
	"time"
)

// TokenSource returns tokens. Implementations are safe for concurrent use.
type TokenSource interface {
	// Token returns a token that should work now. It may do I/O, within ctx.
	// Its errors have code adapter.CodeUnavailable or adapter.CodeRateLimited
	// if a retry may help, and Unauthenticated if the configuration or the
	// installation has to be fixed.
	Token(ctx context.Context) (Token, error)
	// Invalidate reports that Linear refused t. If the source would return t
	// again and can get another token, the next call of Token does so.
	// Invalidate does no I/O.
	Invalidate(t Token)
}

// TokenKind is how a token is written in the Authorization header.
type TokenKind uint8

// The kinds of token.
const (
	// TokenBearer is an OAuth access token.
	TokenBearer TokenKind = iota
	// TokenRaw is a personal API key, which is sent without a scheme.
	TokenRaw
)

// Token is a secret that authenticates requests to the API. None of its text
// forms shows Value.
type Token struct {
	// Value is the secret itself.
	Value string
	Kind  TokenKind
	// Expires is when the token stops working. Zero if unknown or never.
	Expires time.Time
	// Scopes are what Linear said that the token may do. Nil if unknown.
	Scopes []string
}

// header returns the value of the Authorization header.
func (t Token) header() string {
	if t.Kind == TokenRaw {
		return t.Value
	}
	return "Bearer " + t.Value
}

// String returns a text that does not show the token.
func (t Token) String() string { return redacted }

// GoString returns a text that does not show the token.
func (t Token) GoString() string { return redacted }

// Format writes a text that does not show the token, whatever the verb.
func (t Token) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, redacted) // fmt reports write errors itself
}

// MarshalJSON returns a text that does not show the token.
func (t Token) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// APIKey returns a source of one personal API key, which never expires.
func APIKey(key string) TokenSource {
	return static(func() Token { return Token{Value: key, Kind: TokenRaw} })
}

// AccessToken returns a source of one OAuth access token. It is not renewed.
func AccessToken(token string) TokenSource {
	return static(func() Token { return Token{Value: token, Kind: TokenBearer} })
}

// TokenFunc is a function that returns the token to use now; it may do I/O,
// within its context. It is a stateless [TokenSource]: Invalidate is a no-op.
// After a refusal the function is called once more for each request, in case it
// returns another token.
type TokenFunc func(ctx context.Context) (Token, error)

// Token calls f.
func (f TokenFunc) Token(ctx context.Context) (Token, error) { return f(ctx) }

// Invalidate is a no-op.
func (TokenFunc) Invalidate(Token) {}

// static always returns the same token. It is a function because a function
// does not print what it holds.
type static func() Token

// Token returns the token.
func (s static) Token(context.Context) (Token, error) { return s(), nil }

// Invalidate is a no-op: the source has no other token.
func (static) Invalidate(Token) {}
