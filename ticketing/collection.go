package ticketing

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// Collection is a project, a cycle, a milestone or an initiative.
type Collection struct {
	ID                 string            `json:"id"`
	Type               string            `json:"type" enum:"project,iteration,milestone,initiative"`
	Name               string            `json:"name"`
	Description        *string           `json:"description"`
	ParentCollectionID *string           `json:"parent_collection_id" doc:"The project of a milestone, the initiative of a project or above an initiative: the first, if there are several."`
	URLs               []CollectionURL   `json:"urls"`
	Workspace          *Ref              `json:"workspace"`
	EntityType         string            `json:"entity_type" enum:"ticket"`
	Status             *CollectionStatus `json:"status"`
	Progress           float64           `json:"progress" doc:"From 0 to 1."`
	StartDate          *string           `json:"start_date"`
	TargetDate         *string           `json:"target_date"`
	EndDate            *string           `json:"end_date"`
	CompletedAt        *time.Time        `json:"completed_at"`
	Team               *TeamRef          `json:"team" doc:"Of a cycle."`
	Teams              []TeamRef         `json:"teams" doc:"At most ten."`
	Lead               *Person           `json:"lead"`
	Members            []Person          `json:"members" doc:"At most ten."`
	Scope              *float64          `json:"scope" doc:"Of a project: the sum of the estimates."`
	Health             *string           `json:"health" enum:"onTrack,atRisk,offTrack" doc:"Of a project or an initiative, as its last update says."`
	Priority           *Priority         `json:"priority" doc:"Of a project or an initiative."`
	Color              *string           `json:"color"`
	Icon               *string           `json:"icon"`
	Sequence           *int              `json:"sequence" doc:"The number of a cycle."`
	CreatedAt          *time.Time        `json:"created_at"`
	UpdatedAt          *time.Time        `json:"updated_at"`
	ArchivedAt         *time.Time        `json:"archived_at"`
	Etag               string            `json:"etag"`
	RemoteData         json.RawMessage   `json:"remote_data,omitempty"`

	Partly
}

// CollectionURL is the address of a collection.
type CollectionURL struct {
	URL string `json:"url"`
}

// CollectionStatus is the status of a collection. Name is what people see, Type is
// Linear's word for how far it is.
type CollectionStatus struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// The stages of the list of collections.
const (
	stageProjects = iota
	stageCycles
	stageMilestones
	stageInitiatives
)

func collectionStages(c *call) []int {
	types := c.q.all("type")
	if len(types) == 0 {
		return []int{stageProjects, stageCycles, stageMilestones, stageInitiatives}
	}
	var out []int
	for _, t := range types {
		switch t {
		case "project":
			out = append(out, stageProjects)
		case "iteration", "cycle":
			out = append(out, stageCycles)
		case "milestone":
			out = append(out, stageMilestones)
		case "initiative":
			out = append(out, stageInitiatives)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func collectionListing() *listing {
	return &listing{
		resource: "collections", cached: true, archives: true, stages: collectionStages, prices: func(c *call) float64 {
			if slices.Contains(collectionStages(c), stageProjects) {
				return priceProject
			}
			return priceOther
		},
		filters: []*filter{
			{name: "id", kind: ofID, path: "id"},
			{name: "name", kind: ofText, path: "name"},
			{name: "type", make: func(c *call, op string, values []string) (linearapi.Filter, error) {
				for _, v := range values {
					if !slices.Contains([]string{"project", "iteration", "cycle", "milestone", "initiative"}, v) || op != "eq" && op != "in" {
						return nil, badRequest(codeInvalidRequest, "type must be project, iteration, milestone or initiative")
					}
				}
				return linearapi.Filter{"or": []linearapi.Filter{}}, nil // part of the hash; stages do the work
			}},
			{name: "parent_collection_id", make: func(c *call, _ string, values []string) (linearapi.Filter, error) {
				if stages := collectionStages(c); len(stages) != 1 || stages[0] != stageMilestones {
					return nil, badRequest(codeInvalidRequest, "parent_collection_id needs type=milestone")
				}
				return nest("project.id", linearapi.Filter{"in": values}), nil
			}},
			{name: "team[id]", make: func(c *call, _ string, values []string) (linearapi.Filter, error) {
				in := linearapi.Filter{"in": values}
				switch stages := collectionStages(c); {
				case len(stages) == 1 && stages[0] == stageCycles:
					return nest("team.id", in), nil
				case len(stages) == 1 && stages[0] == stageProjects:
					return nest("accessibleTeams.id", in), nil
				}
				return nil, badRequest(codeInvalidRequest, "team needs type=project or type=iteration")
			}},
			{name: "is_current", make: func(c *call, _ string, values []string) (linearapi.Filter, error) {
				if stages := collectionStages(c); len(stages) != 1 || stages[0] != stageCycles {
					return nil, badRequest(codeInvalidRequest, "is_current needs type=iteration")
				}
				return nest("isActive", linearapi.Filter{"eq": values[0] == "true"}), nil
			}},
			{name: "status", also: []string{"status[name]", "status[type]"}, make: filterCollectionStatus, doc: "Name or type: needs type=project, iteration or initiative."},
			{name: "is_active", make: filterCollectionActive, doc: "Whether it is under way: needs type=project, iteration or initiative."},
			{name: "lead[id]", make: filterCollectionLead, doc: "An id, me or null: needs type=project or type=initiative."},
			{name: "start_date", make: byStage("start_date", map[int]string{stageProjects: "startDate", stageCycles: "startsAt"}), doc: "Needs type=project or type=iteration."},
			{name: "end_date", make: byStage("end_date", map[int]string{stageCycles: "endsAt"}), doc: "Needs type=iteration."},
			{name: "target_date", make: byStage("target_date", map[int]string{
				stageProjects: "targetDate", stageMilestones: "targetDate", stageInitiatives: "targetDate",
			}), doc: "Needs type=project, milestone or initiative."},
			{name: "workspace[id]", make: filterWorkspace},
			{name: "created_at", kind: ofTime, path: "createdAt"},
			{name: "updated_at", kind: ofTime, path: "updatedAt"},
		},
		local: []string{"name", "created_at", "updated_at", "target_date", "status"},
		fetch: fetchCollections,
	}
}

func fetchCollections(c *call, r request) (*part, error) {
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	space, err := c.workspace()
	if err != nil {
		return nil, err
	}
	conditions := slices.DeleteFunc(slices.Clone(r.conditions), func(f linearapi.Filter) bool {
		list, isOr := f["or"].([]linearapi.Filter)
		return isOr && len(list) == 0
	})
	q := linearapi.ListQuery{Filter: and(conditions), IncludeArchived: r.archived, PageArgs: r.page}
	out := &part{}
	add := func(v *Collection, raw json.RawMessage, created, updated time.Time) {
		v.EntityType, v.Etag = "ticket", etag(v.ID, updated)
		v.CreatedAt, v.UpdatedAt = at(created), at(updated)
		if o := space.Organization; o.ID != "" {
			v.Workspace = &Ref{o.ID, text(o.Name)}
		}
		if v.URLs == nil {
			v.URLs = []CollectionURL{}
		}
		if v.Teams == nil {
			v.Teams = []TeamRef{}
		}
		if v.Members == nil {
			v.Members = []Person{}
		}
		target, state := "", ""
		if v.TargetDate != nil {
			target = *v.TargetDate
		}
		if v.Status != nil {
			state = v.Status.Name
		}
		out.items = append(out.items, item{
			id: v.ID, value: v, remote: raw,
			sort: map[string]any{"name": v.Name, "created_at": created, "updated_at": updated, "target_date": target, "status": state},
		})
	}
	switch r.stage {
	case stageProjects:
		got, err := client.ProjectNodes(c.ctx, q)
		if err != nil {
			return nil, err
		}
		out.info = got.Info
		for i := range got.Nodes {
			p := &got.Nodes[i].Value
			add(projectCollection(p), got.Nodes[i].JSON, p.CreatedAt, p.UpdatedAt)
		}
	case stageCycles:
		got, err := client.CycleNodes(c.ctx, q)
		if err != nil {
			return nil, err
		}
		out.info = got.Info
		for i := range got.Nodes {
			p := &got.Nodes[i].Value
			add(c.cycleCollection(p), got.Nodes[i].JSON, p.CreatedAt, p.UpdatedAt)
		}
	case stageInitiatives:
		got, err := rawList[remoteInitiative](c, proxyResources()["initiatives"], request{conditions: conditions, page: r.page, archived: r.archived}, initiativeFields)
		if err != nil {
			// Initiatives depend on the plan: a list of everything goes without.
			if p := problemOf(err); p.status == http.StatusForbidden && len(c.q.all("type")) == 0 {
				return out, nil
			}
			return nil, err
		}
		out.info = got.Info
		for i := range got.Nodes {
			v := &got.Nodes[i].Value
			add(initiativeCollection(v), got.Nodes[i].JSON, v.CreatedAt, v.UpdatedAt)
		}
	default:
		got, err := client.MilestoneNodes(c.ctx, q)
		if err != nil {
			return nil, err
		}
		out.info = got.Info
		for i := range got.Nodes {
			m := &got.Nodes[i].Value
			v := &Collection{
				ID: m.ID, Type: "milestone", Name: m.Name, Description: text(m.Description), Progress: m.Progress,
				TargetDate: text(m.TargetDate), ArchivedAt: at(m.ArchivedAt),
			}
			if m.Project != nil {
				v.ParentCollectionID = text(m.Project.ID)
				v.URLs = []CollectionURL{{m.Project.URL}}
			}
			add(v, got.Nodes[i].JSON, m.CreatedAt, m.UpdatedAt)
		}
	}
	return out, nil
}

func projectCollection(p *linearapi.Project) *Collection {
	v := &Collection{
		ID: p.ID, Type: "project", Name: p.Name, Description: text(p.Description), Progress: p.Progress,
		StartDate: text(p.StartDate), TargetDate: text(p.TargetDate), ArchivedAt: at(p.ArchivedAt), Lead: person(p.Lead),
		URLs: []CollectionURL{{p.URL}}, Scope: &p.Scope, Health: text(p.Health), Color: text(p.Color), Icon: text(p.Icon),
	}
	for _, t := range p.Teams.Nodes {
		v.Teams = append(v.Teams, TeamRef{t.ID, t.Name, t.Key})
	}
	for i := range p.Members.Nodes {
		v.Members = append(v.Members, *person(&p.Members.Nodes[i]))
	}
	if len(p.Initiatives.Nodes) > 0 {
		v.ParentCollectionID = text(p.Initiatives.Nodes[0].ID)
	}
	if p.Status != nil {
		v.Status = &CollectionStatus{p.Status.Name, p.Status.Type}
	}
	urgency := priority(int(p.Priority))
	v.Priority, v.CompletedAt = &urgency, at(p.CompletedAt)
	return v
}

func (c *call) cycleCollection(y *linearapi.Cycle) *Collection {
	seq := int(y.Number)
	v := &Collection{
		ID: y.ID, Type: "iteration", Name: cycleName(y), Description: text(y.Description), Progress: y.Progress,
		Sequence: &seq, CompletedAt: at(y.CompletedAt),
	}
	v.StartDate, v.EndDate = day(y.StartsAt), day(y.EndsAt)
	if y.Team != nil {
		v.Team = &TeamRef{y.Team.ID, y.Team.Name, y.Team.Key}
		v.Teams = []TeamRef{*v.Team}
	}
	state := "upcoming"
	switch now := c.api.cfg.Now(); {
	case !y.CompletedAt.IsZero() || !y.EndsAt.IsZero() && now.After(y.EndsAt):
		state = "completed"
	case y.IsActive || !y.StartsAt.IsZero() && now.After(y.StartsAt):
		state = "active"
	}
	v.Status = &CollectionStatus{state, state}
	return v
}

func day(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	return text(t.UTC().Format(time.DateOnly))
}

// getCollection looks in all kinds, or in the one that type names.
func getCollection(c *call) (*reply, error) {
	c.inPart()
	if said := c.q.get("type"); said != "" && len(collectionStages(c)) == 0 {
		return nil, invalidField("type", "value", "must be project, iteration, milestone or initiative")
	}
	stages := collectionStages(c)
	if len(stages) > 1 {
		kind, err := c.whichKind(c.path["id"])
		if err != nil {
			return nil, err
		}
		stages = []int{kind.stage}
	}
	for _, stage := range stages {
		it, err := c.collectionAt(c.path["id"], stage)
		if err != nil {
			return nil, err
		}
		if it != nil {
			v, _ := it.value.(*Collection)
			return c.one(http.StatusOK, *it, v.Etag)
		}
	}
	return nil, notFound("collection", c.path["id"])
}
