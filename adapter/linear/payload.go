package linear

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"time"

	fast "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	json "github.com/go-json-experiment/json/v1"

	"github.com/linearbot/linearbot/adapter"
)

// The types in this file and in payload_entity.go are what Linear writes on the
// wire, cut down to what a bot can use. Every field may be missing, null or of
// another JSON type than the schema says; all of these read as absent and leave
// the fields beside them intact.

// unmarshal fills v from a JSON object. Values of the wrong type leave their
// field as it was; if a name is duplicated, the last value wins; invalid UTF-8
// is replaced. If body is not a JSON object, the error has code
// adapter.CodeInvalid.
//
// The package is the classic encoding/json over the faster engine of its second
// version, because stricter rules would reject input from a sender that we
// cannot correct.
func unmarshal(body []byte, v any) error {
	if trimmed := bytes.TrimLeft(body, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '{' {
		return &adapter.Error{Code: adapter.CodeInvalid, Op: "decode delivery", Message: "the body is not a JSON object"}
	}
	// The classic rules have the body validated before it is decoded, which is a
	// second pass. Without them the decoder stops at a value of the wrong type; the few
	// bodies that have one are decoded again.
	err := fast.Unmarshal(body, v, json.DefaultOptionsV1(), json.ReportErrorsWithLegacySemantics(false))
	if err == nil {
		return nil
	}
	reflect.ValueOf(v).Elem().SetZero()
	err = json.Unmarshal(body, v)
	// The decoder continues after a value of the wrong type and reports the
	// first one at the end.
	if _, ok := errors.AsType[*json.UnmarshalTypeError](err); err != nil && !ok {
		return &adapter.Error{Code: adapter.CodeInvalid, Op: "decode delivery", Message: "the body is not valid JSON", Err: err}
	}
	return nil
}

// text is a string that records whether it was present as a string.
type text struct {
	s  string
	ok bool
}

// UnmarshalJSONFrom keeps strings and treats everything else as absent.
func (t *text) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	var err error
	t.s, t.ok, err = readString(dec)
	return err
}

// textOf reads a value; a missing one is absent.
func textOf(raw []byte) text {
	var t text
	if len(raw) == 0 || json.Unmarshal(raw, &t) != nil {
		return text{}
	}
	return t
}

// isText only records whether the value was a string.
type isText bool

// UnmarshalJSONFrom looks at the first byte.
func (t *isText) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	*t = dec.PeekKind() == '"'
	return dec.SkipValue()
}

// timestamp is a time that is zero when it cannot be read.
type timestamp struct{ time.Time }

// UnmarshalJSONFrom reads RFC 3339 and treats everything else as absent.
func (t *timestamp) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	t.Time = time.Time{}
	s, _, err := readString(dec)
	if s != "" {
		t.Time = parseTime(s)
	}
	return err
}

// readString consumes a value and returns it if it is a string. The error is a
// syntax error.
func readString(dec *jsontext.Decoder) (s string, ok bool, err error) {
	if dec.PeekKind() != '"' {
		return "", false, dec.SkipValue()
	}
	token, err := dec.ReadToken()
	if err != nil {
		return "", false, err
	}
	return token.String(), true, nil
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

// UnmarshalJSONFrom reads an object, or a string with an object inside. Any
// other string is the name.
func (p *botActorPayload) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	type plain botActorPayload
	*p = botActorPayload{}
	var object []byte
	if dec.PeekKind() == '"' {
		s, _, err := readString(dec)
		if err != nil {
			return err
		}
		if !strings.HasPrefix(s, "{") {
			p.Name = s
			return nil
		}
		object = []byte(s)
	} else {
		value, err := dec.ReadValue()
		if err != nil {
			return err
		}
		object = value
	}
	if err := unmarshal(object, (*plain)(p)); err != nil {
		*p = botActorPayload{}
	}
	return nil
}

func (p *botActorPayload) present() bool { return p.ID != "" || p.Name != "" || p.Type != "" }
