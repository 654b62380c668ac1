package otel_test

import (
	"context"
	"fmt"
	"strings"

	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/otel"
)

// The tracer goes into bot.Config.Tracer and webhook.Config.Tracer, which call Begin
// for every delivery and every turn.
func ExampleNewTracer() {
	exporter := tracetest.NewInMemoryExporter() // in place of an OTLP exporter
	provider := otel.NewProvider(otel.Config{Exporter: exporter, Service: "my-bot"})
	tracer := otel.NewTracer(provider)

	part := tracer.Begin(adapter.TraceTurn)
	part.About(adapter.TraceSubject{
		ID:        strings.Repeat("ab", 32), // the hash of the delivery
		Workspace: "W1", Thread: "linear:issue-1", Type: "Comment create",
	})
	part.End()

	ctx := context.Background()
	if err := provider.ForceFlush(ctx); err != nil {
		fmt.Println(err)
	}
	for _, span := range exporter.GetSpans() {
		fmt.Println(span.Name)
	}
	if err := provider.Shutdown(ctx); err != nil {
		fmt.Println(err)
	}
	// Output: turn Comment create
}
