package linear

import (
	"context"
	"maps"
	"slices"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

var _ adapter.Historian = (*Adapter)(nil)

// Names of the read operations, in errors and cursors.
const (
	opMessages = "messages"
	opThreads  = "threads"
)

// defaultLimit is the default number of messages in a page.
const defaultLimit = 50

// Messages returns one page of a thread, including authors and reactions, with
// one request. A page holds at most 250 messages.
//
// A thread is its root comment and the replies: the root is the first message
// of the oldest page only. A channel is all comments on it, each with the
// thread that it belongs to. A session is the thread of its root comment or, if
// it has none, what people and the bot said in it; the bot's thoughts and
// actions are left out. So are comments that were deleted or hidden, and those
// that Linear wrote as the root of a session; a page may be shorter as a
// result.
//
// If a cursor is not from this thread and order, the error has code
// adapter.CodeInvalid. If Linear returns the same page again, it has code
// adapter.CodeUnavailable.
func (a *Adapter) Messages(ctx context.Context, r adapter.PageRequest) (*adapter.Page, error) {
	thread, err := ParseThreadID(r.Thread)
	if err != nil {
		return nil, err
	}
	at, err := readCursor(opMessages, r)
	if err != nil {
		return nil, err
	}
	b, err := a.bot(ctx, r.Workspace)
	if err != nil {
		return nil, err
	}
	h := &reading{adapter: a, bot: b, scribe: a.scribe(b, thread), oldest: r.OldestFirst, limit: pageLimit(r.Limit), at: at}
	switch {
	case thread.CommentID != "":
		return h.replies(ctx, thread.CommentID)
	case thread.SessionID != "":
		return h.session(ctx, thread.SessionID)
	default:
		return h.channel(ctx, thread)
	}
}

// Threads returns one page of the threads of a channel, newest first, with one
// request; each is a root comment with its replies. The id of a thread is
// accepted in place of its channel's.
func (a *Adapter) Threads(ctx context.Context, r adapter.PageRequest) (*adapter.ThreadPage, error) {
	thread, err := ParseThreadID(r.Thread)
	if err != nil {
		return nil, err
	}
	thread.CommentID, thread.SessionID = "", ""
	r.Thread, r.OldestFirst = thread.ID(), false
	at, err := readCursor(opThreads, r)
	if err != nil {
		return nil, err
	}
	b, err := a.bot(ctx, r.Workspace)
	if err != nil {
		return nil, err
	}
	h := &reading{adapter: a, bot: b, scribe: a.scribe(b, thread), limit: pageLimit(r.Limit), at: at}
	comments, err := h.comments(ctx, opThreads, thread, linearapi.CommentQuery{Filter: linearapi.RootComments(), LastReply: true})
	if err != nil {
		return nil, err
	}
	page := &adapter.ThreadPage{}
	for i := range comments.Nodes {
		c := &comments.Nodes[i]
		if !visible(c) {
			continue
		}
		root := h.scribe.comment(c)
		info := adapter.ThreadInfo{ID: root.Thread, Root: root, ResolvedAt: c.ResolvedAt}
		if c.Children != nil && len(c.Children.Nodes) > 0 {
			info.LastReplyAt = c.Children.Nodes[0].CreatedAt
		}
		page.Threads = append(page.Threads, info)
	}
	page.Next, err = h.next(opThreads, comments.Info)
	return page, err
}

func pageLimit(n int) int {
	if n <= 0 {
		return defaultLimit
	}
	return min(n, linearapi.MaxPage)
}

// reading is the reading of one page.
type reading struct {
	adapter *Adapter
	bot     *bot
	scribe  *scribe
	oldest  bool
	limit   int
	at      cursor
}

// args asks Linear for n entries from the current position. Linear sorts the
// newest first, so the oldest are the last.
func (h *reading) args(n int) linearapi.PageArgs {
	if h.oldest {
		return linearapi.PageArgs{Last: n, Before: h.at.At}
	}
	return linearapi.PageArgs{First: n, After: h.at.At}
}

// next returns the cursor of the page after one, or "".
func (h *reading) next(op string, info linearapi.PageInfo) (string, error) {
	more, following := info.HasNextPage, info.EndCursor
	if h.oldest {
		more, following = info.HasPreviousPage, info.StartCursor
	}
	if !more {
		return "", nil
	}
	c, err := h.at.advance(op, following)
	if err != nil {
		return "", err
	}
	return c.String(), nil
}

// sorted turns comments into messages, in the order of the reading.
func (h *reading) sorted(nodes []linearapi.Comment) []*adapter.Message {
	out := make([]*adapter.Message, 0, len(nodes)+1)
	for i := range nodes {
		if visible(&nodes[i]) {
			out = append(out, h.scribe.comment(&nodes[i]))
		}
	}
	return h.sort(out)
}

// sort sorts messages that arrive newest first.
func (h *reading) sort(out []*adapter.Message) []*adapter.Message {
	if h.oldest {
		slices.Reverse(out)
	}
	slices.SortStableFunc(out, func(x, y *adapter.Message) int {
		if h.oldest {
			x, y = y, x
		}
		return y.CreatedAt.Compare(x.CreatedAt)
	})
	return out
}

// comments reads a page of the comments on a channel.
func (h *reading) comments(ctx context.Context, op string, thread Thread, q linearapi.CommentQuery) (*linearapi.Page[linearapi.Comment], error) {
	q.PageArgs = h.args(h.limit)
	if thread.Kind == ParentIssue {
		issue, err := h.bot.api.IssueComments(ctx, thread.IssueID, q)
		if err != nil {
			return nil, err
		}
		h.scribe.on(&issue.IssueRef)
		return &issue.Comments, nil
	}
	parent, ok := commentFilterKey(thread.Kind)
	if !ok {
		return nil, opError(op, adapter.CodeUnsupported, "there are no comments on a "+thread.Kind.String())
	}
	filter := linearapi.Filter{parent: linearapi.Filter{"id": linearapi.Filter{"eq": thread.ParentID}}}
	maps.Copy(filter, q.Filter)
	q.Filter = filter
	return h.bot.api.Comments(ctx, q)
}

// commentFilterKey is the key of Linear's CommentFilter for a kind of parent.
func commentFilterKey(k ParentKind) (string, bool) {
	switch k {
	case ParentProject:
		return "project", true
	case ParentProjectUpdate:
		return "projectUpdate", true
	case ParentInitiative:
		return "initiative", true
	case ParentInitiativeUpdate:
		return "initiativeUpdate", true
	case ParentDocument:
		return "documentContent", true
	case ParentIssue, ParentComment, ParentWorkspace:
		return "", false
	default:
		return "", false
	}
}

// channel reads a page of all comments on a channel.
func (h *reading) channel(ctx context.Context, thread Thread) (*adapter.Page, error) {
	comments, err := h.comments(ctx, opMessages, thread, linearapi.CommentQuery{})
	if err != nil {
		return nil, err
	}
	next, err := h.next(opMessages, comments.Info)
	if err != nil {
		return nil, err
	}
	return &adapter.Page{Messages: h.sorted(comments.Nodes), Next: next}, nil
}
