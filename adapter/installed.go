package adapter

import (
	"context"
	"errors"
)

// ErrNotInstalled says that the bot is not installed in a workspace. Errors that
// wrap it have code CodeForbidden.
var ErrNotInstalled = errors.New("adapter: the bot is not installed there")

// ErrOtherWorkspace says that the bot's credentials belong to another workspace
// than the one that it is asked about. Errors that wrap it have code
// CodeForbidden.
var ErrOtherWorkspace = errors.New("adapter: the credentials belong to another workspace")

// Admitter accepts or rejects deliveries before they are stored.
type Admitter interface {
	// Admit returns "" if a delivery is to be stored, or why it is not: one of
	// a small fixed set of snake_case words, suitable as a metric label. A delivery
	// that is not stored needs no further work. An error means that the sender
	// should retry. It may do I/O, within ctx, and must be quick.
	Admit(ctx context.Context, d *Delivery, r *Route) (ignore string, err error)
}
