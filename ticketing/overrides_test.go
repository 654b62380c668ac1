package ticketing_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/ticketing"
)

// A conversation hears which issue its own was merged into, and teams have settings
// of their own.
func TestDuplicatesAndTeamsOwnSettings(t *testing.T) {
	t.Parallel()
	m := newMemo()
	r := newRig(t, options{config: func(c *ticketing.Config) { c.Helpdesk.Sink = m }})
	r.work()
	issue, original := r.team.AddIssue(r.ada, "Again", ""), r.team.AddIssue(r.ada, "First", "")
	other := r.ws.AddTeam("OPS", "Operations").AddIssue(r.ada, "Quiet", "")
	account := "/integrated-account/" + r.conn.ID
	got := r.call("PATCH", account, map[string]any{"settings": map[string]any{"team_overrides": map[string]any{
		"ops": map[string]any{"send_note_on_status_change": false, "automate_reopen_on_completion": true},
	}}}).is(200)
	if got.at("settings.team_overrides.ops.send_note_on_status_change") != false || got.at("settings.send_note_on_status_change") != true {
		t.Errorf("%s", got.body)
	}
	for _, bad := range []any{
		map[string]any{"ops": map[string]any{"auto_link": "sideways"}},
		map[string]any{"ops": map[string]any{"nonsense": true}},
		map[string]any{"ops": map[string]any{"team_overrides": map[string]any{}}},
	} {
		r.call("PATCH", account, map[string]any{"team_overrides": bad}).is(422)
	}
	for _, i := range []*linearsim.Issue{issue, other} {
		r.call("POST", "/conversations/1/links", map[string]any{"issue": i.Identifier}).is(201)
	}
	r.call("POST", tickets+"/"+issue.Identifier+"/relations", map[string]any{"type": "duplicate", "ticket": original.Identifier}).is(201)
	r.call("POST", "/proxy/workflow_states", map[string]any{"name": "Duplicate", "type": "duplicate", "color": "#888888", "teamId": r.team.ID}).is(201)
	r.quiet()
	r.ada.UpdateIssue(issue, linearsim.IssueChange{State: "Duplicate"})
	r.ada.UpdateIssue(other, linearsim.IssueChange{State: "Done"})
	r.quiet()
	texts := m.texts()
	if !strings.Contains(texts, "Linear issue ENG-1 was merged into ENG-2 as a duplicate by ") || strings.Contains(texts, "OPS-1 moved") {
		t.Errorf("%s", texts)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if !slices.Equal(m.statuses, []string{"1/1=open"}) {
		t.Errorf("only the other team opens conversations: %v", m.statuses)
	}
}

// A project that is done opens the conversations of its issues, each once.
func TestProjectOpensConversations(t *testing.T) {
	t.Parallel()
	m := newMemo()
	r := newRig(t, options{config: func(c *ticketing.Config) { c.Helpdesk.Sink = m }})
	r.work()
	project := r.call("POST", "/unified/ticketing/collections", map[string]any{"type": "project", "name": "Login", "teams": []string{"ENG"}}).is(201).text("id")
	for range 2 {
		made := r.call("POST", tickets, map[string]any{"name": "x", "team": "ENG", "collections": []any{map[string]any{"id": project, "type": "project"}}}, "Idempotency-Key", fmt.Sprint(time.Now().UnixNano())).is(201)
		r.call("POST", "/conversations/4/links", map[string]any{"issue": made.text("number")}).is(201)
	}
	said := func(status string, at time.Time) {
		body := fmt.Sprintf(`{"type":"Project","action":"update","organizationId":%q,"actor":{"id":%q,"name":"Ada Byron","type":"user"},`+
			`"data":{"id":%q,"updatedAt":%q,"status":{"type":%q}},"updatedFrom":{"statusId":"before"},"createdAt":%q,"webhookTimestamp":%d}`,
			r.ws.ID, r.ada.ID, project, at.UTC().Format(time.RFC3339Nano), status, at.UTC().Format(time.RFC3339Nano), time.Now().UnixMilli())
		sum := hmac.New(sha256.New, []byte("hook-secret"))
		_, _ = sum.Write([]byte(body))
		r.as("", "POST", "/webhooks/linear", body, "Linear-Signature", hex.EncodeToString(sum.Sum(nil))).is(200)
		r.quiet()
	}
	now := time.Now()
	said("completed", now.Add(time.Second))
	r.call("PATCH", "/integrated-account/"+r.conn.ID, map[string]any{"automate_reopen_on_project_completion": true}).is(200)
	said("canceled", now.Add(2*time.Second))
	m.mu.Lock()
	if len(m.statuses) != 0 {
		t.Errorf("before it is switched on: %v", m.statuses)
	}
	m.mu.Unlock()
	said("completed", now.Add(3*time.Second))
	m.mu.Lock()
	defer m.mu.Unlock()
	if !slices.Equal(m.statuses, []string{"1/4=open"}) {
		t.Errorf("%v", m.statuses)
	}
}
