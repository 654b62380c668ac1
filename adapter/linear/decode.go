package linear

import (
	"cmp"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/reason"
)

// Reasons why a delivery with a known thread still becomes an OtherEvent.
const (
	// reasonNotAnEdit: a comment was updated, but neither its text nor its
	// resolution changed.
	reasonNotAnEdit = reason.NotAnEdit
	// reasonNoAuthor: a comment without an author.
	reasonNoAuthor = reason.NoAuthor
	// reasonSessionRoot: a comment that Linear wrote as the root of a session.
	reasonSessionRoot = reason.SessionRoot
	// reasonOtherApp: meant for another app of the workspace.
	reasonOtherApp = reason.OtherApp
)

// decoder decodes one delivery.
type decoder struct {
	body   []byte
	meta   adapter.Meta
	people *people
	place  place
	header *header
	// whole is the body of a Comment event, if it was read as one.
	whole *commentDelivery
}

// decode turns a delivery into an event, which keeps nothing of f. self may be nil; own
// reports whether the bot wrote the message with an id, and may be nil. It fails, with
// code adapter.CodeInvalid, only for a body that is not a JSON object. Key, workspace, type
// and action are those of route. The body is read once: what its header says is known
// from the intake, or comes with the comment.
//
// One act of a person can arrive as several events. They have equal Meta.Act:
//
//	act                             events
//	comment:{commentId}             Comment create · session created by a mention in it ·
//	                                session prompted by it · notifications of a mention or a
//	                                new comment
//	issue:{issueId}:description     Issue create or update that sets the description ·
//	                                session created by a mention in it · issueMention
//	delegate:{issueId}:{userId}     Issue create or update that sets the delegate · session
//	                                created by that · issueAssignedToYou
//	undelegate:{issueId}:{userId}   Issue update that takes the delegate away ·
//	                                issueUnassignedFromYou
//	reaction:{id}:{userId}:{emoji}  Reaction create · issueCommentReaction,
//	                                issueEmojiReaction; id is the comment or the issue
//
// Comments and reactions happen once. The other acts can be repeated, and
// nothing in the events distinguishes one occurrence from the next: compare
// those acts within minutes, not days. Two sessions may share an act (two
// mentions in one comment), and remain two conversations.
func (f *forms) decode(d *adapter.Delivery, self *adapter.Identity, own func(id string) bool) (adapter.Event, error) {
	h := &f.header
	r, p, kept := h.recall(d.Header)
	var c *commentDelivery
	if kept && h.Type == typeComment || !kept && mayBeComment(d.Body) {
		c = f.readComment(d.Body)
	}
	switch {
	case kept:
	case c != nil:
		*h = c.header()
		r, p = h.route(d)
	default:
		if err := unmarshal(d.Body, h); err != nil {
			return nil, err
		}
		r, p = h.route(d)
	}
	dec := &decoder{
		body:   d.Body,
		people: newPeople(self, own),
		place:  p,
		header: h,
		whole:  c,
		meta: adapter.Meta{
			Key:        r.Key,
			Workspace:  r.Workspace,
			Type:       r.Type,
			Action:     r.Action,
			Incomplete: p.guess,
			At:         parseTime(h.CreatedAt),
			Late:       d.Late,
			Raw:        d.Body,
		},
	}
	if !p.lane {
		dec.meta.Thread = r.Thread
	}
	switch {
	case r.Ignore != "":
		other := dec.other(r.Ignore)
		other.Missing = r.Missing
		return other, nil
	case p.rest:
		return dec.rest(), nil
	default:
		return dec.event(), nil
	}
}

func (d *decoder) event() adapter.Event {
	switch d.header.Type {
	case typeComment:
		return d.comment()
	case typeReaction:
		return d.reaction()
	case typeIssue:
		return d.issueEvent()
	case typeSession:
		return d.session()
	case typeNotification:
		return d.notification()
	case typeSLA:
		return d.sla()
	case typeApp, typeAuthorization, typePermission:
		return d.app()
	default:
		return d.rest()
	}
}

func (d *decoder) other(reason string) *adapter.OtherEvent {
	d.meta.Incomplete = false
	return &adapter.OtherEvent{Meta: d.meta, Reason: reason}
}

// lacks returns the event of a delivery that lacks a required field.
func (d *decoder) lacks(what string) *adapter.OtherEvent {
	o := d.other(reasonMalformed)
	o.Missing = what
	return o
}

// read fills v from the body. The header has been read from the same bytes, so
// this does not fail; if it did, v would be as from an empty body.
func (d *decoder) read(v any) bool { return unmarshal(d.body, v) == nil }

// rest decodes deliveries that have no event type of their own.
func (d *decoder) rest() adapter.Event {
	var p restPayload
	if !d.read(&p) {
		return d.other(reasonMalformed)
	}
	d.meta.Actor, d.meta.URL = d.restActor(&p), cmp.Or(p.URL, p.Data.URL)
	ev := &adapter.DataEvent{Meta: d.meta, ID: p.Data.ID}
	if d.header.Action == actionUpdate {
		ev.Changes = p.UpdatedFrom
	}
	return ev
}

// restActor finds who did something: the actor of the envelope, else the user of
// the delivery or of what changed, else who created that.
func (d *decoder) restActor(p *restPayload) adapter.User {
	all := []said{
		{actor: p.Actor, sole: true},
		{user: p.User, userID: p.UserID},
		{user: p.Data.User, userID: p.Data.UserID, external: p.Data.ExternalUser, externalID: p.Data.ExternalUserID},
	}
	if d.header.Action == actionCreate {
		all = append(all, said{user: p.Data.Creator, userID: p.Data.CreatorID, bot: p.Data.BotActor})
	}
	for i := range all {
		if user, ok := d.people.who(&all[i]); ok {
			return user
		}
	}
	return adapter.User{}
}

// app decodes the events that concern the app itself.
func (d *decoder) app() adapter.Event {
	var p appPayload
	if !d.read(&p) {
		return d.other(reasonMalformed)
	}
	client := cmp.Or(p.OAuthClientID, p.OAuthClient.ID)
	switch d.header.Type {
	case typeApp:
		return &adapter.UninstallEvent{Meta: d.meta, ClientID: client}
	case typePermission:
		return &adapter.AccessEvent{
			Meta:           d.meta,
			AllPublicTeams: p.AllPublicTeams,
			AddedTeams:     p.AddedTeamIDs,
			RemovedTeams:   p.RemovedTeamIDs,
		}
	default:
		user := d.people.user(&p.User, p.UserID)
		d.meta.Actor = user
		return &adapter.AuthorizationEvent{
			Meta:         d.meta,
			User:         user,
			ClientID:     client,
			ActiveTokens: int(p.ActiveTokens),
		}
	}
}
