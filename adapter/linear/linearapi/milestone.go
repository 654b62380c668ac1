package linearapi

import (
	"context"
	"time"
)

// Milestone is a milestone of a project.
type Milestone struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	Progress    float64   `json:"progress"`
	TargetDate  string    `json:"targetDate"`
	CreatedAt   time.Time `json:"createdAt"`
	UpdatedAt   time.Time `json:"updatedAt"`
	ArchivedAt  time.Time `json:"archivedAt"`
	Project     *Project  `json:"project"`
}

// MilestoneNodes returns a page of the milestones of projects. The filter has
// the keys of Linear's ProjectMilestoneFilter.
func (c *Client) MilestoneNodes(ctx context.Context, q ListQuery) (*Page[Node[Milestone]], error) {
	return query[Page[Node[Milestone]]](ctx, c, operation{name: "projectMilestones"}, "projectMilestones", q.vars())
}
