package otel

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/internal/reason"
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
	for _, n := range next {
		t.next = both(t.next, n)
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

// pair tells two tracers the same.
type pair [2]adapter.Tracer

func both(a, b adapter.Tracer) adapter.Tracer {
	if a == nil {
		return b
	}
	return pair{a, b}
}

// Begin begins a part with both.
func (p pair) Begin(part adapter.TracePart) adapter.Trace {
	return traces{p[0].Begin(part), p[1].Begin(part)}
}

// traces are two traces of one part.
type traces [2]adapter.Trace

// About tells both.
func (t traces) About(s adapter.TraceSubject) { t[0].About(s); t[1].About(s) }

// Step tells both.
func (t traces) Step(s adapter.TraceStep) { t[0].Step(s); t[1].Step(s) }

// End ends both.
func (t traces) End() { t[0].End(); t[1].End() }

// Unwrap returns both.
func (t traces) Unwrap() []adapter.Trace { return t[:] }
