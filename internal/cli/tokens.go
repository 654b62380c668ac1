package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/stateurl"
	"github.com/linearbot/linearbot/ticketing"
)

// tokensCmd manages the tokens that open the ticketing API.
type tokensCmd struct {
	Store string `name:"store" help:"Where the ticketing API keeps its data: file:DIR or redis://host:port/db." env:"LINEARBOT_TICKETING_STATE" default:"file:linearbot.tickets"`

	Create tokensCreateCmd `cmd:"" help:"Make a token for the ticketing API; it is shown only once."`
	List   tokensListCmd   `cmd:"" help:"List the tokens, without their secrets."`
	Revoke tokensRevokeCmd `cmd:"" help:"Revoke a token: the next request with it is refused."`
}

// AfterApply passes the store to the subcommands.
func (c *tokensCmd) AfterApply() error {
	c.Create.store, c.List.store, c.Revoke.store = c.Store, c.Store, c.Store
	return nil
}

// lookTokens is openTokens for an existing store.
func lookTokens(ctx context.Context, address string) (*ticketing.Tokens, state.Store, error) {
	if err := exists(address, "--store"); err != nil {
		return nil, nil, err
	}
	return openTokens(ctx, address)
}

// openTokens opens the store and returns the tokens in it.
func openTokens(ctx context.Context, address string) (*ticketing.Tokens, state.Store, error) {
	store, err := stateurl.OpenContext(ctx, address, stateurl.Options{})
	if errors.Is(err, state.ErrLocked) {
		return nil, nil, fmt.Errorf("%w: stop it, or manage tokens through its API, with the token of an admin: GET, POST and DELETE /ticketing/token", err)
	}
	if err != nil {
		return nil, nil, err
	}
	return ticketing.NewTokens(store), store, nil
}

type tokensCreateCmd struct {
	Name        string        `arg:"" help:"What the token is for, or whose name it acts under."`
	Role        string        `help:"read, agent or admin." enum:"read,agent,admin" default:"agent"`
	Scopes      []string      `help:"Narrow the role, for example tickets:read,comments:write." placeholder:"SCOPE,…"`
	Connections []string      `help:"Connections that the token may use. Defaults to all." placeholder:"ID,…"`
	Accounts    []string      `help:"Accounts of the helpdesk that the token may use. Defaults to all." placeholder:"ID,…"`
	Avatar      string        `help:"Picture to show beside what the token creates." placeholder:"URL"`
	Expires     time.Duration `help:"How long the token works, for example 720h. Defaults to forever."`

	store string
}

// Run creates a token. Only the secret goes to the output, so that it can be
// piped into a secret store.
func (c *tokensCreateCmd) Run(ctx context.Context, p *program) (err error) {
	tokens, store, err := openTokens(ctx, c.store)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	spec := ticketing.Token{
		Name: c.Name, Role: ticketing.Role(c.Role), Scopes: c.Scopes, Connections: c.Connections, Accounts: c.Accounts, AvatarURL: c.Avatar,
	}
	if c.Expires < 0 {
		return &usageError{errors.New("--expires must not be negative")}
	}
	if c.Expires > 0 {
		spec.ExpiresAt = time.Now().Add(c.Expires).UTC().Truncate(time.Second)
	}
	tok, secret, err := tokens.Create(ctx, spec)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.err, "token %s of %s, role %s; it is shown once:\n", tok.ID, tok.Name, tok.Role)
	fmt.Fprintln(p.out, secret)
	return nil
}

type tokensListCmd struct {
	JSON bool `name:"json" help:"Print JSON."`

	store string
}

// Run lists the tokens.
func (c *tokensListCmd) Run(ctx context.Context, p *program) (err error) {
	tokens, store, err := lookTokens(ctx, c.store)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	all, err := tokens.List(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		enc := json.NewEncoder(p.out)
		enc.SetIndent("", "  ")
		return enc.Encode(all)
	}
	list := newTable(append(plain("ID"), textColumn("NAME"), column{name: "ROLE"}, textColumn("SCOPES"), column{name: "CREATED"}, column{name: "EXPIRES"})...)
	for i := range all {
		t := &all[i]
		expires := "never"
		if !t.ExpiresAt.IsZero() {
			expires = t.ExpiresAt.Format(time.DateOnly)
		}
		scopes := strings.Join(t.Scopes, ",")
		if scopes == "" {
			scopes = "all"
		}
		list.row(t.ID, t.Name, t.Role, scopes, t.CreatedAt.Format(time.DateOnly), expires)
	}
	return p.list(list, "no tokens", "")
}

type tokensRevokeCmd struct {
	ID string `arg:"" help:"The id from the list."`

	store string
}

// Run revokes a token.
func (c *tokensRevokeCmd) Run(ctx context.Context, p *program) (err error) {
	tokens, store, err := lookTokens(ctx, c.store)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if err := tokens.Revoke(ctx, c.ID); err != nil {
		return err
	}
	fmt.Fprintf(p.err, "token %s is revoked\n", c.ID)
	return nil
}
