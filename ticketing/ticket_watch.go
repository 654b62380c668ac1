package ticketing

import (
	"slices"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// SubscribeInput is the body that subscribes someone to a ticket.
type SubscribeInput struct {
	_    struct{} `additionalProperties:"true"`
	User *anyRef  `json:"user,omitempty" doc:"An id, an address, a name or me. Defaults to the user of the connection."`
}

// subscribe makes the handlers of subscribe and unsubscribe.
func subscribe(mutation string) func(*call) (*reply, error) {
	return func(c *call) (*reply, error) {
		vars := map[string]any{"id": ""}
		if list, given := c.input.refs(1, "user", "user_id"); given && len(list) == 1 {
			id, err := c.userOf(list[0])
			if err != nil {
				return nil, err
			}
			if id == "" {
				c.input.wrong("user", "not_found", "there is no such user")
			}
			vars["user"] = id
		}
		if err := c.input.done(); err != nil {
			return nil, err
		}
		return c.changeBy("mutation ticketSubscription($id: String!, $user: String) { "+mutation+"(id: $id, userId: $user) { success issue { id updatedAt } } }", "ticketSubscription", mutation, vars)
	}
}

// changeBy sends a mutation about the ticket of the path and answers with it.
func (c *call) changeBy(query, name, field string, vars map[string]any) (*reply, error) {
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	ref, _ := issueRef(c.path["id"])
	if !isUUID(ref) {
		n, err := client.Ticket(c.ctx, ref)
		if err != nil {
			return nil, missing(err, "ticket", c.path["id"])
		}
		ref = n.Value.ID // what Linear says later names the id
	}
	vars["id"] = ref
	done := c.api.intend(c.ctx, c.conn.ID, ref)
	if _, err := c.rawField(name, query, vars, field); err != nil {
		return nil, missing(err, "ticket", c.path["id"])
	}
	n, err := client.Ticket(c.ctx, ref)
	if err != nil {
		return nil, missing(err, "ticket", c.path["id"])
	}
	done(n.Value.UpdatedAt)
	return c.wrappedTicket(n)
}

func (c *call) wrappedTicket(n *linearapi.Node[linearapi.Issue]) (*reply, error) {
	space, err := c.workspace()
	if err != nil {
		return nil, err
	}
	return ok(Result{ticket(n, &space.Organization, c.tagByID)}), nil
}

// RemindInput is the body that has Linear remind of a ticket.
type RemindInput struct {
	At time.Time `json:"at" doc:"When. Linear then notifies the user of the connection."`
}

func remindTicket(c *call) (*reply, error) {
	s, given, _ := c.input.text(40, "at", "remind_at")
	t, err := time.Parse(time.RFC3339, s)
	if !given || err != nil {
		return nil, invalidField("at", "value", "must be a time such as 2026-11-30T12:00:00Z")
	}
	if !t.After(c.api.cfg.Now()) {
		return nil, invalidField("at", "value", "must be in the future")
	}
	vars := map[string]any{"at": t.UTC().Format(time.RFC3339)}
	return c.changeBy("mutation ticketReminder($id: String!, $at: DateTime!) { issueReminder(id: $id, reminderAt: $at) { success issue { id } } }", "ticketReminder", "issueReminder", vars)
}

// MoveInput is the body that moves a ticket to another team.
type MoveInput struct {
	_      struct{} `additionalProperties:"true"`
	Team   *anyRef  `json:"team" doc:"An id or a key."`
	Status *anyRef  `json:"status,omitempty" doc:"A status of that team. Defaults to what Linear chooses."`
}

// moveTicket moves a ticket to another team: its name changes, its former name
// still leads to it.
func moveTicket(c *call) (*reply, error) {
	if _, given := c.input.any("team", "team_id"); !given {
		return nil, invalidField("team", "required", "is required: an id or a key")
	}
	for name := range c.input.fields {
		if !slices.Contains([]string{"team", "team_id", "status", "integrated_account_id"}, name) {
			delete(c.input.fields, name)
			c.notes = append(c.notes, "ignored the field "+quoteID(name))
		}
	}
	ref, _ := issueRef(c.path["id"])
	n, err := c.changeTicket(ref, c.input)
	if err != nil {
		return nil, missing(err, "ticket", c.path["id"])
	}
	return c.wrappedTicket(n)
}
