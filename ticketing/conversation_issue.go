package ticketing

import (
	"net/http"
	"slices"
	"strings"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// issueHere finds an issue that is linked to the conversation. Agents act on
// linked issues only.
func (c *call) issueHere(ref string) (*Connection, *link, error) {
	p, err := c.conversation()
	if err != nil {
		return nil, nil, err
	}
	id, _ := issueRef(ref)
	conns, err := c.holders(p.Account)
	if err != nil {
		return nil, nil, err
	}
	pick := func(all []link) *link {
		i := slices.IndexFunc(all, func(v link) bool { return v.IssueID == id || strings.EqualFold(v.Identifier, id) })
		if i < 0 {
			return nil
		}
		return &all[i]
	}
	for _, conn := range conns {
		all, err := c.api.links.of(c.ctx, conn.ID, p.Account, p.Conversation)
		if err != nil {
			return nil, nil, err
		}
		if v := pick(all); v != nil {
			return conn, v, nil
		}
	}
	// Linear may have a link that was made by others.
	for _, conn := range conns {
		all, _, err := c.linked(conn, p)
		if err != nil {
			return nil, nil, err
		}
		if v := pick(all); v != nil {
			return conn, v, nil
		}
	}
	return nil, nil, notFound("linked issue", ref)
}

func updateConversationIssue(c *call) (*reply, error) {
	conn, v, err := c.issueHere(c.path["issue"])
	if err != nil {
		return nil, err
	}
	if err := c.use(conn); err != nil {
		return nil, err
	}
	n, err := c.changeTicket(v.IssueID, c.input)
	if err != nil {
		return nil, err
	}
	c.api.cache.drop(conn.ID, kindLinked)
	return c.oneTicket(http.StatusOK, n)
}

func commentConversationIssue(c *call) (*reply, error) {
	conn, v, err := c.issueHere(c.path["issue"])
	if err != nil {
		return nil, err
	}
	if err := c.use(conn); err != nil {
		return nil, err
	}
	n, err := c.writeComment(c.input, v.IssueID)
	if err != nil {
		return nil, err
	}
	return c.oneComment(http.StatusCreated, n)
}

func listConversationComments(c *call) (*reply, error) {
	conn, v, err := c.issueHere(c.path["issue"])
	if err != nil {
		return nil, err
	}
	if err := c.use(conn); err != nil {
		return nil, err
	}
	c.q.params = append(c.q.params, &param{name: "ticket", sub: []string{"id"}, values: []string{v.IssueID}})
	return c.serveList()
}

// FoundIssue is a hit of the search from a conversation.
type FoundIssue struct {
	Hit
	IsLinked            bool   `json:"is_linked"`
	IntegratedAccountID string `json:"integrated_account_id"`
}

func searchConversationIssues(c *call) (*reply, error) {
	p, err := c.conversation()
	if err != nil {
		return nil, err
	}
	term := c.q.get("q", "query")
	if strings.TrimSpace(term) == "" {
		return nil, invalidField("q", "required", "is required: the words to look for")
	}
	conns, err := c.candidates(p.Account)
	if err != nil {
		return nil, err
	}
	out, like := []FoundIssue{}, likenessTo(term)
	for _, conn := range conns {
		sub := c.in(conn)
		f, err := sub.find(term, linearapi.IssueQuery{PageArgs: linearapi.PageArgs{First: defaultLimit}}, "")
		if err != nil {
			return nil, err
		}
		have, err := c.api.links.of(c.ctx, conn.ID, p.Account, p.Conversation)
		if err != nil {
			return nil, err
		}
		for i := range f.nodes {
			t := ticket(&f.nodes[i], nil, nil)
			out = append(out, FoundIssue{
				*c.hit(like, t, f.degraded), slices.ContainsFunc(have, func(v link) bool { return v.IssueID == t.ID }), conn.ID,
			})
		}
	}
	return ok(&List{Result: out, ResultCount: len(out), Limit: defaultLimit}), nil
}
