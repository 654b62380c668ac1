package linearapi

import (
	"context"
	"time"
)

// User is a person or an app with an account.
type User struct {
	ID string `json:"id"`
	// Name is the full name, DisplayName the handle.
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
	Email       string `json:"email"`
	// URL is the address of the profile.
	URL       string `json:"url"`
	AvatarURL string `json:"avatarUrl"`
	// App is true for apps.
	App bool `json:"app"`
	// Active is false for suspended users, if the operation selects it.
	Active bool `json:"active"`
	// Guest is true for people who can see only part of the workspace. It is
	// not selected for the viewer or for the author of a new entity.
	Guest bool `json:"guest"`
}

// Organization is a workspace.
type Organization struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// URLKey is the part of addresses that names the workspace.
	URLKey string `json:"urlKey"`

	// The following are set by [Client.ViewerNode].

	LogoURL   string    `json:"logoUrl"`
	CreatedAt time.Time `json:"createdAt"`
	// UploadTypes are the content types that files may have. Empty means all.
	UploadTypes []string `json:"allowedFileUploadContentTypes"`
}

// Viewer is the owner of a token.
type Viewer struct {
	User         User
	Organization Organization
}

// Viewer returns the owner of the client's token.
func (c *Client) Viewer(ctx context.Context) (*Viewer, error) {
	type data struct {
		Viewer       *User
		Organization *Organization
	}
	op := operation{name: "viewer", repeatable: true}
	return do(ctx, c, op, nil, func(d *data) *Viewer {
		if d.Viewer == nil || d.Viewer.ID == "" {
			return nil
		}
		v := &Viewer{User: *d.Viewer}
		if d.Organization != nil {
			v.Organization = *d.Organization
		}
		return v
	})
}
