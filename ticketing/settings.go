package ticketing

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/linearbot/linearbot/state"
)

// Settings say how a connection and the helpdesk keep in step. The names are
// those of Linear's own helpdesk integrations where it has them.
type Settings struct {
	SendNoteOnStatusChange              bool                      `json:"send_note_on_status_change"`
	SendNoteOnComment                   bool                      `json:"send_note_on_comment"`
	AutomateReopenOnCompletion          bool                      `json:"automate_reopen_on_completion"`
	AutomateReopenOnCancellation        bool                      `json:"automate_reopen_on_cancellation"`
	AutomateReopenOnComment             bool                      `json:"automate_reopen_on_comment"`
	StatusMap                           map[string]string         `json:"status_map" doc:"Type or id of a state to the status of the conversation."`
	ReverseStatusMap                    map[string]string         `json:"reverse_status_map" doc:"Status of a conversation to the name of a status of the ticket."`
	MirrorComments                      string                    `json:"mirror_comments" enum:"off,to_linear,to_conversation,both"`
	MirrorPrefix                        string                    `json:"mirror_prefix" doc:"If set, only comments that begin with it go to the conversation."`
	AutoLink                            string                    `json:"auto_link" enum:"off,private_notes,all_agent,all"`
	DefaultTeamID                       string                    `json:"default_team_id"`
	DefaultLabels                       []string                  `json:"default_labels"`
	TicketTypeGroup                     string                    `json:"ticket_type_group" doc:"Id or name of the group of labels that are the types of tickets. Without it there are none."`
	TeamOverrides                       map[string]map[string]any `json:"team_overrides" doc:"Settings of single teams, by id or key. They hold for notes, statuses and comments of their issues, and for what is created in the team: default_labels, create_as_agent. default_team_id, ticket_type_group, auto_link, unlink_policy, disable_customer_requests_auto_creation and enable_ai_intake are for the whole connection."`
	AutomateReopenOnProjectCompletion   bool                      `json:"automate_reopen_on_project_completion"`
	AutomateReopenOnProjectCancellation bool                      `json:"automate_reopen_on_project_cancellation"`
	UnlinkPolicy                        string                    `json:"unlink_policy" enum:"any,own" doc:"Which links agents may remove: any, or those that they made. Administrators may remove any."`
	DisableCustomerRequestsAutoCreation bool                      `json:"disable_customer_requests_auto_creation" doc:"Whether a customer who is named when an issue is created or linked from a conversation only stands in the link, without a customer request."`
	EnableAIIntake                      bool                      `json:"enable_ai_intake" doc:"Reserved: it is kept, and nothing reads it yet."`
	CreateAsAgent                       bool                      `json:"create_as_agent" doc:"Whether what an agent of the helpdesk creates is shown under their name. Only apps can."`
}

// DefaultSettings are the settings of a connection until they are changed.
func DefaultSettings() Settings {
	return Settings{
		SendNoteOnStatusChange: true, CreateAsAgent: true, MirrorComments: "off", AutoLink: "private_notes", UnlinkPolicy: "any",
		StatusMap: map[string]string{}, ReverseStatusMap: map[string]string{}, DefaultLabels: []string{}, TeamOverrides: map[string]map[string]any{},
	}
}

func settingsKey(conn string) state.Key {
	return state.Key{Workspace: conn, Kind: "ticketing.settings", ID: "all"}
}

func (a *API) settings(ctx context.Context, conn string) (Settings, error) {
	s := DefaultSettings()
	if a.cfg.Settings != nil {
		s = *a.cfg.Settings
	}
	_, err := a.docs.load(ctx, settingsKey(conn), &s)
	return s, err
}

// settingsOf are the settings that hold for the issues of a team.
func (a *API) settingsOf(ctx context.Context, conn string, team *teamName) (Settings, error) {
	s, err := a.settings(ctx, conn)
	if err != nil || team == nil {
		return s, err
	}
	for name, own := range s.TeamOverrides {
		if name == team.ID || team.Key != "" && strings.EqualFold(name, team.Key) {
			newInput(own).settings(&s) // they were checked when they were stored
		}
	}
	return s, nil
}

// overrides reads the settings of single teams.
func (in *input) overrides(s *Settings) {
	teams := in.sub("team_overrides")
	if teams == nil {
		return
	}
	out := map[string]map[string]any{}
	for team := range teams.fields {
		own := teams.sub(team)
		if own == nil {
			continue
		}
		for _, whole := range []string{"default_team_id", "ticket_type_group", "auto_link", "unlink_policy", "disable_customer_requests_auto_creation", "enable_ai_intake"} {
			if own.hasAny(whole) {
				in.wrong("team_overrides."+team+"."+whole, "value", "holds for the whole connection: a team has none of its own")
				return
			}
		}
		scratch := *s
		own.settings(&scratch)
		if _, nested := own.fields["team_overrides"]; nested || len(own.unknown()) > 0 || len(out) == 100 {
			in.wrong("team_overrides", "value", "takes up to 100 teams with the settings of a connection, and no others")
			return
		}
		out[team] = own.fields
	}
	s.TeamOverrides = out
}

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

// assign gives a connection to an account, if the body says so.
func (c *call) assign(conn *Connection) error {
	account, given, _ := c.input.text(100, "account_id")
	if err := c.input.done(); err != nil || !given || account == conn.Account {
		return err
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
	if err := c.assign(conn); err != nil {
		return nil, err
	}
	in := c.input.sub("settings")
	if in == nil {
		in = c.input
	}
	s, err := c.api.settings(c.ctx, conn.ID)
	if err != nil {
		return nil, err
	}
	in.settings(&s)
	if rest := in.unknown(); len(rest) > 0 {
		in.wrong(rest[0], "unknown", "is not a setting")
	}
	if err := in.done(); err != nil {
		return nil, err
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

func (in *input) settings(s *Settings) {
	in.overrides(s)
	for _, f := range []struct {
		name string
		to   *bool
	}{
		{"send_note_on_status_change", &s.SendNoteOnStatusChange},
		{"send_note_on_comment", &s.SendNoteOnComment},
		{"automate_reopen_on_completion", &s.AutomateReopenOnCompletion},
		{"automate_reopen_on_cancellation", &s.AutomateReopenOnCancellation},
		{"automate_reopen_on_comment", &s.AutomateReopenOnComment},
		{"create_as_agent", &s.CreateAsAgent},
		{"disable_customer_requests_auto_creation", &s.DisableCustomerRequestsAutoCreation},
		{"enable_ai_intake", &s.EnableAIIntake},
		{"automate_reopen_on_project_completion", &s.AutomateReopenOnProjectCompletion},
		{"automate_reopen_on_project_cancellation", &s.AutomateReopenOnProjectCancellation},
	} {
		if on, given := in.flag(f.name); given {
			*f.to = on
		}
	}
	for _, f := range []struct {
		name  string
		to    *string
		words []string
	}{
		{"mirror_comments", &s.MirrorComments, []string{"off", "to_linear", "to_conversation", "both"}},
		{"mirror_prefix", &s.MirrorPrefix, nil},
		{"auto_link", &s.AutoLink, []string{"off", "private_notes", "all_agent", "all"}},
		{"unlink_policy", &s.UnlinkPolicy, []string{"any", "own"}},
		{"default_team_id", &s.DefaultTeamID, nil},
		{"ticket_type_group", &s.TicketTypeGroup, nil},
	} {
		v, given, _ := in.text(200, f.name)
		if !given {
			continue
		}
		if f.words != nil && !slices.Contains(f.words, v) {
			in.wrong(f.name, "value", "must be one of %v", f.words)
			continue
		}
		*f.to = v
	}
	for _, f := range []struct {
		name string
		to   *map[string]string
	}{{"status_map", &s.StatusMap}, {"reverse_status_map", &s.ReverseStatusMap}} {
		sub := in.sub(f.name)
		if sub == nil {
			continue
		}
		m := map[string]string{}
		for k := range sub.fields {
			if v, given, _ := sub.text(100, k); given && len(m) < 100 {
				m[k] = v
			}
		}
		*f.to = m
	}
	if list, given := in.refs(50, "default_labels"); given {
		s.DefaultLabels = []string{}
		for _, r := range list {
			s.DefaultLabels = append(s.DefaultLabels, r.id)
		}
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
	me, err := conn.Client.Me(c.ctx)
	if err != nil {
		return nil, err
	}
	return ok(Result{map[string]any{
		"ok": true, "viewer": me.Viewer.Value.Name, "organization": me.Organization.Name, "milliseconds": time.Since(start).Milliseconds(),
	}}), nil
}
