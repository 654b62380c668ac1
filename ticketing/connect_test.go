package ticketing_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/ticketing"
)

// growing are connections that people add to.
type growing struct {
	changing

	mu        sync.Mutex
	asked     []string
	refreshed []string
	refuse    error
}

func (g *growing) Connect(w http.ResponseWriter, r *http.Request, account string) {
	g.mu.Lock()
	g.asked = append(g.asked, account)
	g.mu.Unlock()
	http.Redirect(w, r, "https://linear.test/authorize", http.StatusSeeOther)
}

func (g *growing) Refresh(_ context.Context, id string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.refreshed = append(g.refreshed, id)
	return g.refuse
}

// A workspace is connected for an account by a link that works once.
func TestConnectForAnAccount(t *testing.T) {
	t.Parallel()
	conns := &growing{}
	r := newRig(t, options{config: func(c *ticketing.Config) { c.Connections = conns }})
	r.http.Client().CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	desk := r.newToken(ticketing.Token{Name: "Desk 7", Role: ticketing.RoleAdmin, Accounts: []string{"7"}})
	// The dashboard offers it to administrators while nothing is connected.
	app := r.as(desk, "GET", "/api/v1/accounts/7/integrations/apps/linear", nil).is(200)
	if app.at("enabled") != false || !strings.Contains(app.text("action"), "/t/integrated-account/connect/") {
		t.Errorf("%s", app.body)
	}
	agent := r.newToken(ticketing.Token{Name: "Agent", Role: ticketing.RoleAgent})
	if app := r.as(agent, "GET", "/api/v1/accounts/7/integrations/apps/linear", nil).is(200); app.at("action") != nil {
		t.Errorf("an agent: %s", app.body)
	}
	r.as(desk, "POST", "/integrated-account", map[string]any{"account_id": "8"}).is(422)
	r.as(agent, "POST", "/integrated-account", map[string]any{}).is(403)
	link := r.as(desk, "POST", "/integrated-account", map[string]any{}).is(201)
	if link.text("account_id") != "7" {
		t.Errorf("%s", link.body)
	}
	_, path, _ := strings.Cut(link.text("url"), r.prefix)
	got := r.as("", "GET", path, nil)
	if got.status != 303 || got.header.Get("Location") != "https://linear.test/authorize" || len(conns.asked) != 1 || conns.asked[0] != "7" {
		t.Fatalf("%d %v %q", got.status, got.header, conns.asked)
	}
	r.as("", "GET", path, nil).is(410)
	r.as("", "GET", "/integrated-account/connect/made-up", nil).is(410)
	// The workspace is connected: it is account 7's and no other's.
	conns.set(r.conn)
	if err := r.api.Assign(t.Context(), r.conn.ID, "7"); err != nil {
		t.Fatal(err)
	}
	other := r.newToken(ticketing.Token{Name: "Desk 8", Role: ticketing.RoleAdmin, Accounts: []string{"8"}})
	if got := r.as(desk, "GET", "/integrated-account", nil).is(200); got.count("result") != 1 || got.text("result.0.account_id") != "7" {
		t.Errorf("%s", got.body)
	}
	if got := r.as(other, "GET", "/integrated-account", nil).is(200); got.count("result") != 0 {
		t.Errorf("another account: %s", got.body)
	}
	r.as(other, "GET", tickets, nil).is(404)
	// The next workspace belongs to no account until one is set.
	ws := r.linear.AddWorkspace("Beta", "beta")
	second := ticketing.Connection{ID: ws.ID, AppActor: true, Client: r.client(ws.InstallApp(linearsim.App{Name: "Desk"}).Token())}
	conns.set(r.conn, second)
	if got := r.as(other, "GET", "/integrated-account", nil).is(200); got.count("result") != 0 {
		t.Errorf("%s", got.body)
	}
	r.as(desk, "PATCH", "/integrated-account/"+r.conn.ID, map[string]any{"account_id": "9"}).is(403)
	r.call("PATCH", "/integrated-account/"+ws.ID, map[string]any{"account_id": "8"}).is(200)
	if got := r.as(other, "GET", "/integrated-account", nil).is(200); got.count("result") != 1 || got.text("result.0.id") != ws.ID {
		t.Errorf("%s", got.body)
	}
	r.call("PATCH", "/integrated-account/"+ws.ID, map[string]any{"account_id": nil}).is(200)
	if got := r.as(other, "GET", "/integrated-account", nil).is(200); got.count("result") != 0 {
		t.Errorf("%s", got.body)
	}
}

// What the configuration says about an account is not changed at run time.
func TestConfiguredAccountsStay(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{config: func(c *ticketing.Config) { c.Accounts = map[string]string{"acme": "1"} }})
	r.conn.Key = "acme"
	r.call("PATCH", "/integrated-account/"+r.conn.ID, map[string]any{"account_id": "2"}).is(200) // it is not known under its key here
	keyed := newRig(t, options{config: func(c *ticketing.Config) {
		own, ok := c.Connections.(ticketing.Static)
		if !ok {
			t.Fatalf("the rig's connections are a %T", c.Connections)
		}
		own[0].Key, c.Accounts = "acme", map[string]string{"acme": "1"}
	}})
	keyed.call("PATCH", "/integrated-account/"+keyed.conn.ID, map[string]any{"account_id": "2"}).is(422)
}

// Tokens are replaced on request; a refusal is told as such.
func TestRefreshConnection(t *testing.T) {
	t.Parallel()
	conns := &growing{}
	r := newRig(t, options{config: func(c *ticketing.Config) { c.Connections = conns }})
	conns.set(r.conn)
	got := r.call("POST", "/integrated-account/"+r.conn.ID+"/refresh", nil).is(200)
	if got.text("result.id") != r.conn.ID || len(conns.refreshed) != 1 {
		t.Errorf("%s", got.body)
	}
	conns.refuse = &adapter.Error{Code: adapter.CodeUnauthenticated, Op: "token"}
	if got := r.call("POST", "/integrated-account/"+r.conn.ID+"/refresh", nil).is(401); got.text("code") != "reauth_required" {
		t.Errorf("%s", got.body)
	}
	conns.refuse = errors.New("broken")
	r.call("POST", "/integrated-account/"+r.conn.ID+"/refresh", nil).is(500)
	r.call("POST", "/integrated-account/nope/refresh", nil).is(404)
	fixed := newRig(t, options{})
	fixed.call("POST", "/integrated-account/"+fixed.conn.ID+"/refresh", nil).is(405)
	fixed.call("POST", "/integrated-account", map[string]any{}).is(405)
}
