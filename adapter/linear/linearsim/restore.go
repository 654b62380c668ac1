package linearsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Restore replaces the state of the server. Earlier handles refer to deleted
// entities. The server keeps its configuration and logs; its own
// deliveries in progress end. A virtual clock that was moved less than that of the
// snapshot is moved as far, so that time does not go back. After an error the server is
// unchanged.
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
		tokens[t.Text] = &token{
			user: u, app: b.appOf(u, t.App), key: t.Key, handed: t.Handed, scopes: t.Scopes, expires: t.Expires, credentials: t.Credentials,
		}
	}
	grants := b.oauth(st.OAuth)
	files, deliveries := b.files(st.Files), b.deliveries(st.Deliveries)
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
	if grants != nil {
		s.oauth.clients, s.oauth.codes, s.oauth.refresh = grants.clients, grants.codes, grants.refresh
	}
	s.files = files
	for _, d := range deliveries {
		d.reg.retries = append(d.reg.retries, d)
		s.deliveries = append(s.deliveries, d)
		s.pending++
		s.act = max(s.act, d.act)
	}
	s.ids = map[string]struct{}{}
	for _, id := range st.IDs {
		s.ids[id] = struct{}{}
	}
	if c := s.cfg.Clock; c != nil {
		c.Advance(st.Ahead - c.Ahead())
	}
	return nil
}

// restorer builds entities of a state, first all of them, then what they refer
// to.
type restorer struct {
	s          *Server
	ws         *Workspace
	nodes      map[string]node          // by Type/id
	apps       map[string]*Installation // by workspace/client
	comments   map[string]*Comment
	workspaces []*Workspace
	err        error
}

// lookup finds an entity that the state refers to. It returns nil for an empty id.
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
	w := &Workspace{ID: sw.ID, Name: sw.Name, URLKey: sw.URLKey, membersOnly: sw.MembersOnly, record: sw.record(), srv: b.s, things: map[string][]*thing{}}
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
		to.retiredAt, to.retiredBy = l.RetiredAt, lookup[*User](b, "User", l.RetiredBy)
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
		b.apps[w.ID+"/"+a.ClientID] = in
	}
	for _, h := range sw.Webhooks {
		reg := &Registration{
			ID: h.ID, URL: h.URL, Secret: h.Secret, record: h.record(), ws: w, label: h.Label, types: h.Types, enabled: h.Enabled,
			team: lookup[*Team](b, "Team", h.Team), creator: lookup[*User](b, "User", h.Creator), app: b.apps[w.ID+"/"+h.App],
		}
		w.registrations = append(w.registrations, reg)
		for _, a := range sw.Apps {
			if a.Webhook == h.ID {
				b.apps[w.ID+"/"+a.ClientID].hook = reg
			}
		}
	}
	for _, n := range sw.Notifications {
		w.notifications = append(w.notifications, b.notification(n))
	}
	for n, x := range sw.Sessions {
		to := w.sessions[n]
		to.App, to.Issue = lookup[*User](b, "User", x.App), lookup[*Issue](b, "Issue", x.Issue)
		to.Root, to.source = lookup[*Comment](b, "Comment", x.Root), lookup[*Comment](b, "Comment", x.Source)
		to.values = b.values(x.Values)
		to.answerActivities()
		of := func(in []stateThing) (out []*thing) {
			for _, a := range in {
				out = append(out, &thing{record: a.record(), id: a.ID, typ: "AgentActivity", ws: w, values: b.values(a.Values)})
			}
			return out
		}
		to.activities, to.waiting = of(x.Activities), of(x.Queued)
	}
}

func (b *restorer) files(in []stateFile) map[string]*file {
	out := make(map[string]*file, len(in))
	for _, f := range in {
		out[f.Path] = &file{
			ws: lookup[*Workspace](b, "Organization", f.Workspace), name: f.Name, kind: f.Type, size: f.Size, public: f.Public,
			signature: f.Signature, sent: f.Sent, content: f.Content,
		}
	}
	return out
}

// deliveries are those that are still to arrive. One that was being sent is sent
// again.
func (b *restorer) deliveries(in []stateDelivery) []*delivery {
	hooks := map[string]*Registration{}
	for _, w := range b.workspaces {
		for _, reg := range w.registrations {
			hooks[reg.ID] = reg
		}
	}
	var out []*delivery
	for _, d := range in {
		reg := hooks[d.Webhook]
		if reg == nil {
			b.err = errors.Join(b.err, fmt.Errorf("linearsim: the state has a delivery for webhook %q, which it does not hold", d.Webhook))
			continue
		}
		var attempts []Attempt
		for _, a := range d.Attempts {
			attempts = append(attempts, Attempt(a))
		}
		out = append(out, &delivery{
			id: d.ID, reg: reg, body: d.Body, header: d.Header, attempts: attempts, tries: d.Tries, due: d.Due, repeat: d.Repeat, act: d.Act,
			event: event{action: d.Action, typ: d.Type, url: d.URL, actor: d.Actor, data: d.Data, from: d.From, own: d.Own, at: d.At},
		})
	}
	return out
}

func (b *restorer) notification(n stateNotification) *notification {
	out := &notification{
		record: n.record(), id: n.ID, typ: n.Type, user: lookup[*User](b, "User", n.User), actor: lookup[*User](b, "User", n.Actor),
		issue: lookup[*Issue](b, "Issue", n.Issue), comment: lookup[*Comment](b, "Comment", n.Comment), emoji: n.Emoji, readAt: n.ReadAt,
		snoozed: n.Snoozed, archived: n.Archived,
	}
	if out.user == nil || out.issue == nil {
		b.err = errors.Join(b.err, errors.New("linearsim: a notification of the state has no user or no issue"))
	}
	return out
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
		b.err = errors.Join(b.err, errors.New("linearsim: a comment of the state belongs to nothing"))
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
		b.err = errors.Join(b.err, errors.New("linearsim: a reaction of the state belongs to nothing"))
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
