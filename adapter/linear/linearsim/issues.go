package linearsim

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Issue is an issue of a team.
type Issue struct {
	ID         string
	Identifier string // such as ENG-1
	Number     int
	Team       *Team
	Creator    *User
	CreatedAt  time.Time

	record
	issueFields
	asUser    string
	iconURL   string
	reactions []*Reaction
	comments  []*Comment // in order of creation, without deleted ones
	history   []*thing
}

// issueFields is what an update can change. It is apart so that an update can
// prepare a copy without touching the exported fields, which are read without
// a lock.
type issueFields struct {
	title       string
	description string
	typed       bool // the description was written by a person
	state       *State
	priority    int
	estimate    any // float64 or nil
	dueDate     string
	sortOrder   float64
	assignee    *User
	delegate    *User
	parent      *Issue
	labels      []*Label
	subscribers []*User
	startedAt   time.Time
	completedAt time.Time
	canceledAt  time.Time
	trashedAt   time.Time
	trashed     bool
	archivedAt  time.Time
	project     *thing         // nil if there is none
	cycle       *thing         // nil if there is none
	milestone   *thing         // nil if there is none
	extra       map[string]any // fields without behavior; copied before a change
}

// IssueChange says what [User.UpdateIssue] changes. A zero field stays as it is.
type IssueChange struct {
	Title       string
	Description string
	State       string // the name of a state of the issue's team
	Assignee    *User
	Delegate    *User
	Priority    int // 1 urgent to 4 low

	// NoAssignee and NoDelegate clear the assignee and the delegate.
	NoAssignee, NoDelegate bool
}

// AddIssue creates an issue in the state Todo, as a person. It sends the webhook.
func (t *Team) AddIssue(by *User, title, description string) *Issue {
	s := t.ws.srv
	s.mu.Lock()
	defer s.unlock()
	if by == nil || by.ws != t.ws {
		return nil
	}
	return s.addIssue(&Issue{
		ID: s.newID(), Team: t, Creator: by, issueFields: issueFields{
			title: title, description: s.stored(description), typed: true, state: t.State("Todo"), subscribers: []*User{by},
		},
	})
}

// UpdateIssue changes an issue and returns it.
func (u *User) UpdateIssue(i *Issue, c IssueChange) *Issue {
	s := u.ws.srv
	s.mu.Lock()
	defer s.unlock()
	if i == nil || i.trashed || i.Team.ws != u.ws {
		return nil
	}
	s.changeIssue(i, u, func() {
		i.title = cmp.Or(c.Title, i.title)
		i.priority = cmp.Or(c.Priority, i.priority)
		if i.assignee = cmp.Or(c.Assignee, i.assignee); c.NoAssignee {
			i.assignee = nil
		}
		if i.delegate = cmp.Or(c.Delegate, i.delegate); c.NoDelegate {
			i.delegate = nil
		}
		if c.Description != "" {
			i.description, i.typed = s.stored(c.Description), true
		}
		if st := i.Team.State(c.State); st != nil {
			i.enter(st, s.now())
		}
	})
	return i
}

// DeleteIssue moves an issue to the trash, which hides its comments, and returns it.
func (u *User) DeleteIssue(i *Issue) *Issue {
	s := u.ws.srv
	s.mu.Lock()
	defer s.unlock()
	if i == nil || i.trashed || i.Team.ws != u.ws {
		return nil
	}
	s.trash(i, u)
	return i
}

// Title returns the title.
func (i *Issue) Title() string { return read(i.srv(), func() string { return i.title }) }

// Description returns the description as it was written last.
func (i *Issue) Description() string { return read(i.srv(), func() string { return i.description }) }

// State returns the workflow state.
func (i *Issue) State() *State { return read(i.srv(), func() *State { return i.state }) }

// Assignee returns who the issue is assigned to, or nil.
func (i *Issue) Assignee() *User { return read(i.srv(), func() *User { return i.assignee }) }

// Delegate returns the app user that works on the issue, or nil.
func (i *Issue) Delegate() *User { return read(i.srv(), func() *User { return i.delegate }) }

// URL returns the address, which follows the title.
func (i *Issue) URL() string { return read(i.srv(), i.url) }

// Labels returns the labels in the order they were added.
func (i *Issue) Labels() []*Label {
	return read(i.srv(), func() []*Label { return slices.Clone(i.labels) })
}

// Comments returns the current comments, replies included, oldest first.
func (i *Issue) Comments() []*Comment { return read(i.srv(), i.discussion) }

// Reactions returns the reactions on the issue itself, oldest first.
func (i *Issue) Reactions() []*Reaction {
	return read(i.srv(), func() []*Reaction { return slices.Clone(i.reactions) })
}

func (i *Issue) srv() *Server { return i.Team.ws.srv }

func (i *Issue) discussion() []*Comment { return chronological(i.comments) }

func (i *Issue) url() string {
	return i.Team.ws.address("/issue/" + strings.TrimSuffix(i.Identifier+"/"+slug(i.title), "/"))
}

func (i *issueFields) has(l *Label) bool { return slices.Contains(i.labels, l) }

func (i *issueFields) subscribe(u *User) {
	if !slices.Contains(i.subscribers, u) {
		i.subscribers = append(slices.Clone(i.subscribers), u)
	}
}

// enter moves the issue to a state and keeps the times that go with it.
func (i *issueFields) enter(st *State, now time.Time) {
	i.state = st
	i.completedAt, i.canceledAt = time.Time{}, time.Time{}
	switch st.Type {
	case "started":
		if i.startedAt.IsZero() {
			i.startedAt = now
		}
	case "completed":
		i.completedAt = now
	case "canceled":
		i.canceledAt = now
	}
}

func (s *Server) addIssue(i *Issue) *Issue {
	t := i.Team
	at := i.CreatedAt
	i.record = s.newRecord()
	if !at.IsZero() {
		i.createdAt = at
	}
	i.CreatedAt = i.createdAt
	t.last++
	i.Number, i.Identifier = t.last, identifier(t, t.last)
	if i.sortOrder == 0 {
		i.sortOrder = -float64(t.last)
	}
	i.enter(i.state, i.updatedAt)
	s.take("Issue", i.ID)
	t.ws.issues = append(t.ws.issues, i)
	s.emit(t.ws, event{action: "create", typ: "Issue", url: i.url(), actor: i.Creator.actor(), data: i.data(), at: i.updatedAt})
	s.notifyOfIssue(i, i.Creator, issueFields{state: i.state})
	return i
}

// changeIssue applies f to an issue and sends what differs.
func (s *Server) changeIssue(i *Issue, by *User, f func()) {
	before, fields := i.data(), i.issueFields
	f()
	i.updatedAt = s.now()
	after := i.data()
	from := differences(before, after)
	s.emit(i.Team.ws, event{
		action: "update", typ: "Issue", url: i.url(), actor: by.actor(), data: after, from: from, at: i.updatedAt,
	})
	s.remember(i, by, fields)
	s.notifyOfIssue(i, by, fields)
}

func (s *Server) trash(i *Issue, by *User) {
	i.trashed, i.trashedAt = true, s.now()
	s.emit(i.Team.ws, event{action: "remove", typ: "Issue", actor: by.actor(), data: i.data(), at: i.trashedAt})
}

// issuesWhere lists the issues of a workspace.
func issuesWhere(w *Workspace, trashed bool, keep func(*Issue) bool) []*Issue {
	var out []*Issue
	for _, i := range w.issues {
		if (trashed || !i.trashed && i.archivedAt.IsZero()) && keep(i) {
			out = append(out, i)
		}
	}
	return out
}

// findIssue resolves a UUID or an identifier of the workspace.
func (w *Workspace) findIssue(id string) (*Issue, error) {
	for _, i := range w.issues {
		if !i.trashed && (strings.EqualFold(i.ID, id) || strings.EqualFold(i.Identifier, id)) {
			return i, nil
		}
	}
	return nil, notFound("Issue")
}

func (i *Issue) typename() string { return "Issue" }

func (i *Issue) field(r *request, name string, a args) (any, error) {
	switch name {
	case "id":
		return i.ID, nil
	case "identifier":
		return i.Identifier, nil
	case "number":
		return i.Number, nil
	case "title":
		return i.title, nil
	case "description":
		return opt(i.description), nil
	case "url":
		return i.url(), nil
	case "branchName":
		return strings.ToLower(i.Identifier) + "-" + slug(i.title), nil
	case "createdAt", "addedToTeamAt":
		return i.createdAt, nil
	case "updatedAt":
		return i.updatedAt, nil
	case "startedAt":
		return when(i.startedAt), nil
	case "completedAt":
		return when(i.completedAt), nil
	case "canceledAt":
		return when(i.canceledAt), nil
	case "archivedAt":
		if i.archivedAt.IsZero() {
			return when(i.trashedAt), nil
		}
		return i.archivedAt, nil
	case "trashed":
		if !i.trashed {
			return nil, nil
		}
		return true, nil
	case "team":
		return i.Team, nil
	case "state":
		return i.state, nil
	case "creator":
		return i.Creator, nil
	case "assignee":
		return i.assignee, nil
	case "delegate":
		return i.delegate, nil
	case "parent":
		return i.parent, nil
	case "children":
		in := issuesWhere(i.Team.ws, a.flag("includeArchived"), func(c *Issue) bool { return c.parent == i })
		return page(r, "Issue", a, in, r.srv.filters.issue)
	case "comments":
		return page(r, "Comment", a, i.discussion(), r.srv.filters.comment)
	case "labels":
		return page(r, "IssueLabel", a, i.labels, r.srv.filters.label)
	case "labelIds":
		return labelIDs(i.labels), nil
	case "subscribers":
		return page(r, "User", a, i.subscribers, r.srv.filters.user)
	case "reactions":
		return i.reactions, nil
	case "reactionData":
		return reactionData(i.reactions), nil
	case "priority":
		return i.priority, nil
	case "priorityLabel":
		return priorityLabel(i.priority), nil
	case "prioritySortOrder", "sortOrder":
		return i.sortOrder, nil
	case "estimate":
		return i.estimate, nil
	case "dueDate":
		return opt(i.dueDate), nil
	case "botActor":
		return i.bot(), nil
	case "slaType":
		return "all", nil
	}
	if v, known, err := i.linkField(r, name, a); known {
		return v, err
	}
	if v, ok := i.extra[name]; ok {
		return v, nil
	}
	return nil, noField("Issue", name)
}

func (i *Issue) bot() any {
	if i.asUser == "" {
		return nil
	}
	return payload{"ActorBot", map[string]any{
		"id": i.Creator.ID, "type": "oauthClient", "subType": nil, "name": i.Creator.Name,
		"userDisplayName": i.asUser, "avatarUrl": opt(i.iconURL),
	}}
}

func priorityLabel(p int) string {
	switch p {
	case 1:
		return "Urgent"
	case 2:
		return "High"
	case 3:
		return "Medium"
	case 4:
		return "Low"
	default:
		return "No priority"
	}
}
