package linearsim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestVirtualClock shows that waits pass when the clock is moved, and only
// then.
func TestVirtualClock(t *testing.T) {
	t.Parallel()
	clock := NewClock(time.Date(2026, 10, 2, 9, 0, 0, 0, time.UTC))
	w := newWorld(t, Config{Clock: clock, Now: clock.Now})
	in := newInbox(t, func(n int) int { return map[bool]int{true: 200, false: 503}[n >= 3] })
	w.app.SetWebhook(Webhook{URL: in.URL, ResourceTypes: []string{"Comment"}})
	x := w.ada.StartSession(w.app, w.issue, nil)
	w.ada.Comment(w.issue, "hello")
	attempts := func(want int) {
		t.Helper()
		if err := w.srv.Wait(t.Context(), func() bool {
			d := w.srv.Deliveries()
			return len(d) == 1 && len(d[0].Attempts) == want
		}); err != nil {
			t.Fatal(err)
		}
	}
	attempts(1)
	for i, wait := range []time.Duration{time.Minute, time.Hour, 6 * time.Hour} {
		if err := w.srv.Advance(wait - time.Second); err != nil {
			t.Fatal(err)
		}
		attempts(i + 1)
		if err := w.srv.Advance(time.Second); err != nil {
			t.Fatal(err)
		}
		attempts(i + 2)
	}
	w.flush()
	if got := x.Status(); got != "stale" {
		t.Errorf("a session without activities for 7 h is %s", got)
	}
	if err := w.srv.Advance(18 * time.Hour); err != nil {
		t.Fatal(err)
	}
	if a := w.as(w.auth, `{viewer{id}}`, nil); a.Status != http.StatusUnauthorized {
		t.Errorf("a token lives for %d after 25 h", a.Status)
	}
	onTime := newWorld(t, Config{})
	if err := onTime.srv.Advance(time.Hour); err == nil {
		t.Error("a real clock moved")
	}
}

func TestDisturbances(t *testing.T) {
	t.Parallel()
	types := []string{"Comment", "Issue", "AgentSessionEvent", "AppUserNotification"}
	for _, tt := range []struct {
		name    string
		cfg     Config
		disturb Disturbance
		want    string // bodies of comments, or types of one act
		act     func(w *world)
	}{
		{"duplicates", Config{}, Disturbance{Duplicates: 2}, "a b c a b", nil},
		{"reverse", Config{}, Disturbance{Reverse: 3}, "c b a", nil},
		{"reverse of two", Config{}, Disturbance{Reverse: 2}, "b a c", nil},
		{"lost", Config{RetryAfter: []time.Duration{time.Millisecond}}, Disturbance{Lost: 3}, "a b c", nil},
		{"as they come", Config{}, Disturbance{}, "Comment AppUserNotification AgentSessionEvent", func(w *world) { w.ada.Comment(w.issue, "@helper-bot hi") }},
		{
			"another order",
			Config{EventOrder: []string{"AgentSessionEvent", "AppUserNotification"}},
			Disturbance{},
			"AgentSessionEvent AppUserNotification Comment", func(w *world) { w.ada.Comment(w.issue, "@helper-bot hi") },
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.cfg.Parallel = 1
			w := newWorld(t, tt.cfg)
			in := newInbox(t, nil)
			w.app.SetWebhook(Webhook{URL: in.URL, ResourceTypes: types})
			w.srv.Disturb(tt.disturb)
			if tt.act != nil {
				tt.act(w)
			} else {
				for _, body := range []string{"a", "b", "c"} {
					w.ada.Comment(w.issue, body)
				}
			}
			w.flush()
			var got []string
			ids := map[string][]byte{}
			for _, d := range in.all() {
				text, _ := d.data()["body"].(string)
				if tt.act != nil {
					text, _ = d.body["type"].(string)
				}
				got = append(got, text)
				id := d.header.Get("Linear-Delivery")
				if before := ids[id]; before != nil && !bytes.Equal(before, d.raw) {
					t.Errorf("%s: a duplicate has other bytes", id)
				}
				ids[id] = d.raw
			}
			if tt.name == "lost" {
				slices.Sort(got)
			}
			if s := strings.Join(got, " "); s != tt.want {
				t.Errorf("got %q, want %q", s, tt.want)
			}
		})
	}
}

func TestWebhookIsDisabled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{RetryAfter: []time.Duration{}, DisableAfter: 2, Parallel: 1})
	in := newInbox(t, func(int) int { return 500 })
	hook := w.app.SetWebhook(Webhook{URL: in.URL, ResourceTypes: []string{"Comment"}})
	for i, want := range []bool{true, false, false} {
		w.ada.Comment(w.issue, "x")
		w.flush()
		if got := hook.Enabled(); got != want {
			t.Errorf("after %d failures enabled is %t", i+1, got)
		}
	}
	if n := len(in.all()); n != 2 {
		t.Errorf("%d deliveries, want 2", n)
	}
}

func TestDeliveryIDs(t *testing.T) {
	t.Parallel()
	for _, cfg := range []Config{{}, {NewDeliveryIDs: true}, {RestampRetries: true}, {NewDeliveryIDs: true, RestampRetries: true}} {
		cfg.RetryAfter = []time.Duration{time.Millisecond}
		w := newWorld(t, cfg)
		in := newInbox(t, func(n int) int { return map[bool]int{true: 200, false: 503}[n > 0] })
		w.app.SetWebhook(Webhook{URL: in.URL, ResourceTypes: []string{"Comment"}})
		w.ada.Comment(w.issue, "x")
		w.flush()
		got := in.all()
		if len(got) != 2 {
			t.Fatalf("%d attempts", len(got))
		}
		if same := got[0].header.Get("Linear-Delivery") == got[1].header.Get("Linear-Delivery"); same == cfg.NewDeliveryIDs {
			t.Errorf("%+v: same id %t", cfg, same)
		}
	}
}

func TestSeedMakesTheSameIDs(t *testing.T) {
	t.Parallel()
	run := func(seed uint64) string {
		srv, err := Start(Config{Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		defer srv.Close()
		s := newScene(srv)
		c := s.Ada.Comments("hi")
		return fmt.Sprint(s.Workspace.ID, s.Ada.ID, s.Issue.ID, s.App.ClientSecret, c.ID, s.Ada.APIKey(), s.App.Token())
	}
	if a, b := run(7), run(7); a != b {
		t.Errorf("seed 7 made\n%s and\n%s", a, b)
	}
	if a, b := run(0), run(0); run(7) == run(8) || a == b {
		t.Error("another seed, or none, made the same ids")
	}
}

const seedYAML = `
workspaces:
  - name: Acme
    urlKey: acme
    users:
      - {name: Ada Byron, displayName: ada, admin: true, apiKey: lin_api_ada}
      - {name: Bob Noyce, displayName: bob}
    teams:
      - {key: ENG, name: Engineering, cycles: [First]}
    labels:
      - {name: Bug, color: "#ff0000"}
    issues:
      - team: ENG
        title: Slow
        by: ada
        assignee: bob
        state: In Progress
        labels: [Bug]
        comments:
          - by: bob
            body: Why?
            reactions: {ada: eyes}
            replies:
              - {by: ada, body: No idea.}
    apps:
      - {name: Helper, displayName: helper, clientId: id, clientSecret: secret, accessToken: tok}
`

func TestSeedFiles(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "seed.yaml")
	if err := os.WriteFile(path, []byte(seedYAML), 0o600); err != nil {
		t.Fatal(err)
	}
	seed, err := ReadSeed(path)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := json.Marshal(seed)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseSeed(plain)
	if err != nil || cmp.Diff(seed, again) != "" {
		t.Fatalf("as JSON: %v\n%s", err, cmp.Diff(seed, again))
	}
	w := newWorld(t, Config{})
	if _, err := w.srv.Load(seed); err != nil {
		t.Fatal(err)
	}
	const query = `{viewer{displayName admin} issue(id:"ENG-1"){title state{name} assignee{displayName} labels{nodes{name}} comments{nodes{body user{displayName} reactions{emoji}}}} cycles{nodes{name isActive}}}`
	a := w.as("lin_api_ada", query, nil)
	want := `{"viewer":{"displayName":"ada","admin":true},"issue":{"title":"Slow","state":{"name":"In Progress"},"assignee":{"displayName":"bob"},` +
		`"labels":{"nodes":[{"name":"Bug"}]},"comments":{"nodes":[{"body":"No idea.","user":{"displayName":"ada"},"reactions":[]},` +
		`{"body":"Why?","user":{"displayName":"bob"},"reactions":[{"emoji":"eyes"}]}]}},"cycles":{"nodes":[{"name":"First","isActive":true}]}}`
	if got := strings.TrimSuffix(strings.TrimPrefix(a.Raw, `{"data":`), "}"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if a := w.as("Bearer tok", `{viewer{displayName}}`, nil); a.at("viewer", "displayName") != "helper" {
		t.Error(a.Raw)
	}
	for text, part := range map[string]string{
		"a: [":       "seed",
		"{}":         "no workspaces",
		"workspace:": `unknown field "workspace"`,
		`{"workspaces":[{"name":"A","urlKey":"a","issues":[{"team":"X","by":"y"}]}]}`: `no team "X"`,
	} {
		seed, err := ParseSeed([]byte(text))
		if err == nil {
			_, err = w.srv.Load(seed)
		}
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: %v, want %q", text, err, part)
		}
	}
}

// TestSnapshot restores a workspace with one of everything into another server
// and finds it the same.
func TestSnapshot(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	w.oneOfEverything()
	root := w.ada.Comment(w.issue, "root")
	w.bob.React(w.bob.Reply(root, "reply"), "eyes")
	w.ada.Resolve(root)
	w.ada.UpdateIssue(w.issue, IssueChange{State: "Done", Assignee: w.bob})
	w.app.SetWebhook(Webhook{URL: "http://127.0.0.1:1", ResourceTypes: []string{"Comment"}}).SetEnabled(false)
	key := w.ada.APIKey()
	for _, name := range []string{"a.txt", "b.txt"} {
		w.do(`mutation{fileUpload(filename:"`+name+`",contentType:"text/plain",size:2){success}}`, nil)
	}
	_, st := w.saved()
	other := newWorld(t, Config{})
	if err := other.srv.Restore(st); err != nil {
		t.Fatal(err)
	}
	sorted := func(s Snapshot) Snapshot {
		slices.Sort(s.IDs)
		slices.SortFunc(s.Tokens, func(a, b stateToken) int { return strings.Compare(a.Text, b.Text) })
		for i := range s.Workspaces {
			slices.SortFunc(s.Workspaces[i].Things, func(a, b stateThing) int { return a.Seq - b.Seq })
			slices.SortFunc(s.Workspaces[i].Reacted, func(a, b stateReaction) int { return a.Seq - b.Seq })
		}
		slices.SortFunc(s.Files, func(a, b stateFile) int { return strings.Compare(a.Path, b.Path) })
		return s
	}
	again, err := json.Marshal(sorted(other.srv.Dump()))
	if err != nil {
		t.Fatal(err)
	}
	first, err := json.Marshal(sorted(st))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, again) {
		t.Error(cmp.Diff(string(first), string(again)))
	}
	// Everything answers as before, and new issues continue the numbering.
	s := selector{schema: w.srv.schema}
	for _, name := range []string{"issues", "comments", "projects", "documents", "agentSessions", "customers", "initiatives", "teams", "notifications", ""} {
		query := `{webhooks{nodes{id enabled secret url resourceTypes}}}`
		if name != "" {
			query = "{" + name + s.selection(w.srv.schema.Query.Fields.ForName(name).Type.Name(), 2) + "}"
		}
		if a, b := w.as(key, query, nil).Raw, other.as(key, query, nil).Raw; a != b {
			t.Errorf("%s differs:\n%s", name, cmp.Diff(a, b))
		}
	}
	if a := other.as(key, `mutation{issueCreate(input:{teamId:"ENG",title:"Next"}){issue{identifier}}}`, nil); a.at("issueCreate", "issue", "identifier") != "ENG-3" {
		t.Error(a.Raw)
	}
	// Restoring an invalid state changes nothing.
	st.Workspaces[0].Issues[0].Team = "nowhere"
	if err := other.srv.Restore(st); err == nil {
		t.Error("restored a state that refers to nothing")
	}
	if err := other.srv.Restore(Snapshot{serverState{Version: 99}}); err == nil {
		t.Error("restored another version")
	}
	if a := other.as(key, `{issue(id:"ENG-3"){id}}`, nil); len(a.Errors) > 0 {
		t.Error(a.Raw)
	}
}

// fakeT is a test that records how it ends.
type fakeT struct {
	failed string
	ends   []func()
}

func (*fakeT) Helper()                     {}
func (f *fakeT) Cleanup(g func())          { f.ends = append(f.ends, g) }
func (f *fakeT) Fatalf(s string, a ...any) { f.failed = fmt.Sprintf(s, a...) }

func TestScene(t *testing.T) {
	t.Parallel()
	s := New(t)
	c := s.Ada.Comments("@helper-bot hi")
	bot := s.App.User
	bot.Reply(c, "one")
	bot.Reply(c, "two")
	bot.React(c, "eyes")
	th := s.Thread(c)
	th.Expect("on", "tw")
	th.ExpectExactly("one", "two")
	th.ExpectReactions("eyes")
	if env := strings.Join(s.App.Env(), " "); !strings.Contains(env, "LINEAR_API_URL="+s.GraphQLURL()) {
		t.Error(env)
	}
	other := s.Team.AddIssue(s.Ada, "Other", "")
	s.Bob.Open(other)
	if got := s.Bob.Comments("here"); got.Issue != other {
		t.Error("Bob wrote elsewhere")
	}
	fake := &fakeT{}
	failing := New(fake)
	failing.Close() // ends the wait at once
	thread := failing.Thread(failing.Ada.Comments("hi"))
	thread.ExpectExactly("never")
	if !strings.Contains(fake.failed, `exactly the posts ["never"], the app's posts are []`) {
		t.Errorf("failed with %q", fake.failed)
	}
	for _, end := range fake.ends {
		end()
	}
}

func TestSeedAppIsInstalledByWorkspaces(t *testing.T) {
	t.Parallel()
	seed, err := ParseSeed([]byte(`
workspaces:
  - {name: Acme, urlKey: acme, users: [{displayName: ada, admin: true}]}
  - {name: Globex, urlKey: globex, users: [{displayName: bob, admin: true}]}
apps:
  - name: Helper
    clientId: helper-id
    clientSecret: helper-secret
    redirectUris: ["http://127.0.0.1:1/back"]
    webhook: {url: "http://127.0.0.1:1/hook", secret: helper-hook}
`))
	if err != nil {
		t.Fatal(err)
	}
	srv := New(t).Server
	spaces, err := srv.Load(seed)
	if err != nil {
		t.Fatal(err)
	}
	c := srv.oauth.clients["helper-id"]
	if c == nil {
		t.Fatal("the app is not registered")
	}
	env := strings.Join(c.Env(), "\n")
	for _, want := range []string{
		"LINEAR_AUTHORIZE_URL=" + srv.URL() + "/oauth/authorize", "LINEAR_CLIENT_ID=helper-id",
		"LINEAR_CLIENT_SECRET=helper-secret", "LINEAR_WEBHOOK_SECRET=helper-hook",
	} {
		if !strings.Contains(env, want) {
			t.Errorf("the environment lacks %s:\n%s", want, env)
		}
	}
	page := srv.URL() + "/oauth/authorize?client_id=helper-id&response_type=code&scope=read&actor=app&redirect_uri=http://127.0.0.1:1/back"
	for _, w := range spaces {
		if c.Installation(w) != nil {
			t.Errorf("%s has the app already", w.URLKey)
		}
		if _, err := c.Approve(page, w.users[0]); err != nil || c.Installation(w) == nil {
			t.Errorf("%s does not get the app: %v", w.URLKey, err)
		}
	}
	if _, err := srv.Load(Seed{Apps: []SeedOAuthApp{{Name: "Lost"}}}); err == nil || !strings.Contains(err.Error(), "redirectUris") {
		t.Errorf("an app that people cannot come back to: %v", err)
	}
}

func TestServe(t *testing.T) {
	t.Parallel()
	state := filepath.Join(t.TempDir(), "state.json")
	run := func(cfg ServeConfig, use func(a announced)) {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		r, out := io.Pipe()
		done := make(chan error, 1)
		go func() { done <- Serve(ctx, cfg, out) }()
		var a announced
		if err := json.NewDecoder(r).Decode(&a); err != nil {
			t.Fatal(err)
		}
		use(a)
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	cfg := ServeConfig{JSON: true, StateFile: state, WebhookURL: "http://127.0.0.1:1/"}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	issue := func(a announced, method, path, body string) string {
		req, err := http.NewRequestWithContext(t.Context(), method, a.Control+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		raw, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	run(cfg, func(a announced) {
		if len(a.Env["acme/helper-bot"]) != 6 || a.Keys["acme/ada"] == "" || a.Tokens["acme/helper-bot"] == "" {
			t.Errorf("%+v", a)
		}
		issue(a, "POST", "/acme/people/ada/comment", `{"issue":"ENG-1","body":"kept"}`)
	})
	run(cfg, func(a announced) {
		if got := issue(a, "GET", "/acme/issues/ENG-1", ""); !strings.Contains(got, "kept") {
			t.Errorf("the state was lost: %s", got)
		}
	})
	var text bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Serve(ctx, ServeConfig{}, &text); err != nil || !strings.Contains(text.String(), "LINEAR_CLIENT_SECRET=") {
		t.Errorf("%v: %s", err, text.String())
	}
	if err := Serve(ctx, ServeConfig{SeedFile: state}, io.Discard); err == nil {
		t.Error("a state file was taken for a seed")
	}
}

// TestSnapshotUnderWay restores what had been sent in vain and finds it delivered
// by the other server when its retry is due, unchanged.
func TestSnapshotUnderWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{Clock: NewClock(time.Date(2026, 10, 2, 9, 0, 0, 0, time.UTC))})
	var up atomic.Bool
	in := newInbox(t, func(int) int {
		if up.Load() {
			return http.StatusOK
		}
		return http.StatusServiceUnavailable
	})
	w.hook(in.URL, "Comment")
	w.ada.Comment(w.issue, "@helper-bot hello")
	if err := w.srv.Wait(t.Context(), func() bool {
		log := w.srv.Deliveries()
		return len(log) == 1 && len(log[0].Attempts) == 1
	}); err != nil {
		t.Fatal(err)
	}
	_, st := w.saved()
	w.srv.Close()
	up.Store(true)
	other := newWorld(t, Config{Clock: NewClock(time.Date(2026, 10, 2, 9, 0, 0, 0, time.UTC))})
	if err := other.srv.Restore(st); err != nil {
		t.Fatal(err)
	}
	if n := len(in.all()); n != 1 {
		t.Fatalf("%d deliveries before the retry is due", n)
	}
	if err := other.srv.Advance(time.Minute); err != nil {
		t.Fatal(err)
	}
	other.flush()
	got := in.all()
	if len(got) != 2 || !bytes.Equal(got[0].raw, got[1].raw) || got[0].header.Get("Linear-Delivery") != got[1].header.Get("Linear-Delivery") {
		t.Errorf("deliveries: %s", in.kinds())
	}
}
