package otel

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Config configures a provider. Exporter is required.
type Config struct {
	// Exporter sends the spans.
	Exporter sdktrace.SpanExporter
	// Service is the name of the bot in the traces. Defaults to "linearbot".
	Service string
	// Ratio is the share of deliveries that are traced, decided by the id of the
	// trace, so that all of its parts are or are not. Defaults to 1: all. Negative
	// means none.
	Ratio float64
	// Options are further options of the provider.
	Options []sdktrace.TracerProviderOption
}

// NewProvider returns a provider whose ids follow from the deliveries. The caller
// shuts it down, which sends what is left.
func NewProvider(cfg Config) *sdktrace.TracerProvider {
	if cfg.Service == "" {
		cfg.Service = "linearbot"
	}
	ratio := cfg.Ratio
	switch {
	case ratio == 0:
		ratio = 1
	case ratio < 0:
		ratio = 0
	}
	options := []sdktrace.TracerProviderOption{
		sdktrace.WithIDGenerator(generator{}),
		sdktrace.WithSampler(sdktrace.TraceIDRatioBased(ratio)),
		sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", cfg.Service))),
		sdktrace.WithBatcher(cfg.Exporter),
	}
	return sdktrace.NewTracerProvider(append(options, cfg.Options...)...)
}

// ids are those of the root span of a delivery.
type ids struct {
	trace trace.TraceID
	span  trace.SpanID
}

// idsOf computes the ids from that of a delivery: the hash of its body in hex, or
// any other text for what the bot itself has stored.
func idsOf(delivery string) ids {
	var of ids
	sum, err := hex.DecodeString(delivery)
	if err != nil || len(sum) != sha256.Size {
		hash := sha256.Sum256([]byte(delivery))
		sum = hash[:]
	}
	copy(of.trace[:], sum)
	copy(of.span[:], sum[len(of.trace):])
	return of
}

// parent returns a context in which the root span, of another process perhaps, is the
// parent of the next one.
func (i ids) parent(ctx context.Context) context.Context {
	return trace.ContextWithRemoteSpanContext(ctx, trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: i.trace, SpanID: i.span, TraceFlags: trace.FlagsSampled, Remote: true,
	}))
}

type idsKey struct{}

// root returns a context in which the next span is the root span.
func (i ids) root(ctx context.Context) context.Context { return context.WithValue(ctx, idsKey{}, i) }

// generator makes random ids, and those that a context asks for.
type generator struct{}

// NewIDs returns the ids of a root span.
func (g generator) NewIDs(ctx context.Context) (trace.TraceID, trace.SpanID) {
	if of, ok := ctx.Value(idsKey{}).(ids); ok {
		return of.trace, of.span
	}
	var id trace.TraceID
	_, _ = rand.Read(id[:]) // it never fails
	return id, g.NewSpanID(ctx, id)
}

// NewSpanID returns the id of a span.
func (generator) NewSpanID(context.Context, trace.TraceID) trace.SpanID {
	var id trace.SpanID
	_, _ = rand.Read(id[:])
	return id
}
