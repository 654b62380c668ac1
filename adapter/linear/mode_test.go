package linear

import (
	"strings"
	"testing"

	"github.com/linearbot/linearbot/adapter"
)

func TestMode(t *testing.T) {
	t.Parallel()
	comment := `{"type":"Comment","action":"create","organizationId":"o","data":{"id":"c","issueId":"i","body":"x"}}`
	edit := `{"type":"Comment","action":"update","organizationId":"o","data":{"id":"c","issueId":"i","body":"x"}}`
	session := `{"type":"AgentSessionEvent","action":"created","organizationId":"o","agentSession":{"id":"s","issueId":"i"}}`
	for _, tc := range []struct {
		word, body, ignore string
	}{
		{"", comment, ""},
		{"both", session, ""},
		{"comments", comment, ""},
		{"Comments", session, reasonMode},
		{"agent-sessions", comment, reasonMode},
		{"agent-sessions", edit, ""},
		{"sessions", session, ""},
	} {
		a, err := New(Config{AccessToken: "t", Mode: parseMode(tc.word)})
		if err != nil {
			t.Fatal(err)
		}
		r, err := a.Route(&adapter.Delivery{Body: []byte(tc.body)})
		if err != nil || r.Ignore != tc.ignore {
			t.Errorf("mode %q: %+v, %v, want ignore %q", tc.word, r, err, tc.ignore)
		}
	}
	if _, err := New(Config{AccessToken: "t", Mode: parseMode("carrier pigeon")}); err == nil || !strings.Contains(err.Error(), "LINEAR_MODE") {
		t.Errorf("unknown mode: %v, want an error that names LINEAR_MODE", err)
	}
}
