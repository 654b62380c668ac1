package ai

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/linearbot/linearbot/adapter"
)

// Code says why a call failed. The zero value is CodeFailed.
type Code uint8

// The codes.
const (
	// CodeFailed: the platform did not do it. Error.Err says why.
	CodeFailed Code = iota
	// CodeInvalidArguments: the arguments do not fit the schema. The model can
	// try again with others.
	CodeInvalidArguments
	// CodeOutOfScope: the tool may not touch that thread or message.
	CodeOutOfScope
	// CodeNotApproved: the call was not allowed.
	CodeNotApproved
	// CodeStopped: the context ended, or the approver could not be asked. The model
	// should not see it; the turn should end with the error.
	CodeStopped
)

// String returns the code as a snake_case word.
func (c Code) String() string {
	switch c {
	case CodeInvalidArguments:
		return "invalid_arguments"
	case CodeOutOfScope:
		return "out_of_scope"
	case CodeNotApproved:
		return "not_approved"
	case CodeStopped:
		return "stopped"
	case CodeFailed:
		return "failed"
	default:
		return "failed"
	}
}

// Error is the error of every call of a tool.
type Error struct {
	// Tool is the tool's name.
	Tool string
	Code Code
	// Message is for the model: what is wrong and, if it can do something
	// about it, what.
	Message string
	// Err is the cause. May be nil.
	Err error
}

// Error returns the tool and the message.
func (e *Error) Error() string { return "ai: " + e.Tool + ": " + e.Message }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is an *Error with the same code and nothing else
// set.
func (e *Error) Is(target error) bool {
	t, ok := errors.AsType[*Error](target)
	return ok && *t == Error{Code: e.Code}
}

// Result returns the error as the result of the call, for the model:
// {"error":code,"message":text}.
func (e *Error) Result() json.RawMessage {
	return encode(struct {
		Error   string `json:"error"`
		Message string `json:"message"`
	}{e.Code.String(), e.Message})
}

// failure describes an error of the platform. Only what is meant for people is
// told: a cause may name servers and files.
func failure(tool string, err error) *Error {
	e := &Error{Tool: tool, Code: CodeFailed, Message: "it did not work", Err: err}
	if code := adapter.CodeOf(err); code != adapter.CodeUnknown {
		e.Message = strings.ReplaceAll(code.String(), "_", " ")
	}
	if a, ok := errors.AsType[*adapter.Error](err); ok && a.Message != "" {
		e.Message += ": " + a.Message
	}
	return e
}
