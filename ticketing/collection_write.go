package ticketing

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// CollectionInput is the body that creates or changes a collection.
type CollectionInput struct {
	_                  struct{}       `additionalProperties:"true"`
	Type               string         `json:"type,omitempty" enum:"project,iteration,milestone,initiative" doc:"Required on create. On change, it spares finding out."`
	Name               string         `json:"name,omitempty" doc:"Required on create, but for iterations."`
	Description        *string        `json:"description,omitempty"`
	ParentCollectionID *anyRef        `json:"parent_collection_id,omitempty" doc:"The project of a milestone, required there; the initiative of a project, or above an initiative. Another one takes the place of the one that is shown; null takes a project or an initiative out of all."`
	Teams              []anyRef       `json:"teams,omitempty" doc:"Ids or keys. Required to create a project or an iteration, unless the connection has a default team; an iteration has one. Also taken as team."`
	Status             *anyRef        `json:"status,omitempty" doc:"Of a project: an id, a name or a type. Of an initiative: Planned, Active, Completed."`
	StartDate          *string        `json:"start_date,omitempty" doc:"A date. Required to create an iteration."`
	TargetDate         *string        `json:"target_date,omitempty" doc:"A date."`
	EndDate            *string        `json:"end_date,omitempty" doc:"A date. Required to create an iteration."`
	CompletedAt        *time.Time     `json:"completed_at,omitempty" doc:"Of an iteration; of a project on change only."`
	Lead               *anyRef        `json:"lead,omitempty" doc:"Of a project or an initiative: an id, an address, a name or me. Null clears it."`
	Members            []anyRef       `json:"members,omitempty" doc:"Of a project: ids, addresses, names or me."`
	Priority           *anyRef        `json:"priority,omitempty" doc:"Of a project or an initiative: 0 to 4, a word, or an object with id or name."`
	Color              *string        `json:"color,omitempty" doc:"Of a project or an initiative: for example #eb5757."`
	Icon               *string        `json:"icon,omitempty" doc:"Of a project or an initiative: a name of Linear's icons or an emoji."`
	RemoteData         map[string]any `json:"remote_data,omitempty" doc:"Fields of Linear's own input, merged over the rest, for example content."`
}

// collectionKind is how Linear calls a type of collection.
type collectionKind struct {
	typ, resource string
	stage         int
}

func collectionKinds() []collectionKind {
	return []collectionKind{
		{"project", "projects", stageProjects},
		{"iteration", "cycles", stageCycles},
		{"milestone", "project_milestones", stageMilestones},
		{"initiative", "initiatives", stageInitiatives},
	}
}

// collectionKind finds out of which type a collection is: what the request says,
// or what Linear has under the id.
func (c *call) collectionKind(id, said string) (collectionKind, error) {
	if said == "cycle" {
		said = "iteration"
	}
	if (id == "" || said != "") && !slices.ContainsFunc(collectionKinds(), func(k collectionKind) bool { return k.typ == said }) {
		return collectionKind{}, invalidField("type", "required", "must be project, iteration, milestone or initiative")
	}
	if said == "" {
		return c.whichKind(id)
	}
	for _, k := range collectionKinds() {
		if k.typ != said {
			continue
		}
		if id == "" {
			return k, nil
		}
		it, err := c.collectionAt(id, k.stage)
		if err != nil {
			return k, err
		}
		if it != nil {
			return k, nil
		}
	}
	return collectionKind{}, notFound("collection", id)
}

// whichKind asks Linear, in one request, of which type a collection is.
func (c *call) whichKind(id string) (collectionKind, error) {
	client, err := c.client()
	if err != nil {
		return collectionKind{}, err
	}
	var text strings.Builder
	text.WriteString("query collectionKind($id: ID!) {")
	for _, k := range collectionKinds() {
		text.WriteString(" " + proxyResources()[k.resource].list + "(first: 1, includeArchived: true, filter: {id: {eq: $id}}) { nodes { id } }")
	}
	query := text.String() + " }"
	ask := linearapi.RawRequest{Name: "collectionKind", Query: query, Variables: map[string]any{"id": id}, Repeatable: true}
	data, err := client.Raw(c.ctx, ask)
	if err != nil && problemOf(err).status == http.StatusForbidden {
		// Initiatives depend on the plan.
		before, _, _ := strings.Cut(query, " initiatives(")
		ask.Query = before + " }"
		data, err = client.Raw(c.ctx, ask)
	}
	if err != nil {
		return collectionKind{}, err
	}
	var got map[string]linearapi.Page[Named]
	if err := understand(data, &got); err != nil {
		return collectionKind{}, err
	}
	for _, k := range collectionKinds() {
		if len(got[proxyResources()[k.resource].list].Nodes) > 0 {
			return k, nil
		}
	}
	return collectionKind{}, notFound("collection", id)
}

// collectionAt reads a collection of one type; nil if there is none.
func (c *call) collectionAt(id string, stage int) (*item, error) {
	byID := []linearapi.Filter{nest("id", linearapi.Filter{"eq": id})}
	got, err := fetchCollections(c, request{conditions: byID, stage: stage, archived: true, page: linearapi.PageArgs{First: 1}})
	if err != nil || len(got.items) == 0 {
		return nil, err
	}
	return &got.items[0], nil
}

// writeCollection answers POST /collections and PATCH /collections/{id}.
func writeCollection(c *call) (*reply, error) {
	in, id := c.input, c.path["id"]
	said, _, _ := in.text(20, "type")
	if said == "" {
		said = c.q.get("type")
	}
	kind, err := c.collectionKind(id, said)
	if err != nil {
		return nil, err
	}
	out := map[string]any{}
	parent, err := c.collectionFields(in, kind, id == "", out)
	if err != nil {
		return nil, err
	}
	status := http.StatusOK
	made := id
	if id == "" {
		out["id"], made, status = c.make, c.make, http.StatusCreated
	}
	defer c.api.cache.drop(c.conn.ID, kindProjects, kindCycles, "collections")
	p := proxyResources()[kind.resource]
	if id != "" {
		if err := c.unchanged(func() (string, error) { return c.collectionTag(id, kind) }); err != nil {
			return nil, err
		}
		if parent != nil {
			if err := c.reparent(kind, id, *parent); err != nil {
				refs := collectionRefs(kind)
				refs["Initiative"] = "parent_collection_id"
				return nil, unfound(err, refs)
			}
		}
	}
	if len(out) > 0 {
		if _, err := rawWrite[Named](c, p, id, out, " id"); err != nil {
			return nil, missing(unfound(err, collectionRefs(kind)), "collection", id)
		}
	}
	if id == "" && parent != nil && *parent != "" {
		if err := c.tieTo(kind, made, *parent, derive(made, "initiative")); err != nil {
			c.notes = append(c.notes, "the "+kind.typ+" stands, but could not be put into the initiative: "+problemOf(err).message)
		}
	}
	it, err := c.collectionAt(made, kind.stage)
	if err != nil {
		return nil, err
	}
	if it == nil {
		return nil, notFound("collection", made)
	}
	v, _ := it.value.(*Collection)
	return c.one(status, *it, v.Etag)
}

// collectionTag is the etag of a collection as it stands.
func (c *call) collectionTag(id string, kind collectionKind) (string, error) {
	it, err := c.collectionAt(id, kind.stage)
	if err != nil {
		return "", err
	}
	if it == nil {
		return "", notFound("collection", id)
	}
	v, _ := it.value.(*Collection)
	return v.Etag, nil
}

// collectionRefs are the fields that name entities of Linear.
func collectionRefs(kind collectionKind) map[string]string {
	refs := map[string]string{"Team": "teams", "User": "members", "ProjectStatus": "status"}
	if kind.typ == "milestone" {
		refs["Project"] = "parent_collection_id"
	}
	return refs
}

// collectionFields maps a body to Linear's input. parent is the initiative that a
// project or an initiative goes into, empty to leave it, nil if the body does not say.
func (c *call) collectionFields(in *input, kind collectionKind, creating bool, out map[string]any) (parent *string, err error) {
	name, given, _ := in.text(200, "name")
	switch {
	case given && strings.TrimSpace(name) != "":
		out["name"] = name
	case given, creating && kind.typ != "iteration":
		in.wrong("name", "required", "must not be empty")
	}
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

// deleteCollection deletes a collection. An iteration is archived: Linear deletes
// none.
func deleteCollection(c *call) (*reply, error) {
	kind, err := c.collectionKind(c.path["id"], c.q.get("type"))
	if err != nil {
		return nil, err
	}
	if err := c.unchanged(func() (string, error) { return c.collectionTag(c.path["id"], kind) }); err != nil {
		return nil, err
	}
	defer c.api.cache.drop(c.conn.ID, kindProjects, kindCycles, "collections")
	if err := c.discard(proxyResources()[kind.resource], c.path["id"]); err != nil {
		return nil, missing(err, "collection", c.path["id"])
	}
	return ok(Deleted{c.path["id"]}), nil
}
