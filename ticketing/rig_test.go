package ticketing_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
	"github.com/linearbot/linearbot/ticketing"
)

func TestMain(m *testing.M) {
	if spec := os.Getenv(childEnv); spec != "" {
		if err := child(spec); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1) //nolint:forbidigo // it is the main of a child process
		}
		return
	}
	goleak.VerifyTestMain(m, goleak.IgnoreCurrent())
}

// rig is the API over a simulated Linear.
type rig struct {
	t      testing.TB
	linear *linearsim.Server
	ws     *linearsim.Workspace
	team   *linearsim.Team
	ada    *linearsim.User
	app    *linearsim.Installation
	conn   ticketing.Connection
	store  state.Store
	api    *ticketing.API
	http   *httptest.Server
	token  string
	prefix string

	between *between
}

type options struct {
	config func(*ticketing.Config)
	store  state.Store
	linear linearsim.Config
	// between sees what is sent to Linear.
	between *between
}

const deskURL = "https://desk.example/app/accounts/{account}/conversations/{conversation}"

func newRig(tb testing.TB, o options) *rig { //nolint:thelper // tb is t below
	t := tb
	t.Helper()
	r := &rig{t: t, prefix: "/t", between: o.between}
	if o.linear.RetryAfter == nil {
		o.linear.RetryAfter = []time.Duration{20 * time.Millisecond, 50 * time.Millisecond}
	}
	if o.linear.Parallel == 0 {
		o.linear.Parallel = 1 // so that events arrive in their order
	}
	var err error
	if r.linear, err = linearsim.Start(o.linear); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.linear.Close)
	r.ws = r.linear.AddWorkspace("Acme", "acme")
	r.ada = r.ws.AddUser("Ada Byron", "ada")
	r.team = r.ws.AddTeam("ENG", "Engineering")
	r.app = r.ws.InstallApp(linearsim.App{Name: "Desk"})
	r.conn = ticketing.Connection{ID: r.ws.ID, AppActor: true, Client: r.client(r.app.Token())}
	r.store = o.store
	if r.store == nil {
		r.store = memstate.New(memstate.Options{})
		t.Cleanup(func() { _ = r.store.Close() })
	}
	cfg := ticketing.Config{
		Connections: ticketing.Static{r.conn}, Store: r.store, Prefix: r.prefix,
		Helpdesk:       ticketing.Helpdesk{ConversationURL: deskURL},
		WebhookSecrets: []string{"hook-secret"}, PrivateTargets: true,
		TokenRate: ticketing.Rate{Requests: -1}, ConnectionRate: ticketing.Rate{Requests: -1},
		Retries: []time.Duration{10 * time.Millisecond, 10 * time.Millisecond},
	}
	if o.config != nil {
		o.config(&cfg)
	}
	r.prefix = cfg.Prefix
	if r.api, err = ticketing.New(cfg); err != nil {
		t.Fatal(err)
	}
	r.http = httptest.NewServer(r.api)
	t.Cleanup(r.http.Close)
	r.token = r.newToken(ticketing.Token{Name: "Grace Hopper", Role: ticketing.RoleAdmin})
	return r
}

func (r *rig) client(token string) *linearapi.Client {
	r.t.Helper()
	plain := &http.Transport{}
	r.t.Cleanup(plain.CloseIdleConnections)
	var transport http.RoundTripper = plain
	if r.between != nil {
		r.between.next, transport = plain, r.between
	}
	c, err := linearapi.New(linearapi.Config{
		URL: r.linear.GraphQLURL(), UploadsURL: r.linear.URL(), Tokens: linearapi.AccessToken(token), Pause: time.Millisecond,
		HTTPClient: &http.Client{Transport: transport},
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

func (r *rig) newToken(spec ticketing.Token) string {
	r.t.Helper()
	_, secret, err := r.api.Tokens().Create(r.t.Context(), spec)
	if err != nil {
		r.t.Fatal(err)
	}
	return secret
}

// work runs the queue until the test ends, and lets Linear send its webhooks.
func (r *rig) work() {
	r.t.Helper()
	done := make(chan error, 1)
	ctx, stop := context.WithCancel(r.t.Context())
	go func() { done <- r.api.Run(ctx) }()
	r.t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			r.t.Error(err)
		}
	})
	r.app.SetWebhook(linearsim.Webhook{URL: r.http.URL + r.prefix + "/webhooks/linear", Secret: "hook-secret"})
}

// answer is what came back.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	body   []byte
}

// call sends a request with the rig's token. body is encoded, unless it is a
// text.
func (r *rig) call(method, path string, body any, header ...string) *answer {
	r.t.Helper()
	return r.as(r.token, method, path, body, header...)
}

func (r *rig) as(token, method, path string, body any, header ...string) *answer {
	r.t.Helper()
	var raw []byte
	switch b := body.(type) {
	case nil:
	case string:
		raw = []byte(b)
	case []byte:
		raw = b
	default:
		var err error
		if raw, err = json.Marshal(b); err != nil {
			r.t.Fatal(err)
		}
	}
	address := r.http.URL + r.prefix + path
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.http.URL, bytes.NewReader(raw))
	if err != nil {
		r.t.Fatal(err)
	}
	// As it stands, without Go's own idea of what an address is.
	rest, query, _ := strings.Cut(strings.TrimPrefix(address, r.http.URL), "?")
	req.URL.Opaque, req.URL.RawQuery = rest, query
	if u, err := url.Parse(address); err == nil {
		req.URL = u
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := r.http.Client().Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return &answer{r.t, resp.StatusCode, resp.Header, content}
}

// is checks the status.
func (a *answer) is(status int) *answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	return a
}

// to decodes the body.
func (a *answer) to(v any) {
	a.t.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		a.t.Fatalf("%v: %s", err, a.body)
	}
}

// at follows a path such as result.0.name.
func (a *answer) at(path string) any {
	a.t.Helper()
	var v any
	a.to(&v)
	if path == "" {
		return v
	}
	for part := range strings.SplitSeq(path, ".") {
		switch o := v.(type) {
		case map[string]any:
			v = o[part]
		case []any:
			i := 0
			for _, d := range part {
				i = i*10 + int(d-'0')
			}
			if i >= len(o) {
				return nil
			}
			v = o[i]
		default:
			return nil
		}
	}
	return v
}

func (a *answer) text(path string) string {
	a.t.Helper()
	s, _ := a.at(path).(string)
	return s
}

func (a *answer) count(path string) int {
	a.t.Helper()
	l, _ := a.at(path).([]any)
	return len(l)
}

// eventually waits until cond holds.
func eventually(tb testing.TB, what string, cond func() bool) {
	tb.Helper()
	deadline := time.Now().Add(10 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !cond() {
		if time.Now().After(deadline) {
			tb.Fatalf("it never came true: %s", what)
		}
		<-tick.C
	}
}
