package ticketing

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// proxyList answers GET /proxy/{resource}, with Linear's names.
func proxyList(c *call) (*reply, error) {
	p, err := c.proxied()
	if err != nil {
		return nil, err
	}
	fields, err := c.selected(p)
	if err != nil {
		return nil, err
	}
	if p.plain {
		if c.q.has("filter") || c.q.has("order_by", "orderBy") || c.q.has("include_archived") {
			return nil, badRequest(codeInvalidRequest, "this resource is one object: it takes fields, and nothing that is for lists")
		}
		one, err := c.rawField("proxyOne", "query proxyOne { "+p.list+" {"+fields+" } }", nil, p.list)
		if err != nil {
			return nil, err
		}
		return ok(one), nil
	}
	v, err := c.view()
	if err != nil {
		return nil, err
	}
	l := &listing{resource: "proxy." + p.list, price: priceOf(fields)}
	if most := c.most(l); v.limit > most {
		c.notes = append(c.notes, "limit was cut to "+strconv.Itoa(most)+": longer pages with these fields cost more of Linear's complexity than one request may")
		v.limit = most
	}
	text := []string{c.q.get("filter"), c.q.get("order_by", "orderBy"), c.q.get("include_archived"), fields}
	hash := shortHash(append(text, l.resource)...)
	place, err := c.place(l, hash)
	if err != nil {
		return nil, err
	}
	vars := map[string]any{"first": v.limit}
	back := place != nil && place.Back
	if back {
		vars = map[string]any{"last": v.limit, "before": place.Place}
	} else if place != nil {
		vars["after"] = place.Place
	}
	decl, args := "$first: Int, $after: String, $last: Int, $before: String", "first: $first, after: $after, last: $last, before: $before"
	filter, err := c.rawFilter()
	if err != nil {
		return nil, err
	}
	if filter != nil {
		if p.filter == "" {
			return nil, badRequest(codeInvalidRequest, "this resource takes no filter")
		}
		decl, args, vars["filter"] = decl+", $filter: "+p.filter, args+", filter: $filter", filter
	}
	switch order := text[1]; order {
	case "":
	case "createdAt", "updatedAt", "created_at", "updated_at":
		decl, args = decl+", $orderBy: PaginationOrderBy", args+", orderBy: $orderBy"
		vars["orderBy"] = map[string]string{"c": "createdAt", "u": "updatedAt"}[order[:1]]
	}
	if on, _ := c.q.flag("include_archived"); on {
		decl, args, vars["archived"] = decl+", $archived: Boolean", args+", includeArchived: $archived", true
	}
	q := "query proxyList(" + decl + ") { " + p.list + "(" + args + ") { nodes {" + fields + " } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"
	raw, err := c.rawField("proxyList", q, vars, p.list)
	if err != nil {
		return nil, err
	}
	var page struct {
		Nodes    []json.RawMessage  `json:"nodes"`
		PageInfo linearapi.PageInfo `json:"pageInfo"`
	}
	if err := understand(raw, &page); err != nil {
		return nil, err
	}
	out := &List{Result: page.Nodes, ResultCount: len(page.Nodes), Limit: v.limit}
	if page.Nodes == nil {
		out.Result = []any{}
	}
	if (page.PageInfo.HasNextPage || back) && len(page.Nodes) > 0 {
		if out.NextCursor, err = c.cursor(l, hash, &cursor{Place: page.PageInfo.EndCursor}); err != nil {
			return nil, err
		}
	}
	if (place != nil && !back || page.PageInfo.HasPreviousPage && back) && len(page.Nodes) > 0 {
		if out.PrevCursor, err = c.cursor(l, hash, &cursor{Place: page.PageInfo.StartCursor, Back: true}); err != nil {
			return nil, err
		}
	}
	return ok(out), nil
}

func proxyGet(c *call) (*reply, error) {
	p, err := c.proxied()
	if err != nil {
		return nil, err
	}
	if p.one == "" {
		return nil, &problem{status: http.StatusMethodNotAllowed, code: codeMethod, allow: "GET", message: "this resource is one object: read it without an id"}
	}
	fields, err := c.selected(p)
	if err != nil {
		return nil, err
	}
	one, err := c.rawField("proxyOne", "query proxyOne($id: String!) { "+p.one+"(id: $id) {"+fields+" } }", map[string]any{"id": c.path["id"]}, p.one)
	if err != nil {
		return nil, missing(err, c.path["resource"], c.path["id"])
	}
	return ok(one), nil
}

// proxyWrite answers POST and PATCH: the body is Linear's input.
func proxyWrite(c *call) (*reply, error) {
	p, err := c.proxied()
	if err != nil {
		return nil, err
	}
	id, updating := c.path["id"]
	if !p.writes(updating) {
		return nil, &problem{status: http.StatusMethodNotAllowed, code: codeMethod, allow: "GET", message: "the proxy cannot write this resource"}
	}
	fields, err := c.selected(p)
	if err != nil {
		return nil, err
	}
	in := c.input.fields
	delete(in, "integrated_account_id")
	status := http.StatusOK
	if updating {
		if id, err = c.proxyID(p, id); err != nil {
			return nil, err
		}
	} else {
		status = http.StatusCreated
		if _, has := in["id"]; !has {
			in["id"] = c.make
		}
	}
	made, err := c.mutate(p, id, in, fields)
	if err != nil {
		return nil, err
	}
	return &reply{status: status, body: made}, nil
}

// proxyID is the id of what a write names: an issue may be named by its short
// name, and what Linear says later names the id.
func (c *call) proxyID(p proxied, id string) (string, error) {
	if p.one != "issue" || isUUID(id) {
		return id, nil
	}
	client, err := c.client()
	if err != nil {
		return "", err
	}
	n, err := client.IssueNode(c.ctx, id)
	if err != nil {
		return "", missing(err, c.path["resource"], id)
	}
	return n.Value.ID, nil
}

func proxyDelete(c *call) (*reply, error) {
	p, err := c.proxied()
	if err != nil {
		return nil, err
	}
	if p.remove == "" {
		return nil, &problem{status: http.StatusMethodNotAllowed, code: codeMethod, allow: "GET", message: "the proxy cannot delete this resource"}
	}
	id, err := c.proxyID(p, c.path["id"])
	if err != nil {
		return nil, err
	}
	if err := c.discard(p, id); err != nil {
		return nil, missing(err, c.path["resource"], id)
	}
	return ok(Deleted{id}), nil
}
