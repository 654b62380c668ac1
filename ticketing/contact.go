package ticketing

import (
	"encoding/json"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// Contact is someone outside the workspace who wrote in it through a service.
type Contact struct {
	Person
	LastSeenAt *time.Time      `json:"last_seen_at"`
	CreatedAt  *time.Time      `json:"created_at"`
	UpdatedAt  *time.Time      `json:"updated_at"`
	Etag       string          `json:"etag"`
	RemoteData json.RawMessage `json:"remote_data,omitempty"`
}

type remoteContact struct {
	linearapi.ExternalUser

	LastSeen  time.Time `json:"lastSeen"`
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
}

const contactFields = " id name displayName email avatarUrl lastSeen createdAt updatedAt"

func contactItem(n *linearapi.Node[remoteContact]) item {
	v := &n.Value
	out := &Contact{
		Person: *author(nil, &v.ExternalUser, nil), LastSeenAt: at(v.LastSeen), CreatedAt: at(v.CreatedAt), UpdatedAt: at(v.UpdatedAt),
		Etag: etag(v.ID, v.UpdatedAt),
	}
	out.Username = text(v.DisplayName)
	return item{id: v.ID, value: out, remote: n.JSON, sort: map[string]any{"name": v.Name, "created_at": v.CreatedAt, "updated_at": v.UpdatedAt}}
}

// contactListing lists contacts. Linear has no filters for them.
func contactListing() *listing {
	return &listing{
		resource: "contacts", archives: true, local: []string{"name", "created_at", "updated_at"},
		fetch: func(c *call, r request) (*part, error) {
			if len(r.conditions) > 0 {
				return nil, badRequest(codeInvalidRequest, "contacts take no filter")
			}
			return rawPart(c, proxyResources()["external_users"], r, contactFields, contactItem)
		},
	}
}

func getContact(c *call) (*reply, error) {
	return rawGet(c, proxyResources()["external_users"], "contact", contactFields, contactItem)
}
