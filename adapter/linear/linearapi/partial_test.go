package linearapi

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/linearbot/linearbot/adapter"
)

// What of a read arrives beside errors is returned to callers that want it, after the
// retries, and to no others.
func TestPartial(t *testing.T) {
	t.Parallel()
	const (
		internal = `{"message":"boom","extensions":{"code":"INTERNAL_SERVER_ERROR"}}`
		denied   = `{"message":"no","extensions":{"code":"AUTHENTICATION_ERROR"}}`
		part     = `{"id":"c1","body":"hi"}`
	)
	both := func(data, failed string) string { return `{"data":{"comment":` + data + `},"errors":[` + failed + `]}` }
	for _, tc := range []struct {
		name     string
		answer   string
		plain    bool // without Partial
		write    bool
		body     string
		requests int
	}{
		{name: "in part", answer: both(part, internal), body: "hi", requests: 4},
		{name: "for others", answer: both(part, internal), plain: true, requests: 4},
		{name: "no root", answer: both("null", internal), requests: 4},
		{name: "no data", answer: `{"errors":[` + internal + `]}`, requests: 4},
		{name: "the token", answer: both(part, denied), requests: 1},
		{name: "a write", write: true, answer: `{"data":{"commentCreate":{"success":true,"comment":` + part + `}},"errors":[` + internal + `]}`, requests: 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var told []string
				ctx := t.Context()
				if !tc.plain {
					ctx = Partial(ctx, func(e *adapter.Error) { told = append(told, e.Error()) })
				}
				s := inTurn(with(200, tc.answer))
				c := newClient(t, s, nil)
				read := func(ctx context.Context) (*Comment, error) { return c.Comment(ctx, "c1") }
				if tc.write {
					read = func(ctx context.Context) (*Comment, error) { return c.CommentCreate(ctx, CommentCreateInput{}) }
				}
				got, err := read(ctx)
				if (err == nil) != (tc.body != "") || (len(told) == 1 && strings.Contains(told[0], "boom")) != (tc.body != "") {
					t.Errorf("%v, error %v, told %v", got, err, told)
				}
				if tc.body != "" && got.Body != tc.body {
					t.Errorf("%+v", got)
				}
				if n := len(s.seen()); n != tc.requests {
					t.Errorf("%d requests, want %d", n, tc.requests)
				}
				if _, err := c.Comment(Partial(ctx, nil), "c1"); err == nil {
					t.Error("taken back, it is an error")
				}
			})
		})
	}
}
