package ticketing

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"

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
	case found || j.Action == "update":
		return nil // written before, or never meant to be
	default:
		id, err = m.Post(ctx, *j.Message)
	}
	if err != nil {
		return err
	}
	if err := a.docs.save(ctx, messageTwin(j.Place, id), j.Message.ID, 0); err != nil {
		return err
	}
	return a.docs.save(ctx, key, id, 0)
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

// maxAutoLinks is how many issues of one message are linked.
const maxAutoLinks = 10

// takeMessage answers POST /conversations/{conversation}/messages.
func takeMessage(c *call) (*reply, error) {
	p := c.conversation()
	if err := c.enabled(p); err != nil {
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
	if id == "" && status == "" {
		in.wrong("id", "required", "is required")
	}
	by := c.actor()
	if err := in.done(); err != nil {
		return nil, err
	}
	out := &MessageResult{Linked: []*ConversationLink{}, Comments: []IDRef{}}
	if id != "" {
		var twin string
		if found, err := c.api.docs.load(c.ctx, messageTwin(p, id), &twin); err != nil {
			return nil, err
		} else if found {
			return ok(out), nil // it came from Linear
		}
	}
	conns, err := c.candidates(p.Account)
	if err != nil {
		return nil, err
	}
	if action != "deleted" && kind != "bot" && body != "" {
		if err := c.autoLink(conns, p, body, kind, by, out); err != nil {
			return nil, err
		}
	}
	for _, conn := range conns {
		s, err := c.api.settings(c.ctx, conn.ID)
		if err != nil {
			return nil, err
		}
		sub := c.in(conn)
		if id != "" && kind != "bot" && (s.MirrorComments == "to_linear" || s.MirrorComments == "both") {
			if err := sub.mirrorIn(p, s, id, action, body, by, out); err != nil {
				return nil, err
			}
		}
		if name := s.ReverseStatusMap[status]; status != "" && name != "" {
			if err := sub.pushStatus(p, name, out); err != nil {
				return nil, err
			}
		}
	}
	return ok(out), nil
}

// mentions finds issues in a text: addresses, then bare short names.
func mentions(body string) []string {
	if len(body) > maxText {
		return nil
	}
	find, err := regexp.Compile(`https?://linear\.app/[A-Za-z0-9_-]+/issue/[A-Za-z][A-Za-z0-9_]{0,9}-[0-9]{1,9}|\b[A-Z][A-Z0-9_]{0,9}-[0-9]{1,9}\b`)
	if err != nil {
		return nil
	}
	var out []string
	seen := map[string]bool{}
	for _, m := range find.FindAllString(body, 50) {
		ref, _ := issueRef(m)
		if !seen[ref] {
			seen[ref] = true
			out = append(out, m)
		}
	}
	return out[:min(len(out), maxAutoLinks)]
}

// autoLink links the issues that a message names.
func (c *call) autoLink(conns []*Connection, p place, body, kind string, by Agent, out *MessageResult) error {
	found := mentions(body)
	if len(found) == 0 {
		return nil
	}
	// The widest setting of the connections decides; each issue then goes
	// through its own.
	allowed := func(s Settings) bool {
		switch s.AutoLink {
		case "private_notes":
			return kind == "note"
		case "all_agent":
			return kind == "note" || kind == "agent" || kind == ""
		case "all":
			return true
		}
		return false
	}
	may := map[string]bool{}
	for _, conn := range conns {
		s, err := c.api.settings(c.ctx, conn.ID)
		if err != nil {
			return err
		}
		may[conn.ID] = allowed(s)
	}
	if !slices.ContainsFunc(conns, func(v *Connection) bool { return may[v.ID] }) {
		return nil
	}
	keys, err := c.teamKeys(conns)
	if err != nil {
		return err
	}
	for _, m := range found {
		ref, _ := issueRef(m)
		key, _, _ := strings.Cut(ref, "-")
		isURL := strings.HasPrefix(m, "http")
		if !isURL && !keys[key] {
			continue // a word that only looks like one
		}
		conn, n, err := c.locate(p, m)
		if err == nil && !may[conn.ID] {
			continue
		}
		if err == nil {
			var v link
			var isNew bool
			if v, isNew, err = c.tie(conn, p, n, "", "auto", by, derive(c.make, "auto", m)); err == nil && isNew {
				out.Linked = append(out.Linked, c.shown(conn, p, v, false))
			}
		}
		if err != nil && (isURL || !remoteNotFound(err) && problemOf(err).status != http.StatusNotFound) {
			// The agent is told: a link that fails silently is missed later.
			out.Warnings = append(out.Warnings, m+" could not be linked: "+problemOf(err).message)
		}
	}
	return nil
}

// teamKeys are the keys of all teams.
func (c *call) teamKeys(conns []*Connection) (map[string]bool, error) {
	keys := map[string]bool{}
	for _, conn := range conns {
		all, err := c.in(conn).teams()
		if err != nil {
			return nil, err
		}
		for _, t := range all {
			keys[strings.ToUpper(t.Value.Key)] = true
		}
	}
	return keys, nil
}

// mirrorIn writes, changes or deletes the comments of a message, one on each
// linked issue. Their ids are computed, so that a message that is handed over
// twice is written once; the secret in them keeps others from computing them.
func (c *call) mirrorIn(p place, s Settings, id, action, body string, by Agent, out *MessageResult) error {
	all, err := c.api.links.of(c.ctx, c.conn.ID, p.Account, p.Conversation)
	if err != nil {
		return err
	}
	text, wanted := strings.CutPrefix(body, s.MirrorPrefix)
	for _, l := range all {
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
			if made, err = client.CommentUpdate(c.ctx, commentID, linearapi.CommentUpdateInput{Body: c.signed(text, by)}); err == nil {
				done(made.UpdatedAt)
			}
		default:
			if !wanted || strings.TrimSpace(text) == "" {
				continue
			}
			create := linearapi.CommentCreateInput{ID: commentID, IssueID: l.IssueID, Body: c.signed(text, by)}
			if c.conn.AppActor {
				create.Body, create.CreateAsUser, create.DisplayIconURL = strings.TrimSpace(text), by.Name, by.AvatarURL
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

// signed adds the author to a text if the token cannot write as another user.
func (c *call) signed(text string, by Agent) string {
	text = strings.TrimSpace(text)
	if c.conn.AppActor || by.Name == "" {
		return text
	}
	return "*" + escapeMarkdown(by.Name) + ":*\n\n" + text
}

// pushStatus moves the linked issues to a status of their teams.
func (c *call) pushStatus(p place, name string, out *MessageResult) error {
	all, err := c.api.links.of(c.ctx, c.conn.ID, p.Account, p.Conversation)
	if err != nil {
		return err
	}
	sub := *c
	sub.make = ""
	for _, l := range all {
		_, err := sub.changeTicket(l.IssueID, newInput(map[string]any{"status": map[string]any{"name": name}}))
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
