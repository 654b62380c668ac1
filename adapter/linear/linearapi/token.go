package linearapi

import (
	"context"
	"fmt"
	"io"
	"time"
)

// TokenSource gives tokens. Implementations are safe for concurrent use.
type TokenSource interface {
	// Token returns a token that should work now. It may do I/O, within ctx.
	// Its errors have code adapter.CodeUnavailable or adapter.CodeRateLimited if trying again may
	// help, and Unauthenticated if somebody has to change something.
	Token(ctx context.Context) (Token, error)
	// Invalidate says that Linear refused t. If the source would give t
	// again and can get another one, the next Token does. It does no I/O.
	Invalidate(t Token)
}

// TokenKind says how a token is written in the Authorization header.
type TokenKind uint8

// The kinds of token.
const (
	// TokenBearer is an OAuth access token.
	TokenBearer TokenKind = iota
	// TokenRaw is a personal API key, which stands alone in the header.
	TokenRaw
)

// Token is a secret that opens the API. None of its text forms shows Value.
type Token struct {
	// Value is the secret itself.
	Value string
	Kind  TokenKind
	// Expires is when the token stops working. Zero if unknown or never.
	Expires time.Time
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

// AccessToken returns a source of one OAuth access token. When it expires,
// there is no other.
func AccessToken(token string) TokenSource {
	return static(func() Token { return Token{Value: token, Kind: TokenBearer} })
}

// TokenFunc is a function that returns the token to use now; it may do I/O,
// within its context. It is a [TokenSource] without a memory: Invalidate does
// nothing, and a function that returns another token after a refusal is asked
// once more for each request.
type TokenFunc func(ctx context.Context) (Token, error)

// Token calls f.
func (f TokenFunc) Token(ctx context.Context) (Token, error) { return f(ctx) }

// Invalidate does nothing.
func (TokenFunc) Invalidate(Token) {}

// static gives always the same token. It is a function because a function
// does not print what it holds.
type static func() Token

// Token returns the token.
func (s static) Token(context.Context) (Token, error) { return s(), nil }

// Invalidate does nothing: there is no other token.
func (static) Invalidate(Token) {}
