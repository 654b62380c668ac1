package ticketing_test

import (
	"testing"

	"github.com/linearbot/linearbot/ticketing"
)

// Administrators create and change teams.
func TestWriteTeams(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	const u = "/unified/ticketing/teams"
	agent := r.newToken(ticketing.Token{Name: "Agent", Role: ticketing.RoleAgent})
	r.as(agent, "POST", u, map[string]any{"name": "Support"}).is(403)
	r.as(agent, "PATCH", u+"/ENG", map[string]any{"name": "Support"}).is(403)
	r.call("GET", u, nil).is(200) // known, so that it has to be read again
	made := r.call("POST", u, map[string]any{"name": "Support", "key": "SUP", "description": "First line", "color": "#112233"}).is(201)
	if made.text("key") != "SUP" || made.text("description") != "First line" || made.text("color") != "#112233" {
		t.Errorf("%s", made.body)
	}
	got := r.call("PATCH", u+"/sup", map[string]any{"name": "Help", "description": "", "parent": "ENG"}).is(200)
	if got.text("id") != made.text("id") || got.text("name") != "Help" || got.text("parent.id") != r.team.ID {
		t.Errorf("%s", got.body)
	}
	if got := r.call("GET", u+"/SUP", nil).is(200); got.text("name") != "Help" {
		t.Errorf("%s", got.body)
	}
	r.call("POST", tickets, map[string]any{"name": "x", "team": "SUP"}).is(201)
	r.call("POST", u, map[string]any{"key": "X"}).is(422)
	r.call("PATCH", u+"/SUP", map[string]any{"parent": "NOPE"}).is(422)
	r.call("PATCH", u+"/NOPE", map[string]any{"name": "x"}).is(404)
}
