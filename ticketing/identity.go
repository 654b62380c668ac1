package ticketing

import (
	"net/http"
	"strconv"
	"strings"
)

// identity is the caller.
type identity struct {
	Token
	// session says that a helpdesk vouched for the person, not a token.
	session bool
}

// authenticate identifies the caller.
func (c *call) authenticate() error {
	h := c.r.Header
	secret, bearer := strings.CutPrefix(h.Get("Authorization"), "Bearer ")
	if !bearer {
		secret = ""
	}
	for _, name := range []string{"api_access_token", "api-access-token"} {
		if secret == "" {
			secret = h.Get(name)
		}
	}
	if secret == "" && h.Get("Access-Token") != "" {
		return c.session()
	}
	refused := &problem{
		status: http.StatusUnauthorized, code: codeUnauthenticated,
		message: "send a token of this API: Authorization: Bearer lbt_…, or api_access_token: lbt_…",
	}
	if secret == "" {
		return refused
	}
	tok, err := c.api.tokens.check(c.ctx, secret)
	if err != nil {
		return err
	}
	if tok == nil {
		refused.message = "the token is unknown, expired or revoked"
		return refused
	}
	c.who, c.bearer = &identity{Token: *tok}, secret
	left, wait := c.api.limits.spend("t:"+tok.ID, c.api.limits.token)
	if wait > 0 {
		return tooMany(wait, "this token has sent too many requests: wait and try again")
	}
	if r := c.api.limits.token; r.Requests > 0 {
		c.header.Set("Ratelimit-Limit", strconv.Itoa(r.Requests))
		c.header.Set("Ratelimit-Remaining", strconv.Itoa(left))
		c.header.Set("Ratelimit-Reset", strconv.Itoa(int(r.Per.Seconds())))
	}
	return nil
}

// authorize checks role and scope.
func (c *call) authorize() error {
	if c.who.Role.rank() < c.route.role.rank() {
		return forbidden(codeForbidden, "this needs the role %s, and the token has %s", c.route.role, c.who.Role)
	}
	if !c.who.allows(c.route.scope) {
		p := forbidden(codeScope, "the token lacks the scope %s", c.route.scope)
		p.explain("forbidden_error", p.message, map[string]any{"missing_scopes": []string{c.route.scope}})
		return p
	}
	return nil
}
