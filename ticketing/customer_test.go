package ticketing_test

import (
	"strings"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/ticketing"
)

// A customer's request goes to Linear with the issue; a failure is a warning.
func TestCustomerRequest(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	got := r.call("POST", "/conversations/1/issues", map[string]any{
		"name": "x", "team": "ENG", "customer": map[string]any{"external_id": "crm-1", "name": "Globex", "body": "please", "important": true},
	}).is(201)
	if got.count("warnings") != 0 {
		t.Errorf("%s", got.body)
	}
	if n := r.linear.Count("customerNeedCreate"); n != 1 {
		t.Errorf("%d requests were created", n)
	}
	if bad := r.call("POST", "/conversations/1/issues", map[string]any{"name": "y", "team": "ENG", "customer": map[string]any{}}).is(201); bad.count("warnings") != 1 {
		t.Errorf("%s", bad.body)
	}
}

// Every customer whose conversation is linked to an issue asks for it, once each,
// also if Linear was away for the request.
func TestCustomerRequestOfALink(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{config: func(c *ticketing.Config) { c.Timeout = 300 * time.Millisecond }})
	r.team.AddIssue(r.ada, "Known", "")
	link := func(conversation, customer, title string) *answer {
		return r.call("POST", "/conversations/"+conversation+"/links", map[string]any{
			"issue": "ENG-1", "title": title, "customer": map[string]any{"external_id": customer, "name": customer, "body": "please"},
		})
	}
	needs := func() int { return r.call("GET", "/proxy/customer_needs", nil).is(200).count("result") }
	link("1", "globex", "a").is(201)
	link("2", "initech", "a").is(201)
	link("2", "initech", "b").is(200)
	if n := needs(); n != 2 {
		t.Errorf("%d requests", n)
	}
	if bad := link("3", "", ""); bad.status != 422 {
		t.Errorf("a customer without a name: %d", bad.status)
	}
	r.linear.Fault(linearsim.Fault{Operation: "customerNeedCreate", Times: 12, Status: 500})
	late := link("4", "hooli", "").is(201)
	if !strings.Contains(late.header.Get("X-Warnings"), "ENG-1 is linked, but the customer request failed and is made later") {
		t.Errorf("warnings %q", late.header.Get("X-Warnings"))
	}
	r.linear.ClearFaults()
	r.work()
	eventually(t, "the request is made", func() bool { return needs() == 3 })
	r.quiet()
	if n := needs(); n != 3 {
		t.Errorf("%d requests", n)
	}
}
