package linearapi

import (
	"bytes"
	"context"
	stdjson "encoding/json"

	"github.com/go-json-experiment/json/jsontext"
	json "github.com/go-json-experiment/json/v1"
)

// Node is an entity together with the JSON that Linear sent for it.
type Node[T any] struct {
	Value T
	// JSON is Linear's own object, with the fields that the operation selects.
	JSON stdjson.RawMessage
}

// UnmarshalJSON decodes the entity and keeps its JSON.
func (n *Node[T]) UnmarshalJSON(b []byte) error {
	n.JSON = bytes.Clone(b)
	return json.Unmarshal(b, &n.Value)
}

// MarshalJSON returns what Linear sent.
func (n Node[T]) MarshalJSON() ([]byte, error) {
	if len(n.JSON) == 0 {
		return json.Marshal(n.Value)
	}
	return n.JSON, nil
}

// Input is the input object of a mutation, with Linear's names. Use it to send
// fields that this package has no type for.
type Input map[string]any

// repeatable reports whether the input sets the id of the new entity.
func (in Input) repeatable() bool {
	id, ok := in["id"].(string)
	return ok && id != ""
}

// mutateAs is mutate for an operation that is not named after its root field.
func mutateAs[E any](ctx context.Context, c *Client, op operation, root, key string, v vars) (*E, error) {
	return do(ctx, c, op, v, func(d *map[string]map[string]jsontext.Value) *E {
		payload := (*d)[root]
		return done(part[bool](payload, "success"), part[E](payload, key))
	})
}

// TeamNodes is [Client.Teams] with Linear's own objects and the settings of each team.
func (c *Client) TeamNodes(ctx context.Context, filter Filter, page PageArgs) (*Page[Node[Team]], error) {
	return query[Page[Node[Team]]](ctx, c, operation{name: "teamList"}, "teams", page.vars(filter.vars(vars{})))
}

// WorkflowStateNodes is [Client.WorkflowStates] with Linear's own objects. Each names
// the states in which its team begins.
func (c *Client) WorkflowStateNodes(ctx context.Context, filter Filter, page PageArgs) (*Page[Node[WorkflowState]], error) {
	op := operation{name: "stateList"}
	return query[Page[Node[WorkflowState]]](ctx, c, op, "workflowStates", page.vars(filter.vars(vars{})))
}

// IssueLabelNodes is [Client.IssueLabels] with Linear's own objects.
func (c *Client) IssueLabelNodes(ctx context.Context, filter Filter, page PageArgs) (*Page[Node[Label]], error) {
	op := operation{name: "issueLabels"}
	return query[Page[Node[Label]]](ctx, c, op, "issueLabels", page.vars(filter.vars(vars{})))
}

// ProjectNodes is [Client.Projects] with Linear's own objects.
func (c *Client) ProjectNodes(ctx context.Context, q ListQuery) (*Page[Node[Project]], error) {
	return query[Page[Node[Project]]](ctx, c, operation{name: "projects"}, "projects", q.vars())
}

// CycleNodes is [Client.Cycles] with Linear's own objects.
func (c *Client) CycleNodes(ctx context.Context, q ListQuery) (*Page[Node[Cycle]], error) {
	return query[Page[Node[Cycle]]](ctx, c, operation{name: "cycles"}, "cycles", q.vars())
}

// CommentNodes is [Client.Comments] with Linear's own objects. Each includes
// the issue that it is on.
func (c *Client) CommentNodes(ctx context.Context, q CommentQuery) (*Page[Node[Comment]], error) {
	v := q.PageArgs.vars(q.Filter.vars(vars{}))
	if q.ByUpdate {
		v["orderBy"] = "updatedAt"
	}
	return query[Page[Node[Comment]]](ctx, c, operation{name: "commentList"}, "comments", v)
}

// CommentNode is [Client.Comment] with Linear's own object, and with all fields
// of the author.
func (c *Client) CommentNode(ctx context.Context, id string) (*Node[Comment], error) {
	return query[Node[Comment]](ctx, c, operation{name: "commentGet"}, "comment", vars{"id": id})
}

// UserNodes returns a page of the users, with fields that only this list
// selects: roles, teams and when they were last seen.
func (c *Client) UserNodes(ctx context.Context, q UserQuery) (*Page[Node[Member]], error) {
	v := q.PageArgs.vars(q.Filter.vars(vars{}))
	if q.IncludeDisabled {
		v["includeDisabled"] = true
	}
	return query[Page[Node[Member]]](ctx, c, operation{name: "userList"}, "users", v)
}

// CommentCreateNode creates a comment from an object of Linear's CommentCreateInput.
func (c *Client) CommentCreateNode(ctx context.Context, in Input) (*Node[Comment], error) {
	op := operation{name: "commentPost", repeatable: in.repeatable()}
	return mutateAs[Node[Comment]](ctx, c, op, "commentCreate", "comment", vars{"input": in})
}

// CommentUpdateNode changes a comment by an object of Linear's CommentUpdateInput.
func (c *Client) CommentUpdateNode(ctx context.Context, id string, in Input) (*Node[Comment], error) {
	op := operation{name: "commentEdit", repeatable: true}
	return mutateAs[Node[Comment]](ctx, c, op, "commentUpdate", "comment", vars{"id": id, "input": in})
}

// AgentSessionNodes returns a page of the agent sessions that the token can see, with
// Linear's own objects: what a webhook of their creation says.
func (c *Client) AgentSessionNodes(ctx context.Context, page PageArgs) (*Page[Node[Session]], error) {
	return query[Page[Node[Session]]](ctx, c, operation{name: "agentSessions"}, "agentSessions", page.vars(vars{}))
}
