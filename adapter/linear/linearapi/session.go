package linearapi

import (
	"context"
	"encoding/json"
	"time"
)

// Session is an agent session.
type Session struct {
	ID string `json:"id"`
	// Status is one of pending, active, awaitingInput, complete, error and
	// stale. Linear derives it from the last activity.
	Status string `json:"status"`
	// Plan is as set by [SessionUpdateInput].
	Plan          json.RawMessage `json:"plan"`
	Summary       string          `json:"summary"`
	URL           string          `json:"url"`
	CreatedAt     time.Time       `json:"createdAt"`
	UpdatedAt     time.Time       `json:"updatedAt"`
	StartedAt     time.Time       `json:"startedAt"`
	EndedAt       time.Time       `json:"endedAt"`
	ExternalLinks []SessionLink   `json:"externalLinks"`
	AppUser       *User           `json:"appUser"`
	// Creator is nil if a rule started the session.
	Creator *User     `json:"creator"`
	Issue   *IssueRef `json:"issue"`
	// Comment is the root comment of the session's thread, and SourceComment
	// what started it. Either may be nil.
	Comment       *Comment `json:"comment"`
	SourceComment *Ref     `json:"sourceComment"`
	// Activities are set by [Client.AgentSessionMessages].
	Activities Page[Activity] `json:"activities"`
}

// SessionLink is a link to a page that shows the work of a session.
type SessionLink struct {
	Label string `json:"label"`
	URL   string `json:"url"`
}

// PlanStep is one step of a session's plan. Status is one of pending,
// inProgress, completed and canceled.
type PlanStep struct {
	Content string `json:"content"`
	Status  string `json:"status"`
}

// SessionUpdateInput describes a change to a session. The zero value of a field
// leaves it unchanged.
type SessionUpdateInput struct {
	// Plan replaces the plan.
	Plan Opt[[]PlanStep] `json:"plan,omitzero"`
	// ExternalURLs replaces the links; the other two change them, and are
	// ignored if it is set.
	ExternalURLs        Opt[[]SessionLink] `json:"externalUrls,omitzero"`
	AddedExternalURLs   []SessionLink      `json:"addedExternalUrls,omitempty"`
	RemovedExternalURLs []string           `json:"removedExternalUrls,omitempty"`
}

// AgentSession returns an agent session. The code of the error is NotFound if
// there is none.
func (c *Client) AgentSession(ctx context.Context, id string) (*Session, error) {
	return query[Session](ctx, c, operation{name: "agentSession"}, "agentSession", vars{"id": id})
}

// AgentSessionUpdate changes an agent session of the token's own app and
// returns its new state.
func (c *Client) AgentSessionUpdate(ctx context.Context, id string, in SessionUpdateInput) (*Session, error) {
	op := operation{name: "agentSessionUpdate", repeatable: true}
	return mutate[Session](ctx, c, op, "agentSession", vars{"id": id, "input": in})
}

// OfTypes returns the filter for activities of the given types.
func OfTypes(types ...string) Filter { return Filter{"type": Filter{"in": types}} }

// AgentSessionActivities returns a page of the activities of a session. filter
// has the keys of Linear's AgentActivityFilter.
func (c *Client) AgentSessionActivities(ctx context.Context, id string, filter Filter, page PageArgs) (*Page[Activity], error) {
	op := operation{name: "agentSessionActivities"}
	return within[Page[Activity]](ctx, c, op, "agentSession", "activities", page.vars(filter.vars(vars{"id": id})))
}

// AgentSessionMessages returns what was said in a session: a page of its
// activities and, if it has a root comment, that comment with a page of its
// replies. A cursor is valid for one of the two lists only, so page selects the
// first page; [Client.CommentThread] and [Client.AgentSessionActivities] return
// the others.
func (c *Client) AgentSessionMessages(ctx context.Context, id string, filter Filter, page PageArgs) (*Session, error) {
	op := operation{name: "agentSessionMessages"}
	return query[Session](ctx, c, op, "agentSession", page.vars(filter.vars(vars{"id": id})))
}
