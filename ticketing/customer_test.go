package ticketing_test

import "testing"

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
