package linear

import (
	"context"
	"slices"
	"strings"
	"time"

	json "github.com/go-json-experiment/json/v1"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

var _ adapter.Refetcher = (*Adapter)(nil)

const (
	// missedPage is how many comments or sessions are asked for at once.
	missedPage = 50
	// missedPages bounds the pages of sessions, which cannot be filtered by time.
	missedPages = 10
)

// Refetch returns a delivery for a new comment or a new agent session, in its present
// state. Other events cannot be refetched: the error has code adapter.CodeUnsupported.
func (a *Adapter) Refetch(ctx context.Context, workspace, event string) (*adapter.Delivery, error) {
	b, err := a.bot(ctx, workspace)
	if err != nil {
		return nil, err
	}
	switch parts := strings.Split(event, "|"); {
	case len(parts) == 3 && parts[0] == typeComment && parts[1] == actionCreate:
		c, err := b.api.CommentNode(ctx, parts[2])
		if err != nil {
			return nil, err
		}
		return b.commentDelivery(c)
	case len(parts) == 3 && parts[0] == typeSession && parts[1] == actionCreated:
		page, err := b.api.AgentSessionNodes(ctx, linearapi.PageArgs{First: linearapi.MaxPage})
		if err != nil {
			return nil, err
		}
		for i := range page.Nodes {
			if page.Nodes[i].Value.ID == parts[2] {
				return b.sessionDelivery(&page.Nodes[i])
			}
		}
		return nil, &adapter.Error{Code: adapter.CodeNotFound, Op: "refetch", Message: "the session is not among the newest"}
	default:
		return nil, &adapter.Error{Code: adapter.CodeUnsupported, Op: "refetch", Message: "events such as " + event}
	}
}

// Missed returns deliveries for comments and agent sessions that were created
// after a time. Those that the bot itself wrote, and sessions of other apps, are
// left out. If there are more than limit, the oldest are returned, and a call with
// next returns more.
func (a *Adapter) Missed(ctx context.Context, workspace string, after time.Time, limit int) (found []*adapter.Delivery, next time.Time, err error) {
	if adapter.PriorityOf(ctx) == adapter.PriorityAutomatic {
		ctx = adapter.WithPriority(ctx, adapter.PriorityReading)
	}
	b, err := a.bot(ctx, workspace)
	if err != nil {
		return nil, after, err
	}
	next = after
	type dated struct {
		at time.Time
		d  *adapter.Delivery
	}
	var all []dated
	var end time.Time // up to when comments were read, if not all were
	if a.mode != ModeSessions {
		own := func(c *linearapi.Comment) bool {
			return c.User != nil && c.User.ID == b.self.UserID && b.self.App || a.own(b.self)(c.ID)
		}
		comments, complete, err := b.newComments(ctx, after, limit, own)
		if err != nil {
			return nil, after, err
		}
		for i := range comments {
			c := &comments[i]
			next = later(next, c.Value.CreatedAt)
			if own(&c.Value) {
				continue
			}
			d, err := b.commentDelivery(c)
			if err != nil {
				return nil, after, err
			}
			all = append(all, dated{c.Value.CreatedAt, d})
		}
		if !complete {
			end = next
		}
	}
	if a.mode != ModeComments && b.self.App {
		sessions, err := b.newSessions(ctx, after)
		if err != nil {
			return nil, after, err
		}
		for i := range sessions {
			s := &sessions[i]
			next = later(next, s.Value.CreatedAt)
			d, err := b.sessionDelivery(s)
			if err != nil {
				return nil, after, err
			}
			all = append(all, dated{s.Value.CreatedAt, d})
		}
	}
	slices.SortStableFunc(all, func(x, y dated) int { return x.at.Compare(y.at) })
	if !end.IsZero() { // sessions after it come with the comments after it
		all = slices.DeleteFunc(all, func(x dated) bool { return x.at.After(end) })
		next = end
	}
	if len(all) > limit {
		all = all[:limit]
		next = all[limit-1].at
	}
	for _, x := range all {
		found = append(found, x.d)
	}
	return found, next, nil
}

// newSessions returns the agent sessions of the app that were created after a time,
// among the newest.
func (b *bot) newSessions(ctx context.Context, after time.Time) ([]linearapi.Node[linearapi.Session], error) {
	var all []linearapi.Node[linearapi.Session]
	args := linearapi.PageArgs{First: missedPage}
	for range missedPages {
		page, err := b.api.AgentSessionNodes(ctx, args)
		if err != nil {
			return nil, err
		}
		for i := range page.Nodes {
			s := &page.Nodes[i].Value
			if !s.CreatedAt.After(after) {
				return all, nil // they come newest first
			}
			if s.AppUser != nil && s.AppUser.ID == b.self.UserID {
				all = append(all, page.Nodes[i])
			}
		}
		if !page.Info.HasNextPage || page.Info.EndCursor == "" || len(page.Nodes) == 0 {
			break
		}
		args.After = page.Info.EndCursor
	}
	return all, nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// newComments returns the comments that were created after a time, oldest first:
// pages of them until limit are not the bot's own. complete says that there are no
// more.
func (b *bot) newComments(ctx context.Context, after time.Time, limit int, own func(*linearapi.Comment) bool) (all []linearapi.Node[linearapi.Comment], complete bool, err error) {
	q := linearapi.CommentQuery{
		Filter:   linearapi.Filter{"createdAt": linearapi.Filter{"gt": after.UTC().Format(time.RFC3339Nano)}},
		PageArgs: linearapi.PageArgs{Last: missedPage},
	}
	for others := 0; others < limit; {
		page, err := b.api.CommentNodes(ctx, q)
		if err != nil {
			return nil, false, err
		}
		for i := range page.Nodes {
			if !own(&page.Nodes[i].Value) {
				others++
			}
		}
		all = append(all, page.Nodes...)
		if !page.Info.HasPreviousPage || page.Info.StartCursor == "" || len(page.Nodes) == 0 {
			return all, true, nil
		}
		q.Before = page.Info.StartCursor
	}
	return all, false, nil
}

// commentDelivery returns a delivery that reports a new comment as a webhook does.
func (b *bot) commentDelivery(c *linearapi.Node[linearapi.Comment]) (*adapter.Delivery, error) {
	var data map[string]any
	if err := json.Unmarshal(c.JSON, &data); err != nil {
		return nil, &adapter.Error{Code: adapter.CodeUnavailable, Op: "missed", Message: "Linear's answer does not have the expected shape"}
	}
	body := map[string]any{
		"type": typeComment, "action": actionCreate, "createdAt": data["createdAt"], "url": data["url"], "data": data,
	}
	if user, ok := data["user"].(map[string]any); ok {
		data["userId"] = user["id"]
		actor := map[string]any{"type": "user"}
		for _, name := range []string{"id", "name", "email", "url", "avatarUrl"} {
			actor[name] = user[name]
		}
		body["actor"] = actor
	}
	return b.delivery(body)
}

// sessionDelivery returns a delivery that reports a new session as a webhook does.
func (b *bot) sessionDelivery(s *linearapi.Node[linearapi.Session]) (*adapter.Delivery, error) {
	var data map[string]any
	if err := json.Unmarshal(s.JSON, &data); err != nil {
		return nil, &adapter.Error{Code: adapter.CodeUnavailable, Op: "missed", Message: "Linear's answer does not have the expected shape"}
	}
	id := func(name string) any {
		if of, ok := data[name].(map[string]any); ok {
			return of["id"]
		}
		return nil
	}
	data["organizationId"], data["appUserId"] = b.self.Workspace, b.self.UserID
	data["issueId"], data["commentId"], data["creatorId"] = id("issue"), id("comment"), id("creator")
	source := id("sourceComment")
	if source != nil {
		data["sourceMetadata"] = map[string]any{
			"type": "comment", "agentSessionMetadata": map[string]any{"sourceCommentId": source},
		}
		data["sourceCommentId"] = source
	}
	return b.delivery(map[string]any{
		"type": typeSession, "action": actionCreated, "createdAt": data["createdAt"], "appUserId": b.self.UserID, "agentSession": data,
	})
}

// delivery returns a delivery with a body. It has no time of sending: the same
// body is the same delivery, whenever it is asked for.
func (b *bot) delivery(body map[string]any) (*adapter.Delivery, error) {
	body["organizationId"] = b.self.Workspace
	data, err := json.Marshal(body)
	if err != nil {
		return nil, &adapter.Error{Code: adapter.CodeInvalid, Op: "missed", Err: err}
	}
	now := time.Now()
	return &adapter.Delivery{ID: "missed", Body: data, SentAt: now, ReceivedAt: now}, nil
}
