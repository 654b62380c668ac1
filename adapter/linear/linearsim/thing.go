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
	values map[string]any
}

// answerer answers a field of a thing.
type answerer func(r *request, a args) (any, error)

func (s *Server) newThing(typ, id string, values map[string]any) *thing {
	s.take(typ, id)
	return &thing{record: s.newRecord(), id: id, typ: typ, values: values}
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
	case name == "archivedAt":
		return nil, nil
	}
	return nil, noField(t.typ, name)
}

// is reports whether a field holds a value.
func (t *thing) is(name string, value any) bool { return t.values[name] == value }

func findThing(in []*thing, typ, id string) (*thing, error) {
	t, ok := byID(in, id, func(t *thing) string { return t.id })
	if !ok {
		return nil, notFound(typ)
	}
	return t, nil
}

func without(in []*thing, t *thing) []*thing {
	return slices.DeleteFunc(slices.Clone(in), func(v *thing) bool { return v == t })
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

// things are the entities of a workspace that are kept as things.
type things struct {
	attachments []*thing
	relations   []*thing
	projects    []*thing
	cycles      []*thing
	sessions    []*Session
}

// thingFilters are the filter tables for things.
type thingFilters struct {
	activity *filter[*thing]
	cycle    *filter[*thing]
	project  *filter[*thing]
}

func newThingFilters(f *filters) *thingFilters {
	text := func(name string) func(*request, args, *thing) bool {
		return func(_ *request, c args, t *thing) bool { s, _ := t.values[name].(string); return matchText(c, s) }
	}
	id := func(_ *request, c args, t *thing) bool { return matchID(c, t.id) }
	return &thingFilters{
		activity: &filter[*thing]{map[string]func(*request, args, *thing) bool{"id": id, "type": text("type")}},
		project:  &filter[*thing]{map[string]func(*request, args, *thing) bool{"id": id, "name": text("name")}},
		cycle: &filter[*thing]{map[string]func(*request, args, *thing) bool{
			"id": id, "name": text("name"),
			"number": func(_ *request, c args, t *thing) bool { n, _ := number(t.values["number"]); return matchNumber(c, n) },
			"isActive": func(r *request, c args, t *thing) bool {
				starts, _ := t.values["startsAt"].(time.Time)
				ends, _ := t.values["endsAt"].(time.Time)
				return matchFlag(c, r.srv.during(starts, ends))
			},
			"team": func(r *request, c args, t *thing) bool {
				team, ok := t.values["team"].(*Team)
				return ok && f.team.match(r, c, team)
			},
		}},
	}
}
