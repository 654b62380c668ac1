package ticketing

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// Account is a connection, as the API shows it.
type Account struct {
	ID           string     `json:"id"`
	AccountID    *string    `json:"account_id"`
	Provider     string     `json:"provider" enum:"linear"`
	Status       string     `json:"status" enum:"active,needs_reauth,disabled,revoked"`
	Organization *Workspace `json:"organization"`
	Actor        string     `json:"actor" enum:"app,user"`
	Viewer       *Viewer    `json:"viewer" doc:"Who acts."`
	Scopes       []string   `json:"scopes"`
	Settings     Settings   `json:"settings"`
	IsDefault    bool       `json:"is_default"`

	TokenExpiresAt  *time.Time `json:"token_expires_at"`
	LastRefreshedAt *time.Time `json:"last_refreshed_at"`
	LastError       *string    `json:"last_error" doc:"Why it is not active."`
	CreatedAt       *time.Time `json:"created_at"`
	UpdatedAt       *time.Time `json:"updated_at"`
}

// Viewer is the user or the app that a connection acts as.
type Viewer struct {
	ID    string  `json:"id"`
	Name  *string `json:"name"`
	Email *string `json:"email"`
}

func (c *call) accountOf(conn *Connection) (*Account, error) {
	s, err := c.api.settings(c.ctx, conn.ID)
	if err != nil {
		return nil, err
	}
	out := &Account{
		ID: conn.ID, AccountID: text(conn.Account), Provider: "linear", Status: conn.Status, Actor: "user",
		Scopes: append([]string{}, conn.Scopes...), Settings: s, IsDefault: conn.Default,
		TokenExpiresAt: at(conn.TokenExpires), LastRefreshedAt: at(conn.TokenRefreshed), LastError: text(conn.Problem),
		CreatedAt: at(conn.CreatedAt), UpdatedAt: at(conn.ChangedAt),
	}
	if out.Status == "" {
		out.Status = "active"
	}
	if conn.AppActor {
		out.Actor = "app"
	}
	if out.Status == "active" {
		// The list must answer even if the workspace cannot be read.
		if space, err := c.api.spaces.of(c.ctx, conn); err == nil {
			org := workspaceOf(&space.Organization)
			out.Organization = &org
			out.Viewer = &Viewer{space.Viewer.ID, text(space.Viewer.Name), text(space.Viewer.Email)}
		}
	}
	return out, nil
}

func listAccounts(c *call) (*reply, error) {
	c.api.wake()
	all, err := c.connections()
	if err != nil {
		return nil, err
	}
	out := []*Account{}
	for i := range all {
		v, err := c.accountOf(&all[i])
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return ok(&List{Result: out, ResultCount: len(out), Limit: maxLimit}), nil
}

// pick finds the connection that the path names.
func (c *call) pick() (*Connection, error) {
	all, err := c.connections()
	if err != nil {
		return nil, err
	}
	return choose(all, c.path["id"])
}

func getAccount(c *call) (*reply, error) {
	conn, err := c.pick()
	if err != nil {
		return nil, err
	}
	v, err := c.accountOf(conn)
	if err != nil {
		return nil, err
	}
	return ok(v), nil
}

// assign gives a connection to an account.
func (c *call) assign(conn *Connection, account string) error {
	if account == conn.Account {
		return nil
	}
	if len(c.who.Accounts) > 0 {
		return forbidden(codeForbidden, "a token that is for certain accounts cannot give a connection away")
	}
	own, err := c.api.cfg.Connections.Connections(c.ctx)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(own, func(v Connection) bool { return v.ID == conn.ID }); i >= 0 && own[i].Account != "" || c.api.configured(conn) != "" {
		return invalidField("account_id", "value", "the configuration says which account this workspace belongs to")
	}
	if err := c.api.Assign(c.ctx, conn.ID, account); err != nil {
		return err
	}
	conn.Account = account
	return nil
}

// updateAccount changes the settings of a connection, and its account.
func updateAccount(c *call) (*reply, error) {
	conn, err := c.pick()
	if err != nil {
		return nil, err
	}
	account, given, _ := c.input.text(100, "account_id")
	in := c.input.sub("settings")
	if in == nil {
		in = c.input
	}
	s, err := c.api.settings(c.ctx, conn.ID)
	if err != nil {
		return nil, err
	}
	in.settings(&s)
	in.refuseIntake()
	if in != c.input {
		c.input.refuseIntake()
	}
	for _, name := range in.unknown() {
		in.wrong(strings.TrimPrefix(name, in.prefix), "unknown", "is not a setting")
	}
	if err := in.done(); err != nil {
		return nil, err
	}
	if given {
		if err := c.assign(conn, account); err != nil {
			return nil, err
		}
	}
	if err := c.api.docs.save(c.ctx, settingsKey(conn.ID), s, 0); err != nil {
		return nil, err
	}
	v, err := c.accountOf(conn)
	if err != nil {
		return nil, err
	}
	err = c.api.publishIn(c.ctx, conn.Account, news{
		conn: conn.ID, name: "integrated_account:updated", resource: "integrated_accounts", id: conn.ID, record: v, unique: c.make,
	})
	if err != nil {
		return nil, err
	}
	return ok(v), nil
}

// refuseIntake refuses to switch on what Linear's own helpdesk integrations have
// under this name. Off is what it is.
func (in *input) refuseIntake() {
	if on, _ := in.flag("enable_ai_intake"); on {
		in.wrong("enable_ai_intake", "unsupported", "is not supported: writing issues from conversations with AI is a feature of Linear's own integrations. Leave it out or set it to false")
	}
}

// Disconnected is the answer to a disconnect.
type Disconnected struct {
	ID      string `json:"id"`
	Revoked bool   `json:"revoked" doc:"Whether Linear confirmed that the tokens are revoked. The secrets are gone in any case."`
	Warning string `json:"warning,omitempty"`
}

func disconnectAccount(c *call) (*reply, error) {
	conn, err := c.pick()
	if err != nil {
		return nil, err
	}
	out, err := c.disconnect(conn)
	if err != nil {
		return nil, err
	}
	return ok(out), nil
}

// disconnect ends a connection or, if the caller is of certain accounts and others
// share it, takes it from those.
func (c *call) disconnect(conn *Connection) (*Disconnected, error) {
	if conn.Account == "" && len(c.who.Accounts) > 0 {
		return c.leave(conn)
	}
	ender, can := c.api.cfg.Connections.(Disconnecter)
	if !can {
		return nil, &problem{
			status: http.StatusMethodNotAllowed, code: codeMethod,
			message: "this connection comes from the configuration: remove its token there",
		}
	}
	ctx, cancel := detach(c.ctx, c.api.cfg.Timeout)
	defer cancel()
	revoked, warning, err := ender.Disconnect(ctx, conn.ID)
	if err != nil {
		return nil, err
	}
	if err := c.api.ended(ctx, conn); err != nil { // the connection is gone in any case
		c.api.log.Warn().Err(err).Msg("the end of a connection could not be told to subscribers")
	}
	return &Disconnected{ID: conn.ID, Revoked: revoked, Warning: warning}, nil
}

// testAccount calls Linear once.
func testAccount(c *call) (*reply, error) {
	conn, err := c.pick()
	if err != nil {
		return nil, err
	}
	start := time.Now()
	me, err := conn.Client.ViewerNode(c.ctx)
	if err != nil {
		return nil, err
	}
	return ok(Result{map[string]any{
		"ok": true, "viewer": me.Viewer.Value.Name, "organization": me.Organization.Name, "milliseconds": time.Since(start).Milliseconds(),
	}}), nil
}
