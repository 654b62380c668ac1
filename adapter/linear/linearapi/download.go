package linearapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter"
)

// opOpen is the name of reading a file, in errors and calls.
const opOpen = "fileOpen"

// OpenFile opens a file that Linear stores. Only addresses below
// Config.UploadsURL are accepted, the token is sent only there, and redirects
// are refused. Reading more than limit bytes fails with code Invalid, at once
// if the length is known. The caller closes the file. Reading ends with the
// context, and fails if no data arrives for Config.Timeout.
func (c *Client) OpenFile(ctx context.Context, address string, limit int64) (*adapter.File, error) {
	u, err := c.files.checkOpen(address)
	if err != nil {
		return nil, err
	}
	if limit <= 0 {
		return nil, fileError(opOpen, adapter.CodeInvalid, "the limit is missing", nil)
	}
	token, fail := c.token(ctx, operation{name: opOpen})
	if fail != nil {
		return nil, fail.Error
	}
	file, err := c.open(ctx, u, limit, token)
	if adapter.CodeOf(err) != adapter.CodeUnauthenticated {
		return file, err
	}
	c.tokens.Invalidate(token)
	renewed, fail := c.token(ctx, operation{name: opOpen})
	if fail != nil {
		return nil, fail.Error
	}
	if renewed.Value == token.Value {
		return nil, err // the source has no other token
	}
	return c.open(ctx, u, limit, renewed)
}

func (c *Client) open(ctx context.Context, u *url.URL, limit int64, token Token) (*adapter.File, error) {
	ctx, watch := newWatch(ctx, c.timeout)
	file, err := c.get(ctx, watch, u, limit, token)
	if err != nil {
		watch.stop()
		return nil, err
	}
	return file, nil
}

func (c *Client) get(ctx context.Context, watch *watch, u *url.URL, limit int64, token Token) (*adapter.File, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, fileError(opOpen, adapter.CodeInvalid, "the address is not a URL", nil)
	}
	req.Header.Set("User-Agent", c.userAgent)
	req.Header.Set("Accept-Encoding", "identity") // so that Content-Length is that of the file
	req.Header.Set("Authorization", token.header())
	call := c.begin(opOpen)
	resp, err := c.files.client.Do(req)
	if err != nil {
		failure := watch.explain(ctx, opOpen, err, token.Value)
		call.failed(0, adapter.CodeOf(failure))
		return nil, failure
	}
	failure := openStatus(resp)
	if failure == nil && resp.ContentLength > limit {
		failure = fileError(opOpen, adapter.CodeInvalid, fmt.Sprintf("the file is larger than %d bytes", limit), nil)
	}
	if failure != nil {
		_ = resp.Body.Close() // unread
		call.failed(resp.StatusCode, adapter.CodeOf(failure))
		return nil, failure
	}
	call.done(resp.StatusCode)
	return &adapter.File{
		ReadCloser: &fileBody{
			body: &limitedBody{ReadCloser: resp.Body, left: limit}, watch: watch,
			explain: func(err error) error { return watch.explain(ctx, opOpen, err, token.Value) },
		},
		Name: fileName(u, resp.Header.Get("Content-Disposition")),
		Type: resp.Header.Get("Content-Type"),
		Size: resp.ContentLength,
	}, nil
}

func openStatus(resp *http.Response) error {
	status := resp.StatusCode
	name := fmt.Sprintf("HTTP %d %s", status, http.StatusText(status))
	switch {
	case status == http.StatusOK:
		return nil
	case status == http.StatusUnauthorized:
		return fileError(opOpen, adapter.CodeUnauthenticated, "the token was refused ("+name+")", nil)
	case status == http.StatusForbidden:
		return fileError(opOpen, adapter.CodeForbidden, "access was refused ("+name+")", nil)
	case status == http.StatusNotFound || status == http.StatusGone:
		return fileError(opOpen, adapter.CodeNotFound, "there is no such file ("+name+")", nil)
	case status == http.StatusTooManyRequests:
		return &adapter.Error{
			Code: adapter.CodeRateLimited, Op: opOpen, Message: "the rate limit is reached (" + name + ")",
			RetryAfter: retryAfter(resp.Header, time.Now()),
		}
	case status >= 500 || status == http.StatusRequestTimeout:
		return fileError(opOpen, adapter.CodeUnavailable, "the storage failed ("+name+")", nil)
	case status >= 300 && status < 400:
		return fileError(opOpen, adapter.CodeInvalid, "the storage answers with a redirect, which is not followed ("+name+")", nil)
	default:
		return fileError(opOpen, adapter.CodeInvalid, "the storage did not give the file ("+name+")", nil)
	}
}

// fileName returns the name of a file: the one that the storage gives, else the
// last part of its address. It never contains a directory.
func fileName(u *url.URL, disposition string) string {
	if _, params, err := mime.ParseMediaType(disposition); err == nil {
		if name := baseName(params["filename"]); name != "" {
			return name
		}
	}
	return baseName(u.Path)
}

func baseName(p string) string {
	name := path.Base(strings.ReplaceAll(p, `\`, "/"))
	if name == "." || name == "/" || name == ".." {
		return ""
	}
	return name
}

// fileBody is the content of a file that is being read.
type fileBody struct {
	body    *limitedBody
	watch   *watch
	explain func(error) error
}

// Read fails with an *adapter.Error, or io.EOF.
func (b *fileBody) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	b.watch.progress()
	switch {
	case err == nil || err == io.EOF: //nolint:errorlint // bodies return it unwrapped
		return n, err
	case errors.Is(err, errTooLarge):
		return n, fileError(opOpen, adapter.CodeInvalid, "the file is larger than the limit", nil)
	default:
		return n, b.explain(err)
	}
}

// Close ends the request.
func (b *fileBody) Close() error {
	defer b.watch.stop()
	return b.body.Close()
}
