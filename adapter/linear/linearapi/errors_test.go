package linearapi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
)

// once makes every attempt the last one.
func once(cfg *Config) { cfg.MaxAttempts = 1 }

func TestErrors(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		status  int
		body    string
		header  []string
		code    adapter.Code
		message string // what the message begins with
		detail  *GraphQLError
	}{
		{
			name: "not authenticated", status: 401,
			body:    `{"errors":[{"message":"Authentication required, not authenticated","extensions":{"type":"authentication error","code":"AUTHENTICATION_ERROR","statusCode":401,"userError":true,"userPresentableMessage":"You need to authenticate to access this operation."}}]}`,
			code:    adapter.CodeUnauthenticated,
			message: "You need to authenticate to access this operation.",
			detail:  &GraphQLError{Status: 401, Code: "AUTHENTICATION_ERROR", Type: "authentication error", Message: "Authentication required, not authenticated"},
		},
		{
			name: "not authenticated with status 200", status: 200,
			body: `{"errors":[{"message":"no","extensions":{"type":"authentication error"}}],"data":null}`,
			code: adapter.CodeUnauthenticated, message: "no",
			detail: &GraphQLError{Status: 200, Type: "authentication error", Message: "no"},
		},
		{
			name: "API key as bearer", status: 400,
			body: `{"errors":[{"message":"It looks like you're trying to use an API key as a Bearer token. Remove it.","extensions":{"code":"INPUT_ERROR","type":"invalid input"}}]}`,
			code: adapter.CodeUnauthenticated, message: "It looks like",
			detail: &GraphQLError{Status: 400, Code: "INPUT_ERROR", Type: "invalid input", Message: "It looks like you're trying to use an API key as a Bearer token. Remove it."},
		},
		{
			name: "query does not validate", status: 400, header: []string{"X-Request-Id", "r-1"},
			body: `{"errors":[{"message":"Cannot query field \"x\"","locations":[{"line":1,"column":2}],"extensions":{"code":"GRAPHQL_VALIDATION_FAILED","type":"graphql error"}}]}`,
			code: adapter.CodeInvalid, message: `Cannot query field "x"`,
			detail: &GraphQLError{Status: 400, Code: "GRAPHQL_VALIDATION_FAILED", Type: "graphql error", Message: `Cannot query field "x"`, RequestID: "r-1"},
		},
		{
			name: "bad argument", status: 200,
			body: `{"errors":[{"message":"Argument Validation Error","path":["commentCreate",0],"extensions":{"code":"INVALID_INPUT","type":"invalid input","validationErrors":[{"property":"body","constraints":{"b":"second","a":"first"}},7]}}],"data":null}`,
			code: adapter.CodeInvalid, message: "Argument Validation Error; first; second",
			detail: &GraphQLError{Status: 200, Code: "INVALID_INPUT", Type: "invalid input", Message: "Argument Validation Error"},
		},
		{
			name: "entity not found", status: 200,
			body: `{"errors":[{"message":"Entity not found: Issue","extensions":{"code":"INPUT_ERROR","type":"invalid input","statusCode":400,"userPresentableMessage":"Could not find referenced Issue."}}],"data":null}`,
			code: adapter.CodeNotFound, message: "Could not find referenced Issue.",
			detail: &GraphQLError{Status: 200, Code: "INPUT_ERROR", Type: "invalid input", Message: "Entity not found: Issue"},
		},
		{
			name: "conflict with status 200", status: 200,
			body: `{"errors":[{"message":"conflict on insert of Comment","extensions":{"code":"INPUT_ERROR","type":"invalid input","userPresentableMessage":"Entity Comment with id 11111111-1111-4111-8111-111111111111 already exists."}}],"data":null}`,
			code: adapter.CodeConflict, message: "Entity Comment with id 11111111-1111-4111-8111-111111111111 already exists.",
			detail: &GraphQLError{Status: 200, Code: "INPUT_ERROR", Type: "invalid input", Message: "conflict on insert of Comment", Entity: "Comment", ID: "11111111-1111-4111-8111-111111111111"},
		},
		{
			name: "conflict with status 400 and no id", status: 400,
			body: `{"errors":[{"message":"conflict on insert of Reaction","extensions":{"code":"INPUT_ERROR"}}]}`,
			code: adapter.CodeConflict, message: "conflict on insert",
			detail: &GraphQLError{Status: 400, Code: "INPUT_ERROR", Message: "conflict on insert of Reaction", Entity: "Reaction"},
		},
		{
			name: "too complex", status: 400,
			body: `{"errors":[{"message":"Query too complex - complexity is 12000, maximum allowed is 10000","extensions":{"code":"INPUT_ERROR"}}]}`,
			code: adapter.CodeInvalid, message: "Query too complex",
			detail: &GraphQLError{Status: 400, Code: "INPUT_ERROR", Message: "Query too complex - complexity is 12000, maximum allowed is 10000"},
		},
		{
			name: "forbidden", status: 200,
			body: `{"errors":[{"message":"no access","extensions":{"code":"FORBIDDEN","type":"forbidden"}}],"data":null}`,
			code: adapter.CodeForbidden, message: "no access",
			detail: &GraphQLError{Status: 200, Code: "FORBIDDEN", Type: "forbidden", Message: "no access"},
		},
		{
			name: "feature not accessible", status: 200,
			body: `{"errors":[{"message":"upgrade","extensions":{"type":"feature not accessible"}}]}`,
			code: adapter.CodeForbidden, message: "upgrade",
			detail: &GraphQLError{Status: 200, Type: "feature not accessible", Message: "upgrade"},
		},
		{
			name: "lock timeout", status: 200,
			body: `{"errors":[{"message":"busy","extensions":{"type":"lock timeout"}}]}`,
			code: adapter.CodeUnavailable, message: "busy",
			detail: &GraphQLError{Status: 200, Type: "lock timeout", Message: "busy"},
		},
		{
			name: "internal error", status: 500,
			body: `{"errors":[{"message":"oops","extensions":{"code":"INTERNAL_SERVER_ERROR","type":"internal error"}}]}`,
			code: adapter.CodeUnavailable, message: "oops",
			detail: &GraphQLError{Status: 500, Code: "INTERNAL_SERVER_ERROR", Type: "internal error", Message: "oops"},
		},
		{
			name: "partial data", status: 200,
			body: `{"errors":[{"message":"half","extensions":{"type":"user error"}}],"data":{"commentCreate":{"success":true,"comment":{"id":"c1"}}}}`,
			code: adapter.CodeInvalid, message: "half",
			detail: &GraphQLError{Status: 200, Type: "user error", Message: "half"},
		},
		{
			name: "second error says more", status: 200,
			body: `{"errors":[{"message":"a"},{"message":"b","extensions":{"code":"FORBIDDEN"}}]}`,
			code: adapter.CodeForbidden, message: "b",
			detail: &GraphQLError{Status: 200, Code: "FORBIDDEN", Message: "b"},
		},
		{
			name: "status inside", status: 200,
			body: `{"errors":[{"message":"a","extensions":{"http":{"status":403}}}]}`,
			code: adapter.CodeForbidden, message: "a",
			detail: &GraphQLError{Status: 200, Message: "a"},
		},
		{
			name: "nothing known", status: 200,
			body: `{"errors":[{"message":"a"}]}`,
			code: adapter.CodeUnknown, message: "a",
			detail: &GraphQLError{Status: 200, Message: "a"},
		},
		{
			name: "status alone", status: 400,
			body: `{"errors":[{"message":"a"}]}`,
			code: adapter.CodeInvalid, message: "a",
			detail: &GraphQLError{Status: 400, Message: "a"},
		},
		{name: "rate limit without GraphQL", status: 429, body: `slow down`, code: adapter.CodeRateLimited, message: "the rate limit"},
		{name: "HTML with 200", status: 200, body: `<html><body>Maintenance</body></html>`, code: adapter.CodeUnavailable, message: "Linear's answer is not GraphQL"},
		{name: "HTML with 502", status: 502, body: `<html>bad gateway</html>`, code: adapter.CodeUnavailable, message: "Linear failed (HTTP 502 Bad Gateway)"},
		{name: "HTML with 404", status: 404, body: `<html>`, code: adapter.CodeUnavailable, message: "the address does not answer in GraphQL (HTTP 404 Not Found)"},
		{name: "HTML with 401", status: 401, body: `<html>`, code: adapter.CodeUnauthenticated, message: "the token was refused"},
		{name: "HTML with 403", status: 403, body: `<html>`, code: adapter.CodeForbidden, message: "access was refused"},
		{name: "413", status: 413, body: ``, code: adapter.CodeInvalid, message: "the request is too large"},
		{name: "truncated", status: 200, body: goodComment[:100], code: adapter.CodeUnavailable, message: "Linear's answer is not GraphQL"},
		{name: "errors of a strange form", status: 400, body: `{"errors":"no"}`, code: adapter.CodeUnavailable, message: "the address does not answer in GraphQL"},
		{name: "empty body", status: 200, body: ``, code: adapter.CodeUnavailable, message: "Linear's answer is not GraphQL"},
		{name: "no content", status: 204, body: ``, code: adapter.CodeUnavailable, message: "the answer is empty (HTTP 204"},
		{name: "no data", status: 200, body: `{}`, code: adapter.CodeUnavailable, message: "Linear's answer holds no data"},
		{name: "null data", status: 200, body: `{"data":null}`, code: adapter.CodeUnavailable, message: "Linear's answer holds no data"},
		{name: "null result", status: 200, body: `{"data":{"commentCreate":null}}`, code: adapter.CodeUnavailable, message: "Linear's answer lacks the result"},
		{name: "no success", status: 200, body: `{"data":{"commentCreate":{"success":false,"comment":{"id":"c1"}}}}`, code: adapter.CodeUnavailable, message: "Linear's answer lacks the result"},
		{name: "another shape", status: 200, body: `{"data":{"commentCreate":[]}}`, code: adapter.CodeUnavailable, message: "Linear's answer does not have the expected shape"},
		{name: "redirect", status: 302, header: []string{"Location", "https://elsewhere.example/"}, code: adapter.CodeUnavailable, message: "the address answers with a redirect"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := always(tc.status, tc.body, tc.header...)
			_, err := newClient(t, s, once).CommentCreate(t.Context(), CommentCreateInput{ID: "x", Body: "b"})
			var e *adapter.Error
			if !errors.As(err, &e) {
				t.Fatalf("error %v is not an *adapter.Error", err)
			}
			if e.Code != tc.code || e.Op != "commentCreate" {
				t.Errorf("code %v, op %q; want %v, commentCreate (%v)", e.Code, e.Op, tc.code, err)
			}
			if !strings.HasPrefix(e.Message, tc.message) {
				t.Errorf("message %q, want %q", e.Message, tc.message)
			}
			detail, _ := errors.AsType[*GraphQLError](err)
			if diff := cmp.Diff(tc.detail, detail); diff != "" {
				t.Errorf("detail (-want +got):\n%s", diff)
			}
			if got := len(s.seen()); got != 1 {
				t.Errorf("%d requests, want 1", got)
			}
		})
	}
}

func TestRateLimitedSaysHowLong(t *testing.T) {
	t.Parallel()
	soon := time.Now().Add(time.Hour).UnixMilli() // far enough for a test that has to wait
	const body = `{"errors":[{"message":"Rate limit exceeded.","extensions":{"code":"RATELIMITED","type":"ratelimited","statusCode":429}}]}`
	for _, tc := range []struct {
		name     string
		status   int
		header   []string
		min, max time.Duration
	}{
		{"seconds", 400, []string{"Retry-After", "3600"}, time.Hour, time.Hour},
		{"status 429", 429, []string{"Retry-After", "60"}, time.Minute, time.Minute},
		{"reset", 400, []string{"X-RateLimit-Requests-Remaining", "0", "X-RateLimit-Requests-Reset", itoa(soon)}, 50 * time.Minute, time.Hour},
		{
			"the spent one", 400, []string{
				"X-RateLimit-Requests-Remaining", "100", "X-RateLimit-Requests-Reset", itoa(soon - 60_000),
				"X-RateLimit-Complexity-Remaining", "0", "X-RateLimit-Complexity-Reset", itoa(soon),
			}, 50 * time.Minute, time.Hour,
		},
		{"reset in the past", 400, []string{"X-RateLimit-Requests-Reset", itoa(soon - 2*3_600_000)}, 0, 0},
		{"longer than a budget takes to refill", 400, []string{"Retry-After", "86400"}, time.Hour, time.Hour},
		{"a date far ahead", 400, []string{"Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT"}, time.Hour, time.Hour},
		{"reset in another unit", 400, []string{"X-RateLimit-Requests-Remaining", "0", "X-RateLimit-Requests-Reset", itoa(soon * 100)}, time.Hour, time.Hour},
		{"nonsense", 400, []string{"Retry-After", "soon", "X-RateLimit-Requests-Reset", "NaN"}, 0, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := newClient(t, always(tc.status, body, tc.header...), once).Viewer(t.Context())
			var e *adapter.Error
			if !errors.As(err, &e) || e.Code != adapter.CodeRateLimited {
				t.Fatalf("error %v, want RateLimited", err)
			}
			if e.RetryAfter < tc.min || e.RetryAfter > tc.max {
				t.Errorf("RetryAfter %v, want %v to %v", e.RetryAfter, tc.min, tc.max)
			}
		})
	}
}

func TestNetworkErrors(t *testing.T) {
	t.Parallel()
	_, err := newClient(t, inTurn(failing(syscall.ECONNREFUSED)), once).Viewer(t.Context())
	if adapter.CodeOf(err) != adapter.CodeUnavailable || !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("refused connection: %v", err)
	}
	if strings.Contains(err.Error(), "http") {
		t.Errorf("the error holds the address: %v", err)
	}

	broken := &stub{answer: func(int, *http.Request) (*http.Response, error) {
		r := reply(200, "")
		r.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"data":`), brokenReader{}))
		return r, nil
	}}
	if _, err := newClient(t, broken, once).Viewer(t.Context()); adapter.CodeOf(err) != adapter.CodeUnavailable {
		t.Errorf("connection lost in the body: %v", err)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, syscall.ECONNRESET }

func TestCanceled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	hang := &stub{answer: func(_ int, r *http.Request) (*http.Response, error) {
		cancel()
		<-r.Context().Done()
		return nil, r.Context().Err()
	}}
	_, err := newClient(t, hang, nil).Viewer(ctx)
	if adapter.CodeOf(err) != adapter.CodeCanceled || !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled while sending: %v", err)
	}
	if n := len(hang.seen()); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
	_, err = newClient(t, hang, nil).Viewer(ctx)
	if adapter.CodeOf(err) != adapter.CodeCanceled {
		t.Errorf("cancelled before: %v", err)
	}
	if n := len(hang.seen()); n != 1 {
		t.Errorf("%d requests, want 1: a dead context must send nothing", n)
	}
}

func TestResponseLimit(t *testing.T) {
	t.Parallel()
	limit := func(n int64) func(*Config) { return func(cfg *Config) { cfg.MaxResponse = n } }
	if _, err := newClient(t, always(200, goodViewer), limit(int64(len(goodViewer)))).Viewer(t.Context()); err != nil {
		t.Errorf("a body of exactly the limit: %v", err)
	}
	for _, status := range []int{200, 400, 500} {
		for _, announced := range []bool{true, false} {
			s := &stub{answer: func(int, *http.Request) (*http.Response, error) {
				r := reply(status, goodViewer)
				if !announced {
					r.ContentLength = -1
				}
				return r, nil
			}}
			_, err := newClient(t, s, limit(int64(len(goodViewer))-1)).Viewer(t.Context())
			if adapter.CodeOf(err) != adapter.CodeUnavailable || !strings.Contains(err.Error(), "larger than") {
				t.Errorf("status %d, announced %v: %v", status, announced, err)
			}
			if n := len(s.seen()); n != 1 {
				t.Errorf("%d requests, want 1: the answer will not shrink", n)
			}
		}
	}
}

func TestLongMessagesAreCut(t *testing.T) {
	t.Parallel()
	body := `{"errors":[{"message":"` + strings.Repeat("é\\n", 400) + `"}]}`
	_, err := newClient(t, always(200, body), once).Viewer(t.Context())
	var e *adapter.Error
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	if n := len([]rune(e.Message)); n != maxMessage+1 || strings.Contains(e.Message, "\n") {
		t.Errorf("message of %d characters: %q", n, e.Message)
	}
}

func TestConflictID(t *testing.T) {
	t.Parallel()
	body := `{"errors":[{"message":"conflict on insert of Comment","extensions":{"code":"INPUT_ERROR","userPresentableMessage":"Entity Comment with id abc already exists."}}]}`
	_, err := newClient(t, always(200, body), once).Viewer(t.Context())
	if entity, id, ok := ConflictID(err); entity != "Comment" || id != "abc" || !ok {
		t.Errorf("ConflictID = %q, %q, %v", entity, id, ok)
	}
	for _, err := range []error{nil, errors.New("x"), &adapter.Error{Code: adapter.CodeConflict}} {
		if _, _, ok := ConflictID(err); ok {
			t.Errorf("ConflictID(%v) is ok", err)
		}
	}
}

func TestIsNotTopLevel(t *testing.T) {
	t.Parallel()
	body := `{"errors":[{"message":"Argument Validation Error - Parent comment must be a top level comment.","extensions":{"code":"INVALID_INPUT","userPresentableMessage":"Something else."}}]}`
	_, err := newClient(t, always(200, body), once).Viewer(t.Context())
	if !IsNotTopLevel(err) {
		t.Errorf("IsNotTopLevel(%v) = false", err)
	}
	if IsNotTopLevel(nil) || IsNotTopLevel(errors.New("must be a top level comment")) {
		t.Error("IsNotTopLevel is true for errors of others")
	}
}
