package linearapi

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	fast "github.com/go-json-experiment/json"
	lenient "github.com/go-json-experiment/json/v1"

	"github.com/linearbot/linearbot/adapter"
)

// DefaultURL is the address of Linear's GraphQL API.
const DefaultURL = "https://api.linear.app/graphql"

// Config configures a [Client].
type Config struct {
	// URL is the address of the GraphQL API: absolute, http or https, without
	// user name and password. Defaults to [DefaultURL].
	URL string
	// Tokens returns the token for each attempt. Required.
	Tokens TokenSource
	// HTTPClient sends all requests. It is copied, and the copy follows no
	// redirects. Defaults to a client with Transport for the API, and a
	// transport of its own for files.
	HTTPClient *http.Client
	// Transport carries the requests to the API if HTTPClient has no
	// transport. Defaults to [NewTransport] with [DefaultConnections].
	Transport http.RoundTripper
	// UploadsURL is the address below which Linear stores files: absolute, http
	// or https, without user name and password. Files elsewhere are never
	// opened. With the default, files are sent to and read from public
	// addresses only; an address that is set may be private. Defaults to
	// [DefaultUploadsURL].
	UploadsURL string
	// UserAgent is sent with every request. Defaults to "linearbot/" and the
	// version of this module.
	UserAgent string
	// Timeout bounds one attempt. Defaults to 30 s.
	Timeout time.Duration
	// MaxAttempts bounds how often one request is sent. The retry after a
	// refused token is not counted. Defaults to 4.
	MaxAttempts int
	// Pause is the approximate wait before the second attempt; each further
	// wait is about twice as long, up to 5 s. Defaults to 250 ms.
	Pause time.Duration
	// MaxWait is the longest time that Linear may ask the client to wait, for
	// example when the rate limit is reached. If Linear asks for more, the call
	// fails at once and gives the time in RetryAfter. Negative means never
	// wait. Defaults to 10 s.
	MaxWait time.Duration
	// MaxResponse is the maximum size of a response body, in bytes. Defaults to
	// 16 MiB.
	MaxResponse int64
	// Observe is called after every attempt, from the goroutine of the caller
	// and before the next attempt. It must be quick. Defaults to none.
	Observe func(Call)
}

// Call describes one attempt to [Config.Observe].
type Call struct {
	// Op is the name of the operation, for example "commentCreate".
	Op string
	// Attempt counts from 1 within one request.
	Attempt int
	// Status is the HTTP status. Zero if there was no answer.
	Status int
	// Code is how the attempt ended: adapter.CodeOK unless Failed.
	Code   adapter.Code
	Failed bool
	// Took is how long the attempt lasted.
	Took time.Duration
	// RequestID is Linear's name for the request. May be empty.
	RequestID string
	// Budget is what this answer and earlier ones said about limits.
	Budget Budget
}

// Client calls Linear's GraphQL API. Make one with [New]. It is safe for
// concurrent use, starts no goroutines of its own and need not be closed;
// [Client.CloseIdleConnections] releases its idle connections at once.
type Client struct {
	url         string
	endpoint    *url.URL // url, parsed
	tokens      TokenSource
	http        *http.Client
	api         doer // http, for the API
	userAgent   string
	timeout     time.Duration
	maxAttempts int
	pause       time.Duration
	maxWait     time.Duration
	maxResponse int64
	observe     func(Call)
	files       *files
	// documents holds the texts of the operations, by name.
	documents map[string]string
	quoted    map[string]quotation // the same as JSON
	budget    meter
}

// New returns a client. It does no I/O. Its errors have code
// adapter.CodeInvalid and list everything that is wrong with cfg.
func New(cfg Config) (*Client, error) {
	c := &Client{
		url:         orDefault(cfg.URL, DefaultURL),
		tokens:      cfg.Tokens,
		http:        withoutRedirects(cfg.HTTPClient),
		userAgent:   cfg.UserAgent,
		timeout:     orDefault(cfg.Timeout, 30*time.Second),
		maxAttempts: orDefault(cfg.MaxAttempts, 4),
		pause:       orDefault(cfg.Pause, 250*time.Millisecond),
		maxWait:     orDefault(cfg.MaxWait, 10*time.Second),
		maxResponse: orDefault(cfg.MaxResponse, 16<<20),
		observe:     cfg.Observe,
	}
	if !hasTransport(cfg.HTTPClient) {
		c.http.Transport = cfg.Transport
		if cfg.Transport == nil {
			c.http.Transport = NewTransport(DefaultConnections)
		}
	}
	c.api = doerOf(c.http)
	if c.userAgent == "" {
		c.userAgent = "linearbot/" + version()
	}
	var problems []error
	problem := func(text string) {
		problems = append(problems, &adapter.Error{Code: adapter.CodeInvalid, Op: "linearapi", Message: text})
	}
	if c.tokens == nil {
		problem("Config.Tokens is missing: give it APIKey, AccessToken or ClientCredentials")
	}
	if err := CheckURL(c.url); err != nil {
		problem("Config.URL " + err.Error())
	}
	c.endpoint, _ = url.Parse(c.url) // checked above
	files, err := newFiles(cfg.UploadsURL, cfg.HTTPClient)
	if err != nil {
		problem("Config.UploadsURL " + err.Error())
	}
	c.files = files
	c.documents, err = Operations()
	c.quoted = quoteDocuments(c.documents)
	if err != nil {
		problem("the texts of the operations are broken: " + err.Error())
	}
	if c.timeout < 0 {
		problem("Config.Timeout is negative")
	}
	if c.maxAttempts < 0 {
		problem("Config.MaxAttempts is negative")
	}
	if c.pause < 0 {
		problem("Config.Pause is negative")
	}
	if c.maxResponse < 0 {
		problem("Config.MaxResponse is negative")
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return c, nil
}

// CloseIdleConnections closes the connections that no request uses. The client
// stays usable.
func (c *Client) CloseIdleConnections() {
	c.http.CloseIdleConnections()
	c.files.client.CloseIdleConnections()
}

// Budget returns what Linear last said about its limits.
func (c *Client) Budget() Budget { return c.budget.read() }

// Granted returns what Linear said that the client's token may do. Nil if that is
// unknown: Linear says it when it issues a token, and personal keys have no scopes.
// Its errors are those of the token source.
func (c *Client) Granted(ctx context.Context) ([]string, error) {
	token, err := c.tokens.Token(ctx)
	if err != nil {
		return nil, err
	}
	return slices.Clone(token.Scopes), nil
}

// do runs one operation and picks the result out of its data. D is the shape
// of the data, E that of the result; a result of nil is a malformed answer.
func do[D, E any](ctx context.Context, c *Client, op operation, vars map[string]any, pick func(*D) *E) (*E, error) {
	raw, err := c.exec(ctx, op, vars)
	if err != nil {
		return nil, err
	}
	var data D
	if err := fast.Unmarshal(raw, &data, lenient.DefaultOptionsV1(), lenient.ReportErrorsWithLegacySemantics(false)); err != nil {
		// The cause may quote the answer, so only its kind is reported.
		return nil, &adapter.Error{Code: adapter.CodeUnavailable, Op: op.name, Message: "Linear's answer does not have the expected shape"}
	}
	result := pick(&data)
	if result == nil {
		return nil, &adapter.Error{Code: adapter.CodeUnavailable, Op: op.name, Message: "Linear's answer lacks the result"}
	}
	return result, nil
}

// done returns result, or nil if the payload of a mutation says that it failed.
// A payload that says neither counts as success.
func done[E any](success *bool, result *E) *E {
	if success != nil && !*success {
		return nil
	}
	return result
}

// CheckURL reports what is wrong with the address of an API: it must be
// absolute, http or https, and free of user name and password. The error does
// not quote the address and reads as the end of a sentence that names it.
func CheckURL(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return errors.New("is not a URL")
	case u.User != nil:
		return errors.New("must not hold a user name or password: it could end up in logs")
	case u.Scheme != "http" && u.Scheme != "https":
		return errors.New("must begin with https:// or http://")
	case u.Host == "":
		return errors.New("names no host")
	}
	return nil
}

// withoutRedirects returns a copy of c that returns redirects instead of
// following them, so that a token is never sent to another address.
func withoutRedirects(c *http.Client) *http.Client {
	var own http.Client
	if c != nil {
		own = *c
	}
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}

func orDefault[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

// version returns the version of this module in the running binary.
func version() string {
	const module = "github.com/linearbot/linearbot"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "devel"
	}
	for _, m := range append([]*debug.Module{&info.Main}, info.Deps...) {
		if m.Path == module && m.Version != "" && m.Version != "(devel)" {
			return strings.TrimPrefix(m.Version, "v")
		}
	}
	return "devel"
}
