package linearsim

import "time"

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

// Dump returns the state of the server. [Server.Restore] takes it back.
func (s *Server) Dump() Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := Snapshot{serverState{Version: stateVersion, Seq: s.seq, SyncID: s.syncID}}
	if c := s.cfg.Clock; c != nil {
		st.Ahead = c.Ahead()
	}
	for id := range s.ids {
		st.IDs = append(st.IDs, id)
	}
	for text, t := range s.tokens {
		out := stateToken{Text: text, User: t.user.ID, Key: t.key, Handed: t.handed, Scopes: t.scopes, Expires: t.expires, Credentials: t.credentials}
		if t.app != nil {
			out.App = t.app.ClientID
		}
		st.Tokens = append(st.Tokens, out)
	}
	for _, w := range s.workspaces {
		st.Workspaces = append(st.Workspaces, w.kept())
	}
	st.OAuth = s.oauth.kept()
	for path, f := range s.files {
		st.Files = append(st.Files, stateFile{path, f.ws.ID, f.name, f.kind, f.size, f.public, f.signature, f.sent, f.content})
	}
	for _, d := range s.deliveries {
		if !d.done {
			st.Deliveries = append(st.Deliveries, d.kept())
		}
	}
	return st
}

func (d *delivery) kept() stateDelivery {
	e := d.event
	var attempts []stateAttempt
	for _, a := range d.attempts {
		attempts = append(attempts, stateAttempt(a))
	}
	return stateDelivery{
		ID: d.id, Webhook: d.reg.ID, Action: e.action, Type: e.typ, URL: e.url, Actor: e.actor, Data: e.data, From: e.from, Own: e.own, At: e.at,
		Body: d.body, Header: d.header.Clone(), Attempts: attempts, Tries: d.tries, Due: d.due, Repeat: d.repeat, Act: d.act,
	}
}

func (n *notification) kept() stateNotification {
	return stateNotification{
		n.record.kept(n.id), n.typ, n.user.ID, idIn(n.actor), n.issue.ID, idIn(n.comment), n.emoji, n.readAt, n.snoozed, n.archived,
	}
}

func (w *Workspace) kept() stateWorkspace {
	out := stateWorkspace{stateRecord: w.record.kept(w.ID), Name: w.Name, URLKey: w.URLKey, MembersOnly: w.membersOnly}
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
			l.retiredAt, idIn(l.retiredBy),
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
		for _, a := range x.waiting {
			sx.Queued = append(sx.Queued, a.kept())
		}
		out.Sessions = append(out.Sessions, sx)
	}
	for _, n := range w.notifications {
		out.Notifications = append(out.Notifications, n.kept())
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
