package linearsim

import (
	"slices"
	"strings"
	"time"
)

// Reaction is an emoji of one user on a comment or an issue. Emoji is the
// normalised name, such as "thumbsup".
type Reaction struct {
	ID        string
	Emoji     string
	User      *User
	Comment   *Comment // nil for a reaction on an issue
	Issue     *Issue   // nil for a reaction on a comment
	CreatedAt time.Time

	record
	on       *thing // the project or initiative update, if it is on one
	spelling string // how it was asked for: the name, or an alias
}

// React adds a reaction to a comment. A Unicode emoji, with or without
// variation selector, becomes its name; anything else is taken as the name of a
// custom emoji. Repeating an emoji returns the existing reaction.
func (u *User) React(c *Comment, emoji string) *Reaction {
	s := u.ws.srv
	s.mu.Lock()
	defer s.unlock()
	if !u.reaches(c) || emoji == "" {
		return nil
	}
	return u.react(&Reaction{Comment: c}, emoji)
}

// ReactToIssue adds a reaction to an issue, like [User.React].
func (u *User) ReactToIssue(i *Issue, emoji string) *Reaction {
	s := u.ws.srv
	s.mu.Lock()
	defer s.unlock()
	if i == nil || i.Team.ws != u.ws || i.trashed || emoji == "" {
		return nil
	}
	return u.react(&Reaction{Issue: i}, emoji)
}

func (u *User) react(r *Reaction, emoji string) *Reaction {
	name, ok := u.ws.srv.emoji.name(emoji)
	if !ok {
		name = strings.Trim(emoji, ":")
	}
	for _, old := range *r.list() {
		if old.User == u && old.Emoji == name {
			return old
		}
	}
	r.ID, r.Emoji, r.spelling, r.User = u.ws.srv.newID(), name, name, u
	return u.ws.srv.addReaction(r)
}

// Unreact removes the user's own reaction with that emoji.
func (u *User) Unreact(c *Comment, emoji string) *Reaction {
	s := u.ws.srv
	s.mu.Lock()
	defer s.unlock()
	if !u.reaches(c) {
		return nil
	}
	name, ok := s.emoji.name(emoji)
	if !ok {
		name = strings.Trim(emoji, ":")
	}
	for _, r := range c.reactions {
		if r.User == u && r.Emoji == name {
			s.removeReaction(r)
			return r
		}
	}
	return nil
}

// list is the list that holds the reaction.
func (r *Reaction) list() *[]*Reaction {
	if r.Comment != nil {
		return &r.Comment.reactions
	}
	if r.on != nil {
		return &r.on.reactions
	}
	return &r.Issue.reactions
}

func (s *Server) addReaction(r *Reaction) *Reaction {
	r.record = s.newRecord()
	r.CreatedAt = r.createdAt
	s.take("Reaction", r.ID)
	s.emit(r.User.ws, event{action: "create", typ: "Reaction", actor: r.User.actor(), data: r.data(), at: r.createdAt})
	s.rearrange(r, func(l []*Reaction) []*Reaction { return append(l, r) })
	s.notifyOfReaction(r)
	return r
}

func (s *Server) removeReaction(r *Reaction) {
	s.emit(r.User.ws, event{action: "remove", typ: "Reaction", actor: r.User.actor(), data: r.data(), at: s.now()})
	s.rearrange(r, func(l []*Reaction) []*Reaction {
		return slices.DeleteFunc(slices.Clone(l), func(v *Reaction) bool { return v == r })
	})
}

// rearrange changes the list of reactions. On a comment that is an update of
// the comment as well: its reactionData differs.
func (s *Server) rearrange(r *Reaction, f func([]*Reaction) []*Reaction) {
	reactions := r.list()
	if r.Comment != nil {
		s.change(r.Comment, r.User, func() { *reactions = f(*reactions) })
		return
	}
	if r.on != nil {
		*reactions = f(*reactions)
		return
	}
	s.changeIssue(r.Issue, r.User, func() { *reactions = f(*reactions) })
}

func (r *Reaction) typename() string { return "Reaction" }

func (r *Reaction) field(_ *request, name string, _ args) (any, error) {
	switch name {
	case "id":
		return r.ID, nil
	case "emoji":
		return r.Emoji, nil
	case "user":
		return r.User, nil
	case "comment":
		return r.Comment, nil
	case "issue":
		return r.Issue, nil
	case "createdAt":
		return r.createdAt, nil
	case "updatedAt":
		return r.updatedAt, nil
	case "projectUpdate", "initiativeUpdate":
		if r.on != nil && lowerFirst(r.on.typ) == name {
			return r.on, nil
		}
		return nil, nil
	}
	return nil, noField("Reaction", name)
}

// data is the reaction in a webhook. Like real deliveries it names the comment
// but neither its issue nor its thread, and its envelope has no url.
func (r *Reaction) data() map[string]any {
	out := map[string]any{
		"id":        r.ID,
		"createdAt": stamp(r.createdAt),
		"updatedAt": stamp(r.updatedAt),
		"emoji":     r.Emoji,
		"userId":    r.User.ID,
		"user":      r.User.child(),
	}
	switch {
	case r.Comment != nil:
		out["comment"] = r.Comment.reacted()
	case r.on != nil:
		out[lowerFirst(r.on.typ)+"Id"] = r.on.id
	default:
		out["issueId"], out["issue"] = r.Issue.ID, r.Issue.child()
	}
	return out
}

// reactionData groups reactions by emoji, in the order of their first use.
func reactionData(in []*Reaction) []any {
	out := []any{}
	for i, r := range in {
		if slices.ContainsFunc(in[:i], func(v *Reaction) bool { return v.Emoji == r.Emoji }) {
			continue
		}
		var of []any
		for _, v := range in[i:] {
			if v.Emoji == r.Emoji {
				of = append(of, map[string]any{"id": v.ID, "userId": v.User.ID, "reactedAt": stamp(v.createdAt)})
			}
		}
		out = append(out, map[string]any{"emoji": r.Emoji, "reactions": of})
	}
	return out
}

func reactionMutations() map[string]operation {
	return map[string]operation{
		"reactionCreate": createReaction,
		"reactionDelete": func(r *request, a args) (any, error) {
			found, err := r.ws.findReaction(a.text("id"))
			if err != nil {
				return nil, err
			}
			if found.User != r.user {
				return nil, forbidden("You can only delete your own reactions")
			}
			r.srv.removeReaction(found)
			return r.done("DeletePayload", "entityId", found.ID), nil
		},
	}
}

func createReaction(r *request, a args) (any, error) {
	in := a.object("input")
	var err error
	given := 0
	for _, name := range []string{"commentId", "issueId", "projectUpdateId", "initiativeUpdateId"} {
		if in.set(name) {
			given++
		}
	}
	made := &Reaction{User: r.user}
	switch {
	case given != 1:
		return nil, invalidArgument("Exactly one of commentId, issueId, projectUpdateId or initiativeUpdateId must be defined")
	case in.set("commentId"):
		made.Comment, err = r.ws.findComment(in.text("commentId"))
	case in.set("issueId"):
		made.Issue, err = r.ws.findIssue(in.text("issueId"))
	case in.set("projectUpdateId"):
		made.on, err = findThing(r.ws.things["ProjectUpdate"], "ProjectUpdate", in.text("projectUpdateId"))
	default:
		made.on, err = findThing(r.ws.things["InitiativeUpdate"], "InitiativeUpdate", in.text("initiativeUpdateId"))
	}
	if err != nil {
		return nil, err
	}
	var ok bool
	if made.Emoji, ok = r.srv.emoji.name(in.text("emoji")); !ok {
		return nil, invalidField("emoji", "isEmoji", "emoji must be a known emoji")
	}
	made.spelling = r.srv.emoji.spelling(in.text("emoji"))
	if made.ID, err = r.srv.claim("Reaction", in); err != nil {
		return nil, err
	}
	for _, old := range *made.list() {
		if old.User != r.user || old.Emoji != made.Emoji {
			continue
		}
		if old.spelling != made.spelling {
			return nil, conflict("Reaction", made.ID)
		}
		return r.done("ReactionPayload", "reaction", old), nil
	}
	return r.done("ReactionPayload", "reaction", r.srv.addReaction(made)), nil
}

func (w *Workspace) findReaction(id string) (*Reaction, error) {
	has := func(r *Reaction) bool { return strings.EqualFold(r.ID, id) }
	for _, c := range w.comments {
		if i := slices.IndexFunc(c.reactions, has); i >= 0 {
			return c.reactions[i], nil
		}
	}
	for _, is := range w.issues {
		if i := slices.IndexFunc(is.reactions, has); i >= 0 {
			return is.reactions[i], nil
		}
	}
	for _, typ := range []string{"ProjectUpdate", "InitiativeUpdate"} {
		for _, t := range w.things[typ] {
			if i := slices.IndexFunc(t.reactions, has); i >= 0 {
				return t.reactions[i], nil
			}
		}
	}
	return nil, notFound("Reaction")
}
