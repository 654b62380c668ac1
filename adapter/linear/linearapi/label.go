package linearapi

import (
	"context"
	"time"
)

// Label is a label for issues.
type Label struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Color       string `json:"color"`
	Description string `json:"description"`
	// IsGroup says that the label only groups others.
	IsGroup bool `json:"isGroup"`
	// Team is nil for labels of the whole workspace.
	Team *Team `json:"team"`
	// Parent is the group. Nil if there is none.
	Parent *Label `json:"parent"`
	// The following are set in lists and by writes. RetiredAt is zero unless the
	// label can no longer be put on issues.
	CreatedAt  time.Time `json:"createdAt"`
	UpdatedAt  time.Time `json:"updatedAt"`
	ArchivedAt time.Time `json:"archivedAt"`
	RetiredAt  time.Time `json:"retiredAt"`
}

// LabelCreateInput describes the label to create. Empty fields are not sent.
type LabelCreateInput struct {
	// ID is the id for the new label, a UUID of version 4. It makes the
	// creation safe to retry.
	ID string `json:"id,omitempty"`
	// Name is required.
	Name        string `json:"name"`
	Color       string `json:"color,omitempty"`
	Description string `json:"description,omitempty"`
	ParentID    string `json:"parentId,omitempty"`
	// TeamID is empty for labels of the whole workspace.
	TeamID string `json:"teamId,omitempty"`
}

// IssueLabels returns a page of the labels. filter has the keys of Linear's
// IssueLabelFilter.
func (c *Client) IssueLabels(ctx context.Context, filter Filter, page PageArgs) (*Page[Label], error) {
	op := operation{name: "issueLabels"}
	return query[Page[Label]](ctx, c, op, "issueLabels", page.vars(filter.vars(vars{})))
}

// IssueLabelCreate creates a label.
func (c *Client) IssueLabelCreate(ctx context.Context, in LabelCreateInput) (*Label, error) {
	op := operation{name: "issueLabelCreate", repeatable: in.ID != ""}
	return mutate[Label](ctx, c, op, "issueLabel", vars{"input": in})
}
