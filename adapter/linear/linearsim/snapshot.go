package linearsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// stateVersion is the format of [Snapshot].
const stateVersion = 1

// Snapshot is everything that a server holds, as JSON can carry it: workspaces with
// all entities, tokens and webhooks. Logs, faults, deliveries under way and the
// contents of uploaded files are not part of it. It holds secrets.
type Snapshot struct {
	Version    int              `json:"version"`
	Seq        int              `json:"seq"`
	SyncID     int              `json:"syncId"`
	Workspaces []stateWorkspace `json:"workspaces"`
	Tokens     []stateToken     `json:"tokens"`
	IDs        []string         `json:"ids"`
}

type stateRecord struct {
	ID        string    `json:"id"`
	Seq       int       `json:"seq"`
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
}

func (r *record) kept(id string) stateRecord {
	return stateRecord{ID: id, Seq: r.seq, CreatedAt: r.createdAt, UpdatedAt: r.updatedAt}
}

func (r stateRecord) record() record {
	return record{seq: r.Seq, createdAt: r.CreatedAt, updatedAt: r.UpdatedAt}
}

type stateToken struct {
	Text    string    `json:"text"`
	User    string    `json:"user"`
	App     string    `json:"app,omitempty"`
	Key     bool      `json:"key,omitempty"`
	Handed  bool      `json:"handed,omitempty"`
	Scopes  string    `json:"scopes,omitempty"`
	Expires time.Time `json:"expires,omitzero"`
}

type stateWorkspace struct {
	stateRecord
	Name     string          `json:"name"`
	URLKey   string          `json:"urlKey"`
	Users    []stateUser     `json:"users"`
	External []stateUser     `json:"external,omitempty"`
	Teams    []stateTeam     `json:"teams"`
	Labels   []stateLabel    `json:"labels,omitempty"`
	Things   []stateThing    `json:"things,omitempty"`
	Issues   []stateIssue    `json:"issues"`
	Comments []stateComment  `json:"comments"`
	Reacted  []stateReaction `json:"reactions,omitempty"`
	Sessions []stateSession  `json:"sessions,omitempty"`
	Webhooks []stateWebhook  `json:"webhooks,omitempty"`
	Apps     []stateApp      `json:"apps,omitempty"`
}

type stateUser struct {
	stateRecord
	Name        string `json:"name"`
	DisplayName string `json:"displayName,omitempty"`
	Email       string `json:"email,omitempty"`
	App         bool   `json:"app,omitempty"`
	Guest       bool   `json:"guest,omitempty"`
	Admin       bool   `json:"admin,omitempty"`
}

type stateTeam struct {
	stateRecord
	Key    string         `json:"key"`
	Name   string         `json:"name"`
	Last   int            `json:"last"`
	Extra  map[string]any `json:"extra,omitempty"`
	States []stateState   `json:"states"`
}

type stateState struct {
	stateRecord
	Name        string  `json:"name"`
	Type        string  `json:"type"`
	Color       string  `json:"color"`
	Description string  `json:"description,omitempty"`
	Position    float64 `json:"position"`
}

type stateLabel struct {
	stateRecord
	Name        string `json:"name"`
	Color       string `json:"color"`
	Description string `json:"description,omitempty"`
	Group       bool   `json:"group,omitempty"`
	Creator     string `json:"creator,omitempty"`
	Team        string `json:"team,omitempty"`
	Parent      string `json:"parent,omitempty"`
}

type stateThing struct {
	stateRecord
	Type   string         `json:"type"`
	Values map[string]any `json:"values"`
}

type stateIssue struct {
	stateRecord
	Number      int            `json:"number"`
	Team        string         `json:"team"`
	Creator     string         `json:"creator"`
	Title       string         `json:"title"`
	Description string         `json:"description,omitempty"`
	Typed       bool           `json:"typed,omitempty"`
	State       string         `json:"state"`
	Priority    int            `json:"priority,omitempty"`
	Estimate    any            `json:"estimate,omitempty"`
	DueDate     string         `json:"dueDate,omitempty"`
	SortOrder   float64        `json:"sortOrder"`
	Assignee    string         `json:"assignee,omitempty"`
	Delegate    string         `json:"delegate,omitempty"`
	Parent      string         `json:"parent,omitempty"`
	Project     string         `json:"project,omitempty"`
	Cycle       string         `json:"cycle,omitempty"`
	Milestone   string         `json:"milestone,omitempty"`
	Labels      []string       `json:"labels,omitempty"`
	Subscribers []string       `json:"subscribers,omitempty"`
	StartedAt   time.Time      `json:"startedAt,omitzero"`
	CompletedAt time.Time      `json:"completedAt,omitzero"`
	CanceledAt  time.Time      `json:"canceledAt,omitzero"`
	TrashedAt   time.Time      `json:"trashedAt,omitzero"`
	ArchivedAt  time.Time      `json:"archivedAt,omitzero"`
	AsUser      string         `json:"asUser,omitempty"`
	IconURL     string         `json:"iconUrl,omitempty"`
	Extra       map[string]any `json:"extra,omitempty"`
	History     []stateThing   `json:"history,omitempty"`
}

type stateComment struct {
	stateRecord
	Issue      string    `json:"issue,omitempty"`
	On         string    `json:"on,omitempty"` // Type/id
	Parent     string    `json:"parent,omitempty"`
	Author     string    `json:"author,omitempty"`
	External   string    `json:"external,omitempty"`
	AsUser     string    `json:"asUser,omitempty"`
	IconURL    string    `json:"iconUrl,omitempty"`
	Body       string    `json:"body"`
	Quoted     string    `json:"quoted,omitempty"`
	Typed      bool      `json:"typed,omitempty"`
	Artificial bool      `json:"artificial,omitempty"`
	EditedAt   time.Time `json:"editedAt,omitzero"`
	ResolvedAt time.Time `json:"resolvedAt,omitzero"`
	ResolvedBy string    `json:"resolvedBy,omitempty"`
	Resolving  string    `json:"resolving,omitempty"`
}

type stateReaction struct {
	stateRecord
	Emoji    string `json:"emoji"`
	Spelling string `json:"spelling"`
	User     string `json:"user"`
	Comment  string `json:"comment,omitempty"`
	Issue    string `json:"issue,omitempty"`
	On       string `json:"on,omitempty"`
}

type stateSession struct {
	stateThing
	App        string       `json:"app"`
	Issue      string       `json:"issue"`
	Root       string       `json:"root,omitempty"`
	Source     string       `json:"source,omitempty"`
	Activities []stateThing `json:"activities,omitempty"`
}

type stateWebhook struct {
	stateRecord
	URL     string   `json:"url"`
	Secret  string   `json:"secret"`
	Label   string   `json:"label,omitempty"`
	Types   []string `json:"resourceTypes,omitempty"`
	Enabled bool     `json:"enabled"`
	Team    string   `json:"team,omitempty"`
	Creator string   `json:"creator,omitempty"`
	App     string   `json:"app,omitempty"`
}

type stateApp struct {
	ClientID          string   `json:"clientId"`
	ClientSecret      string   `json:"clientSecret"`
	User              string   `json:"user"`
	Name              string   `json:"name"`
	DisplayName       string   `json:"displayName"`
	Scopes            []string `json:"scopes"`
	Granted           []string `json:"granted"`
	ClientCredentials bool     `json:"clientCredentials,omitempty"`
	Webhook           string   `json:"webhook,omitempty"`
	Closed            bool     `json:"closed,omitempty"`
}

// keyed is an entity that a state refers to.
type keyed interface{ typename() string }

// idIn returns the id of an entity, "" for none.
func idIn(v keyed) string {
	switch v := v.(type) {
	case *User:
		if v != nil {
			return v.ID
		}
	case *Team:
		if v != nil {
			return v.ID
		}
	case *State:
		if v != nil {
			return v.ID
		}
	case *Label:
		if v != nil {
			return v.ID
		}
	case *Issue:
		if v != nil {
			return v.ID
		}
	case *Comment:
		if v != nil {
			return v.ID
		}
	case *ExternalUser:
		if v != nil {
			return v.ID
		}
	case *Session:
		if v != nil {
			return v.ID
		}
	case *thing:
		if v != nil {
			return v.id
		}
	}
	return ""
}

// packed is a value of a thing as JSON carries it: times, entities, objects and
// lists of entities are marked.
func packed(v any) any {
	if isNil(v) {
		return nil
	}
	switch v := v.(type) {
	case time.Time:
		return map[string]any{"$time": v}
	case payload:
		values := map[string]any{}
		for name, w := range v.values {
			values[name] = packed(w)
		}
		return map[string]any{"$object": v.name, "values": values}
	case []payload:
		list := []any{}
		for _, p := range v {
			list = append(list, packed(p))
		}
		return map[string]any{"$objects": list}
	case []item:
		list := []any{}
		for _, i := range v {
			list = append(list, packed(i))
		}
		return map[string]any{"$list": list}
	case []*Label:
		list := []any{}
		for _, l := range v {
			list = append(list, packed(l))
		}
		return map[string]any{"$labels": list}
	case node:
		if id := idIn(v); id != "" {
			return map[string]any{"$ref": v.typename() + "/" + id}
		}
		return nil
	}
	return v
}

// packedAll packs the values of a thing. Those that code answers are left out.
func packedAll(in map[string]any) map[string]any {
	out := map[string]any{}
	for name, v := range in {
		if _, live := v.(answerer); !live {
			out[name] = packed(v)
		}
	}
	return out
}

func (t *thing) kept() stateThing {
	return stateThing{stateRecord: t.record.kept(t.id), Type: t.typ, Values: packedAll(t.values)}
}

// Dump returns everything that the server holds.
func (s *Server) Dump() Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := Snapshot{Version: stateVersion, Seq: s.seq, SyncID: s.syncID}
	for id := range s.ids {
		st.IDs = append(st.IDs, id)
	}
	for text, t := range s.tokens {
		out := stateToken{Text: text, User: t.user.ID, Key: t.key, Handed: t.handed, Scopes: t.scopes, Expires: t.expires}
		if t.app != nil {
			out.App = t.app.ClientID
		}
		st.Tokens = append(st.Tokens, out)
	}
	for _, w := range s.workspaces {
		st.Workspaces = append(st.Workspaces, w.kept())
	}
	return st
}

func (w *Workspace) kept() stateWorkspace {
	out := stateWorkspace{stateRecord: w.record.kept(w.ID), Name: w.Name, URLKey: w.URLKey}
	for _, u := range w.users {
		out.Users = append(out.Users, stateUser{u.record.kept(u.ID), u.Name, u.DisplayName, u.Email, u.App, u.Guest, u.Admin})
	}
	for _, e := range w.external {
		out.External = append(out.External, stateUser{stateRecord: e.record.kept(e.ID), Name: e.Name, Email: e.Email})
	}
	for _, t := range w.teams {
		st := stateTeam{stateRecord: t.record.kept(t.ID), Key: t.Key, Name: t.Name, Last: t.last, Extra: packedAll(t.extra)}
		for _, x := range t.states {
			st.States = append(st.States, stateState{x.record.kept(x.ID), x.Name, x.Type, x.color, x.description, x.position})
		}
		out.Teams = append(out.Teams, st)
	}
	for _, l := range w.labels {
		out.Labels = append(out.Labels, stateLabel{
			l.record.kept(l.ID), l.Name, l.Color, l.description, l.group, idIn(l.creator), idIn(l.team), idIn(l.parent),
		})
	}
	for _, all := range w.things {
		for _, t := range all {
			out.Things = append(out.Things, t.kept())
			out.Reacted = append(out.Reacted, reactionStates(t.reactions)...)
		}
	}
	for _, i := range w.issues {
		out.Issues = append(out.Issues, i.snapshot())
		out.Reacted = append(out.Reacted, reactionStates(i.reactions)...)
	}
	for _, c := range w.comments {
		out.Comments = append(out.Comments, c.snapshot())
		out.Reacted = append(out.Reacted, reactionStates(c.reactions)...)
	}
	for _, x := range w.sessions {
		sx := stateSession{stateThing: x.thing.kept(), App: x.App.ID, Issue: idIn(x.Issue), Root: idIn(x.Root), Source: idIn(x.source)}
		for _, a := range x.activities {
			sx.Activities = append(sx.Activities, a.kept())
		}
		out.Sessions = append(out.Sessions, sx)
	}
	for _, h := range w.registrations {
		sh := stateWebhook{
			stateRecord: h.record.kept(h.ID), URL: h.URL, Secret: h.Secret, Label: h.label, Types: h.types, Enabled: h.enabled,
			Team: idIn(h.team), Creator: idIn(h.creator),
		}
		if h.app != nil {
			sh.App = h.app.ClientID
		}
		out.Webhooks = append(out.Webhooks, sh)
	}
	for _, in := range w.apps {
		sa := stateApp{
			ClientID: in.ClientID, ClientSecret: in.ClientSecret, User: in.User.ID, Name: in.app.Name, DisplayName: in.app.DisplayName,
			Scopes: in.app.Scopes, Granted: in.scopes, ClientCredentials: in.app.ClientCredentials, Closed: in.closed,
		}
		if in.hook != nil {
			sa.Webhook = in.hook.ID
		}
		out.Apps = append(out.Apps, sa)
	}
	return out
}

func reactionStates(in []*Reaction) []stateReaction {
	var out []stateReaction
	for _, r := range in {
		sr := stateReaction{
			stateRecord: r.record.kept(r.ID), Emoji: r.Emoji, Spelling: r.spelling, User: r.User.ID, Comment: idIn(r.Comment), Issue: idIn(r.Issue),
		}
		if r.on != nil {
			sr.On = r.on.typ + "/" + r.on.id
		}
		out = append(out, sr)
	}
	return out
}

func (i *Issue) snapshot() stateIssue {
	out := stateIssue{
		stateRecord: i.record.kept(i.ID), Number: i.Number, Team: i.Team.ID, Creator: i.Creator.ID, Title: i.title, Description: i.description,
		Typed: i.typed, State: i.state.ID, Priority: i.priority, Estimate: i.estimate, DueDate: i.dueDate, SortOrder: i.sortOrder,
		Assignee: idIn(i.assignee), Delegate: idIn(i.delegate), Parent: idIn(i.parent), Project: idIn(i.project), Cycle: idIn(i.cycle),
		Milestone: idIn(i.milestone), Labels: labelIDs(i.labels), Subscribers: userIDs(i.subscribers), StartedAt: i.startedAt,
		CompletedAt: i.completedAt, CanceledAt: i.canceledAt, TrashedAt: i.trashedAt, ArchivedAt: i.archivedAt, AsUser: i.asUser, IconURL: i.iconURL,
		Extra: packedAll(i.extra),
	}
	for _, h := range i.history {
		out.History = append(out.History, h.kept())
	}
	return out
}

func (c *Comment) snapshot() stateComment {
	out := stateComment{
		stateRecord: c.record.kept(c.ID), Issue: idIn(c.Issue), Parent: idIn(c.Parent), Author: idIn(c.Author), External: idIn(c.External),
		AsUser: c.AsUser, IconURL: c.iconURL, Body: c.body, Quoted: c.quoted, Typed: c.typed, Artificial: c.artificial, EditedAt: c.editedAt,
		ResolvedAt: c.resolvedAt, ResolvedBy: idIn(c.resolvedBy), Resolving: idIn(c.resolvingComment),
	}
	if c.on != nil {
		out.On = c.on.typ + "/" + c.on.id
	}
	return out
}

// Restore replaces everything that the server holds. Handles from before act on
// what is gone. The server keeps its configuration and logs; deliveries that are
// under way end. An error leaves the server as it was.
func (s *Server) Restore(st Snapshot) error {
	if st.Version != stateVersion {
		return fmt.Errorf("linearsim: state of version %d, this one reads version %d", st.Version, stateVersion)
	}
	s.mu.Lock()
	defer s.unlock()
	b := restorer{s: s, nodes: map[string]node{}, apps: map[string]*Installation{}, comments: map[string]*Comment{}}
	for _, sw := range st.Workspaces {
		b.workspace(sw)
	}
	tokens := map[string]*token{}
	for _, t := range st.Tokens {
		u := lookup[*User](&b, "User", t.User)
		tokens[t.Text] = &token{user: u, app: b.apps[t.App], key: t.Key, handed: t.Handed, scopes: t.Scopes, expires: t.Expires}
	}
	if b.err != nil {
		return b.err
	}
	for _, w := range s.workspaces {
		for _, reg := range w.registrations {
			reg.enabled = false
			s.drop(reg)
		}
	}
	s.workspaces, s.tokens, s.comments, s.seq, s.syncID = b.workspaces, tokens, b.comments, st.Seq, st.SyncID
	s.ids = map[string]struct{}{}
	for _, id := range st.IDs {
		s.ids[id] = struct{}{}
	}
	return nil
}

// restorer builds entities of a state, first all of them, then what they refer
// to.
type restorer struct {
	s          *Server
	ws         *Workspace
	nodes      map[string]node // by Type/id
	apps       map[string]*Installation
	comments   map[string]*Comment
	workspaces []*Workspace
	err        error
}

// lookup finds an entity that the state refers to. An empty id is none.
func lookup[T node](b *restorer, typ, id string) T {
	var none T
	if id == "" {
		return none
	}
	n, ok := b.nodes[typ+"/"+id].(T)
	if !ok && b.err == nil {
		b.err = fmt.Errorf("linearsim: the state refers to %s %s, which it does not hold", typ, id)
	}
	return n
}

func (b *restorer) thing(ref string) *thing {
	typ, id, _ := strings.Cut(ref, "/")
	return lookup[*thing](b, typ, id)
}

func (b *restorer) add(typ, id string, n node) { b.nodes[typ+"/"+id] = n }

func (b *restorer) workspace(sw stateWorkspace) {
	w := &Workspace{ID: sw.ID, Name: sw.Name, URLKey: sw.URLKey, record: sw.record(), srv: b.s, things: map[string][]*thing{}}
	b.ws = w
	b.workspaces = append(b.workspaces, w)
	b.add("Organization", w.ID, w)
	for _, u := range sw.Users {
		user := &User{
			ID: u.ID, Name: u.Name, DisplayName: u.DisplayName, Email: u.Email, App: u.App, Guest: u.Guest, Admin: u.Admin,
			URL: w.address("/profiles/" + u.DisplayName), record: u.record(), ws: w,
		}
		w.users = append(w.users, user)
		b.add("User", u.ID, user)
	}
	for _, e := range sw.External {
		ext := &ExternalUser{ID: e.ID, Name: e.Name, Email: e.Email, record: e.record(), ws: w}
		w.external = append(w.external, ext)
		b.add("ExternalUser", e.ID, ext)
	}
	for _, t := range sw.Teams {
		team := &Team{ID: t.ID, Key: t.Key, Name: t.Name, record: t.record(), ws: w, last: t.Last, extra: map[string]any{}}
		for _, x := range t.States {
			st := &State{
				ID: x.ID, Name: x.Name, Type: x.Type, record: x.record(), color: x.Color, description: x.Description, position: x.Position, team: team,
			}
			team.states = append(team.states, st)
			b.add("WorkflowState", x.ID, st)
		}
		w.teams = append(w.teams, team)
		b.add("Team", t.ID, team)
	}
	for _, l := range sw.Labels {
		label := &Label{ID: l.ID, Name: l.Name, Color: l.Color, record: l.record(), ws: w, description: l.Description, group: l.Group}
		w.labels = append(w.labels, label)
		b.add("IssueLabel", l.ID, label)
	}
	for _, t := range sw.Things {
		thing := &thing{record: t.record(), id: t.ID, typ: t.Type, ws: w, values: map[string]any{}}
		w.things[t.Type] = append(w.things[t.Type], thing)
		b.add(t.Type, t.ID, thing)
	}
	for _, i := range sw.Issues {
		issue := &Issue{ID: i.ID, Number: i.Number, CreatedAt: i.CreatedAt, record: i.record()}
		w.issues = append(w.issues, issue)
		b.add("Issue", i.ID, issue)
	}
	for _, c := range sw.Comments {
		comment := &Comment{ID: c.ID, CreatedAt: c.CreatedAt, record: c.record(), ws: w}
		w.comments = append(w.comments, comment)
		b.comments[c.ID] = comment
		b.add("Comment", c.ID, comment)
	}
	for _, x := range sw.Sessions {
		session := &Session{ID: x.ID, thing: &thing{record: x.record(), id: x.ID, typ: "AgentSession", ws: w, values: map[string]any{}}}
		w.sessions = append(w.sessions, session)
		b.add("AgentSession", x.ID, session)
	}
	b.connect(sw)
}

// connect fills in what refers to other entities.
func (b *restorer) connect(sw stateWorkspace) {
	w := b.ws
	for n, t := range sw.Teams {
		w.teams[n].extra = b.values(t.Extra)
	}
	for n, l := range sw.Labels {
		to := w.labels[n]
		to.creator, to.team, to.parent = lookup[*User](b, "User", l.Creator), lookup[*Team](b, "Team", l.Team), lookup[*Label](b, "IssueLabel", l.Parent)
	}
	for _, t := range sw.Things {
		if to := b.thing(t.Type + "/" + t.ID); to != nil {
			to.values = b.values(t.Values)
		}
	}
	for n, i := range sw.Issues {
		b.issue(w.issues[n], i)
	}
	for n, c := range sw.Comments {
		b.comment(w.comments[n], c)
	}
	for _, r := range sw.Reacted {
		b.reaction(r)
	}
	for _, a := range sw.Apps {
		in := &Installation{
			ClientID: a.ClientID, ClientSecret: a.ClientSecret, User: lookup[*User](b, "User", a.User), ws: w, scopes: a.Granted, closed: a.Closed,
			app: App{Name: a.Name, DisplayName: a.DisplayName, Scopes: a.Scopes, ClientCredentials: a.ClientCredentials},
		}
		w.apps = append(w.apps, in)
		b.apps[a.ClientID] = in
	}
	for _, h := range sw.Webhooks {
		reg := &Registration{
			ID: h.ID, URL: h.URL, Secret: h.Secret, record: h.record(), ws: w, label: h.Label, types: h.Types, enabled: h.Enabled,
			team: lookup[*Team](b, "Team", h.Team), creator: lookup[*User](b, "User", h.Creator), app: b.apps[h.App],
		}
		w.registrations = append(w.registrations, reg)
		for _, a := range sw.Apps {
			if a.Webhook == h.ID {
				b.apps[a.ClientID].hook = reg
			}
		}
	}
	for n, x := range sw.Sessions {
		to := w.sessions[n]
		to.App, to.Issue = lookup[*User](b, "User", x.App), lookup[*Issue](b, "Issue", x.Issue)
		to.Root, to.source = lookup[*Comment](b, "Comment", x.Root), lookup[*Comment](b, "Comment", x.Source)
		to.values = b.values(x.Values)
		to.answerActivities()
		for _, a := range x.Activities {
			act := &thing{record: a.record(), id: a.ID, typ: "AgentActivity", ws: w, values: b.values(a.Values)}
			to.activities = append(to.activities, act)
		}
	}
}

func (b *restorer) issue(to *Issue, i stateIssue) {
	to.Team, to.Creator = lookup[*Team](b, "Team", i.Team), lookup[*User](b, "User", i.Creator)
	if to.Team == nil {
		b.err = errors.Join(b.err, errors.New("linearsim: an issue of the state has no team"))
		return
	}
	to.Identifier, to.asUser, to.iconURL = identifier(to.Team, i.Number), i.AsUser, i.IconURL
	to.issueFields = issueFields{
		title: i.Title, description: i.Description, typed: i.Typed, state: lookup[*State](b, "WorkflowState", i.State), priority: i.Priority,
		estimate: i.Estimate, dueDate: i.DueDate, sortOrder: i.SortOrder, assignee: lookup[*User](b, "User", i.Assignee),
		delegate: lookup[*User](b, "User", i.Delegate), parent: lookup[*Issue](b, "Issue", i.Parent), startedAt: i.StartedAt,
		completedAt: i.CompletedAt, canceledAt: i.CanceledAt, trashedAt: i.TrashedAt, trashed: !i.TrashedAt.IsZero(), archivedAt: i.ArchivedAt,
		project: lookup[*thing](b, "Project", i.Project), cycle: lookup[*thing](b, "Cycle", i.Cycle),
		milestone: lookup[*thing](b, "ProjectMilestone", i.Milestone),
	}
	if len(i.Extra) > 0 {
		to.extra = b.values(i.Extra)
	}
	for _, id := range i.Labels {
		to.labels = append(to.labels, lookup[*Label](b, "IssueLabel", id))
	}
	for _, id := range i.Subscribers {
		to.subscribers = append(to.subscribers, lookup[*User](b, "User", id))
	}
	for _, h := range i.History {
		to.history = append(to.history, &thing{record: h.record(), id: h.ID, typ: "IssueHistory", ws: b.ws, values: b.values(h.Values)})
	}
}

func (b *restorer) comment(to *Comment, c stateComment) {
	to.Issue, to.Parent = lookup[*Issue](b, "Issue", c.Issue), lookup[*Comment](b, "Comment", c.Parent)
	to.Author, to.External = lookup[*User](b, "User", c.Author), lookup[*ExternalUser](b, "ExternalUser", c.External)
	to.AsUser, to.iconURL, to.body, to.quoted, to.typed = c.AsUser, c.IconURL, c.Body, c.Quoted, c.Typed
	to.artificial, to.editedAt, to.resolvedAt = c.Artificial, c.EditedAt, c.ResolvedAt
	to.resolvedBy, to.resolvingComment = lookup[*User](b, "User", c.ResolvedBy), lookup[*Comment](b, "Comment", c.Resolving)
	if c.On != "" {
		to.on = b.thing(c.On)
	}
	switch {
	case to.Issue != nil:
		to.Issue.comments = append(to.Issue.comments, to)
	case to.on == nil:
		b.err = errors.Join(b.err, errors.New("linearsim: a comment of the state hangs on nothing"))
	}
	if to.Parent != nil {
		to.Parent.children = append(to.Parent.children, to)
	}
}

func (b *restorer) reaction(r stateReaction) {
	made := &Reaction{
		ID: r.ID, Emoji: r.Emoji, User: lookup[*User](b, "User", r.User), Comment: lookup[*Comment](b, "Comment", r.Comment),
		Issue: lookup[*Issue](b, "Issue", r.Issue), CreatedAt: r.CreatedAt, record: r.record(), spelling: r.Spelling,
	}
	if r.On != "" {
		made.on = b.thing(r.On)
	}
	if made.Comment == nil && made.Issue == nil && made.on == nil {
		b.err = errors.Join(b.err, errors.New("linearsim: a reaction of the state hangs on nothing"))
		return
	}
	list := made.list()
	*list = append(*list, made)
}

func (b *restorer) values(in map[string]any) map[string]any {
	out := make(map[string]any, len(in))
	for name, v := range in {
		out[name] = b.unpacked(v)
	}
	return out
}

// unpacked is the reverse of packed.
func (b *restorer) unpacked(v any) any {
	m, ok := v.(map[string]any)
	if !ok {
		return v
	}
	switch {
	case m["$time"] != nil:
		raw, err := json.Marshal(m["$time"])
		var at time.Time
		if err == nil {
			err = json.Unmarshal(raw, &at)
		}
		if err != nil {
			b.err = errors.Join(b.err, fmt.Errorf("linearsim: state: %w", err))
		}
		return at
	case m["$ref"] != nil:
		ref, _ := m["$ref"].(string)
		n := b.nodes[ref]
		if n == nil {
			b.err = errors.Join(b.err, fmt.Errorf("linearsim: the state refers to %s, which it does not hold", ref))
			return nil
		}
		return n
	case m["$object"] != nil:
		name, _ := m["$object"].(string)
		return payload{name, b.values(asArgs(m["values"]))}
	case m["$objects"] != nil:
		out := []payload{}
		for _, e := range list(m["$objects"]) {
			if p, ok := b.unpacked(e).(payload); ok {
				out = append(out, p)
			}
		}
		return out
	case m["$list"] != nil:
		out := []item{}
		for _, e := range list(m["$list"]) {
			if i, ok := b.unpacked(e).(item); ok {
				out = append(out, i)
			}
		}
		return out
	case m["$labels"] != nil:
		out := []*Label{}
		for _, e := range list(m["$labels"]) {
			if l, ok := b.unpacked(e).(*Label); ok {
				out = append(out, l)
			}
		}
		return out
	}
	return v
}
