package linearsim

import (
	"errors"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// unset answers a field that no code answers and that was never set: null
// where the schema allows it, else an empty list, what refers to the node, or
// the zero value of the type.
func (r *request) unset(n node, def *ast.FieldDefinition, a args) (any, error) {
	if root, ok := n.(operations); ok {
		return r.unsetRoot(root, def, a)
	}
	t := def.Type
	if t.Elem != nil {
		if d := r.srv.schema.Types[t.Name()]; d.Kind == ast.Object && d.Fields.ForName(lowerFirst(n.typename())) != nil {
			return r.referring(def.Name, d.Name, n, false), nil // the needs of a customer
		}
		if t.NonNull {
			return []any{}, nil
		}
		return nil, nil
	}
	if entity := entityOf(t.NamedType); entity != "" {
		return page(r, entity, a, r.referring(def.Name, entity, n, a.flag("includeArchived")), nil)
	}
	if !t.NonNull {
		return nil, nil
	}
	return r.zero(t.NamedType), nil
}

// zero is the value of a required field that was never set.
func (r *request) zero(typ string) any {
	d := r.srv.schema.Types[typ]
	if d == nil {
		return nil
	}
	switch d.Kind {
	case ast.Enum:
		return d.EnumValues[0].Name
	case ast.Object:
		return payload{name: typ}
	case ast.Interface, ast.Union:
		if possible := r.srv.schema.GetPossibleTypes(d); len(possible) > 0 {
			return payload{name: possible[0].Name}
		}
		return nil
	case ast.Scalar, ast.InputObject:
	}
	switch typ {
	case "Boolean":
		return false
	case "Int", "Float":
		return 0
	case "DateTime":
		return r.srv.began
	case "TimelessDate":
		return "1970-01-01"
	case "Duration":
		return 0
	case "JSON", "JSONObject":
		return map[string]any{}
	default:
		return ""
	}
}

// unsetRoot answers a root field without code of its own: generic queries and
// mutations, or a "not simulated" error.
func (r *request) unsetRoot(root operations, def *ast.FieldDefinition, a args) (any, error) {
	if root.name == "Mutation" {
		return r.genericMutation(def, a)
	}
	typ := def.Type.Name()
	if entity := entityOf(typ); entity != "" {
		return page(r, entity, a, r.all(entity, a.flag("includeArchived")), nil)
	}
	if def.Type.Elem != nil {
		if slices.Contains(recorded(), typ) {
			return r.all(typ, false), nil // templates
		}
		return []any{}, nil
	}
	d := r.srv.schema.Types[typ]
	if d != nil && d.IsCompositeType() && a.set("id") {
		n, err := r.find(typ, a.text("id"))
		if err != nil && !def.Type.NonNull {
			return nil, nil
		}
		return n, err
	}
	if !def.Type.NonNull {
		return nil, nil
	}
	return nil, notSimulated(def.Name)
}

// notSimulated rejects an operation without simulated behavior. The real API has
// some, so a silent success would mislead.
func notSimulated(field string) *apiError {
	e := inputError("linearsim does not simulate "+field, field+" is not part of what linearsim simulates.")
	e.code, e.typ = "FEATURE_NOT_ACCESSIBLE", "feature not accessible"
	return e
}

// value reads a field of a node as a query without arguments does, defaults
// included. False means that the type has no such field.
func (r *request) value(n node, name string) (any, bool) {
	d := r.srv.schema.Types[n.typename()]
	if d == nil {
		return nil, false
	}
	def := d.Fields.ForName(name)
	if def == nil { // filters know a few fields that queries do not
		v, err := n.field(r, name, nil)
		return v, err == nil
	}
	a := args{}
	if entityOf(def.Type.NamedType) != "" {
		a["first"] = float64(maxPage)
	}
	v, err := n.field(r, name, a)
	if _, missing := errors.AsType[*fieldError](err); missing {
		v, err = r.unset(n, def, a)
	}
	if err == nil {
		v, err = r.paged(def, a, v)
	}
	if err != nil || isNil(v) {
		return nil, true
	}
	return v, true
}

// paged makes a connection of a list of nodes.
func (r *request) paged(def *ast.FieldDefinition, a args, v any) (any, error) {
	items, ok := v.([]item)
	if !ok {
		return v, nil
	}
	if entity := entityOf(def.Type.NamedType); entity != "" {
		return page(r, entity, a, items, nil)
	}
	return v, nil
}

// simulates reports whether there is a server behind the request: its schema
// says what unset fields are.
func (r *request) simulates() bool { return r != nil && r.srv != nil }
