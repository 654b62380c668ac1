package metrics_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/adaptertest"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/adapter/linear/workspaces"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/internal/metrics"
	"github.com/linearbot/linearbot/internal/status"
	"github.com/linearbot/linearbot/internal/testfiles"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
	"github.com/linearbot/linearbot/webhook"
)

// marker is part of everything that is secret here.
const marker = "MARKER-SECRET"

// TestDocumentation compares the table of the documentation with the code.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	rows := testfiles.Rows(t, "../../docs/operations.md", "| metric |")
	if diff := cmp.Diff(metrics.Markdown(), rows); diff != "" {
		t.Errorf("the table must be (-want +got):\n%s\n%s", diff, metrics.Markdown())
	}
}

// installs are installations in three states.
type installs struct{ listed int }

func (*installs) Counts() map[string]int64 {
	return map[string]int64{"installed": 2, "refresh_failed:unavailable": 1}
}

func (i *installs) List(context.Context) ([]workspaces.Workspace, error) {
	i.listed++
	return []workspaces.Workspace{{Status: workspaces.StatusActive}, {Status: workspaces.StatusActive}, {Status: workspaces.StatusNeedsReauth}, {Status: workspaces.StatusUnreadable}}, nil
}

// downStore is a store that does not answer.
type downStore struct{}

func (downStore) Stats(context.Context) (state.Stats, error) {
	return state.Stats{}, errors.New("connection with password " + marker + " refused")
}

// rig is a bot behind a server, with metrics.
type rig struct {
	t   *testing.T
	m   *metrics.Metrics
	on  *adaptertest.Fake
	bot *bot.Bot
	srv *webhook.Server
	in  *installs
}

func newRig(t *testing.T) *rig {
	t.Helper()
	store := memstate.New(memstate.Options{})
	t.Cleanup(func() { _ = store.Close() })
	on := adaptertest.NewFake("helper")
	b, err := bot.New(bot.Config{Adapter: on, Store: store, Secret: marker + "-for-the-ids", Workers: 64})
	if err != nil {
		t.Fatal(err)
	}
	srv, err := webhook.NewServer(webhook.Config{Secrets: []string{marker, marker + "-2"}, Acceptor: b, Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, m: metrics.New(), on: on, bot: b, srv: srv, in: &installs{}}
	r.m.Watch(status.Sources{
		Bot: b, Intake: srv.Intake(), Secrets: srv.Secrets, Installs: r.in,
		Stores: map[string]status.Store{"bot": store, "ticketing": downStore{}},
		Budgets: func() map[string]linearapi.Budget {
			full := linearapi.Allowance{Limit: 5000, Remaining: 4000, Reset: time.Now().Add(time.Hour)}
			low := linearapi.Allowance{Limit: 5000, Remaining: 12, Reset: time.Now().Add(time.Hour)}
			over := linearapi.Allowance{Limit: 5000, Remaining: 1, Reset: time.Now().Add(-time.Hour)}
			return map[string]linearapi.Budget{"a": {Requests: full, Complexity: full}, "b": {Requests: low}, "c": {Requests: over}}
		},
	})
	return r
}

// post sends a body, signed with a secret, and returns the status.
func (r *rig) post(secret, body string) int {
	req := httptest.NewRequestWithContext(r.t.Context(), http.MethodPost, "/api/webhooks/linear", strings.NewReader(body))
	if secret != "" {
		req.Header.Set("Linear-Signature", webhook.Sign(secret, []byte(body)))
	}
	w := httptest.NewRecorder()
	r.srv.Handler().ServeHTTP(w, req)
	return w.Code
}

// said returns the body of a delivery: a person mentions the bot.
func (r *rig) said(text string) string {
	d := r.on.Said("fake:1", "m1", "U1", "@helper "+text)
	return strings.Replace(string(d.Body), "{", fmt.Sprintf(`{"webhookTimestamp":%d,`, time.Now().UnixMilli()), 1)
}

// scrape returns what a scraper gets.
func (r *rig) scrape() string {
	r.t.Helper()
	w := httptest.NewRecorder()
	r.m.Handler().ServeHTTP(w, httptest.NewRequestWithContext(r.t.Context(), http.MethodGet, "/metrics", http.NoBody))
	if w.Code != http.StatusOK {
		r.t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

// want checks lines of a scrape.
func (r *rig) want(lines ...string) {
	r.t.Helper()
	text := r.scrape()
	for _, line := range lines {
		if !strings.Contains(text, "\n"+line+"\n") {
			r.t.Errorf("no line %s in\n%s", line, mine(text))
		}
	}
}

// mine returns the lines of this package.
func mine(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "linearbot_") && !strings.Contains(line, "_bucket") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// TestScrape counts what a bot does, and has no secret in it.
func TestScrape(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	now := time.Now().UnixMilli()
	said := r.said("hello " + marker)
	body := fmt.Sprintf(`{"text":"%s","webhookTimestamp":%d}`, marker, now)
	for _, tt := range []struct {
		secret, body string
		status       int
	}{
		{"", body, 401},
		{"wrong", body, 401},
		{marker, `{"no":"time"}`, 401},
		{marker, `no JSON`, 400},
		{marker, fmt.Sprintf(`{"webhookTimestamp":%d}`, now-9*3600_000), 401},
		{marker, fmt.Sprintf(`{"webhookTimestamp":%d}`, now+3600_000), 401},
		{marker, said, 200},
		{marker, said, 200},
	} {
		if got := r.post(tt.secret, tt.body); got != tt.status {
			t.Errorf("%.40s: status %d, want %d", tt.body, got, tt.status)
		}
	}
	r.m.ObserveCall(linearapi.Call{Op: "commentCreate", Attempt: 1, Failed: true, Code: adapter.CodeUnavailable, Took: time.Second})
	r.m.ObserveCall(linearapi.Call{Op: "commentCreate", Attempt: 2, Budget: linearapi.Budget{Cost: 7.5}})
	api := r.m.Ticketing(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	api.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/tickets/"+marker, http.NoBody))

	r.want(
		`linearbot_webhook_requests_total{status="200"} 2`,
		`linearbot_webhook_requests_total{status="401"} 5`,
		`linearbot_webhook_refused_total{reason="no_signature"} 1`,
		`linearbot_webhook_refused_total{reason="bad_signature"} 1`,
		`linearbot_webhook_refused_total{reason="no_timestamp"} 1`,
		`linearbot_webhook_refused_total{reason="not_json"} 1`,
		`linearbot_webhook_refused_total{reason="expired"} 1`,
		`linearbot_webhook_refused_total{reason="from_the_future"} 1`,
		`linearbot_webhook_duration_seconds_count 8`,
		`linearbot_webhook_secret_matches_total{secret="`+webhook.Secret{Value: marker}.Name()+`"} 6`,
		`linearbot_webhook_secret_matches_total{secret="`+webhook.Secret{Value: marker + "-2"}.Name()+`"} 0`,
		`linearbot_deliveries_total{outcome="accepted"} 1`,
		`linearbot_deliveries_total{outcome="duplicate"} 1`,
		`linearbot_turns_limit 64`,
		`linearbot_store_up{store="bot"} 1`,
		`linearbot_store_entries{store="bot"} 1`,
		`linearbot_store_up{store="ticketing"} 0`,
		`linearbot_linear_requests_total{code="unavailable",operation="commentCreate"} 1`,
		`linearbot_linear_requests_total{code="ok",operation="commentCreate"} 1`,
		`linearbot_linear_retries_total 1`,
		`linearbot_linear_complexity_points_total{operation="commentCreate"} 7.5`,
		`linearbot_linear_budget_remaining{budget="requests"} 12`,
		`linearbot_linear_budget_remaining{budget="complexity"} 4000`,
		`linearbot_workspaces{status="active"} 2`,
		`linearbot_workspaces{status="unreadable"} 1`,
		`linearbot_installation_events_total{event="installed"} 2`,
		`linearbot_ticketing_requests_total{status="418"} 1`,
	)
	if text := r.scrape(); strings.Contains(text, "MARKER") {
		t.Errorf("a secret, or what a person wrote, is in\n%s", text)
	}
	if r.in.listed != 1 {
		t.Errorf("the installations were listed %d times, want once a minute", r.in.listed)
	}
}

// TestTurns counts what becomes of turns.
func TestTurns(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.bot.OnNewMention(func(context.Context, *bot.Thread, *bot.Message) error { return bot.Permanent(errors.New(marker)) })
	if got := r.post(marker, r.said("hello")); got != 200 {
		t.Fatalf("status %d", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	defer cancel()
	r.bot.OnFailed(func(context.Context, *bot.Thread, *bot.Failed) error { cancel(); return nil })
	go func() { done <- r.bot.Run(ctx) }()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	r.want(
		`linearbot_turns_total{outcome="buried"} 1`,
		`linearbot_turn_failures_total{code="permanent"} 1`,
		`linearbot_turn_wait_seconds_count 1`,
		`linearbot_turn_duration_seconds_count 1`,
		`linearbot_turns_running 0`,
		`linearbot_store_dead_letters{store="bot"} 1`,
	)
	if text := r.scrape(); strings.Contains(text, "MARKER") {
		t.Errorf("what a handler said is in\n%s", text)
	}
}

// loud is a bot with more reasons and types than are told apart.
type loud struct{}

func (loud) Counts() map[string]int64 {
	all := make(map[string]int64)
	for i := range 300 {
		all[fmt.Sprintf("ignored:reason %03d %s", i, strings.Repeat("x", 100))]++
	}
	all["ignored:\xff\xfe"] = 1
	return all
}

func (loud) Load() bot.Load { return bot.Load{} }

func (loud) Traffic() []bot.Traffic { return nil }

// TestBounds keeps the number of series and their size bounded.
func TestBounds(t *testing.T) {
	t.Parallel()
	m := metrics.New()
	m.Watch(status.Sources{Bot: loud{}})
	for i := range 300 {
		m.ObserveCall(linearapi.Call{Op: fmt.Sprintf("op%d", i)})
	}
	r := &rig{t: t, m: m}
	for range 2 {
		text := r.scrape()
		if n := strings.Count(text, "\nlinearbot_events_ignored_total{"); n > 101 {
			t.Errorf("%d reasons", n)
		}
		if n := strings.Count(text, "\nlinearbot_linear_requests_total{"); n > 101 {
			t.Errorf("%d operations", n)
		}
		r.want(`linearbot_events_ignored_total{reason="other"} 201`)
		if strings.Contains(text, strings.Repeat("x", 65)) {
			t.Error("a label is longer than 64 bytes")
		}
	}
}

// TestTableIsComplete has every metric of the table in a scrape, with the labels
// and the kind that the table says, and no other.
func TestTableIsComplete(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.post(marker, r.said("hello"))
	r.post("", "{}")
	r.m.ObserveCall(linearapi.Call{Op: "viewer", Budget: linearapi.Budget{Cost: 1}})
	r.m.Ticketing(http.NotFoundHandler()).ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody))
	store := memory(t)
	if _, err := store.Enqueue(t.Context(), state.Entry{ID: "e", Lane: state.Key{Workspace: "W1", Kind: "thread", ID: "t"}}); err != nil {
		t.Fatal(err)
	}
	r.m.Watch(status.Sources{
		Bot: reasons{r.bot}, Intake: r.srv.Intake(), Secrets: r.srv.Secrets, Installs: r.in,
		Stores: map[string]status.Store{"bot": store},
		Budgets: func() map[string]linearapi.Budget {
			return map[string]linearapi.Budget{"": {Requests: linearapi.Allowance{Limit: 1, Reset: time.Now()}}}
		},
	})
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(r.scrape()))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range metrics.Table() {
		f, ok := families[row.Name]
		if !ok {
			t.Errorf("%s is not in the scrape", row.Name)
			continue
		}
		delete(families, row.Name)
		if got := strings.ToLower(f.GetType().String()); got != string(row.Kind) {
			t.Errorf("%s is a %s", row.Name, got)
		}
		if f.GetHelp() != row.Help {
			t.Errorf("%s says %q", row.Name, f.GetHelp())
		}
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetName())
			}
			if want := slices.Sorted(slices.Values(row.Labels)); !slices.Equal(labels, want) {
				t.Errorf("%s has the labels %q, want %q", row.Name, labels, want)
			}
		}
	}
	for name := range families {
		if strings.HasPrefix(name, "linearbot_") {
			t.Errorf("%s is not in the table", name)
		}
	}
	if families["go_goroutines"] == nil || families["process_cpu_seconds_total"] == nil {
		t.Error("the metrics of the Go runtime or of the process are missing")
	}
}

// reasons is a bot that has ignored and failed something too.
type reasons struct{ status.Bot }

func (r reasons) Counts() map[string]int64 {
	all := r.Bot.Counts()
	all["ignored:self"], all["failed:panic"] = 1, 1
	return all
}

func memory(t *testing.T) state.Store {
	t.Helper()
	store := memstate.New(memstate.Options{})
	t.Cleanup(func() { _ = store.Close() })
	return store
}
