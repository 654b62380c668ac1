package ticketing

import (
	"net/http"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// children lists the tickets below a ticket, at most a page of them.
func (c *call) children(id string) ([]ParentRef, error) {
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	got, err := client.Tickets(c.ctx, linearapi.TicketQuery{NoJSON: true, IssueQuery: linearapi.IssueQuery{
		Filter: nest("parent.id", linearapi.Filter{"eq": id}), PageArgs: linearapi.PageArgs{First: maxLimit},
	}})
	if err != nil {
		return nil, err
	}
	out := []ParentRef{}
	for i := range got.Nodes {
		v := &got.Nodes[i].Value
		out = append(out, ParentRef{v.ID, v.Identifier, v.Title})
	}
	return out, nil
}

// expanded are the relations that a ticket can be read with.
func expanded() []string {
	return []string{"attachments", "conversations", "comments", "relations", "children", "history", "needs"}
}

// expand reads what the request wants to see with a ticket.
func (c *call) expand(t *Ticket) (err error) {
	client, err := c.client()
	if err != nil {
		return err
	}
	for _, what := range c.q.all("expand") {
		page := linearapi.PageArgs{First: maxLimit}
		switch what {
		case "attachments":
			t.Attachments, err = c.attachmentsOf(t.ID)
		case "conversations":
			var refs []place
			refs, err = c.api.links.conversations(c.ctx, c.conn.ID, t.ID)
			for _, r := range refs {
				t.Conversations = append(t.Conversations, ConversationRef{r.Conversation, "Conversation " + r.Conversation, "conversation"})
			}
		case "comments":
			t.Comments = []Comment{}
			var got *linearapi.Page[linearapi.Node[linearapi.Comment]]
			got, err = client.CommentNodes(c.ctx, linearapi.CommentQuery{Filter: nest("issue.id", linearapi.Filter{"eq": t.ID}), PageArgs: page})
			for i := 0; err == nil && i < len(got.Nodes); i++ {
				t.Comments = append(t.Comments, *comment(&got.Nodes[i], client.OwnsFile))
			}
		case "relations":
			t.Relations, err = c.relationsOf(t.ID)
		case "children":
			t.Children, err = c.children(t.ID)
		case "history":
			t.History = []HistoryEntry{}
			var got *linearapi.Page[linearapi.Node[remoteHistory]]
			got, err = c.history(t.ID, page)
			for i := 0; err == nil && i < len(got.Nodes); i++ {
				if v, is := historyItem(&got.Nodes[i]).value.(*HistoryEntry); is {
					t.History = append(t.History, *v)
				}
			}
		case "needs":
			t.Needs = []Need{}
			var got *linearapi.Page[linearapi.Node[remoteNeed]]
			got, err = rawList[remoteNeed](c, needs(), request{page: page, conditions: []linearapi.Filter{nest("issue.id", linearapi.Filter{"eq": t.ID})}}, needFields)
			for i := 0; err == nil && i < len(got.Nodes); i++ {
				if v, is := needItem(&got.Nodes[i]).value.(*Need); is {
					t.Needs = append(t.Needs, *v)
				}
			}
		default:
			return badRequest(codeInvalidRequest, "expand takes %v", expanded())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// wantsMore reports whether the request wants to see more than the ticket.
func (c *call) wantsMore() bool { return len(c.q.all("expand")) > 0 && c.r.Method != http.MethodDelete }
