package linear

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/testfiles"
)

// payloadBodies has a small body of each kind.
func payloadBodies() map[string]string {
	const env = `"organizationId":"org","createdAt":"2026-10-02T09:15:04.120Z","webhookTimestamp":1,"webhookId":"w"`
	const user = `{"id":"ada","name":"Ada","email":"ada@acme.test","url":"https://linear.app/acme/profiles/ada"}`
	const issue = `{"id":"i","identifier":"ENG-1","title":"T","teamId":"t","team":{"id":"t","key":"ENG","name":"Eng"},"url":"u"}`
	return map[string]string{
		"comment-create": `{"type":"Comment","action":"create","actor":` + user + `,"data":{"id":"c","body":"@helper-bot hi","issueId":"i","issue":` + issue +
			`,"user":` + user + `,"createdAt":"2026-10-02T09:15:04.120Z","updatedAt":"2026-10-02T09:15:04.120Z","reactionData":[]},` + env + `}`,
		"comment-update": `{"type":"Comment","action":"update","data":{"id":"c","body":"x","issueId":"i","user":` + user +
			`,"updatedAt":"2026-10-02T09:15:04.120Z"},"updatedFrom":{"body":"y","editedAt":null},` + env + `}`,
		"comment-remove": `{"type":"Comment","action":"remove","data":{"id":"c","documentContentId":"d","botActor":"{\"id\":\"b\"}"},` + env + `}`,
		"issue-update": `{"type":"Issue","action":"update","actor":` + user + `,"data":{"id":"i","description":"@helper-bot","delegateId":"bot","labels":[{"id":"l"}]},` +
			`"updatedFrom":{"delegateId":null,"description":null},` + env + `}`,
		"reaction": `{"type":"Reaction","action":"create","data":{"id":"e","emoji":"+1","comment":{"id":"c","issueId":"i"},"user":` + user + `},` + env + `}`,
		"session-created": `{"type":"AgentSessionEvent","action":"created","promptContext":"ctx","guidance":[{"body":"g"}],"previousComments":[{"id":"r"}],` +
			`"agentSession":{"id":"s","issueId":"i","commentId":"r","comment":{"id":"r","body":"x"},"creator":` + user + `},` + env + `}`,
		"session-prompted": `{"type":"AgentSessionEvent","action":"prompted","agentSession":{"id":"s","issue":` + issue + `},` +
			`"agentActivity":{"id":"a","content":{"body":"x"},"user":` + user + `},` + env + `}`,
		"notification": `{"type":"AppUserNotification","action":"issueCommentMention","appUserId":"bot","notification":{"id":"n","issueId":"i","commentId":"c","actor":` + user + `},` + env + `}`,
		"app-revoked":  `{"type":"OAuthApp","action":"revoked","oauthClientId":"o",` + env + `}`,
		"teams":        `{"type":"PermissionChange","action":"teamAccessChanged","addedTeamIds":["a"],` + env + `}`,
		"auth":         `{"type":"OAuthAuthorization","action":"x","userId":"u","activeTokensForUser":1,` + env + `}`,
		"sla":          `{"type":"IssueSLA","action":"breached","issueData":` + issue + `,` + env + `}`,
		"other":        `{"type":"ProjectUpdate","action":"create","data":{"id":"p","projectId":"q"},` + env + `}`,
	}
}

func addSeeds(f *testing.F) {
	f.Helper()
	for _, body := range payloadBodies() {
		f.Add([]byte(body))
		f.Add([]byte(strings.ReplaceAll(body, `"c"`, `7`)))
	}
	f.Add([]byte("{}"))
	f.Add([]byte("[]"))
	f.Add([]byte("{\"type\":\"Comment\",\"data\":{\"id\":\"\xff\"}}"))
	for _, file := range testfiles.Fixtures(f, "captured", "examples") {
		f.Add(testfiles.Body(f, file))
	}
}

func FuzzRoute(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := routeDelivery(deliveryOf(body))
		if err != nil {
			if adapter.CodeOf(err) != adapter.CodeInvalid {
				t.Fatalf("code %v", adapter.CodeOf(err))
			}
			return
		}
		if !strings.HasPrefix(r.Key, r.Type+"|"+r.Action+"|") {
			t.Fatalf("key %q of %s %s", r.Key, r.Type, r.Action)
		}
		if r.Ignore == "" && r.Workspace == "" {
			t.Fatal("routed to no workspace")
		}
		th, err := ParseThreadID(r.Thread)
		if err != nil || th.ID() != r.Thread {
			t.Fatalf("lane %q: %v, %v", r.Thread, th, err)
		}
		again, err := routeDelivery(deliveryOf(body))
		if err != nil || again != r {
			t.Fatalf("another time %+v, %v", again, err)
		}
	})
}

func FuzzDecode(f *testing.F) {
	addSeeds(f)
	self := payloadSelf()
	own := func(id string) bool { return strings.HasPrefix(id, "own") }
	f.Fuzz(func(t *testing.T, body []byte) {
		r, routeErr := routeDelivery(deliveryOf(body))
		ev, err := decodeDelivery(deliveryOf(body), self, own)
		if (routeErr != nil) != (err != nil) {
			t.Fatalf("route %v, decode %v", routeErr, err)
		}
		if err != nil {
			return
		}
		m := ev.Head()
		checkAgree(t, &r, m)
		o, isOther := ev.(*adapter.OtherEvent)
		if r.Ignore != "" && (!isOther || o.Reason != r.Ignore) {
			t.Fatalf("ignored for %s, decoded to %s", r.Ignore, eventType(ev))
		}
		if isOther && (o.Reason == "" || o.Incomplete) {
			t.Fatalf("other event %+v", o)
		}
		if _, ok := ev.(*adapter.MessageEvent); ok != r.Message && !isOther {
			t.Fatalf("route says message: %t, decoded to %s", r.Message, eventType(ev))
		}
		if m.Incomplete && m.Thread == "" {
			t.Fatal("no thread to resolve")
		}
		if msg := messageOf(ev); msg != nil && msg.ID == "" {
			t.Fatal("a message without an id")
		}
		again, err := decodeDelivery(deliveryOf(body), nil, nil)
		if err != nil || again.Head().Key != m.Key {
			t.Fatalf("without an identity: %v", err)
		}
		if third, err := decodeDelivery(deliveryOf(body), self, own); err != nil || !reflect.DeepEqual(ev, third) {
			t.Fatalf("another time %+v, %v", third, err)
		}
	})
}

func BenchmarkRoute(b *testing.B) {
	for _, name := range slices.Sorted(maps.Keys(payloadBodies())) {
		b.Run(name, func(b *testing.B) {
			body := payloadBodies()[name]
			d := deliveryOf(body)
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				if _, err := routeDelivery(d); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	self := payloadSelf()
	for _, name := range slices.Sorted(maps.Keys(payloadBodies())) {
		b.Run(name, func(b *testing.B) {
			body := payloadBodies()[name]
			d := deliveryOf(body)
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				if _, err := decodeDelivery(d, self, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
