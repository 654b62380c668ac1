package linear

import (
	"bytes"
	classicjson "encoding/json"
	"errors"
	"reflect"
	"testing"
	"time"

	json "github.com/go-json-experiment/json/v1"
	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
)

// payloadSelf is the bot of the tests and of the vectors.
func payloadSelf() *adapter.Identity {
	return &adapter.Identity{
		Workspace:  "org",
		UserID:     "bot",
		Name:       "helper-bot",
		FullName:   "Helper Bot",
		ProfileURL: "https://linear.app/acme/profiles/helper-bot",
		App:        true,
	}
}

func TestUnmarshalRefuses(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", " ", "[]", `"x"`, "7", "null", "{", `{"a":}`, `{} x`, "\xef\xbb\xbf{}", "not JSON"} {
		var h header
		if err := unmarshal([]byte(body), &h); adapter.CodeOf(err) != adapter.CodeInvalid {
			t.Errorf("unmarshal(%q) = %v, want code invalid", body, err)
		}
	}
}

// A value of the wrong type must not hide the fields around it.
func TestUnmarshalLenient(t *testing.T) {
	t.Parallel()
	for _, wrong := range []string{"7", "true", "null", `"text"`, "[]", `[{"id":1}]`, "{}", `{"id":[]}`, "1e999"} {
		body := `{"type":` + wrong + `,"action":"create","data":{"updatedAt":` + wrong + `,"issue":` + wrong +
			`,"comment":` + wrong + `,"parent":` + wrong + `,"id":"c"},"updatedFrom":` + wrong +
			`,"agentSession":` + wrong + `,"notification":` + wrong + `,"organizationId":"org"}`
		var h header
		if err := unmarshal([]byte(body), &h); err != nil {
			t.Fatalf("%s: %v", wrong, err)
		}
		if h.Action != "create" || h.Data.ID != "c" || h.OrganizationID != "org" {
			t.Errorf("%s hides its neighbors: %+v", wrong, h)
		}
	}
}

func TestUnmarshalLenientEntities(t *testing.T) {
	t.Parallel()
	for _, wrong := range []string{"7", "true", "null", "[]", `[7,{"id":"x"}]`} {
		body := `{"actor":` + wrong + `,"data":{"user":` + wrong + `,"botActor":` + wrong + `,"createdAt":` + wrong +
			`,"issue":{"priority":"high","labels":` + wrong + `,"labelIds":` + wrong + `,"id":"i"},"id":"c"},"url":"u"}`
		var p entityPayload[commentPayload]
		if err := unmarshal([]byte(body), &p); err != nil {
			t.Fatalf("%s: %v", wrong, err)
		}
		if p.Data.ID != "c" || p.Data.Issue.ID != "i" || p.URL != "u" {
			t.Errorf("%s hides its neighbors: %+v", wrong, p)
		}
	}
}

// Input that encoding/json has always accepted is still accepted.
func TestUnmarshalClassicRules(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, body, want string }{
		{"the last of two", `{"type":"a","type":"b"}`, "b"},
		{"the last of two, one of the wrong type", `{"type":"a","type":7}`, "a"},
		{"invalid UTF-8", "{\"type\":\"a\xffb\"}", "a\ufffdb"},
		{"half a surrogate pair", `{"type":"a\ud800b"}`, "a\ufffdb"},
		{"another case", `{"TYPE":"a"}`, "a"},
		{"unknown names", `{"x":{"type":"b"},"type":"a","\u0000":[[[]]]}`, "a"},
		{"null leaves the field", `{"type":"a","type":null}`, "a"},
		{"white space", " \r\n\t{ \"type\" : \"a\" } \n", "a"},
	} {
		var h header
		if err := unmarshal([]byte(tt.body), &h); err != nil || h.Type != tt.want {
			t.Errorf("%s: %q, %v, want %q", tt.name, h.Type, err, tt.want)
		}
	}
}

// FuzzUnmarshal compares the decoder with that of encoding/json.
func FuzzUnmarshal(f *testing.F) {
	addSeeds(f)
	f.Add([]byte(`{"type":"a","TYPE":"b","data":{"issue":{"id":"\ud800"},"issueId":7,"issueId":"x"}}`))
	type shape struct {
		Type         string
		Action       string
		Data         struct{ parentRefs }
		AgentSession headerSession
		Notification headerNotice
		Actor        actorPayload
		URL          string
		Number       float64
		List         []string
		Labels       []labelPayload
		Map          map[string]any
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var got, want shape
		err := unmarshal(body, &got)
		classic := classicjson.Unmarshal(body, &want)
		if _, ok := errors.AsType[*classicjson.UnmarshalTypeError](classic); ok && err == nil {
			classic = nil
		}
		if len(bytes.TrimLeft(body, " \t\r\n")) == 0 || bytes.TrimLeft(body, " \t\r\n")[0] != '{' {
			if err == nil {
				t.Fatal("accepted what is not an object")
			}
			return
		}
		if (err == nil) != (classic == nil) {
			t.Fatalf("error %v, encoding/json says %v", err, classic)
		}
		if diff := cmp.Diff(want, got, cmp.Exporter(func(reflect.Type) bool { return true })); err == nil && diff != "" {
			t.Errorf("(-encoding/json +got):\n%s", diff)
		}
	})
}

func TestText(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]text{
		`"a\nb"`:    {s: "a\nb", ok: true},
		`""`:        {ok: true},
		`null`:      {},
		`7`:         {},
		`{"a":"b"}`: {},
	} {
		var got text
		if err := json.Unmarshal([]byte(in), &got); err != nil || got != want {
			t.Errorf("%s gives %+v, %v; want %+v", in, got, err, want)
		}
	}
}

func TestTimestamp(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 8, 4, 10, 15, 30, 123456000, time.UTC)
	for in, want := range map[string]time.Time{
		`"2026-08-04T10:15:30.123456Z"`:      at,
		`"2026-08-04T12:15:30.123456+02:00"`: at,
		`"2026-08-04T10:15:30.123456+00:00"`: at,
		`"yesterday"`:                        {},
		`""`:                                 {},
		`null`:                               {},
		`1785312000000`:                      {},
		`{}`:                                 {},
	} {
		var got timestamp
		if err := json.Unmarshal([]byte(in), &got); err != nil || got.Time != want {
			t.Errorf("%s gives %v, %v; want %v", in, got.Time, err, want)
		}
	}
}

func TestBotActor(t *testing.T) {
	t.Parallel()
	want := botActorPayload{ID: "b", Type: "github", Name: "GitHub"}
	for in, want := range map[string]botActorPayload{
		`{"id":"b","type":"github","name":"GitHub"}`:               want,
		`"{\"id\":\"b\",\"type\":\"github\",\"name\":\"GitHub\"}"`: want,
		`"GitHub"`:  {Name: "GitHub"},
		`"{broken"`: {},
		`null`:      {},
		`[]`:        {},
	} {
		var got botActorPayload
		if err := json.Unmarshal([]byte(in), &got); err != nil {
			t.Errorf("%s: %v", in, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", in, diff)
		}
	}
}
