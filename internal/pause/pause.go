// Package pause waits for a while, unless a context ends first.
package pause

import (
	"context"
	"time"
)

// For blocks for d and returns nil, or returns the error of ctx as soon as that ends.
// If d is not positive it does not block.
func For(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
