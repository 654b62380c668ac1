package linearapi

import (
	"context"
	"time"
)

// Project is a project. Inside an issue, only ID, Name and URL are set.
type Project struct {
	ID          string  `json:"id"`
	Name        string  `json:"name"`
	SlugID      string  `json:"slugId"`
	Description string  `json:"description"`
	URL         string  `json:"url"`
	Progress    float64 `json:"progress"`
	// StartDate and TargetDate are dates like "2026-11-30". Empty if there
	// is none.
	StartDate  string         `json:"startDate"`
	TargetDate string         `json:"targetDate"`
	CreatedAt  time.Time      `json:"createdAt"`
	UpdatedAt  time.Time      `json:"updatedAt"`
	ArchivedAt time.Time      `json:"archivedAt"`
	Status     *ProjectStatus `json:"status"`
	Lead       *User          `json:"lead"`
	// Scope is the sum of the estimates of its issues. Health is onTrack, atRisk
	// or offTrack, or empty.
	Scope  float64 `json:"scope"`
	Health string  `json:"health"`
	// Priority is 0 (none) to 4 (low), as that of issues is.
	Priority    float64   `json:"priority"`
	CompletedAt time.Time `json:"completedAt"`
	Color       string    `json:"color"`
	Icon        string    `json:"icon"`
	// Teams are at most ten, and Members nine: 250 projects with more cost more than
	// Linear allows for a request.
	Teams struct {
		Nodes []Team `json:"nodes"`
	} `json:"teams"`
	Members struct {
		Nodes []User `json:"nodes"`
	} `json:"members"`
	// Initiatives are those that the project is in, at most one of them.
	Initiatives struct {
		Nodes []Ref `json:"nodes"`
	} `json:"initiatives"`
}

// ProjectStatus is a state of projects.
type ProjectStatus struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Type string `json:"type"`
}

// Cycle is a period of work of a team.
type Cycle struct {
	ID          string    `json:"id"`
	Number      float64   `json:"number"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	StartsAt    time.Time `json:"startsAt"`
	EndsAt      time.Time `json:"endsAt"`
	CompletedAt time.Time `json:"completedAt"`
	Progress    float64   `json:"progress"`
	IsActive    bool      `json:"isActive"`
	Team        *Team     `json:"team"`
	CreatedAt   time.Time `json:"createdAt"`
	UpdatedAt   time.Time `json:"updatedAt"`
}

// ListQuery selects entries of a list.
type ListQuery struct {
	Filter          Filter
	IncludeArchived bool
	PageArgs
}

func (q ListQuery) vars() vars {
	v := q.PageArgs.vars(q.Filter.vars(vars{}))
	if q.IncludeArchived {
		v["includeArchived"] = true
	}
	return v
}

// Projects returns a page of the projects that the token can see. q.Filter has
// the keys of Linear's ProjectFilter.
func (c *Client) Projects(ctx context.Context, q ListQuery) (*Page[Project], error) {
	return query[Page[Project]](ctx, c, operation{name: "projects"}, "projects", q.vars())
}

// Cycles returns a page of the cycles that the token can see. q.Filter has the
// keys of Linear's CycleFilter.
func (c *Client) Cycles(ctx context.Context, q ListQuery) (*Page[Cycle], error) {
	return query[Page[Cycle]](ctx, c, operation{name: "cycles"}, "cycles", q.vars())
}
