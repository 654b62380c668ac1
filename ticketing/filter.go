package ticketing

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// kind is what a filter compares.
type kind uint8

const (
	ofText kind = iota
	ofID
	ofTime
	ofDay
	ofNumber
	ofFlag
)

// filter is one filter of a list, and how Linear spells it.
type filter struct {
	name string // for example team[id]
	also []string
	kind kind
	// path leads to Linear's comparator, for example team.id.
	path string
	// nullable filters take [null]=true and the value null.
	nullable bool
	// make builds the filter, for those that are more than a comparator.
	make func(c *call, op string, values []string) (linearapi.Filter, error)
	doc  string
	// spelled are name and aliases, from the time that the routes are made.
	spelled []string
}

// operators are those of the kinds, by Linear's names.
func (k kind) operators() map[string]string {
	switch k {
	case ofText:
		return map[string]string{
			"eq": "eq", "ne": "neq", "in": "in", "nin": "nin", "contains": "containsIgnoreCase",
			"not_contains": "notContainsIgnoreCase", "starts_with": "startsWith",
		}
	case ofID:
		return map[string]string{"eq": "eq", "ne": "neq", "in": "in", "nin": "nin"}
	case ofTime, ofDay, ofNumber:
		return map[string]string{
			"eq": "eq", "ne": "neq", "in": "in", "nin": "nin", "gt": "gt", "gte": "gte", "lt": "lt", "lte": "lte",
		}
	case ofFlag:
		return map[string]string{"eq": "eq", "ne": "neq"}
	}
	return nil
}

// isOperator reports whether a word in brackets is one.
func isOperator(s string) bool {
	return slices.Contains([]string{
		"eq", "ne", "in", "nin", "gt", "gte", "lt", "lte", "contains", "not_contains", "starts_with", "null", "all",
	}, s)
}

// aliases are the other spellings of a filter's name: team_id for team[id].
func (f *filter) aliases() []string {
	out := slices.Clone(f.also)
	if base, sub, ok := strings.Cut(f.name, "["); ok {
		out = append(out, base+"_"+strings.TrimSuffix(sub, "]"))
		if sub == "id]" {
			out = append(out, base)
		}
	}
	return out
}

func (f *filter) is(name string) bool { return f.name == name || slices.Contains(f.spelled, name) }

// conditions reads all filters of the query and joins them.
func (c *call) conditions(filters []*filter) ([]linearapi.Filter, error) {
	var out []linearapi.Filter
	for _, p := range c.q.params {
		name, op := p.key(), "eq"
		whole := slices.ContainsFunc(filters, func(f *filter) bool { return f.is(name) }) // tags[all] is a filter, not an operator
		if n := len(p.sub); n > 0 && isOperator(p.sub[n-1]) && !whole {
			op = p.sub[n-1]
			name = (&param{name: p.name, sub: p.sub[:n-1]}).key()
		}
		i := slices.IndexFunc(filters, func(f *filter) bool { return f.is(name) })
		if i < 0 {
			continue
		}
		c.q.take(p)
		f := filters[i]
		values := slices.DeleteFunc(slices.Clone(p.values), func(v string) bool { return v == "" })
		if len(values) == 0 {
			continue // an empty filter is ignored
		}
		if op == "in" || op == "nin" {
			values = c.q.all(p.key())
		}
		built, err := f.build(c, op, values)
		if err != nil {
			return nil, err
		}
		if built != nil {
			out = append(out, built)
		}
	}
	return out, nil
}

// build makes Linear's filter out of an operator and values.
func (f *filter) build(c *call, op string, values []string) (linearapi.Filter, error) {
	wantsNull := op == "null" || f.nullable && op == "eq" && len(values) == 1 && values[0] == "null"
	if wantsNull && (f.make == nil || f.path != "") {
		if !f.nullable {
			return nil, badRequest(codeInvalidRequest, "%s cannot be null", f.name)
		}
		base, _, nested := strings.Cut(f.path, ".")
		if !nested {
			base = f.path
		}
		return linearapi.Filter{base: linearapi.Filter{"null": op != "null" || values[0] != "false"}}, nil
	}
	if f.make != nil {
		return f.make(c, op, values)
	}
	if f.kind == ofTime && op == "eq" && len(values) == 1 {
		if day, err := time.Parse(time.DateOnly, values[0]); err == nil {
			// No ticket is of midnight sharp: a date means the day.
			return nest(f.path, linearapi.Filter{"gte": values[0], "lt": day.AddDate(0, 0, 1).Format(time.DateOnly)}), nil
		}
	}
	spelled, known := f.kind.operators()[op]
	if !known {
		return nil, badRequest(codeInvalidRequest, "%s has no operator %q", f.name, op)
	}
	parsed := make([]any, len(values))
	for i, v := range values {
		var err error
		if parsed[i], err = f.kind.parse(f.name, v); err != nil {
			return nil, err
		}
	}
	var cmp linearapi.Filter
	switch {
	case op == "in" || op == "nin":
		cmp = linearapi.Filter{spelled: parsed}
	case len(parsed) > 1 && op == "eq":
		cmp = linearapi.Filter{"in": parsed}
	case len(parsed) > 1 && op == "ne":
		cmp = linearapi.Filter{"nin": parsed}
	case len(parsed) > 1:
		return nil, badRequest(codeInvalidRequest, "%s[%s] takes one value", f.name, op)
	default:
		cmp = linearapi.Filter{spelled: parsed[0]}
	}
	return nest(f.path, cmp), nil
}

// nest puts a comparator under a path.
func nest(path string, cmp linearapi.Filter) linearapi.Filter {
	parts := strings.Split(path, ".")
	for _, part := range slices.Backward(parts) {
		cmp = linearapi.Filter{part: cmp}
	}
	return cmp
}

func (k kind) parse(name, v string) (any, error) {
	switch k {
	case ofTime, ofDay:
		if t, err := time.Parse(time.RFC3339, v); err == nil {
			if k == ofDay {
				return t.UTC().Format(time.DateOnly), nil
			}
			return t.UTC().Format("2006-01-02T15:04:05.000Z"), nil
		}
		if _, err := time.Parse(time.DateOnly, v); err == nil || isDuration(v) {
			return v, nil
		}
		return nil, badRequest(codeInvalidRequest, "%s must be a time such as 2026-11-30T12:00:00Z, a date, or a duration such as -P7D", name)
	case ofNumber:
		n, err := strconv.ParseFloat(v, 64)
		if err != nil {
			return nil, badRequest(codeInvalidRequest, "%s must be a number", name)
		}
		return n, nil
	case ofFlag:
		b, err := strconv.ParseBool(v)
		if err != nil {
			return nil, badRequest(codeInvalidRequest, "%s must be true or false", name)
		}
		return b, nil
	case ofText, ofID:
	}
	if len(v) > 2000 {
		return nil, badRequest(codeInvalidRequest, "%s is too long", name)
	}
	return v, nil
}

// duration is an ISO 8601 duration, or something close to one.
var duration = regexp.MustCompile(`^-?P(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(\d+H)?(\d+M)?(\d+S)?)?$`)

// isDuration recognizes ISO 8601 durations, as Linear takes them.
func isDuration(v string) bool {
	return len(v) > 2 && len(v) < 40 && !strings.HasSuffix(v, "T") && duration.MatchString(v)
}

// and joins conditions.
func and(conditions []linearapi.Filter) linearapi.Filter {
	switch len(conditions) {
	case 0:
		return nil
	case 1:
		return conditions[0]
	default:
		return linearapi.Filter{"and": conditions}
	}
}
