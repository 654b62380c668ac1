package ticketing

import (
	"errors"
	"net/http"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// Partly says whether an answer lacks what Linear could not read.
type Partly struct {
	HasRemoteErrors bool     `json:"has_remote_errors,omitempty" doc:"Whether Linear reported errors beside what it answered: fields that it could not read are null or empty."`
	Warnings        []string `json:"warnings,omitempty"`
}

// inPart lets the request be answered with what arrives if Linear cannot read all
// of it.
func (c *call) inPart() {
	c.ctx = linearapi.Partial(c.ctx, func(e *adapter.Error) {
		c.partial++
		c.notes = append(c.notes, "Linear answered in part: "+e.Message)
		c.header.Set("X-Has-Remote-Errors", "true")
	})
}

// errInPart keeps an answer in part from being kept.
var errInPart = errors.New("ticketing: Linear answered in part")

// rememberWhole is remember, but for answers in part, which are not kept.
func rememberWhole[T any](c *call, key string, ttl time.Duration, get func() (T, error)) (T, error) {
	var part T
	v, err := remember(c.api.cache, key, ttl, func() (T, error) {
		before := c.partial
		v, err := get()
		if err == nil && c.partial != before {
			part, err = v, errInPart
		}
		return v, err
	})
	if errors.Is(err, errInPart) {
		return part, nil
	}
	return v, err
}

// halfRead is the error of a directory that Linear answered in part: what is looked
// up in it could be missing for that reason only.
func halfRead() *problem {
	return &problem{
		status: http.StatusBadGateway, code: codeUpstream, remote: true, retryable: true,
		message: "Linear could not read all of a list that is needed for this: try again",
	}
}
