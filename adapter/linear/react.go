package linear

import (
	"cmp"
	"context"
	"strings"

	"github.com/google/uuid"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/internal/emoji"
)

var _ adapter.Reactor = (*Adapter)(nil)

// React adds the bot's reaction to a comment, or to the issue if r names no
// message, with one request. The id of the reaction is computed like those of
// comments, so the bot can remove it without looking it up. If the id was used
// before, two more requests check whether the reaction still exists and add it
// if it does not.
func (a *Adapter) React(ctx context.Context, r adapter.Ref, reaction string) error {
	on, name, err := reactable("react", r, reaction)
	if err != nil {
		return err
	}
	b, err := a.bot(ctx, r.Workspace)
	if err != nil {
		return err
	}
	in := on
	in.Emoji, in.ID = spelling(name), b.writeID(reactionKey(on, name))
	_, err = b.api.ReactionCreate(ctx, in)
	if !reactionConflict(err) {
		return err
	}
	// Either the reaction exists, or it was removed and its id cannot be
	// reused.
	mine, known, err := b.reactions(ctx, on, name)
	if err != nil || !known || len(mine) > 0 {
		return err
	}
	in.ID = b.writeID(reactionKey(on, name) + "|" + uuid.NewString())
	if _, err = b.api.ReactionCreate(ctx, in); reactionConflict(err) {
		return nil // it exists under a name that is not in our table
	}
	return err
}

// Unreact removes the bot's reaction, with one request. If the reaction does
// not exist under its computed id, a second request looks for it, and a third
// removes it if it exists under another id. A bot that acts with a person's key
// never removes the person's own reactions.
func (a *Adapter) Unreact(ctx context.Context, r adapter.Ref, reaction string) error {
	on, name, err := reactable("unreact", r, reaction)
	if err != nil {
		return err
	}
	b, err := a.bot(ctx, r.Workspace)
	if err != nil {
		return err
	}
	err = b.api.ReactionDelete(ctx, b.writeID(reactionKey(on, name)))
	if err == nil || adapter.CodeOf(err) != adapter.CodeNotFound {
		return err
	}
	mine, _, err := b.reactions(ctx, on, name)
	if err != nil {
		return unless(adapter.CodeNotFound, err)
	}
	for _, id := range mine {
		if !b.self.App && !b.people.wrote(id) {
			continue
		}
		if err := unless(adapter.CodeNotFound, b.api.ReactionDelete(ctx, id)); err != nil {
			return err
		}
	}
	return nil
}

// reactions returns the ids of the bot's reactions with an emoji. known is
// false if they cannot be read.
func (b *bot) reactions(ctx context.Context, on linearapi.ReactionCreateInput, name string) (ids []string, known bool, err error) {
	var all []linearapi.Reaction
	switch {
	case on.CommentID != "":
		all, err = b.api.CommentReactions(ctx, on.CommentID)
	case on.IssueID != "":
		all, err = b.api.IssueReactions(ctx, on.IssueID)
	default:
		return nil, false, nil
	}
	for _, r := range all {
		if r.User != nil && r.User.ID == b.self.UserID && emoji.Same(r.Emoji, name) {
			ids = append(ids, r.ID)
		}
	}
	return ids, true, err
}

// reactable returns what to add a reaction to, and the emoji's name.
func reactable(op string, r adapter.Ref, reaction string) (on linearapi.ReactionCreateInput, name string, err error) {
	thread, err := ParseThreadID(r.Thread)
	if err != nil {
		return on, "", err
	}
	name = strings.Trim(emoji.Name(strings.TrimSpace(reaction)), ":")
	switch {
	case name == "":
		return on, "", opError(op, adapter.CodeInvalid, "the emoji is missing")
	case strings.HasPrefix(r.MessageID, sessionMessage):
		return on, "", opError(op, adapter.CodeUnsupported, "the message is a session and no comment")
	case r.MessageID != "" && r.MessageID != thread.IssueID:
		on.CommentID = r.MessageID
	case thread.Kind == ParentIssue:
		on.IssueID = thread.IssueID
	case thread.Kind == ParentComment:
		on.CommentID = thread.ParentID
	case thread.Kind == ParentProjectUpdate:
		on.ProjectUpdateID = thread.ParentID
	case thread.Kind == ParentInitiativeUpdate:
		on.InitiativeUpdateID = thread.ParentID
	default:
		return on, "", opError(op, adapter.CodeUnsupported, thread.Kind.String()+" cannot have reactions")
	}
	return on, name, nil
}

// reactionKey is the key under which the bot's reaction is written.
func reactionKey(on linearapi.ReactionCreateInput, name string) string {
	on.CommentID = cmp.Or(on.CommentID, on.IssueID, on.ProjectUpdateID, on.InitiativeUpdateID)
	return "reaction|" + on.CommentID + "|" + name
}

func reactionConflict(err error) bool {
	entity, _, ok := linearapi.ConflictID(err)
	return ok && (entity == "" || entity == "Reaction")
}

// spelling returns an emoji in the form to send to Linear: as a character if it
// has a well-known name, otherwise unchanged.
func spelling(name string) string {
	return cmp.Or(emoji.Character(name), name)
}
