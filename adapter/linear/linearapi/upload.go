package linearapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/linearbot/linearbot/adapter"
)

// opPut is the name of sending a file, in errors and calls.
const opPut = "filePut"

// UploadTarget is where a file may be sent. Its text forms do not show
// UploadURL, which lets anyone who knows it write.
type UploadTarget struct {
	// UploadURL is where to send the file to, with Headers.
	UploadURL string         `json:"uploadUrl"`
	Headers   []UploadHeader `json:"headers"`
	// AssetURL is where the file can be read afterwards.
	AssetURL    string  `json:"assetUrl"`
	ContentType string  `json:"contentType"`
	Filename    string  `json:"filename"`
	Size        float64 `json:"size"`
}

// UploadHeader is a header of the request that sends a file. Its text forms do
// not show the value.
type UploadHeader struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// String returns a text that shows AssetURL only.
func (u UploadTarget) String() string { return "upload target of " + mask(u.AssetURL) }

// GoString returns a text that shows AssetURL only.
func (u UploadTarget) GoString() string { return u.String() }

// Format writes a text that shows AssetURL only, whatever the verb.
func (u UploadTarget) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, u.String()) // fmt reports write errors itself
}

// MarshalJSON returns a text that shows AssetURL only.
func (u UploadTarget) MarshalJSON() ([]byte, error) {
	return []byte(`{"assetUrl":` + quote(mask(u.AssetURL)) + `}`), nil
}

// String returns the name of the header.
func (h UploadHeader) String() string { return h.Key + ": " + redacted }

// GoString returns the name of the header.
func (h UploadHeader) GoString() string { return h.String() }

// Format writes the name of the header, whatever the verb.
func (h UploadHeader) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, h.String()) // fmt reports write errors itself
}

// MarshalJSON returns the name of the header.
func (h UploadHeader) MarshalJSON() ([]byte, error) {
	return []byte(`{"key":` + quote(h.Key) + `}`), nil
}

// FileUploadInput describes the file to send. All fields but MakePublic are
// required.
type FileUploadInput struct {
	Filename, ContentType string
	// Size is the length of the file in bytes.
	Size int64
	// MakePublic lets anyone who knows its address read the file. Otherwise
	// only members of the workspace can.
	MakePublic bool
}

// FileUpload asks where a file may be sent. [Client.PutFile] sends it.
func (c *Client) FileUpload(ctx context.Context, in FileUploadInput) (*UploadTarget, error) {
	v := vars{"filename": in.Filename, "contentType": in.ContentType, "size": in.Size}
	if in.MakePublic {
		v["makePublic"] = true
	}
	// A retry only yields a second upload address, and the first stays unused.
	op := operation{name: "fileUpload", repeatable: true}
	return mutate[UploadTarget](ctx, c, op, "uploadFile", v)
}

// PutFile sends a file of size bytes to where [Client.FileUpload] said, in one
// request, without a token and without following redirects. It reads content
// once and does not close it. It fails with code adapter.CodeInvalid if content
// is not exactly size bytes long, or if the address is not https or resolves
// into a private network. It gives up if there is no progress for
// Config.Timeout.
func (c *Client) PutFile(ctx context.Context, to *UploadTarget, size int64, content io.Reader) error {
	if size < 0 || content == nil {
		return fileError(opPut, adapter.CodeInvalid, "the size or the content is missing", nil)
	}
	if err := c.files.checkPut(to.UploadURL); err != nil {
		return err
	}
	ctx, watch := newWatch(ctx, c.timeout)
	defer watch.stop()
	body := &exactReader{r: content, left: size, progress: watch.progress}
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, to.UploadURL, body)
	if err != nil {
		return fileError(opPut, adapter.CodeInvalid, "the address to send the file to is not a URL", nil)
	}
	req.ContentLength = size
	if size == 0 {
		if _, err := body.Read(make([]byte, 1)); err != io.EOF { //nolint:errorlint // exactReader returns it bare
			return fileError(opPut, adapter.CodeInvalid, errSize.Error(), nil)
		}
		req.Body = http.NoBody
	}
	req.Header.Set("User-Agent", c.userAgent)
	req.Header.Set("Content-Type", to.ContentType)
	req.Header.Set("Cache-Control", "public, max-age=31536000")
	for _, h := range to.Headers {
		req.Header.Set(h.Key, h.Value)
		if strings.EqualFold(h.Key, "Host") {
			req.Host = h.Value
		}
	}
	call := c.begin(opPut)
	resp, err := c.files.client.Do(req)
	if err != nil {
		call.failed(0, adapter.CodeUnavailable)
		return putFailure(ctx, watch, body, err, to)
	}
	defer resp.Body.Close() //nolint:errcheck // nothing is read from it
	if resp.StatusCode/100 == 2 && body.err == nil {
		call.done(resp.StatusCode)
		return nil
	}
	failure := putStatus(resp.StatusCode)
	if body.err != nil {
		failure = putFailure(ctx, watch, body, body.err, to)
	}
	call.failed(resp.StatusCode, adapter.CodeOf(failure))
	return failure
}

// putFailure returns why a file could not be sent.
func putFailure(ctx context.Context, watch *watch, body *exactReader, err error, to *UploadTarget) error {
	switch {
	case errors.Is(err, errSize):
		return fileError(opPut, adapter.CodeInvalid, errSize.Error(), nil)
	case body.err != nil && !errors.Is(body.err, context.Canceled):
		return fileError(opPut, adapter.CodeUnavailable, "the file cannot be read", networkCause(body.err, to.UploadURL))
	}
	return watch.explain(ctx, opPut, err, to.secrets()...)
}

// secrets returns the parts of a target that must not appear in errors: the
// address, its query values, and the headers. Short values are left out, as
// they are words like "private".
func (u UploadTarget) secrets() []string {
	s := []string{u.UploadURL}
	add := func(value string) {
		if len(value) >= 8 {
			s = append(s, value)
		}
	}
	if parsed, err := url.Parse(u.UploadURL); err == nil {
		for _, values := range parsed.Query() {
			for _, value := range values {
				add(value)
			}
		}
		for part := range strings.SplitSeq(parsed.RawQuery, "&") {
			_, value, _ := strings.Cut(part, "=")
			add(value)
		}
	}
	for _, h := range u.Headers {
		add(h.Value)
	}
	return s
}

func putStatus(status int) error {
	name := fmt.Sprintf("HTTP %d %s", status, http.StatusText(status))
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return fileError(opPut, adapter.CodeForbidden, "the storage refused the file ("+name+")", nil)
	case status >= 500 || status == http.StatusRequestTimeout || status == http.StatusTooManyRequests:
		return fileError(opPut, adapter.CodeUnavailable, "the storage failed ("+name+")", nil)
	case status >= 300 && status < 400:
		return fileError(opPut, adapter.CodeInvalid, "the storage answers with a redirect, which is not followed ("+name+")", nil)
	default:
		return fileError(opPut, adapter.CodeInvalid, "the storage did not take the file ("+name+")", nil)
	}
}

// errSize says that a file does not have the announced size.
var errSize = errors.New("the file is not as long as its size says")

// exactReader reads exactly left bytes, and fails with errSize if there are
// fewer or more. It tries to read one byte more before it returns the last, so
// that a file that is too long is never sent completely.
type exactReader struct {
	r        io.Reader
	left     int64
	progress func()
	// err is the error that ended reading, other than io.EOF.
	err error
}

// Read implements io.Reader.
func (e *exactReader) Read(p []byte) (int, error) {
	if e.err != nil {
		return 0, e.err
	}
	e.progress()
	if e.left == 0 {
		return 0, e.end()
	}
	if len(p) == 0 {
		return 0, nil
	}
	if int64(len(p)) > e.left {
		p = p[:e.left]
	}
	n, err := e.r.Read(p)
	e.left -= int64(n)
	switch {
	case err != nil && err != io.EOF:
		e.err = err
		return 0, err
	case err == io.EOF && e.left > 0:
		e.err = errSize
		return 0, errSize
	case e.left == 0:
		if end := e.end(); end != io.EOF { //nolint:errorlint // end returns it bare
			return 0, end
		}
	}
	return n, nil
}

// end checks for bytes beyond the expected end.
func (e *exactReader) end() error {
	var one [1]byte
	for range 100 {
		n, err := e.r.Read(one[:])
		switch {
		case n > 0:
			e.err = errSize
			return errSize
		case err == io.EOF:
			return io.EOF
		case err != nil:
			e.err = err
			return err
		}
	}
	e.err = io.ErrNoProgress
	return e.err
}
