package ticketing_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/state/memstate"
	"github.com/linearbot/linearbot/ticketing"
)

// What is not supported is refused, and nothing of the request is done.
func TestAIIntakeIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	account := "/integrated-account/" + r.conn.ID
	for _, body := range []map[string]any{
		{"enable_ai_intake": true, "unlink_policy": "own", "account_id": "7"},
		{"settings": map[string]any{"enable_ai_intake": true, "unlink_policy": "own"}, "account_id": "7"},
	} {
		got := r.call("PATCH", account, body).is(422)
		if got.text("code") != "validation_failed" || got.text("details.failures.0.code") != "unsupported" || !strings.HasSuffix(got.text("details.failures.0.field"), "enable_ai_intake") {
			t.Errorf("%s", got.body)
		}
	}
	r.call("PATCH", account, map[string]any{"team_overrides": map[string]any{"ENG": map[string]any{"enable_ai_intake": true}}}).is(422)
	now := r.call("GET", account, nil).is(200)
	if now.text("settings.unlink_policy") != "any" || now.at("account_id") != nil {
		t.Errorf("half of it was done: %s", now.body)
	}
	// Off is what it is.
	if got := r.call("PATCH", account, map[string]any{"enable_ai_intake": false, "unlink_policy": "own"}).is(200); got.text("settings.unlink_policy") != "own" || strings.Contains(string(got.body), "intake") {
		t.Errorf("%s", got.body)
	}
}

// A setting that could have no effect is refused.
func TestSettingsWithoutEffect(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	account := "/integrated-account/" + r.conn.ID
	many := map[string]string{}
	for i := range 101 {
		many[fmt.Sprint("s", i)] = "Done"
	}
	state := "3f2d2c5e-0d8e-4a65-9c4c-4b4e1b6b6d11"
	for _, bad := range []map[string]any{
		{"status_map": map[string]string{"Done": "resolved"}},
		{"reverse_status_map": many},
		{"no_such_setting": true},
		{"settings": map[string]any{"no_such_setting": true}},
	} {
		r.call("PATCH", account, bad).is(422)
	}
	r.call("PATCH", account, map[string]any{"status_map": map[string]string{"completed": "resolved", state: "open"}}).is(200)
	hook := map[string]any{"target_url": r.http.URL}
	for field, bad := range map[string]any{
		"event_types": []string{"record:*", "sync_job_run:*"}, "resource_types": []string{"tickets", "ticket"}, "integrated_account_ids": []string{"other"},
	} {
		hook[field] = bad
		if got := r.call("POST", "/webhook", hook).is(422); got.text("details.failures.0.field") != field || got.count("details.failures") != 1 {
			t.Errorf("%s: %s", field, got.body)
		}
		delete(hook, field)
	}
	hook["event_types"], hook["resource_types"], hook["integrated_account_ids"] = []string{"record:*", "*"}, []string{"tickets"}, []string{r.conn.ID}
	r.call("POST", "/webhook", hook).is(201)
}

// The overrides of a team hold for what the helpdesk hands over, too: messages go to
// the issues of teams that mirror them, and a status moves the issues of teams that
// follow it.
func TestSettingsOfTeamsHoldForMessages(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	ops := r.ws.AddTeam("OPS", "Operations")
	loud, quiet := ops.AddIssue(r.ada, "Loud", ""), r.team.AddIssue(r.ada, "Quiet", "")
	for _, i := range []*linearsim.Issue{loud, quiet} {
		r.call("POST", "/conversations/1/links", map[string]any{"issue": i.Identifier}).is(201)
	}
	r.call("PATCH", "/integrated-account/"+r.conn.ID, map[string]any{"team_overrides": map[string]any{
		ops.ID: map[string]any{"mirror_comments": "to_linear", "mirror_prefix": "#dev", "create_as_agent": false, "reverse_status_map": map[string]string{"resolved": "completed"}},
	}}).is(200)
	say := func(id, text string) *answer {
		return r.call("POST", "/conversations/1/messages", map[string]any{"id": id, "kind": "agent", "text": text, "user": map[string]any{"name": "Sam"}}).is(200)
	}
	if got := say("m1", "only here"); got.count("comments") != 0 {
		t.Errorf("without the prefix: %s", got.body)
	}
	if got := say("m2", "#dev look"); got.count("comments") != 1 {
		t.Errorf("%s", got.body)
	}
	if n := len(quiet.Comments()); n != 0 {
		t.Errorf("%d comments on the other team's issue", n)
	}
	all := loud.Comments()
	if len(all) != 1 || all[0].Body() != "*Sam:*\n\nlook" || all[0].AsUser != "" {
		t.Errorf("%+v", all)
	}
	r.call("POST", "/conversations/1/messages", map[string]any{"status": "resolved"}).is(200)
	if a, b := r.call("GET", tickets+"/OPS-1", nil).text("status.name"), r.call("GET", tickets+"/ENG-1", nil).text("status.name"); a != "completed" || b == "completed" {
		t.Errorf("statuses %s and %s", a, b)
	}
	r.call("POST", "/conversations/1/messages", map[string]any{"id": "m3", "kind": "whisper", "text": "x"}).is(422)
}

// A program's settings are checked, and those of one connection stay out of another.
func TestSettingsOfAProgram(t *testing.T) {
	t.Parallel()
	store := memstate.New(memstate.Options{})
	t.Cleanup(func() { _ = store.Close() })
	for want, s := range map[string]ticketing.Settings{
		"":                      {},
		"auto_link":             {AutoLink: "everything"},
		"status_map":            {StatusMap: map[string]string{"Done": "resolved"}},
		"team_overrides":        {TeamOverrides: map[string]map[string]any{"ENG": {"nonsense": true}}},
		"holds for the whole c": {TeamOverrides: map[string]map[string]any{"ENG": {"auto_link": "all"}}},
	} {
		_, err := ticketing.New(ticketing.Config{Connections: ticketing.Static{}, Store: store, Settings: &s})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v", want, err)
		}
	}
	for name, cfg := range map[string]ticketing.Config{
		"TokenRate":      {TokenRate: ticketing.Rate{Requests: 5}},
		"ConnectionRate": {ConnectionRate: ticketing.Rate{Requests: 5}},
		"Templates":      {Helpdesk: ticketing.Helpdesk{Templates: map[string]string{"issue_lost": "x"}}},
	} {
		cfg.Connections, cfg.Store = ticketing.Static{}, store
		if _, err := ticketing.New(cfg); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	given := ticketing.Settings{StatusMap: map[string]string{"canceled": "open"}}
	r := newRig(t, options{config: func(c *ticketing.Config) {
		c.Settings = &given
		all, _ := c.Connections.(ticketing.Static)
		all = slices.Clone(all)
		second := all[0]
		second.ID = "second"
		c.Connections = append(all, second)
	}})
	r.call("PATCH", "/integrated-account/"+r.conn.ID, map[string]any{"status_map": map[string]string{"completed": "resolved"}}).is(200)
	for id, want := range map[string]string{r.conn.ID: "map[completed:resolved]", "second": "map[canceled:open]"} {
		if got := r.call("GET", "/integrated-account/"+id, nil).is(200); fmt.Sprint(got.at("settings.status_map")) != want {
			t.Errorf("%s: %v, want %s", id, got.at("settings.status_map"), want)
		}
	}
}
