package ticketing

import (
	"encoding/json"
	"strings"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

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
		n, _, _, err = c.createAndTie(p, "", by, nil)
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
	conns, err := c.holders(p.Account)
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
			out = append(out, FacadeLink{v.ID, v.Title, facadeIssue(shown.Issue, v.labels())})
		}
	}
	return out, nil
}

// labels are what Linear said of the labels of a link's issue.
func (l *link) labels() map[string]linearapi.Label {
	var issue struct {
		Labels linearapi.Page[linearapi.Label] `json:"labels"`
	}
	if json.Unmarshal(l.Issue, &issue) != nil {
		return nil // the issue is shown without
	}
	out := map[string]linearapi.Label{}
	for _, v := range issue.Labels.Nodes {
		out[v.ID] = v
	}
	return out
}

func facadeIssue(t *Ticket, labels map[string]linearapi.Label) FacadeIssue {
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
		f.Labels.Nodes = append(f.Labels.Nodes, FacadeLabel{l.ID, l.Name, color, text(labels[l.ID].Description)})
	}
	return f
}
