package ticketing

import (
	_ "embed"
	"encoding/json"
	"html/template"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

//go:embed page.html
var pageText string

// Schema documents a reference.
func (anyRef) Schema(r huma.Registry) *huma.Schema {
	r.Map()["Reference"] = &huma.Schema{
		Description: "An id, a name, or an object with one of them.",
		AnyOf: []*huma.Schema{
			{Type: "string"},
			{Type: "number"},
			{Type: "null"},
			{Type: "object", AdditionalProperties: true},
		},
	}
	return &huma.Schema{Ref: "#/components/schemas/Reference"}
}

// schemas makes the schemas of Go types.
type schemas struct {
	huma.Registry
	done map[reflect.Type]bool
}

func (s *schemas) of(t reflect.Type) *huma.Schema {
	out := s.Schema(t, true, "")
	s.nullable(t)
	return out
}

// nullable makes pointers to objects nullable in the schemas of t and of what
// it holds, which a reference alone cannot say.
func (s *schemas) nullable(t reflect.Type) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || s.done[t] || t.PkgPath() == "time" {
		return
	}
	s.done[t] = true
	schema := s.Map()[huma.DefaultSchemaNamer(t, "")]
	for _, f := range reflect.VisibleFields(t) {
		if !f.IsExported() || f.Anonymous {
			if f.Anonymous {
				s.nullable(f.Type)
			}
			continue
		}
		s.nullable(f.Type)
		if schema == nil {
			continue
		}
		name, opts, _ := strings.Cut(f.Tag.Get("json"), ",")
		p := schema.Properties[name]
		if p == nil {
			continue
		}
		if p.Type == "array" {
			p.Nullable = false
		}
		if f.Type.Kind() == reflect.Pointer && p.Ref != "" && !strings.Contains(opts, "omitempty") {
			schema.Properties[name] = &huma.Schema{
				AnyOf: []*huma.Schema{{Ref: p.Ref}, {Type: "null"}}, Description: f.Tag.Get("doc"),
			}
		}
	}
}

// document writes the API down as an OpenAPI 3.1 document.
func (a *API) document() ([]byte, error) {
	reg := &schemas{huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer), map[reflect.Type]bool{}}
	doc := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: "linearbot ticketing", Version: "1.0.0",
			Description: "Linear as a ticketing system: a unified REST API, and the conversation links of a helpdesk. Lists answer {result, next_cursor, prev_cursor, result_count}; errors have one shape with a stable code.",
		},
		Servers: []*huma.Server{{URL: prefixOf(a.cfg.Prefix)}},
		Components: &huma.Components{
			Schemas: reg.Registry,
			SecuritySchemes: map[string]*huma.SecurityScheme{
				"bearer":    {Type: "http", Scheme: "bearer", Description: "A token of this API."},
				"dashboard": {Type: "apiKey", In: "header", Name: "api_access_token", Description: "The same token, in the header that helpdesks send."},
			},
		},
		Security: []map[string][]string{{"bearer": {}}, {"dashboard": {}}},
	}
	failed := &huma.Response{
		Description: "An error.", Content: map[string]*huma.MediaType{"application/json": {Schema: reg.of(typeOf[ErrorBody]())}},
	}
	refused := &huma.Response{
		Description: "An error, where a dashboard reads it.", Content: map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{
			AnyOf: []*huma.Schema{reg.of(typeOf[FacadeError]()), {Type: "object", AdditionalProperties: true}},
		}}},
	}
	for _, r := range a.routes {
		op := &huma.Operation{
			OperationID: r.id, Method: r.method, Path: r.path, Summary: r.summary, Description: r.detail, Tags: []string{r.tag},
			Responses: map[string]*huma.Response{"default": failed},
		}
		if r.facade {
			op.Responses["default"] = refused
		}
		if r.open {
			op.Security = []map[string][]string{}
		}
		for seg := range strings.SplitSeq(r.path, "/") {
			if name, is := strings.CutPrefix(seg, "{"); is {
				op.Parameters = append(op.Parameters, &huma.Param{
					Name: strings.TrimSuffix(name, "}"), In: "path", Required: true, Schema: &huma.Schema{Type: "string"},
				})
			}
		}
		op.Parameters = append(op.Parameters, r.documented()...)
		if r.body != nil {
			op.RequestBody = &huma.RequestBody{Content: map[string]*huma.MediaType{"application/json": {Schema: reg.of(r.body)}}}
			if r.body == typeOf[AttachmentInput]() {
				op.RequestBody.Content["multipart/form-data"] = &huma.MediaType{Schema: &huma.Schema{
					Type: "object", Required: []string{"file"}, AdditionalProperties: true, Properties: map[string]*huma.Schema{
						"file": {Type: "string", Format: "binary"}, "ticket_id": {Type: "string"}, "file_name": {Type: "string"},
					},
				}}
			}
		}
		maps.Copy(op.Responses, a.success(reg, r))
		doc.AddOperation(op)
	}
	return json.Marshal(doc)
}

func prefixOf(prefix string) string {
	if prefix == "" {
		return "/"
	}
	return prefix
}

// success are the answers of a route that worked.
func (a *API) success(reg *schemas, r *route) map[string]*huma.Response {
	resp := &huma.Response{Description: "It worked.", Headers: map[string]*huma.Param{
		"X-Request-ID": {Schema: &huma.Schema{Type: "string"}},
	}}
	out := map[string]*huma.Response{strconv.Itoa(r.status): resp}
	if r.keyed && r.status == http.StatusCreated {
		out["200"] = resp // of a link that is there, for example
	}
	var s *huma.Schema
	switch r.shape {
	case nothing:
		return out
	case chunks:
		kind := "application/octet-stream"
		switch r.id {
		case "getDocument":
			kind = "application/json"
		case "getDocs", "openConnection":
			kind = "text/html"
		case "streamConversationEvents":
			kind = "text/event-stream"
		}
		resp.Content = map[string]*huma.MediaType{kind: {Schema: &huma.Schema{Type: "string", Format: "binary"}}}
		if kind == "application/json" {
			resp.Content[kind].Schema = &huma.Schema{Type: "object", AdditionalProperties: true}
		}
		return out
	case bare:
		s = reg.of(r.result)
	case wrapped:
		s = &huma.Schema{Type: "object", Required: []string{"result"}, Properties: map[string]*huma.Schema{"result": reg.of(r.result)}}
	case paged:
		text := &huma.Schema{Type: "string", Nullable: true}
		s = &huma.Schema{
			Type: "object", Required: []string{"result", "next_cursor", "prev_cursor", "result_count", "limit", "is_partial_response"},
			Properties: map[string]*huma.Schema{
				"result": {
					Type: "array", Items: reg.of(r.result),
					Description: "An object by that field with key_by; Linear's own objects with response_format=raw.",
				},
				"next_cursor": text, "prev_cursor": text, "result_count": {Type: "integer"}, "total_count": {Type: "integer"},
				"limit": {Type: "integer"}, "is_partial_response": {Type: "boolean"}, "is_truncated": {Type: "boolean"},
				"warnings":          {Type: "array", Items: &huma.Schema{Type: "string"}},
				"has_remote_errors": {Type: "boolean", Description: "Whether Linear reported errors beside what it answered: fields that it could not read are null or empty."},
			},
		}
	}
	if r.id == "linkConversation" {
		s = &huma.Schema{AnyOf: []*huma.Schema{s, {
			Type: "object", Required: []string{"result"}, Properties: map[string]*huma.Schema{"result": reg.of(typeOf[[]LinkResult]())},
		}}}
	}
	if r.facade {
		s = &huma.Schema{AnyOf: []*huma.Schema{s, {Type: "object", Required: []string{"data"}, Properties: map[string]*huma.Schema{"data": s}}}}
	}
	resp.Content = map[string]*huma.MediaType{"application/json": {Schema: s}}
	return out
}

// documented are the parameters of a route in the query and the header.
func (r *route) documented() []*huma.Param {
	var out []*huma.Param
	add := func(p parameter) {
		s := &huma.Schema{Type: "string"}
		for _, e := range p.enum {
			s.Enum = append(s.Enum, e)
		}
		name := p.name
		if p.array {
			s = &huma.Schema{Type: "array", Items: s}
		}
		out = append(out, &huma.Param{Name: name, In: "query", Description: p.description, Required: p.required, Schema: s})
	}
	for _, p := range r.parameters() {
		add(p)
	}
	if r.list == nil && !r.facade && !r.open {
		add(parameter{name: "strict", description: "false: unknown parameters are ignored with a warning instead of refused."})
	}
	if r.list != nil {
		for _, p := range []parameter{
			{name: "limit", description: "From 1 to 250. Defaults to 50."},
			{name: "next_cursor", description: "From the answer before; empty for the first page."},
			{name: "prev_cursor"},
			{name: "response_format", enum: []string{"unified", "raw", "normalized", "stream"}, description: "stream answers NDJSON, to the end of the list."},
			{name: "key_by"},
			{name: "ignore_limit", description: "Walks up to 5,000 items."},
			{name: "include_remote_data"},
			{name: "fields", array: true},
			{name: "exclude_fields", array: true},
			{name: "filter", description: "A filter as Linear takes it, in JSON; all others apply, too."},
			{name: "strict", description: "false: unknown parameters are ignored with a warning instead of refused."},
		} {
			add(p)
		}
		if r.list.archives {
			add(parameter{name: "include_archived", description: "true adds what is archived or in the trash."})
		}
		for _, name := range slices.Concat(r.list.sorts, r.list.local) {
			add(parameter{name: "sort_by[" + name + "]", enum: []string{"asc", "desc"}})
		}
		for _, f := range r.list.filters {
			ops := f.kind.operators()
			names := make([]string, 0, len(ops))
			for o := range ops {
				names = append(names, o)
			}
			slices.Sort(names)
			doc := f.doc
			if f.make == nil {
				doc = strings.TrimSpace(doc + " Operators, as " + f.name + "[op]: " + strings.Join(names, ", ") + ".")
			}
			add(parameter{name: f.name, description: doc})
		}
	}
	if r.guarded {
		out = append(out, &huma.Param{
			Name: "If-Match", In: "header", Schema: &huma.Schema{Type: "string"},
			Description: "Etags, one of which it must have, or the answer is 412.",
		})
	}
	if r.keyed {
		out = append(out, &huma.Param{
			Name: "Idempotency-Key", In: "header", Schema: &huma.Schema{Type: "string", MaxLength: new(255)},
			Description: "The same key answers the same, for a day.",
		})
	}
	return out
}

func serveDocument(c *call) (*reply, error) {
	doc, err := c.api.openapi()
	if err != nil {
		return nil, err
	}
	c.header.Set("Cache-Control", "public, max-age=300")
	return ok(json.RawMessage(doc)), nil
}

// pageGroup is a section of the page.
type pageGroup struct {
	Name   string
	Routes []pageRoute
}

type pageRoute struct {
	ID, Method, Path, Summary, Detail, Role, Scope string
	Params                                         []*huma.Param
	Body, Result                                   string
	Status                                         int
}

// servePage answers the API as a page, without anything from elsewhere.
func servePage(c *call) (*reply, error) {
	t, err := template.New("page").Parse(pageText)
	if err != nil {
		return nil, err
	}
	var groups []pageGroup
	for _, r := range c.api.routes {
		i := slices.IndexFunc(groups, func(g pageGroup) bool { return g.Name == r.tag })
		if i < 0 {
			i = len(groups)
			groups = append(groups, pageGroup{Name: r.tag})
		}
		p := pageRoute{
			ID: r.id, Method: r.method, Path: c.api.cfg.Prefix + r.path, Summary: r.summary, Detail: r.detail, Role: string(r.role), Scope: r.scope,
			Params: r.documented(), Status: r.status,
		}
		if r.open {
			p.Role = ""
		}
		if r.body != nil {
			p.Body = outline(r.body)
		}
		if r.result != nil {
			p.Result = outline(r.result)
			switch r.shape {
			case paged:
				p.Result = "{ result: [" + p.Result + "], next_cursor, prev_cursor, result_count, limit, is_partial_response }"
			case wrapped:
				p.Result = "{ result: " + p.Result + " }"
			case bare, chunks, nothing:
			}
		}
		groups[i].Routes = append(groups[i].Routes, p)
	}
	c.header.Set("Content-Type", "text/html; charset=utf-8")
	c.header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	return &reply{write: func(w http.ResponseWriter) {
		_ = t.Execute(w, map[string]any{"Groups": groups, "Prefix": c.api.cfg.Prefix}) // the client may be gone
	}}, nil
}

// outline lists the fields of a type.
func outline(t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() == reflect.Slice {
		return "[" + outline(t.Elem()) + "]"
	}
	if t.Kind() != reflect.Struct {
		return "…"
	}
	var names []string
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || f.Anonymous || name == "" || name == "-" {
			continue
		}
		names = append(names, name)
	}
	return "{ " + strings.Join(names, ", ") + " }"
}
