package ticketing

import (
	"net/http"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// ConversationIssueInput is the body that creates an issue and links it.
type ConversationIssueInput struct {
	TicketInput
	Link     *LinkTitle     `json:"link,omitempty"`
	Context  *LinkContext   `json:"context,omitempty"`
	Customer *CustomerInput `json:"customer,omitempty" doc:"Creates a customer request."`
	User     *Agent         `json:"user,omitempty"`
}

// LinkTitle names a link.
type LinkTitle struct {
	Title string `json:"title,omitempty"`
}

// LinkContext says what of the conversation goes into the issue.
type LinkContext struct {
	Transcript        string            `json:"transcript,omitempty" doc:"Markdown that is added to the description."`
	IncludeTranscript bool              `json:"include_transcript,omitempty" doc:"Adds the last messages of the conversation, as the helpdesk has them."`
	MessageIDs        []string          `json:"message_ids,omitempty" doc:"Adds these messages, as the helpdesk has them. At most 100."`
	Files             []AttachmentInput `json:"files,omitempty" doc:"Attached to the issue. At most 10."`
}

// CreatedIssue is the answer to creating an issue from a conversation.
type CreatedIssue struct {
	Issue    *Ticket           `json:"issue"`
	Link     *ConversationLink `json:"link" doc:"Null if Linear refused the link; it is then made later."`
	Warnings []string          `json:"warnings,omitempty"`
}

// createConversationIssue creates an issue and links it in one step.
func createConversationIssue(c *call) (*reply, error) {
	p, err := c.conversation()
	if err != nil {
		return nil, err
	}
	title := ""
	if l := c.input.sub("link"); l != nil {
		title, _, _ = l.text(500, "title")
	}
	notes, err := c.context(c.input.sub("context"), p)
	if err != nil {
		return nil, err
	}
	by := c.actor()
	if by.ID == "" { // named in the body
		c.acting = &by
	}
	customer, err := readCustomer(c.input.sub("customer"))
	if err != nil {
		notes = append(notes, "the customer request failed: "+problemOf(err).message)
	}
	off, err := c.api.requestsOff(c.ctx, c.conn.ID)
	if err != nil {
		return nil, err
	}
	c.customer = customer
	n, v, more, err := c.createAndTie(p, title, by, customer)
	if err != nil {
		return nil, err
	}
	out := &CreatedIssue{Issue: ticket(n, nil, nil), Warnings: append(notes, more...)}
	if v != nil {
		out.Link = c.shown(c.conn, p, *v, false)
	}
	switch {
	case customer == nil:
	case off:
		out.Warnings = append(out.Warnings, requestsAreOff)
	default:
		if err := c.customerRequest(customer, n.Value.ID, n.Value.ID); err != nil {
			out.Warnings = append(out.Warnings, "the issue stands, but the customer request "+unmade(err))
		}
	}
	return created(out), nil
}

// createAndTie creates an issue and links it. Before Linear is called, a job
// goes into the queue that makes the link and the customer request if this process
// cannot; when it finds them, it has nothing to do.
func (c *call) createAndTie(p place, title string, by Agent, customer *CustomerInput) (*linearapi.Node[linearapi.Issue], *link, []string, error) {
	id := derive(c.make, "link")
	rescue := job{Kind: jobLink, Conn: c.conn.ID, Place: p, IssueID: c.make, LinkID: id, Title: title, By: by.Name, ByID: by.ID, Customer: customer}
	if err := c.api.enqueue(c.ctx, rescue, mendingLane(p), "link:"+c.make, c.api.cfg.Timeout); err != nil {
		return nil, nil, nil, err
	}
	n, notes, err := c.newTicket(c.input)
	if err != nil {
		return nil, nil, nil, err
	}
	var last error
	for range 3 {
		v, _, err := c.tie(c.conn, p, n, title, "created", by, id)
		if err == nil {
			return n, &v, notes, nil
		}
		last = err
		if c.ctx.Err() != nil || problemOf(err).status < http.StatusInternalServerError {
			break
		}
	}
	notes = append(notes, "the issue stands, but the link failed and is made later: "+problemOf(last).message)
	c.api.log.Warn().Err(last).Str("request_id", c.id).Str("issue", n.Value.Identifier).Msg("link after create failed; the queue has it")
	return n, nil, notes, nil //nolint:nilerr // the issue stands; the notes say what is missing
}
