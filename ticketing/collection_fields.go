package ticketing

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// collectionFields maps a body to Linear's input. parent is the initiative that a
// project or an initiative goes into, empty to leave it, nil if the body does not say.
func (c *call) collectionFields(in *input, kind collectionKind, creating bool, out map[string]any) (parent *string, err error) {
	in.name(out, creating && kind.typ != "iteration")
	if s, given, null := in.text(maxText, "description"); given {
		out["description"] = s
		if null {
			out["description"] = ""
		}
	}
	dates := map[string][]struct{ name, to string }{
		"project":    {{"start_date", "startDate"}, {"target_date", "targetDate"}},
		"iteration":  {{"start_date", "startsAt"}, {"end_date", "endsAt"}},
		"milestone":  {{"target_date", "targetDate"}},
		"initiative": {{"target_date", "targetDate"}},
	}
	for _, d := range dates[kind.typ] {
		s, given, null := in.text(40, d.name)
		switch {
		case given && null && kind.typ != "iteration":
			out[d.to] = nil
		case given && s != "":
			day, _, _ := strings.Cut(s, "T")
			if _, err := time.Parse(time.DateOnly, day); err != nil {
				in.wrong(d.name, "value", "must be a date such as 2026-11-30")
			}
			out[d.to] = day
			if kind.typ == "iteration" {
				out[d.to] = day + "T00:00:00.000Z"
			}
		case creating && kind.typ == "iteration":
			in.wrong(d.name, "required", "is required: a date")
		}
	}
	if err := c.collectionTeams(in, kind, creating, out); err != nil {
		return nil, err
	}
	above, hasParent, _ := in.ref("parent_collection_id")
	switch {
	case kind.typ == "milestone" && hasParent && above != "":
		out["projectId"] = above
	case kind.typ == "milestone" && (creating || hasParent):
		in.wrong("parent_collection_id", "required", "is required: the project of the milestone")
	case (kind.typ == "project" || kind.typ == "initiative") && hasParent:
		parent = &above
	case hasParent && above != "":
		in.wrong("parent_collection_id", "value", "this type of collection has none")
	}
	if err := c.collectionOwn(in, kind, creating, out); err != nil {
		return nil, err
	}
	in.any("type", "integrated_account_id")
	in.remote(out)
	return parent, in.done()
}

// collectionTeams reads the teams of a project, or the one of a cycle.
func (c *call) collectionTeams(in *input, kind collectionKind, creating bool, out map[string]any) error {
	list, given := in.refs(50, "teams", "team", "team_id", "team_ids")
	if kind.typ != "project" && (kind.typ != "iteration" || !creating) {
		if given {
			in.wrong("teams", "value", "cannot be set here")
		}
		return nil
	}
	if !given && creating {
		s, err := c.api.settings(c.ctx, c.conn.ID)
		if err != nil {
			return err
		}
		if s.DefaultTeamID != "" {
			list, given = []reference{{id: s.DefaultTeamID}}, true
		}
	}
	ids := []string{}
	for i, r := range list {
		t, err := c.teamOf(r)
		if err != nil {
			return err
		}
		if t == nil {
			in.wrong("teams["+strconv.Itoa(i)+"]", "not_found", "there is no team %s", quoteID(r.id+r.name))
			continue
		}
		ids = append(ids, t.ID)
	}
	switch {
	case len(list) == 0 && creating:
		in.wrong("teams", "required", "is required: ids or keys of teams")
	case !given:
	case kind.typ == "project":
		out["teamIds"] = ids
	case len(list) > 1:
		in.wrong("teams", "too_many", "an iteration belongs to one team")
	case len(ids) == 1:
		out["teamId"] = ids[0]
	}
	return nil
}

// collectionOwn reads what projects, initiatives and iterations have beyond the
// others. A field that the type does not have is refused, not ignored.
func (c *call) collectionOwn(in *input, kind collectionKind, creating bool, out map[string]any) error {
	only := func(field string, types ...string) bool {
		v, has := in.fields[field]
		if !has {
			return false
		}
		if !slices.Contains(types, kind.typ) {
			in.any(field)
			if v != nil {
				in.wrong(field, "value", "a collection of the type %s has none", kind.typ)
			}
			return false
		}
		return true
	}
	if only("completed_at", "project", "iteration") {
		if at, given := in.moment("completed_at"); given {
			out["completedAt"] = at
			if creating && kind.typ == "project" {
				in.wrong("completed_at", "value", "a project gets it on change only")
			}
		}
	}
	if only("color", "project", "initiative") {
		if color, given := in.color(); given {
			out["color"] = color
		}
	}
	if only("icon", "project", "initiative") {
		if s, given, null := in.text(100, "icon"); given {
			out["icon"] = s
			if null || s == "" {
				out["icon"] = nil
			}
		}
	}
	if only("priority", "project", "initiative") {
		c.readPriority(in, out)
	}
	if only("members", "project") {
		if err := c.collectionMembers(in, out); err != nil {
			return err
		}
	}
	if err := c.collectionLead(in, kind, out); err != nil {
		return err
	}
	if only("status", "project", "initiative") {
		return c.collectionStatus(in, kind, out)
	}
	return nil
}

func (c *call) collectionMembers(in *input, out map[string]any) error {
	list, _ := in.refs(250, "members")
	ids := []string{}
	for i, r := range list {
		id, err := c.userOf(r)
		if err != nil {
			return err
		}
		if id == "" {
			in.wrong("members["+strconv.Itoa(i)+"]", "not_found", "there is no user %s", quoteID(cmp.Or(r.id, r.email, r.name)))
			continue
		}
		ids = append(ids, id)
	}
	out["memberIds"] = ids
	return nil
}

func (c *call) collectionLead(in *input, kind collectionKind, out map[string]any) error {
	list, given := in.refs(1, "lead", "lead_id", "owner")
	if !given {
		return nil
	}
	field := map[string]string{"project": "leadId", "initiative": "ownerId"}[kind.typ]
	if field == "" {
		if len(list) > 0 {
			in.wrong("lead", "value", "a collection of the type %s has none", kind.typ)
		}
		return nil
	}
	if len(list) == 0 {
		out[field] = nil
		return nil
	}
	lead, err := c.userOf(list[0])
	if err != nil {
		return err
	}
	if lead == "" {
		in.wrong("lead", "not_found", "there is no user %s", quoteID(cmp.Or(list[0].id, list[0].email, list[0].name)))
	}
	out[field] = lead
	return nil
}

// collectionStatus reads the status of a project or of an initiative.
func (c *call) collectionStatus(in *input, kind collectionKind, out map[string]any) error {
	list, given := in.refs(1, "status")
	if !given || len(list) != 1 {
		return nil
	}
	want := list[0].name
	if want == "" {
		want = list[0].id
	}
	if kind.typ == "initiative" {
		for _, s := range []string{"Proposed", "Planned", "Active", "Completed", "Canceled"} {
			if strings.EqualFold(s, want) {
				out["status"] = s
				return nil
			}
		}
		in.wrong("status", "value", "must be Planned, Active or Completed")
		return nil
	}
	p := proxied{list: "projectStatuses"}
	got, err := rawList[projectStatus](c, p, request{page: linearapi.PageArgs{First: maxLimit}}, " id name type")
	if err != nil {
		return err
	}
	i := slices.IndexFunc(got.Nodes, func(n linearapi.Node[projectStatus]) bool {
		return n.Value.ID == want || strings.EqualFold(n.Value.Name, want)
	})
	if i < 0 {
		i = slices.IndexFunc(got.Nodes, func(n linearapi.Node[projectStatus]) bool { return strings.EqualFold(n.Value.Type, want) })
	}
	if i < 0 {
		in.wrong("status", "not_found", "there is no status %s of projects", quoteID(want))
		return nil
	}
	out["statusId"] = got.Nodes[i].Value.ID
	return nil
}

type projectStatus struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Type string `json:"type"`
}
