package linearsim

import (
	"slices"
	"strings"
)

// Session is an agent session. A person starts one by mentioning an app whose
// webhook names the resource type AgentSessionEvent, and prompts it by a reply
// in its thread; the app gets an AgentSessionEvent. [User.StartSession] and
// [User.Prompt] do the same without a mention.
type Session struct {
	ID string
	// App is the user of the app that the session belongs to.
	App   *User
	Issue *Issue
	// Root is the first comment of the session's thread. Nil if it has none.
	Root *Comment

	*thing
	activities []*thing
	waiting    []*thing // queued prompts
	source     *Comment // that started it, or nil
}

// StartSession starts a session of an app on an issue. root is the root comment
// of the session's thread, or nil without one, as after a delegation.
func (u *User) StartSession(app *Installation, issue *Issue, root *Comment) *Session {
	s := u.ws.srv
	s.mu.Lock()
	defer s.unlock()
	if app == nil || app.ws != u.ws || issue == nil || issue.Team.ws != u.ws || root != nil && root.Issue != issue || !u.mayInvoke() {
		return nil
	}
	x := u.startSession(app, issue, root)
	if slices.Contains(u.ws.agents(), app) {
		s.sessionCreated(app, x, nil)
	}
	return x
}

func (u *User) startSession(app *Installation, issue *Issue, root *Comment) *Session {
	s := u.ws.srv
	x := &Session{ID: s.newID(), App: app.User, Issue: issue, Root: root}
	x.thing = u.ws.newThing("AgentSession", x.ID, map[string]any{
		"appUser": app.User, "creator": u, "issue": issue, "comment": root, "sourceComment": root, "status": "pending",
		"dismissedAt": nil, "dismissedBy": nil, "slugId": s.secret(6), "url": issue.url(), "startedAt": nil, "endedAt": nil, "externalLinks": []payload{},
	})
	x.answerActivities()
	u.ws.sessions = append(u.ws.sessions, x)
	return x
}

// answerActivities has the field activities list those of the session.
func (x *Session) answerActivities() {
	x.values["activities"] = answerer(func(r *request, a args) (any, error) {
		return page(r, "AgentActivity", a, x.activities, nil)
	})
}

// Prompt writes in a session and returns the id of the activity. In a session with a
// root comment, [User.Reply] does the same.
func (u *User) Prompt(x *Session, text string) string {
	s := u.ws.srv
	s.mu.Lock()
	defer s.unlock()
	if x == nil || x.Issue.Team.ws != u.ws || !u.mayInvoke() {
		return ""
	}
	activity := x.say(s, s.newID(), u, "prompt", map[string]any{"body": text}, args{})
	source, _ := activity.values["sourceComment"].(*Comment)
	x.tellPrompt(activity, source)
	return activity.id
}

// Status returns the session's status.
func (x *Session) Status() string {
	return read(x.App.ws.srv, x.status)
}

func (x *Session) field(r *request, name string, a args) (any, error) {
	if name == "status" {
		return x.status(), nil
	}
	return x.thing.field(r, name, a)
}

// ActivityTexts returns the types and texts of the activities, oldest first, such
// as "response: done".
func (x *Session) ActivityTexts() []string {
	return read(x.App.ws.srv, func() []string {
		var out []string
		for _, t := range x.activities {
			content, _ := t.values["content"].(payload)
			text, _ := content.values["body"].(string)
			if text == "" {
				text, _ = content.values["action"].(string)
			}
			typ, _ := t.values["type"].(string)
			out = append(out, typ+": "+text)
		}
		return out
	})
}

func sessionMutations() map[string]operation {
	return map[string]operation{
		"agentActivityCreate": createActivity,
		"agentSessionUpdate":  updateSession,
		"agentSessionCreateOnIssue": func(r *request, a args) (any, error) {
			in := a.object("input")
			i, err := r.ws.findIssue(in.text("issueId"))
			if err != nil {
				return nil, err
			}
			return r.openSession(i, nil, in)
		},
		"agentSessionCreateOnComment": func(r *request, a args) (any, error) {
			in := a.object("input")
			c, err := r.threadRoot(in.text("commentId"))
			if err != nil {
				return nil, err
			}
			if c.Issue == nil {
				return nil, inputError("Agent sessions can only be created on issue comments.", "")
			}
			return r.openSession(c.Issue, c, in)
		},
	}
}

// openSession starts a session of the caller's own app.
func (r *request) openSession(i *Issue, root *Comment, in args) (any, error) {
	for _, app := range r.ws.apps {
		if app.User != r.user {
			continue
		}
		if err := checkLinks(in.list("externalUrls")); err != nil {
			return nil, err
		}
		x := r.user.startSession(app, i, root)
		x.values["creator"] = nil
		if in.has("externalUrls") {
			x.link(in.list("externalUrls"))
		}
		if r.srv.cfg.OwnSessionEvents && slices.Contains(r.ws.agents(), app) {
			r.srv.sessionCreated(app, x, nil)
		}
		return r.done("AgentSessionPayload", "agentSession", x), nil
	}
	return nil, forbidden("Only apps can create agent sessions")
}

// link adds external links to a session. An address is linked once.
func (x *Session) link(added []any) {
	links, _ := x.values["externalLinks"].([]payload)
	links = slices.Clone(links)
	for _, raw := range added {
		link := asArgs(raw)
		links = slices.DeleteFunc(links, func(p payload) bool { return p.values["url"] == link.text("url") })
		links = append(links, payload{"AgentSessionExternalLink", map[string]any{"label": link.text("label"), "url": link.text("url")}})
	}
	x.values["externalLinks"] = links
}

func (w *Workspace) findSession(id string) (*Session, error) {
	x, ok := byID(w.sessions, id, func(x *Session) string { return x.ID })
	if !ok {
		return nil, notFound("AgentSession")
	}
	return x, nil
}

// ownSession finds a session of the caller's app.
func (r *request) ownSession(id string) (*Session, error) {
	x, err := r.ws.findSession(id)
	if err == nil && x.App != r.user {
		return nil, forbidden("The agent session belongs to another app")
	}
	return x, err
}

func createActivity(r *request, a args) (any, error) {
	in := a.object("input")
	x, err := r.ownSession(in.text("agentSessionId"))
	if err != nil {
		return nil, err
	}
	if err := checkActivity(in); err != nil {
		return nil, err
	}
	content := in.object("content")
	typ := content.text("type")
	id, err := r.srv.claim("AgentActivity", in)
	if err != nil {
		return nil, err
	}
	return r.done("AgentActivityPayload", "agentActivity", x.say(r.srv, id, r.user, typ, content, in)), nil
}

// say adds an activity, takes away an ephemeral one that it replaces, and lets
// the status follow.
func (x *Session) say(s *Server, id string, by *User, typ string, content, in args) *thing {
	if by.App {
		x.activities = slices.DeleteFunc(x.activities, func(t *thing) bool { return t.is("ephemeral", true) })
	}
	var source *Comment
	if x.Root != nil && !x.Root.deleted && (typ == "prompt" || typ == "response" || typ == "elicitation" || typ == "error") {
		source = s.addComment(&Comment{
			ID: s.newID(), Issue: x.Issue, Parent: x.Root, Author: by, typed: !by.App, body: content.text("body"),
		}, by.actor())
	}
	return x.note(s, id, by, typ, content, in, source)
}

// note adds an activity to which a comment belongs, or none.
func (x *Session) note(s *Server, id string, by *User, typ string, content, in args, source *Comment) *thing {
	values := map[string]any{"type": typ, "body": content.text("body")}
	if typ == "action" {
		values = map[string]any{
			"type": typ, "action": content.text("action"), "parameter": content.text("parameter"), "result": opt(content.text("result")),
		}
	}
	t := x.App.ws.newThing("AgentActivity", id, map[string]any{
		"agentSession": x, "type": typ, "content": payload{"AgentActivity" + strings.ToUpper(typ[:1]) + typ[1:] + "Content", values},
		"ephemeral": in.flag("ephemeral"), "signal": opt(in.text("signal")), "signalMetadata": in["signalMetadata"],
		"sourceComment": source, "user": by,
	})
	x.activities = append(x.activities, t)
	x.values["status"] = map[string]string{
		"elicitation": "awaitingInput", "response": "complete", "error": "error",
	}[typ]
	if x.is("status", "") {
		x.values["status"] = "active"
	}
	x.updatedAt = s.now()
	x.values[lastActivityKey] = x.updatedAt
	if by.App {
		x.sign()
	}
	if x.values["startedAt"] == nil && by.App {
		x.values["startedAt"] = x.updatedAt
	}
	x.values["endedAt"] = nil
	if typ == "response" || typ == "error" {
		x.values["endedAt"] = x.updatedAt
	}
	return t
}

func updateSession(r *request, a args) (any, error) {
	if in := a.object("input"); !r.user.App && in.set("dismissedAt") { // which is all that people can change
		x, err := r.ws.findSession(a.text("id"))
		if err != nil {
			return nil, err
		}
		x.dismiss(r.user)
		return r.done("AgentSessionPayload", "agentSession", x), nil
	}
	x, err := r.ownSession(a.text("id"))
	if err != nil {
		return nil, err
	}
	in := a.object("input")
	if err := checkPlan(in); err != nil {
		return nil, err
	}
	if err := checkLinks(slices.Concat(in.list("externalUrls"), in.list("addedExternalUrls"))); err != nil {
		return nil, err
	}
	if in.has("externalUrls") || in.has("addedExternalUrls") || in.has("removedExternalUrls") {
		x.sign()
	}
	if in.has("plan") {
		x.values["plan"] = in["plan"]
	}
	if in.has("summary") {
		x.values["summary"] = opt(in.text("summary"))
	}
	links, _ := x.values["externalLinks"].([]payload)
	links = slices.Clone(links)
	added := in.list("addedExternalUrls")
	if in.has("externalUrls") {
		links, added = []payload{}, in.list("externalUrls")
	} else {
		gone := in.texts("removedExternalUrls")
		links = slices.DeleteFunc(links, func(p payload) bool {
			url, _ := p.values["url"].(string)
			return slices.Contains(gone, url)
		})
	}
	x.values["externalLinks"], x.updatedAt = links, r.srv.now()
	x.link(added)
	return r.done("AgentSessionPayload", "agentSession", x), nil
}
