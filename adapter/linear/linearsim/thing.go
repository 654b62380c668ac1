package linearsim

import (
	"slices"
	"time"
)

// thing is an entity whose fields are kept by name, for those that need
// nothing else. A value may be a function that answers the field.
type thing struct {
	record
	id     string
	typ    string
	ws     *Workspace
	values map[string]any

	reactions []*Reaction // on project and initiative updates
}

// answerer answers a field of a thing.
type answerer func(r *request, a args) (any, error)

// newThing makes a thing without adding it to the workspace.
func (w *Workspace) newThing(typ, id string, values map[string]any) *thing {
	w.srv.take(typ, id)
	return &thing{record: w.srv.newRecord(), id: id, typ: typ, ws: w, values: values}
}

// addThing makes a thing and adds it to the workspace.
func (w *Workspace) addThing(typ, id string, values map[string]any) *thing {
	t := w.newThing(typ, id, values)
	w.things[typ] = append(w.things[typ], t)
	return t
}

func (w *Workspace) removeThing(t *thing) {
	w.things[t.typ] = slices.DeleteFunc(slices.Clone(w.things[t.typ]), func(v *thing) bool { return v == t })
}

func (t *thing) typename() string { return t.typ }

func (t *thing) field(r *request, name string, a args) (any, error) {
	v, ok := t.values[name]
	if f, answers := v.(answerer); answers {
		return f(r, a)
	}
	switch {
	case ok:
		if at, isTime := v.(time.Time); isTime {
			return when(at), nil
		}
		return v, nil
	case name == "id":
		return t.id, nil
	case name == "createdAt":
		return t.createdAt, nil
	case name == "updatedAt":
		return t.updatedAt, nil
	case name == "reactions":
		return t.reactions, nil
	case name == "reactionData":
		return reactionData(t.reactions), nil
	}
	if v, ok := derive(r, t, name); ok {
		return v, nil
	}
	return nil, noField(t.typ, name)
}

// is reports whether a field holds a value.
func (t *thing) is(name string, value any) bool { return t.values[name] == value }

// text returns a string field, empty if it is unset.
func (t *thing) text(name string) string {
	s, _ := t.values[name].(string)
	return s
}

// time returns a time field, zero if it is unset.
func (t *thing) time(name string) time.Time {
	at, _ := t.values[name].(time.Time)
	return at
}

func (t *thing) archived() bool { return !t.time("archivedAt").IsZero() }

func findThing(in []*thing, typ, id string) (*thing, error) {
	t, ok := byID(in, id, func(t *thing) string { return t.id })
	if !ok {
		return nil, notFound(typ)
	}
	return t, nil
}

// where picks the things that keep wants.
func where(in []*thing, keep func(*thing) bool) []*thing {
	var out []*thing
	for _, t := range in {
		if keep(t) {
			out = append(out, t)
		}
	}
	return out
}
