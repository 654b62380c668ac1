package linearapi

import (
	"context"
	"time"
)

// The types of relation between issues.
const (
	RelationBlocks    = "blocks"
	RelationDuplicate = "duplicate"
	RelationRelated   = "related"
	RelationSimilar   = "similar"
)

// IssueRelation is a relation of one issue to another: Issue blocks
// RelatedIssue, for example.
type IssueRelation struct {
	ID           string    `json:"id"`
	Type         string    `json:"type"`
	CreatedAt    time.Time `json:"createdAt"`
	Issue        *IssueRef `json:"issue"`
	RelatedIssue *IssueRef `json:"relatedIssue"`
}

// IssueRelationCreateInput describes the relation to create. All fields but ID
// are required.
type IssueRelationCreateInput struct {
	// ID is the id for the new relation, a UUID of version 4. It makes the
	// creation safe to retry.
	ID             string `json:"id,omitempty"`
	IssueID        string `json:"issueId"`
	RelatedIssueID string `json:"relatedIssueId"`
	// Type is one of the Relation constants.
	Type string `json:"type"`
}

// IssueRelationCreate creates a relation between two issues.
func (c *Client) IssueRelationCreate(ctx context.Context, in IssueRelationCreateInput) (*IssueRelation, error) {
	op := operation{name: "issueRelationCreate", repeatable: in.ID != ""}
	return mutate[IssueRelation](ctx, c, op, "issueRelation", vars{"input": in})
}

// IssueRelationDelete deletes a relation. The code of the error is NotFound if
// there is none.
func (c *Client) IssueRelationDelete(ctx context.Context, id string) error {
	return remove(ctx, c, operation{name: "issueRelationDelete"}, vars{"id": id})
}

// IssueRelations are the relations of an issue. Inverse are those in which it
// is the RelatedIssue: "blocked by" is an inverse relation of type blocks.
type IssueRelations struct {
	Relations Page[IssueRelation] `json:"relations"`
	Inverse   Page[IssueRelation] `json:"inverseRelations"`
}

// IssueRelations returns a page of the relations of an issue, in both
// directions. id is the issue's id or its short name. A cursor is valid for one
// of the two lists only.
func (c *Client) IssueRelations(ctx context.Context, id string, page PageArgs) (*IssueRelations, error) {
	op := operation{name: "issueRelations"}
	return query[IssueRelations](ctx, c, op, "issue", page.vars(vars{"id": id}))
}
