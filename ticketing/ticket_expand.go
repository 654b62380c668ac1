package ticketing

import (
	"net/http"
	"slices"
	"strings"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/internal/markdown"
)

// expanded are the relations that a ticket can be read with.
func expanded() []string {
	return []string{"attachments", "conversations", "comments", "relations", "children", "history", "needs", "html"}
}

// expandedInLists are those that lists can be read with. The history is for single
// tickets: that of a page would cost more than Linear allows for one request.
func expandedInLists() []string {
	return slices.DeleteFunc(expanded(), func(s string) bool { return s == "history" })
}

// maxExpandedList is how many tickets a list with expand holds at most.
const maxExpandedList = 50

// wantsMore reports whether the request wants to see more than the ticket.
func (c *call) wantsMore() bool { return len(c.q.all("expand")) > 0 && c.r.Method != http.MethodDelete }

// expandOne reads what the request wants to see with a ticket.
func (c *call) expandOne(t *Ticket) error { return c.expand([]*Ticket{t}, expanded()) }

// expand reads what the request wants to see with tickets: one request to Linear
// for each relation, whatever the number of tickets.
func (c *call) expand(all []*Ticket, known []string) error {
	for _, what := range c.q.all("expand") {
		if !slices.Contains(known, what) {
			return badRequest(codeInvalidRequest, "expand takes %s", strings.Join(known, ", "))
		}
		var err error
		switch what {
		case "html":
			for _, t := range all {
				t.HTMLDescription = htmlOf(t.Description)
			}
		case "conversations":
			err = c.withConversations(all)
		case "attachments":
			err = c.withAttachments(all)
		case "comments":
			err = c.withComments(all)
		case "relations":
			err = c.withRelations(all)
		case "children":
			err = c.withChildren(all)
		case "needs":
			err = c.withNeeds(all)
		case "history":
			err = c.withHistory(all)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// htmlOf renders Markdown; nil stays nil.
func htmlOf(source *string) *string {
	if source == nil {
		return nil
	}
	out := markdown.HTML(*source)
	return &out
}

// expandItems is expand for a page of a list.
func (c *call) expandItems(items []item) error {
	if !c.wantsMore() {
		return nil
	}
	all := make([]*Ticket, 0, len(items))
	for i := range items {
		if t, is := items[i].value.(*Ticket); is {
			all = append(all, t)
		}
	}
	return c.expand(all, expandedInLists())
}

func (c *call) withConversations(all []*Ticket) error {
	for _, t := range all {
		refs, err := c.api.links.conversations(c.ctx, c.conn.ID, t.ID)
		if err != nil {
			return err
		}
		for _, r := range refs {
			if len(c.who.Accounts) > 0 && !slices.Contains(c.who.Accounts, r.Account) {
				continue
			}
			t.Conversations = append(t.Conversations, ConversationRef{r.Conversation, "Conversation " + r.Conversation, "conversation"})
		}
	}
	return nil
}

// among is the filter for what belongs to one of the tickets.
func among(path string, all []*Ticket) linearapi.Filter {
	ids := make([]string, len(all))
	for i, t := range all {
		ids[i] = t.ID
	}
	return nest(path, linearapi.Filter{"in": ids})
}

func byID(all []*Ticket) map[string]*Ticket {
	out := make(map[string]*Ticket, len(all))
	for _, t := range all {
		out[t.ID] = t
	}
	return out
}

// incomplete notes that a page did not hold all of a relation.
func (c *call) incomplete(more bool, what string) {
	if more {
		c.notes = append(c.notes, "there are more "+what+" than expand shows: list them by ticket")
	}
}

func (c *call) withComments(all []*Ticket) error {
	if len(all) == 0 {
		return nil
	}
	client, err := c.client()
	if err != nil {
		return err
	}
	got, err := client.CommentNodes(c.ctx, linearapi.CommentQuery{Filter: among("issue.id", all), PageArgs: linearapi.PageArgs{First: maxLimit}})
	if err != nil {
		return err
	}
	for _, t := range all {
		t.Comments = []Comment{}
	}
	tickets := byID(all)
	for i := range got.Nodes {
		v := c.comment(&got.Nodes[i])
		if v.Ticket == nil {
			continue
		}
		if t := tickets[v.Ticket.ID]; t != nil {
			t.Comments = append(t.Comments, *v)
		}
	}
	c.incomplete(got.Info.HasNextPage, "comments")
	return nil
}

func (c *call) withChildren(all []*Ticket) error {
	if len(all) == 0 {
		return nil
	}
	client, err := c.client()
	if err != nil {
		return err
	}
	got, err := client.IssueNodes(c.ctx, linearapi.IssueNodeQuery{NoJSON: true, IssueQuery: linearapi.IssueQuery{
		Filter: among("parent.id", all), PageArgs: linearapi.PageArgs{First: maxLimit},
	}})
	if err != nil {
		return err
	}
	tickets := byID(all)
	for _, t := range all {
		t.Children = []ParentRef{}
	}
	for i := range got.Nodes {
		v := &got.Nodes[i].Value
		if v.Parent == nil {
			continue
		}
		if t := tickets[v.Parent.ID]; t != nil {
			t.Children = append(t.Children, ParentRef{v.ID, v.Identifier, v.Title})
		}
	}
	for _, t := range all {
		n := len(t.Children)
		has := n > 0
		t.HasChildren, t.ChildrenCount = &has, &n
	}
	c.incomplete(got.Info.HasNextPage, "children")
	return nil
}

func (c *call) withNeeds(all []*Ticket) error {
	if len(all) == 0 {
		return nil
	}
	got, err := rawList[remoteNeed](c, needs(), request{page: linearapi.PageArgs{First: maxLimit}, conditions: []linearapi.Filter{among("issue.id", all)}}, needFields)
	if err != nil {
		return err
	}
	tickets := byID(all)
	for _, t := range all {
		t.Needs = []Need{}
	}
	for i := range got.Nodes {
		v, is := needItem(&got.Nodes[i]).value.(*Need)
		if !is || v.Ticket == nil {
			continue
		}
		if t := tickets[v.Ticket.ID]; t != nil {
			t.Needs = append(t.Needs, *v)
			t.Account = v.Account // the newest come first
		}
	}
	c.incomplete(got.Info.HasNextPage, "needs")
	return nil
}

func (c *call) withHistory(all []*Ticket) error {
	for _, t := range all {
		t.History = []HistoryEntry{}
		got, err := c.history(t.ID, linearapi.PageArgs{First: maxLimit})
		if err != nil {
			return err
		}
		for i := range got.Nodes {
			if v, is := historyItem(&got.Nodes[i]).value.(*HistoryEntry); is {
				t.History = append(t.History, *v)
			}
		}
		c.incomplete(got.Info.HasNextPage, "changes")
	}
	return nil
}
