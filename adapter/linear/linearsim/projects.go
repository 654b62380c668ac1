package linearsim

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// AddProject adds a project in the state planned and returns its id.
func (w *Workspace) AddProject(name string) string {
	s := w.srv
	s.mu.Lock()
	defer s.unlock()
	return w.addThing("Project", s.newID(), map[string]any{
		"name": name, "slugId": slug(name), "url": w.address("/project/" + slug(name)), "status": w.projectStatus("planned"),
	}).id
}

// AddCycle adds a cycle of two weeks that begins at a time and returns its id.
// Cycles of a team are numbered from 1.
func (t *Team) AddCycle(name string, starts time.Time) string {
	s := t.ws.srv
	s.mu.Lock()
	defer s.unlock()
	return t.ws.addThing("Cycle", s.newID(), map[string]any{
		"name": opt(name), "number": 1 + len(where(t.ws.things["Cycle"], func(c *thing) bool { return c.is("team", t) })),
		"startsAt": starts, "endsAt": starts.AddDate(0, 0, 14), "team": t,
	}).id
}

// during reports whether it is between two times now.
func (s *Server) during(starts, ends time.Time) bool {
	now := s.now()
	return !now.Before(starts) && now.Before(ends)
}

func projectQueries() map[string]operation {
	return map[string]operation{"searchIssues": searchIssues, "semanticSearch": semanticSearch}
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
		hit := r.srv.filters.issue.match(r, a.object("filter"), i) && (!a.set("teamId") || i.Team.ID == a.text("teamId"))
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

// semanticSearch stands in for the search by meaning: it finds the issues that
// share a word of four letters or more with the query, those with the most first.
func semanticSearch(r *request, a args) (any, error) {
	wanted := map[string]bool{}
	for _, w := range wordsOf(a.text("query")) {
		wanted[w] = true
	}
	types := a.texts("types")
	type hit struct {
		issue *Issue
		score int
	}
	var hits []hit
	for _, i := range issuesWhere(r.ws, a.flag("includeArchived"), func(*Issue) bool { return true }) {
		if len(types) > 0 && !slices.Contains(types, "issue") || !r.srv.filters.issue.match(r, a.object("filters").object("issues"), i) {
			continue
		}
		shared := map[string]bool{}
		for _, w := range wordsOf(i.title + " " + i.description) {
			if wanted[w] {
				shared[w] = true
			}
		}
		if len(shared) > 0 {
			hits = append(hits, hit{i, len(shared)})
		}
	}
	slices.SortStableFunc(hits, func(x, y hit) int { return y.score - x.score })
	most := len(hits)
	if n, has := a.number("maxResults"); has {
		most = min(most, max(int(n), 0))
	}
	results := []any{}
	for _, h := range hits[:most] {
		results = append(results, payload{"SemanticSearchResult", map[string]any{"id": h.issue.ID, "type": "issue", "issue": h.issue}})
	}
	return payload{"SemanticSearchPayload", map[string]any{"enabled": true, "results": results}}, nil
}

// wordsOf returns the words that carry meaning.
func wordsOf(text string) []string {
	words := strings.FieldsFunc(strings.ToLower(text), func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) })
	return slices.DeleteFunc(words, func(w string) bool { return utf8.RuneCountInString(w) < 4 })
}

// searchResult is an issue that was found.
type searchResult struct{ *Issue }

func (searchResult) typename() string { return "IssueSearchResult" }

func (s searchResult) field(r *request, name string, a args) (any, error) {
	if name == "metadata" {
		return map[string]any{}, nil
	}
	return s.Issue.field(r, name, a)
}

// projectChange sets project, milestone and cycle of an issue from an input.
func (r *request) projectChange(next *issueFields, in args) error {
	for _, f := range []struct {
		name, typ string
		to        **thing
	}{
		{"projectId", "Project", &next.project},
		{"projectMilestoneId", "ProjectMilestone", &next.milestone},
		{"cycleId", "Cycle", &next.cycle},
	} {
		if !in.has(f.name) {
			continue
		}
		*f.to = nil
		if id := in.text(f.name); id != "" {
			found, err := findThing(r.ws.things[f.typ], f.typ, id)
			if err != nil {
				return err
			}
			*f.to = found
		}
	}
	return nil
}
