package linear

import (
	"context"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// replies reads a page of the thread of a root comment. The id of a reply is
// accepted in place of its root's.
func (h *reading) replies(ctx context.Context, root string) (*adapter.Page, error) {
	if known, ok := h.adapter.roots.get(h.bot.key(root)); ok {
		root = known
	}
	c, err := h.bot.api.CommentThread(ctx, root, h.args(h.want()))
	if err != nil {
		return nil, err
	}
	if above := c.Root(); above != "" && above != root && c.ID == root {
		h.adapter.roots.put(h.bot.key(root), above)
		if c, err = h.bot.api.CommentThread(ctx, above, h.args(h.want())); err != nil {
			return nil, err
		}
	}
	return h.thread(c)
}

// want is how many replies to ask for: the root takes a slot in the first page
// from the oldest end. Linear does not serve empty pages.
func (h *reading) want() int {
	switch {
	case h.at.Stage == stageRoot:
		return 1
	case h.oldest && h.at.Stage == stageStart:
		return max(1, h.limit-1)
	default:
		return h.limit
	}
}

// thread turns a root comment with a page of its replies into a page.
func (h *reading) thread(c *linearapi.Comment) (*adapter.Page, error) {
	h.scribe.on(c.Issue)
	h.scribe.root = c.ID
	replies := c.Children
	if replies == nil {
		replies = &linearapi.Page[linearapi.Comment]{}
	}
	for i := range replies.Nodes {
		if replies.Nodes[i].ParentID == "" {
			replies.Nodes[i].ParentID = c.ID
		}
	}
	root := h.sorted([]linearapi.Comment{*c})
	page := &adapter.Page{}
	switch {
	case h.at.Stage == stageRoot:
		page.Messages = root
		return page, nil
	case h.oldest && h.at.Stage == stageStart && h.limit == 1:
		page.Messages = root
		if len(replies.Nodes) > 0 {
			page.Next = h.at.to(stageReplies, "").String()
		}
		return page, nil
	case h.oldest && h.at.Stage == stageStart:
		page.Messages = append(root, h.sorted(replies.Nodes)...)
	default:
		page.Messages = h.sorted(replies.Nodes)
	}
	h.at.Stage = stageReplies
	next, err := h.next(opMessages, replies.Info)
	if err != nil {
		return nil, err
	}
	page.Next = next
	if next == "" && !h.oldest {
		if len(replies.Nodes) < h.limit {
			page.Messages = append(page.Messages, root...)
		} else if len(root) > 0 {
			page.Next = h.at.to(stageRoot, "").String()
		}
	}
	return page, nil
}

// session reads a page of a session whose root comment is not known. The first
// page finds out whether it has one.
func (h *reading) session(ctx context.Context, id string) (*adapter.Page, error) {
	switch {
	case h.at.Root != "":
		return h.replies(ctx, h.at.Root)
	case h.at.Stage == stageActivities:
		activities, err := h.bot.api.AgentSessionActivities(ctx, id, saidTypes(), h.args(h.limit))
		if err != nil {
			return nil, err
		}
		return h.activities(activities)
	}
	if root, ok := h.adapter.sessions.get(h.bot.key(id)); ok {
		h.at.Root = root
		return h.replies(ctx, root)
	}
	// The arguments for replies suit activities as well, except that activities
	// have no root in front; one entry fewer does no harm.
	s, err := h.bot.api.AgentSessionMessages(ctx, id, saidTypes(), h.args(h.want()))
	if err != nil {
		return nil, err
	}
	h.scribe.on(s.Issue)
	if s.Comment != nil && s.Comment.ID != "" {
		h.adapter.sessions.put(h.bot.key(id), s.Comment.ID)
		h.at.Root = s.Comment.ID
		return h.thread(s.Comment)
	}
	return h.activities(&s.Activities)
}

func (h *reading) activities(p *linearapi.Page[linearapi.Activity]) (*adapter.Page, error) {
	out := make([]*adapter.Message, 0, len(p.Nodes))
	for i := range p.Nodes {
		if m := h.scribe.activity(&p.Nodes[i]); m != nil {
			out = append(out, m)
		}
	}
	h.at.Stage = stageActivities
	next, err := h.next(opMessages, p.Info)
	if err != nil {
		return nil, err
	}
	return &adapter.Page{Messages: h.sort(out), Next: next}, nil
}
