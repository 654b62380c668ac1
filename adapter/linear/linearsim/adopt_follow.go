package linearsim

import (
	"cmp"
	"slices"
	"strings"
)

// session returns the agent session of the body, nil for none, and creates one that
// the workspace does not have.
func (a *adoption) session() *Session {
	o := a.body.object("agentSession")
	id := strings.ToLower(o.text("id"))
	if id == "" {
		return nil
	}
	x, ok := byID(a.ws.sessions, id, func(x *Session) string { return x.ID })
	if !ok {
		if a.issue == nil {
			return nil // sessions on projects and documents
		}
		root := a.comment(args{"id": cmp.Or(o.text("commentId"), o.object("comment").text("id"))})
		if root != nil {
			root = root.root()
		}
		x = cmp.Or(a.user(o.text("creatorId"), nil), a.user(o.object("creator").text("id"), nil), a.anyone()).startSession(a.app, a.issue, root)
		x.ID, x.id = id, id
		a.s.take("AgentSession", id)
	}
	said := a.body.object("agentActivity")
	told := strings.ToLower(said.text("id"))
	if told == "" || slices.ContainsFunc(x.activities, func(t *thing) bool { return t.id == told }) {
		return x
	}
	by := cmp.Or(a.user(said.text("userId"), nil), a.user(said.object("user").text("id"), nil), a.anyone())
	content := said.object("content")
	var source *Comment
	if from := said.text("sourceCommentId"); from != "" && x.Root != nil {
		source = a.comment(args{"id": from, "parentId": x.Root.ID, "issueId": x.Issue.ID, "userId": by.ID, "body": content["body"]})
	}
	x.note(a.s, told, by, cmp.Or(content.text("type"), "prompt"), content, args{"signal": said["signal"], "signalMetadata": said["signalMetadata"]}, source)
	a.s.take("AgentActivity", told)
	return x
}

// subject returns the comment that the body is about, nil for none.
func (a *adoption) subject() *Comment {
	data, session, notice := a.body.object("data"), a.body.object("agentSession"), a.body.object("notification")
	ids := []string{
		data.text("commentId"), data.object("comment").text("id"), session.text("commentId"), session.object("comment").text("id"),
		notice.text("commentId"), notice.object("comment").text("id"),
	}
	if a.body.text("type") == "Comment" {
		ids = []string{data.text("id"), data.text("parentId"), data.object("parent").text("id")}
	}
	for _, id := range ids {
		if c := a.s.comments[strings.ToLower(id)]; c != nil && c.ws == a.ws && !c.deleted {
			return c
		}
	}
	return nil
}

// follow changes what the workspace has to what the body says of it.
func (a *adoption) follow() {
	data, removed := a.body.object("data"), a.body.text("action") == "remove"
	switch a.body.text("type") {
	case "Comment":
		if up := data.text("parentId"); up != "" {
			a.comment(args{"id": up, "issueId": data["issueId"], "issue": data["issue"]})
		}
		c := a.s.comments[strings.ToLower(data.text("id"))]
		switch {
		case c == nil || c.ws != a.ws || c.deleted:
		case removed:
			c.detach()
		case data.set("body"):
			c.body = data.text("body")
			a.made = append(a.made, c)
			if c.updatedAt = a.s.now(); data.set("editedAt") {
				c.editedAt = c.updatedAt
			}
		}
	case "Issue":
		i := a.issue
		if i == nil {
			return
		}
		if removed {
			i.trashed, i.trashedAt = true, a.s.now()
			return
		}
		i.title, i.description = cmp.Or(data.text("title"), i.title), cmp.Or(data.text("description"), i.description)
		a.fresh = append(a.fresh, i)
		if data.set("state") {
			i.enter(a.stateOf(i.Team, data), a.s.now())
		}
		if data.has("assigneeId") {
			i.assignee = a.user(data.text("assigneeId"), nil)
		}
		if data.has("delegateId") {
			i.delegate = a.user(data.text("delegateId"), nil)
		}
		i.updatedAt = a.s.now()
	}
}
