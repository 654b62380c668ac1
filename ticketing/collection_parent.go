package ticketing

import (
	"context"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// tied is what ties a collection to an initiative above it.
type tied struct {
	ID         string `json:"id"`
	Initiative *Named `json:"initiative"`
	Related    *Named `json:"relatedInitiative"`
}

// tieOf says how Linear ties collections of a type to initiatives, and which field
// of the tie is the collection.
func tieOf(kind collectionKind) (p proxied, child string) {
	if kind.typ == "project" {
		return proxied{
			create: "initiativeToProjectCreate", remove: "initiativeToProjectDelete", payload: "initiativeToProject",
			inputs: [2]string{"InitiativeToProjectCreateInput"}, one: "initiativeToProject",
		}, "projectId"
	}
	return proxied{
		list: "initiativeRelations", create: "initiativeRelationCreate", remove: "initiativeRelationDelete", payload: "initiativeRelation",
		inputs: [2]string{"InitiativeRelationCreateInput"}, one: "initiativeRelation",
	}, "relatedInitiativeId"
}

// above are the ties of a project or an initiative to the initiatives above it.
func (c *call) above(kind collectionKind, id string) ([]tied, error) {
	if kind.typ == "project" {
		raw, err := c.rawField("projectInitiatives", "query projectInitiatives($id: String!) { project(id: $id) { initiativeToProjects(first: 50) { nodes { id initiative { id } } } } }",
			map[string]any{"id": id}, "project")
		if err != nil {
			return nil, err
		}
		var got struct {
			Ties struct {
				Nodes []tied `json:"nodes"`
			} `json:"initiativeToProjects"`
		}
		err = understand(raw, &got)
		return got.Ties.Nodes, err
	}
	// An initiative does not tell its ties: the list of all does.
	p, _ := tieOf(kind)
	var out []tied
	r := request{page: linearapi.PageArgs{First: maxLimit}}
	for seen := 0; seen < maxWalk; {
		got, err := rawList[tied](c, p, r, " id initiative { id } relatedInitiative { id }")
		if err != nil {
			return nil, err
		}
		for i := range got.Nodes {
			if v := got.Nodes[i].Value; v.Related != nil && v.Related.ID == id {
				out = append(out, v)
			}
		}
		seen += len(got.Nodes)
		if !got.Info.HasNextPage || len(got.Nodes) == 0 {
			break
		}
		r.page.After = got.Info.EndCursor
	}
	return out, nil
}

// tieTo puts a collection below an initiative.
func (c *call) tieTo(kind collectionKind, id, parent, tieID string) error {
	p, child := tieOf(kind)
	in := map[string]any{"initiativeId": parent, child: id}
	if tieID != "" {
		in["id"] = tieID
	}
	_, err := rawWrite[Named](c, p, "", in, " id")
	return err
}

// reparent moves a project or an initiative from the initiative that it is shown
// below to another one, or out of all. The old tie goes first, because a collection
// can be in a hierarchy of initiatives only once; if the new one fails, it returns.
func (c *call) reparent(kind collectionKind, id, parent string) error {
	have, err := c.above(kind, id)
	if err != nil {
		return err
	}
	p, _ := tieOf(kind)
	for _, t := range have {
		if parent != "" && t.Initiative != nil && t.Initiative.ID == parent {
			return nil
		}
	}
	gone := have
	if parent != "" {
		gone = have[:min(1, len(have))]
	}
	for _, t := range gone {
		if err := c.discard(p, t.ID); err != nil && adapter.CodeOf(err) != adapter.CodeNotFound {
			return err
		}
	}
	if parent == "" {
		return nil
	}
	err = c.tieTo(kind, id, parent, "")
	if err != nil && len(gone) == 1 && gone[0].Initiative != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx), c.api.cfg.Timeout)
		defer cancel()
		back := *c
		back.ctx = ctx
		if again := back.tieTo(kind, id, gone[0].Initiative.ID, ""); again != nil {
			c.api.log.Warn().Err(again).Str("request_id", c.id).Msg("a collection left its initiative and could not enter another, nor return")
		}
	}
	return err
}
