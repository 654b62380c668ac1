package linearapi

import "context"

// AttachmentNode returns an attachment with Linear's own object.
func (c *Client) AttachmentNode(ctx context.Context, id string) (*Node[Attachment], error) {
	return query[Node[Attachment]](ctx, c, operation{name: "attachment"}, "attachment", vars{"id": id})
}

// AttachmentNodes returns a page of the attachments of the workspace. Linear's
// AttachmentFilter cannot select by issue; use [Client.IssueAttachmentNodes]
// for that.
func (c *Client) AttachmentNodes(ctx context.Context, filter Filter, page PageArgs) (*Page[Node[Attachment]], error) {
	op := operation{name: "attachments"}
	return query[Page[Node[Attachment]]](ctx, c, op, "attachments", page.vars(filter.vars(vars{})))
}

// IssueAttachmentNodes is [Client.IssueAttachments] with Linear's own objects.
func (c *Client) IssueAttachmentNodes(ctx context.Context, id string, page PageArgs) (*Page[Node[Attachment]], error) {
	op := operation{name: "issueAttachments"}
	return within[Page[Node[Attachment]]](ctx, c, op, "issue", "attachments", page.vars(vars{"id": id}))
}

// LinkedIssue is an attachment with its complete issue.
type LinkedIssue struct {
	ID    string      `json:"id"`
	Title string      `json:"title"`
	URL   string      `json:"url"`
	Issue Node[Issue] `json:"issue"`
}

// LinkedIssues returns a page of the attachments with an address, each with its
// complete issue.
func (c *Client) LinkedIssues(ctx context.Context, url string, page PageArgs) (*Page[LinkedIssue], error) {
	op := operation{name: "linkedIssues"}
	return query[Page[LinkedIssue]](ctx, c, op, "attachmentsForURL", page.vars(vars{"url": url}))
}
