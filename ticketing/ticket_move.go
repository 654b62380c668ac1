package ticketing

import (
	"slices"
)

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
