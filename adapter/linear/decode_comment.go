package linear

import (
	"cmp"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/emoji"
)

// comment decodes a Comment event. Linear also sends an update of the comment
// when a user reacts to it or resolves its thread; the changed fields tell them
// apart.
func (d *decoder) comment() adapter.Event {
	p := d.whole
	if p == nil { // the type was written in an unusual way
		if p = new(commentDelivery); !d.read(p) {
			return d.other(reasonMalformed)
		}
	}
	c := &p.Data.commentPayload
	author, known := d.people.who(&said{
		user: c.User, userID: c.UserID, external: c.ExternalUser, externalID: c.ExternalUserID,
		bot: c.BotActor, actor: p.Actor, sole: d.header.Action == actionCreate && p.Actor.userPayload != userPayload{}, wrote: c.ID,
	})
	d.meta.Actor, d.meta.URL = d.people.actor(&p.Actor), p.URL
	if d.meta.Actor == (adapter.User{}) && d.header.Action == actionCreate {
		d.meta.Actor = author
	}
	m := &adapter.Message{
		ID:        c.ID,
		Thread:    d.meta.Thread,
		ParentID:  cmp.Or(c.ParentID, c.Parent.ID),
		Author:    author,
		Body:      c.Body.s,
		CreatedAt: c.CreatedAt.Time,
		EditedAt:  c.EditedAt.Time,
		URL:       p.URL,
		Issue:     d.issue(&c.Issue, c.IssueID),

		SyncedWith: syncsOf(c.SyncedWith, author, &c.BotActor),
	}
	switch d.header.Action {
	case actionCreate:
		switch {
		case c.SessionRoot:
			return d.other(reasonSessionRoot)
		case !known:
			o := d.other(reasonNoAuthor)
			o.Missing = "data.userId"
			return o
		}
		d.meta.Act = actComment(c.ID)
		return &adapter.MessageEvent{Meta: d.meta, Message: m}
	case actionUpdate:
		from := p.changes()
		return d.commentUpdate(&entityPayload[commentPayload]{UpdatedFrom: from, Data: *c}, m)
	default:
		return &adapter.DeleteEvent{Meta: d.meta, Message: m}
	}
}

func (d *decoder) commentUpdate(p *entityPayload[commentPayload], m *adapter.Message) adapter.Event {
	switch {
	case p.changed("body") || p.changed("editedAt"):
		if !p.Data.Body.ok {
			return d.lacks("data.body")
		}
		before := p.previous("body")
		return &adapter.EditEvent{Meta: d.meta, Message: m, Previous: before.s, HasPrevious: before.ok}
	case p.changed("resolvedAt"):
		return &adapter.ResolveEvent{Meta: d.meta, Resolved: !p.Data.ResolvedAt.IsZero(), Message: m}
	default:
		return d.other(reasonNotAnEdit)
	}
}

// reaction decodes a Reaction event. It names its comment but not that
// comment's root, so the thread of a reaction to a comment has to be looked up.
func (d *decoder) reaction() adapter.Event {
	var p entityPayload[reactionPayload]
	if !d.read(&p) {
		return d.other(reasonMalformed)
	}
	r := &p.Data
	actor := d.people.actor(&p.Actor)
	user, _ := d.people.who(&said{
		user: r.User, userID: r.UserID, externalID: r.ExternalUserID, actor: p.Actor, sole: true, wrote: d.header.Data.ID,
	})
	d.meta.Actor, d.meta.URL = actor, p.URL
	if actor == (adapter.User{}) {
		d.meta.Actor = user
	}
	message := cmp.Or(r.CommentID, r.Comment.ID)
	name := emoji.Name(r.Emoji)
	if d.header.Action == actionCreate {
		d.meta.Act = actReaction(cmp.Or(message, d.place.thread.IssueID, d.place.thread.ParentID), user.ID, name)
	}
	return &adapter.ReactionEvent{
		Meta:      d.meta,
		Added:     d.header.Action == actionCreate,
		Emoji:     name,
		RawEmoji:  r.Emoji,
		MessageID: message,
		User:      user,
	}
}
