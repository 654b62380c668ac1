package ticketing_test

import (
	"strings"
	"testing"

	"github.com/linearbot/linearbot/ticketing"
)

// The error about an unknown parameter says in its message what was probably meant,
// and lists what is known in its details.
func TestUnknownParameters(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	r.team.AddIssue(r.ada, "One", "")
	for _, tc := range []struct{ path, message string }{
		{tickets + "?naem=x", `unknown parameter "naem": did you mean name?`},
		{tickets + "?staus[name]=open", `unknown parameter "staus[name]": did you mean status[name]?`},
		{tickets + "?creatd_at[gte]=2026-01-01", `unknown parameter "creatd_at[gte]": did you mean created_at[gte]?`},
		{tickets + "?sort_by=name", `unknown parameter "sort_by": did you mean sort_by[…]?`},
		{tickets + "?asignee_id=x", `unknown parameter "asignee_id": did you mean assignee_id?`},
		{tickets + "?limt=3&naem=x", `unknown parameters "limt", "naem": did you mean limit, name?`},
		{tickets + "?limt=3&limits=4", `unknown parameters "limt", "limits": did you mean limit?`},
		{tickets + "?colour=red", `unknown parameter "colour"; details.known lists the `},
		{tickets + "?a1=1&a2=1&a3=1&a4=1&a5=1&a6=1&a7=1&a8=1&a9=1&a10=1", `unknown parameters "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", and 2 more; details.known`},
		{"/token?x=1", `unknown parameter "x": known are `},
		{tickets + "/ENG-1?expnad=html", `unknown parameter "expnad": did you mean expand?`},
	} {
		got := r.call("GET", tc.path, nil).is(400)
		if got.text("code") != "unknown_filter" || !strings.HasPrefix(got.text("message"), tc.message) || len(got.text("message")) > 250 {
			t.Errorf("%s: %s", tc.path, got.text("message"))
		}
		known, _ := got.at("details.known").([]any)
		if len(known) < 3 || got.text("details.failures.0.code") != "unknown" {
			t.Errorf("%s: %s", tc.path, got.body)
		}
	}
	got := r.call("GET", tickets+"?naem=x&colour=red", nil).is(400)
	if got.text("details.failures.0.message") != "no such filter or parameter; did you mean name?" || got.text("details.failures.1.message") != "no such filter or parameter" {
		t.Errorf("%s", got.body)
	}
	if got := r.call("GET", tickets+"?"+strings.Repeat("x", 9000)+"=1", nil).is(400); len(got.text("message")) > 250 {
		t.Errorf("a long name is repeated: %.300s", got.body)
	}
}

// Messages name paths as clients reach them, below the prefix.
func TestMessagesNamePathsBelowThePrefix(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"/desk/api", ""} {
		r := newRig(t, options{config: func(c *ticketing.Config) { c.Prefix = prefix }})
		r.team.AddIssue(r.ada, "One", "")
		for _, tc := range []struct {
			method, path string
			body         any
			says         string
		}{
			{"GET", "/no/such/path", nil, " " + prefix + "/docs lists"},
			{"POST", tickets, map[string]any{"name": "x"}, " " + prefix + "/unified/ticketing/teams"},
			{"PATCH", tickets + "/ENG-1", map[string]any{"status": "archived"}, " " + prefix + "/unified/ticketing/tickets/{id}/archive"},
			{"POST", "/token", map[string]any{"name": "x", "role": "read", "connections": []string{"other"}}, " " + prefix + "/integrated-account"},
		} {
			if got := r.call(tc.method, tc.path, tc.body); !strings.Contains(got.text("message"), tc.says) {
				t.Errorf("%s %s: %d %s", tc.method, tc.path, got.status, got.body)
			}
		}
	}
}
