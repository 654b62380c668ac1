package linearsim

import (
	"errors"
	"net/http"
)

// Errors of the Go API.
var (
	// ErrClosed is returned by calls that wait for a server that was closed.
	ErrClosed = errors.New("linearsim: server closed")
	// ErrNoDelivery is returned for a delivery id that the log does not hold.
	ErrNoDelivery = errors.New("linearsim: no such delivery")
	// ErrRefused is wrapped by the error of a redelivery with an answer other
	// than 200.
	ErrRefused = errors.New("linearsim: delivery refused")
)

// apiError is an error as Linear words it.
type apiError struct {
	message string
	user    string // userPresentableMessage
	code    string
	typ     string
	status  int // extensions.statusCode
	http    int // the status of the answer when the error comes before execution
	fault   bool
	checks  []validationError
}

func (e *apiError) Error() string { return e.message }

type validationError struct {
	Property    string            `json:"property"`
	Constraints map[string]string `json:"constraints"`
}

// responseError is one entry of "errors" in an answer.
type responseError struct {
	Message    string     `json:"message"`
	Path       []any      `json:"path,omitempty"`
	Locations  []location `json:"locations,omitempty"`
	Extensions extensions `json:"extensions"`
}

type location struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

type extensions struct {
	Type                   string            `json:"type"`
	Code                   string            `json:"code"`
	StatusCode             int               `json:"statusCode"`
	UserError              bool              `json:"userError"`
	UserPresentableMessage string            `json:"userPresentableMessage,omitempty"`
	Meta                   *struct{}         `json:"meta,omitempty"`
	HTTP                   httpExtension     `json:"http"`
	ValidationErrors       []validationError `json:"validationErrors,omitempty"`
}

type httpExtension struct {
	Status int `json:"status"`
}

func asResponse(err error) responseError {
	e, ok := errors.AsType[*apiError](err)
	if !ok {
		e = internalError(err.Error())
	}
	out := responseError{Message: e.message, Extensions: extensions{
		Type: e.typ, Code: e.code, StatusCode: e.status, UserError: !e.fault,
		UserPresentableMessage: e.user, HTTP: httpExtension{Status: e.http}, ValidationErrors: e.checks,
	}}
	if e.code == "AUTHENTICATION_ERROR" {
		out.Extensions.Meta = &struct{}{}
	}
	return out
}

// noQuery is the answer to a body without a query.
func noQuery() *apiError {
	return invalidInput("GraphQL operations must contain a non-empty `query` or a `persistedQuery` extension.")
}

// invalidInput is the answer to input that is rejected before execution.
func invalidInput(message string) *apiError {
	return &apiError{
		message: message, code: "INVALID_INPUT", typ: "invalid input",
		status: http.StatusBadRequest, http: http.StatusBadRequest,
	}
}

func internalError(message string) *apiError {
	return &apiError{
		message: message, code: "INTERNAL_SERVER_ERROR", typ: "internal error",
		status: http.StatusInternalServerError, http: http.StatusOK, fault: true,
	}
}

// inputError is the answer to a well-formed request that cannot be done.
func inputError(message, user string) *apiError {
	return &apiError{
		message: message, user: user, code: "INPUT_ERROR", typ: "invalid input",
		status: http.StatusBadRequest, http: http.StatusOK,
	}
}

func notFound(entity string) *apiError {
	return inputError("Entity not found: "+entity, "Could not find referenced "+entity+".")
}

func conflict(entity, id string) *apiError {
	return inputError("conflict on insert of "+entity, "Entity "+entity+" with id "+id+" already exists.")
}

func invalidArgument(text string) *apiError {
	return &apiError{
		message: "Argument Validation Error - " + text + ".", user: text + ".",
		code: "INVALID_INPUT", typ: "invalid input", status: http.StatusBadRequest, http: http.StatusOK,
	}
}

// invalidField is invalidArgument with the list of broken constraints.
func invalidField(property, constraint, text string) *apiError {
	e := invalidArgument(text)
	e.checks = []validationError{{property, map[string]string{constraint: text}}}
	return e
}

func forbidden(text string) *apiError {
	return &apiError{
		message: text, user: text, code: "FORBIDDEN", typ: "forbidden",
		status: http.StatusForbidden, http: http.StatusOK,
	}
}

func unauthenticated() *apiError {
	return &apiError{
		message: "Authentication required, not authenticated",
		user:    "You need to authenticate to access this operation.",
		code:    "AUTHENTICATION_ERROR", typ: "authentication error",
		status: http.StatusUnauthorized, http: http.StatusUnauthorized,
	}
}

func keyAsBearer() *apiError {
	e := inputError("It looks like you're trying to use an API key as a Bearer token. "+
		"Remove the Bearer prefix from the Authorization header.", "")
	e.http = http.StatusBadRequest
	return e
}

// badRequest is the answer to a request that is not valid GraphQL.
func badRequest(code, message string) *apiError {
	return &apiError{
		message: message, code: code, typ: "graphql error",
		status: http.StatusBadRequest, http: http.StatusBadRequest,
	}
}
