package ticketing_test

import (
	"slices"
	"testing"
	"time"
)

// names are those of the items of a list, sorted.
func (a *answer) names(list string) []string {
	a.t.Helper()
	out := []string{}
	all, _ := a.at(list).([]any)
	for _, v := range all {
		m, _ := v.(map[string]any)
		name, _ := m["name"].(string)
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// Collections are filtered by what each type has, and a filter that a type does not
// know says for which it is.
func TestCollectionFilters(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	const root = "/unified/ticketing/collections"
	create := func(body map[string]any) { r.call("POST", root, body).is(201) }
	create(map[string]any{"type": "project", "name": "Login", "teams": []string{"ENG"}, "lead": r.ada.ID, "status": "started", "start_date": "2026-11-02", "target_date": "2026-12-01", "color": "#ff0000"})
	create(map[string]any{"type": "project", "name": "Search", "teams": []string{"ENG"}, "status": "backlog"})
	create(map[string]any{"type": "initiative", "name": "Growth", "status": "Active", "lead": r.ada.ID})
	create(map[string]any{"type": "initiative", "name": "Later", "status": "Planned"})
	now := time.Now()
	create(map[string]any{"type": "iteration", "name": "Now", "teams": []string{"ENG"}, "start_date": now.AddDate(0, 0, -3), "end_date": now.AddDate(0, 0, 4)})
	create(map[string]any{"type": "iteration", "name": "Next", "teams": []string{"ENG"}, "start_date": now.AddDate(0, 0, 5), "end_date": now.AddDate(0, 0, 12)})
	for query, want := range map[string][]string{
		"type=project&status=started":                    {"Login"},
		"type=project&status[name]=backlog":              {"Search"},
		"type=project&status[]=started&status[]=backlog": {"Login", "Search"},
		"type=project&is_active=true":                    {"Login"},
		"type=project&is_active=false":                   {"Search"},
		"type=project&lead[id]=" + r.ada.ID:              {"Login"},
		"type=project&lead=null":                         {"Search"},
		"type=project&start_date[lt]=2026-11-03":         {"Login"},
		"type=project&target_date[gte]=2026-12-01":       {"Login"},
		"type=project&target_date[null]=true":            {"Search"},
		"type=initiative&status=active":                  {"Growth"},
		"type=initiative&is_active=false":                {"Later"},
		"type=initiative&lead_id=" + r.ada.ID:            {"Growth"},
		"type=iteration&status=active":                   {"Now"},
		"type=iteration&is_active=false":                 {"Next"},
		"type=iteration&start_date[gt]=P1D":              {"Next"},
		"type=iteration&end_date[lt]=P8D":                {"Now"},
		"type=project&workspace[id]=" + r.ws.ID:          {"Login", "Search"},
		"workspace[id]=other":                            {},
	} {
		if got := r.call("GET", root+"?"+query, nil).is(200).names("result"); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
	for query, says := range map[string]string{
		"status=started":                        "status needs type=project or type=iteration or type=initiative",
		"type=milestone&lead=me":                "lead needs type=project or type=initiative",
		"type=project&end_date[lt]=2026-01-01":  "end_date needs type=iteration",
		"type=iteration&status=paused":          "status of an iteration must be upcoming, active or completed",
		"type=project&is_active=perhaps":        "is_active takes true or false",
		"type=project&status[contains]=started": `status has no operator "contains"`,
	} {
		if got := r.call("GET", root+"?"+query, nil).is(400).text("message"); got != says {
			t.Errorf("%s: %s", query, got)
		}
	}
	login := r.call("GET", root+"?type=project&name=Login", nil).is(200)
	if login.text("result.0.teams.0.key") != "ENG" || login.text("result.0.color") != "#ff0000" || login.text("result.0.lead.id") != r.ada.ID ||
		login.at("result.0.scope") != 0.0 || login.count("result.0.members") != 0 || login.at("result.0.health") != nil {
		t.Errorf("%s", login.body)
	}
}

// Tags are told apart by whether they can still be used, and name their workspace.
func TestTagFilters(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	const root = "/unified/ticketing/tags"
	r.call("POST", root, map[string]any{"name": "Bug"}).is(201)
	old := r.call("POST", root, map[string]any{"name": "Old"}).is(201)
	if old.text("workspace.id") != r.ws.ID {
		t.Errorf("%s", old.body)
	}
	r.call("POST", root+"/"+old.text("id")+"/retire", nil).is(200)
	for query, want := range map[string][]string{
		"status=active": {"Bug"}, "status=inactive": {"Old"}, "workspace_id=" + r.ws.ID: {"Bug", "Old"}, "workspace[id]=other": {},
	} {
		if got := r.call("GET", root+"?"+query, nil).is(200).names("result"); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
	r.call("GET", root+"?status=gone", nil).is(400)
	if got := r.call("GET", root+"?limit=1", nil).is(200); got.text("result.0.workspace.name") != "Acme" {
		t.Errorf("%s", got.body)
	}
}

// A form learns the scale and the templates of a team, and how many are in it.
func TestEntitiesOfATeam(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	for _, v := range []map[string]any{
		{"name": "Incident", "type": "issue", "templateData": map[string]any{}},
		{"name": "Only ours", "type": "issue", "teamId": r.team.ID, "templateData": map[string]any{}},
		{"name": "Theirs", "type": "issue", "teamId": r.ws.AddTeam("OPS", "Operations").ID, "templateData": map[string]any{}},
		{"name": "Plan", "type": "project", "templateData": map[string]any{}},
	} {
		made := r.call("POST", "/proxy/graphql", map[string]any{
			"query":     "mutation m($input: TemplateCreateInput!) { templateCreate(input: $input) { success } }",
			"variables": map[string]any{"input": v},
		}).is(200)
		if made.at("data.templateCreate.success") != true {
			t.Fatalf("%s", made.body)
		}
	}
	got := r.call("GET", "/unified/ticketing/teams/ENG/entities", nil).is(200)
	if names := got.names("templates"); !slices.Equal(names, []string{"Incident", "Only ours"}) {
		t.Errorf("%v", names)
	}
	if got.at("estimates") == nil || got.at("team.member_count") != 1.0 {
		t.Errorf("%v %v", got.at("estimates"), got.at("team.member_count"))
	}
	if n := r.call("GET", "/unified/ticketing/teams/ENG", nil).is(200).at("member_count"); n != 1.0 {
		t.Errorf("%v members", n)
	}
}
