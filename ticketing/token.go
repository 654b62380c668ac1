package ticketing

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/linearbot/linearbot/state"
)

// Role is what a token allows at most.
type Role string

// The roles, from the weakest to the strongest.
const (
	// RoleRead reads.
	RoleRead Role = "read"
	// RoleAgent works on tickets, comments, attachments and conversations.
	RoleAgent Role = "agent"
	// RoleAdmin also changes teams, collections, statuses, tags, settings,
	// connections, subscriptions and tokens, and writes through the proxy.
	RoleAdmin Role = "admin"
)

func (r Role) rank() int { return slices.Index([]Role{RoleRead, RoleAgent, RoleAdmin}, r) }

// Token is an API token without its secret.
type Token struct {
	// ID is made by Create.
	ID string `json:"id"`
	// Name is the person or program that has the token, as activities show it: 1 to
	// 200 bytes.
	Name string `json:"name"`
	// Role is what the token allows at most.
	Role Role `json:"role"`
	// Scopes narrow the role: "tickets:read", "comments:write", "links:*". write
	// includes read. Empty means all that the role allows.
	Scopes []string `json:"scopes,omitempty"`
	// Connections are the ids of the connections that the token may use.
	// Empty means all.
	Connections []string `json:"connections,omitempty"`
	// Accounts are the accounts of the helpdesk that the token may use. Empty
	// means all.
	Accounts []string `json:"accounts,omitempty"`
	// AvatarURL is the picture beside what is created with the token. May be empty.
	AvatarURL string `json:"avatar_url,omitempty"`
	// CreatedAt is set by Create, to the second.
	CreatedAt time.Time `json:"created_at"`
	// ExpiresAt is zero for a token that does not expire.
	ExpiresAt time.Time `json:"expires_at,omitzero"`
}

// stored is a token as it is kept: the secret is hashed.
type stored struct {
	Token
	Hash string `json:"hash"`
}

// ErrNoToken is returned by [Tokens.Revoke] if there is no token with the id.
var ErrNoToken = errors.New("ticketing: no such token")

// errSpec begins the errors about what a token is to be.
var errSpec = errors.New("a token")

// maxTokens bounds how many tokens a store holds.
const maxTokens = 1000

// Tokens keeps the tokens of the API. Secrets are shown once, when a token is
// made, and stored as SHA-256 hashes; they are random, so a slow hash would add
// nothing. Safe for concurrent use, also by several processes if the store is. Every
// method waits for the store and returns its errors.
type Tokens struct {
	docs documents
	now  func() time.Time
}

// NewTokens returns the tokens in the store of an [API], for programs that manage them
// beside it. It does no I/O.
func NewTokens(values state.Values) *Tokens { return &Tokens{documents{values}, time.Now} }

func tokenKey(id string) state.Key { return state.Key{Kind: "ticketing.token", ID: id} }
func tokenList() state.Key         { return state.Key{Kind: "ticketing.tokens", ID: "all"} }

// Create makes a token from spec, whose Name and Role are required, and returns it with
// its secret, "lbt_…", which cannot be read again. ID and CreatedAt of spec are ignored.
// It fails if spec is invalid or the store has 1000 tokens already.
func (t *Tokens) Create(ctx context.Context, spec Token) (tok Token, secret string, err error) {
	return t.create(ctx, spec, hex.EncodeToString(random(6)))
}

// create is Create with the id of the token. Creating an id again replaces its
// secret.
func (t *Tokens) create(ctx context.Context, spec Token, id string) (tok Token, secret string, err error) {
	if strings.TrimSpace(spec.Name) == "" || len(spec.Name) > 200 {
		return Token{}, "", fmt.Errorf("%w needs a name of at most 200 bytes", errSpec)
	}
	if spec.Role.rank() < 0 {
		return Token{}, "", fmt.Errorf("%w needs the role read, agent or admin, not %q", errSpec, spec.Role)
	}
	resources := scopeResources()
	for _, s := range spec.Scopes {
		resource, action, ok := strings.Cut(s, ":")
		if ok && resource != "" && !slices.Contains(resources, resource) {
			return Token{}, "", fmt.Errorf("%w has no scope for %q: there are %s", errSpec, resource, strings.Join(resources, ", "))
		}
		if !ok || resource == "" || action != "read" && action != "write" && action != "*" {
			return Token{}, "", fmt.Errorf("%w has scopes such as tickets:read, tickets:write or tickets:*, not %q", errSpec, s)
		}
	}
	secret = "lbt_" + id + "_" + base64.RawURLEncoding.EncodeToString(random(32))
	spec.ID, spec.CreatedAt = id, t.now().UTC().Truncate(time.Second)
	if err := t.docs.save(ctx, tokenKey(id), stored{spec, hash(secret)}, 0); err != nil {
		return Token{}, "", err
	}
	_, err = change(ctx, t.docs, tokenList(), 0, func(ids *[]string) (bool, error) {
		if slices.Contains(*ids, id) {
			return false, nil
		}
		if len(*ids) >= maxTokens {
			return false, fmt.Errorf("ticketing: there are %d tokens already: revoke some", maxTokens)
		}
		*ids = append(*ids, id)
		return true, nil
	})
	if err != nil {
		return Token{}, "", err
	}
	return spec, secret, nil
}

// List returns all tokens, expired ones included, the oldest first.
func (t *Tokens) List(ctx context.Context) ([]Token, error) {
	var ids []string
	if _, err := t.docs.load(ctx, tokenList(), &ids); err != nil {
		return nil, err
	}
	out := make([]Token, 0, len(ids))
	for _, id := range ids {
		var s stored
		found, err := t.docs.load(ctx, tokenKey(id), &s)
		if err != nil {
			return nil, err
		}
		if found {
			out = append(out, s.Token)
		}
	}
	return out, nil
}

// Revoke deletes a token: the next request with it is refused. It returns
// ErrNoToken if the token does not exist.
func (t *Tokens) Revoke(ctx context.Context, id string) error {
	var s stored
	found, err := t.docs.load(ctx, tokenKey(id), &s)
	if err != nil {
		return err
	}
	if !found {
		return ErrNoToken
	}
	if err := t.docs.values.Delete(ctx, tokenKey(id)); err != nil {
		return err
	}
	_, err = change(ctx, t.docs, tokenList(), 0, func(ids *[]string) (bool, error) {
		n := len(*ids)
		*ids = slices.DeleteFunc(*ids, func(v string) bool { return v == id })
		return len(*ids) < n, nil
	})
	return err
}

// check returns the token that secret belongs to, or nil. Unknown and known ids
// take one read of the store and one comparison.
func (t *Tokens) check(ctx context.Context, secret string) (*Token, error) {
	rest, ok := strings.CutPrefix(secret, "lbt_")
	id, _, ok2 := strings.Cut(rest, "_")
	if !ok || !ok2 || id == "" || len(secret) > 200 {
		return nil, nil //nolint:nilnil // no token is an answer
	}
	var s stored
	if _, err := t.docs.load(ctx, tokenKey(id), &s); err != nil {
		return nil, err
	}
	good := subtle.ConstantTimeCompare([]byte(hash(secret)), []byte(s.Hash)) == 1
	if !good || !s.ExpiresAt.IsZero() && t.now().After(s.ExpiresAt) {
		return nil, nil //nolint:nilnil // no token is an answer
	}
	return &s.Token, nil
}

func hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}

// allows reports whether the scopes of the token include resource:action.
func (t *Token) allows(scope string) bool {
	if len(t.Scopes) == 0 || scope == "" {
		return true
	}
	resource, _, _ := strings.Cut(scope, ":")
	return slices.Contains(t.Scopes, scope) || slices.Contains(t.Scopes, resource+":*") ||
		strings.HasSuffix(scope, ":read") && slices.Contains(t.Scopes, resource+":write")
}
