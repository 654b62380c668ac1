package ticketing_test

import "testing"

// A word such as open or active means the state that the team has chosen for it, and
// not the first of its type.
func TestWordsMeanTheStatesThatTheTeamChose(t *testing.T) {
	t.Parallel()
	b := &between{}
	r := newRig(t, options{between: b})
	state := func(name, kind string, position int) string {
		return r.call("POST", "/proxy/workflow_states", map[string]any{
			"name": name, "type": kind, "color": "#888888", "teamId": r.team.ID, "position": position,
		}).is(201).text("id")
	}
	state("Very first", "backlog", -100)
	state("Even before", "unstarted", -100)
	state("Warming up", "started", -100)
	building := state("Building", "started", 500)
	set := func(word, label string) {
		t.Helper()
		got := r.call("POST", tickets, map[string]any{"name": word + " is " + label, "team": "ENG", "status": map[string]any{"name": word}}).is(201)
		if got.text("status.label") != label {
			t.Errorf("%s is %s, want %s", word, got.text("status.label"), label)
		}
		got = r.call("PATCH", tickets+"/"+got.text("id"), map[string]any{"status": word}).is(200)
		if got.text("status.label") != label {
			t.Errorf("changed to %s it is %s, want %s", word, got.text("status.label"), label)
		}
	}
	set("open", "Backlog") // the default of the team
	set("pending", "Triage")
	set("active", "Warming up") // the first, for the team has chosen none
	b.say("teamStart", `{"data":{"team":{"gitAutomationStates":{"nodes":[
		{"event":"merge","state":{"id":"x"},"targetBranch":null},
		{"event":"start","state":{"id":"y"},"targetBranch":{"id":"z"}},
		{"event":"start","state":{"id":"`+building+`"},"targetBranch":null}]}}}}`)
	// What the team chose is cached as its states are.
	r.call("POST", "/unified/ticketing/ticket_status", map[string]any{"name": "Later", "type": "started", "team": "ENG"}).is(201)
	set("active", "Building")
	set("in_progress", "Building")
	set("Warming up", "Warming up") // a name of the team is that state
}
