package adminui

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"

	"github.com/linearbot/linearbot/internal/admin"
)

// apiError is what the admin API has answered.
type apiError struct {
	status int
	text   string
}

func (e *apiError) Error() string { return e.text }

// get asks the admin API.
func (c *Console) get(ctx context.Context, path string, query url.Values, to any) error {
	return c.call(ctx, http.MethodGet, path+"?"+query.Encode(), nil, to)
}

// post has the admin API change something.
func (c *Console) post(ctx context.Context, path string, what, to any) error {
	body, err := json.Marshal(what)
	if err != nil {
		return err
	}
	return c.call(ctx, http.MethodPost, path, body, to)
}

// call calls the handler of the API in this process.
func (c *Console) call(ctx context.Context, method, path string, body []byte, to any) error {
	req, err := http.NewRequestWithContext(ctx, method, admin.Prefix+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	w := &answer{header: make(http.Header), status: http.StatusOK}
	c.cfg.API.ServeHTTP(w, req)
	if w.status != http.StatusOK {
		var said struct {
			Error string `json:"error"`
		}
		if json.Unmarshal(w.body.Bytes(), &said) != nil || said.Error == "" {
			said.Error = "the admin API answers " + http.StatusText(w.status)
		}
		return &apiError{w.status, said.Error}
	}
	if to == nil {
		return nil
	}
	return json.Unmarshal(w.body.Bytes(), to)
}

// statusOf returns the HTTP status for an error.
func statusOf(err error) int {
	if said, ok := errors.AsType[*apiError](err); ok {
		return said.status
	}
	return http.StatusInternalServerError
}

// answer keeps the answer of a handler.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header returns the fields.
func (w *answer) Header() http.Header { return w.header }

// WriteHeader keeps the status.
func (w *answer) WriteHeader(status int) { w.status = status }

// Write keeps the body.
func (w *answer) Write(p []byte) (int, error) { return w.body.Write(p) }
