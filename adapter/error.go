package adapter

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Code says what kind of failure an error is. Policies read codes, never
// texts.
type Code uint8

// The codes. Unknown is the code of errors that nobody classified.
const (
	Unknown Code = iota
	// Canceled: the caller's context ended.
	Canceled
	// Unavailable: the platform cannot be reached or failed inside. Trying
	// again may help.
	Unavailable
	// RateLimited: the budget is spent until RetryAfter has passed.
	RateLimited
	// Unauthenticated: the token is missing, wrong or expired, and a new one
	// could not be had.
	Unauthenticated
	// Forbidden: the token may not do this.
	Forbidden
	// NotFound: the thing does not exist, or not for this token.
	NotFound
	// Invalid: the request can never succeed as it is.
	Invalid
	// Conflict: the thing exists already and is not ours.
	Conflict
	// AppendOnly: what was written there cannot be changed.
	AppendOnly
	// Unsupported: the platform, or this kind of thread, cannot do it.
	Unsupported
)

// String returns the code as a snake_case word, for logs and metrics.
func (c Code) String() string {
	switch c {
	case Canceled:
		return "canceled"
	case Unavailable:
		return "unavailable"
	case RateLimited:
		return "rate_limited"
	case Unauthenticated:
		return "unauthenticated"
	case Forbidden:
		return "forbidden"
	case NotFound:
		return "not_found"
	case Invalid:
		return "invalid"
	case Conflict:
		return "conflict"
	case AppendOnly:
		return "append_only"
	case Unsupported:
		return "unsupported"
	case Unknown:
		return "unknown"
	default:
		return "unknown"
	}
}

// Retryable reports whether the same request may succeed later.
func (c Code) Retryable() bool {
	switch c {
	case Unknown, Unavailable, RateLimited, Unauthenticated:
		return true
	case Canceled, Forbidden, NotFound, Invalid, Conflict, AppendOnly, Unsupported:
		return false
	default:
		return false
	}
}

// Error is the error of an adapter.
type Error struct {
	Code Code
	// Op is what failed, for example "commentCreate".
	Op string
	// Message is what the platform says about it, in words meant for people.
	Message string
	// RetryAfter is how long to wait before trying again. Zero means that
	// the platform did not say.
	RetryAfter time.Duration
	// Err is the cause. May be nil.
	Err error
}

// Error returns one line: operation, code, message and cause.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Op != "" {
		b.WriteString(e.Op)
		b.WriteString(": ")
	}
	b.WriteString(strings.ReplaceAll(e.Code.String(), "_", " "))
	if e.Message != "" {
		b.WriteString(": ")
		b.WriteString(e.Message)
	}
	if e.Err != nil {
		b.WriteString(": ")
		b.WriteString(e.Err.Error())
	}
	if e.RetryAfter > 0 {
		fmt.Fprintf(&b, " (try again in %s)", e.RetryAfter.Round(time.Millisecond))
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is errors.ErrUnsupported and e has that code, or
// target is an *Error with the same code and nothing else set.
func (e *Error) Is(target error) bool {
	if target == errors.ErrUnsupported {
		return e.Code == Unsupported
	}
	if t, ok := errors.AsType[*Error](target); ok {
		return *t == Error{Code: e.Code}
	}
	return false
}

// CodeOf returns the code of err: that of the outermost *Error in it, Canceled
// for an ended context, Unknown otherwise. The code of nil is Unknown.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return Canceled
	}
	if errors.Is(err, errors.ErrUnsupported) {
		return Unsupported
	}
	return Unknown
}
