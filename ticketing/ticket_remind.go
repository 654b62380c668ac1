package ticketing

import (
	"time"
)

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
