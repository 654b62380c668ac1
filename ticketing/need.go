package ticketing

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// Need is a request of a customer, about a ticket or a collection.
type Need struct {
	ID            string          `json:"id"`
	Account       *Ref            `json:"account"`
	Ticket        *CommentTicket  `json:"ticket"`
	Collection    *Ref            `json:"collection"`
	Body          *string         `json:"body" doc:"Markdown: what the customer asks for."`
	Important     bool            `json:"important"`
	AttachmentURL *string         `json:"attachment_url"`
	CreatedBy     *Person         `json:"created_by"`
	CreatedAt     *time.Time      `json:"created_at"`
	UpdatedAt     *time.Time      `json:"updated_at"`
	Etag          string          `json:"etag"`
	RemoteData    json.RawMessage `json:"remote_data,omitempty"`
}

// NeedInput is the body that creates or changes a need.
type NeedInput struct {
	_             struct{} `additionalProperties:"true"`
	Account       *anyRef  `json:"account,omitempty" doc:"Required on create: the id of an account, or account_external_id."`
	ExternalID    string   `json:"account_external_id,omitempty" doc:"The account's id in another system."`
	Ticket        *anyRef  `json:"ticket,omitempty" doc:"Required on create, or collection."`
	Collection    *anyRef  `json:"collection,omitempty" doc:"The id of a project."`
	Body          string   `json:"body,omitempty"`
	Important     *bool    `json:"important,omitempty"`
	AttachmentURL string   `json:"attachment_url,omitempty" doc:"Where the customer said so."`
}

// remoteNeed is a need as Linear has it.
type remoteNeed struct {
	ID       string  `json:"id"`
	Body     string  `json:"body"`
	Priority float64 `json:"priority"`
	Customer *Named  `json:"customer"`
	Project  *Named  `json:"project"`
	Issue    *struct {
		ID         string `json:"id"`
		Identifier string `json:"identifier"`
	} `json:"issue"`
	Attachment *struct {
		URL string `json:"url"`
	} `json:"attachment"`
	Creator   *linearapi.User `json:"creator"`
	CreatedAt time.Time       `json:"createdAt"`
	UpdatedAt time.Time       `json:"updatedAt"`
}

const needFields = " id body priority createdAt updatedAt customer { id name } project { id name } issue { id identifier }" +
	" attachment { url } creator { id name displayName email avatarUrl }"

func needItem(n *linearapi.Node[remoteNeed]) item {
	v := &n.Value
	out := &Need{
		ID: v.ID, Account: refOf(v.Customer), Collection: refOf(v.Project), Body: text(v.Body), Important: v.Priority > 0,
		CreatedBy: person(v.Creator), CreatedAt: at(v.CreatedAt), UpdatedAt: at(v.UpdatedAt), Etag: etag(v.ID, v.UpdatedAt),
	}
	if v.Issue != nil {
		out.Ticket = &CommentTicket{v.Issue.ID, text(v.Issue.Identifier)}
	}
	if v.Attachment != nil {
		out.AttachmentURL = text(v.Attachment.URL)
	}
	return item{id: v.ID, value: out, remote: n.JSON, sort: map[string]any{"created_at": v.CreatedAt, "updated_at": v.UpdatedAt}}
}

func needs() proxied { return proxyResources()["customer_needs"] }

func needListing() *listing {
	return &listing{
		resource: "needs", archives: true,
		filters: []*filter{
			{name: "id", kind: ofID, path: "id"},
			{name: "account[id]", kind: ofID, path: "customer.id", nullable: true},
			{name: "ticket[id]", make: filterIssue, doc: "Id of a ticket."},
			{name: "collection[id]", kind: ofID, path: "project.id", nullable: true},
			{name: "important", make: func(_ *call, op string, values []string) (linearapi.Filter, error) {
				switch {
				case op == "eq" && values[0] == "true":
					return nest("priority", linearapi.Filter{"gt": 0}), nil
				case op == "eq" && values[0] == "false":
					return nest("priority", linearapi.Filter{"eq": 0}), nil
				}
				return nil, badRequest(codeInvalidRequest, "important must be true or false")
			}},
			{name: "created_at", kind: ofTime, path: "createdAt"},
			{name: "updated_at", kind: ofTime, path: "updatedAt"},
		},
		local: []string{"created_at", "updated_at"},
		fetch: func(c *call, r request) (*part, error) { return rawPart(c, needs(), r, needFields, needItem) },
	}
}

func getNeed(c *call) (*reply, error) {
	return rawGet(c, needs(), "need", needFields, needItem)
}

func writeNeed(c *call) (*reply, error) {
	in, out := c.input, map[string]any{}
	id, status := c.path["id"], http.StatusOK
	account, hasAccount, _ := in.ref("account")
	external, hasExternal, _ := in.text(200, "account_external_id")
	switch {
	case hasAccount && account != "":
		out["customerId"] = account
	case hasExternal && external != "":
		out["customerExternalId"] = external
	case id == "":
		in.wrong("account", "required", "is required: an id, or account_external_id")
	}
	ticket, hasTicket, _ := in.ref("ticket")
	collection, hasCollection, _ := in.ref("collection")
	switch {
	case hasTicket && ticket != "":
		out["issueId"], _ = issueRef(ticket)
	case hasCollection && collection != "":
		out["projectId"] = collection
	case id == "":
		in.wrong("ticket", "required", "is required: the id of a ticket, or a collection")
	}
	if s, given, _ := in.text(maxText, "body"); given {
		out["body"] = s
	}
	if on, given := in.flag("important"); given {
		out["priority"] = 0
		if on {
			out["priority"] = 1
		}
	}
	if s, given, _ := in.text(2000, "attachment_url"); given && s != "" {
		if !isWeb(strings.TrimSpace(s)) {
			in.wrong("attachment_url", "value", "must be an http or https address")
		}
		out["attachmentUrl"] = strings.TrimSpace(s)
	}
	if err := in.done(); err != nil {
		return nil, err
	}
	if id == "" {
		out["id"], status = c.make, http.StatusCreated
		if shown, err := c.asAgent(""); err != nil {
			return nil, err
		} else if shown {
			out["createAsUser"] = c.who.Name
		}
	}
	n, err := rawWrite[remoteNeed](c, needs(), id, out, needFields)
	if err != nil {
		return nil, missing(err, "need", id)
	}
	return rawReply(c, status, n, needItem)
}
