package webhook_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/internal/testfiles"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/filestate"
	"github.com/linearbot/linearbot/webhook"
)

// vectorFile is webhooks.json: recorded requests and their expected effects.
type vectorFile struct {
	Defaults vectorInput  `json:"defaults"`
	Cases    []vectorCase `json:"cases"`
}

type vectorCase struct {
	Name     string                     `json:"name"`
	Input    json.RawMessage            `json:"input"`
	Upstream map[string]json.RawMessage `json:"upstream"`
	Want     map[string]json.RawMessage `json:"want"`
}

type vectorInput struct {
	Mode   string `json:"mode"`
	Secret string `json:"secret"`
	Bot    struct {
		UserName       string   `json:"userName"`
		DisplayName    string   `json:"displayName"`
		UserID         string   `json:"userId"`
		OrganizationID string   `json:"organizationId"`
		ProfileURL     string   `json:"profileUrl"`
		Aliases        []string `json:"aliases"`
	} `json:"bot"`
	Subscribed []adapter.ThreadID `json:"subscribed"`
	Handlers   []string           `json:"handlers"`
	Patterns   []struct {
		Source, Flags string
	} `json:"patterns"`
	Reply      *string `json:"reply"`
	IgnoreBots *bool   `json:"ignoreBots"`
	API        struct {
		Comments map[string]map[string]any `json:"comments"`
	} `json:"api"`
	Requests []struct {
		At         int64             `json:"at"`
		Method     string            `json:"method"`
		Headers    map[string]string `json:"headers"`
		Body       string            `json:"body"`
		BodyBase64 string            `json:"bodyBase64"`
	} `json:"requests"`
}

// vectorResponse is what one request is answered.
type vectorResponse struct {
	Status      int   `json:"status"`
	StatusOneOf []int `json:"statusOneOf"`
}

func TestVectorsWebhooks(t *testing.T) {
	t.Parallel()
	var file vectorFile
	testfiles.Vectors(t, "webhooks.json", &file)
	if len(file.Cases) == 0 {
		t.Fatal("no cases")
	}
	for _, c := range file.Cases {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			in := file.Defaults
			in.Handlers = slices.Clone(in.Handlers)
			if err := json.Unmarshal(c.Input, &in); err != nil {
				t.Fatal(err)
			}
			want := c.Upstream
			maps.Copy(want, c.Want)
			runVector(t, in, want)
		})
	}
}

// vectorRun records what a case does.
type vectorRun struct {
	in vectorInput

	mu         sync.Mutex
	request    int
	now        time.Time
	dispatched []map[string]any
	calls      []map[string]any
}

func runVector(t *testing.T, in vectorInput, want map[string]json.RawMessage) {
	t.Helper()
	run := &vectorRun{in: in}
	api := httptest.NewServer(http.HandlerFunc(run.serveAPI))
	defer api.Close()
	mode := linear.ModeComments
	if in.Mode == "agent-sessions" {
		mode = linear.ModeSessions
	}
	lin, err := linear.New(linear.Config{AccessToken: "token", APIURL: api.URL, Mode: mode, HTTPClient: api.Client()})
	if err != nil {
		t.Fatal(err)
	}
	store, err := filestate.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	cfg := bot.Config{Name: in.Bot.UserName, Aliases: in.Bot.Aliases, Adapter: lin, Store: store}
	if in.IgnoreBots != nil && !*in.IgnoreBots {
		cfg.Bots = bot.BotsAlways
	}
	b, err := bot.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	run.register(t, b)
	for _, id := range in.Subscribed {
		th, err := b.Workspace(in.Bot.OrganizationID).Thread(id)
		if err != nil {
			t.Fatal(err)
		}
		if err := th.Subscribe(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	srv, err := webhook.NewServer(webhook.Config{Secrets: []string{in.Secret}, Acceptor: b, Durable: b.Durable(), Now: run.clock})
	if err != nil {
		t.Fatal(err)
	}

	defer work(t, b)()

	var statuses []int
	for i, r := range in.Requests {
		run.at(i, r.At)
		body := []byte(r.Body)
		if r.BodyBase64 != "" {
			if body, err = base64.StdEncoding.DecodeString(r.BodyBase64); err != nil {
				t.Fatal(err)
			}
		}
		req := httptest.NewRequestWithContext(t.Context(), r.Method, "/api/webhooks/linear", bytes.NewReader(body))
		for k, v := range r.Headers {
			req.Header.Set(k, v)
		}
		res := httptest.NewRecorder()
		srv.Handler().ServeHTTP(res, req)
		statuses = append(statuses, res.Code)
		idle(t, store)
	}
	for d, err := range store.Dead(t.Context()) {
		t.Errorf("dead letter: %+v %v", d.Cause, err)
	}
	run.compare(t, want, statuses)
}

// newAdapter returns an adapter that talks to api.
func newAdapter(t *testing.T, api *httptest.Server) *linear.Adapter {
	t.Helper()
	lin, err := linear.New(linear.Config{AccessToken: "token", APIURL: api.URL, HTTPClient: api.Client()})
	if err != nil {
		t.Fatal(err)
	}
	return lin
}

func (r *vectorRun) clock() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now
}

func (r *vectorRun) at(request int, ms int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.request, r.now = request, time.UnixMilli(ms)
}

// work runs a bot until the returned function is called.
func work(t *testing.T, b *bot.Bot) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := b.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return func() {
		cancel()
		wg.Wait()
	}
}

// idle waits until the store holds no work.
func idle(t *testing.T, store state.Store) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		s, err := store.Stats(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if s.Entries == 0 && s.Delayed == 0 {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("work is left: %+v", s)
		case <-tick.C:
		}
	}
}

func (r *vectorRun) note(entry map[string]any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	entry["request"] = float64(r.request)
	r.dispatched = append(r.dispatched, entry)
}

// register registers the handlers that the case names.
func (r *vectorRun) register(t *testing.T, b *bot.Bot) {
	t.Helper()
	answer := func(ctx context.Context, th *bot.Thread) error {
		if r.in.Reply == nil {
			return nil
		}
		_, err := th.Post(ctx, bot.Markdown(*r.in.Reply))
		return err
	}
	message := func(kind string) bot.MessageHandler {
		return func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
			r.note(describe(kind, th, m))
			return answer(ctx, th)
		}
	}
	for _, h := range r.in.Handlers {
		switch h {
		case "mention":
			b.OnNewMention(message(h))
		case "subscribed":
			b.OnSubscribedMessage(message(h))
		case "pattern":
			for _, p := range r.in.Patterns {
				source := p.Source
				if p.Flags != "" {
					source = "(?" + strings.ReplaceAll(p.Flags, "g", "") + ")" + source
				}
				b.OnNewMessage(regexp.MustCompile(source), func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
					entry := describe(h, th, m)
					entry["pattern"] = p.Source
					r.note(entry)
					return answer(ctx, th)
				})
			}
		case "reaction":
			b.OnReaction(func(_ context.Context, th *bot.Thread, re *adapter.ReactionEvent) error {
				r.note(map[string]any{
					"handler": h, "added": re.Added, "emoji": re.Emoji, "rawEmoji": re.RawEmoji,
					"threadId": string(th.ID()), "messageId": re.MessageID, "author": author(re.User), "late": re.Late,
				})
				return nil
			})
		case "messageUpdated":
			b.OnMessageUpdated(func(_ context.Context, th *bot.Thread, m *bot.Message, previous string) error {
				entry := describe(h, th, m)
				entry["previousText"] = previous
				r.note(entry)
				return nil
			})
		case "messageDeleted":
			b.OnMessageDeleted(func(_ context.Context, th *bot.Thread, m *bot.Message) error {
				r.note(describe(h, th, m))
				return nil
			})
		case "stop":
			b.OnStop(func(_ context.Context, th *bot.Thread, m *bot.Message) error {
				r.note(describe(h, th, m))
				return nil
			})
		case "uninstalled":
			b.OnUninstalled(func(_ context.Context, w *bot.Workspace) error {
				r.note(map[string]any{"handler": h, "organizationId": w.ID()})
				return nil
			})
		default:
			t.Fatalf("unknown handler kind %q", h)
		}
	}
}

func describe(kind string, th *bot.Thread, m *bot.Message) map[string]any {
	return map[string]any{
		"handler": kind, "threadId": string(th.ID()), "messageId": m.ID, "text": m.Body,
		"isMention": m.Mentioned, "edited": !m.EditedAt.IsZero(), "late": m.Late,
		"dateSent": m.CreatedAt.UTC().Format("2006-01-02T15:04:05.000Z"), "author": author(m.Author),
	}
}

func author(u adapter.User) map[string]any {
	return map[string]any{
		"userId": u.ID, "userName": u.Name, "fullName": u.FullName, "isBot": u.IsBot(), "isMe": u.IsSelf(),
	}
}

// serveAPI stands in for the GraphQL API with the facts of the case.
func (r *vectorRun) serveAPI(w http.ResponseWriter, req *http.Request) {
	var q struct {
		Query     string         `json:"query"`
		Variables map[string]any `json:"variables"`
	}
	if err := json.NewDecoder(req.Body).Decode(&q); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	words := strings.FieldsFunc(q.Query, func(c rune) bool { return c != '_' && !unicode.IsLetter(c) })
	bot := map[string]any{"id": r.in.Bot.UserID, "name": r.in.Bot.DisplayName, "displayName": r.in.Bot.DisplayName, "url": r.in.Bot.ProfileURL, "app": true}
	var data map[string]any
	switch {
	case len(words) > 1 && words[0] == "mutation":
		data = r.mutate(words[1], q.Variables, bot)
	case strings.Contains(q.Query, "viewer"):
		data = map[string]any{"viewer": bot, "organization": map[string]any{"id": r.in.Bot.OrganizationID, "name": "Acme", "urlKey": "acme"}}
	case strings.Contains(q.Query, "comment("):
		id, _ := q.Variables["id"].(string)
		comment := map[string]any{"id": id, "issueId": nil, "parentId": nil}
		maps.Copy(comment, r.in.API.Comments[id])
		if parent := comment["parentId"]; parent != nil {
			comment["parent"] = map[string]any{"id": parent}
		}
		data = map[string]any{"comment": comment}
	}
	w.Header().Set("Content-Type", "application/json")
	out := map[string]any{"data": data}
	if data == nil {
		out["errors"] = []map[string]any{{"message": "unexpected operation " + strings.Join(words[:min(2, len(words))], " ")}}
	}
	if err := json.NewEncoder(w).Encode(out); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

// mutate records a mutation and answers it.
func (r *vectorRun) mutate(name string, vars map[string]any, bot map[string]any) map[string]any {
	input, _ := vars["input"].(map[string]any)
	call := map[string]any{"call": name}
	maps.Copy(call, input)
	r.mu.Lock()
	r.calls = append(r.calls, call)
	r.mu.Unlock()
	entity := map[string]any{"user": bot}
	maps.Copy(entity, input)
	kind := strings.TrimSuffix(strings.TrimSuffix(name, "Create"), "Update")
	return map[string]any{name: map[string]any{"success": true, kind: entity}}
}

// compare checks what happened against what the case expects.
func (r *vectorRun) compare(t *testing.T, want map[string]json.RawMessage, statuses []int) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()

	var responses []vectorResponse
	if err := json.Unmarshal(want["responses"], &responses); err != nil {
		t.Fatal(err)
	}
	if len(responses) != len(statuses) {
		t.Fatalf("%d answers, want %d", len(statuses), len(responses))
	}
	for i, w := range responses {
		ok := w.Status == statuses[i] || slices.Contains(w.StatusOneOf, statuses[i])
		refused := func(s int) bool { return s == 400 || s == 401 }
		if bothRefused := refused(w.Status) && refused(statuses[i]); !ok && !bothRefused {
			t.Errorf("request %d: status %d, want %+v", i, statuses[i], w)
		}
	}
	compareList(t, "dispatched", want["dispatched"], r.dispatched)
	compareList(t, "calls", want["calls"], slices.DeleteFunc(r.calls, r.isKeepers))
}

// isKeepers reports whether a call is one that the vectors leave to the port: a thought
// in a session, or the end of a turn whose handler wrote none.
func (r *vectorRun) isKeepers(call map[string]any) bool {
	content, _ := call["content"].(map[string]any)
	return content["type"] == "thought" || content["body"] == "Done." && r.in.Reply == nil
}

// compareList compares number, order and the named fields.
func compareList(t *testing.T, what string, raw json.RawMessage, got []map[string]any) {
	t.Helper()
	if string(raw) == `"any"` {
		return
	}
	var want []map[string]any
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	if len(want) != len(got) {
		t.Fatalf("%s: %d entries, want %d:\n got %v\nwant %v", what, len(got), len(want), got, want)
	}
	for i := range want {
		if diff := cmp.Diff(want[i], only(got[i], want[i])); diff != "" {
			t.Errorf("%s %d (-want +got):\n%s", what, i, diff)
		}
	}
}

// only returns the fields of got that want has, at all levels. A missing field
// is null.
func only(got, want map[string]any) map[string]any {
	out := make(map[string]any, len(want))
	for k, w := range want {
		out[k] = got[k]
		if sub, ok := w.(map[string]any); ok {
			if have, ok := got[k].(map[string]any); ok {
				out[k] = only(have, sub)
			}
		}
		if w == "any" {
			out[k] = "any"
		}
	}
	return out
}
