package trace

import "github.com/linearbot/linearbot/adapter"

// Tee returns a tracer that tells all tracers the same.
func Tee(all ...adapter.Tracer) adapter.Tracer { return tee(all) }

type tee []adapter.Tracer

// Begin begins a part with each.
func (t tee) Begin(part adapter.TracePart) adapter.Trace {
	parts := make(teeTrace, len(t))
	for i, to := range t {
		parts[i] = to.Begin(part)
	}
	return parts
}

type teeTrace []adapter.Trace

// About tells each.
func (t teeTrace) About(s adapter.TraceSubject) {
	for _, to := range t {
		to.About(s)
	}
}

// Step adds to each.
func (t teeTrace) Step(s adapter.TraceStep) {
	for _, to := range t {
		to.Step(s)
	}
}

// End ends each.
func (t teeTrace) End() {
	for _, to := range t {
		to.End()
	}
}

// Unwrap returns the traces, for a tracer that looks for its own.
func (t teeTrace) Unwrap() []adapter.Trace { return t }
