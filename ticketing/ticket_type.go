package ticketing

import (
	"cmp"
	"slices"
	"strings"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// TicketType is a type of ticket: a label of the group that the connection names
// in ticket_type_group.
type TicketType struct {
	ID          string  `json:"id"`
	Name        string  `json:"name"`
	Description *string `json:"description"`
}

// ticketTypes are the types of ticket; none if the connection names no group.
func (c *call) ticketTypes() ([]TicketType, error) {
	s, err := c.api.settings(c.ctx, c.conn.ID)
	if err != nil || s.TicketTypeGroup == "" {
		return nil, err
	}
	all, err := c.labels()
	if err != nil {
		return nil, err
	}
	var out []TicketType
	for i := range all {
		l := &all[i].Value
		if l.Parent != nil && !retired(l) && (l.Parent.ID == s.TicketTypeGroup || strings.EqualFold(l.Parent.Name, s.TicketTypeGroup)) {
			out = append(out, TicketType{l.ID, l.Name, text(l.Description)})
		}
	}
	slices.SortFunc(out, func(x, y TicketType) int { return strings.Compare(strings.ToLower(x.Name), strings.ToLower(y.Name)) })
	return out, nil
}

// withTypes says of which type tickets are.
func (c *call) withTypes(all ...*Ticket) error {
	types, err := c.ticketTypes()
	if err != nil || len(types) == 0 {
		return err
	}
	for _, t := range all {
		for _, tag := range t.Tags {
			if slices.ContainsFunc(types, func(v TicketType) bool { return v.ID == tag.ID }) {
				t.TicketType = &Ref{tag.ID, text(tag.Name)}
			}
		}
	}
	return nil
}

// readType reads the type of a ticket into its labels: it takes the place of
// another one. Null takes it away.
func (c *call) readType(in *input, now *linearapi.Node[linearapi.Issue], out linearapi.Input) error {
	list, given := in.refs(1, "ticket_type", "ticket_type_id")
	if !given {
		return nil
	}
	types, err := c.ticketTypes()
	if err != nil {
		return err
	}
	chosen := ""
	if len(list) == 1 {
		want := cmp.Or(list[0].id, list[0].name)
		i := slices.IndexFunc(types, func(v TicketType) bool { return v.ID == want || strings.EqualFold(v.Name, want) })
		switch {
		case len(types) == 0:
			in.wrong("ticket_type", "not_found", "there are no ticket types: the setting ticket_type_group names the group of labels that are")
			return nil
		case i < 0:
			in.wrong("ticket_type", "not_found", "there is no ticket type %s", quoteID(want))
			return nil
		}
		chosen = types[i].ID
	}
	isOther := func(id string) bool {
		return id != chosen && slices.ContainsFunc(types, func(v TicketType) bool { return v.ID == id })
	}
	ids, whole := out["labelIds"].([]string)
	if whole || c.creating {
		ids = slices.DeleteFunc(ids, isOther)
		if chosen != "" && !slices.Contains(ids, chosen) {
			ids = append(ids, chosen)
		}
		out["labelIds"] = ids
		return nil
	}
	added, _ := out["addedLabelIds"].([]string)
	removed, _ := out["removedLabelIds"].([]string)
	if now != nil {
		for _, id := range now.Value.LabelIDs {
			if isOther(id) {
				removed = append(removed, id)
			}
		}
	}
	if added = slices.DeleteFunc(added, isOther); chosen != "" {
		added = append(added, chosen)
	}
	if len(removed) > 0 {
		out["removedLabelIds"] = removed
	}
	if len(added) > 0 {
		out["addedLabelIds"] = added
	}
	return nil
}

// listTicketTypes answers GET /ticket_types.
func listTicketTypes(c *call) (*reply, error) {
	types, err := c.ticketTypes()
	if err != nil {
		return nil, err
	}
	return ok(&List{Result: append([]TicketType{}, types...), ResultCount: len(types), Limit: maxLimit}), nil
}
