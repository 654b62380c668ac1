package linear

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/linearbot/linearbot/adapter"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestChannel(t *testing.T) {
	t.Parallel()
	a := newAdapter(t, &apiStub{})
	if a.Name() != "linear" {
		t.Errorf("Name() = %q", a.Name())
	}
	for id, want := range map[adapter.ThreadID]adapter.ThreadID{
		"linear:i": "linear:i", "linear:i:c:x": "linear:i", "linear:i:s:x": "linear:i", "linear:i:c:x:s:y": "linear:i",
	} {
		if got, err := a.Channel(id); got != want || err != nil {
			t.Errorf("Channel(%q) = %q, %v; want %q", id, got, err, want)
		}
	}
	if _, err := a.Channel("slack:x"); adapter.CodeOf(err) != adapter.CodeInvalid {
		t.Errorf("a foreign id: %v", err)
	}
}

// A bot with a person's key recognizes its own comments by their ids, and does
// not mistake the person's for its own.
func TestDecodeKnowsOwnIDs(t *testing.T) {
	t.Parallel()
	a := newAdapter(t, &apiStub{})
	if _, err := a.secrets.load(t.Context()); err != nil { // as Identity does
		t.Fatal(err)
	}
	self := &adapter.Identity{Workspace: ownOrg, UserID: ownBot, Name: "ada"}
	for id, own := range map[string]bool{WriteID(ownOrg, ownBot, "k"): true, aReply: false} {
		body := fmt.Sprintf(`{"type":"Comment","action":"create","organizationId":%q,"createdAt":"2026-11-01T10:00:00Z",
			"webhookTimestamp":1793527200000,"actor":{"id":%q,"type":"user","name":"Ada"},
			"data":{"id":%q,"body":"hi","issueId":%q,"userId":%q,"user":{"id":%q,"name":"Ada"},"createdAt":"2026-11-01T10:00:00Z","updatedAt":"2026-11-01T10:00:00Z"}}`,
			ownOrg, ownBot, id, anIssue, ownBot, ownBot)
		d := &adapter.Delivery{Body: []byte(body)}
		if route, err := a.Route(d); err != nil || route.Workspace != ownOrg {
			t.Errorf("route %+v, %v", route, err)
		}
		ev, err := a.Decode(d, self)
		if err != nil {
			t.Fatal(err)
		}
		m, ok := ev.(*adapter.MessageEvent)
		if !ok {
			t.Fatalf("event %T, want a message", ev)
		}
		if m.Message.Author.IsSelf() != own {
			t.Errorf("comment %s: author %+v, want self %v", id, m.Message.Author, own)
		}
		if _, err := a.Decode(d, nil); err != nil {
			t.Errorf("without an identity: %v", err)
		}
	}
}

// End to end over HTTP: token endpoint, refused token, new token, write.
func TestClientCredentialsOverHTTP(t *testing.T) {
	t.Parallel()
	granted := 0
	write := func(w io.Writer, text string) {
		if _, err := io.WriteString(w, text); err != nil {
			t.Error(err)
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /oauth/token", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("client_id") != "app-1" || r.FormValue("client_secret") != "secret-1" || r.FormValue("scope") != "read,write" {
			t.Errorf("form %v", r.Form)
		}
		granted++
		w.Header().Set("Content-Type", "application/json")
		write(w, fmt.Sprintf(`{"access_token":"token-%d","token_type":"Bearer","expires_in":2591999,"scope":"read write"}`, granted))
	})
	mux.HandleFunc("POST /graphql", func(w http.ResponseWriter, r *http.Request) {
		var b strings.Builder
		if err := r.Write(&b); err != nil {
			t.Error(err)
		}
		switch {
		case r.Header.Get("Authorization") != "Bearer token-2":
			w.WriteHeader(http.StatusUnauthorized)
			write(w, `{"errors":[{"message":"Authentication required","extensions":{"code":"AUTHENTICATION_ERROR"}}]}`)
		case strings.Contains(b.String(), `"operationName":"viewer"`):
			write(w, viewerAnswer)
		default:
			write(w, `{"data":{"commentCreate":{"success":true,"comment":{"id":"`+WriteID(ownOrg, ownBot, "k")+`","body":"hi"}}}}`)
		}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	a, err := New(Config{
		ClientID: "app-1", ClientSecret: "secret-1", Scopes: []string{"read", "write"},
		APIURL: server.URL + "/graphql", HTTPClient: server.Client(),
	})
	if err != nil {
		t.Fatal(err)
	}
	a.UseSecret(func(context.Context) ([]byte, error) { return []byte(testSecret), nil })
	m, err := a.Post(t.Context(), &adapter.Post{Workspace: ownOrg, Thread: issueThread(aRoot), Body: "hi", Key: "k"})
	if err != nil || m.ID != WriteID(ownOrg, ownBot, "k") {
		t.Errorf("message %+v, %v", m, err)
	}
	if granted != 2 {
		t.Errorf("%d tokens granted, want 2", granted)
	}
	if api, err := a.API(t.Context(), ownOrg); err != nil || api == nil {
		t.Errorf("API: %v", err)
	}
	if _, err := a.API(t.Context(), "org-2"); adapter.CodeOf(err) != adapter.CodeForbidden {
		t.Errorf("API of another workspace: %v", err)
	}
}
