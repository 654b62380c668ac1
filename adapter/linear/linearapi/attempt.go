package linearapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// errTooLarge stops the reading of a body that is too large.
var errTooLarge = errors.New("answer too large")

// attempt sends one HTTP request and records the answer. It is the GraphQL
// package's Doer for exactly that request.
type attempt struct {
	client    *http.Client
	userAgent string
	token     Token
	limit     int64

	sent   bool
	err    error
	status int
	header http.Header
	body   *limitedBody
	// data is that of an answer without errors.
	data json.RawMessage
}

// Do sends req. This and Client.get are the only places where a token enters a
// request.
func (a *attempt) Do(req *http.Request) (*http.Response, error) {
	a.sent = true
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", a.userAgent)
	req.Header.Set("Authorization", a.token.header())
	resp, err := a.client.Do(req) //nolint:gosec // the address comes from the configuration
	if err != nil {
		a.err = err
		return nil, err
	}
	a.status, a.header = resp.StatusCode, resp.Header
	a.body = &limitedBody{ReadCloser: resp.Body, left: a.limit, tooLarge: resp.ContentLength > a.limit}
	resp.Body = a.body
	if resp.StatusCode == http.StatusOK {
		a.take(resp)
	}
	return resp, nil
}

// take reads an answer without errors here, and leaves an empty one to the GraphQL
// package, which would go through the data three times. Every other answer is left
// to it as it came.
func (a *attempt) take(resp *http.Response) {
	var buf bytes.Buffer
	if n := resp.ContentLength; n > 0 && n <= a.limit {
		buf.Grow(int(n) + bytes.MinRead)
	}
	_, err := buf.ReadFrom(resp.Body)
	raw := buf.Bytes()
	rest := io.Reader(bytes.NewReader(raw))
	if err != nil {
		rest = io.MultiReader(rest, brokenOff{err})
	} else if data, ok := dataOf(raw); ok {
		a.data, rest = data, strings.NewReader(`{"data":{}}`)
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{rest, resp.Body}
}

// dataOf returns the data of an answer. ok is false if there are errors, or if it
// is not what an answer looks like.
func dataOf(raw []byte) (data json.RawMessage, ok bool) {
	d := jsontext.NewDecoder(bytes.NewBuffer(raw), jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
	if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
		return nil, false
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, false
		}
		key := name.String()
		v, err := d.ReadValue()
		switch {
		case err != nil, key == "errors" && string(v) != "null":
			return nil, false
		case key == "data":
			data = bytes.Clone(v)
		}
	}
	t, err := d.ReadToken()
	return data, err == nil && t.Kind() == '}' && data != nil
}

// brokenOff is a reader that fails.
type brokenOff struct{ err error }

// Read fails.
func (b brokenOff) Read([]byte) (int, error) { return 0, b.err }

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
