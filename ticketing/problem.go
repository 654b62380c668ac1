package ticketing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/state"
)

// The codes of errors, stable for programs.
const (
	codeInvalidRequest  = "invalid_request"
	codeInvalidCursor   = "invalid_cursor"
	codeCursorMismatch  = "cursor_mismatch"
	codeUnknownFilter   = "unknown_filter"
	codeUnauthenticated = "unauthenticated"
	codeReauth          = "reauth_required"
	codeForbidden       = "forbidden"
	codeScope           = "insufficient_scope"
	codeNotFound        = "not_found"
	codeMethod          = "method_not_allowed"
	codeConflict        = "conflict"
	codeDuplicate       = "duplicate_found"
	codePrecondition    = "precondition_failed"
	codeInUse           = "etag_in_use"
	codeTooLarge        = "payload_too_large"
	codeValidation      = "validation_failed"
	codeRateLimited     = "rate_limited"
	codeUsage           = "usage_limit_exceeded"
	codeFeature         = "feature_not_accessible"
	codeUpstream        = "upstream_error"
	codeBusy            = "upstream_busy"
	codeTimeout         = "upstream_timeout"
	codeStorage         = "storage_unavailable"
	codeInternal        = "internal"
)

// Failure is what is wrong with one field or parameter.
type Failure struct {
	Field   string `json:"field" doc:"Name of the field or parameter."`
	Code    string `json:"code" doc:"Stable word for what is wrong."`
	Message string `json:"message"`
}

// Insight explains an error in words.
type Insight struct {
	Description string `json:"description"`
	Value       any    `json:"value" doc:"What it is about: names of fields or scopes, seconds, or a text."`
}

// problem is an error answer before it is written.
type problem struct {
	status     int
	code       string
	message    string
	failures   []Failure
	known      []string // the names that would have been understood
	retryable  bool
	retryAfter time.Duration
	remote     bool
	raw        any
	insights   map[string]Insight
	candidates any
	allow      string
	cause      error // for the log
}

// Error returns code and message.
func (p *problem) Error() string { return p.code + ": " + p.message }

// Unwrap returns the cause.
func (p *problem) Unwrap() error { return p.cause }

// ErrorBody is the body of every error answer, but for the dashboard's routes, which
// answer a [FacadeError].
type ErrorBody struct {
	StatusCode        int                `json:"statusCode" doc:"The HTTP status."`
	Error             string             `json:"error" doc:"The reason phrase of the status."`
	Message           string             `json:"message" doc:"What is wrong and what to do, for people."`
	Code              string             `json:"code" doc:"Stable word for programs."`
	Details           *ErrorDetails      `json:"details,omitempty"`
	RequestID         string             `json:"request_id"`
	Retryable         bool               `json:"retryable" doc:"Whether the same request may succeed later."`
	RetryAfter        int                `json:"retry_after,omitempty" doc:"Seconds to wait before the next attempt."`
	IsRemoteError     bool               `json:"is_remote_error" doc:"Whether Linear refused it."`
	TrutoRemoteError  bool               `json:"truto_is_remote_error"`
	RawResponse       any                `json:"raw_response,omitempty" doc:"What Linear said."`
	ErrorInsight      map[string]Insight `json:"error_insight,omitempty"`
	TrutoErrorInsight map[string]Insight `json:"truto_error_insight,omitempty"`
	Candidates        any                `json:"candidates,omitempty" doc:"Existing tickets, if code is duplicate_found."`
}

// ErrorDetails are what is wrong, one by one.
type ErrorDetails struct {
	Failures []Failure `json:"failures"`
	Known    []string  `json:"known,omitempty" doc:"The parameters that the path takes, if one is unknown."`
}

func (p *problem) body(requestID string) *ErrorBody {
	b := &ErrorBody{
		StatusCode: p.status, Error: http.StatusText(p.status), Message: p.message, Code: p.code, RequestID: requestID,
		Retryable: p.retryable, IsRemoteError: p.remote, TrutoRemoteError: p.remote, RawResponse: p.raw,
		ErrorInsight: p.insights, TrutoErrorInsight: p.insights, Candidates: p.candidates,
	}
	if p.retryAfter > 0 {
		b.RetryAfter = int(math.Ceil(p.retryAfter.Seconds()))
	}
	if len(p.failures) > 0 {
		b.Details = &ErrorDetails{p.failures, p.known}
	}
	return b
}

func badRequest(code, format string, a ...any) *problem {
	return &problem{status: http.StatusBadRequest, code: code, message: fmt.Sprintf(format, a...)}
}

func notFound(what, id string) *problem {
	return &problem{status: http.StatusNotFound, code: codeNotFound, message: "no " + what + " " + quoteID(id) + " that this token can see"}
}

func forbidden(code, format string, a ...any) *problem {
	p := &problem{status: http.StatusForbidden, code: code, message: fmt.Sprintf(format, a...)}
	p.explain("forbidden_error", "The token lacks the right for this.", p.message)
	return p
}

func (p *problem) explain(key, description string, value any) {
	if p.insights == nil {
		p.insights = map[string]Insight{}
	}
	p.insights[key] = Insight{Description: description, Value: value}
}

// invalid is a 422 that names fields.
func invalid(failures ...Failure) *problem {
	texts := make([]string, len(failures))
	var missing []string
	for i, f := range failures {
		texts[i] = f.Field + ": " + f.Message
		if f.Code == "required" {
			missing = append(missing, f.Field)
		}
	}
	p := &problem{
		status: http.StatusUnprocessableEntity, code: codeValidation, failures: failures,
		message: strings.Join(texts, "; "),
	}
	if len(missing) > 0 {
		p.explain("missing_required_body_fields", "Fields that the body must have.", missing)
	}
	return p
}

func invalidField(field, code, format string, a ...any) *problem {
	return invalid(Failure{Field: field, Code: code, Message: fmt.Sprintf(format, a...)})
}

// quoteID shortens what a client sent, for messages.
func quoteID(id string) string {
	if len(id) > 80 {
		id = strings.ToValidUTF8(id[:80], "") + "…"
	}
	return fmt.Sprintf("%q", id)
}

// problemOf turns any error into a problem.
func problemOf(err error) *problem {
	if p, ok := errors.AsType[*problem](err); ok {
		return p
	}
	if e, ok := errors.AsType[*adapter.Error](err); ok {
		return remoteProblem(e)
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return &problem{
			status: http.StatusGatewayTimeout, code: codeTimeout, retryable: true, cause: err,
			message: "the time for this request is up: try again",
		}
	case errors.Is(err, state.ErrUnavailable), errors.Is(err, state.ErrFull), errors.Is(err, state.ErrClosed):
		return &problem{
			status: http.StatusServiceUnavailable, code: codeStorage, retryable: true, retryAfter: time.Second, cause: err,
			message: "the store cannot be reached or is full: try again",
		}
	}
	return &problem{
		status: http.StatusInternalServerError, code: codeInternal, cause: err,
		message: "something went wrong in here; the log has the details under the request id",
	}
}

// remoteProblem turns what Linear said into a problem.
func remoteProblem(e *adapter.Error) *problem {
	p := &problem{remote: true, message: e.Message, retryAfter: e.RetryAfter, cause: e}
	if p.message == "" {
		p.message = "Linear refused the request (" + strings.ReplaceAll(e.Code.String(), "_", " ") + ")"
	}
	word := ""
	if g, ok := errors.AsType[*linearapi.GraphQLError](e); ok {
		word = strings.ToLower(strings.ReplaceAll(g.Code+" "+g.Type, "_", " "))
		p.raw = map[string]any{"errors": []any{map[string]any{
			"message":    g.Message,
			"extensions": map[string]any{"code": g.Code, "type": g.Type, "status": g.Status, "request_id": g.RequestID},
		}}}
	}
	switch e.Code {
	case adapter.CodeUnauthenticated:
		p.status, p.code = http.StatusUnauthorized, codeReauth
		p.message = "Linear no longer accepts the token of this connection: connect the workspace again"
	case adapter.CodeForbidden:
		p.status, p.code = http.StatusForbidden, codeForbidden
		if strings.Contains(word, "usage limit") {
			p.code = codeUsage
		}
		if strings.Contains(word, "feature not accessible") {
			p.code = codeFeature
		}
		p.explain("forbidden_error", "Linear does not allow this connection to do that.", map[string]any{"missing_scopes": []string{}})
	case adapter.CodeNotFound:
		p.status, p.code = http.StatusNotFound, codeNotFound
	case adapter.CodeInvalid:
		p.status, p.code = http.StatusUnprocessableEntity, codeValidation
	case adapter.CodeConflict:
		p.status, p.code = http.StatusConflict, codeConflict
	case adapter.CodeRateLimited:
		p.status, p.code, p.retryable = http.StatusTooManyRequests, codeRateLimited, true
		p.retryAfter = max(p.retryAfter, time.Second)
		p.explain("rate_limit_error", "Linear's rate limit is reached.", int(p.retryAfter.Seconds()))
	case adapter.CodeUnavailable:
		p.status, p.code, p.retryable = http.StatusBadGateway, codeUpstream, true
		if strings.Contains(word, "lock timeout") {
			p.status, p.code = http.StatusServiceUnavailable, codeBusy
		}
		if errors.Is(e, context.DeadlineExceeded) || strings.Contains(e.Message, "did not answer within") {
			p.status, p.code = http.StatusGatewayTimeout, codeTimeout
		}
	case adapter.CodeCanceled:
		p.status, p.code, p.retryable = http.StatusGatewayTimeout, codeTimeout, true
		p.message = "Linear did not answer in time: try again"
	case adapter.CodeUnsupported, adapter.CodeAppendOnly:
		p.status, p.code = http.StatusMethodNotAllowed, codeMethod
	case adapter.CodeUnknown, adapter.CodeOK:
		p.status, p.code, p.retryable = http.StatusBadGateway, codeUpstream, true
	}
	if p.insights == nil {
		p.explain("remote_error", "Linear refused the request.", p.message)
	}
	return p
}

// writeJSON writes v. Encoding cannot fail for the types of this package; if
// it does, the status is all that is left to say it.
func writeJSON(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		http.Error(w, `{"statusCode":500,"code":"internal"}`, http.StatusInternalServerError)
		return
	}
	writeBytes(w, status, b)
}

func writeBytes(w http.ResponseWriter, status int, b []byte) {
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
	}
	w.WriteHeader(status)
	_, _ = w.Write(b)
}
