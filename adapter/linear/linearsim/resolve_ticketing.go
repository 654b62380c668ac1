package linearsim

import (
	"cmp"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// AddMilestone adds a milestone to a project and returns its id, or "" if the
// workspace has no such project.
func (w *Workspace) AddMilestone(projectID, name string) string {
	w.srv.mu.Lock()
	defer w.srv.unlock()
	p, err := findThing(w.projects, "Project", projectID)
	if err != nil {
		return ""
	}
	m := w.srv.newThing("ProjectMilestone", uuid.NewString(), map[string]any{
		"name": name, "description": nil, "progress": 0.0, "targetDate": nil, "project": p,
	})
	w.milestones = append(w.milestones, m)
	return m.id
}

func ticketingQueries() map[string]operation {
	return map[string]operation{
		"attachment": func(r *request, a args) (any, error) {
			return findThing(r.ws.attachments, "Attachment", a.text("id"))
		},
		"attachments": func(r *request, a args) (any, error) {
			return page(r, "Attachment", a, r.ws.attachments, r.srv.things.attachment)
		},
		"projectMilestones": func(r *request, a args) (any, error) {
			return page(r, "ProjectMilestone", a, r.ws.milestones, r.srv.things.milestone)
		},
		"issues": func(r *request, a args) (any, error) {
			all := issuesWhere(r.ws, a.flag("includeArchived"), func(*Issue) bool { return true })
			if sort := a.list("sort"); len(sort) > 0 {
				return sortedPage(r, a, all, sort)
			}
			return page(r, "Issue", a, all, r.srv.filters.issue)
		},
	}
}

func ticketingMutations() map[string]operation {
	return map[string]operation{
		"issueLabelUpdate": func(r *request, a args) (any, error) {
			l, err := r.ws.findLabel(a.text("id"))
			if err != nil {
				return nil, err
			}
			in := a.object("input")
			l.Name = cmp.Or(in.text("name"), l.Name)
			l.Color = cmp.Or(in.text("color"), l.Color)
			if in.has("description") {
				l.description = in.text("description")
			}
			l.updatedAt = r.srv.now()
			return r.done("IssueLabelPayload", "issueLabel", l), nil
		},
		"issueLabelDelete": func(r *request, a args) (any, error) {
			l, err := r.ws.findLabel(a.text("id"))
			if err != nil {
				return nil, err
			}
			r.ws.labels = slices.DeleteFunc(slices.Clone(r.ws.labels), func(o *Label) bool { return o == l })
			for _, i := range r.ws.issues {
				i.labels = slices.DeleteFunc(slices.Clone(i.labels), func(o *Label) bool { return o == l })
			}
			return r.done("DeletePayload", "entityId", l.ID), nil
		},
	}
}

// sortedPage answers issues in an order of the caller's. A cursor names the
// issue that it came from, so it keeps its place while others are added.
func sortedPage(r *request, a args, all []*Issue, by []any) (any, error) {
	kept := slices.DeleteFunc(all, func(i *Issue) bool { return !r.srv.filters.issue.match(r, a.object("filter"), i) })
	slices.SortStableFunc(kept, func(x, y *Issue) int {
		for _, raw := range by {
			for name, order := range asArgs(raw) {
				c := compareIssues(name, x, y)
				if asArgs(order).text("order") == "Descending" {
					c = -c
				}
				if c != 0 {
					return c
				}
			}
		}
		return x.seq - y.seq
	})
	size, backward, err := pageSize(a)
	if err != nil {
		return nil, err
	}
	from, to := 0, len(kept)
	place := func(cursor string) int {
		id, _ := base64.RawURLEncoding.DecodeString(cursor)
		return slices.IndexFunc(kept, func(i *Issue) bool { return i.ID == strings.TrimPrefix(string(id), "id:") })
	}
	if c := a.text("after"); c != "" {
		at := place(c)
		if at < 0 {
			return nil, invalidArgument("cursor is not valid")
		}
		from = at + 1
	}
	if c := a.text("before"); c != "" {
		if to = place(c); to < 0 {
			return nil, invalidArgument("cursor is not valid")
		}
	}
	if backward {
		from = max(from, to-size)
	} else {
		to = min(to, from+size)
	}
	from = min(from, to)
	return sortedConnection{connection[*Issue]{"Issue", kept[from:to], false, to < len(kept), from > 0}}, nil
}

// sortedConnection is a page whose cursors name issues.
type sortedConnection struct{ connection[*Issue] }

func (c sortedConnection) field(r *request, name string, a args) (any, error) {
	if name != "pageInfo" {
		return c.connection.field(r, name, a)
	}
	info := map[string]any{"hasNextPage": c.next, "hasPreviousPage": c.previous, "startCursor": nil, "endCursor": nil}
	if n := len(c.items); n > 0 {
		info["startCursor"] = base64.RawURLEncoding.EncodeToString([]byte("id:" + c.items[0].ID))
		info["endCursor"] = base64.RawURLEncoding.EncodeToString([]byte("id:" + c.items[n-1].ID))
	}
	return payload{"PageInfo", info}, nil
}

func compareIssues(by string, x, y *Issue) int {
	name := func(u *User) string {
		if u == nil {
			return "\xff"
		}
		return u.Name
	}
	estimate := func(i *Issue) float64 { n, _ := number(i.estimate); return n }
	switch by {
	case "title":
		return strings.Compare(strings.ToLower(x.title), strings.ToLower(y.title))
	case "priority":
		return x.priority - y.priority
	case "createdAt":
		return x.createdAt.Compare(y.createdAt)
	case "updatedAt":
		return x.updatedAt.Compare(y.updatedAt)
	case "completedAt":
		return x.completedAt.Compare(y.completedAt)
	case "dueDate":
		return strings.Compare(x.dueDate, y.dueDate)
	case "estimate":
		return cmp.Compare(estimate(x), estimate(y))
	case "workflowState":
		return x.state.position - y.state.position
	case "assignee":
		return strings.Compare(name(x.assignee), name(y.assignee))
	}
	return 0
}

// addTicketingFilters adds what the ticketing API filters by.
func (s *Server) addTicketingFilters() {
	f, t := s.filters, s.things
	text := func(name string) func(*request, args, *thing) bool {
		return func(_ *request, c args, v *thing) bool { s, _ := v.values[name].(string); return matchText(c, s) }
	}
	id := func(_ *request, c args, v *thing) bool { return matchID(c, v.id) }
	t.attachment = &filter[*thing]{map[string]func(*request, args, *thing) bool{"id": id, "title": text("title"), "url": text("url")}}
	t.milestone = &filter[*thing]{map[string]func(*request, args, *thing) bool{
		"id": id, "name": text("name"),
		"project": func(r *request, c args, v *thing) bool {
			p, _ := v.values["project"].(*thing)
			return optional(t.project, r, c, p)
		},
	}}
	at := func(get func(*Issue) time.Time) func(*request, args, *Issue) bool {
		return func(r *request, c args, i *Issue) bool {
			v := get(i)
			if v.IsZero() {
				return absent(c)
			}
			return c["null"] != true && matchTime(r, c, v)
		}
	}
	f.issue.tests["startedAt"] = at(func(i *Issue) time.Time { return i.startedAt })
	f.issue.tests["completedAt"] = at(func(i *Issue) time.Time { return i.completedAt })
	f.issue.tests["canceledAt"] = at(func(i *Issue) time.Time { return i.canceledAt })
	f.issue.tests["project"] = func(r *request, c args, i *Issue) bool { return optional(t.project, r, c, i.project) }
	f.issue.tests["cycle"] = func(r *request, c args, i *Issue) bool { return optional(t.cycle, r, c, i.cycle) }
	f.issue.tests["searchableContent"] = func(_ *request, c args, i *Issue) bool {
		text := strings.ToLower(i.Identifier + " " + i.title + " " + i.description)
		return (!c.set("contains") || strings.Contains(text, strings.ToLower(c.text("contains")))) &&
			(!c.set("notContains") || !strings.Contains(text, strings.ToLower(c.text("notContains"))))
	}
	f.issue.tests["attachments"] = func(r *request, c args, i *Issue) bool {
		own := where(i.Team.ws.attachments, func(v *thing) bool { return v.is("issue", i) })
		if c.set("length") && !matchNumber(c.object("length"), float64(len(own))) {
			return false
		}
		rest := args{}
		for k, v := range c {
			if k != "length" {
				rest[k] = v
			}
		}
		return len(rest) == 0 || slices.ContainsFunc(own, func(v *thing) bool { return t.attachment.match(r, rest, v) })
	}
	f.label.tests["team"] = func(r *request, c args, l *Label) bool { return optional(f.team, r, c, l.team) }
}

// Issue returns the issue with an id or a short name, or nil.
func (w *Workspace) Issue(id string) *Issue {
	w.srv.mu.Lock()
	defer w.srv.mu.Unlock()
	i, err := w.findIssue(id)
	if err != nil {
		return nil
	}
	return i
}
