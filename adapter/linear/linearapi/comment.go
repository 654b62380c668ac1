package linearapi

import (
	"context"
	"time"
)

// Comment is a comment. Which fields are set depends on the operation that
// returned it.
type Comment struct {
	ID   string `json:"id"`
	Body string `json:"body"`
	URL  string `json:"url"`

	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
	// EditedAt is zero if the text was never edited.
	EditedAt time.Time `json:"editedAt"`
	// ArchivedAt and ResolvedAt are zero if the comment is not archived or
	// resolved.
	ArchivedAt time.Time `json:"archivedAt"`
	ResolvedAt time.Time `json:"resolvedAt"`
	// HideInLinear marks a comment that Linear does not show.
	HideInLinear bool `json:"hideInLinear"`
	// SessionRoot marks a comment that Linear wrote as the root of a session.
	SessionRoot bool `json:"isArtificialAgentSessionRoot"`

	// ParentID is the first comment of the thread. Empty for that comment.
	ParentID string `json:"parentId"`
	// One of the following six is what the thread is attached to.
	IssueID            string `json:"issueId"`
	ProjectID          string `json:"projectId"`
	ProjectUpdateID    string `json:"projectUpdateId"`
	InitiativeID       string `json:"initiativeId"`
	InitiativeUpdateID string `json:"initiativeUpdateId"`
	DocumentContentID  string `json:"documentContentId"`
	// User is nil for people and integrations without an account; see
	// ExternalUser and BotActor.
	User         *User         `json:"user"`
	ExternalUser *ExternalUser `json:"externalUser"`
	BotActor     *ActorBot     `json:"botActor"`
	// SyncedWith and ExternalThread say what the comment and its thread are
	// synced with. Empty and nil if they are not synced.
	SyncedWith     []ExternalEntity `json:"syncedWith"`
	ExternalThread *ExternalThread  `json:"externalThread"`
	Reactions      []Reaction       `json:"reactions"`
	// Parent and Issue are set by [Client.Comment] and [Client.CommentThread].
	// Nil if there is none.
	Parent *Ref      `json:"parent"`
	Issue  *IssueRef `json:"issue"`
	// QuotedText is the part of a text that the comment is about, ResolvingUser
	// who resolved it. Set by [Client.CommentNode], [Client.CommentNodes] and
	// writes that return Linear's own object.
	QuotedText    string `json:"quotedText"`
	ResolvingUser *User  `json:"resolvingUser"`
	// Children are the replies: a page of them from [Client.CommentThread], the
	// last one from lists that requested replies. Nil otherwise.
	Children *Page[Comment] `json:"children"`
}

// Root returns the id of the first comment of c's thread: its parent, or
// itself.
func (c *Comment) Root() string {
	switch {
	case c.Parent != nil && c.Parent.ID != "":
		return c.Parent.ID
	case c.ParentID != "":
		return c.ParentID
	default:
		return c.ID
	}
}

// ExternalEntity is something outside of Linear that a comment is synced with.
type ExternalEntity struct {
	// Service is github, jira or slack.
	Service string `json:"service"`
	ID      string `json:"id"`
}

// ExternalThread is a thread outside of Linear that a thread is synced with.
type ExternalThread struct {
	// Type is "integration", "email" or another kind of source, and SubType the
	// service of an integration, for example "slack".
	Type    string `json:"type"`
	SubType string `json:"subType"`
	ID      string `json:"id"`
	// Connected says that comments are synced in both directions.
	Connected bool `json:"isConnected"`
}

// Ref names something by its id.
type Ref struct {
	ID string `json:"id"`
}

// IssueRef names an issue.
type IssueRef struct {
	ID         string `json:"id"`
	Identifier string `json:"identifier"`
	Title      string `json:"title"`
	URL        string `json:"url"`
}

// CommentCreateInput describes the comment to create. Empty fields are not
// sent.
type CommentCreateInput struct {
	// ID is the id for the new comment, a UUID of version 4. It makes the
	// creation safe to retry.
	ID string `json:"id,omitempty"`
	// Exactly one of the following six says what to comment on, for replies
	// too. IssueID is the issue's id or its short name, such as "ENG-15".
	IssueID            string `json:"issueId,omitempty"`
	ProjectID          string `json:"projectId,omitempty"`
	ProjectUpdateID    string `json:"projectUpdateId,omitempty"`
	InitiativeID       string `json:"initiativeId,omitempty"`
	InitiativeUpdateID string `json:"initiativeUpdateId,omitempty"`
	DocumentContentID  string `json:"documentContentId,omitempty"`
	// ParentID is the comment to answer, which must not be a reply itself.
	ParentID string `json:"parentId,omitempty"`
	// Body is Markdown.
	Body string `json:"body,omitempty"`
	// CreateAsUser and DisplayIconURL are the name and picture to show, if
	// the token belongs to an app.
	CreateAsUser   string `json:"createAsUser,omitempty"`
	DisplayIconURL string `json:"displayIconUrl,omitempty"`
	// DoNotSubscribeToIssue keeps the author from being subscribed.
	DoNotSubscribeToIssue bool `json:"doNotSubscribeToIssue,omitempty"`
}

// CommentCreate creates a comment and returns it. If in.ID is taken, the code
// of the error is Conflict and [ConflictID] returns the id.
func (c *Client) CommentCreate(ctx context.Context, in CommentCreateInput) (*Comment, error) {
	type data struct {
		CommentCreate struct {
			Success *bool
			Comment *Comment
		}
	}
	op := operation{name: "commentCreate", repeatable: in.ID != ""}
	return do(ctx, c, op, map[string]any{"input": in}, func(d *data) *Comment {
		return done(d.CommentCreate.Success, d.CommentCreate.Comment)
	})
}

// Comment returns a comment. The code of the error is NotFound if it does not
// exist or the token cannot see it.
func (c *Client) Comment(ctx context.Context, id string) (*Comment, error) {
	type data struct{ Comment *Comment }
	op := operation{name: "comment", repeatable: true}
	return do(ctx, c, op, map[string]any{"id": id}, func(d *data) *Comment { return d.Comment })
}
