package ticketing

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/state"
)

// CustomerInput names the customer of a request.
type CustomerInput struct {
	ID         string `json:"id,omitempty"`
	ExternalID string `json:"external_id,omitempty"`
	Name       string `json:"name,omitempty"`
	Body       string `json:"body,omitempty" doc:"What the customer asks for."`
	Important  bool   `json:"important,omitempty"`
}

// readCustomer reads the customer of a request; nil if there is none.
func readCustomer(in *input) (*CustomerInput, error) {
	if in == nil {
		return nil, nil //nolint:nilnil // no customer is an answer
	}
	var v CustomerInput
	v.ID, _, _ = in.text(100, "id")
	v.ExternalID, _, _ = in.text(200, "external_id")
	v.Name, _, _ = in.text(200, "name")
	v.Body, _, _ = in.text(maxText, "body")
	v.Important, _ = in.flag("important")
	if v.ID == "" && v.ExternalID == "" && v.Name == "" {
		return nil, invalidField("customer", "required", "needs id, external_id or name")
	}
	return &v, nil
}

func needKey(conn, need string) state.Key {
	return state.Key{Workspace: conn, Kind: "ticketing.need", ID: need}
}

// needTTL is how long it is known that a customer request was made: longer than
// the job that makes a missing one is retried.
const needTTL = 48 * time.Hour

// customerRequest records that a customer asks for an issue. The ids of what it
// makes follow from the occasion, so it can be repeated: the id of a new issue, or
// [linkOccasion].
func (c *call) customerRequest(v *CustomerInput, issue, occasion string) error {
	needID := derive(occasion, "need")
	var done bool
	if _, err := c.api.docs.load(c.ctx, needKey(c.conn.ID, needID), &done); err != nil || done {
		return err
	}
	client, err := c.client()
	if err != nil {
		return err
	}
	send := func(name, query string, in map[string]any) error {
		_, err := client.Raw(c.ctx, linearapi.RawRequest{Name: name, Query: query, Variables: map[string]any{"input": in}, Repeatable: true})
		if adapter.CodeOf(err) == adapter.CodeConflict {
			return nil // an earlier attempt made it
		}
		return err
	}
	need := map[string]any{"id": needID, "issueId": issue, "body": v.Body}
	if v.Important {
		need["priority"] = 1
	}
	switch {
	case v.ID != "":
		need["customerId"] = v.ID
	case v.ExternalID != "":
		err = send("customerUpsert", customerUpsert, map[string]any{"name": cmp.Or(v.Name, v.ExternalID), "externalId": v.ExternalID})
		need["customerExternalId"] = v.ExternalID
	default:
		id := derive(occasion, "customer")
		c.api.expect(c.ctx, c.conn.ID, id)
		err = send("customerCreate", customerCreate, map[string]any{"id": id, "name": v.Name})
		need["customerId"] = id
	}
	if err != nil {
		return err
	}
	c.api.expect(c.ctx, c.conn.ID, needID)
	if err := send("customerNeedCreate", needCreate, need); err != nil {
		return err
	}
	return c.api.docs.save(c.ctx, needKey(c.conn.ID, needID), true, needTTL)
}

// again reports whether the queue gets another answer than the caller did.
func again(err error) bool {
	p := problemOf(err)
	return p.status >= http.StatusInternalServerError || p.status == http.StatusTooManyRequests || p.status == http.StatusUnauthorized
}

// requestsOff reports whether conversations of a connection make no customer
// requests.
func (a *API) requestsOff(ctx context.Context, conn string) (bool, error) {
	s, err := a.settings(ctx, conn)
	return s.DisableCustomerRequestsAutoCreation, err
}

const requestsAreOff = "the customer stands in the link only: this connection makes no customer requests of its own"

// unmade says what becomes of a customer request that failed.
func unmade(err error) string {
	if again(err) {
		return "failed and is made later: " + problemOf(err).message
	}
	return "was refused: " + problemOf(err).message
}

// linkOccasion is the occasion of a request that comes with the link of a
// conversation.
func linkOccasion(p place, issue string) string {
	return derive("link", p.Account, p.Conversation, issue)
}

// The operations of customer requests.
const (
	customerUpsert = "mutation customerUpsert($input: CustomerUpsertInput!) { customerUpsert(input: $input) { success customer { id } } }"
	customerCreate = "mutation customerCreate($input: CustomerCreateInput!) { customerCreate(input: $input) { success customer { id } } }"
	needCreate     = "mutation customerNeedCreate($input: CustomerNeedCreateInput!) { customerNeedCreate(input: $input) { success need { id } } }"
)
