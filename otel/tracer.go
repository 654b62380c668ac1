package otel

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/internal/reason"
	decisions "github.com/linearbot/linearbot/internal/trace"
)

// Tracer makes spans of what it is told. Make one with [NewTracer]. It is safe for
// concurrent use.
type Tracer struct {
	tracer trace.Tracer
	next   adapter.Tracer
	kinds  map[string]reason.Kind
}

var _ adapter.Tracer = (*Tracer)(nil)

// NewTracer returns a tracer whose spans come from a provider. next is told the
// same: other tracers, at most one of which makes spans.
func NewTracer(from trace.TracerProvider, next ...adapter.Tracer) *Tracer {
	t := &Tracer{tracer: from.Tracer("github.com/linearbot/linearbot/otel"), kinds: reason.Kinds()}
	if len(next) > 0 {
		t.next = decisions.Tee(next...)
	}
	return t
}

// Begin begins the span of a request or of a turn.
func (t *Tracer) Begin(part adapter.TracePart) adapter.Trace {
	s := &span{tracer: t, part: part, begun: time.Now()}
	if t.next != nil {
		s.next = t.next.Begin(part)
	}
	return s
}

// Middleware puts the span of the handler into its context, so that spans of the
// handler's own lie below it. It is for [bot.Bot.Use].
func (t *Tracer) Middleware(next bot.Handler) bot.Handler {
	return func(ctx context.Context, turn *bot.Turn) error {
		if s := find(adapter.TraceOf(ctx)); s != nil {
			ctx = trace.ContextWithSpan(ctx, s.current()) //nolint:contextcheck // the span has one of its own
		}
		return next(ctx, turn)
	}
}

// find returns the span behind a trace, which another tracer may have wrapped.
func find(t adapter.Trace) *span {
	switch t := t.(type) {
	case *span:
		return t
	case interface{ Unwrap() []adapter.Trace }:
		for _, inner := range t.Unwrap() {
			if s := find(inner); s != nil {
				return s
			}
		}
	}
	return nil
}
