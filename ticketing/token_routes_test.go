package ticketing_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/linearbot/linearbot/ticketing"
)

// A token sees the tokens of its own realm, and of their connections only those that it
// may use itself.
func TestTokensOfOthers(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{config: func(c *ticketing.Config) {
		all, _ := c.Connections.(ticketing.Static)
		all = slices.Clone(all)
		all[0].Account = "7"
		for _, v := range []struct{ id, account string }{{"b", "7"}, {"secret-customer", "8"}} {
			next := all[0]
			next.ID, next.Account = v.id, v.account
			all = append(all, next)
		}
		c.Connections = all
	}})
	admin := r.newToken(ticketing.Token{Name: "admin of 7", Role: ticketing.RoleAdmin, Accounts: []string{"7"}})
	single := r.newToken(ticketing.Token{Name: "admin of b", Role: ticketing.RoleAdmin, Connections: []string{"b"}})
	for name, connections := range map[string][]string{
		"mixed": {"b", "secret-customer"}, "foreign": {"secret-customer"}, "own": {"b"}, "all": nil, "former": {"gone"},
	} {
		r.newToken(ticketing.Token{Name: name, Role: ticketing.RoleRead, Accounts: []string{"7"}, Connections: connections})
	}
	seen := func(token string) string {
		got := r.as(token, "GET", "/token", nil).is(200)
		var out struct{ Result []ticketing.Token }
		got.to(&out)
		var names []string
		for _, v := range out.Result {
			names = append(names, fmt.Sprint(v.Name, v.Connections))
		}
		slices.Sort(names)
		return strings.Join(names, " ")
	}
	if got := seen(admin); got != "admin of 7[] all[] former[gone] mixed[b] own[b]" {
		t.Errorf("of the account: %s", got)
	}
	if got := seen(single); got != "admin of b[b] own[b]" {
		t.Errorf("of the connection: %s", got)
	}
	if got := seen(r.token); !strings.Contains(got, "foreign[secret-customer]") || !strings.Contains(got, "mixed[b secret-customer]") {
		t.Errorf("of all: %s", got)
	}
	for _, tc := range []struct {
		token      string
		connection string
		status     int
	}{{admin, "b", 201}, {admin, "secret-customer", 422}, {admin, "nonsense", 422}, {r.token, "secret-customer", 201}, {r.token, "nonsense", 422}} {
		body := map[string]any{"name": "x", "role": "read", "accounts": []string{"7"}, "connections": []string{tc.connection}}
		if got := r.as(tc.token, "POST", "/token", body); got.status != tc.status {
			t.Errorf("%s: %d %s", tc.connection, got.status, got.body)
		}
	}
}

// A scope that names nothing of the API would lock the token out.
func TestScopesThatNameNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	for scope, fine := range map[string]bool{
		"tickets:read": true, "links:*": true, "proxy:write": true, "webhooks:write": true, "ticket_status:read": true,
		"ticket:read": false, "tickets": false, "tickets:delete": false, ":read": false, "*:read": false,
	} {
		_, _, err := r.api.Tokens().Create(t.Context(), ticketing.Token{Name: "x", Role: ticketing.RoleAdmin, Scopes: []string{scope}})
		if fine != (err == nil) {
			t.Errorf("%s: %v", scope, err)
		}
	}
	if got := r.call("POST", "/token", map[string]any{"name": "x", "role": "read", "scopes": []string{"ticket:read"}}).is(422); !strings.Contains(got.text("message"), "tickets") {
		t.Errorf("%s", got.body)
	}
}
