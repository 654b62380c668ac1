package ticketing

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// Limits of what a client writes.
const (
	maxTitle = 512
	maxText  = 250_000
)

// TicketInput is the body that creates or changes a ticket.
type TicketInput struct {
	_                 struct{}          `additionalProperties:"true"`
	Name              string            `json:"name,omitempty" maxLength:"512" doc:"Required on create. Also taken as title or subject."`
	Description       *string           `json:"description,omitempty" doc:"Markdown."`
	HTMLDescription   *string           `json:"html_description,omitempty" doc:"Converted to Markdown if there is no description."`
	Team              *anyRef           `json:"team,omitempty" doc:"Required on create, unless the connection has a default team: an id, a key, or an object with one of them. Also taken as team_id."`
	Status            *anyRef           `json:"status,omitempty" doc:"An object with the id of a status, or a name: what the team calls it, or open, active, pending, completed, closed. open is the default status of the team, pending its triage status, active the one that its Git automation starts work in; otherwise the first of that kind."`
	Priority          *anyRef           `json:"priority,omitempty" doc:"0 to 4, a word, or an object with id or name."`
	Assignees         []anyRef          `json:"assignees,omitempty" doc:"At most one. Also taken as assignee or assignee_id."`
	Delegate          *anyRef           `json:"delegate,omitempty"`
	Collections       []anyRef          `json:"collections,omitempty" doc:"At most one of each type."`
	Tags              []anyRef          `json:"tags,omitempty" doc:"Ids, or names."`
	AddTags           []anyRef          `json:"add_tags,omitempty" doc:"On update."`
	RemoveTags        []anyRef          `json:"remove_tags,omitempty" doc:"On update."`
	CreateMissingTags bool              `json:"create_missing_tags,omitempty"`
	ParentTicket      *anyRef           `json:"parent_ticket,omitempty"`
	DueDate           *string           `json:"due_date,omitempty" doc:"A date."`
	Estimate          *float64          `json:"estimate,omitempty"`
	Subscribers       []anyRef          `json:"subscribers,omitempty"`
	TicketType        *anyRef           `json:"ticket_type,omitempty" doc:"Id or name, see /unified/ticketing/ticket_types."`
	Template          *anyRef           `json:"template,omitempty" doc:"On create: the id of a template, see /unified/ticketing/teams/{id}/entities."`
	Account           *CustomerInput    `json:"account,omitempty" doc:"On create: the customer who asks for it, by id, external_id or name. It becomes a customer request in Linear."`
	Contact           *ContactInput     `json:"contact,omitempty" doc:"On create: the person who asks for it. Without an account, they are the customer."`
	OtherContacts     []ContactInput    `json:"additional_contacts,omitempty" doc:"On create."`
	Attachments       []AttachmentInput `json:"attachments,omitempty" doc:"On create."`
	CreatedAt         *time.Time        `json:"created_at,omitempty" doc:"On create, for imports."`
	Dedupe            string            `json:"dedupe,omitempty" enum:"off,warn,block" doc:"On create: look for tickets that say the same."`
	RemoteData        map[string]any    `json:"remote_data,omitempty" doc:"Fields of Linear's own input, merged over the rest."`
}

// ContactInput names a person outside the workspace.
type ContactInput struct {
	ID    string `json:"id,omitempty" doc:"In the system that the person is from."`
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"`
}

// anyRef documents a reference: an id, a name, or an object with one of them.
type anyRef struct{}

// createTicket answers POST /tickets.
func createTicket(c *call) (*reply, error) {
	in := c.input
	made, notes, err := c.newTicket(in)
	if err != nil {
		return nil, err
	}
	c.notes = append(c.notes, notes...)
	if c.requested {
		c.q.params = append(c.q.params, &param{name: "expand", values: []string{"needs"}})
	}
	return c.oneTicket(http.StatusCreated, made)
}

// newTicket creates a ticket from in, under the id of the call.
func (c *call) newTicket(in *input) (*linearapi.Node[linearapi.Issue], []string, error) {
	in.any("integrated_account_id")
	dedupe, _, _ := in.text(10, "dedupe")
	files, err := c.prepare(in.files())
	if err != nil {
		return nil, nil, err
	}
	c.creating = true
	customer := in.asker()
	fields, team, err := c.ticketFields(in, nil)
	if err != nil {
		return nil, nil, err
	}
	var notes []string
	title, _ := fields["title"].(string)
	switch dedupe {
	case "", "off":
	case "warn", "block":
		description, _ := fields["description"].(string)
		found, err := c.duplicates(title, description, team)
		if err != nil {
			return nil, nil, err
		}
		if len(found) > 0 && dedupe == "block" {
			return nil, nil, &problem{
				status: http.StatusConflict, code: codeDuplicate, candidates: found,
				message: "there are tickets that say the same: link one of them, or send dedupe=off",
			}
		}
		for _, f := range found {
			notes = append(notes, "may be a duplicate of "+f.Ticket.Number)
		}
	default:
		return nil, nil, invalidField("dedupe", "value", "must be off, warn or block")
	}
	fields["id"] = c.make
	made, err := c.createIssue(fields)
	if err != nil {
		return nil, nil, err
	}
	if customer != nil {
		c.requested = true
		if err := c.customerRequest(customer, made.Value.ID, made.Value.ID); err != nil {
			notes = append(notes, "the ticket stands, but the customer request failed: "+problemOf(err).message)
		}
	}
	for i, f := range files {
		if _, err := c.attach(made.Value.ID, f, derive(c.make, "attachment", strconv.Itoa(i))); err != nil {
			// The ticket stands; the client learns what is missing.
			notes = append(notes, "attachment "+strconv.Itoa(i+1)+" failed: "+problemOf(err).message)
		}
	}
	return made, notes, nil
}

// createIssue sends a create. If the id is taken, an earlier attempt of the
// same request made it, since only that request knows the id.
func (c *call) createIssue(fields linearapi.Input) (*linearapi.Node[linearapi.Issue], error) {
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	if id, _ := fields["id"].(string); id != "" {
		c.api.expect(c.ctx, c.conn.ID, id)
	}
	made, err := client.IssueCreateNode(c.ctx, fields)
	if adapter.CodeOf(err) == adapter.CodeConflict {
		if id, _ := fields["id"].(string); id != "" {
			return client.IssueNode(c.ctx, id)
		}
	}
	return made, unfound(err, nil)
}

// derive makes an id for a part of what a request creates.
func derive(id string, parts ...string) string {
	sum := uuid.NewSHA1(uuid.NameSpaceOID, []byte(id+"\x00"+strings.Join(parts, "\x00")))
	sum[6] = sum[6]&0x0f | 0x40 // Linear takes version 4
	return sum.String()
}

// updateTicket answers PATCH /tickets/{id}.
func updateTicket(c *call) (*reply, error) {
	ref, _ := issueRef(c.path["id"])
	n, err := c.changeTicket(ref, c.input)
	if err != nil {
		return nil, missing(err, "ticket", c.path["id"])
	}
	return c.oneTicket(http.StatusOK, n)
}

func (c *call) changeTicket(ref string, in *input) (*linearapi.Node[linearapi.Issue], error) {
	in.any("integrated_account_id")
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	var now *linearapi.Node[linearapi.Issue]
	if len(c.match()) > 0 || ofTeam(in) {
		if now, err = client.IssueNode(c.ctx, ref); err != nil {
			return nil, err
		}
		if err := c.unchanged(func() (string, error) { return etag(now.Value.ID, now.Value.UpdatedAt), nil }); err != nil {
			return nil, err
		}
	}
	c.creating = false
	fields, _, err := c.ticketFields(in, now)
	if err != nil {
		return nil, err
	}
	if len(fields) == 0 {
		if now != nil {
			return now, nil
		}
		return client.IssueNode(c.ctx, ref)
	}
	if !isUUID(ref) && now == nil {
		// What Linear says later names the id.
		if now, err = client.IssueNode(c.ctx, ref); err != nil {
			return nil, err
		}
	}
	if now != nil {
		ref = now.Value.ID
	}
	return c.sendChange(ref, fields)
}

// sendChange sends the change of a ticket. What Linear says of it later is known to
// be ours.
func (c *call) sendChange(id string, fields linearapi.Input) (*linearapi.Node[linearapi.Issue], error) {
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	done := c.api.intend(c.ctx, c.conn.ID, id)
	changed, err := client.IssueUpdateNode(c.ctx, id, fields)
	if err != nil {
		return nil, c.unfoundBy(err, id, fields)
	}
	done(changed.Value.UpdatedAt)
	return changed, nil
}

// unfoundBy tells whether a change failed for a ticket that is not there, or for
// what the change names.
func (c *call) unfoundBy(err error, id string, fields linearapi.Input) error {
	p, is := errors.AsType[*problem](unfound(err, nil))
	if !is {
		return err
	}
	if p.failures[0].Field != "parent_ticket" {
		return p
	}
	if _, names := fields["parentId"]; !names {
		return err
	}
	client, gone := c.client()
	if gone == nil {
		_, gone = client.IssueNode(c.ctx, id)
	}
	if gone != nil {
		return err
	}
	return p
}

// ofTeam reports whether a change names things that must belong to the team of
// the ticket: its state, its labels.
func ofTeam(in *input) bool {
	for _, name := range []string{"status", "status_id", "ticket_status", "tags", "tag_ids", "label_ids", "add_tags", "remove_tags", "ticket_type", "ticket_type_id"} {
		if _, has := in.fields[name]; has {
			return true
		}
	}
	return false
}

// deleteTicket answers DELETE /tickets/{id}.
func deleteTicket(c *call) (*reply, error) {
	permanent, fine := c.q.flag("permanent")
	if !fine {
		return nil, badRequest(codeInvalidRequest, "permanent must be true or false")
	}
	client, ref, err := c.ticketID()
	if err != nil {
		return nil, err
	}
	if err := c.unchanged(func() (string, error) {
		n, err := client.IssueNode(c.ctx, ref)
		if err != nil {
			return "", missing(err, "ticket", c.path["id"])
		}
		return etag(n.Value.ID, n.Value.UpdatedAt), nil
	}); err != nil {
		return nil, err
	}
	c.api.intend(c.ctx, c.conn.ID, ref)
	if permanent {
		if c.who.Role != RoleAdmin {
			return nil, forbidden(codeForbidden, "deleting for good needs the role admin")
		}
		_, err = client.Raw(c.ctx, linearapi.RawRequest{
			Name: "issueDelete", Variables: map[string]any{"id": ref}, Repeatable: true,
			Query: "mutation issueDelete($id: String!) { issueDelete(id: $id, permanentlyDelete: true) { success } }",
		})
	} else {
		err = client.IssueDelete(c.ctx, ref)
	}
	if err != nil {
		return nil, missing(err, "ticket", c.path["id"])
	}
	return ok(Deleted{ID: c.path["id"]}), nil
}

// Deleted is the answer to a delete.
type Deleted struct {
	ID string `json:"id"`
}
