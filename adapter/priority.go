package adapter

import "context"

// Priority says how much a request matters when a platform's budget runs
// short. Adapters that know their budget reserve a part of it for higher
// priorities.
type Priority uint8

// The priorities, lowest first.
const (
	// PriorityAutomatic lets the adapter choose by the kind of request:
	// PriorityAnswering for writes, PriorityReading for reads.
	PriorityAutomatic Priority = iota
	// PriorityRefreshing is for edits of a message that is still being written.
	PriorityRefreshing
	// PriorityReading is for history and look-ups.
	PriorityReading
	// PriorityAnswering is for final answers.
	PriorityAnswering
	// PriorityAcknowledging is for the first sign of life.
	PriorityAcknowledging
)

type priorityKey struct{}

// WithPriority gives all requests under the context a priority.
func WithPriority(ctx context.Context, p Priority) context.Context {
	return context.WithValue(ctx, priorityKey{}, p)
}

// PriorityOf returns the priority of requests under ctx.
func PriorityOf(ctx context.Context) Priority {
	p, ok := ctx.Value(priorityKey{}).(Priority)
	if !ok {
		return PriorityAutomatic
	}
	return p
}
