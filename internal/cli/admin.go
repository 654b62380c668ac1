package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/linearbot/linearbot/internal/admin"
	"github.com/linearbot/linearbot/internal/serve"
	"github.com/linearbot/linearbot/internal/settings"
	"github.com/linearbot/linearbot/state"
)

// target says whose admin API a command talks to: that of the bot at a URL, that
// of the bot on this machine which has the store, or, if none runs, one over the
// store itself.
type target struct {
	State string `help:"${help_state}" placeholder:"${default_state}"`
	Admin string `help:"URL of the admin API of a bot elsewhere, such as http://10.0.0.7:3001. Its token is read from LINEARBOT_ADMIN_TOKEN." placeholder:"URL"`
}

// adminClient talks to an admin API.
type adminClient struct {
	http  *http.Client
	base  string
	token string
	close func() error
}

// clientTimeout bounds a request that does not follow.
const clientTimeout = 60 * time.Second

// with finds the API for f, which only looks: a store that no bot has is opened for
// reading.
func (t *target) with(ctx context.Context, p *program, f func(c *adminClient) error) error {
	return t.call(ctx, p, serve.LookStore, f)
}

// change finds the API for f, which changes what the store holds.
func (t *target) change(ctx context.Context, p *program, f func(c *adminClient) error) error {
	return t.call(ctx, p, serve.OpenStore, f)
}

func (t *target) call(ctx context.Context, p *program, open opener, f func(c *adminClient) error) error {
	return t.ask(ctx, p, open, func(v *settings.Values, store state.Store) (http.Handler, error) {
		return serve.OpenAdmin(v, store), nil
	}, f)
}

// opener opens the configured store.
type opener func(v *settings.Values) (state.Store, error)

// ask finds the API for f: that of a bot, or what over returns for the store of
// none.
func (t *target) ask(
	ctx context.Context, p *program, open opener, over func(v *settings.Values, store state.Store) (http.Handler, error), f func(c *adminClient) error,
) (err error) {
	values, err := (&stateCmd{State: t.State}).values(p)
	if err != nil {
		return err
	}
	c, err := t.running(ctx, values)
	if err != nil {
		return err
	}
	if c == nil {
		if c, err = offline(values, open, over); err != nil {
			return err
		}
	}
	defer func() { err = errors.Join(err, c.close()) }()
	return f(c)
}

// running returns a client of the bot that --admin names, or that has the store.
// Nil if there is none.
func (t *target) running(ctx context.Context, v *settings.Values) (*adminClient, error) {
	if t.Admin != "" {
		u, err := url.Parse(t.Admin)
		if err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
			return nil, &usageError{errors.New("--admin must look like http://10.0.0.7:3001")}
		}
		return remote(strings.TrimSuffix(t.Admin, "/"), v.AdminToken, nil), nil
	}
	if path := serve.AdminSocket(v.State); path != "" {
		if c := local(ctx, path); c != nil {
			return c, nil
		}
	} else if v.AdminAddr != "" && v.AdminAddr != "off" {
		c := remote("http://"+reachable(v.AdminAddr), v.AdminToken, nil)
		if _, err := c.get(ctx, "status", nil, nil); err == nil {
			return c, nil
		} else if _, answered := errors.AsType[*adminError](err); answered {
			return nil, err
		}
	}
	return nil, nil //nolint:nilnil // no bot is not an error
}

// reachable is an address to connect to for one to listen on.
func reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err == nil && (host == "" || host == "0.0.0.0" || host == "::") {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return addr
}

func remote(base, token string, transport http.RoundTripper) *adminClient {
	return &adminClient{
		http: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the token is for no one else
		},
		base: base, token: token, close: func() error { return nil },
	}
}

// local returns a client of the bot behind a socket. Nil if none listens.
func local(ctx context.Context, path string) *adminClient {
	var d net.Dialer
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return d.DialContext(ctx, "unix", path) }
	conn, err := dial(ctx, "", "")
	if err != nil {
		return nil
	}
	_ = conn.Close() // it was a test
	transport := &http.Transport{DialContext: dial}
	c := remote("http://linearbot", "", transport)
	c.close = func() error { transport.CloseIdleConnections(); return nil }
	return c
}

// offline opens the store, which no bot has, and answers from it.
func offline(v *settings.Values, open opener, over func(v *settings.Values, store state.Store) (http.Handler, error)) (*adminClient, error) {
	if err := exists(v.State, "--state"); err != nil {
		return nil, err
	}
	store, err := open(v)
	if errors.Is(err, state.ErrLocked) {
		return nil, fmt.Errorf("%w, and its admin API cannot be reached: is LINEARBOT_ADMIN_ADDR off? Give --admin the URL of its API, or stop it first", err)
	}
	if err != nil {
		return nil, err
	}
	handler, err := over(v, store)
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	c := remote("http://linearbot", "", inProcess{handler})
	c.close = store.Close
	return c, nil
}

// inProcess sends requests to a handler.
type inProcess struct{ handler http.Handler }

// RoundTrip calls the handler.
func (t inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	w := &response{header: make(http.Header), status: http.StatusOK}
	if r.Body == nil {
		r.Body = http.NoBody
	}
	t.handler.ServeHTTP(w, r)
	return &http.Response{
		StatusCode: w.status, Status: http.StatusText(w.status), Header: w.header, Body: io.NopCloser(&w.body), Request: r,
	}, nil
}

// response keeps the answer of a handler.
type response struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header returns the fields.
func (w *response) Header() http.Header { return w.header }

// WriteHeader keeps the status.
func (w *response) WriteHeader(status int) { w.status = status }

// Write keeps the body.
func (w *response) Write(p []byte) (int, error) { return w.body.Write(p) }

// adminError is what an API has answered.
type adminError struct{ text string }

func (e *adminError) Error() string { return e.text }

// get asks for something. A nil v leaves out the answer. It returns the answer as
// it came.
func (c *adminClient) get(ctx context.Context, path string, query url.Values, v any) ([]byte, error) {
	return c.do(ctx, http.MethodGet, path+"?"+query.Encode(), nil, v)
}

// post changes something.
func (c *adminClient) post(ctx context.Context, path string, body, v any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	_, err = c.do(ctx, http.MethodPost, path, data, v)
	return err
}

func (c *adminClient) do(ctx context.Context, method, path string, body []byte, v any) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, clientTimeout)
	defer cancel()
	res, err := c.send(ctx, method, path, body)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	const most = 256 << 20
	data, err := io.ReadAll(io.LimitReader(res.Body, most))
	if err != nil {
		return nil, fmt.Errorf("admin API: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		return nil, answered(res, data)
	}
	if v == nil {
		return data, nil
	}
	if err := json.Unmarshal(data, v); err != nil {
		return nil, errors.New("the answer of the admin API cannot be read: is it that of another version?")
	}
	return data, nil
}

func answered(res *http.Response, data []byte) error {
	var said struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(data, &said) != nil || said.Error == "" {
		said.Error = "the admin API answers " + res.Status
	}
	return &adminError{said.Error}
}

func (c *adminClient) send(ctx context.Context, method, path string, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+admin.Prefix+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("admin API: %w", err)
	}
	return res, nil
}

// follow calls f with each server-sent event until ctx ends.
func (c *adminClient) follow(ctx context.Context, query url.Values, f func(data []byte) error) error {
	res, err := c.send(ctx, http.MethodGet, "deliveries/follow?"+query.Encode(), nil)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		data, _ := io.ReadAll(io.LimitReader(res.Body, 1<<20)) // what came of it will do
		return answered(res, data)
	}
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(make([]byte, 0, 64<<10), 16<<20)
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
