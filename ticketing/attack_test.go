package ticketing_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
	"github.com/linearbot/linearbot/ticketing"
)

// shaky is a store that loses writes of one kind of value, as a process that dies
// before them would.
type shaky struct {
	state.Store
	mu   sync.Mutex
	kind string
	lose int
}

func (s *shaky) CompareAndSet(ctx context.Context, k state.Key, old, next []byte, ttl time.Duration) error {
	s.mu.Lock()
	lost := k.Kind == s.kind && s.lose > 0
	if lost {
		s.lose--
	}
	s.mu.Unlock()
	if lost {
		return state.ErrUnavailable
	}
	return s.Store.CompareAndSet(ctx, k, old, next, ttl)
}

// A link that stands in Linear and is not known here, since the process died in
// between, becomes known, with its activity, once.
func TestLinkIsCompleted(t *testing.T) {
	t.Parallel()
	store := &shaky{Store: memstate.New(memstate.Options{}), kind: "ticketing.links", lose: 1}
	t.Cleanup(func() { _ = store.Close() })
	r := newRig(t, options{store: store, config: func(c *ticketing.Config) { c.Timeout = 200 * time.Millisecond }})
	r.team.AddIssue(r.ada, "Known", "")
	r.call("POST", "/conversations/1/links", map[string]any{"issue": "ENG-1"}).is(503)
	r.work()
	eventually(t, "the activity is there", func() bool { return len(r.activities("1")) == 1 })
	r.quiet()
	if got := r.call("GET", "/conversations/1/issues?refresh=true", nil).is(200); got.count("result") != 1 || got.text("result.0.origin") != "linked" {
		t.Errorf("%s", got.body)
	}
	if acts := r.activities("1"); len(acts) != 1 || acts[0] != "Linear issue ENG-1 was linked by Grace Hopper" {
		t.Errorf("%q", acts)
	}
	// A link that Linear refused for good is not made behind the client's back.
	r.linear.Fault(linearsim.Fault{Operation: "attachmentCreate", Body: `{"errors":[{"message":"no","extensions":{"code":"INVALID_INPUT","type":"invalid input"}}]}`})
	r.call("POST", "/conversations/2/links", map[string]any{"issue": "ENG-1"}).is(422)
	eventually(t, "the job has run", func() bool {
		n := 0
		for d, err := range r.store.Delayed(t.Context()) {
			if err == nil && strings.HasPrefix(d.Entry.ID, "link:") {
				n++
			}
		}
		return n == 0
	})
	r.quiet()
	if acts := r.activities("2"); len(acts) != 0 {
		t.Errorf("%q", acts)
	}
}

// While Linear is away, what puts links in order waits, and activities do not.
func TestRepairsDoNotHoldUpActivities(t *testing.T) {
	t.Parallel()
	sink := newMemo()
	r := newRig(t, options{config: func(c *ticketing.Config) {
		c.Timeout, c.Helpdesk.Sink = 100*time.Millisecond, sink
		c.Retries = []time.Duration{time.Hour}
	}})
	r.team.AddIssue(r.ada, "Known", "")
	r.linear.Fault(linearsim.Fault{Operation: "attachmentCreate", Times: 50, Status: 500})
	r.call("POST", "/conversations/1/issues", map[string]any{"name": "x", "team": r.team.ID}).is(201)
	r.work()
	eventually(t, "the job has failed and waits", func() bool {
		for lane, err := range r.store.Lanes(t.Context()) {
			if err == nil && !lane.HeldUntil.IsZero() {
				return true
			}
		}
		return false
	})
	r.linear.ClearFaults()
	r.call("POST", "/conversations/1/links", map[string]any{"issue": "ENG-1"}).is(201)
	eventually(t, "the helpdesk hears of the link", func() bool { return strings.Contains(sink.texts(), "ENG-1 was linked") })
}

// A Linear that answers nonsense is a failure of Linear, not of this API.
func TestRudeLinear(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	r.team.AddIssue(r.ada, "Known", "")
	r.call("GET", "/unified/user-directory/me", nil).is(200)
	const u = "/unified/ticketing"
	for _, tt := range []struct{ operation, path string }{
		{"customers", u + "/accounts"},
		{"customer", u + "/accounts/x"},
		{"customerNeeds", u + "/needs"},
		{"externalUsers", u + "/contacts"},
		{"initiatives", u + "/collections?type=initiative"},
		{"issue", u + "/tickets/ENG-1/history"},
		{"searchProjects", "/unified/search/search?q=x&types=collection"},
		{"customers", "/proxy/customers"},
		{"customer", "/proxy/customers/x"},
		{"issues", u + "/tickets"},
		{"issue", u + "/tickets/ENG-1"},
	} {
		for i, value := range []string{`null`, `7`, `"text"`, `[]`, `{}`, `{"nodes":7}`, `{"nodes":[null,7,"x",{}]}`, `{"nodes":[{"id":7,"createdAt":"soon","owner":[]}],"pageInfo":7}`, `{"history":7}`, `{"nodes":[],"pageInfo":{"hasNextPage":true}}`} {
			r.linear.Fault(linearsim.Fault{Operation: tt.operation, Times: 9, Body: `{"data":{"` + tt.operation + `":` + value + `}}`})
			got := r.call("GET", tt.path+"", nil, "Cache-Control", "no-cache")
			if got.status == 500 || got.status == 401 {
				t.Errorf("%s with %s: %d %s", tt.path, value, got.status, got.body)
			}
			_ = i
			r.linear.ClearFaults()
		}
	}
}

// Whatever a client sends in any field of any body, the answer is not a failure of
// this API.
func TestHostileBodies(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	r.team.AddIssue(r.ada, "Known", "")
	made := r.call("POST", "/unified/ticketing/accounts", map[string]any{"name": "Globex"}).is(201).text("id")
	values := []any{
		nil, true, -1, 1e300, "", " ", "\x00", "\u202e", strings.Repeat("x", 300_000),
		[]any{},
		[]any{nil},
		[]any{[]any{}},
		map[string]any{},
		map[string]any{"id": []any{}},
		map[string]any{"id": "'; DROP"},
		`{"$ref":1}`, "../..", "null", strings.Repeat("[", 100),
	}
	const u = "/unified/ticketing"
	ticket := []string{
		"name", "description", "team", "status", "priority", "assignees", "delegate", "collections", "tags", "add_tags", "parent_ticket", "due_date", "estimate",
		"subscribers", "created_at", "remote_data", "attachments", "create_missing_tags",
	}
	for path, fields := range map[string][]string{
		"POST " + u + "/tickets":                 ticket,
		"PATCH " + u + "/tickets/ENG-1":          ticket,
		"POST " + u + "/comments":                {"ticket", "body", "html_body", "parent_comment", "author", "attachments", "collections", "is_private"},
		"POST " + u + "/tags":                    {"name", "color", "team", "parent"},
		"POST " + u + "/tickets/ENG-1/relations": {"type", "ticket"},
		"POST /conversations/1/links":            {"issue", "issues", "title", "user"},
		"POST /conversations/1/messages":         {"id", "action", "text", "kind", "user", "status"},
		"POST /token":                            {"name", "role", "scopes", "connections", "accounts", "expires_at"},
		"POST " + desk + "/create_issue":         {"conversation_id", "team_id", "title", "priority", "label_ids", "state_id", "project_id", "assignee_id"},
		"POST " + desk + "/link_issue":           {"conversation_id", "issue_id", "title"},
		"POST " + u + "/accounts":                {"name", "external_id", "domains", "revenue", "size", "owner", "tier", "status", "logo_url"},
		"PATCH " + u + "/accounts/" + made:       {"name", "external_id", "domains", "revenue", "owner"},
		"POST " + u + "/needs":                   {"account", "account_external_id", "ticket", "collection", "body", "important", "attachment_url"},
		"POST " + u + "/collections":             {"type", "name", "description", "teams", "status", "start_date", "target_date", "lead", "parent_collection_id"},
		"POST " + u + "/ticket_status":           {"name", "type", "team", "color", "position"},
		"POST " + u + "/tickets/ENG-1/subscribe": {"user"},
		"POST " + u + "/tickets/ENG-1/remind":    {"at"},
		"POST " + u + "/tickets/ENG-1/move":      {"team", "status"},
		"POST " + u + "/tickets/bulk-create":     {"tickets"},
		"POST /conversations/1/issues":           {"context", "customer", "link", "user", "dedupe"},
		"POST " + u + "/attachments":             {"ticket", "file_name", "data", "mode", "metadata"},
		"PATCH /integrated-account/" + r.ws.ID:   {"settings", "default_labels", "status_map", "auto_link"},
		"POST /batch-request":                    {"resources"},
		"POST /webhook":                          {"target_url", "event_types", "is_active"},
	} {
		method, address, _ := strings.Cut(path, " ")
		for _, field := range fields {
			for _, v := range values {
				body := map[string]any{"name": "n", "team": "ENG", "type": "project", "ticket": "ENG-1", "account": made, "file_name": "a", "data": "QQ==", field: v}
				if got := r.call(method, address, body); got.status >= 500 {
					t.Errorf("%s, %s = %.60v: %d %s", path, field, v, got.status, got.body)
				}
			}
		}
	}
}

// Several processes on one store that hear of the same change tell it once.
func TestTwoProcessesTellOnce(t *testing.T) {
	t.Parallel()
	store := memstate.New(memstate.Options{})
	t.Cleanup(func() { _ = store.Close() })
	conns := &changing{}
	options := options{store: store, config: func(c *ticketing.Config) { c.Connections = conns }}
	r := newRig(t, options)
	g := r.subscribe("integrated_account:*")
	other, err := ticketing.New(ticketing.Config{Connections: conns, Store: store, PrivateTargets: true})
	if err != nil {
		t.Fatal(err)
	}
	conns.set(r.conn)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- other.Run(ctx) }()
	r.work()
	want := "created active"
	eventually(t, want, func() bool { return g.names(r.conn.ID) == want })
	down := r.conn
	for i := range 5 {
		down.Status = map[bool]string{true: "needs_reauth", false: "active"}[i%2 == 0]
		conns.set(down)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() { r.call("GET", "/integrated-account", nil); r.call("GET", tickets, nil) })
		}
		wg.Wait()
		want += map[bool]string{true: " authentication_error", false: " reactivated"}[i%2 == 0]
		eventually(t, fmt.Sprint(i, ": ", want), func() bool { return g.names(r.conn.ID) == want })
	}
	r.quiet()
	if got := g.names(r.conn.ID); got != want {
		t.Errorf("events %q", got)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
