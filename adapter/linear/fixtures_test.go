package linear

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/testfiles"
)

// deliveryOf is a delivery of a body.
func deliveryOf[B ~string | ~[]byte](body B) *adapter.Delivery {
	return &adapter.Delivery{Body: []byte(body)}
}

// routeDelivery is route with new forms.
func routeDelivery(d *adapter.Delivery) (adapter.Route, error) { return new(forms).route(d) }

// decodeDelivery is decode with new forms.
func decodeDelivery(d *adapter.Delivery, self *adapter.Identity, own func(id string) bool) (adapter.Event, error) {
	return new(forms).decode(d, self, own)
}

// selfIn is the identity of the app that a body was sent to.
func selfIn(tb testing.TB, body []byte) *adapter.Identity {
	tb.Helper()
	var h header
	if err := unmarshal(body, &h); err != nil {
		tb.Fatal(err)
	}
	self := payloadSelf()
	self.UserID = cmp.Or(h.AppUserID, self.UserID)
	return self
}

// eventType is the name of an event's type without its package.
func eventType(ev adapter.Event) string {
	return strings.TrimPrefix(fmt.Sprintf("%T", ev), "*adapter.")
}

func TestFixturesDecode(t *testing.T) {
	t.Parallel()
	for _, file := range testfiles.Fixtures(t, "captured") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			var f struct {
				Body   json.RawMessage `json:"body"`
				Expect struct {
					Type   string  `json:"type"`
					Action string  `json:"action"`
					Thread *string `json:"thread"`
				} `json:"expect"`
			}
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(raw, &f); err != nil {
				t.Fatal(err)
			}
			if len(f.Body) == 0 || string(f.Body) == "null" {
				t.Fatal("the request has no body")
			}
			r, err := routeDelivery(deliveryOf(f.Body))
			if err != nil {
				t.Fatal(err)
			}
			ev, err := decodeDelivery(deliveryOf(f.Body), selfIn(t, f.Body), nil)
			if err != nil {
				t.Fatal(err)
			}
			m := ev.Head()
			if m.Type != f.Expect.Type || m.Action != f.Expect.Action {
				t.Errorf("got %s %s, want %s %s", m.Type, m.Action, f.Expect.Type, f.Expect.Action)
			}
			checkAgree(t, &r, m)
			if want := f.Expect.Thread; want != nil {
				if string(m.Thread) != *want {
					t.Errorf("thread %s, want %s", m.Thread, *want)
				}
				if string(r.Thread) != *want {
					t.Errorf("lane %s, want %s", r.Thread, *want)
				}
				if o, ok := ev.(*adapter.OtherEvent); ok && o.Reason == reasonMalformed {
					t.Error("taken for malformed")
				}
			}
		})
	}
}

// checkAgree checks that route and decode agree.
func checkAgree(tb testing.TB, r *adapter.Route, m *adapter.Meta) {
	tb.Helper()
	if r.Workspace != m.Workspace || r.Type != m.Type || r.Action != m.Action || r.Key != m.Key {
		tb.Errorf("route says %s %s %s %s, decode %s %s %s %s",
			r.Workspace, r.Type, r.Action, r.Key, m.Workspace, m.Type, m.Action, m.Key)
	}
	if m.Thread != "" && m.Thread != r.Thread {
		tb.Errorf("lane %s, thread %s", r.Thread, m.Thread)
	}
	if r.Thread == "" || r.Key == "" {
		tb.Errorf("no lane or no key: %+v", r)
	}
}

// The files of examples are named after what they show.
func TestFixturesExamples(t *testing.T) {
	t.Parallel()
	kinds := []struct{ name, event string }{
		{"comment-create", "MessageEvent"},
		{"comment-update", "EditEvent"},
		{"comment-remove", "DeleteEvent"},
		{"issue-create", "IssueEvent"},
		{"issue-update", "IssueEvent"},
		{"issue-remove", "IssueEvent"},
		{"issue-sla", "SLAEvent"},
		{"reaction-", "ReactionEvent"},
		{"agent-session-event-prompted-carrying-the-stop", "StopEvent"},
		{"agent-session-event-", "MessageEvent"},
		{"app-user-notification-", "NotificationEvent"},
		{"oauth-app-revoked", "UninstallEvent"},
		{"oauth-authorization", "AuthorizationEvent"},
		{"permission-change", "AccessEvent"},
	}
	number := regexp.MustCompile(`^\d+-`)
	for _, file := range testfiles.Fixtures(t, "examples") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			body := testfiles.Body(t, file)
			r, err := routeDelivery(deliveryOf(body))
			if err != nil {
				t.Fatal(err)
			}
			if r.Ignore != "" {
				t.Errorf("ignored: %s", r.Ignore)
			}
			ev, err := decodeDelivery(deliveryOf(body), selfIn(t, body), nil)
			if err != nil {
				t.Fatal(err)
			}
			checkAgree(t, &r, ev.Head())
			name := number.ReplaceAllString(filepath.Base(file), "")
			for _, k := range kinds {
				if strings.HasPrefix(name, k.name) {
					if got := eventType(ev); got != k.event {
						t.Errorf("%s, want %s", got, k.event)
					}
					return
				}
			}
			t.Logf("no expectation for this name; it is a %s", eventType(ev))
		})
	}
}

// Everything in webhooks.json that depends on the decoder alone: the content of
// each dispatched event.
func TestVectorsWebhooksDecode(t *testing.T) {
	t.Parallel()
	type author struct {
		UserID   *string `json:"userId"`
		UserName *string `json:"userName"`
		FullName *string `json:"fullName"`
		IsBot    *bool   `json:"isBot"`
		IsMe     *bool   `json:"isMe"`
	}
	type dispatched struct {
		Request      int     `json:"request"`
		Handler      string  `json:"handler"`
		ThreadID     *string `json:"threadId"`
		MessageID    *string `json:"messageId"`
		Text         *string `json:"text"`
		PreviousText *string `json:"previousText"`
		Edited       *bool   `json:"edited"`
		DateSent     *string `json:"dateSent"`
		Author       *author `json:"author"`
		Added        *bool   `json:"added"`
		Emoji        *string `json:"emoji"`
		RawEmoji     *string `json:"rawEmoji"`
		Organization *string `json:"organizationId"`
	}
	type result struct {
		Dispatched json.RawMessage `json:"dispatched"`
	}
	var file struct {
		Defaults struct {
			Bot struct {
				UserID, DisplayName, OrganizationID, ProfileURL string
			} `json:"bot"`
		} `json:"defaults"`
		Cases []struct {
			Name  string `json:"name"`
			Input struct {
				Mode     string `json:"mode"`
				Requests []struct {
					Body string `json:"body"`
				} `json:"requests"`
			} `json:"input"`
			Upstream result `json:"upstream"`
			Want     result `json:"want"`
		} `json:"cases"`
	}
	testfiles.Vectors(t, "webhooks.json", &file)
	bot := file.Defaults.Bot
	self := &adapter.Identity{
		Workspace: bot.OrganizationID, UserID: bot.UserID, Name: bot.DisplayName, ProfileURL: bot.ProfileURL, App: true,
	}
	events := map[string]string{
		"mention": "MessageEvent", "subscribed": "MessageEvent", "pattern": "MessageEvent", "stop": "StopEvent",
		"messageUpdated": "EditEvent", "messageDeleted": "DeleteEvent", "reaction": "ReactionEvent",
		"uninstalled": "UninstallEvent",
	}
	for _, c := range file.Cases {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			for _, r := range c.Input.Requests {
				if json.Valid([]byte(r.Body)) && strings.HasPrefix(strings.TrimSpace(r.Body), "{") {
					route, err := routeDelivery(deliveryOf(r.Body))
					if err != nil {
						t.Fatal(err)
					}
					ev, err := decodeDelivery(deliveryOf(r.Body), self, nil)
					if err != nil {
						t.Fatal(err)
					}
					checkAgree(t, &route, ev.Head())
				}
			}
			raw := c.Upstream.Dispatched
			if c.Want.Dispatched != nil {
				raw = c.Want.Dispatched
			}
			var list []dispatched
			if len(raw) == 0 || raw[0] != '[' || json.Unmarshal(raw, &list) != nil {
				return // "any"
			}
			for _, want := range list {
				body := c.Input.Requests[want.Request].Body
				if body == "" {
					continue // given as base64
				}
				ev, err := decodeDelivery(deliveryOf(body), self, nil)
				if err != nil {
					t.Fatal(err)
				}
				m := messageOf(ev)
				kind := eventType(ev)
				if kind == "IssueEvent" && want.Handler == "mention" {
					kind = "MessageEvent"
				}
				if events[want.Handler] != "" && kind != events[want.Handler] {
					t.Fatalf("%s, want %s", kind, events[want.Handler])
				}
				head := ev.Head()
				if !head.Incomplete {
					same(t, "thread", want.ThreadID, string(head.Thread))
				}
				same(t, "organization", want.Organization, head.Workspace)
				if re, ok := ev.(*adapter.ReactionEvent); ok {
					same(t, "message", want.MessageID, re.MessageID)
					same(t, "added", want.Added, re.Added)
					same(t, "emoji", want.Emoji, re.Emoji)
					same(t, "raw emoji", want.RawEmoji, re.RawEmoji)
					m = &adapter.Message{Author: re.User}
				}
				if ed, ok := ev.(*adapter.EditEvent); ok {
					same(t, "previous text", want.PreviousText, ed.Previous)
				}
				if m == nil {
					continue
				}
				if m.ID != "" {
					same(t, "message", want.MessageID, m.ID)
				}
				same(t, "text", want.Text, m.Body)
				same(t, "edited", want.Edited, !m.EditedAt.IsZero())
				if want.DateSent != nil && !m.CreatedAt.IsZero() {
					same(t, "date", want.DateSent, m.CreatedAt.Format("2006-01-02T15:04:05.000Z"))
				}
				if a := want.Author; a != nil {
					same(t, "user id", a.UserID, m.Author.ID)
					same(t, "user name", a.UserName, m.Author.Name)
					same(t, "full name", a.FullName, m.Author.FullName)
					same(t, "is bot", a.IsBot, m.Author.IsBot())
					same(t, "is me", a.IsMe, m.Author.IsSelf())
				}
			}
		})
	}
}

func same[T comparable](t *testing.T, what string, want *T, got T) {
	t.Helper()
	if want != nil && *want != got {
		t.Errorf("%s is %v, want %v", what, got, *want)
	}
}

// messageOf returns the message of an event, or nil.
func messageOf(ev adapter.Event) *adapter.Message {
	switch ev := ev.(type) {
	case *adapter.MessageEvent:
		return ev.Message
	case *adapter.EditEvent:
		return ev.Message
	case *adapter.DeleteEvent:
		return ev.Message
	case *adapter.ResolveEvent:
		return ev.Message
	case *adapter.StopEvent:
		return ev.Message
	case *adapter.NotificationEvent:
		return ev.Message
	case *adapter.IssueEvent:
		return ev.Mention
	default:
		return nil
	}
}
