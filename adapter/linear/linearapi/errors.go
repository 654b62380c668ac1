package linearapi

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	json "github.com/go-json-experiment/json/v1"
	"github.com/hasura/go-graphql-client"

	"github.com/linearbot/linearbot/adapter"
)

// GraphQLError is what Linear said about a failed operation. The *adapter.Error
// of the failure wraps it.
type GraphQLError struct {
	// Status is the HTTP status; 200 is common.
	Status int
	// Code and Type are Linear's classification of the error, for example
	// "INPUT_ERROR" and "invalid input". Either may be empty.
	Code, Type string
	// Message is Linear's message for developers, shortened.
	Message string
	// Entity and ID name the existing entity if the code is Conflict. ID is
	// empty if Linear did not say.
	Entity, ID string
	// RequestID is Linear's name for the request. May be empty.
	RequestID string
}

// Error returns code, status and request id.
func (e *GraphQLError) Error() string {
	var b strings.Builder
	switch {
	case e.Code != "":
		b.WriteString(e.Code)
	case e.Type != "":
		b.WriteString(e.Type)
	default:
		b.WriteString("GraphQL error")
	}
	b.WriteString(" (HTTP ")
	b.WriteString(strconv.Itoa(e.Status))
	if e.RequestID != "" {
		b.WriteString(", request ")
		b.WriteString(e.RequestID)
	}
	b.WriteString(")")
	return b.String()
}

// ConflictID returns the entity that already exists according to err, for
// example "Comment", and its id. ok is false if err is not such a conflict. The
// id is empty if Linear did not name it.
func ConflictID(err error) (entity, id string, ok bool) {
	e, isGraphQL := errors.AsType[*GraphQLError](err)
	if !isGraphQL || adapter.CodeOf(err) != adapter.CodeConflict {
		return "", "", false
	}
	return e.Entity, e.ID, true
}

// IsNotTopLevel reports whether err says that the parent of a new comment is
// itself a reply, although only the first comment of a thread can have replies.
func IsNotTopLevel(err error) bool {
	e, ok := errors.AsType[*GraphQLError](err)
	return ok && strings.Contains(strings.ToLower(e.Message), "must be a top level comment")
}

// explain returns why the attempt failed, given the error of the GraphQL
// package.
func (a *attempt) explain(ctx context.Context, timeout time.Duration, err error) *failure {
	if !a.sent {
		return &failure{Error: &adapter.Error{Code: adapter.CodeInvalid, Message: "the request cannot be encoded"}}
	}
	if a.body != nil && a.body.tooLarge {
		return &failure{hopeless: true, Error: &adapter.Error{
			Code: adapter.CodeUnavailable, Message: fmt.Sprintf("Linear's answer is larger than %d bytes", a.limit),
		}}
	}
	if errs := a.graphQLErrors(err); len(errs) > 0 {
		return a.classify(errs)
	}
	if ended := ctx.Err(); ended != nil {
		return &failure{lost: true, Error: &adapter.Error{Code: adapter.CodeCanceled, Err: ended}}
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(a.err, context.DeadlineExceeded) {
		return &failure{lost: true, Error: &adapter.Error{
			Code: adapter.CodeUnavailable, Message: "Linear did not answer within " + timeout.String(),
		}}
	}
	if a.err != nil {
		return &failure{lost: true, Error: &adapter.Error{
			Code: adapter.CodeUnavailable, Message: "Linear cannot be reached", Err: networkCause(a.err, a.token.Value),
		}}
	}
	return a.byStatus()
}

// graphQLErrors returns the errors that Linear sent. The GraphQL package keeps
// them only for HTTP 200; other bodies have to be parsed again here.
func (a *attempt) graphQLErrors(err error) graphql.Errors {
	if refused, ok := errors.AsType[graphql.NetworkError](err); ok {
		var body struct {
			Errors graphql.Errors `json:"errors"`
		}
		if json.Unmarshal([]byte(refused.Body()), &body) == nil {
			return body.Errors
		}
		return nil // not GraphQL
	}
	errs, ok := errors.AsType[graphql.Errors](err)
	if !ok {
		return nil
	}
	// Errors that the GraphQL package made itself have a cause.
	return slices.DeleteFunc(slices.Clone(errs), func(e graphql.Error) bool { return e.Unwrap() != nil })
}

// byStatus classifies an answer that is not GraphQL.
func (a *attempt) byStatus() *failure {
	e := &adapter.Error{Code: adapter.CodeUnavailable}
	f := &failure{Error: e, lost: true}
	name := fmt.Sprintf("HTTP %d %s", a.status, http.StatusText(a.status))
	switch {
	case a.status == http.StatusOK || a.status == http.StatusCreated:
		e.Message = "Linear's answer is not GraphQL: it is incomplete or something else altogether"
	case a.status == http.StatusUnauthorized:
		e.Code, e.Message, f.lost = adapter.CodeUnauthenticated, "the token was refused ("+name+")", false
	case a.status == http.StatusForbidden:
		e.Code, e.Message, f.lost = adapter.CodeForbidden, "access was refused ("+name+")", false
	case a.status == http.StatusTooManyRequests:
		e.Code, e.Message, f.lost = adapter.CodeRateLimited, "the rate limit is reached ("+name+")", false
	case a.status == http.StatusRequestEntityTooLarge:
		e.Code, e.Message = adapter.CodeInvalid, "the request is too large ("+name+")"
	case a.status >= 500 || a.status == http.StatusRequestTimeout:
		e.Message = "Linear failed (" + name + ")"
	case a.status >= 300 && a.status < 400:
		e.Message, f.hopeless = "the address answers with a redirect, which is not followed ("+name+"): check the API URL", true
	case a.status >= 400:
		e.Message, f.hopeless = "the address does not answer in GraphQL ("+name+"): check the API URL", true
	default:
		e.Message = "the answer is empty (" + name + ")"
	}
	return f
}

// classify turns the errors that Linear sent into one failure.
func (a *attempt) classify(errs graphql.Errors) *failure {
	var chosen graphql.Error
	code := adapter.CodeUnknown
	for i, e := range errs {
		c := codeOf(e)
		if i == 0 || code == adapter.CodeUnknown && c != adapter.CodeUnknown {
			chosen, code = e, c
		}
	}
	if code == adapter.CodeUnknown {
		code = a.codeByStatus(chosen)
	}
	detail := &GraphQLError{
		Status:    a.status,
		Code:      brief(a.mask(word(chosen, "code")), 60),
		Type:      brief(a.mask(word(chosen, "type")), 60),
		Message:   brief(a.mask(chosen.Message), maxMessage),
		RequestID: a.requestID(),
	}
	text := word(chosen, "userPresentableMessage")
	if code == adapter.CodeConflict {
		detail.Entity, detail.ID = conflict(a.mask(chosen.Message), a.mask(text))
	}
	if text == "" {
		text = strings.Join(append([]string{chosen.Message}, constraints(chosen)...), "; ")
	}
	return &failure{
		Error: &adapter.Error{Code: code, Message: brief(a.mask(text), maxMessage), Err: detail},
		// An internal error of Linear may occur after the write.
		lost: code == adapter.CodeUnavailable,
	}
}

func (a *attempt) mask(text string) string { return mask(text, a.token.Value) }

// requestID returns Linear's name for the request.
func (a *attempt) requestID() string {
	id := a.header.Get("X-Request-ID")
	if len(id) <= 64 && !strings.ContainsFunc(id, notInID) && len(a.token.Value) > len(id) {
		return id // it is short, on one line, and cannot hold the token
	}
	return brief(a.mask(id), 100)
}

// notInID reports whether r is none of the letters, digits and marks of an id.
func notInID(r rune) bool {
	return r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
}

// codeOf classifies one error by its message, code and type, in this order,
// because Linear uses one code for several things.
func codeOf(e graphql.Error) adapter.Code {
	message := strings.ToLower(e.Message + "\n" + word(e, "userPresentableMessage"))
	switch {
	case strings.Contains(message, "entity not found"), strings.Contains(message, "could not find referenced"):
		return adapter.CodeNotFound
	case strings.Contains(message, "conflict on insert"):
		return adapter.CodeConflict
	case strings.Contains(message, "api key as a bearer token"):
		return adapter.CodeUnauthenticated
	}
	if c := codeOfWord(strings.ReplaceAll(strings.ToLower(word(e, "code")), "_", " ")); c != adapter.CodeUnknown {
		return c
	}
	return codeOfWord(strings.ToLower(word(e, "type")))
}

// codeOfWord classifies an error code (in lower case, with spaces) or type.
func codeOfWord(w string) adapter.Code {
	switch w {
	case "ratelimited", "rate limited":
		return adapter.CodeRateLimited
	case "authentication error", "unauthenticated":
		return adapter.CodeUnauthenticated
	case "forbidden", "feature not accessible", "usage limit exceeded":
		return adapter.CodeForbidden
	case "graphql validation failed", "graphql parse failed", "graphql error", "bad user input",
		"input error", "invalid input", "user error":
		return adapter.CodeInvalid
	case "internal server error", "internal error", "lock timeout", "network error", "bootstrap error":
		return adapter.CodeUnavailable
	default:
		return adapter.CodeUnknown
	}
}

// codeByStatus classifies an error that has no known code or type, by the
// status inside it or else that of the HTTP answer.
func (a *attempt) codeByStatus(e graphql.Error) adapter.Code {
	status := a.status
	if s, ok := e.Extensions["statusCode"].(float64); ok {
		status = int(s)
	} else if h, ok := e.Extensions["http"].(map[string]any); ok {
		if s, ok := h["status"].(float64); ok {
			status = int(s)
		}
	}
	switch {
	case status == http.StatusUnauthorized:
		return adapter.CodeUnauthenticated
	case status == http.StatusForbidden:
		return adapter.CodeForbidden
	case status == http.StatusTooManyRequests:
		return adapter.CodeRateLimited
	case status >= 500:
		return adapter.CodeUnavailable
	case status >= 400:
		return adapter.CodeInvalid
	case e.Extensions["userError"] == true:
		return adapter.CodeInvalid
	default:
		return adapter.CodeUnknown
	}
}

// conflict extracts entity and id from Linear's messages: "conflict on insert
// of Comment" for developers, "Entity Comment with id 1b4d… already exists" for
// people.
func conflict(message, userMessage string) (entity, id string) {
	if _, after, ok := strings.Cut(message, "conflict on insert of "); ok {
		entity = firstWord(after)
	}
	for _, text := range []string{userMessage, message} {
		before, after, ok := strings.Cut(text, " with id ")
		if !ok {
			continue
		}
		if entity == "" {
			entity = firstWord(strings.TrimPrefix(before, "Entity "))
		}
		return entity, firstWord(after)
	}
	return entity, ""
}

func firstWord(s string) string {
	fields := strings.Fields(s)
	if len(fields) == 0 {
		return ""
	}
	return strings.Trim(fields[0], `.,;:'"`)
}

// constraints returns what Linear says about the arguments that it rejected.
func constraints(e graphql.Error) []string {
	var texts []string
	list, ok := e.Extensions["validationErrors"].([]any)
	if !ok {
		return nil
	}
	for _, item := range list {
		entry, ok := item.(map[string]any)
		if !ok {
			continue
		}
		rules, ok := entry["constraints"].(map[string]any)
		if !ok {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(rules)) {
			if text, ok := rules[name].(string); ok {
				texts = append(texts, text)
			}
		}
	}
	return texts
}

// word returns an extension if it is a string, else "".
func word(e graphql.Error, name string) string {
	text, ok := e.Extensions[name].(string)
	if !ok {
		return ""
	}
	return text
}
