package linearapi

import (
	"context"
	"time"
)

// Member is a user as [Client.UserNodes] returns it.
type Member struct {
	User

	Admin      bool      `json:"admin"`
	Owner      bool      `json:"owner"`
	IsMe       bool      `json:"isMe"`
	Assignable bool      `json:"isAssignable"`
	Timezone   string    `json:"timezone"`
	Title      string    `json:"title"`
	LastSeen   time.Time `json:"lastSeen"`
	CreatedAt  time.Time `json:"createdAt"`
	UpdatedAt  time.Time `json:"updatedAt"`
	// Teams are at most 20.
	Teams Page[Ref] `json:"teams"`
}

// Me is whom a token belongs to, with roles, and the workspace.
type Me struct {
	Viewer       Node[Member] `json:"viewer"`
	Organization Organization `json:"organization"`
}

// Me returns whom the token belongs to, and its workspace.
func (c *Client) Me(ctx context.Context) (*Me, error) {
	return do(ctx, c, operation{name: "me", repeatable: true}, vars{}, func(d *Me) *Me {
		if d.Viewer.Value.ID == "" {
			return nil
		}
		return d
	})
}
