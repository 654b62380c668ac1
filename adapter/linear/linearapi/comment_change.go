package linearapi

import "context"

// CommentUpdateInput describes a change to a comment. Empty fields are not
// sent.
type CommentUpdateInput struct {
	// Body is Markdown.
	Body string `json:"body,omitempty"`
	// DoNotSubscribeToIssue keeps the author from being subscribed.
	DoNotSubscribeToIssue bool `json:"doNotSubscribeToIssue,omitempty"`
}

// CommentUpdate changes a comment and returns its new state, with author,
// reactions and issue.
func (c *Client) CommentUpdate(ctx context.Context, id string, in CommentUpdateInput) (*Comment, error) {
	op := operation{name: "commentUpdate", repeatable: true}
	return mutate[Comment](ctx, c, op, "comment", vars{"id": id, "input": in})
}

// CommentDelete deletes a comment. The code of the error is NotFound if the
// comment does not exist, which can also be the result of a retry after a lost
// answer.
func (c *Client) CommentDelete(ctx context.Context, id string) error {
	return remove(ctx, c, operation{name: "commentDelete"}, vars{"id": id})
}

// CommentResolve marks the thread of a root comment as resolved.
// resolvingCommentID is the comment that resolves it, and may be empty.
func (c *Client) CommentResolve(ctx context.Context, id, resolvingCommentID string) (*Comment, error) {
	v := vars{"id": id}
	if resolvingCommentID != "" {
		v["resolvingCommentId"] = resolvingCommentID
	}
	op := operation{name: "commentResolve", repeatable: true}
	return mutate[Comment](ctx, c, op, "comment", v)
}

// CommentUnresolve reopens the thread of a root comment.
func (c *Client) CommentUnresolve(ctx context.Context, id string) (*Comment, error) {
	op := operation{name: "commentUnresolve", repeatable: true}
	return mutate[Comment](ctx, c, op, "comment", vars{"id": id})
}
