package linearsim

import (
	"slices"
	"strings"
	"time"
)

// filter matches entities against a filter input. Every field of the input
// object has a test; and, or and null are handled for all of them.
type filter[T any] struct {
	tests map[string]func(r *request, cmp args, v T) bool
}

func (f *filter[T]) match(r *request, in args, v T) bool {
	for name, raw := range in {
		if raw == nil {
			continue
		}
		switch name {
		case "and":
			for _, sub := range list(raw) {
				if !f.match(r, asArgs(sub), v) {
					return false
				}
			}
		case "or":
			subs := list(raw)
			if len(subs) > 0 && !slices.ContainsFunc(subs, func(sub any) bool { return f.match(r, asArgs(sub), v) }) {
				return false
			}
		case "null":
			if raw == true {
				return false
			}
		default:
			test, ok := f.tests[name]
			if ok && !test(r, asArgs(raw), v) {
				return false
			}
			if n, isNode := any(v).(node); !ok && (!isNode || !r.matchField(n, name, raw)) {
				return false
			}
		}
	}
	return true
}

// absent reports whether an absent value satisfies a filter: only {null: true} and
// the empty filter match it.
func absent(in args) bool {
	for name, raw := range in {
		if raw != nil && (name != "null" || raw != true) {
			return false
		}
	}
	return true
}

// optional matches an entity that may be absent.
func optional[T any](f *filter[*T], r *request, in args, v *T) bool {
	if v == nil {
		return absent(in)
	}
	return f.match(r, in, v)
}

// filters are the filter tables of a server, one for each entity.
type filters struct {
	comment *filter[*Comment]
	issue   *filter[*Issue]
	label   *filter[*Label]
	state   *filter[*State]
	team    *filter[*Team]
	user    *filter[*User]
}

func newFilters() *filters {
	f := &filters{}
	f.user = &filter[*User]{map[string]func(*request, args, *User) bool{
		"id":          func(_ *request, c args, u *User) bool { return matchID(c, u.ID) },
		"name":        func(_ *request, c args, u *User) bool { return matchText(c, u.Name) },
		"displayName": func(_ *request, c args, u *User) bool { return matchText(c, u.DisplayName) },
		"email":       func(_ *request, c args, u *User) bool { return matchText(c, u.Email) },
		"app":         func(_ *request, c args, u *User) bool { return matchFlag(c, u.App) },
		"active":      func(_ *request, c args, _ *User) bool { return matchFlag(c, true) },
		"admin":       func(_ *request, c args, _ *User) bool { return matchFlag(c, false) },
		"owner":       func(_ *request, c args, _ *User) bool { return matchFlag(c, false) },
		"isInvited":   func(_ *request, c args, _ *User) bool { return matchFlag(c, false) },
		"isMe":        func(r *request, c args, u *User) bool { return matchFlag(c, r.user == u) },
		"createdAt":   func(r *request, c args, u *User) bool { return matchTime(r, c, u.createdAt) },
		"updatedAt":   func(r *request, c args, u *User) bool { return matchTime(r, c, u.updatedAt) },
	}}
	f.team = &filter[*Team]{map[string]func(*request, args, *Team) bool{
		"id":          func(_ *request, c args, t *Team) bool { return matchID(c, t.ID) },
		"key":         func(_ *request, c args, t *Team) bool { return matchText(c, t.Key) },
		"name":        func(_ *request, c args, t *Team) bool { return matchText(c, t.Name) },
		"description": func(_ *request, c args, _ *Team) bool { return absent(c) },
		"createdAt":   func(r *request, c args, t *Team) bool { return matchTime(r, c, t.createdAt) },
		"updatedAt":   func(r *request, c args, t *Team) bool { return matchTime(r, c, t.updatedAt) },
	}}
	f.state = &filter[*State]{map[string]func(*request, args, *State) bool{
		"id":        func(_ *request, c args, s *State) bool { return matchID(c, s.ID) },
		"name":      func(_ *request, c args, s *State) bool { return matchText(c, s.Name) },
		"type":      func(_ *request, c args, s *State) bool { return matchText(c, s.Type) },
		"position":  func(_ *request, c args, s *State) bool { return matchNumber(c, s.position) },
		"team":      func(r *request, c args, s *State) bool { return f.team.match(r, c, s.team) },
		"createdAt": func(r *request, c args, s *State) bool { return matchTime(r, c, s.createdAt) },
		"updatedAt": func(r *request, c args, s *State) bool { return matchTime(r, c, s.updatedAt) },
	}}
	f.label = &filter[*Label]{map[string]func(*request, args, *Label) bool{
		"id":        func(_ *request, c args, l *Label) bool { return matchID(c, l.ID) },
		"name":      func(_ *request, c args, l *Label) bool { return matchText(c, l.Name) },
		"isGroup":   func(_ *request, c args, l *Label) bool { return matchFlag(c, l.group) },
		"createdAt": func(r *request, c args, l *Label) bool { return matchTime(r, c, l.createdAt) },
		"updatedAt": func(r *request, c args, l *Label) bool { return matchTime(r, c, l.updatedAt) },
	}}
	f.issue = &filter[*Issue]{map[string]func(*request, args, *Issue) bool{
		"id":                func(_ *request, c args, i *Issue) bool { return matchIssueID(c, i) },
		"number":            func(_ *request, c args, i *Issue) bool { return matchNumber(c, float64(i.Number)) },
		"priority":          func(_ *request, c args, i *Issue) bool { return matchNumber(c, float64(i.priority)) },
		"title":             func(_ *request, c args, i *Issue) bool { return matchText(c, i.title) },
		"searchableContent": func(_ *request, c args, i *Issue) bool { return i.matchContent(c) },
		"description": func(_ *request, c args, i *Issue) bool {
			if i.description == "" {
				return absent(c)
			}
			return c["null"] != true && matchText(c, i.description)
		},
		"assignee":  func(r *request, c args, i *Issue) bool { return optional(f.user, r, c, i.assignee) },
		"creator":   func(r *request, c args, i *Issue) bool { return optional(f.user, r, c, i.Creator) },
		"delegate":  func(r *request, c args, i *Issue) bool { return optional(f.user, r, c, i.delegate) },
		"parent":    func(r *request, c args, i *Issue) bool { return optional(f.issue, r, c, i.parent) },
		"state":     func(r *request, c args, i *Issue) bool { return f.state.match(r, c, i.state) },
		"team":      func(r *request, c args, i *Issue) bool { return f.team.match(r, c, i.Team) },
		"labels":    func(r *request, c args, i *Issue) bool { return f.labels(r, c, i.labels) },
		"createdAt": func(r *request, c args, i *Issue) bool { return matchTime(r, c, i.createdAt) },
		"updatedAt": func(r *request, c args, i *Issue) bool { return matchTime(r, c, i.updatedAt) },
	}}
	f.comment = &filter[*Comment]{map[string]func(*request, args, *Comment) bool{
		"id":        func(_ *request, c args, m *Comment) bool { return matchID(c, m.ID) },
		"body":      func(_ *request, c args, m *Comment) bool { return matchText(c, m.body) },
		"issue":     func(r *request, c args, m *Comment) bool { return optional(f.issue, r, c, m.Issue) },
		"parent":    func(r *request, c args, m *Comment) bool { return optional(f.comment, r, c, m.Parent) },
		"user":      func(r *request, c args, m *Comment) bool { return optional(f.user, r, c, m.Author) },
		"createdAt": func(r *request, c args, m *Comment) bool { return matchTime(r, c, m.createdAt) },
		"updatedAt": func(r *request, c args, m *Comment) bool { return matchTime(r, c, m.updatedAt) },
	}}
	return f
}

// labels matches a collection filter. A plain field asks whether some label
// satisfies it.
func (f *filters) labels(r *request, in args, all []*Label) bool {
	some := func(c args) bool {
		return slices.ContainsFunc(all, func(l *Label) bool { return f.label.match(r, c, l) })
	}
	for name, raw := range in {
		sub := asArgs(raw)
		ok := true
		switch name {
		case "and":
			for _, s := range list(raw) {
				ok = ok && f.labels(r, asArgs(s), all)
			}
		case "or":
			ok = slices.ContainsFunc(list(raw), func(s any) bool { return f.labels(r, asArgs(s), all) })
		case "some":
			ok = some(sub)
		case "every":
			ok = !slices.ContainsFunc(all, func(l *Label) bool { return !f.label.match(r, sub, l) })
		case "length":
			ok = matchNumber(sub, float64(len(all)))
		default:
			ok = some(args{name: raw})
		}
		if raw != nil && !ok {
			return false
		}
	}
	return true
}

// matchField matches a field of an entity by what kind of value it holds. A
// field that the entity lacks makes the whole query fail: to ignore the filter
// would return too much.
func (r *request) matchField(n node, name string, raw any) bool {
	c := asArgs(raw)
	v, ok := r.value(n, name)
	if base, isID := strings.CutSuffix(name, "Id"); !ok && isID { // the id of what another field holds
		to, known := r.value(n, base)
		if ok = known; ok {
			if other, isNode := to.(node); isNode {
				v, _ = r.value(other, "id")
			}
		}
	}
	if !ok {
		if r.refused == nil {
			r.refused = notSimulated("filtering " + n.typename() + " by " + name)
		}
		return false
	}
	switch v := v.(type) {
	case nil:
		return absent(c) || len(c) == 1 && c.set("neq")
	case string:
		if v == "" && c["null"] == true {
			return true
		}
		return c["null"] != true && matchText(c, v)
	case bool:
		return matchFlag(c, v)
	case int:
		return matchNumber(c, float64(v))
	case float64:
		return matchNumber(c, v)
	case time.Time:
		return c["null"] != true && matchTime(r, c, v)
	}
	if texts := textsOf(v); len(texts) > 0 {
		return matchTexts(c, texts)
	}
	if to, isNode := v.(node); isNode && !isPage(v) {
		return (&filter[node]{}).match(r, c, to)
	}
	return r.matchAll(c, nodesOf(v))
}

func isPage(v any) bool {
	_, ok := v.(interface{ nodes() []node })
	return ok
}

// matchTexts matches a list of texts: some, every, length.
func matchTexts(c args, all []string) bool {
	for name, raw := range c {
		sub, ok := asArgs(raw), true
		switch name {
		case "some":
			ok = slices.ContainsFunc(all, func(s string) bool { return matchText(sub, s) })
		case "every":
			ok = !slices.ContainsFunc(all, func(s string) bool { return !matchText(sub, s) })
		case "length":
			ok = matchNumber(sub, float64(len(all)))
		}
		if raw != nil && !ok {
			return false
		}
	}
	return true
}

// matchAll matches a collection: some, every, length, or a field that some
// entity must satisfy.
func (r *request) matchAll(c args, all []node) bool {
	f := &filter[node]{}
	for name, raw := range c {
		if raw == nil {
			continue
		}
		sub := asArgs(raw)
		ok := true
		switch name {
		case "some":
			ok = slices.ContainsFunc(all, func(n node) bool { return f.match(r, sub, n) })
		case "every":
			ok = !slices.ContainsFunc(all, func(n node) bool { return !f.match(r, sub, n) })
		case "length":
			ok = matchNumber(sub, float64(len(all)))
		case "and":
			for _, s := range list(raw) {
				ok = ok && r.matchAll(asArgs(s), all)
			}
		case "or":
			ok = slices.ContainsFunc(list(raw), func(s any) bool { return r.matchAll(asArgs(s), all) })
		default:
			ok = slices.ContainsFunc(all, func(n node) bool { return f.match(r, args{name: raw}, n) })
		}
		if !ok {
			return false
		}
	}
	return true
}
