package adapter

import "context"

// Priority says how much a request matters when a platform's budget runs
// short. Adapters that know their budget leave a part of it to what matters
// more.
type Priority uint8

// The priorities, the most important last.
const (
	// Automatic lets the adapter choose by the kind of request: Answering for
	// writes, Reading for reads.
	Automatic Priority = iota
	// Refreshing is for edits of a message that is still being written.
	Refreshing
	// Reading is for history and look-ups.
	Reading
	// Answering is for final answers.
	Answering
	// Acknowledging is for the first sign of life.
	Acknowledging
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
		return Automatic
	}
	return p
}
