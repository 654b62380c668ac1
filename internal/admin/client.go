package admin

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"
)

const (
	// clientTimeout bounds a request that does not follow.
	clientTimeout = 60 * time.Second
	// maxAnswer is the largest answer that a client reads, and maxEvent the largest
	// event.
	maxAnswer, maxEvent = 256 << 20, 16 << 20
)

// Client talks to the API: over a network, over a socket or, with [InProcess], to a
// handler. It is safe for concurrent use.
type Client struct {
	// HTTP sends the requests. Required.
	HTTP *http.Client
	// Base is the address of the API without its prefix, such as
	// "http://10.0.0.7:3001".
	Base string
	// Token is sent with each request. May be empty.
	Token string
}

// Error is what an API has answered in place of what was asked for. Its text is for
// people.
type Error struct {
	// Status is the HTTP status.
	Status int
	Text   string
}

func (e *Error) Error() string { return e.Text }

// Get asks for something and reads the answer into v, unless that is nil. It returns
// the answer as it came. An error that the API itself answers is an [*Error].
func (c *Client) Get(ctx context.Context, path string, query url.Values, v any) ([]byte, error) {
	return c.do(ctx, http.MethodGet, path+"?"+query.Encode(), nil, v)
}

// Post changes something.
func (c *Client) Post(ctx context.Context, path string, body, v any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	_, err = c.do(ctx, http.MethodPost, path, data, v)
	return err
}

func (c *Client) do(ctx context.Context, method, path string, body []byte, v any) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, clientTimeout)
	defer cancel()
	res, err := c.send(ctx, method, path, body)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	data, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("admin API: %w", err)
	}
	if res.StatusCode != http.StatusOK && res.StatusCode != http.StatusNoContent {
		return nil, refusal(res, data)
	}
	if v == nil {
		return data, nil
	}
	if err := json.Unmarshal(data, v); err != nil {
		return nil, errors.New("the answer of the admin API cannot be read: is it that of another version?")
	}
	return data, nil
}

func refusal(res *http.Response, data []byte) error {
	var said struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(data, &said) != nil || said.Error == "" {
		said.Error = "the admin API answers " + res.Status
	}
	return &Error{res.StatusCode, said.Error}
}

func (c *Client) send(ctx context.Context, method, path string, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.Base+Prefix+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	res, err := c.HTTP.Do(req)
	if err != nil {
		return nil, fmt.Errorf("admin API: %w", err)
	}
	return res, nil
}

// Follow calls f with each delivery that ends, as JSON of a [Told], until ctx ends or
// f fails. That the bot has stopped is an error.
func (c *Client) Follow(ctx context.Context, query url.Values, f func(data []byte) error) error {
	res, err := c.send(ctx, http.MethodGet, "deliveries/follow?"+query.Encode(), nil)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		data, _ := io.ReadAll(io.LimitReader(res.Body, maxBody)) // what came of it will do
		return refusal(res, data)
	}
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(make([]byte, 0, 64<<10), maxEvent)
	for lines.Scan() {
		if data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data: ")); ok {
			if err := f(data); err != nil {
				return err
			}
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	if err := lines.Err(); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("admin API: %w", err)
	}
	return errors.New("the bot has stopped")
}

// InProcess returns a transport whose requests a handler of this process answers. It
// keeps each answer in memory, so nothing can be followed over it.
func InProcess(handler http.Handler) http.RoundTripper { return inProcess{handler} }

type inProcess struct{ handler http.Handler }

// RoundTrip calls the handler.
func (t inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	w := &kept{header: make(http.Header), status: http.StatusOK}
	if r.Body == nil {
		r.Body = http.NoBody
	}
	t.handler.ServeHTTP(w, r)
	return &http.Response{
		StatusCode: w.status, Status: http.StatusText(w.status), Header: w.header, Body: io.NopCloser(&w.body), Request: r,
	}, nil
}

// kept is the answer of a handler.
type kept struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header returns the fields.
func (w *kept) Header() http.Header { return w.header }

// WriteHeader keeps the status.
func (w *kept) WriteHeader(status int) { w.status = status }

// Write keeps the body.
func (w *kept) Write(p []byte) (int, error) { return w.body.Write(p) }
