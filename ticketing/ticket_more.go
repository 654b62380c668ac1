package ticketing

import (
	"context"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// Result is the envelope of custom methods.
type Result struct {
	Result any `json:"result"`
}

// ticketAction makes the handler of a method that changes a ticket and answers
// with it.
func ticketAction(do func(context.Context, *linearapi.Client, string) error) func(*call) (*reply, error) {
	return func(c *call) (*reply, error) {
		client, ref, err := c.ticketID()
		if err != nil {
			return nil, err
		}
		done := c.api.intend(c.ctx, c.conn.ID, ref)
		if err := do(c.ctx, client, ref); err != nil {
			return nil, missing(err, "ticket", c.path["id"])
		}
		n, err := client.IssueNode(c.ctx, ref)
		if err == nil {
			done(n.Value.UpdatedAt)
		}
		if err != nil {
			// An archived ticket may no longer be found by its name.
			return ok(Result{Deleted{c.path["id"]}}), nil //nolint:nilerr // the method itself succeeded
		}
		space, err := c.workspace()
		if err != nil {
			return nil, err
		}
		return ok(Result{ticket(n, &space.Organization, c.tagByID)}), nil
	}
}

// ticketID returns a client and the id of the ticket in the path. What Linear says of a
// change later names the id, so a short name is looked up.
func (c *call) ticketID() (*linearapi.Client, string, error) {
	client, err := c.client()
	if err != nil {
		return nil, "", err
	}
	ref, _ := issueRef(c.path["id"])
	if isUUID(ref) {
		return client, ref, nil
	}
	n, err := client.IssueNode(c.ctx, ref)
	if err != nil {
		return nil, "", missing(err, "ticket", c.path["id"])
	}
	return client, n.Value.ID, nil
}

// Relation is a relation between two tickets, as seen from one of them.
type Relation struct {
	ID     string    `json:"id"`
	Type   string    `json:"type" enum:"blocks,blocked_by,duplicate,duplicated_by,related,similar"`
	Ticket ParentRef `json:"ticket" doc:"The other ticket."`
}

// RelationInput is the body that relates two tickets.
type RelationInput struct {
	Type   string  `json:"type" enum:"blocks,blocked_by,duplicate,duplicated_by,related"`
	Ticket *anyRef `json:"ticket"`
}

func listRelations(c *call) (*reply, error) {
	ref, _ := issueRef(c.path["id"])
	out, err := c.relationsOf(ref)
	if err != nil {
		return nil, missing(err, "ticket", c.path["id"])
	}
	return ok(&List{Result: out, ResultCount: len(out), Limit: maxLimit}), nil
}

// relationsOf lists how a ticket relates to others.
func (c *call) relationsOf(ref string) ([]Relation, error) {
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	got, err := client.IssueRelations(c.ctx, ref, linearapi.PageArgs{First: maxLimit})
	if err != nil {
		return nil, err
	}
	return relations(got), nil
}

func relations(got *linearapi.IssueRelations) []Relation {
	out := []Relation{}
	for _, r := range got.Relations.Nodes {
		out = append(out, relation(&r, false))
	}
	for _, r := range got.Inverse.Nodes {
		out = append(out, relation(&r, true))
	}
	return out
}

func relation(r *linearapi.IssueRelation, inverse bool) Relation {
	other, kind := r.RelatedIssue, r.Type
	if inverse {
		other = r.Issue
		switch kind {
		case linearapi.RelationBlocks:
			kind = "blocked_by"
		case linearapi.RelationDuplicate:
			kind = "duplicated_by"
		}
	}
	out := Relation{ID: r.ID, Type: kind}
	if other != nil {
		out.Ticket = ParentRef{other.ID, other.Identifier, other.Title}
	}
	return out
}

func createRelation(c *call) (*reply, error) {
	ref, _ := issueRef(c.path["id"])
	kind, _, _ := c.input.text(20, "type")
	other, given, _ := c.input.ref("ticket")
	if !given {
		c.input.wrong("ticket", "required", "is required")
	}
	from, to := ref, ""
	to, _ = issueRef(other)
	switch kind {
	case "blocks", "duplicate", "related":
	case "blocked_by":
		kind, from, to = "blocks", to, from
	case "duplicated_by":
		kind, from, to = "duplicate", to, from
	default:
		c.input.wrong("type", "value", "must be blocks, blocked_by, duplicate, duplicated_by or related")
	}
	if err := c.input.done(); err != nil {
		return nil, err
	}
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	made, err := client.IssueRelationCreate(c.ctx, linearapi.IssueRelationCreateInput{
		ID: c.make, IssueID: from, RelatedIssueID: to, Type: kind,
	})
	if err != nil {
		return nil, err
	}
	return created(relation(made, from != ref)), nil
}

func deleteRelation(c *call) (*reply, error) {
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	if err := client.IssueRelationDelete(c.ctx, c.path["relation"]); err != nil {
		return nil, missing(err, "relation", c.path["relation"])
	}
	return ok(Deleted{c.path["relation"]}), nil
}

// changeBy sends a mutation about the ticket of the path and answers with it.
func (c *call) changeBy(query, name, field string, vars map[string]any) (*reply, error) {
	client, ref, err := c.ticketID()
	if err != nil {
		return nil, err
	}
	vars["id"] = ref
	done := c.api.intend(c.ctx, c.conn.ID, ref)
	if _, err := c.rawField(name, query, vars, field); err != nil {
		return nil, missing(err, "ticket", c.path["id"])
	}
	n, err := client.IssueNode(c.ctx, ref)
	if err != nil {
		return nil, missing(err, "ticket", c.path["id"])
	}
	done(n.Value.UpdatedAt)
	return c.wrappedTicket(n)
}

// wrappedTicket is the answer with a ticket in an envelope.
func (c *call) wrappedTicket(n *linearapi.Node[linearapi.Issue]) (*reply, error) {
	space, err := c.workspace()
	if err != nil {
		return nil, err
	}
	return ok(Result{ticket(n, &space.Organization, c.tagByID)}), nil
}
