package linearsim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// world is a server with two people, a team, an issue and an app.
type world struct {
	tb     testing.TB
	srv    *Server
	clock  *Clock // of cfg.Now, unless a test sets that
	client *http.Client
	ws     *Workspace
	ada    *User
	bob    *User
	team   *Team
	issue  *Issue
	app    *Installation
	auth   string
}

func newWorld(tb testing.TB, cfg Config) *world {
	tb.Helper()
	c := NewClock(time.Date(2026, 10, 2, 9, 15, 4, 120e6, time.UTC))
	if cfg.Now == nil {
		cfg.Now = c.Now
	}
	srv, err := Start(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tr := &http.Transport{}
	tb.Cleanup(func() {
		srv.Close()
		tr.CloseIdleConnections()
	})
	w := &world{tb: tb, srv: srv, clock: c, client: &http.Client{Transport: tr}}
	w.ws = srv.AddWorkspace("Acme", "acme")
	w.ada = w.ws.AddUser("Ada Byron", "ada")
	w.bob = w.ws.AddUser("Bob Noyce", "bob")
	w.team = w.ws.AddTeam("ENG", "Engineering")
	w.issue = w.team.AddIssue(w.ada, "Checkout fails on retry", "It fails.")
	w.app = w.ws.InstallApp(App{Name: "Helper Bot", DisplayName: "helper-bot", ClientCredentials: true})
	w.auth = "Bearer " + w.app.Token()
	return w
}

// saved returns the state of the server as a file holds it, and as it is read back.
func (w *world) saved() ([]byte, Snapshot) {
	w.tb.Helper()
	raw, err := json.Marshal(w.srv.Dump())
	if err != nil {
		w.tb.Fatal(err)
	}
	var st Snapshot
	if err := json.Unmarshal(raw, &st); err != nil {
		w.tb.Fatal(err)
	}
	return raw, st
}

type answer struct {
	Status int
	Header http.Header
	Raw    string
	Data   map[string]any
	Errors []responseError
}

func (a answer) code() string {
	if len(a.Errors) == 0 {
		return ""
	}
	return a.Errors[0].Extensions.Code
}

// at walks data by keys and indexes.
func (a answer) at(path ...any) any {
	var v any = a.Data
	for _, p := range path {
		switch k := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[k]
		case int:
			l, _ := v.([]any)
			if k >= len(l) {
				return nil
			}
			v = l[k]
		}
	}
	return v
}

func (w *world) try(ctx context.Context, auth, query string, vars map[string]any) (answer, error) {
	in, err := json.Marshal(map[string]any{"query": query, "variables": vars})
	if err != nil {
		return answer{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.srv.GraphQLURL(), bytes.NewReader(in))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	if auth != "" {
		req.Header.Set("Authorization", auth)
	}
	resp, err := w.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	a := answer{Status: resp.StatusCode, Header: resp.Header, Raw: string(raw)}
	var out struct {
		Data   map[string]any
		Errors []responseError
	}
	if json.Unmarshal(raw, &out) == nil {
		a.Data, a.Errors = out.Data, out.Errors
	}
	return a, err
}

// as sends a request with an Authorization header.
func (w *world) as(auth, query string, vars map[string]any) answer {
	w.tb.Helper()
	a, err := w.try(w.tb.Context(), auth, query, vars)
	if err != nil {
		w.tb.Fatal(err)
	}
	return a
}

// do sends a request of the app that must work.
func (w *world) do(query string, vars map[string]any) answer {
	w.tb.Helper()
	a := w.as(w.auth, query, vars)
	if a.Status != http.StatusOK || len(a.Errors) > 0 {
		w.tb.Fatalf("status %d: %s", a.Status, a.Raw)
	}
	return a
}

// inbox receives webhooks.
type inbox struct {
	*httptest.Server
	mu     sync.Mutex
	got    []delivered
	answer func(n int) int // status of the n-th request, from 0
}

type delivered struct {
	header http.Header
	raw    []byte
	body   map[string]any
}

func newInbox(tb testing.TB, status func(n int) int) *inbox {
	tb.Helper()
	in := &inbox{answer: status}
	in.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		d := delivered{header: r.Header.Clone(), raw: raw}
		if err == nil {
			err = json.Unmarshal(raw, &d.body)
		}
		in.mu.Lock()
		n := len(in.got)
		in.got = append(in.got, d)
		in.mu.Unlock()
		switch {
		case err != nil:
			w.WriteHeader(http.StatusBadRequest)
		case in.answer != nil:
			w.WriteHeader(in.answer(n))
		}
	}))
	tb.Cleanup(in.Close)
	return in
}

func (d delivered) data() map[string]any {
	m, _ := d.body["data"].(map[string]any)
	return m
}

func (in *inbox) all() []delivered {
	in.mu.Lock()
	defer in.mu.Unlock()
	return slices.Clone(in.got)
}

func (in *inbox) kinds() string {
	var out []string
	for _, d := range in.all() {
		typ, _ := d.body["type"].(string)
		action, _ := d.body["action"].(string)
		out = append(out, typ+" "+action)
	}
	return strings.Join(out, ", ")
}

func (w *world) flush() {
	w.tb.Helper()
	ctx, cancel := context.WithTimeout(w.tb.Context(), 10*time.Second)
	defer cancel()
	if err := w.srv.Flush(ctx); err != nil {
		w.tb.Fatal(err)
	}
}

func TestStartRefusesNonsense(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]Config{
		"parallel": {Parallel: -1},
		"requests": {RequestsPerHour: -1},
		"searches": {SearchesPerMinute: -1},
		"timeout":  {DeliveryTimeout: -1},
		"address":  {Addr: "256.0.0.1:0"},
	} {
		if srv, err := Start(cfg); err == nil {
			srv.Close()
			t.Errorf("%s: started", name)
		}
	}
}

func TestWait(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	var wg sync.WaitGroup
	wg.Go(func() { w.ada.Comment(w.issue, "late") })
	if err := w.srv.Wait(t.Context(), func() bool { return len(w.issue.Comments()) == 1 }); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.srv.Wait(ctx, func() bool { return false }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled Wait: %v", err)
	}
	w.srv.Close()
	w.srv.Close()
	if err := w.srv.Wait(t.Context(), func() bool { return false }); !errors.Is(err, ErrClosed) {
		t.Errorf("closed Wait: %v", err)
	}
	if got := len(w.issue.Comments()); got != 1 {
		t.Errorf("%d comments after Close, want 1", got)
	}
}
