package ticketing

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// ticketSorts are the keys that tickets can be sorted by, as Linear calls them.
func ticketSorts() map[string]string {
	return map[string]string{
		"created_at": "createdAt", "updated_at": "updatedAt", "completed_at": "completedAt", "due_date": "dueDate",
		"priority": "priority", "name": "title", "status": "workflowState", "assignee": "assignee", "estimate": "estimate",
		"team": "team", "collection": "project", "sla": "slaStatus", "customer_count": "customerCount", "manual": "manual",
	}
}

func ticketListing() *listing {
	l := &listing{resource: "tickets", filters: ticketFilters(), fetch: fetchTickets, expands: true, archives: true, orders: true, price: priceTicket}
	for name := range ticketSorts() {
		l.sorts = append(l.sorts, name)
	}
	slices.Sort(l.sorts)
	return l
}

func fetchTickets(c *call, r request) (*part, error) {
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	q := linearapi.IssueNodeQuery{NoJSON: !r.remote, IssueQuery: linearapi.IssueQuery{
		Filter: and(r.conditions), IncludeArchived: r.archived, ByUpdate: r.byUpdate, PageArgs: r.page,
	}}
	switch {
	case len(r.sort) == 1 && r.sort[0] == sortKey{"created_at", true}:
	case len(r.sort) == 1 && r.sort[0] == sortKey{"updated_at", true}:
		q.ByUpdate = true
	default:
		for _, k := range r.sort {
			order := "Ascending"
			if k.desc {
				order = "Descending"
			}
			q.Sort = append(q.Sort, linearapi.Filter{ticketSorts()[k.name]: linearapi.Filter{"order": order}})
		}
	}
	got, err := client.IssueNodes(c.ctx, q)
	if err != nil {
		return nil, err
	}
	return c.ticketPart(got)
}

func (c *call) ticketPart(got *linearapi.Page[linearapi.Node[linearapi.Issue]]) (*part, error) {
	space, err := c.workspace()
	if err != nil {
		return nil, err
	}
	out := &part{info: got.Info}
	all := make([]*Ticket, 0, len(got.Nodes))
	for i := range got.Nodes {
		t := ticket(&got.Nodes[i], &space.Organization, c.tagByID)
		all = append(all, t)
		out.items = append(out.items, item{id: t.ID, value: t, remote: got.Nodes[i].JSON})
	}
	return out, c.withTypes(all...)
}

// tagByID looks a tag up in the directory, for tickets with many of them.
func (c *call) tagByID(id string) *TagRef {
	all, err := c.directory()
	if err != nil {
		return nil
	}
	for _, l := range all.labels {
		if l.Value.ID == id {
			return &TagRef{l.Value.ID, l.Value.Name, text(l.Value.Color)}
		}
	}
	return nil
}

// issueRef finds the id or the short name in what a client calls a ticket: an
// id, a short name in any case, or the address of an issue.
func issueRef(s string) (ref, workspaceKey string) {
	s = strings.TrimSpace(s)
	if u, err := url.Parse(s); err == nil && u.Host != "" {
		parts := segments(u.Path)
		for i, p := range parts {
			if p == "issue" && i+1 < len(parts) {
				key := ""
				if i > 0 {
					key = parts[i-1]
				}
				return strings.ToUpper(parts[i+1]), key
			}
		}
		return "", ""
	}
	if isIdentifier(s) {
		return strings.ToUpper(s), ""
	}
	return s, ""
}

// isIdentifier recognizes short names of issues, such as ENG-12.
func isIdentifier(s string) bool {
	key, n, found := strings.Cut(s, "-")
	if !found || key == "" || len(key) > 10 || n == "" || len(n) > 9 || strings.Trim(n, "0123456789") != "" {
		return false
	}
	for i, r := range key {
		letter := r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
		if !letter && (i == 0 || r != '_' && (r < '0' || r > '9')) {
			return false
		}
	}
	return true
}

// getTicket answers one ticket.
func getTicket(c *call) (*reply, error) {
	ref, _ := issueRef(c.path["id"])
	if ref == "" {
		return nil, notFound("ticket", c.path["id"])
	}
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	c.inPart()
	n, err := client.IssueNode(c.ctx, ref)
	if err != nil {
		return nil, missing(err, "ticket", c.path["id"])
	}
	return c.oneTicket(http.StatusOK, n)
}

func (c *call) oneTicket(status int, n *linearapi.Node[linearapi.Issue]) (*reply, error) {
	space, err := c.workspace()
	if err != nil {
		return nil, err
	}
	t := ticket(n, &space.Organization, c.tagByID)
	if err := c.withTypes(t); err != nil {
		return nil, err
	}
	if c.wantsMore() {
		if err := c.expandOne(t); err != nil {
			return nil, err
		}
	}
	return c.one(status, item{id: t.ID, value: t, remote: n.JSON}, t.Etag)
}
