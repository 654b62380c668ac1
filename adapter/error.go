package adapter

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Code says what kind of failure an error is. Policies look at codes, never at
// texts.
type Code uint8

// The codes.
const (
	// CodeOK: the error is nil.
	CodeOK Code = iota
	// CodeUnknown: an error without a classification.
	CodeUnknown
	// CodeCanceled: the caller's context ended.
	CodeCanceled
	// CodeUnavailable: the platform cannot be reached or had an internal failure. A
	// retry may succeed.
	CodeUnavailable
	// CodeRateLimited: the budget is spent until RetryAfter has passed.
	CodeRateLimited
	// CodeUnauthenticated: the token is missing, invalid or expired, and could not
	// be renewed.
	CodeUnauthenticated
	// CodeForbidden: the token may not do this.
	CodeForbidden
	// CodeNotFound: the thing does not exist, or is not visible to this token.
	CodeNotFound
	// CodeInvalid: the request can never succeed as it is.
	CodeInvalid
	// CodeConflict: the thing already exists and belongs to someone else.
	CodeConflict
	// CodeAppendOnly: what is written there cannot be changed.
	CodeAppendOnly
	// CodeUnsupported: the platform, or this kind of thread, cannot do it.
	CodeUnsupported
)

// String returns the code as a snake_case word, for logs and metrics.
func (c Code) String() string {
	switch c {
	case CodeOK:
		return "ok"
	case CodeCanceled:
		return "canceled"
	case CodeUnavailable:
		return "unavailable"
	case CodeRateLimited:
		return "rate_limited"
	case CodeUnauthenticated:
		return "unauthenticated"
	case CodeForbidden:
		return "forbidden"
	case CodeNotFound:
		return "not_found"
	case CodeInvalid:
		return "invalid"
	case CodeConflict:
		return "conflict"
	case CodeAppendOnly:
		return "append_only"
	case CodeUnsupported:
		return "unsupported"
	case CodeUnknown:
		return "unknown"
	default:
		return "unknown"
	}
}

// Retryable reports whether a request that failed with c may succeed later.
func (c Code) Retryable() bool {
	switch c {
	case CodeUnknown, CodeUnavailable, CodeRateLimited, CodeUnauthenticated:
		return true
	case CodeOK, CodeCanceled, CodeForbidden, CodeNotFound, CodeInvalid, CodeConflict, CodeAppendOnly, CodeUnsupported:
		return false
	default:
		return false
	}
}

// Error is the error of an adapter.
type Error struct {
	// Code is the kind of failure. The zero value counts as CodeUnknown.
	Code Code
	// Op is what failed, for example "commentCreate".
	Op string
	// Message is the platform's explanation, for people to read.
	Message string
	// RetryAfter is how long to wait before a retry. Zero means that the platform
	// did not say.
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
	b.WriteString(strings.ReplaceAll(CodeOf(e).String(), "_", " "))
	if e.Message != "" {
		b.WriteString(": ")
		b.WriteString(e.Message)
	}
	if e.Err != nil {
		b.WriteString(": ")
		b.WriteString(e.Err.Error())
	}
	cause, ok := errors.AsType[*Error](e.Err)
	if told := ok && cause.RetryAfter == e.RetryAfter; e.RetryAfter > 0 && !told {
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
		return e.Code == CodeUnsupported
	}
	if t, ok := errors.AsType[*Error](target); ok {
		return *t == Error{Code: e.Code}
	}
	return false
}

// CodeOf returns the code of err: CodeOK for nil, that of the outermost *Error in
// it, CodeCanceled for an ended context, CodeUnsupported for
// errors.ErrUnsupported, and CodeUnknown otherwise. An error never has CodeOK.
func CodeOf(err error) Code {
	if err == nil {
		return CodeOK
	}
	if e, ok := errors.AsType[*Error](err); ok {
		if e == nil {
			return CodeUnknown
		}
		return max(e.Code, CodeUnknown)
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return CodeCanceled
	}
	if errors.Is(err, errors.ErrUnsupported) {
		return CodeUnsupported
	}
	return CodeUnknown
}
