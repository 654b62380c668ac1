package ticketing

import (
	"net/http"
	"slices"
	"strings"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

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
