package ticketing

import (
	"cmp"
	"encoding/json"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// ticketFields maps a body to Linear's input: a create if now is nil and the
// route creates. team is the id of the team.
func (c *call) ticketFields(in *input, now *linearapi.Node[linearapi.Issue]) (out linearapi.Input, team string, err error) {
	out = linearapi.Input{}
	creating := c.creating
	if whole, err := c.passthrough(in); whole != nil || err != nil {
		team, _ = whole["teamId"].(string)
		return whole, team, err
	}
	if s, given, null := in.text(maxTitle, "name", "title", "subject"); given {
		if null || strings.TrimSpace(s) == "" {
			in.wrong("name", "required", "must not be empty")
		}
		out["title"] = s
	} else if creating {
		in.wrong("name", "required", "is required")
	}
	if s, given := in.markdown("description", "html_description"); given {
		out["description"] = s
	}
	if team, err = c.readTeam(in, creating, now, out); err != nil {
		return nil, "", err
	}
	if err = c.readStatus(in, team, out); err != nil {
		return nil, "", err
	}
	c.readPriority(in, out)
	if err = c.readPeople(in, out); err != nil {
		return nil, "", err
	}
	if err = c.readCollections(in, out); err != nil {
		return nil, "", err
	}
	if err = c.readTags(in, team, out); err != nil {
		return nil, "", err
	}
	if err = c.readType(in, now, out); err != nil {
		return nil, "", err
	}
	if id, given, null := in.ref("parent_ticket"); given {
		ref, _ := issueRef(id)
		out["parentId"] = ref
		if null {
			out["parentId"] = nil
		}
	}
	if s, given, null := in.text(40, "due_date"); given {
		day, _, _ := strings.Cut(s, "T")
		out["dueDate"] = day
		if null || s == "" {
			out["dueDate"] = nil
		} else if _, err := time.Parse(time.DateOnly, day); err != nil {
			in.wrong("due_date", "value", "must be a date such as 2026-11-30")
		}
	}
	if n, given, null := in.whole("estimate"); given {
		out["estimate"] = n
		if null {
			out["estimate"] = nil
		}
	}
	if creating {
		if at, given := in.moment("created_at"); given {
			out["createdAt"] = at
		}
		if id, given, null := in.ref("template"); given && !null && id != "" {
			out["templateId"] = id
		}
		if err = c.actAs(team, out); err != nil {
			return nil, "", err
		}
	}
	in.remote(out)
	return out, team, in.done()
}

// actAs shows the agent's name on what an app writes. Other tokens may not.
func (c *call) actAs(team string, out linearapi.Input) error {
	shown, err := c.asAgent(team)
	if err != nil || !shown {
		return err
	}
	by := Agent{Name: c.who.Name, AvatarURL: c.who.AvatarURL}
	if c.acting != nil {
		by = *c.acting
	}
	out["createAsUser"] = by.Name
	if by.AvatarURL != "" {
		out["displayIconUrl"] = by.AvatarURL
	}
	return nil
}

// asAgent reports whether what the caller creates in a team is shown under their
// name.
func (c *call) asAgent(team string) (bool, error) {
	if !c.conn.AppActor || !c.who.session && c.acting == nil {
		return false, nil
	}
	s, err := c.settingsIn(team)
	return s.CreateAsAgent, err
}

// settingsIn are the settings that hold for what is created in a team.
func (c *call) settingsIn(team string) (Settings, error) {
	s, err := c.api.settings(c.ctx, c.conn.ID)
	if err != nil || team == "" || len(s.TeamOverrides) == 0 {
		return s, err
	}
	name := teamName{ID: team}
	t, err := c.teamOf(reference{id: team})
	if err != nil {
		return s, err
	}
	if t != nil {
		name.Key = t.Key
	}
	return c.api.settingsOf(c.ctx, c.conn.ID, &name)
}

// settingsFor are the settings that hold for what is written on an issue.
func (c *call) settingsFor(issue string) (Settings, error) {
	s, err := c.api.settings(c.ctx, c.conn.ID)
	if err != nil || issue == "" || len(s.TeamOverrides) == 0 {
		return s, err
	}
	team := &teamName{}
	if key, _, short := strings.Cut(issue, "-"); short && !isUUID(issue) {
		team.Key = key
		t, err := c.teamOf(reference{id: key})
		if err != nil {
			return s, err
		}
		if t != nil {
			team.ID = t.ID
		}
		return c.api.settingsOf(c.ctx, c.conn.ID, team)
	}
	client, err := c.client()
	if err != nil {
		return s, err
	}
	n, err := client.IssueNode(c.ctx, issue)
	if remoteNotFound(err) {
		return s, nil // what is written says so
	}
	if err != nil {
		return s, err
	}
	if t := n.Value.Team; t != nil {
		team.ID, team.Key = t.ID, t.Key
	}
	return c.api.settingsOf(c.ctx, c.conn.ID, team)
}

// passthrough is the body as it is, if the request wants it sent to Linear so; nil
// if it does not.
func (c *call) passthrough(in *input) (linearapi.Input, error) {
	if c.q == nil {
		return nil, nil //nolint:nilnil // no request asks for it
	}
	on, fine := c.q.flag("body_passthrough", "truto_body_passthrough")
	if !fine {
		return nil, badRequest(codeInvalidRequest, "body_passthrough must be true or false")
	}
	if !on {
		return nil, nil //nolint:nilnil // the request does not ask for it
	}
	out := linearapi.Input{}
	for name, v := range in.fields {
		in.used[name] = true
		if name != "integrated_account_id" {
			out[name] = v
		}
	}
	return out, in.done()
}

func (c *call) readTeam(in *input, creating bool, now *linearapi.Node[linearapi.Issue], out linearapi.Input) (string, error) {
	var r reference
	given := false
	if v, has := in.any("team"); has {
		if o, isObject := v.(map[string]any); isObject {
			r.id, _ = o["id"].(string)
			r.name, _ = o["name"].(string)
			if key, _ := o["key"].(string); r.id == "" {
				r.id = key
			}
			given = r.id != "" || r.name != ""
		}
	}
	if !given {
		r.id, given, _ = in.words(100, true, "team", "team_id")
		given = given && r.id != ""
	}
	if !given && creating {
		s, err := c.api.settings(c.ctx, c.conn.ID)
		if err != nil {
			return "", err
		}
		r.id, given = s.DefaultTeamID, s.DefaultTeamID != ""
	}
	switch {
	case given && isUUID(r.id):
		out["teamId"] = r.id
		return r.id, nil
	case given:
		t, err := c.teamOf(r)
		if err != nil {
			return "", err
		}
		if t == nil {
			in.wrong("team", "not_found", "there is no team %s", quoteID(cmp.Or(r.id, r.name)))
			return "", nil
		}
		out["teamId"] = t.ID
		return t.ID, nil
	case creating:
		in.wrong("team", "required", "is required: an id or a key, see %s", c.below("/unified/ticketing/teams"))
	case now != nil && now.Value.Team != nil:
		return now.Value.Team.ID, nil
	}
	return "", nil
}

func (c *call) readStatus(in *input, team string, out linearapi.Input) error {
	v, given := in.any("status", "status_id", "ticket_status")
	if !given || v == nil {
		return nil
	}
	var r reference
	switch v := v.(type) {
	case string:
		r.id, r.name = v, v
	case map[string]any:
		r.id, _ = v["id"].(string)
		r.name, _ = v["name"].(string)
		if label, _ := v["label"].(string); r.name == "" {
			r.name = label
		}
	}
	if r.id == "" && r.name == "" {
		in.wrong("status", "required", "must have an id or a name")
		return nil
	}
	if isUUID(r.id) { // it may be new
		if _, err := lookUp(c, kindStates, c.states, func(s *linearapi.WorkflowState) bool { return s.ID == r.id }); err != nil {
			return err
		}
	}
	all, err := c.states()
	if err != nil {
		return err
	}
	var own []*linearapi.WorkflowState
	for i := range all {
		s := &all[i].Value
		if s.Team != nil && s.Team.ID == team {
			own = append(own, s)
		}
		if s.ID == r.id {
			if s.Team != nil && team != "" && s.Team.ID != team {
				in.wrong("status", "wrong_team", "the status %s belongs to the team %s", quoteID(s.Name), s.Team.Key)
				return nil
			}
			out["stateId"] = s.ID
			return nil
		}
	}
	if isUUID(r.id) {
		in.wrong("status", "not_found", "there is no status with this id")
		return nil
	}
	switch word := strings.ToLower(r.name); word {
	case "spam", "archived", "deleted":
		in.wrong("status", "value", "a ticket cannot be set to %s: use POST %s or DELETE", word, c.below("/unified/ticketing/tickets/{id}/archive"))
		return nil
	}
	chosen, err := c.pickState(own, r.name)
	if err != nil {
		return err
	}
	if chosen == nil {
		in.wrong("status", "not_found", "the team has no status %s", quoteID(r.name))
		return nil
	}
	out["stateId"] = chosen.ID
	return nil
}

func (c *call) readPriority(in *input, out linearapi.Input) {
	v, given := in.any("priority")
	if !given {
		return
	}
	word := ""
	switch v := v.(type) {
	case nil:
		word = "none"
	case string:
		word = v
	case map[string]any:
		for _, name := range []string{"id", "level", "name"} {
			if s, _ := v[name].(string); word == "" {
				word = s
			}
		}
	default:
		word = string(must(json.Marshal(v)))
	}
	n, known := priorityOf(word)
	if !known {
		in.wrong("priority", "value", "must be 0 to 4, none, urgent, high, medium or low")
		return
	}
	out["priority"] = n
}

func (c *call) readPeople(in *input, out linearapi.Input) error {
	find := func(field string, r reference) (string, error) {
		id, err := c.userOf(r)
		if err == nil && id == "" {
			in.wrong(field, "not_found", "there is no user %s", quoteID(cmp.Or(r.id, r.email, r.name)))
		}
		return id, err
	}
	if list, given := in.refs(20, "assignees", "assignee", "assignee_id"); given {
		switch len(list) {
		case 0:
			if !c.creating {
				out["assigneeId"] = nil
			}
		case 1:
			if list[0].text == "" && list[0].id == "" && list[0].email == "" && list[0].name == "" {
				break
			}
			id, err := find("assignees", list[0])
			if err != nil {
				return err
			}
			out["assigneeId"] = id
		default:
			in.wrong("assignees", "too_many_assignees", "Linear has one assignee per ticket")
		}
	}
	if list, given := in.refs(1, "delegate", "delegate_id"); given {
		out["delegateId"] = nil
		if len(list) == 1 {
			id, err := find("delegate", list[0])
			if err != nil {
				return err
			}
			out["delegateId"] = id
		}
	}
	if list, given := in.refs(50, "subscribers"); given {
		ids := []string{}
		for _, r := range list {
			id, err := find("subscribers", r)
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		out["subscriberIds"] = ids
	}
	return nil
}
