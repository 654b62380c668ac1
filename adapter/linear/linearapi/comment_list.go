package linearapi

import "context"

// CommentThread returns a comment with a page of its replies, all with authors
// and reactions.
func (c *Client) CommentThread(ctx context.Context, id string, page PageArgs) (*Comment, error) {
	op := operation{name: "commentThread"}
	return query[Comment](ctx, c, op, "comment", page.vars(vars{"id": id}))
}

// CommentQuery selects comments.
type CommentQuery struct {
	// Filter has the keys of Linear's CommentFilter.
	Filter Filter
	// LastReply asks for the last reply of each comment: its id and time.
	LastReply bool
	// ByUpdate sorts by the time of the last change instead of creation. For
	// [Client.CommentNodes].
	ByUpdate bool
	PageArgs
}

// RootComments returns the filter for comments that are not replies.
func RootComments() Filter { return Filter{"parent": Filter{"null": true}} }

func (q CommentQuery) vars(v vars) vars {
	v["replies"] = q.LastReply
	return q.PageArgs.vars(q.Filter.vars(v))
}

// IssueWithComments is an issue with a page of its comments.
type IssueWithComments struct {
	IssueRef

	Comments Page[Comment] `json:"comments"`
}

// IssueComments returns a page of the comments of an issue, replies included,
// with authors and reactions. id is the issue's id or its short name.
func (c *Client) IssueComments(ctx context.Context, id string, q CommentQuery) (*IssueWithComments, error) {
	op := operation{name: "issueComments"}
	return query[IssueWithComments](ctx, c, op, "issue", q.vars(vars{"id": id}))
}

// Comments returns a page of all the comments that the token can see, with
// authors and reactions.
func (c *Client) Comments(ctx context.Context, q CommentQuery) (*Page[Comment], error) {
	return query[Page[Comment]](ctx, c, operation{name: "comments"}, "comments", q.vars(vars{}))
}
