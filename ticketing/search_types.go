package ticketing

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/internal/wording"
)

// The stages of a search.
const (
	findTickets = iota
	findCollections
	findDocuments
)

// searchTypes are what can be searched.
func searchTypes() []string { return []string{"ticket", "comment", "collection", "document"} }

// searchStages are the stages of the types that the request names. Comments are
// found as the tickets that they are on.
func searchStages(c *call) []int {
	var out []int
	for _, t := range c.q.all("types") {
		switch t {
		case "ticket", "comment":
			out = append(out, findTickets)
		case "collection":
			out = append(out, findCollections)
		case "document":
			out = append(out, findDocuments)
		}
	}
	if len(out) == 0 {
		return []int{findTickets}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// remoteFound is a project or a document that was found.
type remoteFound struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	Title       string    `json:"title"`
	Description string    `json:"description"`
	Content     string    `json:"content"`
	URL         string    `json:"url"`
	CreatedAt   time.Time `json:"createdAt"`
	UpdatedAt   time.Time `json:"updatedAt"`
}

// searched is how something other than tickets is searched.
type searched struct {
	typ, search, list, filter, named, fields string
}

func searchedStage(stage int) searched {
	if stage == findCollections {
		return searched{"collection", "searchProjects", "projects", "ProjectFilter", "name", " id name description url createdAt updatedAt"}
	}
	return searched{"document", "searchDocuments", "documents", "DocumentFilter", "title", " id title content url createdAt updatedAt"}
}

// findOther searches projects or documents. Once the minute's searches are used
// up, it filters by their names instead.
func (c *call) findOther(term string, r request) (*part, error) {
	s := searchedStage(r.stage)
	if len(r.conditions) > 0 {
		return nil, badRequest(codeInvalidRequest, "the filters are those of tickets: search for other types without")
	}
	got, degraded, err := c.searchOther(s, term, r)
	like := likenessTo(term)
	return partOf(got, err, func(n *linearapi.Node[remoteFound]) item {
		v := &n.Value
		h := &Hit{
			ID: v.ID, Title: v.Name + v.Title, Type: s.typ, CreatedAt: at(v.CreatedAt), UpdatedAt: at(v.UpdatedAt), Children: []any{},
			RelatedResources: []any{}, URLs: []HitURL{{URL: v.URL, Type: "web", Resource: s.list}}, Meta: HitMeta{Score: like.score("", v.Name+v.Title), Degraded: degraded},
		}
		h.Description = text(wording.Clip(v.Description+v.Content, 280))
		if s.typ == "collection" {
			h.URLs[0] = HitURL{URL: v.URL, Type: "web", UnifiedModel: "ticketing", Resource: "collections"}
			h.URLs = append(h.URLs, HitURL{URL: c.api.cfg.Prefix + "/unified/ticketing/collections/" + v.ID, Type: "truto_api", UnifiedModel: "ticketing", Resource: "collections"})
		}
		return item{id: v.ID, value: h, remote: n.JSON}
	})
}

func (c *call) searchOther(s searched, term string, r request) (got *linearapi.Page[linearapi.Node[remoteFound]], degraded bool, err error) {
	if _, wait := c.api.limits.spend("s:"+c.conn.ID, searchRate()); wait == 0 {
		vars := map[string]any{"term": term, "first": min(max(r.page.First, 1), maxLimit)}
		args := "term: $term, first: $first"
		decl := "$term: String!, $first: Int"
		if r.page.Last > 0 {
			vars = map[string]any{"term": term, "last": min(r.page.Last, maxLimit)}
			args, decl = "term: $term, last: $last", "$term: String!, $last: Int"
		}
		for name, s := range map[string]string{"after": r.page.After, "before": r.page.Before} {
			if s != "" {
				vars[name], args, decl = s, args+", "+name+": $"+name, decl+", $"+name+": String"
			}
		}
		if r.archived {
			args += ", includeArchived: true"
		}
		var raw json.RawMessage
		raw, err = c.rawField("searchOther", "query searchOther("+decl+") { "+s.search+"("+args+") { nodes {"+s.fields+" } totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }", vars, s.search)
		if err == nil {
			got = &linearapi.Page[linearapi.Node[remoteFound]]{}
			return got, false, understand(raw, got)
		}
		if adapter.CodeOf(err) != adapter.CodeRateLimited {
			return nil, false, err
		}
	}
	for word := range strings.FieldsSeq(term) {
		r.conditions = append(r.conditions, nest(s.named, linearapi.Filter{"containsIgnoreCase": word}))
	}
	got, err = rawList[remoteFound](c, proxied{list: s.list, filter: s.filter}, r, s.fields)
	return got, true, err
}
