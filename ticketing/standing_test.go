package ticketing_test

import (
	"context"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/ticketing"
)

// changing are connections that change while the API runs.
type changing struct {
	mu  sync.Mutex
	all []ticketing.Connection
}

func (c *changing) Connections(context.Context) ([]ticketing.Connection, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.all), nil
}

func (c *changing) set(all ...ticketing.Connection) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = all
}

// names are the names of the events about a connection, in their order.
func (g *target) names(record string) string {
	var out []string
	for _, e := range g.events() {
		payload, _ := e["payload"].(map[string]any)
		if name, _ := e["event"].(string); payload["record_id"] == record {
			out = append(out, name[strings.IndexByte(name, ':')+1:])
		}
	}
	return strings.Join(out, " ")
}

// Scenario 7: subscribers hear once of what happens to connections.
func TestConnectionEvents(t *testing.T) {
	t.Parallel()
	conns := &changing{}
	r := newRig(t, options{config: func(c *ticketing.Config) { c.Connections = conns }})
	g := &target{}
	srv := httptest.NewServer(g)
	t.Cleanup(srv.Close)
	r.call("POST", "/webhook", map[string]any{"target_url": srv.URL, "event_types": []string{"integrated_account:*"}}).is(201)
	r.work()
	down := r.conn
	down.Status = "needs_reauth"
	want := ""
	step := func(more string, all ...ticketing.Connection) {
		t.Helper()
		conns.set(all...)
		r.call("GET", "/integrated-account", nil).is(200)
		want = strings.TrimSpace(want + " " + more)
		eventually(t, want, func() bool { return g.names(r.conn.ID) == want })
	}
	step("created active", r.conn)
	step("", r.conn)
	r.call("PATCH", "/integrated-account/"+r.conn.ID, map[string]any{"auto_link": "all"}).is(200)
	step("updated", r.conn)
	step("authentication_error", down)
	r.call("GET", tickets, nil).is(401)
	step("", down)
	step("reactivated", r.conn)
	step("deleted")
	step("created active", r.conn)
	r.quiet()
	if got := g.names(r.conn.ID); got != want {
		t.Errorf("events %q, want %q", got, want)
	}
}

// A request that meets a token which is refused tells of it at once, and the
// token that works again is told as well.
func TestRefusedAndAccepted(t *testing.T) {
	t.Parallel()
	conns := &changing{}
	r := newRig(t, options{config: func(c *ticketing.Config) { c.Connections = conns }})
	conns.set(r.conn)
	g := &target{}
	srv := httptest.NewServer(g)
	t.Cleanup(srv.Close)
	r.call("POST", "/webhook", map[string]any{"target_url": srv.URL, "event_types": []string{"integrated_account:*"}}).is(201)
	r.work()
	eventually(t, "created", func() bool { return g.names(r.conn.ID) == "created active" })
	r.app.RevokeTokens()
	for range 3 {
		r.call("GET", tickets, nil).is(401)
	}
	eventually(t, "refused", func() bool { return g.names(r.conn.ID) == "created active authentication_error" })
	r.call("GET", "/integrated-account", nil).is(200)
	fixed := r.conn
	fixed.Client = r.client(r.ws.InstallApp(linearsim.App{Name: "Desk again"}).Token())
	conns.set(fixed)
	r.call("GET", "/integrated-account", nil).is(200)
	eventually(t, "accepted", func() bool { return g.names(r.conn.ID) == "created active authentication_error reactivated" })
}

// The links of a workspace that has to be connected again are shown as they were.
func TestLinksOfAParkedWorkspaceAreStale(t *testing.T) {
	t.Parallel()
	conns := &changing{}
	r := newRig(t, options{config: func(c *ticketing.Config) { c.Connections = conns }})
	conns.set(r.conn)
	r.team.AddIssue(r.ada, "Known", "")
	made := r.call("POST", "/conversations/1/links", map[string]any{"issue": "ENG-1"}).is(201)
	second := r.linear.AddWorkspace("Beta", "beta")
	second.AddTeam("BET", "Beta").AddIssue(second.AddUser("Bob", "bob"), "In Beta", "")
	other := ticketing.Connection{ID: second.ID, Key: "beta", AppActor: true, Client: r.client(second.InstallApp(linearsim.App{Name: "Desk"}).Token())}
	down := r.conn
	down.Status, down.Key = "needs_reauth", "acme"
	conns.set(down, other)
	r.call("POST", "/conversations/1/links", map[string]any{"issue": "BET-1"}).is(201)
	got := r.call("GET", "/conversations/1/issues", nil).is(200)
	if got.count("result") != 2 || got.at("result.0.stale") != true || got.at("result.1.stale") != false || got.text("result.0.issue.name") != "Known" {
		t.Errorf("both: %s", got.body)
	}
	shown := r.call("GET", "/api/v1/accounts/1/integrations/linear/linked_issues?conversation_id=1", nil).is(200)
	if shown.count("") != 2 || !strings.HasPrefix(shown.header.Get("Warning"), "110 ") {
		t.Errorf("the dashboard: %s", shown.body)
	}
	for what, a := range map[string]*answer{
		"unlink":  r.call("DELETE", "/conversations/1/links/"+made.text("id"), nil),
		"comment": r.call("POST", "/conversations/1/issues/ENG-1/comments", map[string]any{"body": "x"}),
		"link":    r.call("POST", "/conversations/1/links", map[string]any{"issue": "https://linear.app/acme/issue/ENG-1/known"}),
	} {
		if a.is(401).text("code") != "reauth_required" {
			t.Errorf("%s: %s", what, a.body)
		}
	}
	// Alone, it says what is wrong, and the dashboard still draws its panel.
	conns.set(down)
	r.call("GET", "/conversations/1/issues/search?q=x", nil).is(401)
	if app := r.call("GET", "/api/v1/accounts/1/integrations/apps", nil).is(200); app.at("payload.0.enabled") != true {
		t.Errorf("apps: %s", app.body)
	}
	if teams := r.call("GET", desk+"/teams", nil); teams.status == 401 {
		t.Errorf("a dashboard that gets 401 sends the agent to the login page: %s", teams.body)
	}
}

// Config.Accounts keeps workspaces to the accounts that they belong to, and those
// that are not listed from all of them.
func TestAccountsOfConnections(t *testing.T) {
	t.Parallel()
	conns := &changing{}
	r := newRig(t, options{config: func(c *ticketing.Config) {
		c.Connections, c.Accounts, c.Default = conns, map[string]string{"acme": "1", "beta": "2"}, "beta"
	}})
	acme := r.conn
	acme.Key = "acme"
	all := []ticketing.Connection{acme}
	for _, key := range []string{"beta", "gamma"} {
		ws := r.linear.AddWorkspace(key, key)
		ws.AddTeam("ENG", key)
		all = append(all, ticketing.Connection{ID: ws.ID, Key: key, AppActor: true, Client: r.client(ws.InstallApp(linearsim.App{Name: "Desk"}).Token())})
	}
	conns.set(all...)
	if got := r.call("GET", "/unified/ticketing/teams", nil).is(200); got.text("result.0.name") != "beta" {
		t.Errorf("the default: %s", got.body)
	}
	for account, want := range map[string]string{"1": "Engineering", "2": "beta"} {
		got := r.call("GET", "/api/v1/accounts/"+account+"/integrations/linear/teams", nil).is(200)
		if got.count("") != 1 || got.text("0.name") != want {
			t.Errorf("account %s: %s", account, got.body)
		}
	}
	r.call("GET", "/api/v1/accounts/3/integrations/linear/teams", nil).is(404)
	if got := r.call("GET", "/integrated-account", nil).is(200); got.text("result.2.account_id") != all[2].ID || got.at("result.1.is_default") != true {
		t.Errorf("connections: %s", got.body)
	}
}
