package ticketing_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/ticketing"
)

func TestRateLimits(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{config: func(c *ticketing.Config) {
		c.TokenRate = ticketing.Rate{Requests: 5, Per: time.Hour}
	}})
	var last *answer
	for range 6 {
		last = r.call("GET", tickets, nil)
	}
	if last.status != 429 || last.text("code") != "rate_limited" || last.header.Get("Retry-After") == "" || last.at("error_insight.rate_limit_error") == nil {
		t.Errorf("%d %s", last.status, last.body)
	}
	second := newRig(t, options{})
	second.linear.Fault(linearsim.Fault{RateLimited: true, RetryAfter: time.Hour})
	got := second.call("GET", tickets, nil).is(http.StatusTooManyRequests)
	if got.at("is_remote_error") != true || got.header.Get("Retry-After") == "" {
		t.Errorf("%s", got.body)
	}
	third := newRig(t, options{})
	if got := third.call("GET", tickets, nil).is(200); got.header.Get("Ratelimit-Remaining") == "" {
		t.Errorf("%v", got.header)
	}
}

func TestProxy(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	for i := range 3 {
		r.team.AddIssue(r.ada, fmt.Sprintf("P%d", i), "")
	}
	got := r.call("GET", "/proxy/issues?limit=2&fields=identifier,state.name,team.key", nil).is(200)
	if got.text("result.0.identifier") != "ENG-3" || got.text("result.0.state.name") != "Todo" || got.at("result.0.title") != nil {
		t.Errorf("list: %s", got.body)
	}
	next := r.call("GET", "/proxy/issues?limit=2&fields=identifier,state.name,team.key&next_cursor="+got.text("next_cursor"), nil).is(200)
	if next.text("result.0.identifier") != "ENG-1" || next.at("next_cursor") != nil {
		t.Errorf("next: %s", next.body)
	}
	r.call("GET", "/proxy/issues?fields=id}}evil{id", nil).is(400)
	r.call("GET", "/proxy/issues?fields=nope", nil).is(422)
	r.call("GET", "/proxy/nope", nil).is(404)
	if got := r.call("GET", `/proxy/issues?filter={"title":{"eq":"P1"}}`, nil).is(200); got.count("result") != 1 {
		t.Errorf("filter: %s", got.body)
	}
	made := r.call("POST", "/proxy/issues", map[string]any{"teamId": r.team.ID, "title": "raw"}).is(201)
	r.call("PATCH", "/proxy/issues/"+made.text("id"), map[string]any{"title": "rawer"}).is(200)
	if got := r.call("GET", "/proxy/issues/"+made.text("id"), nil).is(200); got.text("title") != "rawer" {
		t.Errorf("one: %s", got.body)
	}
	r.call("DELETE", "/proxy/issues/"+made.text("id"), nil).is(200)
	if got := r.call("GET", "/proxy/issue-labels", nil).is(200); got.count("result") != 0 {
		t.Errorf("labels: %s", got.body)
	}
	if got := r.call("GET", "/proxy/viewer", nil).is(200); got.text("name") != "Desk" {
		t.Errorf("viewer: %s", got.body)
	}
	agent := r.newToken(ticketing.Token{Name: "agent", Role: ticketing.RoleAgent})
	for _, path := range []string{"/proxy/graphql", "/custom/graphql"} {
		got := r.as(agent, "POST", path, map[string]any{"query": "{ viewer { name } }"}, "Content-Type", "text/plain").is(200)
		if got.text("data.viewer.name") != "Desk" {
			t.Errorf("graphql: %s", got.body)
		}
		r.as(agent, "POST", path, map[string]any{"query": "mutation { issueDelete(id: \"ENG-1\") { success } }"}).is(403)
		r.as(agent, "POST", path, map[string]any{"query": "{ __schema { types { name } } }"}).is(403)
		r.as(agent, "POST", path, map[string]any{"query": "subscription { x }"}).is(400)
		r.as(agent, "POST", path, map[string]any{"query": "{ a"}).is(400)
	}
}

// Fragments hide nothing from the limits, and texts need not be ASCII.
func TestGraphQLGuards(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	deep := strings.Repeat("{ a ", 8) + "%s" + strings.Repeat("}", 8)
	for query, want := range map[string]int{
		"{ ... on Query { __schema { types { name } } } }":                                                        403,
		"{ ...f } fragment f on Query { __type(name: \"Issue\") { name } }":                                       403,
		"{ ...f } fragment f on Query " + fmt.Sprintf(deep, "...g") + " fragment g on X " + fmt.Sprintf(deep, ""): 400,
		"{ ...f } fragment f on Query { ...g } fragment g on Query { ...f }":                                      400,
		"{ ...f } fragment f on Query { viewer { __typename name } }":                                             200,
		"# é 🚀\n{ viewer { name } }":                                                                              200,
		"fragment f on User { name } # é\nquery { viewer { ...f } }":                                              200,
	} {
		got := r.call("POST", "/proxy/graphql", map[string]any{"query": query})
		if got.status != want || want == 200 && got.text("data.viewer.name") != "Desk" {
			t.Errorf("%s: %d %s", query, got.status, got.body)
		}
	}
}
