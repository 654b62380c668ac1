package linearsim

import (
	"strings"
	"time"

	"github.com/google/uuid"
)

// AddProject adds a project in the state planned and returns its id.
func (w *Workspace) AddProject(name string) string {
	w.srv.mu.Lock()
	defer w.srv.unlock()
	p := w.srv.newThing("Project", uuid.NewString(), map[string]any{
		"name": name, "description": "", "slugId": slug(name), "progress": 0.0, "lead": nil,
		"startDate": nil, "targetDate": nil, "url": w.address("/project/" + slug(name)),
		"status": payload{"ProjectStatus", map[string]any{"id": uuid.NewString(), "name": "Planned", "type": "planned"}},
	})
	w.projects = append(w.projects, p)
	return p.id
}

// AddCycle adds a cycle of two weeks that begins at a time and returns its id.
// Cycles of a team are numbered from 1.
func (t *Team) AddCycle(name string, starts time.Time) string {
	s := t.ws.srv
	s.mu.Lock()
	defer s.unlock()
	ends := starts.AddDate(0, 0, 14)
	c := s.newThing("Cycle", uuid.NewString(), map[string]any{
		"name": opt(name), "number": 1 + len(where(t.ws.cycles, func(c *thing) bool { return c.is("team", t) })),
		"description": nil, "startsAt": starts, "endsAt": ends, "completedAt": nil, "progress": 0.0, "team": t,
		"isActive": answerer(func(r *request, _ args) (any, error) { return r.srv.during(starts, ends), nil }),
	})
	t.ws.cycles = append(t.ws.cycles, c)
	return c.id
}

// during reports whether it is between two times now.
func (s *Server) during(starts, ends time.Time) bool {
	now := s.now()
	return !now.Before(starts) && now.Before(ends)
}

func projectQueries() map[string]operation {
	return map[string]operation{
		"projects": func(r *request, a args) (any, error) {
			return page(r, "Project", a, r.ws.projects, r.srv.things.project)
		},
		"cycles": func(r *request, a args) (any, error) {
			return page(r, "Cycle", a, r.ws.cycles, r.srv.things.cycle)
		},
		"searchIssues": searchIssues,
	}
}

// searchIssues finds issues with every word of the term in the title or the
// description or, if asked for, in a comment.
func searchIssues(r *request, a args) (any, error) {
	words := strings.Fields(strings.ToLower(a.text("term")))
	var found []searchResult
	for _, i := range issuesWhere(r.ws, a.flag("includeArchived"), func(*Issue) bool { return true }) {
		texts := []string{i.Identifier, i.title, i.description}
		if a.flag("includeComments") {
			for _, c := range i.discussion() {
				texts = append(texts, c.body)
			}
		}
		text := strings.ToLower(strings.Join(texts, " "))
		hit := r.srv.filters.issue.match(r, a.object("filter"), i)
		for _, w := range words {
			hit = hit && strings.Contains(text, w)
		}
		if hit {
			found = append(found, searchResult{i})
		}
	}
	delete(a, "filter") // applied above
	nodes, err := page(r, "IssueSearchResult", a, found, nil)
	if err != nil {
		return nil, err
	}
	conn, ok := nodes.(connection[searchResult])
	if !ok {
		return nil, internalError("not a page")
	}
	info, err := conn.field(r, "pageInfo", nil)
	return payload{"IssueSearchPayload", map[string]any{"nodes": conn.items, "pageInfo": info, "totalCount": len(found)}}, err
}

// searchResult is an issue that was found.
type searchResult struct{ *Issue }

func (searchResult) typename() string { return "IssueSearchResult" }

// projectChange sets project and cycle of an issue from an input.
func (r *request) projectChange(next *issueFields, in args) error {
	for _, f := range []struct {
		name, typ string
		all       []*thing
		to        **thing
	}{
		{"projectId", "Project", r.ws.projects, &next.project},
		{"cycleId", "Cycle", r.ws.cycles, &next.cycle},
	} {
		if !in.has(f.name) {
			continue
		}
		*f.to = nil
		if id := in.text(f.name); id != "" {
			found, err := findThing(f.all, f.typ, id)
			if err != nil {
				return err
			}
			*f.to = found
		}
	}
	return nil
}
