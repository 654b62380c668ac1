package linearsim_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
)

// A running clock jumps ahead: retries become due, events are stamped with the time
// of this machine all the same.
func TestRunningClock(t *testing.T) {
	t.Parallel()
	clock := linearsim.NewRunningClock()
	s := linearsim.NewWith(t, linearsim.Config{Clock: clock, RetryAfter: []time.Duration{time.Hour}})
	fail := make(chan bool, 2)
	fail <- true
	fail <- false
	stamps := make(chan int64, 2)
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct{ WebhookTimestamp int64 }
		_ = json.NewDecoder(r.Body).Decode(&in)
		stamps <- in.WebhookTimestamp
		if <-fail {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer hook.Close()
	s.App.SetWebhook(linearsim.Webhook{URL: hook.URL, ResourceTypes: []string{"Comment"}})
	if err := s.Advance(48 * time.Hour); err != nil {
		t.Fatal(err)
	}
	s.Ada.Comments("hi")
	first := <-stamps
	if d := time.Since(time.UnixMilli(first)); d < -time.Minute || d > time.Minute {
		t.Errorf("stamped %s from the time of this machine", d)
	}
	if err := s.Wait(t.Context(), func() bool { return !s.Deliveries()[0].Due.IsZero() }); err != nil {
		t.Fatal(err)
	}
	if err := s.Advance(2 * time.Hour); err != nil {
		t.Fatal(err)
	}
	if again := <-stamps; again != first {
		t.Errorf("the retry is stamped %d, want %d", again, first)
	}
	if got := s.Issue.Comments()[0].CreatedAt; time.Until(got) < 47*time.Hour || clock.Ahead() != 50*time.Hour {
		t.Errorf("the comment is of %s, the clock is %s ahead", got, clock.Ahead())
	}
}

// Deliveries wait while they are held, and bodies of one's own are signed and in the
// log.
func TestHoldAndSend(t *testing.T) {
	t.Parallel()
	s := linearsim.NewWith(t, linearsim.Config{Transcript: true})
	bodies := make(chan string, 10)
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b := make([]byte, 1000)
		n, _ := r.Body.Read(b)
		bodies <- r.Header.Get("Linear-Event") + " " + string(b[:n])
		if strings.Contains(string(b[:n]), "refuse") {
			w.WriteHeader(http.StatusTeapot)
		}
	}))
	defer hook.Close()
	if _, err := s.App.Send(t.Context(), []byte("{}"), false); !errors.Is(err, linearsim.ErrNoWebhook) {
		t.Errorf("without a webhook: %v", err)
	}
	reg := s.App.SetWebhook(linearsim.Webhook{URL: hook.URL, ResourceTypes: []string{"Comment"}})
	reg.Hold(true)
	s.Ada.Comments("waits")
	id, err := s.App.Send(t.Context(), []byte(`{"type":"Weather","action":"create","webhookTimestamp":1}`), false)
	if err != nil {
		t.Fatal(err)
	}
	if got := <-bodies; got != `Weather {"type":"Weather","action":"create","webhookTimestamp":1}` || !reg.Held() {
		t.Errorf("sent %s", got)
	}
	if d, err := s.Delivery(id); err != nil || !d.OK || d.Type != "Weather" || len(d.Attempts) != 1 {
		t.Errorf("the log has %+v, %v", d, err)
	}
	if _, err := s.App.Send(t.Context(), []byte(`{"refuse":1}`), true); !errors.Is(err, linearsim.ErrRefused) {
		t.Errorf("refused: %v", err)
	}
	if got := <-bodies; !strings.Contains(got, `"webhookTimestamp":1`) || strings.Contains(got, `"webhookTimestamp":1}`) {
		t.Errorf("stamped %s", got)
	}
	reg.Hold(false)
	if got := <-bodies; !strings.HasPrefix(got, "Comment ") {
		t.Errorf("released %s", got)
	}
}

// What a page shows of requests, faults and sessions.
func TestViews(t *testing.T) {
	t.Parallel()
	s := linearsim.NewWith(t, linearsim.Config{Transcript: true})
	s.App.SetWebhook(linearsim.Webhook{URL: "http://127.0.0.1:1", ResourceTypes: []string{"AgentSessionEvent"}})
	s.App.Webhook().Hold(true)
	root := s.Ada.Comments("@helper-bot hi")
	x := s.Workspace.Sessions()[0]
	post := func(query string, variables map[string]any) {
		t.Helper()
		raw, err := json.Marshal(map[string]any{"query": query, "variables": variables})
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.GraphQLURL(), strings.NewReader(string(raw)))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+s.App.Token())
		res, err := (&http.Client{Timeout: 10 * time.Second}).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	}
	const create = `mutation a($input: AgentActivityCreateInput!) { agentActivityCreate(input: $input) { success } }`
	post(create, map[string]any{"input": map[string]any{"agentSessionId": x.ID, "content": map[string]any{"type": "action", "action": "Read", "parameter": "logs", "result": "found"}}})
	post(create, map[string]any{"input": map[string]any{
		"agentSessionId": x.ID, "content": map[string]any{"type": "elicitation", "body": "Where?"}, "signal": "select",
		"signalMetadata": map[string]any{"options": []any{map[string]any{"value": "here"}}},
	}})
	post(`mutation u($id: String!, $input: AgentSessionUpdateInput!) { agentSessionUpdate(id: $id, input: $input) { success } }`,
		map[string]any{"id": x.ID, "input": map[string]any{"plan": []any{map[string]any{"content": "Look", "status": "inProgress"}}}})
	log := x.Activities()
	if len(log) != 2 || log[0].Action != "Read" || log[0].Parameter != "logs" || log[0].Result != "found" || log[0].Comment != nil {
		t.Fatalf("the activities are %+v", log)
	}
	if a := log[1]; a.Type != "elicitation" || a.Signal != "select" || a.Metadata == nil || a.Comment == nil || a.Comment.Parent != root || a.By != s.App.User {
		t.Errorf("the question is %+v", a)
	}
	if plan := x.Plan(); len(plan) != 1 || plan[0] != (linearsim.PlanStep{Content: "Look", Status: "inProgress"}) {
		t.Errorf("the plan is %+v", plan)
	}
	_, requests := s.Newest(2)
	if len(requests) != 2 || requests[1].Number != 3 || !strings.Contains(requests[1].Query, "agentSessionUpdate") || !strings.Contains(requests[1].Answer, `"success":true`) || requests[1].Duration <= 0 {
		t.Errorf("the requests are %+v", requests)
	}
	s.Fault(linearsim.Fault{Status: 503, Times: 2})
	post("{ viewer { id } }", nil)
	if left := s.Faults(); len(left) != 1 || left[0].Times != 1 {
		t.Errorf("the faults are %+v", left)
	}
	if s.Workspace.Session(x.ID) != x || s.Workspace.Comment(root.ID) != root || s.Workspace.Comment("none") != nil || s.Workspace.Session("none") != nil || x.Creator() != s.Ada {
		t.Error("an id leads elsewhere")
	}
}
