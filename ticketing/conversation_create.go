package ticketing

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strings"

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

// LinkTitle is how a link is called.
type LinkTitle struct {
	Title string `json:"title,omitempty"`
}

// LinkContext is what of the conversation goes into the issue.
type LinkContext struct {
	Transcript string `json:"transcript,omitempty" doc:"Markdown that is added to the description."`
}

// CustomerInput names the customer of a request.
type CustomerInput struct {
	ID         string `json:"id,omitempty"`
	ExternalID string `json:"external_id,omitempty"`
	Name       string `json:"name,omitempty"`
	Body       string `json:"body,omitempty" doc:"What the customer asks for."`
	Important  bool   `json:"important,omitempty"`
}

// CreatedIssue is the answer to creating an issue from a conversation.
type CreatedIssue struct {
	Issue    *Ticket           `json:"issue"`
	Link     *ConversationLink `json:"link" doc:"Null if Linear refused the link; it is then made later."`
	Warnings []string          `json:"warnings,omitempty"`
}

// createConversationIssue creates an issue and links it in one step.
func createConversationIssue(c *call) (*reply, error) {
	p := c.conversation()
	if err := c.enabled(p); err != nil {
		return nil, err
	}
	title := ""
	if l := c.input.sub("link"); l != nil {
		title, _, _ = l.text(500, "title")
	}
	if x := c.input.sub("context"); x != nil {
		if transcript, given, _ := x.text(maxText, "transcript"); given && transcript != "" {
			described, _ := c.input.fields["description"].(string)
			c.input.fields["description"] = strings.TrimSpace(described + "\n\n---\n\n" + transcript)
		}
	}
	by := c.actor()
	customer := c.input.sub("customer")
	n, v, notes, err := c.createAndTie(p, title, by)
	if err != nil {
		return nil, err
	}
	out := &CreatedIssue{Issue: ticket(n, nil, nil), Warnings: notes}
	if v != nil {
		out.Link = c.shown(c.conn, p, *v, false)
	}
	if customer != nil {
		if err := c.customerRequest(customer, n.Value.ID); err != nil {
			out.Warnings = append(out.Warnings, "the customer request failed: "+problemOf(err).message)
		}
	}
	return created(out), nil
}

// createAndTie creates an issue and links it. Before Linear is called, a job
// goes into the queue that makes the link if this process cannot; when it finds
// the link, it has nothing to do.
func (c *call) createAndTie(p place, title string, by Agent) (*linearapi.Node[linearapi.Issue], *link, []string, error) {
	id := derive(c.make, "link")
	rescue := job{Kind: jobLink, Conn: c.conn.ID, Place: p, IssueID: c.make, LinkID: id, Title: title, By: by.Name}
	if err := c.api.enqueue(c.ctx, rescue, laneOf(p), "link:"+c.make, c.api.cfg.Timeout); err != nil {
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

// customerRequest records that a customer asks for an issue.
func (c *call) customerRequest(in *input, issue string) error {
	id, _, _ := in.text(100, "id")
	external, _, _ := in.text(200, "external_id")
	name, _, _ := in.text(200, "name")
	body, _, _ := in.text(maxText, "body")
	important, _ := in.flag("important")
	if id == "" && external == "" && name == "" {
		return invalidField("customer", "required", "needs id, external_id or name")
	}
	client, err := c.client()
	if err != nil {
		return err
	}
	if id == "" {
		upsert := map[string]any{"name": cmp.Or(name, external)}
		if external != "" {
			upsert["externalId"] = external
		}
		raw, err := client.Raw(c.ctx, linearapi.RawRequest{Name: "customerUpsert", Query: customerUpsert, Variables: map[string]any{"input": upsert}, Repeatable: external != ""})
		if err != nil {
			return err
		}
		var got struct {
			CustomerUpsert struct {
				Customer struct {
					ID string `json:"id"`
				} `json:"customer"`
			} `json:"customerUpsert"`
		}
		if err := json.Unmarshal(raw, &got); err != nil {
			return err
		}
		id = got.CustomerUpsert.Customer.ID
	}
	need := map[string]any{"id": derive(c.make, "need"), "customerId": id, "issueId": issue, "body": body}
	if important {
		need["priority"] = 1
	}
	_, err = client.Raw(c.ctx, linearapi.RawRequest{Name: "customerNeedCreate", Query: needCreate, Variables: map[string]any{"input": need}, Repeatable: true})
	return err
}

// The operations of customer requests.
const (
	customerUpsert = "mutation customerUpsert($input: CustomerUpsertInput!) { customerUpsert(input: $input) { success customer { id } } }"
	needCreate     = "mutation customerNeedCreate($input: CustomerNeedCreateInput!) { customerNeedCreate(input: $input) { success need { id } } }"
)
