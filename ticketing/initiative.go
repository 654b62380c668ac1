package ticketing

import (
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// remoteInitiative is an initiative as Linear has it.
type remoteInitiative struct {
	ID          string          `json:"id"`
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Status      string          `json:"status"`
	Health      string          `json:"health"`
	Color       string          `json:"color"`
	Icon        string          `json:"icon"`
	TargetDate  string          `json:"targetDate"`
	URL         string          `json:"url"`
	Priority    float64         `json:"priority"`
	Owner       *linearapi.User `json:"owner"`
	Parent      *Named          `json:"parentInitiative"`
	CompletedAt time.Time       `json:"completedAt"`
	CreatedAt   time.Time       `json:"createdAt"`
	UpdatedAt   time.Time       `json:"updatedAt"`
	ArchivedAt  time.Time       `json:"archivedAt"`
}

const initiativeFields = " id name description status health color icon priority targetDate url completedAt createdAt updatedAt archivedAt parentInitiative { id }" +
	" owner { id name displayName email avatarUrl }"

func initiativeCollection(i *remoteInitiative) *Collection {
	v := &Collection{
		ID: i.ID, Type: "initiative", Name: i.Name, Description: text(i.Description), TargetDate: text(i.TargetDate),
		Lead: person(i.Owner), CompletedAt: at(i.CompletedAt), ArchivedAt: at(i.ArchivedAt),
		Status: &CollectionStatus{i.Status, strings.ToLower(i.Status)}, Health: text(i.Health), Color: text(i.Color), Icon: text(i.Icon),
	}
	urgency := priority(int(i.Priority))
	v.Priority = &urgency
	if i.URL != "" {
		v.URLs = []CollectionURL{{i.URL}}
	}
	if i.Parent != nil {
		v.ParentCollectionID = text(i.Parent.ID)
	}
	return v
}
