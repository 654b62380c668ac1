package ticketing

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// remoteQuery reads remote_query[…], the arguments of Linear's own query for a list,
// into r. What this API has a parameter of its own for is refused, and so is what
// the list cannot do.
func (c *call) remoteQuery(l *listing, r *request) error {
	for _, p := range c.q.params {
		if p.name != "remote_query" {
			continue
		}
		c.q.take(p)
		if len(p.values) == 1 && p.values[0] == "" {
			continue // as with filters, empty means absent
		}
		name := ""
		if len(p.sub) > 0 {
			name = p.sub[0]
		}
		var err error
		switch {
		case name == "filter":
			err = r.remoteFilter(p)
		case name == "includeArchived" && len(p.sub) == 1:
			err = r.remoteArchived(l, p)
		case name == "orderBy" && len(p.sub) == 1:
			err = r.remoteOrder(l, p)
		case name == "first" || name == "last":
			err = badRequest(codeUnknownFilter, "remote_query[%s]: use limit", name)
		case name == "after" || name == "before":
			err = badRequest(codeUnknownFilter, "remote_query[%s]: use next_cursor and prev_cursor", name)
		case name == "sort":
			err = badRequest(codeUnknownFilter, "remote_query[sort]: use sort_by[field]=asc or desc")
		default:
			err = badRequest(codeUnknownFilter, "%s: remote_query takes filter, includeArchived and orderBy, such as remote_query[filter][title][eq]=…", quoteID(p.key()))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// remoteFilter reads remote_query[filter]={…} and remote_query[filter][title][eq]=x.
func (r *request) remoteFilter(p *param) error {
	if len(p.sub) == 1 {
		f, err := parseFilter("remote_query[filter]", p.values[0])
		if err != nil {
			return err
		}
		r.conditions = append(r.conditions, f)
		return nil
	}
	// The indexes that tell the parts of a list apart are lost in brackets.
	if slices.Contains(p.sub, "and") || slices.Contains(p.sub, "or") {
		return badRequest(codeInvalidRequest, "%s: give a filter that joins conditions as JSON, remote_query[filter]={…}", quoteID(p.key()))
	}
	r.conditions = append(r.conditions, remoteCondition(p))
	return nil
}

func (r *request) remoteArchived(l *listing, p *param) error {
	on, err := strconv.ParseBool(p.values[0])
	if err != nil || len(p.values) > 1 {
		return badRequest(codeInvalidRequest, "remote_query[includeArchived] must be true or false")
	}
	if on && !l.archives {
		return badRequest(codeUnknownFilter, "remote_query[includeArchived]: this list has no archived entries")
	}
	r.archived = on
	return nil
}

func (r *request) remoteOrder(l *listing, p *param) error {
	switch order := p.values[0]; {
	case len(p.values) > 1 || order != "createdAt" && order != "updatedAt":
		return badRequest(codeInvalidRequest, "remote_query[orderBy] must be createdAt or updatedAt")
	case !l.orders:
		return badRequest(codeUnknownFilter, "remote_query[orderBy]: this list has one order of Linear's; %s", l.sortHelp())
	case len(r.sort) > 0:
		return badRequest(codeInvalidRequest, "remote_query[orderBy] and sort_by exclude each other")
	default:
		r.byUpdate = order == "updatedAt"
	}
	return nil
}

// sortHelp says what sort_by takes.
func (l *listing) sortHelp() string {
	keys := slices.Concat(l.sorts, l.local)
	if len(keys) == 0 {
		return "it cannot be sorted"
	}
	slices.Sort(keys)
	return "sort_by takes " + strings.Join(keys, ", ")
}

// remoteCondition is a condition in Linear's names: remote_query[filter][title][eq]=x.
// Linear checks it against the type of its filter.
func remoteCondition(p *param) linearapi.Filter {
	values := make([]any, len(p.values))
	for i, v := range p.values {
		values[i] = v
		if n, err := strconv.ParseFloat(v, 64); err == nil && !strings.ContainsAny(v, "xXnN_pP") {
			values[i] = n
		}
		if v == "true" || v == "false" {
			values[i] = v == "true"
		}
	}
	last := p.sub[len(p.sub)-1]
	path := strings.Join(p.sub[1:len(p.sub)-1], ".")
	cmp := linearapi.Filter{last: values[0]}
	if p.array || len(values) > 1 || last == "in" || last == "nin" {
		cmp[last] = values
	}
	if path == "" {
		return cmp
	}
	return nest(path, cmp)
}

// rawFilter reads filter={…}: a filter in Linear's own words.
func (c *call) rawFilter() (linearapi.Filter, error) {
	text := c.q.get("filter")
	if text == "" {
		return nil, nil //nolint:nilnil // no filter is an answer
	}
	return parseFilter("filter", text)
}

func parseFilter(name, text string) (linearapi.Filter, error) {
	var f linearapi.Filter
	if err := json.Unmarshal([]byte(text), &f); err != nil || f == nil || depth(map[string]any(f)) > 20 {
		return nil, badRequest(codeInvalidRequest, "%s must be a JSON object, as Linear's API takes it", name)
	}
	return f, nil
}
