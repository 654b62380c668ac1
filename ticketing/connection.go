package ticketing

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// Connection is a Linear workspace that the API works in.
type Connection struct {
	// ID is the value of integrated_account_id. Required, and unique; the
	// organization's id is a good choice.
	ID string
	// Key is the workspace's key in the addresses of its issues, if known. It
	// spares a look-up, and Config.Accounts and Config.Default may use it.
	Key string
	// Account is the account of the helpdesk that the connection belongs to.
	// Empty means every account.
	Account string
	// Client calls Linear. Required.
	Client *linearapi.Client
	// AppActor says that the token belongs to an app, which may write under
	// the name of a person.
	AppActor bool
	// Default marks the connection that is used if a request names none and
	// there are several.
	Default bool
	// Status is active, needs_reauth, disabled or revoked. Defaults to active.
	Status string
	// Scopes are the scopes that were granted, if known.
	Scopes []string
	// TokenExpires and TokenRefreshed are when the access token expires and was
	// made, CreatedAt and ChangedAt when the connection was made and got its
	// status. Zero if unknown.
	TokenExpires, TokenRefreshed, CreatedAt, ChangedAt time.Time
	// Problem says why it is not active. May be empty.
	Problem string

	// left are the accounts that a connection of every account serves no longer.
	left []string
}

// usable reports whether Linear can be called through the connection now.
func (v *Connection) usable() bool { return v.Status == "" || v.Status == "active" }

// Connections are the workspaces that are connected now. Implementations are
// safe for concurrent use and answer from memory or fast storage: every request
// asks.
type Connections interface {
	// Connections returns all of them, those that have to be connected again
	// included. The API does not change the slice. A request whose call fails is
	// answered 5xx.
	Connections(ctx context.Context) ([]Connection, error)
}

// connected returns the connections as Config.Accounts and Config.Default place
// them.
func (a *API) connected(ctx context.Context) ([]Connection, error) {
	all, err := a.cfg.Connections.Connections(ctx)
	if err != nil {
		return nil, err
	}
	assigned, left, err := a.assigned.all(ctx)
	if err != nil || len(a.cfg.Accounts)+len(assigned)+len(left) == 0 && a.cfg.Default == "" {
		return all, err
	}
	all = slices.Clone(all)
	for i := range all {
		v := &all[i]
		if v.Account == "" && len(a.cfg.Accounts)+len(assigned) > 0 {
			// One that is not listed is not everyone's: a customer's new
			// workspace would be open to the others until someone lists it.
			v.Account = cmp.Or(a.configured(v), assigned[v.ID], v.ID)
		}
		if v.Account == "" {
			v.left = left[v.ID]
		}
		v.Default = v.Default || a.cfg.Default != "" && (v.ID == a.cfg.Default || v.Key == a.cfg.Default)
	}
	return all, nil
}

// configured is the account that the configuration gives a connection to, or "".
func (a *API) configured(v *Connection) string {
	return cmp.Or(a.cfg.Accounts[v.ID], a.cfg.Accounts[v.Key])
}

// Disconnecter is a [Connections] that can end a connection.
type Disconnecter interface {
	// Disconnect revokes the tokens of a connection and always deletes its
	// secrets. revoked is false if Linear did not confirm; warning then
	// says what to do. It is not called if a caller of certain accounts
	// disconnects from a connection that every account shares.
	Disconnect(ctx context.Context, id string) (revoked bool, warning string, err error)
}

// Static is a fixed set of connections, which must not be changed once it is in use.
type Static []Connection

// Connections returns the set.
func (s Static) Connections(context.Context) ([]Connection, error) { return s, nil }

// workspace is what is known about the workspace of a connection.
type workspace struct {
	Organization linearapi.Organization
	Viewer       linearapi.Member
}

// workspaces remembers whom the connections belong to.
type workspaces struct {
	mu    sync.Mutex
	known map[string]known
	now   func() time.Time
}

type known struct {
	workspace
	at time.Time
}

// maxKnown is how long a workspace that was read is valid.
const maxKnown = 10 * time.Minute

// remembered returns what was last known about the workspace of a connection.
func (w *workspaces) remembered(id string) workspace {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.known[id].workspace
}

// of returns the workspace of a connection, and asks Linear at most every ten
// minutes.
func (w *workspaces) of(ctx context.Context, c *Connection) (workspace, error) {
	w.mu.Lock()
	have, ok := w.known[c.ID]
	w.mu.Unlock()
	if ok && w.now().Sub(have.at) < maxKnown {
		return have.workspace, nil
	}
	me, err := c.Client.ViewerNode(ctx)
	if err != nil {
		if ok { // stale is better than nothing
			return have.workspace, nil
		}
		return workspace{}, err
	}
	got := workspace{me.Organization, me.Viewer.Value}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.known[c.ID] = known{got, w.now()}
	return got, nil
}

// connections returns those that the caller may use.
func (c *call) connections() ([]Connection, error) {
	all, err := c.api.connected(c.ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(all), func(v Connection) bool {
		return len(c.who.Connections) > 0 && !slices.Contains(c.who.Connections, v.ID) ||
			len(c.who.Accounts) > 0 && !slices.ContainsFunc(c.who.Accounts, v.serves)
	}), nil
}

// asked returns the connection that the request names: in its query, a header or
// its body, in this order. Empty if none is named.
func (c *call) asked() string {
	id := cmp.Or(c.q.get("integrated_account_id"), c.r.Header.Get("X-Integrated-Account-Id"))
	if id == "" && c.input != nil {
		id = c.input.peek("integrated_account_id")
	}
	return id
}

// connect chooses the connection that the request is about.
func (c *call) connect() error {
	id := c.asked()
	all, err := c.connections()
	if err != nil {
		return err
	}
	if account := c.named(); account != "" && strings.HasPrefix(c.route.path, "/conversations/") {
		// An account's conversations stay out of the workspaces of others.
		all = slices.DeleteFunc(all, func(v Connection) bool { return !v.serves(account) })
	}
	chosen, err := choose(all, id)
	if err != nil {
		return err
	}
	return c.use(chosen)
}

func choose(all []Connection, id string) (*Connection, error) {
	if id != "" {
		i := slices.IndexFunc(all, func(v Connection) bool { return v.ID == id })
		if i < 0 {
			return nil, notFound("connection", id)
		}
		return &all[i], nil
	}
	if len(all) == 1 {
		return &all[0], nil
	}
	if i := slices.IndexFunc(all, func(v Connection) bool { return v.Default }); i >= 0 {
		return &all[i], nil
	}
	if len(all) == 0 {
		return nil, &problem{status: http.StatusNotFound, code: codeNotFound, message: "no Linear workspace is connected"}
	}
	p := badRequest(codeInvalidRequest, "several workspaces are connected: say which with integrated_account_id")
	p.explain("missing_required_query_parameters", "Parameters that the request must have.", []string{"integrated_account_id"})
	return nil, p
}

// use makes conn the connection of the call, if it may be used now.
func (c *call) use(conn *Connection) error {
	switch conn.Status {
	case "", "active":
	case "needs_reauth":
		c.api.refused(c.ctx, conn, false)
		return &problem{
			status: http.StatusUnauthorized, code: codeReauth, remote: true,
			message: "Linear no longer accepts the token of this connection: connect the workspace again",
		}
	default:
		return forbidden(codeForbidden, "the connection is %s", conn.Status)
	}
	c.conn = conn
	return nil
}
