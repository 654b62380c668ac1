package ticketing

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/state"
)

// Comments and messages are mirrored by pairs of ids, which are kept both ways.
// An item with a partner came from the other side and is not sent back.

func commentTwin(conn string, p place, comment string) state.Key {
	return state.Key{Workspace: conn, Kind: "ticketing.twin", ID: "c:" + p.Account + "/" + p.Conversation + ":" + comment}
}

func messageTwin(p place, message string) state.Key {
	return state.Key{Kind: "ticketing.twin", ID: "m:" + p.Account + "/" + p.Conversation + ":" + message}
}

// mirrorOut writes, changes or deletes the message of a comment.
func (a *API) mirrorOut(ctx context.Context, j *job) error {
	m, can := a.cfg.Helpdesk.Sink.(Messenger)
	if !can || j.Message == nil {
		return nil
	}
	key := commentTwin(j.Conn, j.Place, j.Message.ID)
	var id string
	found, err := a.docs.load(ctx, key, &id)
	if err != nil {
		return err
	}
	if j.Action != "remove" {
		if err := a.docs.save(ctx, underwayKey(j.Place), strings.TrimSpace(j.Message.Text), underwayTTL); err != nil {
			return err
		}
	}
	switch {
	case j.Action == "remove" && found:
		if err := m.Delete(ctx, id, *j.Message); err != nil {
			return err
		}
		return a.docs.values.Delete(ctx, key)
	case j.Action == "remove":
		return nil
	case j.Action == "update" && found:
		id, err = m.Edit(ctx, id, *j.Message)
	case found || j.Action == "update": // written before, or never meant to be
		return a.docs.values.Delete(ctx, underwayKey(j.Place))
	default:
		id, err = m.Post(ctx, *j.Message)
	}
	if err != nil {
		return err
	}
	if err := a.docs.save(ctx, messageTwin(j.Place, id), j.Message.ID, 0); err != nil {
		return err
	}
	if err := a.docs.save(ctx, key, id, 0); err != nil {
		return err
	}
	return a.docs.values.Delete(ctx, underwayKey(j.Place))
}

// underwayKey is where the comment is that is just being written into a
// conversation: there is one at a time. The helpdesk may report the message before
// it tells us its id.
func underwayKey(p place) state.Key {
	return state.Key{Kind: "ticketing.underway", ID: p.Account + "/" + p.Conversation}
}

// underwayTTL is how long it is remembered if the process dies meanwhile.
const underwayTTL = 10 * time.Minute

// writtenHere reports whether a message that the helpdesk reports was written by
// this API: a comment from Linear, or an activity. It must not go back to Linear,
// and the issue that it names must not be linked for it: it may say that it was
// just unlinked.
func (c *call) writtenHere(p place, id, body string) (bool, error) {
	var twin string
	if found, err := c.api.docs.load(c.ctx, messageTwin(p, id), &twin); found || err != nil {
		return found, err
	}
	body = strings.TrimSpace(body)
	if body == "" {
		return false, nil
	}
	var underway string
	if found, err := c.api.docs.load(c.ctx, underwayKey(p), &underway); err != nil || found && underway != "" && strings.HasSuffix(body, underway) {
		return found, err
	}
	var log []Activity
	if _, err := c.api.docs.load(c.ctx, activityKey(p), &log); err != nil {
		return false, err
	}
	return slices.ContainsFunc(log, func(v Activity) bool { return strings.TrimSpace(v.Text) == body }), nil
}

// MessageInput is a message of the helpdesk, handed over so that issues in it
// are linked and it is mirrored.
type MessageInput struct {
	_      struct{} `additionalProperties:"true"`
	ID     string   `json:"id" doc:"The helpdesk's id of the message."`
	Action string   `json:"action,omitempty" enum:"created,updated,deleted"`
	Text   string   `json:"text,omitempty"`
	Kind   string   `json:"kind,omitempty" enum:"note,agent,contact,bot"`
	User   *Agent   `json:"user,omitempty"`
	Status string   `json:"status,omitempty" doc:"The new status of the conversation, if that is what happened."`
}

// MessageResult is what a message led to.
type MessageResult struct {
	Linked   []*ConversationLink `json:"linked"`
	Comments []IDRef             `json:"comments"`
	Warnings []string            `json:"warnings,omitempty"`
}

// takeMessage answers POST /conversations/{conversation}/messages.
func takeMessage(c *call) (*reply, error) {
	p, err := c.conversation()
	if err != nil {
		return nil, err
	}
	in := c.input
	id, _, _ := in.text(200, "id")
	action, _, _ := in.text(20, "action")
	body, _, _ := in.text(maxText, "text", "content")
	kind, _, _ := in.text(20, "kind")
	status, _, _ := in.text(40, "status")
	if action == "" {
		action = "created"
	}
	if !slices.Contains([]string{"created", "updated", "deleted"}, action) {
		in.wrong("action", "value", "must be created, updated or deleted")
	}
	if !slices.Contains([]string{"", "note", "agent", "contact", "bot"}, kind) {
		in.wrong("kind", "value", "must be note, agent, contact or bot")
	}
	if id == "" && status == "" {
		in.wrong("id", "required", "is required")
	}
	by := c.actor()
	if err := in.done(); err != nil {
		return nil, err
	}
	out := &MessageResult{Linked: []*ConversationLink{}, Comments: []IDRef{}}
	if id != "" {
		if written, err := c.writtenHere(p, id, body); err != nil || written {
			return ok(out), err
		}
	}
	conns, err := c.candidates(p.Account)
	if err != nil {
		return nil, err
	}
	if status != "" {
		if err := c.api.statusKnown(c.ctx, p, status, c.id); err != nil {
			return nil, err
		}
	}
	if action != "deleted" && kind != "bot" && body != "" {
		if err := c.autoLink(conns, p, id, body, kind, by, out); err != nil {
			return nil, err
		}
	}
	for _, conn := range conns {
		all, err := c.api.links.of(c.ctx, conn.ID, p.Account, p.Conversation)
		if err != nil {
			return nil, err
		}
		sub := c.in(conn)
		if id != "" && kind != "bot" {
			if err := sub.mirrorIn(p, all, id, action, body, by, out); err != nil {
				return nil, err
			}
		}
		if status != "" {
			if err := sub.pushStatus(all, status, out); err != nil {
				return nil, err
			}
		}
	}
	return ok(out), nil
}

// mirrorIn writes, changes or deletes the comments of a message, one on each
// linked issue whose team mirrors messages. Their ids are computed, so that a
// message that is handed over twice is written once; the secret in them keeps
// others from computing them.
func (c *call) mirrorIn(p place, all []link, id, action, body string, by Agent, out *MessageResult) error {
	for _, l := range all {
		s, err := c.settingsFor(l.Identifier)
		if err != nil {
			return err
		}
		if s.MirrorComments != "to_linear" && s.MirrorComments != "both" {
			continue
		}
		text, wanted := strings.CutPrefix(body, s.MirrorPrefix)
		asUser := c.conn.AppActor && s.CreateAsAgent
		mac, err := c.api.signer.mac(c.ctx, "mirror", c.conn.ID, p.Account, p.Conversation, id, l.IssueID)
		if err != nil {
			return err
		}
		commentID := derive(string(mac))
		client, err := c.client()
		if err != nil {
			return err
		}
		switch action {
		case "deleted":
			c.api.intend(c.ctx, c.conn.ID, commentID)
			err = client.CommentDelete(c.ctx, commentID)
		case "updated":
			done := c.api.intend(c.ctx, c.conn.ID, commentID)
			var made *linearapi.Comment
			if made, err = client.CommentUpdate(c.ctx, commentID, linearapi.CommentUpdateInput{Body: signed(text, by, asUser)}); err == nil {
				done(made.UpdatedAt)
			}
		default:
			if !wanted || strings.TrimSpace(text) == "" {
				continue
			}
			create := linearapi.CommentCreateInput{ID: commentID, IssueID: l.IssueID, Body: signed(text, by, asUser)}
			if asUser {
				create.CreateAsUser, create.DisplayIconURL = by.Name, by.AvatarURL
			}
			// Before the comment is there, or its webhook could be faster.
			c.api.expect(c.ctx, c.conn.ID, commentID)
			if err := c.api.docs.save(c.ctx, commentTwin(c.conn.ID, p, commentID), id, 0); err != nil {
				return err
			}
			_, err = client.CommentCreate(c.ctx, create)
			if adapter.CodeOf(err) == adapter.CodeConflict {
				err = nil
			}
		}
		if remoteNotFound(err) {
			continue // never mirrored, or deleted over there
		}
		if err != nil {
			return err
		}
		out.Comments = append(out.Comments, IDRef{commentID})
	}
	return nil
}

// signed adds the author to a text that is not shown under their name.
func signed(text string, by Agent, asUser bool) string {
	text = strings.TrimSpace(text)
	if asUser || by.Name == "" {
		return text
	}
	return "*" + escapeMarkdown(by.Name) + ":*\n\n" + text
}

// pushStatus moves the linked issues to the status of their teams that stands for
// the one that the conversation has now.
func (c *call) pushStatus(all []link, status string, out *MessageResult) error {
	sub := *c
	sub.make = ""
	for _, l := range all {
		s, err := c.settingsFor(l.Identifier)
		if err != nil {
			return err
		}
		name := s.ReverseStatusMap[status]
		if name == "" {
			continue
		}
		_, err = sub.changeTicket(l.IssueID, newInput(map[string]any{"status": map[string]any{"name": name}}))
		if err == nil || remoteNotFound(err) {
			continue
		}
		if p, is := errors.AsType[*problem](err); is && p.status < http.StatusInternalServerError {
			out.Warnings = append(out.Warnings, l.Identifier+": "+p.message)
			continue
		}
		return err
	}
	return nil
}
