package adapter

import (
	"context"
	"time"
)

// Tracer records what happens to each delivery, so that people can find out why the bot
// did, or did not, answer. Implementations are safe for concurrent use,
// and quick: they are called on the way of every message.
type Tracer interface {
	// Begin begins the record of one part of a delivery's way. It is never nil.
	Begin(part TracePart) Trace
}

// TracePart says which part of the way a Trace records.
type TracePart string

// The parts of the way.
const (
	// TraceIntake is a request, from its arrival to the answer.
	TraceIntake TracePart = "intake"
	// TraceTurn is one run of a turn, from the lease to the verdict.
	TraceTurn TracePart = "turn"
)

// Trace records one part of the way of a delivery. It is safe for concurrent
// use.
type Trace interface {
	// About says what the part is about. Empty fields keep what was said before.
	About(s TraceSubject)
	// Step adds a step.
	Step(s TraceStep)
	// End ends the part. What is added later is dropped. It must be called once.
	End()
}

// TraceSubject names what a part is about.
type TraceSubject struct {
	// ID is the transport key of the delivery, see [Delivery.Key], or the id of
	// an event that the bot made itself.
	ID string
	// Delivery is the platform's name for the request. It is not signed.
	Delivery string
	// Event is the event key.
	Event string
	// Workspace is the organization id. Nothing that is not verified names one.
	Workspace string
	// Thread is where the event belongs, as exactly as is known.
	Thread ThreadID
	// Type is the kind of event as the platform writes it: "Comment create".
	Type string
	// Subject is the short name of what it is about, such as ENG-123.
	Subject string
}

// TraceStep is one step. What the codes mean, and what Detail, N and Took say
// for each, is in the table of package internal/reason.
type TraceStep struct {
	// Code names the step.
	Code string
	// Detail is a name, an id or a short text. It holds no secret.
	Detail string
	// N is a number: an attempt, a position, a cost, an HTTP status.
	N int64
	// Took is how long it took, or how long there is to wait.
	Took time.Duration
}

type traceKey struct{}

// WithTrace returns a context that carries a trace.
func WithTrace(ctx context.Context, t Trace) context.Context {
	return context.WithValue(ctx, traceKey{}, t)
}

// TraceOf returns the trace that a context carries, or nil.
func TraceOf(ctx context.Context) Trace {
	t, ok := ctx.Value(traceKey{}).(Trace)
	if !ok {
		return nil
	}
	return t
}
