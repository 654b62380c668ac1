package linearapi

import "context"

// IssueCreateInput describes the issue to create. Empty fields are not sent.
type IssueCreateInput struct {
	// ID is the id for the new issue, a UUID of version 4. It makes the
	// creation safe to retry.
	ID string `json:"id,omitempty"`
	// TeamID and Title are required.
	TeamID string `json:"teamId"`
	Title  string `json:"title,omitempty"`
	// Description is Markdown.
	Description string `json:"description,omitempty"`
	// StateID defaults to the team's first backlog state, or triage.
	StateID    string   `json:"stateId,omitempty"`
	Priority   int      `json:"priority,omitempty"`
	Estimate   int      `json:"estimate,omitempty"`
	AssigneeID string   `json:"assigneeId,omitempty"`
	DelegateID string   `json:"delegateId,omitempty"`
	LabelIDs   []string `json:"labelIds,omitempty"`
	ProjectID  string   `json:"projectId,omitempty"`
	CycleID    string   `json:"cycleId,omitempty"`
	// ParentID is the id or the short name of the parent issue.
	ParentID string `json:"parentId,omitempty"`
	// DueDate is a date like "2026-11-30".
	DueDate       string   `json:"dueDate,omitempty"`
	SubscriberIDs []string `json:"subscriberIds,omitempty"`
	// SourceCommentID is the comment that the issue was made from.
	SourceCommentID string `json:"sourceCommentId,omitempty"`
	TemplateID      string `json:"templateId,omitempty"`
	// CreateAsUser and DisplayIconURL are the name and picture to show, if
	// the token belongs to an app.
	CreateAsUser   string `json:"createAsUser,omitempty"`
	DisplayIconURL string `json:"displayIconUrl,omitempty"`
}

// IssueUpdateInput describes a change to an issue. The zero value of a field
// leaves it unchanged.
type IssueUpdateInput struct {
	Title       Opt[string] `json:"title,omitzero"`
	Description Opt[string] `json:"description,omitzero"`
	StateID     Opt[string] `json:"stateId,omitzero"`
	TeamID      Opt[string] `json:"teamId,omitzero"`
	Priority    Opt[int]    `json:"priority,omitzero"`
	Estimate    Opt[int]    `json:"estimate,omitzero"`
	AssigneeID  Opt[string] `json:"assigneeId,omitzero"`
	DelegateID  Opt[string] `json:"delegateId,omitzero"`
	ProjectID   Opt[string] `json:"projectId,omitzero"`
	CycleID     Opt[string] `json:"cycleId,omitzero"`
	ParentID    Opt[string] `json:"parentId,omitzero"`
	DueDate     Opt[string] `json:"dueDate,omitzero"`
	// LabelIDs replaces the labels. AddedLabelIDs and RemovedLabelIDs add and
	// remove some.
	LabelIDs        Opt[[]string] `json:"labelIds,omitzero"`
	AddedLabelIDs   []string      `json:"addedLabelIds,omitempty"`
	RemovedLabelIDs []string      `json:"removedLabelIds,omitempty"`
	SubscriberIDs   Opt[[]string] `json:"subscriberIds,omitzero"`
}

// IssueCreate creates an issue and returns it. If in.ID is taken, the code of
// the error is Conflict and [ConflictID] returns the id.
func (c *Client) IssueCreate(ctx context.Context, in IssueCreateInput) (*Issue, error) {
	op := operation{name: "issueCreate", repeatable: in.ID != ""}
	return mutate[Issue](ctx, c, op, "issue", vars{"input": in})
}

// IssueUpdate changes an issue and returns its new state. id is the issue's id
// or its short name.
func (c *Client) IssueUpdate(ctx context.Context, id string, in IssueUpdateInput) (*Issue, error) {
	op := operation{name: "issueUpdate", repeatable: true}
	return mutate[Issue](ctx, c, op, "issue", vars{"id": id, "input": in})
}

// IssueArchive archives an issue.
func (c *Client) IssueArchive(ctx context.Context, id string) error {
	return remove(ctx, c, operation{name: "issueArchive"}, vars{"id": id})
}

// IssueUnarchive restores an issue from the archive.
func (c *Client) IssueUnarchive(ctx context.Context, id string) error {
	return remove(ctx, c, operation{name: "issueUnarchive"}, vars{"id": id})
}

// IssueDelete moves an issue to the trash, where Linear deletes it after 30
// days.
func (c *Client) IssueDelete(ctx context.Context, id string) error {
	return remove(ctx, c, operation{name: "issueDelete"}, vars{"id": id})
}

// IssueAddLabel adds a label to an issue and returns the issue.
func (c *Client) IssueAddLabel(ctx context.Context, id, labelID string) (*Issue, error) {
	op := operation{name: "issueAddLabel", repeatable: true}
	return mutate[Issue](ctx, c, op, "issue", vars{"id": id, "labelId": labelID})
}

// IssueRemoveLabel removes a label from an issue and returns the issue.
func (c *Client) IssueRemoveLabel(ctx context.Context, id, labelID string) (*Issue, error) {
	op := operation{name: "issueRemoveLabel", repeatable: true}
	return mutate[Issue](ctx, c, op, "issue", vars{"id": id, "labelId": labelID})
}
