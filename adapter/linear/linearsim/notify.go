package linearsim

import (
	"slices"
	"time"
)

// typeNotification is the resource type of an app's inbox. Like agent sessions
// it must be named: a webhook for everything does not have it.
const typeNotification = "AppUserNotification"

// maxNotifications is how many notifications a workspace keeps.
const maxNotifications = 10_000

// notification is an entry in the inbox of a user.
type notification struct {
	record
	id       string
	typ      string // such as issueCommentMention
	user     *User
	actor    *User
	issue    *Issue
	comment  *Comment
	emoji    string
	readAt   time.Time
	snoozed  time.Time
	archived time.Time
}

func (n *notification) typename() string { return "IssueNotification" }

func (n *notification) field(_ *request, name string, _ args) (any, error) {
	switch name {
	case "id":
		return n.id, nil
	case "type":
		return n.typ, nil
	case "createdAt":
		return n.createdAt, nil
	case "updatedAt":
		return n.updatedAt, nil
	case "archivedAt":
		return when(n.archived), nil
	case "readAt":
		return when(n.readAt), nil
	case "snoozedUntilAt":
		return when(n.snoozed), nil
	case "user":
		return n.user, nil
	case "actor":
		return n.actor, nil
	case "issue":
		return n.issue, nil
	case "issueId":
		return n.issue.ID, nil
	case "team":
		return n.issue.Team, nil
	case "comment":
		return n.comment, nil
	case "commentId":
		return idOf(n.comment), nil
	case "parentComment":
		return n.parent(), nil
	case "parentCommentId":
		return idOf(n.parent()), nil
	case "reactionEmoji":
		return opt(n.emoji), nil
	case "title":
		return n.issue.title, nil
	case "subtitle":
		return n.typ, nil
	case "url":
		if n.comment != nil {
			return n.comment.url(), nil
		}
		return n.issue.url(), nil
	case "inboxUrl":
		return n.issue.Team.ws.address("/inbox"), nil
	case "category":
		return n.category(), nil
	case "groupingKey":
		return n.issue.ID, nil
	case "actorInitials":
		if n.actor != nil {
			return initials(n.actor.Name), nil
		}
	}
	return nil, noField("IssueNotification", name)
}

func (n *notification) parent() *Comment {
	if n.comment == nil {
		return nil
	}
	return n.comment.Parent
}

func (n *notification) category() string {
	switch n.typ {
	case "issueAssignedToYou", "issueUnassignedFromYou":
		return "assignments"
	case "issueStatusChanged":
		return "statusChanges"
	case "issueCommentReaction", "issueEmojiReaction":
		return "reactions"
	case "issueMention", "issueCommentMention":
		return "mentions"
	default:
		return "commentsAndReplies"
	}
}

// notify puts an entry into a user's inbox and, if that is an app, sends it to the
// app's webhook. Users are not notified of their own acts.
func (s *Server) notify(u *User, n notification) {
	if u == nil || u == n.actor {
		return
	}
	w := u.ws
	n.record, n.id, n.user = s.newRecord(), s.newID(), u
	w.notifications = append(w.notifications, &n)
	if len(w.notifications) > maxNotifications {
		w.notifications = slices.Delete(w.notifications, 0, maxNotifications/10)
	}
	if !u.App {
		return
	}
	for _, in := range w.apps {
		if in.User == u && in.hook != nil && slices.Contains(in.hook.types, typeNotification) {
			s.emit(w, event{
				action: n.typ, typ: typeNotification, only: in, at: n.createdAt, own: map[string]any{
					"appUserId": u.ID, "oauthClientId": in.ClientID, "notification": n.data(),
				},
			})
		}
	}
}

// data is the notification in a webhook.
func (n *notification) data() map[string]any {
	issue := n.issue.child()
	if n.issue.description != "" {
		issue["description"] = plainMentions(n.issue.Team.ws, n.issue.description)
	}
	out := map[string]any{
		"id": n.id, "type": n.typ, "createdAt": stamp(n.createdAt), "updatedAt": stamp(n.updatedAt), "userId": n.user.ID,
		"issueId": n.issue.ID, "issue": issue,
	}
	if n.actor != nil {
		out["actorId"], out["actor"] = n.actor.ID, n.actor.child()
	}
	if n.comment != nil {
		out["commentId"], out["comment"] = n.comment.ID, n.comment.child()
	}
	if p := n.parent(); p != nil {
		out["parentCommentId"], out["parentComment"] = p.ID, p.child()
	}
	if n.emoji != "" {
		out["reactionEmoji"] = n.emoji
	}
	return out
}

// notifyOfComment notifies the users that a comment mentions and the subscribers
// of its issue.
func (s *Server) notifyOfComment(c *Comment) {
	if c.Issue == nil {
		return
	}
	var mentioned []*User
	for _, u := range mentions(c.ws, c.body, c.typed) {
		mentioned = append(mentioned, u)
		s.notify(u, notification{typ: "issueCommentMention", actor: c.Author, issue: c.Issue, comment: c})
	}
	for _, u := range c.Issue.subscribers {
		if !slices.Contains(mentioned, u) {
			s.notify(u, notification{typ: "issueNewComment", actor: c.Author, issue: c.Issue, comment: c})
		}
	}
}

// notifyOfIssue notifies the users that a change of an issue concerns.
func (s *Server) notifyOfIssue(i *Issue, by *User, was issueFields) {
	for _, p := range [][2]*User{{was.assignee, i.assignee}, {was.delegate, i.delegate}} {
		if p[0] != p[1] {
			s.notify(p[0], notification{typ: "issueUnassignedFromYou", actor: by, issue: i})
			s.notify(p[1], notification{typ: "issueAssignedToYou", actor: by, issue: i})
		}
	}
	if was.description != i.description {
		before := mentions(i.Team.ws, was.description, was.typed)
		for _, u := range mentions(i.Team.ws, i.description, i.typed) {
			if !slices.Contains(before, u) {
				s.notify(u, notification{typ: "issueMention", actor: by, issue: i})
			}
		}
	}
	if was.state != i.state && (i.state.Type == "completed" || i.state.Type == "canceled") {
		for _, u := range i.subscribers {
			s.notify(u, notification{typ: "issueStatusChanged", actor: by, issue: i})
		}
	}
	s.delegateToAgent(i, by, was)
}

// notifyOfReaction notifies the author of the comment or issue.
func (s *Server) notifyOfReaction(r *Reaction) {
	switch {
	case r.Comment != nil && r.Comment.Issue != nil:
		s.notify(r.Comment.Author, notification{
			typ: "issueCommentReaction", actor: r.User, issue: r.Comment.Issue, comment: r.Comment, emoji: r.Emoji,
		})
	case r.Issue != nil:
		s.notify(r.Issue.Creator, notification{typ: "issueEmojiReaction", actor: r.User, issue: r.Issue, emoji: r.Emoji})
	}
}

// mentions are the users that a text mentions, each once.
func mentions(w *Workspace, text string, typed bool) []*User {
	var out []*User
	for _, p := range split(w, text, typed) {
		if p.user != nil && !slices.Contains(out, p.user) {
			out = append(out, p.user)
		}
	}
	return out
}

func notificationMutations() map[string]operation {
	set := func(f func(r *request, n *notification, a args)) operation {
		return func(r *request, a args) (any, error) {
			for _, n := range r.ws.notifications {
				if n.id == a.text("id") && n.user == r.user {
					f(r, n, a)
					n.updatedAt = r.srv.now()
					r.srv.syncID++
					return payload{"NotificationPayload", map[string]any{
						"success": true, "lastSyncId": r.srv.syncID, "notification": n, "entity": n,
					}}, nil
				}
			}
			return nil, notFound("Notification")
		}
	}
	renamed := func(typ string, op operation) operation {
		return func(r *request, a args) (any, error) {
			v, err := op(r, a)
			if p, ok := v.(payload); ok {
				p.name = typ
				return p, err
			}
			return v, err
		}
	}
	return map[string]operation{
		"notificationUpdate": set(func(_ *request, n *notification, a args) {
			in := a.object("input")
			if in.has("readAt") {
				n.readAt, _ = in.time("readAt")
			}
			if in.has("snoozedUntilAt") {
				n.snoozed, _ = in.time("snoozedUntilAt")
			}
		}),
		"notificationArchive": renamed("NotificationArchivePayload", set(func(r *request, n *notification, _ args) {
			n.archived = r.srv.now()
		})),
		"notificationUnarchive": renamed("NotificationArchivePayload", set(func(_ *request, n *notification, _ args) {
			n.archived = time.Time{}
		})),
		"notificationMarkReadAll": func(r *request, a args) (any, error) {
			at, err := a.time("readAt")
			if err != nil {
				return nil, err
			}
			in := a.object("input")
			marked := []*notification{}
			for _, n := range r.ws.notifications {
				if n.user == r.user && (!in.set("issueId") || n.issue.ID == in.text("issueId")) {
					n.readAt, n.updatedAt = at, r.srv.now()
					marked = append(marked, n)
				}
			}
			return r.done("NotificationBatchActionPayload", "notifications", marked), nil
		},
	}
}

func notificationQueries() map[string]operation {
	return map[string]operation{
		"notificationsUnreadCount": func(r *request, _ args) (any, error) {
			n := 0
			for _, v := range r.ws.notifications {
				if v.user == r.user && v.readAt.IsZero() && v.archived.IsZero() {
					n++
				}
			}
			return n, nil
		},
	}
}
