package bot_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/internal/testfiles"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
)

// newLinear returns an adapter for Linear whose API knows only who the bot is.
func newLinear(t *testing.T) *linear.Adapter {
	t.Helper()
	return newLinearOver(t, whoAmI{})
}

// newLinearOver is newLinear with a transport of its own.
func newLinearOver(t *testing.T, transport http.RoundTripper) *linear.Adapter {
	t.Helper()
	cfg := linear.Config{AccessToken: "token", HTTPClient: &http.Client{Transport: transport}}
	a, err := linear.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// whoAmI answers every request with who the bot is, and that an activity is written,
// without a network, so that it works in a bubble.
type whoAmI struct{}

func (whoAmI) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(`{"data":{"agentActivityCreate":{"success":true,"agentActivity":{"id":"activity"}},"agentSession":{"activities":{"nodes":[]}},"viewer":{"id":"bot-user","name":"Helper Bot","displayName":"helper-bot","app":true,
			"url":"https://linear.app/acme/profiles/helper-bot"},"organization":{"id":"org","name":"Acme","urlKey":"acme"}}}`)),
	}, nil
}

// activityLog is whoAmI, and remembers what was written into sessions.
type activityLog struct {
	mu  sync.Mutex
	ids map[string]bool
	all map[string][]string // by session
}

func (l *activityLog) RoundTrip(r *http.Request) (*http.Response, error) {
	var sent struct {
		Variables struct {
			Input struct {
				ID, AgentSessionID string
				Content            struct{ Type, Body string }
			}
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
		return nil, err
	}
	if in := sent.Variables.Input; in.AgentSessionID != "" {
		l.mu.Lock()
		if l.ids[in.ID] { // Linear keeps the first
			l.mu.Unlock()
			return whoAmI{}.RoundTrip(r)
		}
		l.ids[in.ID] = true
		l.all[in.AgentSessionID] = append(l.all[in.AgentSessionID], in.Content.Type+": "+in.Content.Body)
		l.mu.Unlock()
	}
	return whoAmI{}.RoundTrip(r)
}

// last returns what was written last into a session.
func (l *activityLog) last(session string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if all := l.all[session]; len(all) > 0 {
		return all[len(all)-1]
	}
	return ""
}

// TestOneTurnPerAct delivers the comment, the session and the notification that
// tell of one mention, in every order, to two instances on one store. The session has
// an end, also if the comment is answered.
func TestOneTurnPerAct(t *testing.T) {
	t.Parallel()
	user := `{"id":"ada","name":"Ada Byron","email":"ada@acme.test","url":"https://linear.app/acme/profiles/ada"}`
	bodies := map[string]string{
		"comment": `{"type":"Comment","action":"create","organizationId":"org","createdAt":"2026-10-02T09:15:04.120Z","actor":` + user + `,
			"data":{"id":"c1","issueId":"i1","body":"@helper-bot look","userId":"ada","user":` + user + `}}`,
		"session": `{"type":"AgentSessionEvent","action":"created","organizationId":"org","appUserId":"bot-user","createdAt":"2026-10-02T09:15:04.650Z",
			"agentSession":{"id":"s1","issueId":"i1","appUserId":"bot-user","creatorId":"ada","creator":` + user + `,"commentId":"c1",
			"comment":{"id":"c1","body":"@helper-bot look","issueId":"i1","userId":"ada"},
			"sourceMetadata":{"type":"comment","agentSessionMetadata":{"sourceCommentId":"c1"}}},"previousComments":[]}`,
		"notification": `{"type":"AppUserNotification","action":"issueCommentMention","organizationId":"org","appUserId":"bot-user","createdAt":"2026-10-02T09:15:05Z",
			"notification":{"id":"n1","type":"issueCommentMention","actorId":"ada","actor":` + user + `,"issueId":"i1","commentId":"c1",
			"comment":{"id":"c1","body":"@helper-bot look","issueId":"i1","userId":"ada"}}}`,
	}
	for _, order := range [][]string{
		{"comment", "session", "notification"},
		{"comment", "notification", "session"},
		{"session", "comment", "notification"},
		{"session", "notification", "comment"},
		{"notification", "comment", "session"},
		{"notification", "session", "comment"},
	} {
		for name, policy := range map[string]bot.LanePolicy{"serial": bot.Serial(), "latest": bot.Latest()} {
			t.Run(strings.Join(order, " ")+" "+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { oneTurnPerAct(t, bodies, order, policy) })
			})
		}
	}
}

func oneTurnPerAct(t *testing.T, bodies map[string]string, order []string, policy bot.LanePolicy) {
	t.Helper()
	store := memstate.New(memstate.Options{})
	defer store.Close()
	said := &activityLog{ids: make(map[string]bool), all: make(map[string][]string)}
	lin := newLinearOver(t, said)
	var (
		mu   sync.Mutex
		runs []string
		wg   sync.WaitGroup
		bots []*bot.Bot
	)
	ctx, cancel := context.WithCancel(t.Context())
	defer wg.Wait()
	defer cancel()
	for range 2 {
		b, err := bot.New(bot.Config{Adapter: lin, Store: store, Policy: policy})
		if err != nil {
			t.Fatal(err)
		}
		b.OnNewMention(func(_ context.Context, th *bot.Thread, m *bot.Message) error {
			mu.Lock()
			defer mu.Unlock()
			runs = append(runs, string(th.ID())+" "+m.Body)
			return nil
		})
		bots = append(bots, b)
		wg.Go(func() { _ = b.Run(ctx) })
	}
	for range 2 { // and everything again
		for i, kind := range order {
			d := &adapter.Delivery{Body: []byte(bodies[kind]), SentAt: time.Now(), ReceivedAt: time.Now()}
			if err := bots[i%2].Accept(ctx, d); err != nil {
				t.Fatal(err)
			}
			waitIdle(t, store)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(runs) != 1 {
		t.Errorf("ran %q, want one turn", runs)
	}
	end := "response: My answer is in the comments."
	if strings.HasPrefix(runs[0], "linear:i1:s:s1 ") {
		end = "response: Done."
	}
	if got := said.last("s1"); got != end {
		t.Errorf("ran %q, and the session ends with %q, want %q", runs, got, end)
	}
	// Once it is known that the workspace sends sessions, the session
	// answers, in whatever order they come.
	mu.Unlock()
	again := strings.NewReplacer(`"c1"`, `"c2"`, `"s1"`, `"s2"`, `"n1"`, `"n2"`)
	for i, kind := range order {
		d := &adapter.Delivery{Body: []byte(again.Replace(bodies[kind])), SentAt: time.Now(), ReceivedAt: time.Now()}
		if err := bots[i%2].Accept(ctx, d); err != nil {
			t.Fatal(err)
		}
	}
	waitIdle(t, store)
	mu.Lock()
	if len(runs) != 2 || !strings.HasPrefix(runs[1], "linear:i1:s:s2 ") {
		t.Errorf("ran %q, want the session to answer the second act", runs)
	}
	if got := said.last("s2"); got != "response: Done." {
		t.Errorf("the second session ends with %q", got)
	}
}

// TestOutOfOrder delivers what happened to a comment in every order. Each event
// is handled once, whatever came before it, unless that was the deletion.
func TestOutOfOrder(t *testing.T) {
	t.Parallel()
	user := `{"id":"ada","name":"Ada Byron","url":"https://linear.app/acme/profiles/ada"}`
	comment := func(action, body, updated, from string) string {
		return `{"type":"Comment","action":"` + action + `","organizationId":"org","createdAt":"` + updated + `","actor":` + user + from + `,
			"data":{"id":"c1","issueId":"i1","body":"` + body + `","updatedAt":"` + updated + `","editedAt":"` + updated + `","userId":"ada","user":` + user + `}}`
	}
	bodies := []string{
		comment("create", "@helper-bot look", "2026-10-02T09:00:00Z", ""),
		comment("update", "@helper-bot look here", "2026-10-02T09:01:00Z", `,"updatedFrom":{"body":"@helper-bot look","updatedAt":"2026-10-02T09:00:00Z"}`),
		comment("update", "@helper-bot look there", "2026-10-02T09:02:00Z", `,"updatedFrom":{"body":"@helper-bot look here","updatedAt":"2026-10-02T09:01:00Z"}`),
		comment("remove", "@helper-bot look there", "2026-10-02T09:03:00Z", ""),
	}
	names := []string{"mention @helper-bot look", "updated @helper-bot look here", "updated @helper-bot look there", "deleted"}
	rapid.Check(t, func(rt *rapid.T) {
		order := rapid.Permutation([]int{0, 0, 1, 1, 2, 2, 3, 3}).Draw(rt, "order")
		store := memstate.New(memstate.Options{})
		defer store.Close()
		b, err := bot.New(bot.Config{Adapter: newLinear(t), Store: store})
		if err != nil {
			rt.Fatal(err)
		}
		var got []string
		b.OnNewMention(func(_ context.Context, _ *bot.Thread, m *bot.Message) error {
			got = append(got, "mention "+m.Body)
			return nil
		})
		b.OnMessageUpdated(func(_ context.Context, _ *bot.Thread, m *bot.Message, _ string) error {
			got = append(got, "updated "+m.Body)
			return nil
		})
		b.OnMessageDeleted(func(context.Context, *bot.Thread, *bot.Message) error {
			got = append(got, "deleted")
			return nil
		})
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { _ = b.Run(ctx) })
		var want []string
		for _, i := range order {
			if err := b.Accept(t.Context(), &adapter.Delivery{Body: []byte(bodies[i]), SentAt: time.Now(), ReceivedAt: time.Now()}); err != nil {
				rt.Fatal(err)
			}
			waitIdle(t, store)
			if !slices.Contains(want, names[i]) && !slices.Contains(want, "deleted") {
				want = append(want, names[i])
			}
		}
		cancel()
		wg.Wait()
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Errorf("in the order %v (-want +got):\n%s", order, diff)
		}
	})
}

// waitIdle waits until the store holds no work.
func waitIdle(t *testing.T, store state.Store) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for {
		s, err := store.Stats(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if s.Entries+s.Delayed == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("work is left: %+v", s)
		}
	}
}

// TestVectorsThreadIDs checks the ids of handles outside a turn; package linear
// checks the rest of the file.
func TestVectorsThreadIDs(t *testing.T) {
	t.Parallel()
	type result struct {
		ID        string `json:"id"`
		ChannelID string `json:"channelId"`
		Error     *struct {
			Class string `json:"class"`
			Code  string `json:"code"`
		} `json:"error"`
	}
	store := memstate.New(memstate.Options{})
	t.Cleanup(func() { _ = store.Close() })
	b, err := bot.New(bot.Config{Adapter: newLinear(t), Store: store})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range testfiles.Cases[struct {
		Name  string `json:"name"`
		Input struct {
			Op       string           `json:"op"`
			ThreadID adapter.ThreadID `json:"threadId"`
		} `json:"input"`
		Upstream result  `json:"upstream"`
		Want     *result `json:"want"`
	}](t, "thread_ids.json") {
		if c.Input.Op != "thread" {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			want := c.Upstream
			if c.Want != nil {
				want = *c.Want
			}
			th, err := b.Workspace("org").Thread(c.Input.ThreadID)
			if want.Error != nil {
				if code := errorCode(err); code != strings.ToLower(want.Error.Code) {
					t.Errorf("Thread(%q): %v with code %s, want %s", c.Input.ThreadID, err, code, want.Error.Code)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			channel, err := th.Channel()
			if err != nil || string(th.ID()) != want.ID || string(channel) != want.ChannelID {
				t.Errorf("thread %q of channel %q, %v, want %q of %q", th.ID(), channel, err, want.ID, want.ChannelID)
			}
		})
	}
}

// errorCode names an error as the vectors do. What the adapter refuses is a
// validation error.
func errorCode(err error) string {
	bad, ok := errors.AsType[*bot.IDError](err)
	switch {
	case !ok:
		return fmt.Sprint(err)
	case bad.Err != nil:
		return "validation_error"
	default:
		return bad.Code
	}
}
