package verdict

import (
	"errors"
	"time"

	"github.com/linearbot/linearbot/adapter"
)

// ErrNoTurn says that an entry needs no turn.
var ErrNoTurn = errors.New("bot: no turn is needed")

// PermanentError is final: the turn goes to the dead letters without another try.
type PermanentError struct {
	Err error
	// Code is that of the dead letter. Defaults to "permanent".
	Code string
}

func (e *PermanentError) Error() string { return e.Err.Error() }

// Unwrap returns the error that is final.
func (e *PermanentError) Unwrap() error { return e.Err }

// RetryError asks for another try after a time, which counts as no attempt.
type RetryError struct {
	After time.Duration
	Err   error
}

func (e *RetryError) Error() string { return e.Err.Error() }

// Unwrap returns why the turn is tried again.
func (e *RetryError) Unwrap() error { return e.Err }

// YieldError says that a turn waits for something that goes first.
type YieldError struct {
	Wait time.Duration
	Why  string
	// InOrder says that the lane waits with it. Otherwise the turn steps aside.
	InOrder bool
}

func (e *YieldError) Error() string { return e.Why }

// UnreadyError says that a turn could not begin because the bot cannot learn
// who it is. The turn is not to blame, so no attempt is counted.
type UnreadyError struct {
	Wait time.Duration
	Err  error
}

func (e *UnreadyError) Error() string { return identityText(e.Err) }

// Unwrap returns why the bot cannot learn who it is.
func (e *UnreadyError) Unwrap() error { return e.Err }

// IdentityError says that the bot may not know who it is until someone changes
// its configuration.
type IdentityError struct{ Err error }

func (e *IdentityError) Error() string { return identityText(e.Err) }

// Unwrap returns why the bot may not know who it is.
func (e *IdentityError) Unwrap() error { return e.Err }

// identityText says that err is about who the bot is, unless it says so itself.
func identityText(err error) string {
	const op = "identity"
	if api, ok := errors.AsType[*adapter.Error](err); ok && api.Op == op {
		return err.Error()
	}
	return op + ": " + err.Error()
}

// Unready wraps a failure to learn the bot's identity: as an [*IdentityError] if it
// will not change by itself, which spends attempts, so that the turn becomes a dead
// letter, and otherwise as an [*UnreadyError].
func Unready(err error) error {
	wait := 2*time.Second + jitter(time.Second)
	if api, ok := errors.AsType[*adapter.Error](err); ok {
		if code := adapter.CodeOf(api); !code.Retryable() && code != adapter.CodeCanceled {
			return &IdentityError{err}
		}
		wait = max(wait, api.RetryAfter)
	}
	return &UnreadyError{Wait: wait, Err: err}
}
