package linearsim

import (
	"slices"
	"strings"
	"unicode"
)

// User is a person or, when App is set, the user that an installed app acts
// as. Its methods do what a user does in Linear's own application.
type User struct {
	ID          string
	Name        string
	DisplayName string // unique in the workspace, what follows "@" in a mention
	Email       string
	URL         string // the profile address; pasted by a program it is a mention
	App         bool   // the user of an app, not a person
	Guest       bool   // webhooks do not say so
	Admin       bool   // may manage webhooks with a personal API key

	record
	ws   *Workspace
	open *Issue // the issue that the person opened last
}

// AddUser adds a person. The mail address is <displayName>@<urlKey>.test.
func (w *Workspace) AddUser(name, displayName string) *User {
	w.srv.mu.Lock()
	defer w.srv.unlock()
	return w.addUser(person(w, name, displayName, false))
}

// AddAdmin adds a person who may manage webhooks and the workspace.
func (w *Workspace) AddAdmin(name, displayName string) *User {
	w.srv.mu.Lock()
	defer w.srv.unlock()
	u := person(w, name, displayName, false)
	u.Admin = true
	return w.addUser(u)
}

// AddGuest adds a person who is a guest of the workspace. The simulator does not limit
// what guests can see.
func (w *Workspace) AddGuest(name, displayName string) *User {
	w.srv.mu.Lock()
	defer w.srv.unlock()
	return w.addUser(person(w, name, displayName, true))
}

// person makes a user without adding it.
func person(w *Workspace, name, displayName string, guest bool) *User {
	return &User{
		ID: w.srv.newID(), Name: name, DisplayName: displayName,
		Email: displayName + "@" + w.URLKey + ".test", Guest: guest,
	}
}

func (w *Workspace) addUser(u *User) *User {
	u.URL = w.address("/profiles/" + u.DisplayName)
	u.record, u.ws = w.srv.newRecord(), w
	w.users = append(w.users, u)
	return u
}

// APIKey returns a new personal API key of the user. It goes into the
// Authorization header as it is, without "Bearer".
func (u *User) APIKey() string {
	s := u.ws.srv
	s.mu.Lock()
	defer s.unlock()
	return s.grant(&token{user: u, key: true})
}

func (u *User) typename() string { return "User" }

func (u *User) field(r *request, name string, a args) (any, error) {
	switch name {
	case "id":
		return u.ID, nil
	case "name":
		return u.Name, nil
	case "displayName":
		return u.DisplayName, nil
	case "email":
		return u.Email, nil
	case "url":
		return u.URL, nil
	case "app":
		return u.App, nil
	case "active":
		return true, nil
	case "supportsAgentSessions":
		in := u.app()
		return in != nil && slices.Contains(in.ws.agents(), in), nil
	case "isMentionable":
		in := u.app()
		return in == nil || in.mentionable(), nil
	case "isAssignable":
		in := u.app()
		return in == nil || in.assignable(), nil
	case "canAccessAnyPublicTeam":
		return !u.Guest, nil
	case "teamMemberships":
		var own []item
		for _, m := range u.ws.memberships() {
			if m, ok := m.(*membership); ok && m.user == u {
				own = append(own, m)
			}
		}
		return own, nil
	case "guest":
		return u.Guest, nil
	case "admin", "owner":
		return u.Admin, nil
	case "isMe":
		return r.user == u, nil
	case "initials":
		return initials(u.Name), nil
	case "organization":
		return u.ws, nil
	case "createdAt":
		return u.createdAt, nil
	case "updatedAt":
		return u.updatedAt, nil
	case "teams":
		return page(r, "Team", a, u.ws.teams, r.srv.filters.team)
	case "inviteHash":
		return derivedID(u.ID)[:8], nil
	case "createdIssueCount":
		return len(issuesWhere(u.ws, true, func(i *Issue) bool { return i.Creator == u })), nil
	case "assignedIssues":
		return u.issues(r, a, func(i *Issue) bool { return i.assignee == u })
	case "createdIssues":
		return u.issues(r, a, func(i *Issue) bool { return i.Creator == u })
	case "delegatedIssues":
		return u.issues(r, a, func(i *Issue) bool { return i.delegate == u })
	}
	return nil, noField("User", name)
}

func (u *User) issues(r *request, a args, keep func(*Issue) bool) (any, error) {
	return page(r, "Issue", a, issuesWhere(u.ws, a.flag("includeArchived"), keep), r.srv.filters.issue)
}

// child is the form of a user inside webhook bodies.
func (u *User) child() map[string]any {
	return map[string]any{"id": u.ID, "name": u.Name, "email": u.Email, "url": u.URL}
}

// actor is the form of a user who caused a webhook. Apps are users, too.
func (u *User) actor() map[string]any {
	out := u.child()
	out["type"] = "user"
	return out
}

func initials(name string) string {
	var b strings.Builder
	for word := range strings.FieldsSeq(name) {
		for _, r := range word {
			b.WriteRune(unicode.ToUpper(r))
			break
		}
	}
	return b.String()
}

// ExternalUser is a person who writes from a connected system, without an
// account in the workspace.
type ExternalUser struct {
	ID    string
	Name  string
	Email string

	record
	ws *Workspace
}

// AddExternalUser adds a person who writes from a connected system.
func (w *Workspace) AddExternalUser(name, email string) *ExternalUser {
	w.srv.mu.Lock()
	defer w.srv.unlock()
	e := &ExternalUser{ID: w.srv.newID(), Name: name, Email: email, record: w.srv.newRecord(), ws: w}
	w.external = append(w.external, e)
	return e
}

func (e *ExternalUser) typename() string { return "ExternalUser" }

func (e *ExternalUser) field(_ *request, name string, _ args) (any, error) {
	switch name {
	case "id":
		return e.ID, nil
	case "name", "displayName":
		return e.Name, nil
	case "email":
		return opt(e.Email), nil
	case "organization":
		return e.ws, nil
	case "createdAt":
		return e.createdAt, nil
	case "updatedAt":
		return e.updatedAt, nil
	}
	return nil, noField("ExternalUser", name)
}

func (e *ExternalUser) child() map[string]any {
	return map[string]any{"id": e.ID, "name": e.Name, "email": e.Email}
}
