package ticketing

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
)

// maxBody is the largest body of a request that brings no file.
const maxBody = 2 << 20

// readBody reads and decodes the body.
func (c *call) readBody(w http.ResponseWriter) error {
	switch c.r.Method {
	case http.MethodGet, http.MethodHead:
		return nil
	}
	limit := int64(maxBody)
	if c.route.upload {
		limit = c.api.cfg.MaxUpload*4/3 + 1<<20 // base64 takes a third more
	}
	if c.r.ContentLength > limit {
		return tooLarge(limit)
	}
	body := http.MaxBytesReader(w, c.r.Body, limit)
	if c.route.upload && isMultipart(c.r) {
		var err error
		c.input, err = c.parts(body)
		return err
	}
	raw, err := io.ReadAll(body)
	if err != nil {
		return cutOff(err, "the body was cut off")
	}
	c.raw, c.size = raw, int64(len(raw))
	if c.input, err = decodeBody(c.r.Header.Get("Content-Type"), raw); err == nil {
		c.input.loose = c.route.facade
	}
	return err
}

// cutOff tells a body that is too large from one that did not arrive.
func cutOff(err error, message string) *problem {
	if over, is := errors.AsType[*http.MaxBytesError](err); is {
		return tooLarge(over.Limit)
	}
	return badRequest(codeInvalidRequest, "%s", message)
}

func tooLarge(limit int64) *problem {
	return &problem{
		status: http.StatusRequestEntityTooLarge, code: codeTooLarge,
		message: fmt.Sprintf("the body is larger than %d bytes", limit),
	}
}

func isMultipart(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "multipart/form-data"
}

// canonical rewrites a JSON body so that bodies that say the same are equal:
// spaces and the order of keys
// aside.
func canonical(raw []byte) []byte {
	var v any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return raw
	}
	out, err := json.Marshal(v)
	if err != nil {
		return raw
	}
	return out
}
