package linear

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter"
)

// echo answers every request with its content, token included.
type echo struct{}

func (echo) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodPost {
		return nil, fmt.Errorf("%s %s with %v", r.Method, r.URL, r.Header)
	}
	token := r.Header.Get("Authorization")
	s := &apiStub{answer: func(_ int, c apiCall) (int, string) {
		switch c.Op {
		case "viewer":
			return 200, viewerAnswer
		case "fileUpload":
			return 200, `{"data":{"fileUpload":{"uploadFile":{"uploadUrl":"https://storage.example.com/x?sig=m4rker-signature","assetUrl":"https://uploads.linear.app/x","headers":[{"key":"X-Sig","value":"m4rker-header"}]}}}}`
		default:
			return 200, `{"errors":[{"message":"refused ` + token + `","extensions":{"code":"FORBIDDEN","userPresentableMessage":"no ` + token + `"}}]}`
		}
	}}
	return s.RoundTrip(r)
}

// TestAbilitiesHoldNoSecrets makes every ability fail at a server that repeats
// the token, and looks for it in the errors.
func TestAbilitiesHoldNoSecrets(t *testing.T) {
	t.Parallel()
	a, err := New(Config{APIKey: "m4rker-key", HTTPClient: &http.Client{Transport: echo{}}})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	ref := adapter.Ref{Workspace: ownOrg, Thread: issueThread(aRoot), MessageID: aReply}
	page := adapter.PageRequest{Workspace: ownOrg, Thread: issueThread(aRoot)}
	session := adapter.ThreadID("linear:" + anIssue + ":s:s-1")
	for name, do := range map[string]func() error{
		"post": func() error {
			_, err := a.Post(ctx, &adapter.Post{Workspace: ownOrg, Thread: ref.Thread, Body: "x", Key: "k"})
			return err
		},
		"respond": func() error {
			_, err := a.Post(ctx, &adapter.Post{Workspace: ownOrg, Thread: session, Body: "x", Key: "k"})
			return err
		},
		"edit":     func() error { _, err := a.Edit(ctx, ref, "x"); return err },
		"delete":   func() error { return a.Delete(ctx, ref) },
		"react":    func() error { return a.React(ctx, ref, "eyes") },
		"unreact":  func() error { return a.Unreact(ctx, ref, "eyes") },
		"resolve":  func() error { return a.SetResolved(ctx, ownOrg, ref.Thread, true) },
		"typing":   func() error { return a.Typing(ctx, ownOrg, session, "") },
		"messages": func() error { _, err := a.Messages(ctx, page); return err },
		"threads":  func() error { _, err := a.Threads(ctx, page); return err },
		"session": func() error {
			_, err := a.Messages(ctx, adapter.PageRequest{Workspace: ownOrg, Thread: session})
			return err
		},
		"subject": func() error { _, err := a.Subject(ctx, ownOrg, ref.Thread); return err },
		"user":    func() error { _, err := a.User(ctx, ownOrg, adapter.UserQuery{Name: "ada"}); return err },
		"mention": func() error { _, err := a.MentionURL(ctx, ownOrg, "u"); return err },
		"issue":   func() error { _, err := a.IssueURL(ctx, ownOrg, anIssue); return err },
		"upload": func() error {
			_, err := a.Upload(ctx, ownOrg, adapter.Upload{Name: "a", Size: 1, Content: strings.NewReader("x")})
			return err
		},
		"refetch": func() error { _, err := a.Refetch(ctx, ownOrg, "Comment|create|"+aReply); return err },
		"missed":  func() error { _, _, err := a.Missed(ctx, ownOrg, time.Now().Add(-time.Hour), 10); return err },
		"open":    func() error { _, err := a.Open(ctx, ownOrg, "https://uploads.linear.app/x", 10); return err },
	} {
		err := do()
		if err == nil {
			t.Errorf("%s succeeded, want an error", name)
		}
		for e := err; e != nil; e = errors.Unwrap(e) {
			var b strings.Builder
			slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "v", e)
			fmt.Fprintf(&b, "%v %+v %#v", e, e, e)
			if strings.Contains(b.String(), "m4rker") {
				t.Errorf("%s: %T shows a secret: %s", name, e, b.String())
			}
		}
	}
}

// TestDecodeFindsAttachments checks the messages of events.
func TestDecodeFindsAttachments(t *testing.T) {
	t.Parallel()
	a := newAdapter(t, &apiStub{})
	for action, more := range map[string]string{"create": "", "update": `,"updatedFrom":{"body":"x","editedAt":null}`} {
		body := fmt.Sprintf(`{"type":"Comment","action":%q,"organizationId":%q,"createdAt":"2026-11-01T10:00:00Z"%s,
			"data":{"id":%q,"body":"see ![shot](https://uploads.linear.app/a/b)","issueId":%q,"userId":"u"}}`,
			action, ownOrg, more, aReply, anIssue)
		ev, err := a.Decode(&adapter.Delivery{Body: []byte(body)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		var m *adapter.Message
		switch ev := ev.(type) {
		case *adapter.MessageEvent:
			m = ev.Message
		case *adapter.EditEvent:
			m = ev.Message
		default:
			t.Fatalf("event %T", ev)
		}
		want := adapter.Attachment{Name: "shot", URL: "https://uploads.linear.app/a/b", Image: true, Own: true}
		if len(m.Attachments) != 1 || m.Attachments[0] != want {
			t.Errorf("%s: attachments %+v", action, m.Attachments)
		}
	}
}

func TestConfigOfFiles(t *testing.T) {
	t.Parallel()
	for _, cfg := range []Config{
		{APIKey: "k", UploadsURL: "uploads.linear.app"}, {APIKey: "k", UploadsURL: "https://u:p@uploads.linear.app"},
	} {
		if _, err := New(cfg); adapter.CodeOf(err) != adapter.CodeInvalid {
			t.Errorf("%v: error %v, want Invalid", cfg, err)
		}
	}
	a, err := New(Config{APIKey: "k"})
	if err != nil || a.maxBody != 50_000 || a.uploads != "uploads.linear.app" {
		t.Errorf("defaults: %d, %q, %v", a.maxBody, a.uploads, err)
	}
}
