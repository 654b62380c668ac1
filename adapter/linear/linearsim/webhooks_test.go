package linearsim

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

func (w *world) hook(url string, types ...string) *Registration {
	return w.app.SetWebhook(Webhook{URL: url, Secret: "test-signing-secret", ResourceTypes: types})
}

func TestSign(t *testing.T) {
	t.Parallel()
	const want = "b4fcdc7ec7be8ece1dfc2485fc9dca9baacc6538f376a78df1604307a27efd77"
	if got := sign("test-signing-secret", []byte(`{"action":"create","type":"Comment","webhookTimestamp":1790932505430}`)); got != want {
		t.Errorf("got %s", got)
	}
}

func TestWebhookRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	in := newInbox(t, nil)
	reg := w.hook(in.URL)
	c := w.ada.Comment(w.issue, "a < b & c: https://linear.app/acme/profiles/helper-bot please")
	w.flush()
	got := in.all()
	if len(got) != 1 {
		t.Fatalf("%d deliveries: %s", len(got), in.kinds())
	}
	h := got[0].header
	mac := hmac.New(sha256.New, []byte("test-signing-secret"))
	mac.Write(got[0].raw)
	ms := strconv.FormatInt(w.clock.Now().UnixMilli(), 10)
	for name, want := range map[string]string{
		"Content-Type": "application/json; charset=utf-8", "User-Agent": "Linear-Webhook", "Accept-Charset": "utf-8",
		"Linear-Event": "Comment", "Linear-Timestamp": ms, "Linear-Signature": hex.EncodeToString(mac.Sum(nil)),
	} {
		if h.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, h.Get(name), want)
		}
	}
	if !isUUIDv4(h.Get("Linear-Delivery")) {
		t.Errorf("Linear-Delivery %q", h.Get("Linear-Delivery"))
	}
	at := "2026-10-02T09:15:04.120Z"
	ada := map[string]any{"id": w.ada.ID, "name": "Ada Byron", "email": "ada@acme.test", "url": "https://linear.app/acme/profiles/ada"}
	actor := map[string]any{"type": "user"}
	maps.Copy(actor, ada)
	want := map[string]any{
		"action": "create", "type": "Comment", "actor": actor, "createdAt": at, "organizationId": w.ws.ID,
		"webhookId": reg.ID, "webhookTimestamp": float64(w.clock.Now().UnixMilli()),
		"url": "https://linear.app/acme/issue/ENG-1/checkout-fails-on-retry#comment-" + c.ID[:8],
		"data": map[string]any{
			"id": c.ID, "createdAt": at, "updatedAt": at, "body": "a < b & c: @helper-bot please",
			"issueId": w.issue.ID, "userId": w.ada.ID, "user": ada, "reactionData": []any{}, "isArtificialAgentSessionRoot": false,
			"issue": map[string]any{
				"id": w.issue.ID, "title": "Checkout fails on retry", "identifier": "ENG-1", "teamId": w.team.ID,
				"team": map[string]any{"id": w.team.ID, "key": "ENG", "name": "Engineering"},
				"url":  "https://linear.app/acme/issue/ENG-1/checkout-fails-on-retry",
			},
		},
	}
	if d := cmp.Diff(want, got[0].body); d != "" {
		t.Errorf("body (-want +got):\n%s", d)
	}
	if strings.Contains(string(got[0].raw), `\u00`) {
		t.Errorf("escaped for HTML: %s", got[0].raw)
	}
	log := w.srv.Deliveries()
	d := log[len(log)-1]
	if d.ID != h.Get("Linear-Delivery") || !d.Done || !d.OK || d.WebhookID != reg.ID || d.URL != in.URL ||
		string(d.Body) != string(got[0].raw) || d.Header.Get("Linear-Signature") != h.Get("Linear-Signature") ||
		len(d.Attempts) != 1 || d.Attempts[0].Status != 200 || !d.Attempts[0].At.Equal(w.clock.Now()) {
		t.Errorf("log: %+v", d)
	}
}

func TestWebhookEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{Parallel: 1})
	in := newInbox(t, nil)
	w.hook(in.URL)
	root := w.ada.Comment(w.issue, "old")
	reply := w.bob.Reply(root, "reply")
	w.clock.Advance(time.Second)
	w.ada.Edit(root, "new")
	w.ada.React(root, "👀")
	w.ada.Unreact(root, "eyes")
	w.ada.Resolve(reply)
	w.ada.Delete(root)
	w.ada.UpdateIssue(w.issue, IssueChange{State: "In Progress", Delegate: w.app.User, Title: "Renamed"})
	w.ada.DeleteIssue(w.issue)
	w.app.Uninstall()
	w.flush()
	const kinds = "Comment create, Comment create, Comment update, Reaction create, Comment update, Reaction remove, Comment update, " +
		"Comment update, Comment remove, Comment remove, Issue update, Issue remove, OAuthApp revoked"
	if d := cmp.Diff(kinds, in.kinds()); d != "" {
		t.Fatalf("(-want +got):\n%s", d)
	}
	got := in.all()
	old, now := "2026-10-02T09:15:04.120Z", "2026-10-02T09:15:05.120Z"
	from := func(i int) any { return got[i].body["updatedFrom"] }
	data := func(i int) map[string]any { return got[i].data() }

	if d := cmp.Diff(map[string]any{"id": root.ID, "body": "old", "issueId": w.issue.ID, "userId": w.ada.ID}, data(1)["parent"]); d != "" {
		t.Errorf("parent (-want +got):\n%s", d)
	}
	if d := cmp.Diff(map[string]any{"updatedAt": old, "body": "old", "editedAt": nil}, from(2)); d != "" {
		t.Errorf("edit (-want +got):\n%s", d)
	}
	if data(2)["editedAt"] != now || data(2)["body"] != "new" {
		t.Errorf("edit: %v", data(2))
	}
	reaction := data(3)
	if d := cmp.Diff(map[string]any{"id": root.ID, "body": "new", "userId": w.ada.ID}, reaction["comment"]); d != "" || reaction["emoji"] != "eyes" {
		t.Errorf("reaction %v (-want +got):\n%s", reaction, d)
	}
	if d := cmp.Diff(map[string]any{"reactionData": []any{}}, from(4)); d != "" { // within one millisecond
		t.Errorf("reaction update (-want +got):\n%s", d)
	}
	if d := cmp.Diff(map[string]any{"resolvedAt": nil, "resolvingUserId": nil}, from(7)); d != "" {
		t.Errorf("resolve (-want +got):\n%s", d)
	}
	if data(8)["id"] != reply.ID || data(9)["id"] != root.ID {
		t.Error("removes: replies come first")
	}
	want := map[string]any{"updatedAt": old, "title": "Checkout fails on retry", "stateId": w.team.State("Todo").ID, "startedAt": nil, "delegateId": nil, "subscriberIds": nil}
	delete(want, "subscriberIds")
	if d := cmp.Diff(want, from(10)); d != "" {
		t.Errorf("issue (-want +got):\n%s", d)
	}
	if data(11)["trashed"] != true {
		t.Errorf("issue remove: %v", data(11))
	}
	for i := range got {
		_, hasURL := got[i].body["url"]
		action, typ := got[i].body["action"], got[i].body["type"]
		if wants := action != "remove" && typ != "Reaction" && typ != "OAuthApp"; hasURL != wants {
			t.Errorf("%v %v: url %t", typ, action, hasURL)
		}
	}
	if got[12].body["oauthClientId"] != w.app.ClientID || got[12].body["data"] != nil {
		t.Errorf("OAuthApp: %v", got[12].body)
	}
}

func TestWebhookByProgram(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	in := newInbox(t, nil)
	w.hook(in.URL, "Comment")
	w.do(`mutation{commentCreate(input:{issueId:"ENG-1",body:"x",createAsUser:"Grace"}){success}}`, nil)
	w.ws.AddExternalUser("Eve", "eve@example.com").Comment(w.issue, "from outside")
	w.flush()
	got := in.all()
	if len(got) != 2 {
		t.Fatal(in.kinds())
	}
	if got[0].data()["botActor"] == nil {
		got[0], got[1] = got[1], got[0] // deliveries run side by side
	}
	actor, _ := got[0].body["actor"].(map[string]any)
	if actor["type"] != "user" || actor["email"] != w.app.User.Email || !strings.HasSuffix(w.app.User.Email, "@oauthapp.linear.app") {
		t.Errorf("actor %v", actor)
	}
	if bot, _ := got[0].data()["botActor"].(string); !strings.Contains(bot, `"userDisplayName":"Grace"`) {
		t.Errorf("botActor %q", bot)
	}
	data := got[1].data()
	if data["externalUser"] == nil || data["userId"] != nil {
		t.Errorf("external: %v", data)
	}
}

func TestWebhookRegistrations(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	all, only, off, other := newInbox(t, nil), newInbox(t, nil), newInbox(t, nil), newInbox(t, nil)
	w.ws.AddWebhook(Webhook{URL: all.URL})
	w.hook(only.URL, "Reaction")
	w.ws.AddWebhook(Webhook{URL: off.URL}).SetEnabled(false)
	w.srv.AddWorkspace("Globex", "globex").AddWebhook(Webhook{URL: other.URL})
	c := w.ada.Comment(w.issue, "x")
	w.ada.React(c, "eyes")
	w.flush()
	if len(all.all()) != 3 || only.kinds() != "Reaction create" || off.kinds()+other.kinds() != "" {
		t.Errorf("all: %s; only: %s; off: %s; other: %s", all.kinds(), only.kinds(), off.kinds(), other.kinds())
	}
}

func TestRetries(t *testing.T) {
	t.Parallel()
	ms := []time.Duration{time.Millisecond, time.Millisecond, time.Millisecond}
	for _, tt := range []struct {
		name   string
		cfg    Config
		answer func(int) int
		status []int
		ok     bool
	}{
		{"first", Config{RetryAfter: ms}, func(int) int { return 200 }, []int{200}, true},
		{"second", Config{RetryAfter: ms}, func(n int) int { return []int{500, 200}[n] }, []int{500, 200}, true},
		{"only 200 counts", Config{RetryAfter: ms}, func(n int) int { return []int{204, 302, 202, 200}[n] }, []int{204, 302, 202, 200}, true},
		{"given up", Config{RetryAfter: ms}, func(int) int { return 503 }, []int{503, 503, 503, 503}, false},
		{"no retries", Config{RetryAfter: []time.Duration{}}, func(int) int { return 503 }, []int{503}, false},
		{"restamped", Config{RetryAfter: ms, RestampRetries: true}, func(n int) int { return []int{500, 500, 200}[n] }, []int{500, 500, 200}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var w *world
			in := newInbox(t, func(n int) int {
				w.clock.Advance(time.Second)
				return tt.answer(n)
			})
			w = newWorld(t, tt.cfg)
			w.hook(in.URL)
			w.ada.Comment(w.issue, "x")
			w.flush()
			log := w.srv.Deliveries()
			d := log[len(log)-1]
			var got []int
			for _, a := range d.Attempts {
				got = append(got, a.Status)
			}
			if diff := cmp.Diff(tt.status, got); diff != "" || !d.Done || d.OK != tt.ok {
				t.Errorf("done %t, ok %t (-want +got):\n%s", d.Done, d.OK, diff)
			}
			all := in.all()
			for _, r := range all[1:] {
				if same := string(r.raw) == string(all[0].raw); same == tt.cfg.RestampRetries {
					t.Errorf("same bytes: %t", same)
				}
				if r.header.Get("Linear-Delivery") != all[0].header.Get("Linear-Delivery") {
					t.Error("another delivery id")
				}
				if sign("test-signing-secret", r.raw) != r.header.Get("Linear-Signature") {
					t.Error("bad signature")
				}
			}
		})
	}
}

func TestDeliveryTimeout(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	defer slow.Close()
	defer close(release)
	w := newWorld(t, Config{DeliveryTimeout: 20 * time.Millisecond, RetryAfter: []time.Duration{}})
	w.hook(slow.URL)
	w.ada.Comment(w.issue, "x")
	w.hook("http://127.0.0.1:1/") // nothing listens there
	w.ada.Comment(w.issue, "y")
	w.flush()
	for _, d := range w.srv.Deliveries() {
		if len(d.Attempts) != 1 || d.Attempts[0].Status != 0 || d.Attempts[0].Err == "" || d.OK {
			t.Errorf("%+v", d)
		}
	}
}

// TestParallel shows that no more than Parallel deliveries of a registration
// run at a time, and that with one they arrive in order.
func TestParallel(t *testing.T) {
	t.Parallel()
	for _, parallel := range []int{1, 3} {
		var mu sync.Mutex
		running, most := 0, 0
		in := newInbox(t, func(int) int {
			mu.Lock()
			running++
			most = max(most, running)
			mu.Unlock()
			timer := time.NewTimer(time.Millisecond)
			<-timer.C
			mu.Lock()
			running--
			mu.Unlock()
			return 200
		})
		w := newWorld(t, Config{Parallel: parallel})
		w.hook(in.URL)
		var want []string
		for i := range 20 {
			want = append(want, strconv.Itoa(i))
			w.ada.Comment(w.issue, strconv.Itoa(i))
		}
		w.flush()
		if most > parallel {
			t.Errorf("%d at a time, want at most %d", most, parallel)
		}
		var got []string
		for _, d := range in.all() {
			text, _ := d.data()["body"].(string)
			got = append(got, text)
		}
		if d := cmp.Diff(want, got); parallel == 1 && d != "" {
			t.Errorf("order (-want +got):\n%s", d)
		}
		if len(got) != 20 {
			t.Errorf("%d deliveries, want 20", len(got))
		}
	}
}

func TestRedeliver(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	in := newInbox(t, func(n int) int { return []int{200, 200, 500}[n] })
	w.hook(in.URL)
	w.ada.Comment(w.issue, "x")
	w.flush()
	id := w.srv.Deliveries()[0].ID
	if err := w.srv.Redeliver(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if err := w.srv.Redeliver(t.Context(), id); !errors.Is(err, ErrRefused) {
		t.Errorf("refused: %v", err)
	}
	if err := w.srv.Redeliver(t.Context(), uuid.NewString()); !errors.Is(err, ErrNoDelivery) {
		t.Errorf("unknown: %v", err)
	}
	got := in.all()
	if string(got[0].raw) != string(got[1].raw) || got[0].header.Get("Linear-Signature") != got[1].header.Get("Linear-Signature") {
		t.Error("other bytes")
	}
	a := w.srv.Deliveries()[0].Attempts
	if len(a) != 3 || a[0].Redelivered || !a[1].Redelivered {
		t.Errorf("attempts %+v", a)
	}
	w.srv.Close()
	if err := w.srv.Redeliver(t.Context(), id); !errors.Is(err, ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

// TestCloseWithWaitingDeliveries shows that Close does not wait for receivers
// or retries. The goroutine check of the package sees what would be left.
func TestCloseWithWaitingDeliveries(t *testing.T) {
	t.Parallel()
	reached := make(chan struct{}, 1)
	hang := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then does the server watch the connection
		reached <- struct{}{}
		<-r.Context().Done()
	}))
	defer hang.Close()
	w := newWorld(t, Config{})
	w.hook("http://127.0.0.1:1/") // will be retried in a minute
	w.ada.Comment(w.issue, "x")
	w.hook(hang.URL)
	w.ada.Comment(w.issue, "y")
	<-reached
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := w.srv.Flush(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Flush: %v", err)
	}
	w.srv.Close()
	if err := w.srv.Flush(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("Flush after Close: %v", err)
	}
}
