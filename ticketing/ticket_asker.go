package ticketing

import (
	"cmp"
	"strings"
)

// asker reads who asks for a ticket: account, contact and additional_contacts.
// Linear keeps customers and no contacts, so a contact without an account becomes a
// customer, and people are named in the text of the request. Nil if there are none.
func (in *input) asker() *CustomerInput {
	var v CustomerInput
	given := false
	if raw, has := in.any("account"); has && raw != nil {
		given = true
		switch raw := raw.(type) {
		case string:
			v.ID = raw
		case map[string]any:
			sub := in.object("account", raw)
			v.ID, _, _ = sub.text(100, "id")
			v.ExternalID, _, _ = sub.text(200, "external_id")
			v.Name, _, _ = sub.text(200, "name")
		}
		if v.ID == "" && v.ExternalID == "" && v.Name == "" {
			in.wrong("account", "required", "needs id, external_id or name")
		}
	} else if id, has, null := in.text(100, "account_id"); has && !null && id != "" {
		v.ID, given = id, true
	}
	people, _ := in.list(20, "additional_contacts")
	if first, has := in.any("contact"); has && first != nil {
		people = append([]any{first}, people...)
	}
	var lines []string
	for i, p := range people {
		o, isObject := p.(map[string]any)
		if !isObject {
			in.wrong("contact", "type", "must be an object with a name or an address")
			return nil
		}
		sub := in.object("contact", o)
		name, _, _ := sub.text(200, "name")
		email, _, _ := sub.text(200, "email")
		if list, _ := sub.list(20, "emails"); email == "" && len(list) > 0 {
			if one, isObject := list[0].(map[string]any); isObject {
				email, _ = one["email"].(string)
			} else {
				email, _ = list[0].(string)
			}
		}
		id, _, _ := sub.text(200, "id")
		if name == "" && email == "" && id == "" {
			in.wrong("contact", "required", "needs a name, an address or an id")
			return nil
		}
		line := "Asked by " + escapeMarkdown(cmp.Or(name, email, id))
		if name != "" && email != "" {
			line += " (" + escapeMarkdown(email) + ")"
		}
		lines = append(lines, line)
		if i == 0 && !given {
			v.ExternalID, v.Name, given = cmp.Or(id, email), cmp.Or(name, email), true
		}
	}
	if !given {
		return nil
	}
	v.Body = strings.Join(lines, "\n")
	return &v
}
