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

// Named is an entry of a drop-down.
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

// FacadeIssue is an issue as the dashboard reads it.
type FacadeIssue struct {
	ID          string        `json:"id"`
	Identifier  string        `json:"identifier"`
	Title       string        `json:"title"`
	Description *string       `json:"description"`
	Priority    int           `json:"priority"`
	CreatedAt   string        `json:"createdAt"`
	URL         string        `json:"url"`
	Assignee    *FacadePerson `json:"assignee"`
	State       FacadeState   `json:"state"`
	Labels      FacadeLabels  `json:"labels"`
}

// FacadePerson is an assignee as the dashboard reads it.
type FacadePerson struct {
	Name      string  `json:"name"`
	AvatarURL *string `json:"avatarUrl"`
}

// FacadeState is a state as the dashboard reads it.
type FacadeState struct {
	Name  string `json:"name"`
	Color string `json:"color"`
}

// FacadeLabels are labels as the dashboard reads them.
type FacadeLabels struct {
	Nodes []FacadeLabel `json:"nodes"`
}

// FacadeLabel is a label as the dashboard reads it.
type FacadeLabel struct {
	ID          string  `json:"id"`
	Name        string  `json:"name"`
	Color       string  `json:"color"`
	Description *string `json:"description"`
}

// FacadeLink is a linked issue as the dashboard reads it.
type FacadeLink struct {
	ID    string      `json:"id"`
	Title string      `json:"title"`
	Issue FacadeIssue `json:"issue"`
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

// FacadeCreated is the answer to create_issue.
type FacadeCreated struct {
	ID         string `json:"id"`
	Title      string `json:"title"`
	Identifier string `json:"identifier"`
	URL        string `json:"url"`
}

// FacadeLinked is the answer to link_issue.
type FacadeLinked struct {
	ID     string `json:"id" doc:"What was sent as issue_id."`
	Link   string `json:"link"`
	LinkID string `json:"link_id"`
}

// FacadeUnlinked is the answer to unlink_issue.
type FacadeUnlinked struct {
	LinkID string `json:"link_id"`
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
	Hooks       []any  `json:"hooks"`
}

// FacadeCreateInput is the body of create_issue.
type FacadeCreateInput struct {
	_              struct{} `additionalProperties:"true"`
	ConversationID *anyRef  `json:"conversation_id,omitempty"`
	TeamID         string   `json:"team_id"`
	Title          string   `json:"title"`
	Description    *string  `json:"description,omitempty"`
	AssigneeID     *string  `json:"assignee_id,omitempty"`
	Priority       *int     `json:"priority,omitempty"`
	StateID        *string  `json:"state_id,omitempty"`
	ProjectID      *string  `json:"project_id,omitempty"`
	LabelIDs       []string `json:"label_ids,omitempty"`
}

// FacadeLinkInput is the body of link_issue and unlink_issue.
type FacadeLinkInput struct {
	_              struct{} `additionalProperties:"true"`
	ConversationID *anyRef  `json:"conversation_id,omitempty"`
	IssueID        string   `json:"issue_id,omitempty"`
	LinkID         string   `json:"link_id,omitempty"`
	Title          *string  `json:"title,omitempty"`
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

// facadeCreate creates an issue and, if the conversation is named, links it at
// once: the dashboard's own second call then finds the link, and the issue is not
// orphaned if that call never comes.
func facadeCreate(c *call) (any, error) {
	in := c.input
	teamID, given, _ := in.text(100, "team_id")
	if !given || teamID == "" {
		return nil, invalidField("team_id", "required", "is required")
	}
	title, given, _ := in.text(maxTitle, "title")
	if !given || strings.TrimSpace(title) == "" {
		return nil, invalidField("title", "required", "is required")
	}
	if n, given, null := in.number("priority"); given && !null && (n < 0 || n > 4 || n != float64(int(n))) {
		in.wrong("priority", "value", "must be a number from 0 to 4")
	}
	conversation, _, _ := in.text(100, "conversation_id", "conversationId")
	if err := in.done(); err != nil {
		return nil, err
	}
	conn, _, err := c.connectionOfTeam(teamID)
	if err != nil {
		return nil, err
	}
	if err := c.use(conn); err != nil {
		return nil, err
	}
	// The dashboard's names in the words of the unified API.
	fields := map[string]any{"team": teamID, "name": title}
	for theirs, ours := range map[string]string{
		"description": "description", "assignee_id": "assignee_id", "priority": "priority", "label_ids": "tags",
	} {
		if v, has := in.fields[theirs]; has && v != nil && v != "" {
			fields[ours] = v
		}
	}
	if v, _ := in.fields["state_id"].(string); v != "" {
		fields["status"] = map[string]any{"id": v}
	}
	if v, _ := in.fields["project_id"].(string); v != "" {
		fields["collections"] = []any{map[string]any{"id": v, "type": "project"}}
	}
	if labels, isList := fields["tags"].([]any); isList {
		for _, l := range labels {
			if _, isText := l.(string); !isText {
				return nil, invalidField("label_ids", "type", "must be a list of ids")
			}
		}
	}
	by := c.actor()
	c.input = newInput(fields)
	var n *linearapi.Node[linearapi.Issue]
	p := place{c.path["account"], conversation}
	if alone := c.q.get("link") == "false"; conversation == "" || alone || c.api.cfg.Helpdesk.ConversationURL == "" {
		n, _, err = c.newTicket(c.input)
		if err == nil && conversation != "" {
			err = c.api.record(c.ctx, Activity{
				ID: ActivityCreated + ":" + n.Value.ID, Account: p.Account, Conversation: p.Conversation, Kind: ActivityCreated,
				IssueID: n.Value.ID, Identifier: n.Value.Identifier, Actor: by.Name,
			}, "")
		}
	} else {
		if err := c.enabled(p); err != nil {
			return nil, err
		}
		n, _, _, err = c.createAndTie(p, "", by)
	}
	if err != nil {
		return nil, err
	}
	return &FacadeCreated{n.Value.ID, n.Value.Title, n.Value.Identifier, n.Value.URL}, nil
}

func facadeLink(c *call) (any, error) {
	in := c.input
	ref, given, _ := in.text(500, "issue_id")
	if !given || ref == "" {
		in.wrong("issue_id", "required", "is required")
	}
	conversation, _, _ := in.text(100, "conversation_id")
	title, _, _ := in.text(500, "title")
	if err := in.done(); err != nil {
		return nil, err
	}
	p := place{c.path["account"], conversation}
	if err := c.enabled(p); err != nil {
		return nil, err
	}
	conn, n, err := c.locate(p, ref)
	if err != nil {
		return nil, err
	}
	v, _, err := c.tie(conn, p, n, title, "linked", c.actor(), c.make)
	if err != nil {
		return nil, err
	}
	return &FacadeLinked{ref, c.api.cfg.Helpdesk.address(p.Account, p.Conversation), v.ID}, nil
}

func facadeUnlink(c *call) (any, error) {
	in := c.input
	id, given, _ := in.text(100, "link_id")
	if !given || id == "" {
		in.wrong("link_id", "required", "is required")
	}
	conversation, _, _ := in.text(100, "conversation_id")
	if err := in.done(); err != nil {
		return nil, err
	}
	if err := c.untie(place{c.path["account"], conversation}, id, c.actor()); err != nil {
		return nil, err
	}
	return &FacadeUnlinked{id}, nil
}

func facadeLinkedIssues(c *call) (any, error) {
	p := place{c.path["account"], c.q.get("conversation_id")}
	if err := c.enabled(p); err != nil {
		return nil, err
	}
	conns, err := c.candidates(p.Account)
	if err != nil {
		return nil, err
	}
	out := []FacadeLink{}
	for _, conn := range conns {
		all, stale, err := c.linked(conn, p)
		if err != nil {
			return nil, err
		}
		if stale {
			c.header.Set("Warning", `110 - "Linear cannot be asked; this is how it was"`)
		}
		for _, v := range all {
			shown := c.shown(conn, p, v, stale)
			if shown.Issue == nil || shown.Issue.Status == nil || shown.Issue.Identifier == "" {
				continue
			}
			out = append(out, FacadeLink{v.ID, v.Title, facadeIssue(shown.Issue)})
		}
	}
	return out, nil
}

func facadeIssue(t *Ticket) FacadeIssue {
	f := FacadeIssue{
		ID: t.ID, Identifier: t.Identifier, Title: t.Name, Description: t.Description, URL: t.URL,
		State: FacadeState{t.Status.Label, t.Status.Color}, Labels: FacadeLabels{[]FacadeLabel{}},
	}
	f.Priority, _ = priorityOf(t.Priority.ID)
	if t.CreatedAt != nil {
		f.CreatedAt = t.CreatedAt.Format("2006-01-02T15:04:05.000Z")
	}
	if len(t.Assignees) > 0 {
		f.Assignee = &FacadePerson{AvatarURL: t.Assignees[0].Avatar}
		if t.Assignees[0].Name != nil {
			f.Assignee.Name = *t.Assignees[0].Name
		}
	}
	for _, l := range t.Tags {
		color := "#bec2c8"
		if l.Color != nil {
			color = *l.Color
		}
		f.Labels.Nodes = append(f.Labels.Nodes, FacadeLabel{ID: l.ID, Name: l.Name, Color: color})
	}
	return f
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
	conns, err := c.candidates(c.path["account"])
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
	_, err := c.candidates(c.path["account"])
	if err != nil && problemOf(err).status != http.StatusNotFound {
		return FacadeApp{}, err
	}
	return FacadeApp{
		ID: "linear", Name: "Linear", HookType: "account", Enabled: err == nil, Hooks: []any{},
		Description: "Create issues in Linear directly from a conversation, or link existing ones.",
	}, nil
}

func facadeApp(c *call) (any, error) {
	if c.path["app"] != "linear" {
		return nil, notFound("app", c.path["app"])
	}
	return c.app()
}
