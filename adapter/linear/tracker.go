package linear

import (
	"context"
	"strings"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

var _ adapter.Tracker = (*Adapter)(nil)

// CreateIssue creates an issue under an id that is computed from key. If it
// already exists, it is returned in its current state.
func (a *Adapter) CreateIssue(ctx context.Context, workspace, key string, c adapter.IssueFields) (*adapter.Issue, error) {
	switch {
	case key == "":
		return nil, opError("issueCreate", adapter.CodeInvalid, "the key is missing")
	case c.Title == nil || strings.TrimSpace(*c.Title) == "":
		return nil, opError("issueCreate", adapter.CodeInvalid, "the title is missing")
	case c.Team == nil || *c.Team == "":
		return nil, opError("issueCreate", adapter.CodeInvalid, "the team is missing")
	}
	b, err := a.bot(ctx, workspace)
	if err != nil {
		return nil, err
	}
	in, err := a.issueInput(ctx, b, c, "")
	if err != nil {
		return nil, err
	}
	if err := b.setLabels(ctx, in, c, teamOf(in, ""), true); err != nil {
		return nil, err
	}
	id := b.writeID(key)
	in["id"] = id
	made, err := b.api.IssueCreateNode(ctx, in)
	if adapter.CodeOf(err) == adapter.CodeConflict {
		made, err = b.api.IssueNode(ctx, id)
	}
	if err != nil {
		return nil, err
	}
	return b.people.full(&made.Value), nil
}

// UpdateIssue changes an issue. A state, and labels given by name, take a request
// each, and one more to look up the issue's team.
func (a *Adapter) UpdateIssue(ctx context.Context, workspace, issue string, c adapter.IssueFields) (*adapter.Issue, error) {
	b, err := a.bot(ctx, workspace)
	if err != nil {
		return nil, err
	}
	team := ""
	if c.Team == nil && (c.State != nil || len(allLabels(c)) > 0) {
		now, err := b.api.Issue(ctx, issue)
		if err != nil {
			return nil, err
		}
		if now.Team != nil {
			team = now.Team.ID
		}
	}
	in, err := a.issueInput(ctx, b, c, team)
	if err != nil {
		return nil, err
	}
	if err := b.setLabels(ctx, in, c, teamOf(in, team), false); err != nil {
		return nil, err
	}
	made, err := b.api.IssueUpdateNode(ctx, issue, in)
	if err != nil {
		return nil, err
	}
	return b.people.full(&made.Value), nil
}

// issueInput converts a change, without labels, to Linear's input.
func (a *Adapter) issueInput(ctx context.Context, b *bot, c adapter.IssueFields, team string) (linearapi.Input, error) {
	in := linearapi.Input{}
	for name, v := range map[string]*string{
		"title": c.Title, "description": c.Description, "parentId": c.ParentID, "dueDate": c.DueDate,
	} {
		switch {
		case v == nil:
		case *v == "" && name != "title" && name != "description":
			in[name] = nil
		default:
			in[name] = *v
		}
	}
	if c.Priority != nil {
		in["priority"] = *c.Priority
	}
	if c.Assignee != nil {
		id, err := a.assignee(ctx, b.self.Workspace, *c.Assignee)
		if err != nil {
			return nil, err
		}
		in["assigneeId"] = id
	}
	if c.Team != nil {
		found, err := b.api.Teams(ctx, linearapi.Filter{"or": []linearapi.Filter{
			{"id": linearapi.Filter{"eq": *c.Team}}, {"key": linearapi.Filter{"eq": strings.ToUpper(*c.Team)}},
		}}, linearapi.PageArgs{First: 1})
		if err != nil {
			return nil, err
		}
		if len(found.Nodes) == 0 {
			return nil, opError("issue", adapter.CodeNotFound, "there is no such team")
		}
		team = found.Nodes[0].ID
		in["teamId"] = team
	}
	if c.State == nil {
		return in, nil
	}
	states, err := b.api.WorkflowStates(ctx, linearapi.OfTeam(team), linearapi.PageArgs{First: linearapi.MaxPage})
	if err != nil {
		return nil, err
	}
	for _, s := range states.Nodes {
		if s.ID == *c.State || strings.EqualFold(s.Name, *c.State) {
			in["stateId"] = s.ID
			return in, nil
		}
	}
	return nil, opError("issue", adapter.CodeNotFound, "the team has no such state")
}

// teamOf returns the team that an input sets, or else team.
func teamOf(in linearapi.Input, team string) string {
	if id, ok := in["teamId"].(string); ok {
		return id
	}
	return team
}

// SearchIssues searches issues, which Linear allows 30 times a minute. A short
// name is looked up instead.
func (a *Adapter) SearchIssues(ctx context.Context, workspace, text string, limit int) ([]*adapter.Issue, error) {
	b, err := a.bot(ctx, workspace)
	if err != nil {
		return nil, err
	}
	text = strings.TrimSpace(text)
	if isShortName(text) {
		found, err := b.api.Issue(ctx, strings.ToUpper(text))
		if err == nil {
			return []*adapter.Issue{b.people.full(found)}, nil
		}
		if adapter.CodeOf(err) != adapter.CodeNotFound {
			return nil, err
		}
	}
	if text == "" {
		return nil, opError("search", adapter.CodeInvalid, "the text is empty")
	}
	page, err := b.api.SearchIssues(ctx, linearapi.IssueSearch{
		Term: text, IssueQuery: linearapi.IssueQuery{PageArgs: linearapi.PageArgs{First: limit}},
	})
	if err != nil {
		return nil, err
	}
	out := make([]*adapter.Issue, len(page.Nodes))
	for i := range page.Nodes {
		out[i] = b.people.full(&page.Nodes[i])
	}
	return out, nil
}

// LinkIssue links an address to an issue. Linear keeps one link per address and
// issue.
func (a *Adapter) LinkIssue(ctx context.Context, workspace, issue string, l adapter.IssueLink) error {
	b, err := a.bot(ctx, workspace)
	if err != nil {
		return err
	}
	title := l.Title
	if title == "" {
		title = l.URL
	}
	_, err = b.api.AttachmentCreate(ctx, linearapi.AttachmentCreateInput{IssueID: issue, URL: l.URL, Title: title})
	return err
}

// IssueLinks returns up to 250 links of an issue.
func (a *Adapter) IssueLinks(ctx context.Context, workspace, issue string) ([]adapter.IssueLink, error) {
	b, err := a.bot(ctx, workspace)
	if err != nil {
		return nil, err
	}
	page, err := b.api.IssueAttachments(ctx, issue, linearapi.PageArgs{First: linearapi.MaxPage})
	if err != nil {
		return nil, err
	}
	out := make([]adapter.IssueLink, len(page.Nodes))
	for i, v := range page.Nodes {
		out[i] = adapter.IssueLink{ID: v.ID, Title: v.Title, URL: v.URL}
	}
	return out, nil
}
