package linearsim

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// introspectionQueries answer __schema and __type. They need no token, as with
// Linear.
func introspectionQueries() map[string]operation {
	return map[string]operation{
		"__schema": func(*request, args) (any, error) {
			schema, err := loadOffered()
			if err != nil {
				return nil, err
			}
			return schemaNode(schema), nil
		},
		"__type": func(_ *request, a args) (any, error) {
			schema, err := loadOffered()
			if err != nil || schema.Types[a.text("name")] == nil {
				return nil, err //nolint:nilnil // null is the answer
			}
			return typeNode{schema, schema.Types[a.text("name")], nil}, nil
		},
	}
}

// introspects reports whether an operation asks for the schema alone.
func introspects(op *ast.OperationDefinition) bool {
	if op.Operation != ast.Query {
		return false
	}
	fields := rootFields(nil, op.SelectionSet, 0)
	return len(fields) > 0 && !slices.ContainsFunc(fields, func(f string) bool { return !strings.HasPrefix(f, "__") })
}

func schemaNode(s *ast.Schema) node {
	var types []any
	names := make([]string, 0, len(s.Types))
	for name := range s.Types {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		types = append(types, typeNode{s, s.Types[name], nil})
	}
	names = names[:0]
	for name := range s.Directives {
		names = append(names, name)
	}
	slices.Sort(names)
	var directives []any
	for _, name := range names {
		d := s.Directives[name]
		if name == "defer" {
			continue // known to the parser, not offered
		}
		places := []any{}
		for _, l := range d.Locations {
			places = append(places, string(l))
		}
		directives = append(directives, payload{"__Directive", map[string]any{
			"name": d.Name, "description": nil, "locations": places, "args": inputValues(s, d.Arguments), "isRepeatable": d.IsRepeatable,
		}})
	}
	root := func(d *ast.Definition) any {
		if d == nil {
			return nil
		}
		return typeNode{s, d, nil}
	}
	return payload{"__Schema", map[string]any{
		"description": nil, "types": types, "queryType": root(s.Query), "mutationType": root(s.Mutation),
		"subscriptionType": root(s.Subscription), "directives": directives,
	}}
}

// typeNode is a type: a named one, or a list or non-null around another.
type typeNode struct {
	schema *ast.Schema
	def    *ast.Definition
	wrap   *ast.Type // nil for a named type
}

func typeOf(s *ast.Schema, t *ast.Type) typeNode {
	if t.NonNull || t.Elem != nil {
		return typeNode{s, nil, t}
	}
	return typeNode{s, s.Types[t.NamedType], nil}
}

func (typeNode) typename() string { return "__Type" }

func (t typeNode) field(_ *request, name string, a args) (any, error) { //nolint:unparam // the interface node
	if t.wrap != nil {
		return t.wrapped(name), nil
	}
	d := t.def
	switch name {
	case "kind":
		return string(d.Kind), nil
	case "name":
		return d.Name, nil
	case "isOneOf":
		return d.Kind == ast.InputObject && d.Directives.ForName("oneOf") != nil, nil
	case "fields":
		if d.Kind != ast.Object && d.Kind != ast.Interface {
			return nil, nil
		}
		out := []any{}
		for _, f := range d.Fields {
			if !strings.HasPrefix(f.Name, "__") && shown(f.Directives, a) {
				out = append(out, fieldNode(t.schema, f))
			}
		}
		return out, nil
	case "interfaces":
		if d.Kind != ast.Object && d.Kind != ast.Interface {
			return nil, nil
		}
		out := []any{}
		for _, name := range d.Interfaces {
			out = append(out, typeNode{t.schema, t.schema.Types[name], nil})
		}
		return out, nil
	case "possibleTypes":
		if !d.IsAbstractType() {
			return nil, nil
		}
		out := []any{}
		for _, p := range t.schema.GetPossibleTypes(d) {
			out = append(out, typeNode{t.schema, p, nil})
		}
		return out, nil
	case "enumValues":
		if d.Kind != ast.Enum {
			return nil, nil
		}
		out := []any{}
		for _, v := range d.EnumValues {
			if shown(v.Directives, a) {
				values := map[string]any{"name": v.Name, "description": nil}
				mark(values, v.Directives)
				out = append(out, payload{"__EnumValue", values})
			}
		}
		return out, nil
	case "inputFields":
		if d.Kind != ast.InputObject {
			return nil, nil
		}
		out := []any{}
		for _, f := range d.Fields {
			if shown(f.Directives, a) {
				out = append(out, inputValue(t.schema, f.Name, f.Type, f.DefaultValue, f.Directives))
			}
		}
		return out, nil
	}
	return nil, nil
}

func (t typeNode) wrapped(name string) any {
	inner := *t.wrap
	switch {
	case name == "kind" && inner.NonNull:
		return "NON_NULL"
	case name == "kind":
		return "LIST"
	case name != "ofType":
		return nil
	case inner.NonNull:
		inner.NonNull = false
		return typeOf(t.schema, &inner)
	default:
		return typeOf(t.schema, inner.Elem)
	}
}

// shown reports whether something is listed: deprecated items are listed only on
// request.
func shown(ds ast.DirectiveList, a args) bool {
	return a.flag("includeDeprecated") || ds.ForName("deprecated") == nil
}

func mark(values map[string]any, ds ast.DirectiveList) {
	gone := ds.ForName("deprecated") != nil
	values["isDeprecated"] = gone
	values["deprecationReason"] = nil
	if gone {
		values["deprecationReason"] = "No longer supported"
	}
}

func fieldNode(s *ast.Schema, f *ast.FieldDefinition) node {
	values := map[string]any{"name": f.Name, "description": nil, "args": inputValues(s, f.Arguments), "type": typeOf(s, f.Type)}
	mark(values, f.Directives)
	return payload{"__Field", values}
}

func inputValues(s *ast.Schema, in ast.ArgumentDefinitionList) []any {
	out := []any{}
	for _, a := range in {
		out = append(out, inputValue(s, a.Name, a.Type, a.DefaultValue, a.Directives))
	}
	return out
}

func inputValue(s *ast.Schema, name string, t *ast.Type, def *ast.Value, ds ast.DirectiveList) node {
	values := map[string]any{"name": name, "description": nil, "type": typeOf(s, t), "defaultValue": nil}
	if def != nil {
		values["defaultValue"] = def.String()
	}
	mark(values, ds)
	return payload{"__InputValue", values}
}
