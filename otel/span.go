package otel

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/reason"
)

// span is one part of a delivery's way. The span of a request is made when it ends,
// because only then its trace is known; that of a turn when it begins.
type span struct {
	tracer *Tracer
	part   adapter.TracePart
	begun  time.Time
	next   adapter.Trace

	mu      sync.Mutex
	about   adapter.TraceSubject
	steps   []step // of a request
	turn    trace.Span
	handler trace.Span
	ended   bool
}

// step is a step and when it was taken.
type step struct {
	adapter.TraceStep

	at time.Time
}

var _ adapter.Trace = (*span)(nil)

// maxSteps bounds the steps of a request. Those that say how it ended are kept in any
// case.
const maxSteps = 64

// About says what the part is about.
func (s *span) About(subject adapter.TraceSubject) {
	if s.next != nil {
		s.next.About(subject)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a := &s.about
	a.ID, a.Delivery, a.Event = cmp.Or(subject.ID, a.ID), cmp.Or(subject.Delivery, a.Delivery), cmp.Or(subject.Event, a.Event)
	a.Workspace, a.Thread = cmp.Or(subject.Workspace, a.Workspace), cmp.Or(subject.Thread, a.Thread)
	a.Type, a.Subject = cmp.Or(subject.Type, a.Type), cmp.Or(subject.Subject, a.Subject)
	if s.part == adapter.TraceTurn && s.turn == nil && a.ID != "" {
		_, s.turn = s.tracer.tracer.Start(idsOf(a.ID).parent(context.Background()), "turn", trace.WithTimestamp(s.begun), trace.WithSpanKind(trace.SpanKindConsumer))
	}
}

// Step adds a step.
func (s *span) Step(taken adapter.TraceStep) {
	if s.next != nil {
		s.next.Step(taken)
	}
	if taken.Code == reason.Text { // what people wrote stays here
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at := time.Now()
	if s.part == adapter.TraceIntake {
		if len(s.steps) < maxSteps || s.tracer.closes(taken.Code) {
			s.steps = append(s.steps, step{taken, at})
		}
		return
	}
	if s.turn == nil || s.ended {
		return
	}
	s.turnStep(taken, at)
}

// turnStep makes spans of the steps that last, and events of the others.
func (s *span) turnStep(taken adapter.TraceStep, at time.Time) {
	switch taken.Code {
	case reason.Attempt:
		_, lane := s.tracer.tracer.Start(idsOf(s.about.ID).parent(context.Background()), "lane",
			trace.WithTimestamp(at.Add(-max(taken.Took, 0))), trace.WithAttributes(attribute.Int64("linearbot.attempt", taken.N)))
		lane.End(trace.WithTimestamp(at))
		s.turn.SetAttributes(attribute.Int64("linearbot.attempt", taken.N))
	case reason.Handler:
		_, s.handler = s.tracer.tracer.Start(trace.ContextWithSpan(context.Background(), s.turn), "handler "+taken.Detail,
			trace.WithTimestamp(at), trace.WithAttributes(attribute.String("linearbot.handler", taken.Detail)))
	case reason.HandlerEnded:
		if s.handler != nil {
			s.handler.End(trace.WithTimestamp(at))
			s.handler = nil
		}
	case reason.APICall, reason.APIFailed:
		s.call(taken, at)
	default:
		s.tracer.event(s.turn, taken, at)
	}
}

// call makes a span of a request to Linear.
func (s *span) call(taken adapter.TraceStep, at time.Time) {
	op, failure, _ := strings.Cut(taken.Detail, ": ")
	_, call := s.tracer.tracer.Start(trace.ContextWithSpan(context.Background(), s.inner()), op,
		trace.WithTimestamp(at.Add(-taken.Took)), trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attribute.String("graphql.operation.name", op)))
	if taken.Code == reason.APIFailed {
		call.SetStatus(codes.Error, failure)
	} else {
		call.SetAttributes(attribute.Int64("linearbot.complexity", taken.N))
	}
	call.End(trace.WithTimestamp(at))
}

// inner returns the innermost span.
func (s *span) inner() trace.Span {
	if s.handler != nil {
		return s.handler
	}
	return s.turn
}

// current returns the innermost span; one that records nothing if there is none.
func (s *span) current() trace.Span {
	s.mu.Lock()
	defer s.mu.Unlock()
	if in := s.inner(); in != nil {
		return in
	}
	return trace.SpanFromContext(context.Background())
}

// closes reports whether a code says how a part ended.
func (t *Tracer) closes(code string) bool {
	kind, known := t.kinds[code]
	return known && kind != reason.Step
}

// event adds a step to a span, and its outcome if the step is one.
func (t *Tracer) event(to trace.Span, taken adapter.TraceStep, at time.Time) {
	var attrs []attribute.KeyValue
	if taken.Detail != "" {
		attrs = append(attrs, attribute.String("linearbot.detail", taken.Detail))
	}
	if taken.N != 0 {
		attrs = append(attrs, attribute.Int64("linearbot.n", taken.N))
	}
	if taken.Took != 0 {
		attrs = append(attrs, attribute.Float64("linearbot.seconds", taken.Took.Seconds()))
	}
	to.AddEvent(taken.Code, trace.WithTimestamp(at), trace.WithAttributes(attrs...))
	switch t.kinds[taken.Code] {
	case reason.Failed, reason.Refused:
		to.SetStatus(codes.Error, taken.Code)
		to.SetAttributes(attribute.String("linearbot.outcome", taken.Code))
	case reason.Done, reason.Ignored, reason.Waits:
		to.SetAttributes(attribute.String("linearbot.outcome", taken.Code))
	case reason.Step:
		// the part continues
	}
}

// End ends the part.
func (s *span) End() {
	if s.next != nil {
		s.next.End()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return
	}
	s.ended = true
	if s.part == adapter.TraceIntake {
		s.request()
		return
	}
	if s.turn == nil {
		return
	}
	if s.handler != nil { // it was cut off
		s.handler.End()
	}
	s.describe(s.turn)
	s.turn.End()
}

// request makes the span of a request. It is the root of the trace, unless another
// request for the same delivery is: a duplicate, or one that was not stored and
// that Linear therefore repeats, lies below.
func (s *span) request() {
	ctx := context.Background()
	if s.about.ID != "" {
		below := slices.ContainsFunc(s.steps, func(taken step) bool {
			return taken.Code == reason.Duplicate || s.tracer.kinds[taken.Code] == reason.Refused
		})
		if ids := idsOf(s.about.ID); below {
			ctx = ids.parent(ctx)
		} else {
			ctx = ids.root(ctx)
		}
	}
	_, of := s.tracer.tracer.Start(ctx, "delivery", trace.WithTimestamp(s.begun), trace.WithSpanKind(trace.SpanKindServer))
	for _, taken := range s.steps {
		s.tracer.event(of, taken.TraceStep, taken.at)
	}
	s.describe(of)
	of.End()
}

// describe adds what a part is about.
func (s *span) describe(to trace.Span) {
	if s.about.Type != "" {
		name := "delivery"
		if s.part == adapter.TraceTurn {
			name = "turn"
		}
		to.SetName(name + " " + s.about.Type)
	}
	attrs := make([]attribute.KeyValue, 0, 6)
	for _, of := range [...]struct{ name, value string }{
		{"linearbot.delivery", s.about.Delivery},
		{"linearbot.event_key", s.about.Event},
		{"linearbot.workspace", s.about.Workspace},
		{"linearbot.thread", string(s.about.Thread)},
		{"linearbot.type", s.about.Type},
		{"linearbot.subject", s.about.Subject},
	} {
		if of.value != "" {
			attrs = append(attrs, attribute.String(of.name, strings.ToValidUTF8(of.value, "�")))
		}
	}
	to.SetAttributes(attrs...)
}
