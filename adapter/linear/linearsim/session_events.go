package linearsim

import (
	"slices"
)

// typeSessionEvent is the resource type that makes an app an agent. Unlike
// other types it must be named: a webhook for everything does not have it.
const typeSessionEvent = "AgentSessionEvent"

// agents are the apps of a workspace that want agent sessions.
func (w *Workspace) agents() []*Installation {
	var out []*Installation
	for _, in := range w.apps {
		if !in.closed && in.hook != nil && in.hook.enabled && in.mentionable() && slices.Contains(in.hook.types, typeSessionEvent) {
			out = append(out, in)
		}
	}
	return out
}

// involveAgents does what Linear does after a comment: a mention of an agent
// starts a session, and a person's reply in a session's thread prompts it.
func (s *Server) involveAgents(c *Comment) {
	w := c.ws
	if c.Issue == nil || !c.Author.mayInvoke() {
		return
	}
	for _, in := range w.agents() {
		mentioned := slices.ContainsFunc(split(w, c.body, c.typed), func(p part) bool { return p.user == in.User })
		open := slices.IndexFunc(w.sessions, func(x *Session) bool {
			return x.App == in.User && x.Root != nil && x.Root == c.Parent // a finished one begins again
		})
		switch {
		case mentioned:
			x := c.Author.startSession(in, c.Issue, c.root())
			x.source, x.values["sourceComment"] = c, c
			s.sessionCreated(in, x, c)
		case open >= 0 && !c.Author.App:
			x := w.sessions[open]
			activity := x.note(s, s.newID(), c.Author, "prompt", map[string]any{"body": c.body}, args{}, c)
			s.sessionPrompted(in, x, activity, c)
		}
	}
}

// delegateToAgent starts a session if an issue was delegated to an agent, or its
// description mentions one. Linear hangs such a session on a comment of its own.
func (s *Server) delegateToAgent(i *Issue, by *User, was issueFields) {
	before := mentions(i.Team.ws, was.description, was.typed)
	now := mentions(i.Team.ws, i.description, i.typed)
	for _, in := range i.Team.ws.agents() {
		delegated := i.delegate == in.User && was.delegate != in.User
		mentioned := slices.Contains(now, in.User) && !slices.Contains(before, in.User)
		if in.User == by || !delegated && !mentioned || !by.mayInvoke() {
			continue
		}
		root := s.addComment(&Comment{
			ID: s.newID(), Issue: i, artificial: true, body: "This thread is for an agent session with " + in.User.DisplayName + ".",
		}, nil)
		s.sessionCreated(in, by.startSession(in, i, root), nil)
	}
}

// sessionCreated notifies an app of a new session. source is the comment that
// started it, or nil.
func (s *Server) sessionCreated(in *Installation, x *Session, source *Comment) {
	earlier := []map[string]any{}
	if source != nil && source.Parent != nil {
		for _, c := range append([]*Comment{source.Parent}, source.Parent.children...) {
			if c != source && !c.deleted {
				earlier = append(earlier, c.child())
			}
		}
	}
	s.emit(in.ws, event{
		action: "created", typ: typeSessionEvent, only: in, at: s.now(),
		own: map[string]any{
			"oauthClientId": in.ClientID, "appUserId": in.User.ID, "agentSession": x.payload(in, source),
			"previousComments": earlier, "guidance": in.ws.guidance(x.Issue), "promptContext": x.promptContext(),
		},
	})
}

// sessionPrompted notifies an app of a person's text in a session.
func (s *Server) sessionPrompted(in *Installation, x *Session, activity *thing, source *Comment) {
	content, _ := activity.values["content"].(payload)
	by, _ := activity.values["user"].(*User)
	own := map[string]any{
		"id": activity.id, "agentSessionId": x.ID, "createdAt": stamp(activity.createdAt), "updatedAt": stamp(activity.createdAt),
		"content": content.values, "userId": by.ID, "user": by.child(), "signal": activity.values["signal"],
	}
	if source != nil {
		own["sourceCommentId"] = source.ID
	}
	s.emit(in.ws, event{
		action: "prompted", typ: typeSessionEvent, only: in, at: s.now(),
		own: map[string]any{
			"oauthClientId": in.ClientID, "appUserId": in.User.ID,
			"agentSession": s.promptedSession(in, x), "agentActivity": own,
		},
	})
}

// promptedSession is the form of a session in the event of a prompt.
func (s *Server) promptedSession(in *Installation, x *Session) map[string]any {
	if s.cfg.BareSessions {
		return map[string]any{"id": x.ID}
	}
	return x.payload(in, nil)
}

// Options returns the values of the options of the question that the session waits
// with.
func (x *Session) Options() []string {
	return read(x.App.ws.srv, func() []string {
		if x.text("status") != "awaitingInput" || len(x.activities) == 0 {
			return nil
		}
		var out []string
		for _, o := range asArgs(x.activities[len(x.activities)-1].values["signalMetadata"]).list("options") {
			out = append(out, asArgs(o).text("value"))
		}
		return out
	})
}

// Choose presses an option of the question that the session waits with, by its value,
// and returns the id of the activity, or "" if there is no such option.
func (u *User) Choose(x *Session, value string) string {
	if x == nil || !slices.Contains(x.Options(), value) {
		return ""
	}
	return u.Prompt(x, value)
}

// payload is the form of a session in its events.
func (x *Session) payload(in *Installation, source *Comment) map[string]any {
	creator, _ := x.values["creator"].(*User)
	issue := x.Issue.child()
	issue["description"] = x.Issue.description
	out := map[string]any{
		"id": x.ID, "createdAt": stamp(x.createdAt), "updatedAt": stamp(x.updatedAt), "appUserId": in.User.ID,
		"organizationId": in.ws.ID, "status": x.status(), "type": "commentThread", "issueId": x.Issue.ID, "issue": issue,
	}
	if creator != nil {
		out["creatorId"], out["creator"] = creator.ID, creator.child()
	}
	if x.Root != nil {
		out["commentId"], out["comment"] = x.Root.ID, x.Root.child()
	}
	if source != nil {
		out["sourceMetadata"] = map[string]any{
			"type": "comment", "agentSessionMetadata": map[string]any{"sourceCommentId": source.ID},
		}
	}
	return out
}

// Stop presses the stop button of a session.
func (u *User) Stop(x *Session) {
	s := u.ws.srv
	s.mu.Lock()
	defer s.unlock()
	if x == nil || x.Issue.Team.ws != u.ws {
		return
	}
	activity := x.note(s, s.newID(), u, "prompt", map[string]any{"body": "Stop"}, args{"signal": "stop"}, nil)
	x.tellPrompt(activity, nil)
}

// Sessions returns the sessions of the workspace, oldest first.
func (w *Workspace) Sessions() []*Session {
	return read(w.srv, func() []*Session { return slices.Clone(w.sessions) })
}
