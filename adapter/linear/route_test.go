package linear

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
)

func TestRoute(t *testing.T) {
	t.Parallel()
	const env = `"organizationId":"org","createdAt":"T0","webhookId":"w","webhookTimestamp":1`
	tests := []struct {
		name, body          string
		thread, key, ignore string
	}{
		{
			name:   "root comment",
			body:   `{"type":"Comment","action":"create","data":{"id":"c","updatedAt":"T1","body":"hi","issueId":"i"}}`,
			thread: "linear:i:c:c", key: "Comment|create|c",
		},
		{
			name:   "reply",
			body:   `{"type":"Comment","action":"create","data":{"id":"c","body":"hi","issueId":"i","parentId":"r"}}`,
			thread: "linear:i:c:r", key: "Comment|create|c",
		},
		{
			name:   "reply, ids only in objects",
			body:   `{"type":"Comment","action":"create","data":{"id":"c","body":"hi","issue":{"id":"i"},"parent":{"id":"r"}}}`,
			thread: "linear:i:c:r", key: "Comment|create|c",
		},
		{
			name:   "comment on a project update",
			body:   `{"type":"Comment","action":"create","data":{"id":"c","body":"hi","projectUpdateId":"p"}}`,
			thread: "linear:project-update/p:c:c", key: "Comment|create|c",
		},
		{
			name:   "comment on an initiative update",
			body:   `{"type":"Comment","action":"create","data":{"id":"c","body":"hi","initiativeUpdate":{"id":"p"}}}`,
			thread: "linear:initiative-update/p:c:c", key: "Comment|create|c",
		},
		{
			name:   "comment on a document",
			body:   `{"type":"Comment","action":"create","data":{"id":"c","body":"hi","issueId":null,"documentContentId":"p","parentId":"r"}}`,
			thread: "linear:document/p:c:r", key: "Comment|create|c",
		},
		{
			name:   "comment on an initiative",
			body:   `{"type":"Comment","action":"create","data":{"id":"c","body":"hi","initiativeId":"p"}}`,
			thread: "linear:initiative/p:c:c", key: "Comment|create|c",
		},
		{
			name:   "comment on a project",
			body:   `{"type":"Comment","action":"create","data":{"id":"c","body":"hi","projectId":"p"}}`,
			thread: "linear:project/p:c:c", key: "Comment|create|c",
		},
		{
			name:   "comment on nothing",
			body:   `{"type":"Comment","action":"create","data":{"id":"c","body":"hi","issueId":""}}`,
			thread: "linear:workspace/org", key: "Comment|create|c", ignore: "no_thread",
		},
		{
			name:   "comment without text",
			body:   `{"type":"Comment","action":"create","data":{"id":"c","body":7,"issueId":"i"}}`,
			thread: "linear:i:c:c", key: "Comment|create|c", ignore: "malformed",
		},
		{
			name:   "comment update",
			body:   `{"type":"Comment","action":"update","data":{"id":"c","updatedAt":"T1","issueId":"i"}}`,
			thread: "linear:i:c:c", key: "Comment|update|c|T1",
		},
		{
			name:   "comment remove",
			body:   `{"type":"Comment","action":"remove","data":{"id":"c","updatedAt":"T1","issueId":"i"}}`,
			thread: "linear:i:c:c", key: "Comment|remove|c",
		},
		{
			name:   "comment restore",
			body:   `{"type":"Comment","action":"restore","data":{"id":"c","updatedAt":"T1","issueId":"i"}}`,
			thread: "linear:i:c:c", key: "Comment|restore|c|T1|T0",
		},
		{
			name:   "issue create",
			body:   `{"type":"Issue","action":"create","data":{"id":"i","updatedAt":"T1","parentId":"another issue"}}`,
			thread: "linear:i", key: "Issue|create|i",
		},
		{
			name:   "issue remove",
			body:   `{"type":"Issue","action":"remove","data":{"id":"i","updatedAt":"T1"}}`,
			thread: "linear:i", key: "Issue|remove|i|T1|T0",
		},
		{
			name:   "issue without id",
			body:   `{"type":"Issue","action":"create","data":{}}`,
			thread: "linear:workspace/org", key: "hash", ignore: "malformed",
		},
		{
			name:   "reaction on a comment",
			body:   `{"type":"Reaction","action":"create","data":{"id":"e","commentId":"c","comment":{"id":"c","issueId":"i"}}}`,
			thread: "linear:i:c:c", key: "Reaction|create|e",
		},
		{
			name:   "reaction on a comment whose parent is named",
			body:   `{"type":"Reaction","action":"remove","data":{"id":"e","comment":{"id":"c","issueId":"i","parentId":"r"}}}`,
			thread: "linear:i:c:r", key: "Reaction|remove|e",
		},
		{
			name:   "reaction on a comment of unknown place",
			body:   `{"type":"Reaction","action":"create","data":{"id":"e","comment":{"id":"c"}}}`,
			thread: "linear:comment/c", key: "Reaction|create|e",
		},
		{
			name:   "reaction on an issue",
			body:   `{"type":"Reaction","action":"create","data":{"id":"e","issueId":"i"}}`,
			thread: "linear:i", key: "Reaction|create|e",
		},
		{
			name:   "reaction on nothing",
			body:   `{"type":"Reaction","action":"create","data":{"id":"e"}}`,
			thread: "linear:workspace/org", key: "Reaction|create|e", ignore: "no_thread",
		},
		{
			name:   "session created",
			body:   `{"type":"AgentSessionEvent","action":"created","agentSession":{"id":"s","issueId":"i","commentId":"c"}}`,
			thread: "linear:i:s:s", key: "AgentSessionEvent|created|s",
		},
		{
			name:   "session created on a document",
			body:   `{"type":"AgentSessionEvent","action":"created","agentSession":{"id":"s","comment":{"id":"c","documentContentId":"d"}}}`,
			thread: "linear:document/d:s:s", key: "AgentSessionEvent|created|s",
		},
		{
			name:   "session on nothing",
			body:   `{"type":"AgentSessionEvent","action":"created","agentSession":{"id":"s"}}`,
			thread: "linear:workspace/org:s:s", key: "AgentSessionEvent|created|s",
		},
		{
			name:   "session prompted",
			body:   `{"type":"AgentSessionEvent","action":"prompted","agentSession":{"id":"s","issueId":"i"},"agentActivity":{"id":"a"}}`,
			thread: "linear:i:s:s", key: "AgentSessionEvent|prompted|a",
		},
		{
			name:   "session prompted by nothing",
			body:   `{"type":"AgentSessionEvent","action":"prompted","agentSession":{"id":"s","issueId":"i"}}`,
			thread: "linear:i:s:s", key: "hash", ignore: "malformed",
		},
		{
			name:   "session of unknown place",
			body:   `{"type":"AgentSessionEvent","action":"prompted","agentSession":{"id":"s"},"agentActivity":{"id":"a","signal":"stop"}}`,
			thread: "linear:workspace/org:s:s", key: "AgentSessionEvent|prompted|a",
		},
		{
			name:   "stop with a session and nothing else",
			body:   `{"type":"AgentSessionEvent","action":"prompted","agentSession":{"id":"s"},"agentActivity":{"signal":"stop"}}`,
			thread: "linear:workspace/org:s:s", key: "hash",
		},
		{
			name:   "notification of a reply",
			body:   `{"type":"AppUserNotification","action":"issueNewComment","notification":{"id":"n","issueId":"i","commentId":"c","parentCommentId":"r"}}`,
			thread: "linear:i:c:r", key: "AppUserNotification|issueNewComment|n",
		},
		{
			name:   "notification of an unknown kind",
			body:   `{"type":"AppUserNotification","action":"agentAssignable","notification":{"id":"n"}}`,
			thread: "linear:workspace/org", key: "AppUserNotification|agentAssignable|n",
		},
		{
			name:   "notification without id",
			body:   `{"type":"AppUserNotification","action":"issueMention","notification":{"issue":{"id":"i"}}}`,
			thread: "linear:i", key: "hash",
		},
		{
			name:   "app revoked",
			body:   `{"type":"OAuthApp","action":"revoked","oauthClientId":"o"}`,
			thread: "linear:workspace/org", key: "OAuthApp|revoked|org|o|||T0",
		},
		{
			name:   "app renamed",
			body:   `{"type":"OAuthApp","action":"renamed"}`,
			thread: "linear:workspace/org", key: "OAuthApp|renamed|org||||T0",
		},
		{
			name:   "teams changed",
			body:   `{"type":"PermissionChange","action":"teamAccessChanged","oauthClientId":"o","appUserId":"u"}`,
			thread: "linear:workspace/org", key: "PermissionChange|teamAccessChanged|org|o|u||T0",
		},
		{
			name:   "authorization",
			body:   `{"type":"OAuthAuthorization","action":"anything","oauthClientId":"o","userId":"u"}`,
			thread: "linear:workspace/org", key: "OAuthAuthorization|anything|org|o||u|T0",
		},
		{
			name:   "agreement breached",
			body:   `{"type":"IssueSLA","action":"breached","issueData":{"id":"i"}}`,
			thread: "linear:i", key: "IssueSLA|breached|i|T0",
		},
		{
			name:   "attachment",
			body:   `{"type":"Attachment","action":"create","data":{"id":"x","issueId":"i"}}`,
			thread: "linear:i", key: "Attachment|create|x",
		},
		{
			name:   "project update",
			body:   `{"type":"ProjectUpdate","action":"create","data":{"id":"x","projectId":"p"}}`,
			thread: "linear:project-update/x", key: "ProjectUpdate|create|x",
		},
		{
			name:   "label",
			body:   `{"type":"IssueLabel","action":"update","data":{"id":"x"}}`,
			thread: "linear:workspace/org", key: "IssueLabel|update|x|T0",
		},
		{
			name:   "unknown type",
			body:   `{"type":"comment","action":"create","data":{"id":"c"}}`,
			thread: "linear:workspace/org", key: "comment|create|c",
		},
		{
			name:   "no type",
			body:   `{"type":7,"action":"create","data":{"id":"c"}}`,
			thread: "linear:workspace/org", key: "|create|c", ignore: "malformed",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			body := strings.TrimSuffix(tt.body, "}") + "," + env + "}"
			got, err := routeDelivery(deliveryOf(body))
			if err != nil {
				t.Fatal(err)
			}
			if tt.key == "hash" {
				tt.key = got.Type + "|" + got.Action + "|sha256:" + deliveryOf(body).Key()
			}
			want := adapter.Route{
				Workspace: "org", Thread: adapter.ThreadID(tt.thread), Key: tt.key, Ignore: tt.ignore,
				Type: got.Type, Action: got.Action, Message: got.Message, Urgent: got.Urgent, Deleted: got.Deleted, Missing: got.Missing,
				Header: got.Header, // see TestKeptHeader
			}
			if (got.Ignore != "") != (got.Missing != "") {
				t.Errorf("ignored as %q, missing %q", got.Ignore, got.Missing)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestRouteMessage(t *testing.T) {
	t.Parallel()
	const (
		comment = `,"organizationId":"o","type":"Comment","data":{"id":"c","body":"x","issueId":"i"}}`
		session = `,"organizationId":"o","type":"AgentSessionEvent","agentSession":{"id":"s","issueId":"i"}`
		issue   = `,"organizationId":"o","type":"Issue","data":{"id":"i","description":"x"}}`
	)
	for body, want := range map[string]bool{
		`{"action":"create"` + comment: true,
		`{"action":"update"` + comment: false,
		`{"action":"remove"` + comment: false,
		`{"action":"create","type":"Comment","data":{"id":"c","body":"x","issueId":"i"}}`:     false,
		`{"action":"created"` + session + `}`:                                                 true,
		`{"action":"prompted"` + session + `,"agentActivity":{"id":"a"}}`:                     true,
		`{"action":"prompted"` + session + `,"agentActivity":{"id":"a","signal":"continue"}}`: true,
		`{"action":"prompted"` + session + `,"agentActivity":{"id":"a","signal":"stop"}}`:     false,
		`{"action":"prompted"` + session + `}`:                                                false,
		`{"action":"create"` + issue:                                                          false,
	} {
		if r, err := routeDelivery(deliveryOf(body)); err != nil || r.Message != want {
			t.Errorf("message %t, %v, want %t: %s", r.Message, err, want, body)
		}
	}
}

func TestRouteNoWorkspace(t *testing.T) {
	t.Parallel()
	got, err := routeDelivery(deliveryOf(`{"type":"Issue","action":"create","data":{"id":"i"}}`))
	if err != nil || got.Ignore != reasonNoWorkspace {
		t.Errorf("%+v, %v", got, err)
	}
}

// A repeat has the key of the original, and all other deliveries have different
// keys.
func TestRouteKeys(t *testing.T) {
	t.Parallel()
	const comment = `"type":"Comment","organizationId":"o","data":{"id":"c","body":"x","issueId":"i","updatedAt":"T1"}`
	original := `{"action":"update",` + comment + `,"updatedFrom":{"body":"old <1>","editedAt":null,"n":1},"webhookTimestamp":1,"webhookId":"w"}`
	tests := []struct {
		name, body string
		same       bool
	}{
		{"sent again later", strings.Replace(original, `"webhookTimestamp":1`, `"webhookTimestamp":2.5`, 1), true},
		{"by another webhook", strings.Replace(original, `"w"`, `"v"`, 1), true},
		{
			"written differently",
			`{"updatedFrom": {"n":1.0, "editedAt":null, "body":"old \u003c1\u003e"}, "action":"update",` + comment + `}`, true,
		},
		{"another old text", strings.Replace(original, "old", "older", 1), false},
		{"something else changed", strings.Replace(original, "editedAt", "resolvedAt", 1), false},
		{"another time", strings.Replace(original, "T1", "T2", 1), false},
		{"another comment", strings.Replace(original, `"id":"c"`, `"id":"d"`, 1), false},
		{"another action", strings.Replace(original, "update", "remove", 1), false},
		{"nothing said to be changed", `{"action":"update",` + comment + `}`, false},
	}
	key := func(body string) string {
		r, err := routeDelivery(deliveryOf(body))
		if err != nil {
			t.Fatal(err)
		}
		return r.Key
	}
	for _, tt := range tests {
		if got := key(tt.body) == key(original); got != tt.same {
			t.Errorf("%s: same key: %t, want %t\n%s\n%s", tt.name, got, tt.same, key(original), key(tt.body))
		}
	}
}

func TestRouteInvalid(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", "[]", "null", `{"type":`, "\xff"} {
		if _, err := routeDelivery(deliveryOf(body)); adapter.CodeOf(err) != adapter.CodeInvalid {
			t.Errorf("%q: %v", body, err)
		}
		if _, err := decodeDelivery(deliveryOf(body), payloadSelf(), nil); adapter.CodeOf(err) != adapter.CodeInvalid {
			t.Errorf("%q: %v", body, err)
		}
	}
}

// TestRouteDeleted: only the removal of a comment names a deleted message.
func TestRouteDeleted(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"organizationId":"o","type":"Comment","action":"remove","data":{"id":"c","issueId":"i","parentId":"p"}}`: "c",
		`{"organizationId":"o","type":"Comment","action":"update","data":{"id":"c","issueId":"i"}}`:                "",
		`{"organizationId":"o","type":"Comment","action":"remove","data":{"id":"c"}}`:                              "",
		`{"organizationId":"o","type":"Issue","action":"remove","data":{"id":"i"}}`:                                "",
		`{"organizationId":"o","type":"Reaction","action":"remove","data":{"id":"r","commentId":"c"}}`:             "",
	} {
		got, err := routeDelivery(deliveryOf(body))
		if err != nil || got.Deleted != want {
			t.Errorf("%s: %q deleted, %v, want %q", body, got.Deleted, err, want)
		}
	}
}

// TestCheckIsIgnored has the deliveries of doctor reach no handler, and cause no
// warning that something is missing.
func TestCheckIsIgnored(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{"type":"LinearbotCheck","action":"check"}`, `{"type":"LinearbotCheck","action":"create","organizationId":"o"}`} {
		got, err := routeDelivery(&adapter.Delivery{Body: []byte(body)})
		if err != nil || got.Ignore != "check" || got.Missing != "" {
			t.Errorf("%s: %+v, %v", body, got, err)
		}
	}
}
