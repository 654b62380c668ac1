package linearapi

import (
	"errors"
	"io"
	"net/http"
)

// errTooLarge stops the reading of a body that is too large.
var errTooLarge = errors.New("answer too large")

// attempt sends one HTTP request and records the answer.
type attempt struct {
	client    doer
	userAgent string
	token     Token
	limit     int64

	sent   bool
	err    error
	status int
	header http.Header
	body   *limitedBody
	// arrived is the data of an answer with errors, if the caller wants it.
	arrived []byte
}

// doer sends requests: an *http.Client, or a transport without one.
type doer interface {
	Do(req *http.Request) (*http.Response, error)
}

// direct sends requests through a transport. It saves what an *http.Client does for
// redirects and cookies, of which there are none here: a copy of the headers for each
// request.
type direct struct{ transport *http.Transport }

// Do sends a request.
func (d direct) Do(req *http.Request) (*http.Response, error) { return d.transport.RoundTrip(req) }

// doerOf returns what sends the requests of a client that follows no redirects.
func doerOf(c *http.Client) doer {
	if t, ok := c.Transport.(*http.Transport); ok && c.Jar == nil && c.Timeout == 0 {
		return direct{t}
	}
	return c
}

// Do sends req. This and Client.get are the only places where a token enters a
// request.
func (a *attempt) Do(req *http.Request) (*http.Response, error) {
	a.sent = true
	values := []string{"application/json", "application/json", a.userAgent, a.token.header()}
	req.Header = http.Header{
		"Accept": values[0:1:1], "Content-Type": values[1:2:2], "User-Agent": values[2:3:3], "Authorization": values[3:4:4],
	}
	resp, err := a.client.Do(req)
	if err != nil {
		a.err = err
		return nil, err
	}
	a.status, a.header = resp.StatusCode, resp.Header
	a.body = &limitedBody{ReadCloser: resp.Body, left: a.limit, tooLarge: resp.ContentLength > a.limit}
	resp.Body = a.body
	return resp, nil
}

// limitedBody fails with errTooLarge when more than left bytes are read.
type limitedBody struct {
	io.ReadCloser
	left     int64
	tooLarge bool
}

// Read reads up to the limit and one byte more, to detect that it is exceeded.
func (b *limitedBody) Read(p []byte) (int, error) {
	if b.tooLarge {
		return 0, errTooLarge
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if int64(n) > b.left {
		b.tooLarge = true
		return int(b.left), errTooLarge
	}
	b.left -= int64(n)
	return n, err
}
