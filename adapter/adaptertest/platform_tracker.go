package adaptertest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter"
)

var _ adapter.Tracker = (*Platform)(nil)

// CreateIssue implements adapter.Tracker. Every state, team and label exists; users
// are those of the directory. The id counts from "created-1", the short name from
// the key of the team and 1001.
func (p *Platform) CreateIssue(ctx context.Context, workspace, key string, c adapter.IssueFields) (*adapter.Issue, error) {
	const op = "create issue"
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.begin(ctx, op, &p.failWrites); err != nil {
		return nil, err
	}
	switch {
	case key == "":
		return nil, fakeError(op, adapter.CodeInvalid, "the key is missing")
	case c.Title == nil || strings.TrimSpace(*c.Title) == "":
		return nil, fakeError(op, adapter.CodeInvalid, "the title is missing")
	case c.Team == nil || *c.Team == "":
		return nil, fakeError(op, adapter.CodeInvalid, "the team is missing")
	}
	workspace = p.workspace(workspace)
	if at, ok := p.created[workspace+"\x00"+key]; ok {
		return p.issue(at), nil
	}
	self, n := p.self(), len(p.created)+1
	i := &adapter.Issue{
		ID: fmt.Sprintf("created-%d", n), Identifier: fmt.Sprintf("%s-%d", strings.ToUpper(*c.Team), 1000+n),
		Creator: &self, CreatedAt: time.Now(),
	}
	if err := p.setFields(op, workspace, i, c); err != nil {
		return nil, err
	}
	at := p.at(workspace, adapter.ThreadID("fake:"+i.ID))
	p.issues[at], p.created[workspace+"\x00"+key] = i, at
	return p.issue(at), nil
}

// UpdateIssue implements adapter.Tracker.
func (p *Platform) UpdateIssue(ctx context.Context, workspace, issue string, c adapter.IssueFields) (*adapter.Issue, error) {
	const op = "update issue"
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.begin(ctx, op, &p.failWrites); err != nil {
		return nil, err
	}
	at, err := p.named(op, workspace, issue)
	if err != nil {
		return nil, err
	}
	changed := p.issue(at)
	if err := p.setFields(op, at.workspace, changed, c); err != nil {
		return nil, err
	}
	p.issues[at] = changed
	return p.issue(at), nil
}

// SearchIssues implements adapter.Tracker: issues with all the words in their title
// or description, or with the short name, in the order of their short names.
func (p *Platform) SearchIssues(ctx context.Context, workspace, text string, limit int) ([]*adapter.Issue, error) {
	const op = "search issues"
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.begin(ctx, op, &p.failReads); err != nil {
		return nil, err
	}
	words := strings.Fields(strings.ToLower(text))
	if len(words) == 0 {
		return nil, fakeError(op, adapter.CodeInvalid, "the text is empty")
	}
	var out []*adapter.Issue
	for at, i := range p.issues {
		if i == nil || at.workspace != p.workspace(workspace) {
			continue
		}
		all := strings.ToLower(i.Identifier + " " + i.Title + " " + i.Description)
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(all, w) }) {
			out = append(out, p.issue(at))
		}
	}
	slices.SortFunc(out, func(a, b *adapter.Issue) int { return cmp.Compare(a.Identifier, b.Identifier) })
	return out[:min(len(out), limit)], nil
}

// LinkIssue implements adapter.Tracker.
func (p *Platform) LinkIssue(ctx context.Context, workspace, issue string, l adapter.IssueLink) error {
	const op = "link issue"
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.begin(ctx, op, &p.failWrites); err != nil {
		return err
	}
	at, err := p.named(op, workspace, issue)
	switch {
	case err != nil:
		return err
	case l.URL == "":
		return fakeError(op, adapter.CodeInvalid, "the address is missing")
	}
	l.Title = cmp.Or(l.Title, l.URL)
	for i, known := range p.linked[at] {
		if known.URL == l.URL {
			p.linked[at][i].Title = l.Title
			return nil
		}
	}
	l.ID = p.nextID("link")
	p.linked[at] = append(p.linked[at], l)
	return nil
}

// IssueLinks implements adapter.Tracker.
func (p *Platform) IssueLinks(ctx context.Context, workspace, issue string) ([]adapter.IssueLink, error) {
	const op = "links of issue"
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.begin(ctx, op, &p.failReads); err != nil {
		return nil, err
	}
	at, err := p.named(op, workspace, issue)
	return slices.Clone(p.linked[at]), err
}

// named returns the channel of an issue by its id or short name.
func (p *Platform) named(op, workspace, issue string) (place, error) {
	for at, i := range p.issues {
		if i != nil && at.workspace == p.workspace(workspace) && (i.ID == issue || strings.EqualFold(i.Identifier, issue)) {
			return at, nil
		}
	}
	return place{}, fakeError(op, adapter.CodeNotFound, "there is no issue "+issue)
}

// setFields changes an issue.
func (p *Platform) setFields(op, workspace string, i *adapter.Issue, c adapter.IssueFields) error {
	set := func(to, from *string) {
		if from != nil {
			*to = *from
		}
	}
	set(&i.Title, c.Title)
	set(&i.Description, c.Description)
	set(&i.DueDate, c.DueDate)
	if c.Team != nil {
		i.Team = adapter.Team{ID: *c.Team, Key: strings.ToUpper(*c.Team), Name: *c.Team}
	}
	if c.State != nil {
		i.State = adapter.IssueState{ID: *c.State, Name: *c.State}
	}
	if c.Priority != nil {
		i.Priority = *c.Priority
	}
	if c.Assignee != nil {
		i.Assignee = nil
		if who := *c.Assignee; who != "" {
			if i.Assignee = p.person(workspace, who); i.Assignee == nil {
				return fakeError(op, adapter.CodeNotFound, "there is no user "+who)
			}
		}
	}
	has := func(name string) func(adapter.Label) bool {
		return func(l adapter.Label) bool { return strings.EqualFold(l.Name, name) || l.ID == name }
	}
	add := c.AddLabels
	if c.Labels != nil {
		i.Labels, add = nil, append(slices.Clone(*c.Labels), add...)
	}
	for _, name := range add {
		if !slices.ContainsFunc(i.Labels, has(name)) {
			i.Labels = append(i.Labels, adapter.Label{ID: name, Name: name})
		}
	}
	for _, name := range c.RemoveLabels {
		i.Labels = slices.DeleteFunc(i.Labels, has(name))
	}
	i.UpdatedAt = time.Now()
	return nil
}

// person returns the user with an id, a handle or an address, or nil.
func (p *Platform) person(workspace, who string) *adapter.User {
	for _, u := range append([]adapter.User{p.self()}, p.users[p.at(workspace, "")]...) {
		if u.ID == who || strings.EqualFold(u.Name, strings.TrimPrefix(who, "@")) || strings.EqualFold(u.Email, who) {
			return &u
		}
	}
	return nil
}
