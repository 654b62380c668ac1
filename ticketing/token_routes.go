package ticketing

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
)

// TokenInput is the body that makes a token.
type TokenInput struct {
	_           struct{}  `additionalProperties:"true"`
	Name        string    `json:"name" doc:"The person or program that has it."`
	Role        Role      `json:"role" enum:"read,agent,admin"`
	Scopes      []string  `json:"scopes,omitempty" doc:"Such as tickets:read, tickets:write or tickets:*. Empty means all that the role allows."`
	Connections []string  `json:"connections,omitempty" doc:"Ids of connections. Empty means all."`
	Accounts    []string  `json:"accounts,omitempty" doc:"Accounts of the helpdesk. Empty means all."`
	AvatarURL   string    `json:"avatar_url,omitempty" doc:"The picture beside what is created with it."`
	ExpiresAt   time.Time `json:"expires_at,omitzero" doc:"Without it, the token does not expire."`
}

// NewToken is a token with its secret, which is shown once.
type NewToken struct {
	Token
	Secret string `json:"token" doc:"The secret. Shown once."`
}

func tokenRoutes() []*route {
	routes := []*route{
		{method: http.MethodGet, path: "/token", id: "listTokens", summary: "Lists the tokens.", result: typeOf[Token](), shape: paged, handle: listTokens},
		{method: http.MethodPost, path: "/token", id: "createToken", secret: true, summary: "Makes a token. The answer holds it, once.", body: typeOf[TokenInput](), result: typeOf[NewToken](), status: http.StatusCreated, handle: createToken},
		{method: http.MethodDelete, path: "/token/{id}", id: "revokeToken", summary: "Revokes a token.", result: typeOf[Deleted](), handle: revokeToken},
	}
	return on(routes, func(r *route) {
		r.tag, r.role, r.scope = "Tokens", RoleAdmin, "tokens:"+access(r)
	})
}

// within reports whether t has no more rights than the caller.
func (c *call) within(t *Token) bool {
	part := func(own, theirs []string) bool {
		return len(own) == 0 || len(theirs) > 0 && !slices.ContainsFunc(theirs, func(v string) bool { return !slices.Contains(own, v) })
	}
	return t.Role.rank() <= c.who.Role.rank() && part(c.who.Connections, t.Connections) && part(c.who.Accounts, t.Accounts) && part(c.who.Scopes, t.Scopes)
}

func listTokens(c *call) (*reply, error) {
	all, err := c.api.tokens.List(c.ctx)
	if err != nil {
		return nil, err
	}
	hidden, err := c.hidden()
	if err != nil {
		return nil, err
	}
	out := []Token{}
	for _, t := range all {
		shown := slices.DeleteFunc(slices.Clone(t.Connections), func(id string) bool { return hidden[id] })
		// Without one that the caller may know of, it would look like a token for all.
		if !c.within(&t) || len(t.Connections) > 0 && len(shown) == 0 {
			continue
		}
		t.Connections = shown
		out = append(out, t)
	}
	return ok(&List{Result: out, ResultCount: len(out), Limit: maxTokens}), nil
}

// hidden are the ids of the connections that the caller may not use. Those that exist
// no longer are not among them, so that their tokens can still be found and revoked.
func (c *call) hidden() (map[string]bool, error) {
	all, err := c.api.connected(c.ctx)
	if err != nil {
		return nil, err
	}
	own, err := c.connections()
	if err != nil {
		return nil, err
	}
	out := map[string]bool{}
	for _, v := range all {
		out[v.ID] = !slices.ContainsFunc(own, func(u Connection) bool { return u.ID == v.ID })
	}
	return out, nil
}

// checkConnections rejects ids of connections that the caller does not have.
func (c *call) checkConnections(field string, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	own, err := c.connections()
	if err != nil {
		return err
	}
	for _, id := range ids {
		if !slices.ContainsFunc(own, func(v Connection) bool { return v.ID == id }) {
			c.input.wrong(field, "not_found", "there is no connection %s that this token may use, see %s", quoteID(id), c.below("/integrated-account"))
		}
	}
	return nil
}

func createToken(c *call) (*reply, error) {
	in := c.input
	spec := Token{}
	spec.Name, _, _ = in.text(200, "name")
	role, _, _ := in.text(20, "role")
	spec.Role = Role(role)
	spec.AvatarURL, _, _ = in.text(2000, "avatar_url")
	for _, f := range []struct {
		name string
		to   *[]string
	}{{"scopes", &spec.Scopes}, {"connections", &spec.Connections}, {"accounts", &spec.Accounts}} {
		list, _ := in.refs(100, f.name)
		for _, r := range list {
			*f.to = append(*f.to, r.id)
		}
	}
	if s, given, _ := in.text(40, "expires_at"); given && s != "" {
		t, err := time.Parse(time.RFC3339, s)
		if err != nil {
			in.wrong("expires_at", "value", "must be a time such as 2026-11-30T12:00:00Z")
		}
		spec.ExpiresAt = t.UTC()
	}
	if err := c.checkConnections("connections", spec.Connections); err != nil {
		return nil, err
	}
	if err := in.done(); err != nil {
		return nil, err
	}
	if spec.Role.rank() >= 0 && !c.within(&spec) {
		return nil, forbidden(codeForbidden, "a token cannot make one with more rights than it has itself: name its scopes, connections and accounts")
	}
	if until := c.who.ExpiresAt; !until.IsZero() && (spec.ExpiresAt.IsZero() || spec.ExpiresAt.After(until)) {
		return nil, forbidden(codeForbidden, "a token cannot make one that outlives it: set expires_at to %s or earlier", until.Format(time.RFC3339))
	}
	t, secret, err := c.api.tokens.create(c.ctx, spec, strings.ReplaceAll(c.make, "-", "")[:12])
	if errors.Is(err, errSpec) {
		return nil, invalidField("token", "value", "%s", err.Error())
	}
	if err != nil {
		return nil, err
	}
	return created(NewToken{t, secret}), nil
}

func revokeToken(c *call) (*reply, error) {
	all, err := c.api.tokens.List(c.ctx)
	if err != nil {
		return nil, err
	}
	id := c.path["id"]
	i := slices.IndexFunc(all, func(t Token) bool { return t.ID == id && c.within(&t) })
	if i < 0 {
		return nil, notFound("token", id)
	}
	if err := c.api.tokens.Revoke(c.ctx, id); err != nil && !errors.Is(err, ErrNoToken) {
		return nil, err
	}
	return ok(Deleted{id}), nil
}
