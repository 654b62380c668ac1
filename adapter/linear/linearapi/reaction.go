package linearapi

import (
	"context"
	"time"
)

// Reaction is a reaction to a comment or an issue.
type Reaction struct {
	ID string `json:"id"`
	// Emoji is Linear's name for it, for example "thumbsup".
	Emoji     string    `json:"emoji"`
	CreatedAt time.Time `json:"createdAt"`
	// User is nil for people without an account; see ExternalUser.
	User         *User         `json:"user"`
	ExternalUser *ExternalUser `json:"externalUser"`
}

// ReactionCreateInput describes the reaction to create. Empty fields are not
// sent.
type ReactionCreateInput struct {
	// ID is the id for the new reaction, a UUID of version 4. It makes the
	// creation safe to retry.
	ID string `json:"id,omitempty"`
	// Exactly one of the following four says what to react to. IssueID is
	// the issue's id or its short name.
	CommentID          string `json:"commentId,omitempty"`
	IssueID            string `json:"issueId,omitempty"`
	ProjectUpdateID    string `json:"projectUpdateId,omitempty"`
	InitiativeUpdateID string `json:"initiativeUpdateId,omitempty"`
	// Emoji is a character or a name. Linear rejects unknown ones.
	Emoji string `json:"emoji"`
}

// ReactionCreate creates a reaction. Repeating an emoji returns the existing
// reaction, with its own id. If in.ID is taken, or the emoji exists under
// another name, the code of the error is Conflict.
func (c *Client) ReactionCreate(ctx context.Context, in ReactionCreateInput) (*Reaction, error) {
	op := operation{name: "reactionCreate", repeatable: in.ID != ""}
	return mutate[Reaction](ctx, c, op, "reaction", vars{"input": in})
}

// ReactionDelete deletes a reaction. The code of the error is NotFound if
// there is none.
func (c *Client) ReactionDelete(ctx context.Context, id string) error {
	return remove(ctx, c, operation{name: "reactionDelete"}, vars{"id": id})
}

// CommentReactions returns the reactions to a comment.
func (c *Client) CommentReactions(ctx context.Context, id string) ([]Reaction, error) {
	op := operation{name: "commentReactions"}
	return list(within[[]Reaction](ctx, c, op, "comment", "reactions", vars{"id": id}))
}

// IssueReactions returns the reactions to an issue. id is the issue's id or
// its short name.
func (c *Client) IssueReactions(ctx context.Context, id string) ([]Reaction, error) {
	op := operation{name: "issueReactions"}
	return list(within[[]Reaction](ctx, c, op, "issue", "reactions", vars{"id": id}))
}

func list[E any](l *[]E, err error) ([]E, error) {
	if err != nil {
		return nil, err
	}
	return *l, nil
}
