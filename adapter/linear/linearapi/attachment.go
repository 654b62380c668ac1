package linearapi

import (
	"context"
	"encoding/json"
	"time"
)

// Attachment is a link on an issue.
type Attachment struct {
	ID       string `json:"id"`
	Title    string `json:"title"`
	Subtitle string `json:"subtitle"`
	URL      string `json:"url"`
	// Metadata is the JSON object that was stored with it.
	Metadata   json.RawMessage `json:"metadata"`
	SourceType string          `json:"sourceType"`
	// GroupBySource says that Linear shows it among others of its source.
	GroupBySource bool      `json:"groupBySource"`
	CreatedAt     time.Time `json:"createdAt"`
	UpdatedAt     time.Time `json:"updatedAt"`
	ArchivedAt    time.Time `json:"archivedAt"`
	Creator       *User     `json:"creator"`
	Issue         *IssueRef `json:"issue"`
	// ExternalUserCreator is who made it from outside the workspace.
	ExternalUserCreator *ExternalUser `json:"externalUserCreator"`
}

// AttachmentCreateInput describes the attachment to create. Empty fields are
// not sent.
type AttachmentCreateInput struct {
	ID string `json:"id,omitempty"`
	// IssueID, Title and URL are required. IssueID is the issue's id or its
	// short name.
	IssueID  string `json:"issueId"`
	Title    string `json:"title"`
	URL      string `json:"url"`
	Subtitle string `json:"subtitle,omitempty"`
	IconURL  string `json:"iconUrl,omitempty"`
	// Metadata is stored with it.
	Metadata      map[string]any `json:"metadata,omitempty"`
	GroupBySource bool           `json:"groupBySource,omitempty"`
	// CommentBody is the text of a comment to write with it.
	CommentBody string `json:"commentBody,omitempty"`
	// CreateAsUser and DisplayIconURL are the name and picture to show, if
	// the token belongs to an app.
	CreateAsUser   string `json:"createAsUser,omitempty"`
	DisplayIconURL string `json:"displayIconUrl,omitempty"`
}

// AttachmentUpdateInput describes a change to an attachment. Empty fields are
// not sent.
type AttachmentUpdateInput struct {
	// Title is required.
	Title    string         `json:"title"`
	Subtitle string         `json:"subtitle,omitempty"`
	IconURL  string         `json:"iconUrl,omitempty"`
	Metadata map[string]any `json:"metadata,omitempty"`
}

// AttachmentLinkInput describes the link to create. Empty fields are not sent.
type AttachmentLinkInput struct {
	ID string
	// IssueID and URL are required. IssueID is the issue's id or its short
	// name.
	IssueID, URL string
	// Title defaults to what Linear finds at the address.
	Title string
	// CreateAsUser and DisplayIconURL are the name and picture to show, if
	// the token belongs to an app.
	CreateAsUser, DisplayIconURL string
}

// AttachmentCreate links an address to an issue. The same address on the same
// issue updates the existing attachment, so the call is safe to retry unless it
// writes a comment and has no id.
func (c *Client) AttachmentCreate(ctx context.Context, in AttachmentCreateInput) (*Attachment, error) {
	op := operation{
		name:       "attachmentCreate",
		repeatable: in.ID != "" || in.CommentBody == "",
	}
	return mutate[Attachment](ctx, c, op, "attachment", vars{"input": in})
}

// AttachmentLinkURL links an address to an issue, and lets Linear detect what
// it is, for example a pull request or a message.
func (c *Client) AttachmentLinkURL(ctx context.Context, in AttachmentLinkInput) (*Attachment, error) {
	v := vars{"issueId": in.IssueID, "url": in.URL}
	for name, value := range map[string]string{
		"id": in.ID, "title": in.Title, "createAsUser": in.CreateAsUser, "displayIconUrl": in.DisplayIconURL,
	} {
		if value != "" {
			v[name] = value
		}
	}
	op := operation{name: "attachmentLinkURL", repeatable: in.ID != ""}
	return mutate[Attachment](ctx, c, op, "attachment", v)
}

// AttachmentUpdate changes an attachment and returns its new state.
func (c *Client) AttachmentUpdate(ctx context.Context, id string, in AttachmentUpdateInput) (*Attachment, error) {
	op := operation{name: "attachmentUpdate", repeatable: true}
	return mutate[Attachment](ctx, c, op, "attachment", vars{"id": id, "input": in})
}

// AttachmentDelete deletes an attachment. The code of the error is NotFound if
// there is none.
func (c *Client) AttachmentDelete(ctx context.Context, id string) error {
	return remove(ctx, c, operation{name: "attachmentDelete"}, vars{"id": id})
}

// AttachmentsForURL returns a page of the attachments with an address, on any
// issue.
func (c *Client) AttachmentsForURL(ctx context.Context, url string, page PageArgs) (*Page[Attachment], error) {
	op := operation{name: "attachmentsForURL"}
	return query[Page[Attachment]](ctx, c, op, "attachmentsForURL", page.vars(vars{"url": url}))
}

// IssueAttachments returns a page of the attachments of an issue. id is the
// issue's id or its short name.
func (c *Client) IssueAttachments(ctx context.Context, id string, page PageArgs) (*Page[Attachment], error) {
	op := operation{name: "issueAttachments"}
	return within[Page[Attachment]](ctx, c, op, "issue", "attachments", page.vars(vars{"id": id}))
}
