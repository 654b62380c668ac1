package otel_test

import (
	"context"
	"errors"
	"maps"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/otel"
	"github.com/linearbot/linearbot/state/memstate"
	"github.com/linearbot/linearbot/webhook"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recorder is a tracer that counts steps.
type recorder struct {
	mu    sync.Mutex
	steps int
	ended int
}

func (r *recorder) Begin(adapter.TracePart) adapter.Trace { return r }
func (r *recorder) About(adapter.TraceSubject)            {}

func (r *recorder) Step(adapter.TraceStep) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.steps++
}

func (r *recorder) End() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended++
}

// converse has a person mention a bot once, and returns the spans after the bot has
// stopped.
func converse(t *testing.T, cfg otel.Config, handle func(t *otel.Tracer, ctx context.Context, th *bot.Thread) error, next ...adapter.Tracer) tracetest.SpanStubs {
	t.Helper()
	scene := linearsim.New(t)
	exporter := tracetest.NewInMemoryExporter()
	cfg.Options = append(cfg.Options, sdktrace.WithSyncer(exporter))
	cfg.Exporter = tracetest.NewNoopExporter()
	provider := otel.NewProvider(cfg)
	tracer := otel.NewTracer(provider, next...)

	lin, err := linear.New(linear.Config{ClientID: scene.App.ClientID, ClientSecret: scene.App.ClientSecret, APIURL: scene.GraphQLURL(), OAuthURL: scene.URL(), Mode: linear.ModeComments})
	if err != nil {
		t.Fatal(err)
	}
	store := memstate.New(memstate.Options{})
	b, err := bot.New(bot.Config{Adapter: lin, Store: store, Tracer: tracer})
	if err != nil {
		t.Fatal(err)
	}
	b.Use(tracer.Middleware)
	ctx, stop := context.WithCancel(t.Context())
	b.OnNewMention(func(ctx context.Context, th *bot.Thread, _ *bot.Message) error {
		defer stop()
		return handle(tracer, ctx, th)
	})
	server, err := webhook.NewServer(webhook.Config{Secrets: []string{"secret"}, Acceptor: b, Tracer: tracer})
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(server.Handler())
	scene.App.SetWebhook(linearsim.Webhook{URL: front.URL + "/api/webhooks/linear", Secret: "secret", ResourceTypes: []string{"Comment"}})
	scene.Ada.Comment(scene.Issue, "@helper-bot hello MARKER")
	if err := b.Run(ctx); err != nil {
		t.Error(err)
	}
	if err := scene.Flush(t.Context()); err != nil {
		t.Error(err)
	}
	front.Close()
	lin.CloseIdleConnections()
	spans := exporter.GetSpans() // the exporter forgets them when it is shut down
	if err := errors.Join(store.Close(), provider.Shutdown(t.Context())); err != nil {
		t.Error(err)
	}
	return spans
}

// one returns the one span whose name has a beginning and that lies in a trace.
func one(t *testing.T, spans tracetest.SpanStubs, name string, in trace.TraceID) tracetest.SpanStub {
	t.Helper()
	var found []tracetest.SpanStub
	for _, s := range spans {
		if strings.HasPrefix(s.Name, name) && (!in.IsValid() || s.SpanContext.TraceID() == in) {
			found = append(found, s)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d spans %q among %d", len(found), name, len(spans))
	}
	return found[0]
}

// TestSpans follows one mention from the request to the call of Linear's API.
func TestSpans(t *testing.T) {
	t.Parallel()
	rec := &recorder{}
	spans := converse(t, otel.Config{}, func(_ *otel.Tracer, ctx context.Context, th *bot.Thread) error {
		_, err := th.Post(ctx, bot.Text("hi"))
		_, own := trace.SpanFromContext(ctx).TracerProvider().Tracer("test").Start(ctx, "model")
		own.End()
		return err
	}, rec, rec)
	turn := one(t, spans, "handler mention", trace.TraceID{})
	in := turn.SpanContext.TraceID()
	request, lane := one(t, spans, "delivery Comment create", in), one(t, spans, "lane", in)
	run, handler := one(t, spans, "turn Comment create", in), one(t, spans, "handler mention/0", in)
	call, own := one(t, spans, "commentCreate", in), one(t, spans, "model", in)
	for _, tt := range []struct {
		child, parent tracetest.SpanStub
	}{{lane, request}, {run, request}, {handler, run}, {call, handler}, {own, handler}} {
		if tt.child.Parent.SpanID() != tt.parent.SpanContext.SpanID() {
			t.Errorf("%s lies below %s, want %s", tt.child.Name, tt.child.Parent.SpanID(), tt.parent.Name)
		}
		if tt.child.EndTime.Before(tt.child.StartTime) {
			t.Errorf("%s ends before it starts", tt.child.Name)
		}
	}
	if request.Parent.IsValid() {
		t.Errorf("the request lies below %s", request.Parent.SpanID())
	}
	for _, s := range spans {
		for _, a := range s.Attributes {
			if strings.Contains(a.Value.String(), "MARKER") {
				t.Errorf("%s holds what a person wrote: %s", s.Name, a.Key)
			}
		}
		for _, e := range s.Events {
			for _, a := range e.Attributes {
				if strings.Contains(a.Value.String(), "MARKER") {
					t.Errorf("%s holds what a person wrote: %s", s.Name, e.Name)
				}
			}
		}
	}
	if rec.steps == 0 || rec.ended == 0 {
		t.Error("the other tracer was told nothing")
	}
}

// TestFailure marks the span of a turn that fails.
func TestFailure(t *testing.T) {
	t.Parallel()
	spans := converse(t, otel.Config{}, func(*otel.Tracer, context.Context, *bot.Thread) error {
		return bot.Permanent(errors.New("no model"))
	})
	handler := one(t, spans, "handler mention", trace.TraceID{})
	turn := one(t, spans, "turn Comment create", handler.SpanContext.TraceID())
	if turn.Status.Description != "permanent" {
		t.Errorf("status %+v", turn.Status)
	}
}

// TestNone traces nothing.
func TestNone(t *testing.T) {
	t.Parallel()
	spans := converse(t, otel.Config{Ratio: -1}, func(*otel.Tracer, context.Context, *bot.Thread) error { return nil })
	if len(spans) != 0 {
		t.Errorf("%d spans", len(spans))
	}
}

// TestLongRequest: a request of more steps than are kept keeps its outcome.
func TestLongRequest(t *testing.T) {
	t.Parallel()
	exporter := tracetest.NewInMemoryExporter()
	provider := otel.NewProvider(otel.Config{Exporter: tracetest.NewNoopExporter(), Options: []sdktrace.TracerProviderOption{sdktrace.WithSyncer(exporter)}})
	part := otel.NewTracer(provider).Begin(adapter.TraceIntake)
	part.About(adapter.TraceSubject{ID: strings.Repeat("ab", 32), Workspace: "W1", Type: "Comment create"})
	for range 100 {
		part.Step(adapter.TraceStep{Code: "api_call"})
	}
	part.Step(adapter.TraceStep{Code: "store_down"})
	part.End()
	spans := exporter.GetSpans()
	if err := provider.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if len(spans) != 1 {
		t.Fatalf("%d spans", len(spans))
	}
	s := spans[0]
	if n := len(s.Events); n != 65 || s.Status.Description != "store_down" {
		t.Errorf("%d events and the status %+v, want 65 and store_down", n, s.Status)
	}
	attrs := make(map[string]string)
	for _, a := range s.Attributes {
		attrs[string(a.Key)] = a.Value.String()
	}
	want := map[string]string{"linearbot.workspace": "W1", "linearbot.type": "Comment create", "linearbot.outcome": "store_down"}
	if !maps.Equal(attrs, want) {
		t.Errorf("attributes %v, want %v", attrs, want)
	}
}

// TestRequests puts what is not the first of its delivery below it.
func TestRequests(t *testing.T) {
	t.Parallel()
	exporter := tracetest.NewInMemoryExporter()
	provider := otel.NewProvider(otel.Config{Exporter: tracetest.NewNoopExporter(), Options: []sdktrace.TracerProviderOption{sdktrace.WithSyncer(exporter)}})
	tracer := otel.NewTracer(provider)
	for _, code := range []string{"intake_failed", "stored", "duplicate"} {
		part := tracer.Begin(adapter.TraceIntake)
		part.About(adapter.TraceSubject{ID: strings.Repeat("ab", 32)})
		part.Step(adapter.TraceStep{Code: code})
		part.End()
		part.End()
	}
	unknown := tracer.Begin(adapter.TraceIntake)
	unknown.Step(adapter.TraceStep{Code: "bad_signature"})
	unknown.End()
	spans := exporter.GetSpans()
	if err := provider.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if len(spans) != 4 {
		t.Fatalf("%d spans", len(spans))
	}
	root := spans[1].SpanContext
	for i, s := range spans[:3] {
		if s.SpanContext.TraceID() != root.TraceID() || (i != 1) != s.Parent.IsValid() || i != 1 && s.Parent.SpanID() != root.SpanID() {
			t.Errorf("span %d lies below %s in %s", i, s.Parent.SpanID(), s.SpanContext.TraceID())
		}
	}
	if spans[3].SpanContext.TraceID() == root.TraceID() || spans[3].Status.Description != "bad_signature" {
		t.Errorf("the unverified request: %+v", spans[3].Status)
	}
}
