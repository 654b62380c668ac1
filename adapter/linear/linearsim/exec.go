package linearsim

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
)

// node is a value of an object type. It knows its own fields, so that a new
// type needs no registration: field answers every name that the schema gives
// the type.
type node interface {
	typename() string
	field(r *request, name string, a args) (any, error)
}

// operation answers one field of Query or Mutation.
type operation func(r *request, a args) (any, error)

// operations maps root fields to what answers them. It is the root node.
type operations struct {
	name string
	ops  map[string]operation
}

func (o operations) typename() string { return o.name }

func (o operations) field(r *request, name string, a args) (any, error) {
	op, ok := o.ops[name]
	if !ok {
		return nil, noField(o.name, name)
	}
	return op(r, a)
}

// payload is a node made of values that are known already, such as the answer
// of a mutation.
type payload struct {
	name   string
	values map[string]any
}

func (p payload) typename() string { return p.name }

func (p payload) field(_ *request, name string, _ args) (any, error) {
	v, ok := p.values[name]
	if !ok {
		return nil, noField(p.name, name)
	}
	return v, nil
}

// fieldError says that no code answers a field, so that its default counts.
type fieldError struct{ typ, name string }

func (e *fieldError) Error() string { return "no resolver for " + e.typ + "." + e.name }

func noField(typ, name string) error { return &fieldError{typ, name} }

// execution is one run of one operation.
type execution struct {
	schema *ast.Schema
	req    *request
	vars   map[string]any
	errs   []responseError
}

// steps is the way from the root to a field, innermost first.
type steps struct {
	up    *steps
	key   string
	index int // used when key is empty
}

func (p *steps) list() []any {
	var out []any
	for ; p != nil; p = p.up {
		if p.key != "" {
			out = append(out, p.key)
		} else {
			out = append(out, p.index)
		}
	}
	slices.Reverse(out)
	return out
}

// group is all selections of one answer key in one object.
type group struct {
	key   string
	field *ast.Field
	sets  []ast.SelectionSet
}

// run executes op on root and returns nil data when an error reached the top.
func (x *execution) run(op *ast.OperationDefinition, root node) any {
	out, ok := x.object(root, []ast.SelectionSet{op.SelectionSet}, nil)
	if !ok {
		return nil
	}
	return out
}

func (x *execution) object(n node, sets []ast.SelectionSet, at *steps) (object, bool) {
	var groups []group
	var seen []string
	for _, set := range sets {
		groups, seen = x.collect(n.typename(), set, groups, seen)
	}
	out := make(object, 0, len(groups))
	for i := range groups {
		g := &groups[i]
		v, ok := x.resolve(n, g, &steps{up: at, key: g.key})
		if !ok {
			return nil, false
		}
		out = append(out, member{g.key, v})
	}
	return out, true
}

// collect adds the fields that set selects on an object of type typ, fragments
// opened and directives applied, in the order of the query.
func (x *execution) collect(typ string, set ast.SelectionSet, groups []group, seen []string) ([]group, []string) {
	for _, sel := range set {
		switch s := sel.(type) {
		case *ast.Field:
			if !x.included(s.Directives) {
				continue
			}
			groups = merge(groups, s)
		case *ast.InlineFragment:
			if x.included(s.Directives) && (s.TypeCondition == "" || x.is(typ, s.TypeCondition)) {
				groups, seen = x.collect(typ, s.SelectionSet, groups, seen)
			}
		case *ast.FragmentSpread:
			if !x.included(s.Directives) || s.Definition == nil || slices.Contains(seen, s.Name) {
				continue
			}
			seen = append(seen, s.Name)
			if x.is(typ, s.Definition.TypeCondition) {
				groups, seen = x.collect(typ, s.Definition.SelectionSet, groups, seen)
			}
		}
	}
	return groups, seen
}

func merge(groups []group, f *ast.Field) []group {
	for i := range groups {
		if groups[i].key == f.Alias {
			groups[i].sets = append(groups[i].sets, f.SelectionSet)
			return groups
		}
	}
	return append(groups, group{key: f.Alias, field: f, sets: []ast.SelectionSet{f.SelectionSet}})
}

// included applies @skip and @include.
func (x *execution) included(ds ast.DirectiveList) bool {
	for _, d := range ds {
		arg := d.Arguments.ForName("if")
		if arg == nil {
			continue
		}
		v, err := arg.Value.Value(x.vars)
		on, _ := v.(bool)
		if err != nil || d.Name == "skip" && on || d.Name == "include" && !on {
			return false
		}
	}
	return true
}

// is reports whether the object type typ satisfies the type condition cond.
func (x *execution) is(typ, cond string) bool {
	if typ == cond {
		return true
	}
	for _, d := range x.schema.PossibleTypes[cond] {
		if d.Name == typ {
			return true
		}
	}
	return false
}

func (x *execution) resolve(n node, g *group, at *steps) (any, bool) {
	if g.field.Name == "__typename" {
		return n.typename(), true
	}
	def := g.field.Definition
	a, err := x.arguments(def, g.field)
	var v any
	if err == nil {
		v, err = n.field(x.req, g.field.Name, a)
		if _, missing := errors.AsType[*fieldError](err); missing && x.req.simulates() {
			v, err = x.req.unset(n, def, a)
		}
		if err == nil {
			v, err = x.req.paged(def, a, v)
		}
	}
	if err != nil {
		x.fail(err, g, at)
		return nil, !def.Type.NonNull
	}
	return x.complete(def.Type, v, g, at)
}

// arguments fills in variables and defaults.
func (x *execution) arguments(def *ast.FieldDefinition, f *ast.Field) (args, error) {
	if len(def.Arguments) == 0 {
		return nil, nil
	}
	out := make(args, len(def.Arguments))
	for _, d := range def.Arguments {
		given := f.Arguments.ForName(d.Name)
		switch {
		case given == nil:
		case given.Value.Kind == ast.Variable:
			if v, ok := x.vars[given.Value.Raw]; ok {
				out[d.Name] = v
				continue
			}
		default:
			v, err := given.Value.Value(x.vars)
			if err != nil {
				return nil, invalidArgument(d.Name + " is out of range")
			}
			out[d.Name] = v
			continue
		}
		if d.DefaultValue != nil {
			v, err := d.DefaultValue.Value(nil)
			if err != nil {
				return nil, err
			}
			out[d.Name] = v
		} else if d.Type.NonNull {
			return nil, invalidArgument(d.Name + " must be defined")
		}
	}
	return out, nil
}

// complete turns a resolved value into an answer value. False means that the
// value is null against its type, so the object around it is null as well.
func (x *execution) complete(t *ast.Type, v any, g *group, at *steps) (any, bool) {
	out, ok := x.nullable(t, v, g, at)
	if ok && out == nil && t.NonNull {
		owner := ""
		if g.field.ObjectDefinition != nil {
			owner = g.field.ObjectDefinition.Name + "."
		}
		x.fail(internalError("Cannot return null for non-nullable field "+owner+g.field.Name+"."), g, at)
		ok = false
	}
	if !ok {
		return nil, !t.NonNull
	}
	return out, true
}

// nullable completes v without regard to t.NonNull. False means that an error
// was recorded and the value is null.
func (x *execution) nullable(t *ast.Type, v any, g *group, at *steps) (any, bool) {
	if isNil(v) {
		return nil, true
	}
	if t.Elem != nil {
		return x.list(t.Elem, v, g, at)
	}
	def := x.schema.Types[t.NamedType]
	if def != nil && def.IsCompositeType() {
		n, ok := v.(node)
		if !ok || !x.is(n.typename(), def.Name) {
			x.fail(internalError(fmt.Sprintf("%s is not a %s", reflect.TypeOf(v), def.Name)), g, at)
			return nil, false
		}
		out, ok := x.object(n, g.sets, at)
		if !ok {
			return nil, false
		}
		return out, true
	}
	out, ok := leaf(def, v)
	if text, is := out.(string); is && x.req.signed > 0 && holdsMarkdown(g.field.Name) {
		out = x.req.srv.signFiles(text, x.req.ws, x.req.signed)
	}
	if !ok {
		x.fail(internalError(fmt.Sprintf("%s cannot represent a %T", t.NamedType, v)), g, at)
	}
	return out, ok
}

func (x *execution) list(elem *ast.Type, v any, g *group, at *steps) (any, bool) {
	rv := reflect.ValueOf(v)
	if rv.Kind() != reflect.Slice {
		x.fail(internalError(g.field.Name+" is not a list"), g, at)
		return nil, false
	}
	out := make([]any, 0, rv.Len())
	for i := range rv.Len() {
		c, ok := x.complete(elem, rv.Index(i).Interface(), g, &steps{up: at, index: i})
		if !ok {
			return nil, false
		}
		out = append(out, c)
	}
	return out, true
}

func (x *execution) fail(err error, g *group, at *steps) {
	e := asResponse(err)
	e.Path = at.list()
	if p := g.field.Position; p != nil {
		e.Locations = []location{{p.Line, p.Column}}
	}
	x.errs = append(x.errs, e)
}

func isNil(v any) bool {
	if v == nil {
		return true
	}
	switch v.(type) {
	case string, bool, float64, int, time.Time:
		return false
	}
	rv := reflect.ValueOf(v)
	return rv.Kind() == reflect.Pointer && rv.IsNil()
}
