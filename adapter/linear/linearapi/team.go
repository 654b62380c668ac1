package linearapi

import (
	"context"
	"time"
)

// Team owns issues.
type Team struct {
	ID string `json:"id"`
	// Key is the prefix of the short names of the team's issues.
	Key         string    `json:"key"`
	Name        string    `json:"name"`
	DisplayName string    `json:"displayName"`
	Description string    `json:"description"`
	Color       string    `json:"color"`
	Icon        string    `json:"icon"`
	Timezone    string    `json:"timezone"`
	ArchivedAt  time.Time `json:"archivedAt"`
	CreatedAt   time.Time `json:"createdAt"`
	UpdatedAt   time.Time `json:"updatedAt"`

	// The following are set by [Client.TeamNodes]; the states also by
	// [Client.WorkflowStateNodes].

	// Visibility is public, restricted or private.
	Visibility    string `json:"visibility"`
	CyclesEnabled bool   `json:"cyclesEnabled"`
	TriageEnabled bool   `json:"triageEnabled"`
	// EstimationType is notUsed, exponential, fibonacci, linear or tShirt.
	EstimationType      string `json:"issueEstimationType"`
	EstimationAllowZero bool   `json:"issueEstimationAllowZero"`
	EstimationExtended  bool   `json:"issueEstimationExtended"`
	Parent              *Ref   `json:"parent"`
	// DefaultState is the state of new issues, TriageState that of those from
	// outside the team. Nil if there is none.
	DefaultState *Ref   `json:"defaultIssueState"`
	TriageState  *Ref   `json:"triageIssueState"`
	ActiveCycle  *Cycle `json:"activeCycle"`
}

// WorkflowState is a state that issues of a team can be in.
type WorkflowState struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Type is one of triage, backlog, unstarted, started, completed,
	// canceled and duplicate.
	Type string `json:"type"`
	// Position orders the states of one type.
	Position    float64 `json:"position"`
	Color       string  `json:"color"`
	Description string  `json:"description"`
	Team        *Team   `json:"team"`
	// The following are set in lists only.
	CreatedAt  time.Time `json:"createdAt"`
	UpdatedAt  time.Time `json:"updatedAt"`
	ArchivedAt time.Time `json:"archivedAt"`
}

// Team returns a team by id. The code of the error is NotFound if there is
// none.
func (c *Client) Team(ctx context.Context, id string) (*Team, error) {
	return query[Team](ctx, c, operation{name: "team"}, "team", vars{"id": id})
}

// Teams returns a page of the teams that the token can see. filter has the
// keys of Linear's TeamFilter.
func (c *Client) Teams(ctx context.Context, filter Filter, page PageArgs) (*Page[Team], error) {
	return query[Page[Team]](ctx, c, operation{name: "teams"}, "teams", page.vars(filter.vars(vars{})))
}

// WorkflowStates returns a page of the states. filter has the keys of Linear's
// WorkflowStateFilter; [OfTeam] makes the one for a team.
func (c *Client) WorkflowStates(ctx context.Context, filter Filter, page PageArgs) (*Page[WorkflowState], error) {
	op := operation{name: "workflowStates"}
	return query[Page[WorkflowState]](ctx, c, op, "workflowStates", page.vars(filter.vars(vars{})))
}

// OfTeam returns the filter for what belongs to a team: issues, states, cycles.
func OfTeam(teamID string) Filter {
	return Filter{"team": Filter{"id": Filter{"eq": teamID}}}
}
