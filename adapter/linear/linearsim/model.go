package linearsim

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"
)

// record is what every stored entity has.
type record struct {
	seq       int // total order of creation, server-wide
	createdAt time.Time
	updatedAt time.Time
}

func (s *Server) newRecord() record {
	s.seq++
	now := s.now()
	return record{seq: s.seq, createdAt: now, updatedAt: now}
}

func (r *record) order(byUpdate bool) (time.Time, int) {
	if byUpdate {
		return r.updatedAt, r.seq
	}
	return r.createdAt, r.seq
}

// stamp is the wire form of a time: UTC with milliseconds, null when unset.
func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// opt is null for the zero value of a field that may be unset.
func opt(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// when is null for a time that was never set.
func when(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

// claim checks a client-chosen id, or makes one. Ids of one entity are unique
// over all workspaces and stay taken after a deletion.
func (s *Server) claim(entity string, a args) (string, error) {
	if !a.set("id") {
		return s.newID(), nil
	}
	given := a.text("id")
	if !isUUIDv4(given) {
		return "", invalidField("id", "isUuid", "id must be a UUID")
	}
	id := strings.ToLower(given)
	if _, taken := s.ids[entity+id]; taken {
		return "", conflict(entity, id)
	}
	return id, nil
}

// take marks an id as used.
func (s *Server) take(entity, id string) { s.ids[entity+id] = struct{}{} }

func isUUIDv4(s string) bool {
	if len(s) != 36 {
		return false
	}
	id, err := uuid.Parse(s)
	return err == nil && id.Version() == 4 && id.Variant() == uuid.RFC4122
}

// slug is the readable end of an issue's address.
func slug(title string) string {
	var b strings.Builder
	gap := false
	for _, r := range strings.ToLower(title) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			if gap && b.Len() > 0 {
				b.WriteByte('-')
			}
			gap = false
			b.WriteRune(r)
		} else {
			gap = true
		}
	}
	return b.String()
}

// Workspace is a Linear organization.
type Workspace struct {
	ID     string
	Name   string
	URLKey string

	record
	srv           *Server
	users         []*User
	teams         []*Team
	issues        []*Issue
	comments      []*Comment // in order of creation, without deleted ones
	labels        []*Label
	apps          []*Installation
	registrations []*Registration
	external      []*ExternalUser
	sessions      []*Session
	notifications []*notification
	things        map[string][]*thing // by type
	membersOnly   bool                // see RestrictAgents
	uploadTypes   []string            // see SetUploadTypes
}

// Workspace adds a workspace and returns it. The URL key is the part of
// addresses after linear.app/; it also names the mail domain of its people,
// <urlKey>.test.
func (s *Server) Workspace(name, urlKey string) *Workspace {
	s.mu.Lock()
	defer s.unlock()
	ws := &Workspace{ID: s.newID(), Name: name, URLKey: urlKey, record: s.newRecord(), srv: s, things: map[string][]*thing{}}
	s.workspaces = append(s.workspaces, ws)
	return ws
}

func (w *Workspace) address(path string) string { return "https://linear.app/" + w.URLKey + path }

func (w *Workspace) typename() string { return "Organization" }

func (w *Workspace) field(r *request, name string, a args) (any, error) {
	switch name {
	case "id":
		return w.ID, nil
	case "name":
		return w.Name, nil
	case "urlKey":
		return w.URLKey, nil
	case "createdAt":
		return w.createdAt, nil
	case "updatedAt":
		return w.updatedAt, nil
	case restrictAgents:
		return w.membersOnly, nil
	case "allowedFileUploadContentTypes":
		if len(w.uploadTypes) == 0 {
			return nil, nil
		}
		return w.uploadTypes, nil
	case "userCount":
		return len(w.users), nil
	case "users":
		return page(r, "User", a, w.users, nil)
	case "teams":
		return page(r, "Team", a, w.teams, r.srv.filters.team)
	case "labels":
		return page(r, "IssueLabel", a, w.labels, r.srv.filters.label)
	}
	return nil, noField("Organization", name)
}

// Team is a team of a workspace.
type Team struct {
	ID   string
	Key  string
	Name string

	record
	ws     *Workspace
	states []*State
	last   int            // number of the newest issue
	extra  map[string]any // fields without behavior
}

// members are the people of a team: everyone in the workspace.
func (t *Team) members() []*User { return t.ws.users }

// AddTeam adds a team with the states Triage, Backlog, Todo, In Progress, In
// Review, Done and Canceled. Its issues are numbered <key>-1, <key>-2, ….
func (w *Workspace) AddTeam(key, name string) *Team {
	w.srv.mu.Lock()
	defer w.srv.unlock()
	return w.addTeam(key, name)
}

func (w *Workspace) addTeam(key, name string) *Team {
	s := w.srv
	t := &Team{ID: s.newID(), Key: key, Name: name, record: s.newRecord(), ws: w}
	for i, st := range [][3]string{
		{"Triage", "triage", "#fc7840"},
		{"Backlog", "backlog", "#bec2c8"},
		{"Todo", "unstarted", "#e2e2e2"},
		{"In Progress", "started", "#f2c94c"},
		{"In Review", "started", "#0f783c"},
		{"Done", "completed", "#5e6ad2"},
		{"Canceled", "canceled", "#95a2b3"},
	} {
		t.states = append(t.states, &State{
			ID: s.newID(), Name: st[0], Type: st[1], record: s.newRecord(),
			color: st[2], position: float64(i), team: t,
		})
	}
	t.extra = map[string]any{"timezone": "Etc/UTC", "cycleDuration": 2}
	w.teams = append(w.teams, t)
	return t
}

// State returns the workflow state with that name, or nil.
func (t *Team) State(name string) *State {
	for _, st := range t.states {
		if st.Name == name {
			return st
		}
	}
	return nil
}

func (t *Team) typename() string { return "Team" }

func (t *Team) field(r *request, name string, a args) (any, error) {
	switch name {
	case "id":
		return t.ID, nil
	case "key":
		return t.Key, nil
	case "name", "displayName":
		return t.Name, nil
	case "createdAt":
		return t.createdAt, nil
	case "updatedAt":
		return t.updatedAt, nil
	case "inviteHash":
		return derivedID(t.ID)[:8], nil
	case "memberships":
		var own []item
		for _, m := range t.ws.memberships() {
			if m, ok := m.(*membership); ok && m.team == t {
				own = append(own, m)
			}
		}
		return own, nil
	case "membership":
		for _, m := range t.ws.memberships() {
			if m, ok := m.(*membership); ok && m.team == t && m.user.ID == a.text("userId") {
				return m, nil
			}
		}
		return nil, nil
	case "viewerMembership":
		for _, m := range t.ws.memberships() {
			if m, ok := m.(*membership); ok && m.team == t && m.user == r.user {
				return m, nil
			}
		}
		return nil, nil
	case "activeCycle":
		for _, c := range where(t.ws.things["Cycle"], func(c *thing) bool { return c.is("team", t) }) {
			if r.srv.during(c.time("startsAt"), c.time("endsAt")) {
				return c, nil
			}
		}
		return nil, nil
	case "visibility", "issueEstimationType":
		if v, set := t.extra[name].(string); set {
			return v, nil
		}
		return map[string]string{"visibility": "public", "issueEstimationType": "notUsed"}[name], nil
	case "triageIssueState":
		return t.State("Triage"), nil
	case "defaultIssueState":
		return t.State("Backlog"), nil
	case "organization":
		return t.ws, nil
	case "states":
		return page(r, "WorkflowState", a, t.states, r.srv.filters.state)
	case "members":
		return page(r, "User", a, t.members(), r.srv.filters.user)
	case "labels":
		return page(r, "IssueLabel", a, t.ws.labels, r.srv.filters.label)
	case "issueCount":
		return len(t.issues(a.flag("includeArchived"))), nil
	case "issues":
		return page(r, "Issue", a, t.issues(a.flag("includeArchived")), r.srv.filters.issue)
	}
	if v, ok := t.extra[name]; ok {
		return v, nil
	}
	return nil, noField("Team", name)
}

func (t *Team) issues(trashed bool) []*Issue {
	return issuesWhere(t.ws, trashed, func(i *Issue) bool { return i.Team == t })
}

// child is the form of a team inside webhook bodies.
func (t *Team) child() map[string]any {
	return map[string]any{"id": t.ID, "key": t.Key, "name": t.Name}
}

// State is a workflow state of a team. Type is one of triage, backlog,
// unstarted, started, completed and canceled.
type State struct {
	ID   string
	Name string
	Type string

	record
	color       string
	description string
	position    float64
	team        *Team
}

func (st *State) typename() string { return "WorkflowState" }

func (st *State) field(r *request, name string, a args) (any, error) {
	switch name {
	case "id":
		return st.ID, nil
	case "name":
		return st.Name, nil
	case "type":
		return st.Type, nil
	case "color":
		return st.color, nil
	case "description":
		return opt(st.description), nil
	case "position":
		return st.position, nil
	case "team":
		return st.team, nil
	case "createdAt":
		return st.createdAt, nil
	case "updatedAt":
		return st.updatedAt, nil
	case "issues":
		in := issuesWhere(st.team.ws, a.flag("includeArchived"), func(i *Issue) bool { return i.state == st })
		return page(r, "Issue", a, in, r.srv.filters.issue)
	}
	return nil, noField("WorkflowState", name)
}

// Label is an issue label of a workspace.
type Label struct {
	ID    string
	Name  string
	Color string

	record
	ws          *Workspace
	description string
	group       bool
	creator     *User
	team        *Team
	parent      *Label
	retiredAt   time.Time
	retiredBy   *User
}

// AddLabel adds a label that every team can use. Color is "#rrggbb" and
// defaults to a grey.
func (w *Workspace) AddLabel(name, color string) *Label {
	w.srv.mu.Lock()
	defer w.srv.unlock()
	return w.addLabel(&Label{ID: w.srv.newID(), Name: name, Color: color})
}

func (w *Workspace) addLabel(l *Label) *Label {
	if l.Color == "" {
		l.Color = "#bec2c8"
	}
	l.record, l.ws = w.srv.newRecord(), w
	w.srv.take("IssueLabel", l.ID)
	w.labels = append(w.labels, l)
	return l
}

func (l *Label) typename() string { return "IssueLabel" }

func (l *Label) field(r *request, name string, a args) (any, error) {
	switch name {
	case "id":
		return l.ID, nil
	case "name":
		return l.Name, nil
	case "color":
		return l.Color, nil
	case "isGroup":
		return l.group, nil
	case "description":
		return opt(l.description), nil
	case "creator":
		return l.creator, nil
	case "team":
		return l.team, nil
	case "parent":
		return l.parent, nil
	case "createdAt":
		return l.createdAt, nil
	case "updatedAt":
		return l.updatedAt, nil
	case "retiredAt":
		return when(l.retiredAt), nil
	case "retiredBy":
		return l.retiredBy, nil
	case "issues":
		in := issuesWhere(l.ws, a.flag("includeArchived"), func(i *Issue) bool { return i.has(l) })
		return page(r, "Issue", a, in, r.srv.filters.issue)
	}
	return nil, noField("IssueLabel", name)
}

func (l *Label) child() map[string]any {
	out := map[string]any{"id": l.ID, "name": l.Name, "color": l.Color}
	if l.parent != nil {
		out["parentId"] = l.parent.ID
	}
	return out
}

// byID finds an entity by the id that key reads.
func byID[T any](in []T, id string, key func(T) string) (T, bool) {
	for _, v := range in {
		if key(v) == id {
			return v, true
		}
	}
	var zero T
	return zero, false
}

func identifier(t *Team, n int) string { return fmt.Sprintf("%s-%d", t.Key, n) }
