package linear

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter"
)

// The types in this file and in payload_entity.go are what Linear writes on
// the wire, cut down to what a bot can use. Every field may be missing, null or
// of another JSON type than the schema says; all of that reads as absent, and
// never hides the fields beside it.

// unmarshal fills v from a JSON object. Values of the wrong type leave their
// field as it was. The error has code Invalid: body is no JSON object.
func unmarshal(body []byte, v any) error {
	if trimmed := bytes.TrimLeft(body, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '{' {
		return &adapter.Error{Code: adapter.Invalid, Op: "decode delivery", Message: "the body is not a JSON object"}
	}
	err := json.Unmarshal(body, v)
	// The decoder goes on after a value of the wrong type and reports the
	// first one at the end.
	if _, ok := errors.AsType[*json.UnmarshalTypeError](err); err != nil && !ok {
		return &adapter.Error{Code: adapter.Invalid, Op: "decode delivery", Message: "the body is not valid JSON", Err: err}
	}
	return nil
}

// text is a string that knows whether it was one.
type text struct {
	s  string
	ok bool
}

// UnmarshalJSON keeps strings and takes everything else for absent.
func (t *text) UnmarshalJSON(b []byte) error {
	*t = text{}
	if isString(b) {
		t.ok = json.Unmarshal(b, &t.s) == nil
	}
	return nil
}

// isText only tells whether there was a string.
type isText bool

// UnmarshalJSON looks at the first byte.
func (t *isText) UnmarshalJSON(b []byte) error {
	*t = isText(isString(b))
	return nil
}

func isString(b []byte) bool { return len(b) > 0 && b[0] == '"' }

// timestamp is a time that is zero when it cannot be read.
type timestamp struct{ time.Time }

// UnmarshalJSON reads RFC 3339 and takes everything else for absent.
func (t *timestamp) UnmarshalJSON(b []byte) error {
	t.Time = time.Time{}
	if isString(b) && len(b) > 2 {
		t.Time = parseTime(string(b[1 : len(b)-1]))
	}
	return nil
}

func parseTime(s string) time.Time {
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}

// idRef is a nested object of which only the id matters.
type idRef struct {
	ID string `json:"id"`
}

// userPayload is a nested user.
type userPayload struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Email     string `json:"email"`
	URL       string `json:"url"`
	AvatarURL string `json:"avatarUrl"`
}

// actorPayload is the actor of an envelope.
type actorPayload struct {
	userPayload

	Type    string `json:"type"`
	Service string `json:"service"`
}

// botActorPayload is who acted through an integration. Linear writes it as a
// string that holds JSON; an object is read as well.
type botActorPayload struct {
	ID              string `json:"id"`
	Type            string `json:"type"`
	Name            string `json:"name"`
	UserDisplayName string `json:"userDisplayName"`
	AvatarURL       string `json:"avatarUrl"`
}

// UnmarshalJSON reads an object, or a string with an object inside. Any other
// string is the name.
func (p *botActorPayload) UnmarshalJSON(b []byte) error {
	type plain botActorPayload
	*p = botActorPayload{}
	if isString(b) {
		var inner text
		_ = inner.UnmarshalJSON(b) // it takes anything
		if !strings.HasPrefix(inner.s, "{") {
			p.Name = inner.s
			return nil
		}
		b = []byte(inner.s)
	}
	if err := unmarshal(b, (*plain)(p)); err != nil {
		*p = botActorPayload{}
	}
	return nil
}

func (p *botActorPayload) present() bool { return p.ID != "" || p.Name != "" || p.Type != "" }

// first returns the first string that is not empty.
func first(s ...string) string {
	for _, v := range s {
		if v != "" {
			return v
		}
	}
	return ""
}
