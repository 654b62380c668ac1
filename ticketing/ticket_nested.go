package ticketing

import (
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// Linear's filters of attachments and relations know no issue, so they are read
// inside of their issues. Linear multiplies the price of what is nested.

// nestedLimit is how many entries of a relation are read for each of n tickets, if
// one costs price points.
func nestedLimit(n, price int) int { return pageOf(float64(n * price)) }

// nestedQuery reads parts of the issues with the ids.
func nestedQuery(selection string) string {
	return "query ticketParts($filter: IssueFilter, $first: Int, $part: Int) { issues(filter: $filter, first: $first, includeArchived: true) { nodes { id" + selection + " } } }"
}

// readNested reads parts of the tickets; each gets the parts of one.
func readNested[T any](c *call, all []*Ticket, selection string, part int, each func(t *Ticket, parts *T) error) error {
	if len(all) == 0 {
		return nil
	}
	raw, err := c.rawField("ticketParts", nestedQuery(selection), map[string]any{"filter": among("id", all), "first": len(all), "part": part}, "issues")
	if err != nil {
		return err
	}
	var page struct {
		Nodes []linearapi.Node[struct {
			ID string `json:"id"`
		}] `json:"nodes"`
	}
	if err := understand(raw, &page); err != nil {
		return err
	}
	tickets := byID(all)
	for i := range page.Nodes {
		var parts T
		if err := understand(page.Nodes[i].JSON, &parts); err != nil {
			return err
		}
		if t := tickets[page.Nodes[i].Value.ID]; t != nil {
			if err := each(t, &parts); err != nil {
				return err
			}
		}
	}
	return nil
}

const nestedPage = " pageInfo { hasNextPage }"

func (c *call) withAttachments(all []*Ticket) error {
	const price = 5
	type parts struct {
		Attachments linearapi.Page[linearapi.Node[linearapi.Attachment]] `json:"attachments"`
	}
	return readNested(c, all, " attachments(first: $part) { nodes { id title subtitle url metadata sourceType groupBySource createdAt updatedAt archivedAt"+
		" creator { id name app } issue { id identifier } }"+nestedPage+" }", nestedLimit(len(all), price), func(t *Ticket, p *parts) error {
		for i := range p.Attachments.Nodes {
			t.Attachments = append(t.Attachments, *c.attachment(&p.Attachments.Nodes[i]))
		}
		c.incomplete(p.Attachments.Info.HasNextPage, "attachments")
		return nil
	})
}

func (c *call) withRelations(all []*Ticket) error {
	const price = 8
	const one = " { nodes { id type issue { id identifier title } relatedIssue { id identifier title } }" + nestedPage + " }"
	return readNested(c, all, " relations(first: $part)"+one+" inverseRelations(first: $part)"+one, nestedLimit(len(all), price), func(t *Ticket, p *linearapi.IssueRelations) error {
		t.Relations = relations(p)
		c.incomplete(p.Relations.Info.HasNextPage || p.Inverse.Info.HasNextPage, "relations")
		return nil
	})
}
