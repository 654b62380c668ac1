package ticketing

import (
	"cmp"
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/internal/wording"
)

// Hit is one result of a search.
type Hit struct {
	ID               string          `json:"id"`
	Title            string          `json:"title"`
	Description      *string         `json:"description" doc:"At most 280 characters."`
	Type             string          `json:"type" enum:"ticket,collection,document"`
	URLs             []HitURL        `json:"urls"`
	Meta             HitMeta         `json:"meta"`
	CreatedAt        *time.Time      `json:"created_at"`
	UpdatedAt        *time.Time      `json:"updated_at"`
	Children         []any           `json:"children"`
	RelatedResources []any           `json:"related_resources"`
	RemoteData       json.RawMessage `json:"remote_data,omitempty"`
}

// HitURL is where a hit can be read.
type HitURL struct {
	URL          string `json:"url"`
	Type         string `json:"type" enum:"web,truto_api"`
	UnifiedModel string `json:"unified_model"`
	Resource     string `json:"resource"`

	FileName *string `json:"file_name" doc:"Null: no hit is a file."`
	MIMEType *string `json:"mime_type"`
}

// HitMeta is what a list of hits shows.
type HitMeta struct {
	Number   string    `json:"number"`
	Status   *Status   `json:"status"`
	Priority *Priority `json:"priority"`
	Team     *TeamRef  `json:"team"`
	Assignee *Person   `json:"assignee"`
	Score    float64   `json:"score" doc:"From 0 to 1: how much the title is like what was looked for. A short name has 1."`
	Degraded bool      `json:"degraded" doc:"Whether the search was a plain filter, because Linear's searches of this minute are used up."`
}

// Linear allows 30 searches a minute; some are left for others.
func searchRate() Rate { return Rate{25, time.Minute} }

const searchTTL = 30 * time.Second

// found is what a search brought.
type found struct {
	nodes    []linearapi.Node[linearapi.Issue]
	info     linearapi.PageInfo
	total    *int
	degraded bool
}

// find searches issues. A short name or an address is looked up instead, which
// costs no search. Once the minute's searches are used up, it filters instead.
func (c *call) find(term string, q linearapi.IssueQuery, teamID string) (*found, error) {
	return c.findIn(linearapi.IssueSearch{Term: term, TeamID: teamID, NoJSON: true, IssueQuery: q})
}

// findIn is find, in comments as well and with Linear's own objects, if wanted.
func (c *call) findIn(s linearapi.IssueSearch) (*found, error) {
	s.Term = strings.Join(strings.Fields(s.Term), " ")
	term, q := s.Term, s.IssueQuery
	filterText, err := json.Marshal([]any{q, s.TeamID, s.Comments, s.NoJSON})
	if err != nil {
		return nil, err
	}
	key := cacheKey(c.conn.ID, kindSearch, strings.ToLower(term), string(filterText))
	return rememberWhole(c, key, searchTTL, func() (*found, error) {
		client, err := c.client()
		if err != nil {
			return nil, err
		}
		if ref, _ := issueRef(term); isIdentifier(ref) && q.After == "" && q.Before == "" {
			n, err := client.IssueNode(c.ctx, ref)
			if err == nil {
				one := 1
				return &found{nodes: []linearapi.Node[linearapi.Issue]{*n}, total: &one}, nil
			}
			if adapter.CodeOf(err) != adapter.CodeNotFound {
				return nil, err
			}
		}
		_, wait := c.api.limits.spend("s:"+c.conn.ID, searchRate())
		if wait == 0 {
			got, err := client.SearchIssueNodes(c.ctx, s)
			if err == nil {
				total := int(got.Total)
				return &found{nodes: got.Nodes, info: got.Info, total: &total}, nil
			}
			if adapter.CodeOf(err) != adapter.CodeRateLimited {
				return nil, err
			}
		}
		conditions := []linearapi.Filter{}
		if q.Filter != nil {
			conditions = append(conditions, q.Filter)
		}
		for word := range strings.FieldsSeq(term) {
			conditions = append(conditions, linearapi.Filter{"searchableContent": linearapi.Filter{"contains": word}})
		}
		q.Filter = and(conditions)
		got, err := client.IssueNodes(c.ctx, linearapi.IssueNodeQuery{NoJSON: s.NoJSON, IssueQuery: q})
		if err != nil {
			return nil, err
		}
		return &found{nodes: got.Nodes, info: got.Info, degraded: true}, nil
	})
}

// searchModes are how tickets are searched: by their words, by their meaning, or by
// their meaning if no ticket has the words.
func searchModes() []string { return []string{"keyword", "semantic", "auto"} }

// meaning searches issues by meaning. It has no pages.
func (c *call) meaning(term string, q linearapi.IssueQuery) (*found, error) {
	filterText, err := json.Marshal(q.Filter)
	if err != nil {
		return nil, err
	}
	key := cacheKey(c.conn.ID, kindSearch, "meaning", strings.ToLower(term), string(filterText), strconv.FormatBool(q.IncludeArchived), strconv.Itoa(q.First))
	return rememberWhole(c, key, searchTTL, func() (*found, error) {
		if _, wait := c.api.limits.spend("s:"+c.conn.ID, searchRate()); wait > 0 {
			return nil, tooMany(wait, "Linear's searches of this minute are used up: wait, or search with mode=keyword")
		}
		client, err := c.client()
		if err != nil {
			return nil, err
		}
		nodes, err := client.SemanticSearchIssueNodes(c.ctx, linearapi.SemanticQuery{
			Query: term, Filter: q.Filter, IncludeArchived: q.IncludeArchived, Limit: q.First,
		})
		if err != nil {
			return nil, err
		}
		total := len(nodes)
		return &found{nodes: nodes, total: &total}, nil
	})
}

// findBy searches issues in the mode that the request names.
func (c *call) findBy(mode, term string, q linearapi.IssueQuery, remote bool) (*found, error) {
	if mode == "semantic" {
		if q.After != "" || q.Last > 0 {
			return nil, badRequest(codeInvalidCursor, "a search by meaning has one page")
		}
		return c.meaning(term, q)
	}
	f, err := c.findIn(linearapi.IssueSearch{
		Term: term, TeamID: c.q.get("prefer_team_id"), Comments: slices.Contains(c.q.all("types"), "comment"), NoJSON: !remote, IssueQuery: q,
	})
	if err != nil || mode != "auto" || len(f.nodes) > 0 || q.After != "" || q.Last > 0 {
		return f, err
	}
	near, err := c.meaning(term, q)
	if err != nil {
		c.notes = append(c.notes, "no ticket has these words, and the search by meaning failed: "+problemOf(err).message)
		return f, nil
	}
	return near, nil
}

// checkSearch rejects parameters that the search would not follow.
func (c *call) checkSearch() error {
	types, mode, team := c.q.all("types"), c.q.get("mode"), c.q.get("prefer_team_id")
	if i := slices.IndexFunc(types, func(t string) bool { return !slices.Contains(searchTypes(), t) }); i >= 0 {
		return badRequest(codeInvalidRequest, "types are %s, and not %s", strings.Join(searchTypes(), ", "), quoteID(types[i]))
	}
	if mode != "" && !slices.Contains(searchModes(), mode) {
		return badRequest(codeInvalidRequest, "mode is one of %s", strings.Join(searchModes(), ", "))
	}
	if mode == "semantic" && (team != "" || slices.Contains(types, "comment")) {
		return badRequest(codeInvalidRequest, "a search by meaning has no prefer_team_id and no type comment: leave them out, or take mode=auto")
	}
	if !slices.Contains(searchStages(c), findTickets) && (mode != "" && mode != "keyword" || team != "") {
		return badRequest(codeInvalidRequest, "mode and prefer_team_id are for tickets: leave them out, or add ticket to types")
	}
	return nil
}

func searchListing() *listing {
	return &listing{resource: "search", filters: ticketFilters(), stages: searchStages, archives: true, price: priceTicket, fetch: func(c *call, r request) (*part, error) {
		term := c.q.get("q", "query")
		if strings.TrimSpace(term) == "" {
			return nil, invalidField("q", "required", "is required: the words to look for")
		}
		if len(term) > 1000 {
			return nil, invalidField("q", "too_long", "must be at most 1000 bytes")
		}
		if err := c.checkSearch(); err != nil {
			return nil, err
		}
		if r.stage != findTickets {
			return c.findOther(term, r)
		}
		f, err := c.findBy(cmp.Or(c.q.get("mode"), "keyword"), term, linearapi.IssueQuery{Filter: and(r.conditions), IncludeArchived: r.archived, PageArgs: r.page}, r.remote)
		if err != nil {
			return nil, err
		}
		out, like := &part{info: f.info, total: f.total}, likenessTo(term)
		for i := range f.nodes {
			t := ticket(&f.nodes[i], nil, nil)
			out.items = append(out.items, item{id: t.ID, value: c.hit(like, t, f.degraded), remote: f.nodes[i].JSON})
		}
		return out, nil
	}}
}

func (c *call) hit(like *likeness, t *Ticket, degraded bool) *Hit {
	score := like.score(t.Number, t.Name)
	h := &Hit{
		ID: t.ID, Title: t.Name, Type: "ticket", CreatedAt: t.CreatedAt, UpdatedAt: t.UpdatedAt, Children: []any{}, RelatedResources: []any{},
		Meta: HitMeta{Number: t.Number, Status: t.Status, Priority: &t.Priority, Team: t.Team, Score: score, Degraded: degraded},
		URLs: []HitURL{
			{URL: t.URL, Type: "web", UnifiedModel: "ticketing", Resource: "tickets"},
			{URL: c.api.cfg.Prefix + "/unified/ticketing/tickets/" + t.ID, Type: "truto_api", UnifiedModel: "ticketing", Resource: "tickets"},
		},
	}
	if t.Description != nil {
		h.Description = text(wording.Clip(*t.Description, 280))
	}
	if len(t.Assignees) > 0 {
		h.Meta.Assignee = &t.Assignees[0]
	}
	return h
}

// Duplicate is a ticket that may say the same.
type Duplicate struct {
	Ticket *Ticket `json:"ticket"`
	Score  float64 `json:"score" doc:"From 0 to 1."`
	Reason string  `json:"reason"`
}

// similar is the score from which a ticket counts as a duplicate.
const similar = 0.5

// duplicates looks for open tickets that say the same.
func (c *call) duplicates(title, description, team string) ([]Duplicate, error) {
	words := keywords(title)
	if len(words) == 0 {
		return nil, nil
	}
	open := linearapi.Filter{"state": linearapi.Filter{"type": linearapi.Filter{"nin": []string{"completed", "canceled", "duplicate"}}}}
	seen := map[string]*linearapi.Node[linearapi.Issue]{}
	// The whole title first; then its most telling words, since Linear wants
	// all words of a search.
	for _, term := range []string{title, strings.Join(words[:min(3, len(words))], " ")} {
		got, err := c.find(term, linearapi.IssueQuery{Filter: open, PageArgs: linearapi.PageArgs{First: 25}}, team)
		if err != nil {
			return nil, err
		}
		for i := range got.nodes {
			seen[got.nodes[i].Value.ID] = &got.nodes[i]
		}
	}
	// What says the same in other words; not every workspace has this search.
	if near, err := c.meaning(strings.TrimSpace(title+"\n"+wording.Clip(description, 1000)), linearapi.IssueQuery{Filter: open, PageArgs: linearapi.PageArgs{First: 10}}); err == nil {
		for i := range near.nodes {
			seen[near.nodes[i].Value.ID] = &near.nodes[i]
		}
	}
	out, byTitle, byText := []Duplicate{}, likenessTo(title), likenessTo(description)
	for _, n := range seen {
		score := byTitle.of(n.Value.Title)
		reason := "similar title"
		if n.Value.Description != "" && description != "" && byText.of(n.Value.Description) > 0.8 {
			score, reason = math.Max(score, 0.8), "similar description"
		}
		if strings.EqualFold(strings.TrimSpace(title), strings.TrimSpace(n.Value.Title)) {
			score, reason = 1, "same title"
		}
		if score >= similar {
			out = append(out, Duplicate{ticket(n, nil, nil), math.Round(score*100) / 100, reason})
		}
	}
	slices.SortFunc(out, func(x, y Duplicate) int {
		return cmp.Or(cmp.Compare(y.Score, x.Score), strings.Compare(x.Ticket.Number, y.Ticket.Number))
	})
	return out[:min(10, len(out))], nil
}

// keywords are the words of a title, the longest first.
func keywords(s string) []string {
	words := strings.FieldsFunc(strings.ToLower(wording.Clip(s, 300)), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	words = slices.DeleteFunc(words, func(w string) bool { return utf8.RuneCountInString(w) < 3 })
	slices.SortStableFunc(words, func(x, y string) int { return len(y) - len(x) })
	return words
}

// findDuplicates answers GET and POST /tickets/duplicates.
func findDuplicates(c *call) (*reply, error) {
	title, description, team := c.q.get("title", "name"), c.q.get("description"), c.q.get("team_id", "team[id]")
	if c.input != nil {
		title, _, _ = c.input.text(maxTitle, "title", "name")
		description, _, _ = c.input.text(maxText, "description")
		team, _, _ = c.input.ref("team")
	}
	if strings.TrimSpace(title) == "" {
		return nil, invalidField("title", "required", "is required")
	}
	out, err := c.duplicates(title, description, team)
	if err != nil {
		return nil, err
	}
	if out == nil {
		out = []Duplicate{}
	}
	return &reply{status: http.StatusOK, body: Result{out}}, nil
}
