package ticketing

import (
	"errors"
	"slices"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// issueConversations answers GET /issues/{issue}/conversations: what Linear has,
// also of links that were made by others, or, if it cannot be asked, what is known
// here.
func issueConversations(c *call) (*reply, error) {
	conns, err := c.holders(c.account())
	if err != nil {
		return nil, err
	}
	ref, _ := issueRef(c.path["issue"])
	out := []LinkedConversation{}
	var blocked error
	for _, conn := range conns {
		all, err := c.attachedTo(conn, ref)
		if _, isRemote := errors.AsType[*adapter.Error](err); isRemote || !conn.usable() {
			away := err
			if all, err = c.knownOf(conn, ref); err == nil && all == nil {
				err = away // nothing is known of it here
			}
		}
		if err != nil {
			blocked = err
			continue
		}
		for _, v := range all {
			if len(c.who.Accounts) == 0 || slices.Contains(c.who.Accounts, v.AccountID) {
				out = append(out, v)
			}
		}
	}
	if blocked != nil && len(out) == 0 {
		return nil, blocked
	}
	return ok(&List{Result: out, ResultCount: len(out), Limit: maxLinks}), nil
}

// knownOf are the conversations of an issue that are known here, by its id or its
// short name; nil if the issue is unknown.
func (c *call) knownOf(conn *Connection, issue string) ([]LinkedConversation, error) {
	if !isUUID(issue) {
		id, err := c.api.links.named(c.ctx, conn.ID, issue)
		if err != nil || id == "" {
			return nil, err
		}
		issue = id
	}
	places, err := c.api.links.conversations(c.ctx, conn.ID, issue)
	if err != nil {
		return nil, err
	}
	out := make([]LinkedConversation, 0, len(places))
	for _, p := range places {
		out = append(out, c.linkedConversation(p, ""))
	}
	return out, nil
}

// attachedTo reads the conversations of an issue from Linear; none if the
// connection cannot be used or has no such issue. From then on they hear of the
// issue.
func (c *call) attachedTo(conn *Connection, issue string) ([]LinkedConversation, error) {
	if !conn.usable() {
		return nil, nil
	}
	client, err := c.in(conn).client()
	if err != nil {
		return nil, err
	}
	var out []LinkedConversation
	var places []place
	id := ""
	page := linearapi.PageArgs{First: maxLimit}
	for len(out) < maxLinks {
		got, err := client.IssueAttachments(c.ctx, issue, page)
		if remoteNotFound(err) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		for _, v := range got.Nodes {
			p, isOurs := c.placeOf(conn, v.URL)
			if !isOurs || slices.Contains(places, p) {
				continue
			}
			if v.Issue != nil {
				id = v.Issue.ID
			}
			places = append(places, p)
			out = append(out, c.linkedConversation(p, v.Title))
		}
		if !got.Info.HasNextPage {
			break
		}
		page.After = got.Info.EndCursor
	}
	if id == "" {
		return out, nil
	}
	return out, c.api.links.know(c.ctx, conn.ID, id, places)
}

// placeOf is the conversation that an address leads to, if the connection may
// have it.
func (c *call) placeOf(conn *Connection, address string) (place, bool) {
	account, conversation := c.api.cfg.Helpdesk.parse(address)
	if account == "-" {
		account = c.account()
	}
	return place{account, conversation}, conversation != "" && conn.serves(account)
}
