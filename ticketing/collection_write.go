package ticketing

import "time"

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
	made, status := c.written(id, out)
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
