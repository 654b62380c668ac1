package ticketing

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// ConversationLink is a link between a conversation and an issue.
type ConversationLink struct {
	ID                  string             `json:"id"`
	Conversation        LinkedConversation `json:"conversation"`
	IntegratedAccountID string             `json:"integrated_account_id"`
	Issue               *Ticket            `json:"issue"`
	Origin              string             `json:"origin" enum:"created,linked,auto,found"`
	LinkedBy            *string            `json:"linked_by"`
	CreatedAt           *time.Time         `json:"created_at"`
	SnapshotAt          *time.Time         `json:"snapshot_at"`
	Stale               bool               `json:"stale" doc:"Whether Linear could not be asked."`
}

// LinkedConversation is the conversation of a link.
type LinkedConversation struct {
	ID        string  `json:"id"`
	AccountID string  `json:"account_id"`
	URL       string  `json:"url"`
	Title     *string `json:"title" doc:"What the link is called in Linear."`
}

// linkedTTL is how long Linear's links of a conversation are cached, unless a
// webhook reports a change.
const linkedTTL = 15 * time.Second

// conversation is the conversation that the path names, which the token may use.
func (c *call) conversation() (place, error) {
	p := place{c.account(), c.path["conversation"]}
	return p, c.enabled(p)
}

// enabled refuses conversation routes without a ConversationURL, and conversations of
// accounts that the token is not for.
func (c *call) enabled(p place) error {
	if c.api.cfg.Helpdesk.ConversationURL == "" {
		return &problem{
			status: http.StatusNotFound, code: codeNotFound,
			message: "conversations are not set up: set Helpdesk.ConversationURL",
		}
	}
	if len(c.who.Accounts) > 0 && !slices.Contains(c.who.Accounts, p.Account) {
		return forbidden(codeForbidden, "this token may not use the account %s", quoteID(p.Account))
	}
	if p.Conversation == "" || len(p.Conversation) > 100 || len(p.Account) > 100 {
		return invalidField("conversation_id", "required", "is required, at most 100 bytes")
	}
	return nil
}

// actor is who acts: the user in the body, if a program acts for someone, or
// the owner of the token.
func (c *call) actor() Agent {
	if c.input != nil && !c.who.session {
		if u := c.input.sub("user"); u != nil {
			name, _, _ := u.text(200, "name")
			avatar, _, _ := u.text(2000, "avatar_url")
			if name != "" {
				return Agent{Name: name, AvatarURL: avatar}
			}
		}
	}
	return Agent{ID: c.who.ID, Name: c.who.Name, AvatarURL: c.who.AvatarURL}
}

// shown is a link as the API shows it.
func (c *call) shown(conn *Connection, p place, v link, stale bool) *ConversationLink {
	out := &ConversationLink{
		ID: v.ID, IntegratedAccountID: conn.ID, Origin: v.Origin, LinkedBy: text(v.By), CreatedAt: at(v.CreatedAt),
		SnapshotAt: at(v.SnapshotAt), Stale: stale,
		Conversation: c.linkedConversation(p, v.Title),
	}
	var n linearapi.Node[linearapi.Issue]
	if len(v.Issue) > 0 && json.Unmarshal(v.Issue, &n) == nil {
		out.Issue = ticket(&n, nil, nil)
	}
	return out
}

func (c *call) linkedConversation(p place, title string) LinkedConversation {
	return LinkedConversation{p.Conversation, p.Account, c.api.cfg.Helpdesk.address(p.Account, p.Conversation), text(title)}
}

// linked returns the links of a conversation in one connection: from Linear or,
// if it is unavailable or refuses the token, as last stored.
func (c *call) linked(conn *Connection, p place) (all []link, stale bool, err error) {
	if !conn.usable() {
		all, err = c.api.links.of(c.ctx, conn.ID, p.Account, p.Conversation)
		return all, true, err
	}
	sub := c.in(conn)
	key := cacheKey(conn.ID, kindLinked, p.Account, p.Conversation)
	get := func() ([]link, error) { return sub.readLinks(p) }
	if on, _ := c.q.flag("refresh"); on {
		all, err = renew(c.api.cache, key, linkedTTL, get)
	} else {
		all, err = remember(c.api.cache, key, linkedTTL, get)
	}
	if err == nil {
		return all, false, nil
	}
	if _, isRemote := errors.AsType[*adapter.Error](err); !isRemote && problemOf(err).status != http.StatusTooManyRequests && problemOf(err).code != codeTimeout {
		return nil, false, err
	}
	have, loadErr := c.api.links.of(c.ctx, conn.ID, p.Account, p.Conversation)
	if loadErr != nil {
		return nil, false, loadErr
	}
	return have, true, nil
}

// readLinks asks Linear for the links of a conversation and keeps them.
func (c *call) readLinks(p place) ([]link, error) {
	have, err := c.api.links.of(c.ctx, c.conn.ID, p.Account, p.Conversation)
	if err != nil {
		return nil, err
	}
	now := c.api.cfg.Now().UTC()
	var all []link
	for _, address := range c.api.cfg.Helpdesk.addresses(p.Account, p.Conversation) {
		page := linearapi.PageArgs{First: maxLimit}
		for len(all) < maxLinks {
			client, err := c.client()
			if err != nil {
				return nil, err
			}
			got, err := client.LinkedIssues(c.ctx, address, page)
			if err != nil {
				return nil, err
			}
			for _, l := range got.Nodes {
				i := &l.Issue.Value
				// A deleted issue has no name for those who cannot see it, and
				// the dashboard cannot show it.
				if i.Identifier == "" || i.URL == "" || i.Trashed || slices.ContainsFunc(all, func(v link) bool { return v.IssueID == i.ID }) {
					continue
				}
				v := link{
					ID: l.ID, IssueID: i.ID, Identifier: i.Identifier, Title: l.Title, Origin: "found", CreatedAt: now,
					Issue: l.Issue.JSON, SnapshotAt: now,
				}
				if k := slices.IndexFunc(have, func(o link) bool { return o.IssueID == i.ID }); k >= 0 {
					v.Origin, v.By, v.ByID, v.CreatedAt = have[k].Origin, have[k].By, have[k].ByID, have[k].CreatedAt
				}
				all = append(all, v)
			}
			if !got.Info.HasNextPage {
				break
			}
			page.After = got.Info.EndCursor
		}
	}
	return all, c.api.links.refresh(c.ctx, c.conn.ID, p, have, all)
}

// listConversationIssues answers GET /conversations/{conversation}/issues.
func listConversationIssues(c *call) (*reply, error) {
	p, err := c.conversation()
	if err != nil {
		return nil, err
	}
	conns, err := c.holders(p.Account)
	if err != nil {
		return nil, err
	}
	out := []*ConversationLink{}
	for _, conn := range conns {
		all, stale, err := c.linked(conn, p)
		if err != nil {
			return nil, err
		}
		for _, v := range all {
			out = append(out, c.shown(conn, p, v, stale))
		}
	}
	return ok(&List{Result: out, ResultCount: len(out), Limit: maxLinks}), nil
}
