package linearapi

import (
	"context"
	"time"
)

// Issue is an issue. Lists omit some of the fields that [Client.Issue] sets.
type Issue struct {
	ID string `json:"id"`
	// Identifier is the short name, for example "ENG-15", and Number the
	// number in it.
	Identifier  string  `json:"identifier"`
	Number      float64 `json:"number"`
	Title       string  `json:"title"`
	Description string  `json:"description"`
	URL         string  `json:"url"`
	BranchName  string  `json:"branchName"`
	// Priority is 0 for none, else 1 (urgent) to 4 (low).
	Priority float64 `json:"priority"`
	// Estimate is nil if the issue has not been estimated.
	Estimate *float64 `json:"estimate"`
	// DueDate is a date like "2026-11-30". Empty if there is none.
	DueDate   string    `json:"dueDate"`
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
	// The following are zero if the event has not happened.
	StartedAt   time.Time `json:"startedAt"`
	CompletedAt time.Time `json:"completedAt"`
	CanceledAt  time.Time `json:"canceledAt"`
	ArchivedAt  time.Time `json:"archivedAt"`
	// Trashed says that the issue was deleted and can still be restored.
	Trashed bool `json:"trashed"`

	Team     *Team          `json:"team"`
	State    *WorkflowState `json:"state"`
	Assignee *User          `json:"assignee"`
	// Delegate is the app that works on the issue.
	Delegate *User `json:"delegate"`
	// One of the following three created the issue.
	Creator             *User         `json:"creator"`
	ExternalUserCreator *ExternalUser `json:"externalUserCreator"`
	BotActor            *ActorBot     `json:"botActor"`
	// Labels are at most 50, in lists 10.
	Labels Page[Label] `json:"labels"`
	// LabelIDs are the ids of all labels. Set by Node methods.
	LabelIDs []string `json:"labelIds"`
	// PreviousIdentifiers are the short names that the issue had in other
	// teams. Set by Node methods.
	PreviousIdentifiers []string `json:"previousIdentifiers"`
	// Subscribers are set by [Client.IssueNode] only, at most 50.
	Subscribers Page[User] `json:"subscribers"`
	Project     *Project   `json:"project"`
	Cycle       *Cycle     `json:"cycle"`
	// Milestone is set by Node methods only, with id and name.
	Milestone *Milestone `json:"projectMilestone"`
	Parent    *IssueRef  `json:"parent"`

	// The following are set by Node methods.

	// CustomerCount is how many customer requests the issue has.
	CustomerCount float64 `json:"customerTicketCount"`
	// Source is the integration that created the issue, for example "slack".
	Source string `json:"integrationSourceType"`
	// SLAType is all or onlyBusinessDays. The times are zero without an SLA.
	SLAType         string    `json:"slaType"`
	SLAStartedAt    time.Time `json:"slaStartedAt"`
	SLAMediumRiskAt time.Time `json:"slaMediumRiskAt"`
	SLAHighRiskAt   time.Time `json:"slaHighRiskAt"`
	SLABreachesAt   time.Time `json:"slaBreachesAt"`
	SnoozedUntilAt  time.Time `json:"snoozedUntilAt"`
	TriagedAt       time.Time `json:"triagedAt"`
	// SyncedWith are the services that the issue is kept in step with. Set by
	// [Client.IssueNode] and the Node methods that write one issue.
	SyncedWith []ExternalEntity `json:"syncedWith"`
}

// Issue returns an issue. id is its id or its short name, for example
// "ENG-15". The code of the error is NotFound if there is none.
func (c *Client) Issue(ctx context.Context, id string) (*Issue, error) {
	return query[Issue](ctx, c, operation{name: "issue"}, "issue", vars{"id": id})
}

// IssueQuery selects issues.
type IssueQuery struct {
	// Filter has the keys of Linear's IssueFilter.
	Filter Filter
	// IncludeArchived includes archived and deleted issues.
	IncludeArchived bool
	// ByUpdate sorts by the time of the last change instead of creation.
	ByUpdate bool
	PageArgs
}

func (q IssueQuery) vars(v vars) vars {
	if q.IncludeArchived {
		v["includeArchived"] = true
	}
	if q.ByUpdate {
		v["orderBy"] = "updatedAt"
	}
	return q.PageArgs.vars(q.Filter.vars(v))
}

// Issues returns a page of the issues that the token can see.
func (c *Client) Issues(ctx context.Context, q IssueQuery) (*Page[Issue], error) {
	return query[Page[Issue]](ctx, c, operation{name: "issues"}, "issues", q.vars(vars{}))
}

// IssueSearch is a search for issues.
type IssueSearch struct {
	// Term is the search term. Required.
	Term string
	// Comments also searches in comments.
	Comments bool
	// TeamID prefers the issues of a team. May be empty.
	TeamID string
	IssueQuery
	// NoJSON leaves out Linear's own objects. For [Client.SearchIssueNodes] only.
	NoJSON bool
}

// SearchIssues searches issues by text. Linear allows 30 searches a minute.
func (c *Client) SearchIssues(ctx context.Context, s IssueSearch) (*Page[Issue], error) {
	v := s.vars(vars{"term": s.Term})
	if s.Comments {
		v["includeComments"] = true
	}
	if s.TeamID != "" {
		v["teamId"] = s.TeamID
	}
	return query[Page[Issue]](ctx, c, operation{name: "searchIssues"}, "searchIssues", v)
}
