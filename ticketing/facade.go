package ticketing

import (
	"net/http"
	"slices"
	"strings"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// facadeRoot is where the helpdesk's dashboard expects its routes.
const facadeRoot = "/api/v1/accounts/"

// The façade is what a helpdesk's own dashboard talks to, with the paths,
// bodies and quirks that it has. It answers through the same operations as the
// rest.

// Named is something with an id and a name, such as an entry of a drop-down.
type Named struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// FacadeTeam is a team in a drop-down.
type FacadeTeam struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Key  string `json:"key"`
}

// FacadeEntities are the drop-downs of a team.
type FacadeEntities struct {
	Users    []Named `json:"users"`
	Projects []Named `json:"projects"`
	States   []Named `json:"states"`
	Labels   []Named `json:"labels"`
}

// FacadeHit is a search result as the dashboard reads it.
type FacadeHit struct {
	ID          string      `json:"id"`
	Title       string      `json:"title"`
	Description *string     `json:"description"`
	Identifier  string      `json:"identifier"`
	URL         string      `json:"url"`
	State       FacadeState `json:"state"`
}

// FacadeApps is the list of apps.
type FacadeApps struct {
	Payload []FacadeApp `json:"payload"`
}

// FacadeApp is an app in the list. Without one that is enabled, the dashboard
// draws no panel.
type FacadeApp struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Enabled     bool   `json:"enabled"`
	HookType    string `json:"hook_type"`
	Action      string `json:"action,omitempty" doc:"Where an administrator connects a workspace, if none is connected."`
	Hooks       []any  `json:"hooks"`
}

// facade makes the handler of a dashboard route: the account is checked first,
// and the answer is wrapped if that is wanted.
func facade(handle func(*call) (any, error)) func(*call) (*reply, error) {
	return func(c *call) (*reply, error) {
		if len(c.who.Accounts) > 0 && !slices.Contains(c.who.Accounts, c.path["account"]) {
			return nil, &problem{status: http.StatusUnauthorized, code: codeUnauthenticated, message: "You are not authorized to access this account"}
		}
		body, err := handle(c)
		if err != nil {
			return nil, err
		}
		if body == nil {
			return &reply{status: http.StatusOK}, nil
		}
		wrap := c.api.cfg.Helpdesk.Envelope
		switch c.q.get("envelope") {
		case "data":
			wrap = true
		case "bare":
			wrap = false
		}
		if wrap {
			body = FacadeData{body}
		}
		return ok(body), nil
	}
}

// FacadeData is the envelope that the integration's guide shows.
type FacadeData struct {
	Data any `json:"data"`
}

// failFacade answers an error where the dashboard reads it: in
// error.errors[0].message. Linear's own refusals are 422, as the dashboard has
// always got them; above all, a token that Linear refuses is not a 401, which would
// send the agent to the login page.
func (c *call) failFacade(w http.ResponseWriter, p *problem) {
	if p.code == codeUnauthenticated {
		if c.r.Header.Get("Access-Token") != "" {
			writeJSON(w, p.status, map[string]any{"errors": []string{p.message}})
			return
		}
		writeJSON(w, p.status, map[string]string{"error": p.message})
		return
	}
	status := p.status
	if p.remote && status != http.StatusNotFound && !strings.Contains(c.r.Header.Get("Prefer"), "status=accurate") {
		status = http.StatusUnprocessableEntity
	}
	if status == http.StatusBadRequest {
		status = http.StatusUnprocessableEntity
	}
	writeJSON(w, status, FacadeError{FacadeErrors{[]FacadeMessage{{p.message, p.code, c.id}}}})
}

// FacadeError is an error as the dashboard reads it.
type FacadeError struct {
	Error FacadeErrors `json:"error"`
}

// FacadeErrors holds the messages of an error.
type FacadeErrors struct {
	Errors []FacadeMessage `json:"errors"`
}

// FacadeMessage is one message of an error.
type FacadeMessage struct {
	Message   string `json:"message"`
	Code      string `json:"code"`
	RequestID string `json:"request_id"`
}

func facadeTeams(c *call) (any, error) {
	conns, err := c.candidates(c.path["account"])
	if err != nil {
		return nil, err
	}
	out := []FacadeTeam{}
	for _, conn := range conns {
		all, err := c.in(conn).teams()
		if err != nil {
			return nil, err
		}
		for _, t := range all {
			out = append(out, FacadeTeam{t.Value.ID, t.Value.Name, t.Value.Key})
		}
	}
	return out, nil
}

// connectionOfTeam finds the connection that has a team.
func (c *call) connectionOfTeam(id string) (*Connection, *linearapi.Team, error) {
	conns, err := c.candidates(c.path["account"])
	if err != nil {
		return nil, nil, err
	}
	for _, conn := range conns {
		t, err := c.in(conn).teamOf(reference{id: id})
		if err != nil {
			return nil, nil, err
		}
		if t != nil {
			return conn, t, nil
		}
	}
	return nil, nil, invalidField("team_id", "not_found", "there is no team %s", quoteID(id))
}

func facadeEntities(c *call) (any, error) {
	id := c.q.get("team_id")
	if id == "" {
		return nil, invalidField("team_id", "required", "is required")
	}
	conn, t, err := c.connectionOfTeam(id)
	if err != nil {
		return nil, err
	}
	all, err := c.in(conn).entities(t, c.q.get("scope") != "team")
	if err != nil {
		return nil, err
	}
	out := &FacadeEntities{Users: []Named{}, Projects: []Named{}, States: []Named{}, Labels: []Named{}}
	for _, u := range all.Users {
		out.Users = append(out.Users, Named{u.ID, u.Name})
	}
	for _, p := range all.Projects {
		out.Projects = append(out.Projects, Named{p.ID, p.Name})
	}
	for _, s := range all.States {
		out.States = append(out.States, Named{s.ID, s.Name})
	}
	for _, l := range all.Labels {
		out.Labels = append(out.Labels, Named{l.ID, l.Name})
	}
	return out, nil
}

// term is the search term as the dashboard sends it: not encoded, so what
// follows a "&" is a part of it.
func (c *call) term() string {
	var parts []string
	for pair := range strings.SplitSeq(c.r.URL.RawQuery, "&") {
		name, value, has := strings.Cut(pair, "=")
		switch {
		case has && unescape(name) == "q":
			parts = []string{unescape(value)}
		case len(parts) > 0 && (!has || !slices.Contains([]string{"envelope", "integrated_account_id", "account_id"}, name)):
			parts = append(parts, unescape(pair))
		}
	}
	return strings.Join(parts, "&")
}

func facadeSearch(c *call) (any, error) {
	term := strings.TrimSpace(c.term())
	if term == "" {
		return nil, invalidField("q", "required", "Specify search string with parameter q")
	}
	if len(term) > 1000 {
		term = strings.ToValidUTF8(term[:1000], "")
	}
	conns, err := c.candidates(c.path["account"])
	if err != nil {
		return nil, err
	}
	out := []FacadeHit{}
	for _, conn := range conns {
		f, err := c.in(conn).find(term, linearapi.IssueQuery{PageArgs: linearapi.PageArgs{First: defaultLimit}}, "")
		if err != nil {
			return nil, err
		}
		for i := range f.nodes {
			v := &f.nodes[i].Value
			if v.State == nil {
				continue
			}
			out = append(out, FacadeHit{v.ID, v.Title, text(v.Description), v.Identifier, v.URL, FacadeState{v.State.Name, v.State.Color}})
		}
	}
	return out, nil
}

func facadeDisconnect(c *call) (any, error) {
	if c.who.Role != RoleAdmin && !c.api.cfg.Helpdesk.AgentsDisconnect {
		return nil, forbidden(codeForbidden, "ending the connection needs the role admin")
	}
	conns, err := c.holders(c.path["account"])
	if err != nil {
		return nil, err
	}
	for _, conn := range conns {
		out, err := c.disconnect(conn)
		if err != nil {
			return nil, err
		}
		if out.Warning != "" {
			c.notes = append(c.notes, out.Warning)
		}
	}
	return nil, nil
}

func facadeApps(c *call) (any, error) {
	app, err := c.app()
	if err != nil {
		return nil, err
	}
	return FacadeApps{[]FacadeApp{app}}, nil
}

func (c *call) app() (FacadeApp, error) {
	_, err := c.holders(c.path["account"])
	if err != nil && problemOf(err).status != http.StatusNotFound {
		return FacadeApp{}, err
	}
	app := FacadeApp{
		ID: "linear", Name: "Linear", HookType: "account", Enabled: err == nil, Hooks: []any{},
		Description: "Create issues in Linear directly from a conversation, or link existing ones.",
	}
	if _, can := c.api.cfg.Connections.(Connecter); can && !app.Enabled && c.who.Role == RoleAdmin && len(c.who.Connections) == 0 {
		link, err := c.invite(c.path["account"])
		if err != nil {
			return FacadeApp{}, err
		}
		app.Action = link.URL
	}
	return app, nil
}

func facadeApp(c *call) (any, error) {
	if c.path["app"] != "linear" {
		return nil, notFound("app", c.path["app"])
	}
	return c.app()
}
