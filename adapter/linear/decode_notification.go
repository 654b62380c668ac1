package linear

import (
	"cmp"
	"strings"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/emoji"
)

// notification decodes an AppUserNotification of any kind, known or not.
func (d *decoder) notification() adapter.Event {
	var p notificationEventPayload
	if !d.read(&p) {
		return d.other(reasonMalformed)
	}
	if bot := d.people.self.UserID; bot != "" && p.AppUserID != "" && p.AppUserID != bot {
		return d.other(reasonOtherApp)
	}
	n := &p.Notification
	d.meta.Actor, _ = d.people.who(&said{user: n.Actor, userID: n.ActorID, externalID: n.ExternalActorID})
	kind := cmp.Or(n.Type, d.header.Action)
	ev := &adapter.NotificationEvent{
		Kind:  kind,
		Issue: d.issue(&n.Issue, n.IssueID),
		Emoji: emoji.Name(n.ReactionEmoji),
	}
	if ev.Issue != nil {
		d.meta.URL = ev.Issue.URL
	}
	ev.Message = d.noticeMessage(kind, n, ev.Issue)
	d.meta.Act = d.noticeAct(kind, n, &p)
	ev.Meta = d.meta
	return ev
}

// noticeMessage is the message that a notification is about: a comment, or for
// issueMention the description.
func (d *decoder) noticeMessage(kind string, n *notificationPayload, issue *adapter.Issue) *adapter.Message {
	addressed := adapter.TernaryUnknown
	if strings.HasSuffix(kind, "Mention") {
		addressed = adapter.TernaryYes
	}
	comment := cmp.Or(n.CommentID, n.Comment.ID)
	switch {
	case comment != "":
		m := &adapter.Message{
			ID:        comment,
			Thread:    d.meta.Thread,
			ParentID:  cmp.Or(n.ParentCommentID, n.ParentComment.ID),
			Author:    d.people.ref(n.Comment.UserID, d.meta.Actor),
			Body:      n.Comment.Body,
			Addressed: addressed,
			Issue:     issue,
		}
		if isNewComment(kind) {
			m.CreatedAt = n.CreatedAt.Time
			if n.Comment.UserID == "" {
				m.Author = d.meta.Actor
			}
		}
		switch {
		case !d.people.wrote(comment):
		case m.Author == adapter.User{}:
			m.Author = d.people.me()
		case m.Author.ID == d.people.self.UserID:
			m.Author.Kind = adapter.UserSelf
		}
		return m
	case kind == "issueMention" && issue != nil:
		m := d.description(issue, d.meta.Actor)
		m.Addressed = addressed
		return m
	default:
		return nil
	}
}

// noticeAct names the act that a notification reports.
func (d *decoder) noticeAct(kind string, n *notificationPayload, p *notificationEventPayload) string {
	comment := cmp.Or(n.CommentID, n.Comment.ID)
	issue := cmp.Or(n.IssueID, n.Issue.ID)
	switch {
	case n.ReactionEmoji != "" && cmp.Or(comment, issue) != "":
		return actReaction(cmp.Or(comment, issue), d.meta.Actor.ID, emoji.Name(n.ReactionEmoji))
	case comment != "" && isNewComment(kind):
		return actComment(comment)
	case issue == "":
		return ""
	case kind == "issueMention":
		return actDescription(issue)
	case kind == "issueAssignedToYou":
		return actDelegate(issue, p.AppUserID)
	case kind == "issueUnassignedFromYou":
		return actUndelegate(issue, p.AppUserID)
	default:
		return ""
	}
}

// isNewComment reports whether notifications of a kind, such as issueNewComment
// and documentCommentMention, announce a new comment.
func isNewComment(kind string) bool {
	return strings.HasSuffix(kind, "NewComment") || strings.HasSuffix(kind, "CommentMention")
}
