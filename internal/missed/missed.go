// Package missed is the seam between a look for deliveries whose webhook did not
// arrive and the bot that takes them in. Accept of a bot under a context of [With]
// counts and traces a delivery only if it is new, and says so.
package missed

import "context"

// Find is what became of a delivery that was found.
type Find struct {
	// New says that it had not arrived, and is stored now.
	New bool
}

type findKey struct{}

// With returns a context under which a bot takes in one delivery that was found, and
// fills in f.
func With(ctx context.Context, f *Find) context.Context {
	return context.WithValue(ctx, findKey{}, f)
}

// From returns what With was called with, or nil.
func From(ctx context.Context) *Find {
	f, ok := ctx.Value(findKey{}).(*Find)
	if !ok {
		return nil
	}
	return f
}
