package linear

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
)

// payloadSelf is the bot of the tests, which is also that of the vectors.
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
		if err := unmarshal([]byte(body), &h); adapter.CodeOf(err) != adapter.Invalid {
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
