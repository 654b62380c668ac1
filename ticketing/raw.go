package ticketing

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// What of Linear has no operation in linearapi is read and written by texts that
// are put together from the constants of the table of proxied resources. What a
// client sends is data in variables, or a name of GraphQL that was checked.

// rawField sends an operation that can be repeated and returns the root field.
func (c *call) rawField(name, query string, vars map[string]any, field string) (json.RawMessage, error) {
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	data, err := client.Raw(c.ctx, linearapi.RawRequest{Name: name, Query: query, Variables: vars, Repeatable: true})
	if err != nil {
		return nil, err
	}
	var root map[string]json.RawMessage
	if err := understand(data, &root); err != nil {
		return nil, err
	}
	raw := root[field]
	if len(raw) == 0 || string(raw) == "null" {
		return nil, &adapter.Error{Code: adapter.CodeNotFound, Op: name, Message: "Linear has no such thing"}
	}
	return raw, nil
}

// understand decodes what Linear sent.
func understand(raw []byte, v any) error {
	if err := json.Unmarshal(raw, v); err != nil {
		return &problem{
			status: http.StatusBadGateway, code: codeUpstream, remote: true, retryable: true, cause: err,
			message: "Linear's answer is not what it should be: try again",
		}
	}
	return nil
}

// writes reports whether the resource can be created or, if updating, changed.
func (p *proxied) writes(updating bool) bool {
	if updating {
		return p.update != ""
	}
	return p.create != ""
}

// mutate creates what in describes or, with an id, changes it, and returns the
// fields of it. Linear's webhook about it is known to be ours.
func (c *call) mutate(p proxied, id string, in map[string]any, fields string) (json.RawMessage, error) {
	name, decl, args := p.create, "$input: "+p.inputs[0]+"!", "input: $input"
	vars := map[string]any{"input": in}
	settled := func(time.Time) {}
	if id != "" {
		name, decl, args = p.update, "$id: String!, $input: "+p.inputs[1]+"!", "id: $id, input: $input"
		vars["id"] = id
		settled = c.api.intend(c.ctx, c.conn.ID, id)
	} else if made, _ := in["id"].(string); made != "" {
		c.api.expect(c.ctx, c.conn.ID, made)
	}
	// The time of a change comes beside the fields that the caller wants:
	// Linear's webhook about it carries the same.
	text := "mutation proxyWrite(" + decl + ") { " + name + "(" + args + ") { success " + p.payload + " {" + fields + " } changed: " + p.payload + " { updatedAt } } }"
	raw, err := c.rawField("proxyWrite", text, vars, name)
	if err != nil {
		return nil, err
	}
	var payload map[string]json.RawMessage
	if err := understand(raw, &payload); err != nil {
		return nil, err
	}
	if string(payload["success"]) != "true" {
		return nil, &problem{status: http.StatusBadGateway, code: codeUpstream, remote: true, retryable: true, message: "Linear did not do it and did not say why"}
	}
	var changed struct {
		UpdatedAt time.Time `json:"updatedAt"`
	}
	if json.Unmarshal(payload["changed"], &changed) == nil {
		settled(changed.UpdatedAt)
	}
	return payload[p.payload], nil
}

// written is the id of what a write makes or changes, and the status of the answer. A
// new entity gets its id in the input.
func (c *call) written(id string, in map[string]any) (made string, status int) {
	if id != "" {
		return id, http.StatusOK
	}
	in["id"] = c.make
	return c.make, http.StatusCreated
}

// discard deletes.
func (c *call) discard(p proxied, id string) error {
	c.api.intend(c.ctx, c.conn.ID, id)
	_, err := c.rawField("proxyDelete", "mutation proxyDelete($id: String!) { "+p.remove+"(id: $id) { success } }", map[string]any{"id": id}, p.remove)
	return err
}

// rawWrite is mutate with a type. A create whose id is taken was made by an
// earlier attempt of the same request.
func rawWrite[T any](c *call, p proxied, id string, in map[string]any, fields string) (*linearapi.Node[T], error) {
	raw, err := c.mutate(p, id, in, fields)
	if made, _ := in["id"].(string); id == "" && made != "" && adapter.CodeOf(err) == adapter.CodeConflict {
		return rawOne[T](c, p, made, fields)
	}
	if err != nil {
		return nil, err
	}
	var n linearapi.Node[T]
	return &n, understand(raw, &n)
}

// rawOne reads one.
func rawOne[T any](c *call, p proxied, id, fields string) (*linearapi.Node[T], error) {
	raw, err := c.rawField("proxyOne", "query proxyOne($id: String!) { "+p.one+"(id: $id) {"+fields+" } }", map[string]any{"id": id}, p.one)
	if err != nil {
		return nil, err
	}
	var n linearapi.Node[T]
	return &n, understand(raw, &n)
}

// rawList reads a page.
func rawList[T any](c *call, p proxied, r request, fields string) (*linearapi.Page[linearapi.Node[T]], error) {
	decl, args := "$first: Int, $after: String, $last: Int, $before: String", "first: $first, after: $after, last: $last, before: $before"
	vars := map[string]any{}
	if r.page.First > 0 || r.page.Last <= 0 {
		vars["first"] = min(max(r.page.First, 1), maxLimit)
	} else {
		vars["last"] = min(r.page.Last, maxLimit)
	}
	if r.page.After != "" {
		vars["after"] = r.page.After
	}
	if r.page.Before != "" {
		vars["before"] = r.page.Before
	}
	if filter := and(r.conditions); filter != nil {
		decl, args, vars["filter"] = decl+", $filter: "+p.filter, args+", filter: $filter", filter
	}
	if r.archived {
		args += ", includeArchived: true"
	}
	text := "query proxyList(" + decl + ") { " + p.list + "(" + args + ") { nodes {" + fields + " } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"
	raw, err := c.rawField("proxyList", text, vars, p.list)
	if err != nil {
		return nil, err
	}
	var page linearapi.Page[linearapi.Node[T]]
	return &page, understand(raw, &page)
}

// rawPart reads a page and maps what is in it.
func rawPart[T any](c *call, p proxied, r request, fields string, show func(*linearapi.Node[T]) item) (*part, error) {
	got, err := rawList[T](c, p, r, fields)
	return partOf(got, err, show)
}

// partOf maps what is in a page.
func partOf[T any](got *linearapi.Page[linearapi.Node[T]], err error, show func(*linearapi.Node[T]) item) (*part, error) {
	if err != nil {
		return nil, err
	}
	out := &part{info: got.Info}
	for i := range got.Nodes {
		if string(got.Nodes[i].JSON) == "null" {
			continue // not for this token to see
		}
		out.items = append(out.items, show(&got.Nodes[i]))
	}
	return out, nil
}

// rawGet answers with the one that the path names.
func rawGet[T any](c *call, p proxied, what, fields string, show func(*linearapi.Node[T]) item) (*reply, error) {
	n, err := rawOne[T](c, p, c.path["id"], fields)
	if err != nil {
		return nil, missing(err, what, c.path["id"])
	}
	return rawReply(c, http.StatusOK, n, show)
}

// rawReply answers with one.
func rawReply[T any](c *call, status int, n *linearapi.Node[T], show func(*linearapi.Node[T]) item) (*reply, error) {
	it := show(n)
	updated, _ := it.sort["updated_at"].(time.Time)
	return c.one(status, it, etag(it.id, updated))
}

// rawDelete makes the handler that deletes one.
func rawDelete(resource, what string) func(*call) (*reply, error) {
	return func(c *call) (*reply, error) {
		if err := c.discard(proxyResources()[resource], c.path["id"]); err != nil {
			return nil, missing(err, what, c.path["id"])
		}
		return ok(Deleted{c.path["id"]}), nil
	}
}
