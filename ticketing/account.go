package ticketing

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// CustomerAccount is a customer of the workspace: a company whose requests it
// collects.
type CustomerAccount struct {
	ID          string          `json:"id"`
	Name        string          `json:"name"`
	Domains     []string        `json:"domains"`
	ExternalIDs []string        `json:"external_ids"`
	Revenue     *float64        `json:"revenue"`
	Size        *float64        `json:"size"`
	Tier        *Ref            `json:"tier"`
	Status      *Ref            `json:"status"`
	Owner       *Person         `json:"owner"`
	LogoURL     *string         `json:"logo_url"`
	URL         *string         `json:"url"`
	NeedCount   int             `json:"need_count" doc:"About how many requests the customer has."`
	CreatedAt   *time.Time      `json:"created_at"`
	UpdatedAt   *time.Time      `json:"updated_at"`
	Etag        string          `json:"etag"`
	RemoteData  json.RawMessage `json:"remote_data,omitempty"`
}

// CustomerAccountInput is the body that creates or changes an account.
type CustomerAccountInput struct {
	_           struct{} `additionalProperties:"true"`
	Name        string   `json:"name,omitempty" doc:"Required on create."`
	ExternalID  string   `json:"external_id,omitempty" doc:"Its id in another system. On create, the account that has it is changed instead."`
	Domains     []string `json:"domains,omitempty"`
	Revenue     *int     `json:"revenue,omitempty"`
	Size        *int     `json:"size,omitempty"`
	Owner       *anyRef  `json:"owner,omitempty"`
	Tier        *anyRef  `json:"tier,omitempty" doc:"An id."`
	Status      *anyRef  `json:"status,omitempty" doc:"An id."`
	LogoURL     string   `json:"logo_url,omitempty"`
	ExternalIDs []string `json:"external_ids,omitempty"`
}

// remoteCustomer is a customer as Linear has it.
type remoteCustomer struct {
	ID          string          `json:"id"`
	Name        string          `json:"name"`
	Domains     []string        `json:"domains"`
	ExternalIDs []string        `json:"externalIds"`
	Revenue     *float64        `json:"revenue"`
	Size        *float64        `json:"size"`
	Tier        *Named          `json:"tier"`
	Status      *Named          `json:"status"`
	Owner       *linearapi.User `json:"owner"`
	LogoURL     string          `json:"logoUrl"`
	URL         string          `json:"url"`
	Needs       float64         `json:"approximateNeedCount"`
	CreatedAt   time.Time       `json:"createdAt"`
	UpdatedAt   time.Time       `json:"updatedAt"`
}

const customerFields = " id name domains externalIds revenue size logoUrl url approximateNeedCount createdAt updatedAt" +
	" tier { id name } status { id name } owner { id name displayName email avatarUrl }"

func customerAccount(n *linearapi.Node[remoteCustomer]) item {
	v := &n.Value
	out := &CustomerAccount{
		ID: v.ID, Name: v.Name, Domains: append([]string{}, v.Domains...), ExternalIDs: append([]string{}, v.ExternalIDs...),
		Revenue: v.Revenue, Size: v.Size, Tier: refOf(v.Tier), Status: refOf(v.Status), Owner: person(v.Owner),
		LogoURL: text(v.LogoURL), URL: text(v.URL), NeedCount: int(v.Needs), CreatedAt: at(v.CreatedAt), UpdatedAt: at(v.UpdatedAt),
		Etag: etag(v.ID, v.UpdatedAt),
	}
	return item{id: v.ID, value: out, remote: n.JSON, sort: map[string]any{
		"name": v.Name, "created_at": v.CreatedAt, "updated_at": v.UpdatedAt,
	}}
}

func refOf(r *Named) *Ref {
	if r == nil || r.ID == "" {
		return nil
	}
	return &Ref{r.ID, text(r.Name)}
}

func customers() proxied { return proxyResources()["customers"] }

func accountListing() *listing {
	return &listing{
		resource: "accounts", archives: true,
		filters: []*filter{
			{name: "id", kind: ofID, path: "id"},
			{name: "name", kind: ofText, path: "name"},
			{name: "external_id", also: []string{"external_ids"}, kind: ofText, path: "externalIds.some"},
			{name: "domain", also: []string{"domains"}, kind: ofText, path: "domains.some"},
			{name: "owner[id]", kind: ofID, path: "owner.id"},
			{name: "tier[id]", kind: ofID, path: "tier.id"},
			{name: "status[id]", kind: ofID, path: "status.id"},
			{name: "revenue", kind: ofNumber, path: "revenue"},
			{name: "size", kind: ofNumber, path: "size"},
			{name: "created_at", kind: ofTime, path: "createdAt"},
			{name: "updated_at", kind: ofTime, path: "updatedAt"},
		},
		local: []string{"name", "created_at", "updated_at"},
		fetch: func(c *call, r request) (*part, error) {
			return rawPart(c, customers(), r, customerFields, customerAccount)
		},
	}
}

func getCustomerAccount(c *call) (*reply, error) {
	return rawGet(c, customers(), "account", customerFields, customerAccount)
}

// writeCustomerAccount creates or changes an account. One that is created with
// the external_id of another changes that.
func writeCustomerAccount(c *call) (*reply, error) {
	in, out := c.input, map[string]any{}
	id := c.path["id"]
	external, hasExternal, _ := in.text(200, "external_id")
	in.name(out, id == "")
	for _, f := range []struct{ name, to string }{{"domains", "domains"}, {"external_ids", "externalIds"}} {
		list, given := in.refs(50, f.name)
		if !given {
			continue
		}
		texts := []string{}
		for _, r := range list {
			texts = append(texts, r.id)
		}
		out[f.to] = texts
	}
	for _, f := range []string{"revenue", "size"} {
		if n, given, null := in.whole(f); given && !null {
			out[f] = n
		}
	}
	if s, given, null := in.text(2000, "logo_url"); given && !null {
		out["logoUrl"] = s
	}
	for _, f := range []struct{ name, to string }{{"tier", "tierId"}, {"status", "statusId"}} {
		if ref, given, null := in.ref(f.name); given && !null && ref != "" {
			out[f.to] = ref
		}
	}
	if list, given := in.refs(1, "owner", "owner_id"); given && len(list) == 1 {
		owner, err := c.userOf(list[0])
		if err != nil {
			return nil, err
		}
		if owner == "" {
			in.wrong("owner", "not_found", "there is no such user")
		}
		out["ownerId"] = owner
	}
	if err := in.done(); err != nil {
		return nil, err
	}
	p, status := customers(), http.StatusOK
	switch {
	case id != "" && hasExternal:
		out["externalIds"] = []string{external}
	case id == "" && hasExternal && external != "":
		same := nest("externalIds.some", linearapi.Filter{"eq": external})
		have, err := rawList[Named](c, p, request{conditions: []linearapi.Filter{same}, page: linearapi.PageArgs{First: 1}}, " id")
		if err != nil {
			return nil, err
		}
		if len(have.Nodes) == 0 {
			status = http.StatusCreated
		}
		p.create, p.inputs[0] = "customerUpsert", "CustomerUpsertInput"
		delete(out, "externalIds")
		out["externalId"] = external
	case id == "":
		out["id"], status = c.make, http.StatusCreated
	}
	n, err := rawWrite[remoteCustomer](c, p, id, out, customerFields)
	if err != nil {
		return nil, missing(err, "account", id)
	}
	return rawReply(c, status, n, customerAccount)
}
