package linearapi

import (
	"context"
	"time"
)

// Member is a user as [Client.UserNodes] and [Client.ViewerNode] return it.
type Member struct {
	User

	Admin      bool   `json:"admin"`
	Owner      bool   `json:"owner"`
	IsMe       bool   `json:"isMe"`
	Assignable bool   `json:"isAssignable"`
	Timezone   string `json:"timezone"`
	Title      string `json:"title"`
	// Label is the status that the user has set, for example an emoji and a word.
	Label     string    `json:"statusLabel"`
	LastSeen  time.Time `json:"lastSeen"`
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
	// Teams are at most 20.
	Teams Page[Ref] `json:"teams"`
}

// ViewerInfo is what [Client.ViewerNode] returns: the owner of the token, with roles and
// Linear's own object, and the workspace.
type ViewerInfo struct {
	Viewer       Node[Member] `json:"viewer"`
	Organization Organization `json:"organization"`
}

// ViewerNode is [Client.Viewer] with Linear's own object and with roles.
func (c *Client) ViewerNode(ctx context.Context) (*ViewerInfo, error) {
	return do(ctx, c, operation{name: "me", repeatable: true}, vars{}, func(d *ViewerInfo) *ViewerInfo {
		if d.Viewer.Value.ID == "" {
			return nil
		}
		return d
	})
}
