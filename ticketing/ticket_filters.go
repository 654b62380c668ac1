package ticketing

import (
	"strconv"
	"strings"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// ticketFilters are the filters of tickets. Each has its counterpart in
// Linear, but for conversation[id], which only this API knows.
func ticketFilters() []*filter {
	return []*filter{
		{name: "id", also: []string{"ids"}, kind: ofID, path: "id"},
		{name: "number", make: filterNumber, doc: "Short name, for example ENG-12, or the number in it."},
		{name: "name", also: []string{"title"}, kind: ofText, path: "title"},
		{name: "description", kind: ofText, path: "description", nullable: true},
		{name: "text", make: filterText, doc: "Words in title, description and comments."},
		{name: "status[id]", kind: ofID, path: "state.id"},
		{name: "status[name]", make: filterStatus, doc: "open, active, pending, completed, closed, or what a team calls it."},
		{name: "status[type]", kind: ofText, path: "state.type"},
		{name: "priority", make: filterPriority, doc: "0 to 4, or none, urgent, high, medium, low."},
		{name: "assignee[id]", also: []string{"assignees", "assignees[id]"}, make: filterPerson("assignee"), nullable: true, path: "assignee", doc: "An id, me or null."},
		{name: "assignee[email]", kind: ofText, path: "assignee.email"},
		{name: "created_by[id]", kind: ofID, path: "creator.id", nullable: true},
		{name: "delegate[id]", kind: ofID, path: "delegate.id", nullable: true},
		{name: "subscriber[id]", kind: ofID, path: "subscribers.id"},
		{name: "team[id]", kind: ofID, path: "team.id"},
		{name: "team[key]", kind: ofText, path: "team.key"},
		{name: "collection[id]", also: []string{"collections", "collections[id]"}, make: filterCollection},
		{name: "collection[type]", also: []string{"collections[type]"}, make: filterCollectionType, doc: "project, iteration, milestone or initiative: the tickets that are in one."},
		{name: "project[id]", kind: ofID, path: "project.id", nullable: true},
		{name: "cycle", make: filterCycle, doc: "current, next, previous, null, or an id."},
		{name: "tag[id]", also: []string{"tags", "tags[id]"}, kind: ofID, path: "labels.id"},
		{name: "tag[name]", also: []string{"tags[name]"}, kind: ofText, path: "labels.name"},
		{name: "ticket_type[id]", kind: ofID, path: "labels.id"},
		{name: "tags[all]", make: filterAllTags},
		{name: "parent_ticket[id]", kind: ofID, path: "parent.id", nullable: true},
		{name: "has_parent", make: filterExists("parent")},
		{name: "estimate", kind: ofNumber, path: "estimate", nullable: true},
		{name: "due_date", kind: ofDay, path: "dueDate", nullable: true},
		{name: "created_at", kind: ofTime, path: "createdAt"},
		{name: "updated_at", kind: ofTime, path: "updatedAt"},
		{name: "started_at", kind: ofTime, path: "startedAt", nullable: true},
		{name: "completed_at", kind: ofTime, path: "completedAt", nullable: true},
		{name: "canceled_at", kind: ofTime, path: "canceledAt", nullable: true},
		{name: "closed_at", make: filterClosed, doc: "Completed or canceled. Operators, as closed_at[op]: gt, gte, lt, lte, null."},
		{name: "archived_at", kind: ofTime, path: "archivedAt", nullable: true},
		{name: "triaged_at", kind: ofTime, path: "triagedAt", nullable: true},
		{name: "sla_status", kind: ofText, path: "slaStatus"},
		{name: "has_attachment_url", kind: ofText, path: "attachments.url"},
		{name: "conversation[id]", make: filterConversation},
		{name: "account[id]", kind: ofID, path: "needs.customer.id"},
		{name: "relation", make: filterRelation, doc: "blocked, blocking, duplicate or related."},
		{name: "is_archived", make: filterExists("archivedAt")},
		{name: "workspace[id]", make: filterWorkspace},
	}
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func filterNumber(_ *call, op string, values []string) (linearapi.Filter, error) {
	if op != "eq" && op != "in" {
		f := &filter{name: "number", kind: ofNumber, path: "number"}
		return f.build(nil, op, values)
	}
	var either []linearapi.Filter
	for _, v := range values {
		key, n, named := strings.Cut(v, "-")
		if !named {
			n = v
		}
		num, err := strconv.Atoi(n)
		if err != nil {
			return nil, badRequest(codeInvalidRequest, "number must be like ENG-12 or 12")
		}
		f := linearapi.Filter{"number": linearapi.Filter{"eq": num}}
		if named {
			f["team"] = linearapi.Filter{"key": linearapi.Filter{"eq": strings.ToUpper(key)}}
		}
		either = append(either, f)
	}
	return or(either), nil
}

func or(either []linearapi.Filter) linearapi.Filter {
	if len(either) == 1 {
		return either[0]
	}
	return linearapi.Filter{"or": either}
}

func filterText(_ *call, op string, values []string) (linearapi.Filter, error) {
	if op != "eq" && op != "contains" {
		return nil, badRequest(codeInvalidRequest, "text has no operator %q", op)
	}
	return nest("searchableContent", linearapi.Filter{"contains": values[0]}), nil
}

func filterStatus(_ *call, op string, values []string) (linearapi.Filter, error) {
	if op != "eq" && op != "in" {
		f := &filter{name: "status[name]", kind: ofText, path: "state.name"}
		return f.build(nil, op, values)
	}
	var either []linearapi.Filter
	for _, v := range values {
		if types := typesOf(v); types != nil {
			either = append(either, nest("state.type", linearapi.Filter{"in": types}))
			continue
		}
		either = append(either, nest("state.name", linearapi.Filter{"eqIgnoreCase": v}))
	}
	return or(either), nil
}

func filterPriority(_ *call, op string, values []string) (linearapi.Filter, error) {
	out := make([]string, len(values))
	for i, v := range values {
		n, known := priorityOf(v)
		if !known {
			return nil, badRequest(codeInvalidRequest, "priority must be 0 to 4, none, urgent, high, medium or low")
		}
		out[i] = strconv.Itoa(n)
	}
	f := &filter{name: "priority", kind: ofNumber, path: "priority"}
	return f.build(nil, op, out)
}

// priorityOf reads a number or a word.
func priorityOf(v string) (int, bool) {
	v = strings.ToLower(strings.TrimSpace(v))
	if v == "normal" {
		v = "medium"
	}
	for i, p := range priorities() {
		if v == p.ID || v == p.Level || v == strings.ToLower(p.Name) {
			return i, true
		}
	}
	return 0, false
}

func filterPerson(field string) func(*call, string, []string) (linearapi.Filter, error) {
	return func(_ *call, op string, values []string) (linearapi.Filter, error) {
		if len(values) == 1 && values[0] == "me" && op == "eq" {
			return nest(field+".isMe", linearapi.Filter{"eq": true}), nil
		}
		f := &filter{name: field, kind: ofID, path: field + ".id"}
		return f.build(nil, op, values)
	}
}

func filterExists(field string) func(*call, string, []string) (linearapi.Filter, error) {
	return func(_ *call, op string, values []string) (linearapi.Filter, error) {
		on, err := strconv.ParseBool(values[0])
		if err != nil || op != "eq" {
			return nil, badRequest(codeInvalidRequest, "this filter takes true or false")
		}
		return linearapi.Filter{field: linearapi.Filter{"null": !on}}, nil
	}
}

// filterClosed compares the time at which a ticket was completed or canceled: a
// ticket has at most one of the two.
func filterClosed(_ *call, op string, values []string) (linearapi.Filter, error) {
	if op == "null" || op == "eq" && values[0] == "null" {
		open := op != "null" || values[0] != "false"
		either := []linearapi.Filter{nest("completedAt", linearapi.Filter{"null": open}), nest("canceledAt", linearapi.Filter{"null": open})}
		if open {
			return and(either), nil
		}
		return or(either), nil
	}
	var either []linearapi.Filter
	for _, path := range []string{"completedAt", "canceledAt"} {
		built, err := (&filter{name: "closed_at", kind: ofTime, path: path}).build(nil, op, values)
		if err != nil {
			return nil, err
		}
		either = append(either, built)
	}
	if op == "ne" || op == "nin" {
		return and(either), nil
	}
	return or(either), nil
}

func filterCollection(_ *call, op string, values []string) (linearapi.Filter, error) {
	if op != "eq" && op != "in" {
		return nil, badRequest(codeInvalidRequest, "collection has no operator %q", op)
	}
	in := linearapi.Filter{"in": values}
	return or([]linearapi.Filter{
		nest("project.id", in), nest("cycle.id", in), nest("projectMilestone.id", in), nest("project.initiatives.some.id", in),
	}), nil
}

// filterCollectionType selects the tickets that are in some collection of a type.
func filterCollectionType(_ *call, op string, values []string) (linearapi.Filter, error) {
	if op != "eq" && op != "in" {
		return nil, badRequest(codeInvalidRequest, "collection[type] has no operator %q", op)
	}
	paths := map[string]string{
		"project": "project", "iteration": "cycle", "cycle": "cycle", "milestone": "projectMilestone", "initiative": "project.initiatives.some.id",
	}
	var either []linearapi.Filter
	for _, v := range values {
		path, known := paths[strings.ToLower(v)]
		switch {
		case !known:
			return nil, badRequest(codeInvalidRequest, "collection[type] must be project, iteration, milestone or initiative")
		case path == paths["initiative"]:
			either = append(either, nest(path, linearapi.Filter{"nin": []string{}}))
		default:
			either = append(either, nest(path, linearapi.Filter{"null": false}))
		}
	}
	return or(either), nil
}

func filterCycle(_ *call, op string, values []string) (linearapi.Filter, error) {
	if op != "eq" {
		return nil, badRequest(codeInvalidRequest, "cycle has no operator %q", op)
	}
	is := linearapi.Filter{"eq": true}
	switch values[0] {
	case "current", "active":
		return nest("cycle.isActive", is), nil
	case "next":
		return nest("cycle.isNext", is), nil
	case "previous":
		return nest("cycle.isPrevious", is), nil
	case "null":
		return nest("cycle", linearapi.Filter{"null": true}), nil
	default:
		return nest("cycle.id", linearapi.Filter{"in": values}), nil
	}
}

func filterAllTags(_ *call, op string, values []string) (linearapi.Filter, error) {
	if op != "eq" && op != "in" {
		return nil, badRequest(codeInvalidRequest, "tags[all] has no operator %q", op)
	}
	var all []linearapi.Filter
	for _, v := range values {
		all = append(all, linearapi.Filter{"labels": linearapi.Filter{"some": linearapi.Filter{"id": linearapi.Filter{"eq": v}}}})
	}
	return and(all), nil
}

func filterRelation(_ *call, op string, values []string) (linearapi.Filter, error) {
	if op != "eq" || len(values) != 1 {
		return nil, badRequest(codeInvalidRequest, "relation takes one value and no operator")
	}
	names := map[string]string{
		"blocked": "hasBlockedByRelations", "blocking": "hasBlockingRelations", "duplicate": "hasDuplicateRelations", "related": "hasRelatedRelations",
	}
	name, known := names[values[0]]
	if !known {
		return nil, badRequest(codeInvalidRequest, "relation must be blocked, blocking, duplicate or related")
	}
	return nest(name, linearapi.Filter{"eq": true}), nil
}

// filterConversation finds the tickets of a conversation in the links that are
// kept here.
func filterConversation(c *call, op string, values []string) (linearapi.Filter, error) {
	if op != "eq" && op != "in" {
		return nil, badRequest(codeInvalidRequest, "conversation has no operator %q", op)
	}
	ids := []string{}
	for _, v := range values {
		links, err := c.api.links.of(c.ctx, c.conn.ID, c.account(), v)
		if err != nil {
			return nil, err
		}
		for _, l := range links {
			ids = append(ids, l.IssueID)
		}
	}
	return nest("id", linearapi.Filter{"in": ids}), nil
}
