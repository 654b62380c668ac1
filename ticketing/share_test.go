package ticketing_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/linearbot/linearbot/ticketing"
)

// sharing are connections that count how often one is ended.
type sharing struct {
	growing

	ended atomic.Int32
}

func (e *sharing) Disconnect(context.Context, string) (revoked bool, warning string, err error) {
	e.ended.Add(1)
	e.set()
	return true, "", nil
}

// An account that disconnects from a workspace of all accounts leaves it; the others
// go on using it, and the account may come back.
func TestDisconnectFromASharedWorkspace(t *testing.T) {
	t.Parallel()
	conns := &sharing{}
	r := newRig(t, options{config: func(c *ticketing.Config) { c.Connections = conns }})
	conns.set(r.conn)
	issue := r.team.AddIssue(r.ada, "Shared", "")
	desk := func(account string) string {
		return r.newToken(ticketing.Token{Name: "Desk " + account, Role: ticketing.RoleAdmin, Accounts: []string{account}})
	}
	one, two, three := desk("1"), desk("2"), desk("3")
	panel := func(token, account string) any {
		return r.as(token, "GET", "/api/v1/accounts/"+account+"/integrations/apps/linear", nil).is(200).at("enabled")
	}
	if panel(one, "1") != true || panel(two, "2") != true {
		t.Fatal("the workspace is not shared")
	}
	r.as(one, "POST", "/conversations/5/links", map[string]any{"issue": issue.Identifier}).is(201)
	r.as(one, "DELETE", "/api/v1/accounts/1/integrations/linear", nil).is(200)
	got := r.as(two, "DELETE", "/integrated-account/"+r.conn.ID, nil).is(200)
	if got.at("revoked") != false || !strings.Contains(got.text("warning"), "share") {
		t.Errorf("%s", got.body)
	}
	if n := conns.ended.Load(); n != 0 {
		t.Fatalf("the workspace was disconnected for all, %d times", n)
	}
	if panel(one, "1") != false || panel(two, "2") != false || panel(three, "3") != true {
		t.Error("one and two left, three did not")
	}
	r.as(one, "GET", "/conversations/5/issues", nil).is(404)
	r.as(one, "POST", "/conversations/5/links", map[string]any{"issue": issue.Identifier}).is(404)
	r.as(one, "GET", tickets, nil).is(404)
	r.as(three, "GET", tickets, nil).is(200)
	r.call("GET", tickets, nil).is(200)
	// It connects again: it shares the workspace and does not take it from the others.
	if err := r.api.Connected(t.Context(), r.conn.ID, "1"); err != nil {
		t.Fatal(err)
	}
	if panel(one, "1") != true || panel(two, "2") != false || panel(three, "3") != true {
		t.Error("only one came back")
	}
	if got := r.as(one, "GET", "/conversations/5/issues", nil).is(200); got.count("result") != 1 {
		t.Errorf("%s", got.body)
	}
	// Who administers all accounts ends it for all, and an account ends its own.
	r.call("DELETE", "/integrated-account/"+r.conn.ID, nil).is(200)
	own := r.conn
	own.Account = "3"
	conns.set(own)
	r.as(three, "DELETE", "/api/v1/accounts/3/integrations/linear", nil).is(200)
	if n := conns.ended.Load(); n != 2 {
		t.Errorf("ended %d times", n)
	}
}
