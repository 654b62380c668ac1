package adapter

import "context"

// Tracker is an ability: it creates, changes, finds and links issues. Issues
// are named by their id or their short name.
type Tracker interface {
	// CreateIssue creates an issue. Calls with the same key create one issue.
	CreateIssue(ctx context.Context, workspace, key string, c IssueFields) (*Issue, error)
	// UpdateIssue changes an issue and returns the updated issue.
	UpdateIssue(ctx context.Context, workspace, issue string, c IssueFields) (*Issue, error)
	// SearchIssues returns up to limit issues that match the words of a text, the
	// best match first.
	SearchIssues(ctx context.Context, workspace, text string, limit int) ([]*Issue, error)
	// LinkIssue links an address to an issue. It is idempotent: the same address is
	// linked once.
	LinkIssue(ctx context.Context, workspace, issue string, l IssueLink) error
	// IssueLinks returns what is linked to an issue.
	IssueLinks(ctx context.Context, workspace, issue string) ([]IssueLink, error)
}

// IssueFields are the fields to set on an issue. Nil leaves a field unchanged; an
// empty text or list clears it, where that makes sense.
type IssueFields struct {
	// Title is required when creating.
	Title       *string
	Description *string
	// Team is the id or the key of a team. Required when creating.
	Team *string
	// State is the name of a workflow state of the issue's team, or its id.
	State *string
	// Priority is 0 for none, else 1 (urgent) to 4 (low).
	Priority *int
	// Assignee is a user, by id, handle or email address.
	Assignee *string
	// Labels replace the labels. A label is its name or its id.
	Labels *[]string
	// AddLabels and RemoveLabels change the labels. Removing a label that the issue
	// does not have is a no-op.
	AddLabels, RemoveLabels []string
	// ParentID is the issue that this one is a part of.
	ParentID *string
	// DueDate is a date such as "2026-11-30".
	DueDate *string
}

// IssueLink is an address that is linked to an issue: for example a helpdesk
// conversation or a pull request.
type IssueLink struct {
	ID, Title, URL string
}
