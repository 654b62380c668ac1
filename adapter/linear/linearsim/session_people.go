package linearsim

import "slices"

// What people do with agent sessions besides writing in them.

// restrictAgents is the setting of a workspace that lets members invoke agents and
// guests not.
const restrictAgents = "restrictAgentInvocationToMembers"

// RestrictAgents sets whether only members of the workspace may invoke agents. If it is
// on, what a guest writes is a comment only: it starts and prompts no session. It
// begins off.
func (w *Workspace) RestrictAgents(on bool) {
	w.srv.mu.Lock()
	defer w.srv.unlock()
	w.membersOnly = on
}

// mayInvoke reports whether a person may invoke agents.
func (u *User) mayInvoke() bool { return !u.Guest || !u.ws.membersOnly }

// Dismiss dismisses a session and reports whether that was possible. The agent then
// stops being the delegate of the issue. Linear sends the event of the issue, and none
// of the session.
func (u *User) Dismiss(x *Session) bool {
	s := u.ws.srv
	s.mu.Lock()
	defer s.unlock()
	if x == nil || x.Issue.Team.ws != u.ws || x.values["dismissedAt"] != nil {
		return false
	}
	x.dismiss(u)
	return true
}

func (x *Session) dismiss(by *User) {
	s := by.ws.srv
	x.updatedAt = s.now()
	x.values["dismissedAt"], x.values["dismissedBy"] = x.updatedAt, by
	if x.Issue.delegate == x.App {
		s.changeIssue(x.Issue, by, func() { x.Issue.delegate = nil })
	}
}

// Dismissed reports whether a person has dismissed the session.
func (x *Session) Dismissed() bool {
	return read(x.App.ws.srv, func() bool { return x.values["dismissedAt"] != nil })
}

// Queue writes a prompt to be sent later, for example while the agent is at work, and
// returns the id of the activity. The agent gets no event before [User.SendQueued].
func (u *User) Queue(x *Session, text string) string {
	s := u.ws.srv
	s.mu.Lock()
	defer s.unlock()
	if x == nil || x.Issue.Team.ws != u.ws || !u.mayInvoke() {
		return ""
	}
	return x.queue(s.newID(), u, text).id
}

// queue adds a prompt that is to be sent later. It is no activity yet that the status
// follows.
func (x *Session) queue(id string, by *User, text string) *thing {
	t := x.App.ws.newThing("AgentActivity", id, map[string]any{
		"agentSession": x, "type": "prompt", "content": payload{"AgentActivityPromptContent", map[string]any{"type": "prompt", "body": text}},
		"ephemeral": false, "signal": nil, "signalMetadata": nil, "sourceComment": nil, "user": by, "queued": true, "sentAt": nil,
	})
	x.waiting = append(x.waiting, t)
	return t
}

// SendQueued sends a queued prompt, by the id of its activity, and reports whether
// there was one.
func (u *User) SendQueued(x *Session, activity string) bool {
	s := u.ws.srv
	s.mu.Lock()
	defer s.unlock()
	return x != nil && x.sendQueued(u, activity) != nil
}

// sendQueued sends a prompt of a person that was queued. It returns nil if there is none.
func (x *Session) sendQueued(by *User, activity string) *thing {
	queued := x.unqueue(by, activity)
	if queued == nil {
		return nil
	}
	s := by.ws.srv
	content, _ := queued.values["content"].(payload)
	sent := x.say(s, queued.id, by, "prompt", content.values, args{})
	sent.createdAt, sent.values["queued"], sent.values["sentAt"] = queued.createdAt, false, sent.updatedAt
	source, _ := sent.values["sourceComment"].(*Comment)
	x.tellPrompt(sent, source)
	return sent
}

// DeleteQueued deletes a queued prompt, by the id of its activity, and reports whether
// there was one.
func (u *User) DeleteQueued(x *Session, activity string) bool {
	s := u.ws.srv
	s.mu.Lock()
	defer s.unlock()
	return x != nil && x.unqueue(u, activity) != nil
}

// unqueue takes out a prompt of a person that was queued, or returns nil.
func (x *Session) unqueue(by *User, activity string) *thing {
	i := slices.IndexFunc(x.waiting, func(t *thing) bool { return t.id == activity && t.values["user"] == by })
	if i < 0 {
		return nil
	}
	queued := x.waiting[i]
	x.waiting = slices.Delete(slices.Clone(x.waiting), i, i+1)
	return queued
}

// Queued returns the texts of the queued prompts, oldest first.
func (x *Session) Queued() []string {
	return read(x.App.ws.srv, func() []string {
		var out []string
		for _, t := range x.waiting {
			content, _ := t.values["content"].(payload)
			text, _ := content.values["body"].(string)
			out = append(out, text)
		}
		return out
	})
}

// tellPrompt notifies the app of a session of a prompt.
func (x *Session) tellPrompt(activity *thing, source *Comment) {
	for _, in := range x.App.ws.agents() {
		if in.User == x.App {
			x.App.ws.srv.sessionPrompted(in, x, activity, source)
		}
	}
}

// promptMutations are those of people's prompts.
func promptMutations() map[string]operation {
	queued := func(change func(x *Session, by *User, id string) *thing) operation {
		return func(r *request, a args) (any, error) {
			for _, x := range r.ws.sessions {
				if t := change(x, r.user, a.text("id")); t != nil {
					return r.done("AgentActivityPayload", "agentActivity", t), nil
				}
			}
			return nil, notFound("AgentActivity")
		}
	}
	return map[string]operation{
		"agentActivityCreatePrompt": createPrompt,
		"agentActivitySendQueued":   queued((*Session).sendQueued),
		"agentActivityDeleteQueued": queued((*Session).unqueue),
	}
}

// createPrompt lets a person prompt an agent, now or later. Apps may not.
func createPrompt(r *request, a args) (any, error) {
	in := a.object("input")
	x, err := r.ws.findSession(in.text("agentSessionId"))
	switch {
	case err != nil:
		return nil, err
	case r.user.App:
		return nil, forbidden("Only people can prompt agents")
	case !r.user.mayInvoke():
		return nil, forbidden("Only members can invoke agents in this workspace")
	case in.object("content").text("body") == "":
		return nil, invalidField("content", "isNotEmpty", "content.body should not be empty")
	}
	id, err := r.srv.claim("AgentActivity", in)
	if err != nil {
		return nil, err
	}
	text := in.object("content").text("body")
	if in.flag("queued") {
		return r.done("AgentActivityPayload", "agentActivity", x.queue(id, r.user, text)), nil
	}
	activity := x.say(r.srv, id, r.user, "prompt", map[string]any{"body": text}, args{"signal": in.text("signal")})
	source, _ := activity.values["sourceComment"].(*Comment)
	x.tellPrompt(activity, source)
	return r.done("AgentActivityPayload", "agentActivity", activity), nil
}
