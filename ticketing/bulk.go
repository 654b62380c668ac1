package ticketing

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// BulkItem is the outcome of one item of a bulk method.
type BulkItem struct {
	Index  int        `json:"index" doc:"Of the item in the request, from 0."`
	Status int        `json:"status" doc:"HTTP status that it would have had alone."`
	Ticket *Ticket    `json:"ticket,omitempty"`
	Error  *ErrorBody `json:"error,omitempty"`
}

// BulkResult is the answer to a bulk method.
type BulkResult struct {
	Result  []BulkItem `json:"result"`
	Partial bool       `json:"partial" doc:"Whether some items failed."`
}

// maxBulk is how many items a bulk method takes.
const maxBulk = 50

// draft is a ticket that is about to be created with others.
type draft struct {
	index int
	call  *call
	input linearapi.Input
}

// bulkCreate creates tickets with one request to Linear, each under an id derived
// from that of the request, so that a retry creates no duplicates. Linear creates
// all of them or none: if it refuses, they are sent one by one, and each has its
// own outcome. So are those that need more than one request in any case.
func bulkCreate(c *call) (*reply, error) {
	made := map[int]*linearapi.Node[linearapi.Issue]{}
	failed := map[int]error{}
	var drafts []draft
	items, err := c.bulkItems()
	if err != nil {
		return nil, err
	}
	for i, in := range items {
		if in == nil {
			continue
		}
		sub := *c
		sub.make, sub.notes = derive(c.make, "bulk", strconv.Itoa(i)), nil
		if in.hasAny("attachments", "dedupe", "account", "account_id", "contact", "additional_contacts") {
			n, notes, err := sub.newTicket(in)
			made[i], failed[i] = n, err
			c.bulkNotes(i, in, append(sub.notes, notes...))
			continue
		}
		in.any("integrated_account_id")
		sub.creating = true
		fields, _, err := sub.ticketFields(in, nil)
		c.bulkNotes(i, in, sub.notes)
		if err != nil {
			failed[i] = err
			continue
		}
		fields["id"] = sub.make
		drafts = append(drafts, draft{i, &sub, fields})
	}
	c.createDrafts(drafts, made, failed)
	return c.bulk(items, func(i int, _ *input) (*linearapi.Node[linearapi.Issue], error) { return made[i], failed[i] }, http.StatusCreated)
}

// bulkNotes says what is noted about one item, with its index.
func (c *call) bulkNotes(i int, in *input, notes []string) {
	notes = append(notes, ignoredNotes(in.unknown(), typeOf[TicketInput]())...)
	for _, n := range notes {
		c.notes = append(c.notes, "tickets["+strconv.Itoa(i)+"]: "+n)
	}
}

// createDrafts creates tickets, together if Linear takes them so.
func (c *call) createDrafts(drafts []draft, made map[int]*linearapi.Node[linearapi.Issue], failed map[int]error) {
	if len(drafts) > 1 {
		inputs := make([]linearapi.Input, len(drafts))
		for i, d := range drafts {
			inputs[i] = d.input
			c.api.expect(c.ctx, c.conn.ID, d.call.make)
		}
		client, err := c.client()
		var all []linearapi.Node[linearapi.Issue]
		if err == nil {
			all, err = client.IssueBatchCreateNodes(c.ctx, inputs)
		}
		switch adapter.CodeOf(err) {
		case adapter.CodeOK:
			for _, d := range drafts {
				j := slices.IndexFunc(all, func(n linearapi.Node[linearapi.Issue]) bool { return n.Value.ID == d.call.make })
				if j >= 0 {
					made[d.index] = &all[j]
				} else {
					made[d.index], failed[d.index] = d.call.createIssue(d.input)
				}
			}
			return
		case adapter.CodeConflict, adapter.CodeInvalid, adapter.CodeNotFound, adapter.CodeForbidden:
			// One of them is wrong, or was created by an earlier attempt.
		default:
			for _, d := range drafts {
				failed[d.index] = err
			}
			return
		}
	}
	for _, d := range drafts {
		made[d.index], failed[d.index] = d.call.createIssue(d.input)
	}
}

// bulkItems reads the items of a bulk method; nil stands for one that is no
// object.
func (c *call) bulkItems() ([]*input, error) {
	items, given := c.input.list(maxBulk, "tickets", "items")
	if err := c.input.done(); err != nil {
		return nil, err
	}
	if !given || len(items) == 0 {
		return nil, invalidField("tickets", "required", "is required: a list of at most %d tickets", maxBulk)
	}
	out := make([]*input, len(items))
	for i, raw := range items {
		if fields, isObject := raw.(map[string]any); isObject {
			out[i] = newInput(fields)
		}
	}
	return out, nil
}

// bulk answers with the outcome of each item.
func (c *call) bulk(items []*input, do func(int, *input) (*linearapi.Node[linearapi.Issue], error), status int) (*reply, error) {
	space, err := c.workspace()
	if err != nil {
		return nil, err
	}
	out := &BulkResult{}
	for i, in := range items {
		var n *linearapi.Node[linearapi.Issue]
		err := error(invalidField("tickets", "type", "must hold objects"))
		if in != nil {
			n, err = do(i, in)
		}
		entry := BulkItem{Index: i, Status: status}
		if err != nil {
			p := problemOf(err)
			entry.Status, entry.Error, out.Partial = p.status, p.body(c.id), true
		} else {
			entry.Ticket = ticket(n, &space.Organization, c.tagByID)
		}
		out.Result = append(out.Result, entry)
	}
	return ok(out), nil
}
