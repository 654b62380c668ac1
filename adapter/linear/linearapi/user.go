package linearapi

import "context"

// ExternalUser is a person without an account who is synced in.
type ExternalUser struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
	Email       string `json:"email"`
	AvatarURL   string `json:"avatarUrl"`
}

// ActorBot is a connected service, or an app that acts under another name.
type ActorBot struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	SubType string `json:"subType"`
	Name    string `json:"name"`
	// UserDisplayName is the name that the service shows for the person who
	// acted.
	UserDisplayName string `json:"userDisplayName"`
	AvatarURL       string `json:"avatarUrl"`
}

// User returns a user by id. The code of the error is NotFound if there is
// none.
func (c *Client) User(ctx context.Context, id string) (*User, error) {
	return query[User](ctx, c, operation{name: "user"}, "user", vars{"id": id})
}

// UserQuery selects users.
type UserQuery struct {
	// Filter has the keys of Linear's UserFilter.
	Filter Filter
	// IncludeDisabled includes suspended users.
	IncludeDisabled bool
	PageArgs
}

// Users returns a page of the users of the workspace, apps included.
func (c *Client) Users(ctx context.Context, q UserQuery) (*Page[User], error) {
	v := q.PageArgs.vars(q.Filter.vars(vars{}))
	if q.IncludeDisabled {
		v["includeDisabled"] = true
	}
	return query[Page[User]](ctx, c, operation{name: "users"}, "users", v)
}
