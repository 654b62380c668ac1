package ticketing_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
)

// half makes Linear answer an operation with what it answers now, an error beside it
// and the assignee of the first ticket missing.
func (r *rig) half(operation, query, field string, times int) {
	r.t.Helper()
	got := r.call("POST", "/proxy/graphql", map[string]any{"query": query}).is(200)
	data, err := json.Marshal(got.at("data"))
	if err != nil {
		r.t.Fatal(err)
	}
	r.linear.Fault(linearsim.Fault{Operation: operation, Times: times, Body: `{"data":` + string(data) +
		`,"errors":[{"message":"boom","path":["` + field + `"],"extensions":{"code":"INTERNAL_SERVER_ERROR","userPresentableMessage":"The assignee could not be read."}}]}`})
}

// A read that Linear answers in part is answered in part, and says so; nothing of it
// is kept. A write is not.
func TestReadsInPart(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	r.team.AddIssue(r.ada, "One", "")
	const whole = 10 // more than the attempts of the client
	r.half("ticketList", `query x { issues { nodes { id identifier number title } pageInfo { hasNextPage } } }`, "issues", whole)
	got := r.call("GET", tickets, nil).is(200)
	if got.at("has_remote_errors") != true || got.at("is_partial_response") != false || got.text("result.0.number") != "ENG-1" ||
		!strings.Contains(got.text("warnings.0"), "The assignee could not be read.") || got.header.Get("X-Has-Remote-Errors") != "true" {
		t.Errorf("%v %s", got.header, got.body)
	}
	if raw := r.call("GET", tickets+"?response_format=stream", nil); raw.status != 502 {
		t.Errorf("a stream: %d %s", raw.status, raw.body)
	}
	r.linear.ClearFaults()
	if got := r.call("GET", tickets, nil).is(200); got.at("has_remote_errors") != nil || got.header.Get("X-Has-Remote-Errors") != "" {
		t.Errorf("%s", got.body)
	}

	r.half("ticket", `query x { issue(id: "ENG-1") { id identifier number title } }`, "issue", whole)
	one := r.call("GET", tickets+"/ENG-1", nil).is(200)
	if one.at("has_remote_errors") != true || one.count("warnings") != 1 || one.text("number") != "ENG-1" || one.text("name") != "One" {
		t.Errorf("%s", one.body)
	}
	r.linear.ClearFaults()

	// A cached list is not kept in part.
	r.half("userList", `query x { users { nodes { id name } pageInfo { hasNextPage } } }`, "users", whole)
	if got := r.call("GET", "/unified/ticketing/users", nil).is(200); got.at("has_remote_errors") != true || got.text("result.0.username") != "" {
		t.Errorf("%s", got.body)
	}
	r.linear.ClearFaults()
	if got := r.call("GET", "/unified/ticketing/users", nil).is(200); got.at("has_remote_errors") != nil || got.text("result.0.username") == "" {
		t.Errorf("%s", got.body)
	}

	// One hiccup is retried, and the whole answer comes.
	r.half("ticketList", `query x { issues { nodes { id } pageInfo { hasNextPage } } }`, "issues", 1)
	if got := r.call("GET", tickets+"?limit=7", nil).is(200); got.at("has_remote_errors") != nil || got.text("result.0.name") != "One" {
		t.Errorf("%s", got.body)
	}
	r.linear.ClearFaults()

	// Without the list itself, and for writes, an error is an error.
	r.linear.Fault(linearsim.Fault{Operation: "ticketList", Times: whole, Body: `{"data":{"issues":null},"errors":[{"message":"boom"}]}`})
	r.call("GET", tickets+"?limit=9", nil).is(502)
	r.linear.Fault(linearsim.Fault{Operation: "ticketUpdate", Times: whole, Body: `{"data":{"issueUpdate":{"success":true,"issue":{"id":"x"}}},"errors":[{"message":"boom","extensions":{"code":"INTERNAL_SERVER_ERROR"}}]}`})
	r.call("PATCH", tickets+"/ENG-1", map[string]any{"name": "Two"}).is(502)
}
