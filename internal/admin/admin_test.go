package admin_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/admin"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/internal/trace"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const token = "operator-token-0123456789"

// rig is an API over a store with a few things in it.
type rig struct {
	t     *testing.T
	store *memstate.Store
	rec   *trace.Recorder
	srv   *httptest.Server
}

func newRig(t *testing.T, change func(*admin.Config)) *rig {
	t.Helper()
	r := &rig{t: t, store: memstate.New(memstate.Options{})}
	t.Cleanup(func() { _ = r.store.Close() })
	book := notes.New(r.store)
	r.rec = trace.New(trace.Config{Book: book})
	cfg := admin.Config{Book: book, Traces: r.rec.View(), Recorder: r.rec, Inspector: r.store, Token: token}
	if change != nil {
		change(&cfg)
	}
	r.srv = httptest.NewServer(admin.New(cfg))
	t.Cleanup(r.srv.Close)
	return r
}

// bury puts n letters into the dead letters.
func (r *rig) bury(n int) {
	r.t.Helper()
	ctx := r.t.Context()
	for i := range n {
		e := state.Entry{ID: fmt.Sprintf("delivery-%04d", i), Lane: state.Key{Workspace: "W1", Kind: "thread", ID: "linear:i1"}, Body: []byte("private body")}
		if _, err := r.store.Enqueue(ctx, e); err != nil {
			r.t.Fatal(err)
		}
		leases, err := r.store.Lease(ctx, state.LeaseRequest{Holder: "h", TTL: time.Minute})
		if err != nil {
			r.t.Fatal(err)
		}
		s := state.Settlement{Verdicts: []state.Verdict{state.Bury(e.ID, state.Cause{Code: "panic", Message: "m", Stack: "the stack"})}}
		if err := r.store.Settle(ctx, leases[0], s); err != nil {
			r.t.Fatal(err)
		}
	}
}

// ask sends a request and returns the status and the answer.
func (r *rig) ask(method, path, auth, body string) (int, string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.srv.URL+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Authorization", auth)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := r.srv.Client().Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	var b strings.Builder
	if _, err := bufio.NewReader(res.Body).WriteTo(&b); err != nil {
		r.t.Fatal(err)
	}
	return res.StatusCode, b.String()
}

func TestToken(t *testing.T) {
	t.Parallel()
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("page")) })
	r := newRig(t, func(c *admin.Config) { c.Pages = map[string]http.Handler{"/metrics": page} })
	for _, tt := range []struct {
		method, path, auth, body string
		want                     int
	}{
		{"GET", "/admin/v1/status", "Bearer " + token, "", 200},
		{"GET", "/admin/v1/status", "", "", 401},
		{"GET", "/admin/v1/status", "Bearer ", "", 401},
		{"GET", "/admin/v1/status", token, "", 401},
		{"GET", "/admin/v1/status", "Bearer " + token + "x", "", 401},
		{"GET", "/admin/v1/status", "Bearer " + token[:20], "", 401},
		{"GET", "/admin/v1/nothing", "", "", 401},
		{"GET", "/admin/v1/nothing", "Bearer " + token, "", 404},
		{"POST", "/admin/v1/dead/drop", "", `{"all":true}`, 401},
		{"GET", "/admin/v1/dead/drop", "Bearer " + token, "", 405},
		{"GET", "/metrics", "", "", 401},
		{"GET", "/metrics", "Bearer " + token, "", 200},
	} {
		if got, body := r.ask(tt.method, tt.path, tt.auth, tt.body); got != tt.want || strings.Contains(body, token) {
			t.Errorf("%s %s with %q is answered %d %s, want %d", tt.method, tt.path, tt.auth, got, body, tt.want)
		}
	}
}

// What a web page can have a browser send changes nothing.
func TestFormsChangeNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *admin.Config) { c.Token = "" })
	r.bury(1)
	for _, kind := range []string{"application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", ""} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.srv.URL+"/admin/v1/dead/drop", strings.NewReader(`{"all":true}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", kind)
		res, err := r.srv.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusUnsupportedMediaType {
			t.Errorf("%q is answered %s", kind, res.Status)
		}
	}
	if stats, err := r.store.Stats(t.Context()); err != nil || stats.Dead != 1 {
		t.Errorf("there are %d dead letters, %v", stats.Dead, err)
	}
}

func TestDeadLetters(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.bury(12)
	auth := "Bearer " + token
	for _, tt := range []struct {
		method, path, body string
		want               int
		says               string
	}{
		{"GET", "/admin/v1/dead?limit=3", "", 200, `"more":true`},
		{"GET", "/admin/v1/dead?limit=0", "", 400, "give a number from 1 to 1000"},
		{"GET", "/admin/v1/dead?limit=1001", "", 400, "limit"},
		{"GET", "/admin/v1/dead/show?id=delivery-0003", "", 200, "the stack"},
		{"GET", "/admin/v1/dead/show?id=delivery", "", 409, "12 dead letters match"},
		{"GET", "/admin/v1/dead/show?id=del", "", 404, "at least 6"},
		{"GET", "/admin/v1/dead/show", "", 400, "give an id"},
		{"POST", "/admin/v1/dead/requeue", `{}`, 400, "give an id, or all"},
		{"POST", "/admin/v1/dead/requeue", `{"id":"delivery-0003","all":true}`, 400, "give an id, or all"},
		{"POST", "/admin/v1/dead/requeue", `{"id":"delivery-0003","lane":"nonsense"}`, 400, "is not a lane"},
		{"POST", "/admin/v1/dead/requeue", `{"ids":["delivery-0003"]}`, 400, "cannot be read"},
		{"POST", "/admin/v1/dead/requeue", `{"id":"delivery-0003"}`, 200, `"n":1`},
		{"POST", "/admin/v1/dead/requeue", `{"id":"delivery-0003"}`, 404, "there is no dead letter"},
		{"POST", "/admin/v1/dead/drop", `{"id":"delivery-0004"}`, 200, `"n":1`},
		{"POST", "/admin/v1/dead/drop", `{"all":true}`, 200, `"n":10`},
		{"POST", "/admin/v1/dead/drop", `{"id":"` + strings.Repeat("x", 100<<10) + `"}`, 400, "too large"},
		{"POST", "/admin/v1/replay", `{"id":"delivery-0003"}`, 409, "no bot runs here"},
		{"GET", "/admin/v1/explain?q=x", "", 400, "too short"},
		{"GET", "/admin/v1/deliveries?status=gone", "", 400, "give one of"},
		{"GET", "/admin/v1/deliveries?since=yesterday", "", 400, "give a time like"},
	} {
		got, body := r.ask(tt.method, tt.path, auth, tt.body)
		if got != tt.want || !strings.Contains(body, tt.says) {
			t.Errorf("%s %s is answered %d %.200s, want %d and %q", tt.method, tt.path, got, body, tt.want, tt.says)
		}
		if strings.Contains(body, "private body") {
			t.Errorf("%s %s shows what people wrote: %s", tt.method, tt.path, body)
		}
	}
	if stats, err := r.store.Stats(t.Context()); err != nil || stats.Dead != 0 || stats.Entries != 1 {
		t.Errorf("the store holds %+v, %v", stats, err)
	}
}

func TestScheduledPosts(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	for _, id := range []string{"abcdef01", "abcdef02"} {
		e := state.Entry{ID: notes.PostPrefix + id, Lane: state.Key{Workspace: "W1", Kind: "thread", ID: "linear:i1"}, Body: []byte("b"), Delay: time.Hour}
		if _, err := r.store.Enqueue(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	auth := "Bearer " + token
	for _, tt := range []struct {
		body string
		want int
	}{{`{"id":"abcdef"}`, 409}, {`{"id":"abcdef01"}`, 200}, {`{"id":"abcdef01"}`, 200}, {`{"id":"ffffff"}`, 404}, {`{"id":""}`, 400}, {`{"all":true}`, 400}} {
		if got, body := r.ask("POST", "/admin/v1/scheduled/cancel", auth, tt.body); got != tt.want {
			t.Errorf("%s is answered %d %s, want %d", tt.body, got, body, tt.want)
		}
	}
	if _, body := r.ask("GET", "/admin/v1/scheduled", auth, ""); strings.Count(body, `"canceled":true`) != 1 {
		t.Errorf("the list is %s", body)
	}
	fate, err := notes.New(r.store).Value(notes.Scheduled, "W1", "abcdef01").Get(t.Context())
	if err != nil || string(fate) != notes.PostCanceled {
		t.Errorf("its fate is %q, %v", fate, err)
	}
}

func TestFollow(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	early := r.rec.Begin(adapter.TraceTurn) // it begins too early, and ends later
	early.About(adapter.TraceSubject{ID: "early", Workspace: "W1"})
	early.Step(adapter.TraceStep{Code: reason.NotMentioned})
	query := url.Values{"status": {"ignored"}, "since": {time.Now().Format(time.RFC3339Nano)}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.srv.URL+"/admin/v1/deliveries/follow?"+query.Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := r.srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	early.End()
	for _, code := range []string{reason.Handled, reason.NotMentioned} {
		l := r.rec.Begin(adapter.TraceTurn)
		l.About(adapter.TraceSubject{ID: "of " + code, Workspace: "W1"})
		l.Step(adapter.TraceStep{Code: code, Detail: "two\nlines"})
		l.End()
	}
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		var told admin.Told
		if err := json.Unmarshal([]byte(data), &told); err != nil || told.ID != "of "+reason.NotMentioned || told.Story.What == "" {
			t.Errorf("the first event is %s, %v", data, err)
		}
		return
	}
	t.Errorf("nothing came: %v", lines.Err())
}
