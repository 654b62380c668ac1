package bot

import (
	"errors"
	"fmt"
	"time"

	"github.com/linearbot/linearbot/bot/internal/stream"
	"github.com/linearbot/linearbot/bot/internal/verdict"
	"github.com/linearbot/linearbot/internal/turns"
)

// Next is returned by a handler that declines a message: routing continues as if
// the handler were not registered.
var Next = errors.New("bot: handler declined") //nolint:errname,revive,staticcheck,gochecknoglobals // a sentinel that reads as what it does: return bot.Next

// Errors that callers of this package branch on.
var (
	// ErrEmpty says that there is nothing to post.
	ErrEmpty = stream.ErrEmpty
	// ErrRunning says that Run was called twice.
	ErrRunning = turns.ErrRunning
	// ErrLeaseLost is the cause with which a handler's context ends when
	// another process has taken over its thread.
	ErrLeaseLost = turns.ErrLeaseLost
	// ErrDraining is the cause with which a handler's context ends when the
	// process stops and the drain time is over.
	ErrDraining = turns.ErrDraining
	// ErrTurnTimeout is the cause with which a handler's context ends when
	// it ran for longer than its HandlerOptions.Timeout or
	// Config.TurnTimeout.
	ErrTurnTimeout = errors.New("bot: handler ran for too long")
)

// Permanent marks err as final: the turn goes to the dead letters without
// another try. Permanent(nil) is nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &verdict.PermanentError{Err: err}
}

// RetryAfter asks for another try after d, without counting this one. Use it
// when the time is known, for example from a rate limit. d is at least 100 ms, so that
// a turn cannot spin. err says why and may be nil.
func RetryAfter(d time.Duration, err error) error {
	if err == nil {
		err = errors.New("bot: handler asked to be called again")
	}
	return &verdict.RetryError{After: max(d, retrySoonest), Err: err}
}

// retrySoonest is the shortest wait until a turn is handled again.
const retrySoonest = 100 * time.Millisecond

// PanicError is a panic of a handler, as an error.
type PanicError struct {
	// Value is what the handler panicked with.
	Value any
	// Stack is the stack of the panicking goroutine.
	Stack []byte
}

// Error returns the panic value in words.
func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Unwrap returns the panic value if it is an error.
func (e *PanicError) Unwrap() error {
	err, ok := e.Value.(error)
	if !ok {
		return nil
	}
	return err
}

// OptionsError says that a [HandlerOptions] cannot be carried out. [Bot.Run]
// returns it before it does anything.
type OptionsError struct {
	// Handler is the handler, for example "mention/0".
	Handler string
	// Option is the field, for example "MaxAttempts".
	Option string
	// Reason says what is wrong and what to do.
	Reason string
}

// Error says what is wrong with the option.
func (e *OptionsError) Error() string {
	return "bot: handler " + e.Handler + ": HandlerOptions." + e.Option + " " + e.Reason
}

// IDError says that a thread id cannot be used.
type IDError struct {
	// ID is the id as given.
	ID string
	// Code is "invalid_thread_id" for text that is not a thread id and
	// "adapter_not_found" for the id of another platform.
	Code string
	// Err is what the adapter says about it. May be nil.
	Err error
}

// Error says what is wrong with the id.
func (e *IDError) Error() string {
	switch {
	case e.Err != nil:
		return fmt.Sprintf("bot: thread id %q: %v", e.ID, e.Err)
	case e.Code == "adapter_not_found":
		return fmt.Sprintf("bot: no adapter for thread id %q", e.ID)
	default:
		return fmt.Sprintf("bot: invalid thread id %q", e.ID)
	}
}

// Unwrap returns the adapter's error.
func (e *IDError) Unwrap() error { return e.Err }
