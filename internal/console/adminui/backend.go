package adminui

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/linearbot/linearbot/internal/admin"
)

// get asks the admin API of this process.
func (c *Console) get(ctx context.Context, path string, query url.Values, to any) error {
	_, err := c.api.Get(ctx, path, query, to)
	return err
}

// post has the admin API change something.
func (c *Console) post(ctx context.Context, path string, what, to any) error {
	return c.api.Post(ctx, path, what, to)
}

// statusOf returns the HTTP status for an error.
func statusOf(err error) int {
	if said, ok := errors.AsType[*admin.Error](err); ok {
		return said.Status
	}
	return http.StatusInternalServerError
}
