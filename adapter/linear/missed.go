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

// missedPage is how many comments or sessions are asked for at once.
const missedPage = 50

// Refetch returns a delivery for a new comment or a new agent session, with what
// Linear says of it today. Linear does not tell of other events again.
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
		page, err := b.api.SessionNodes(ctx, linearapi.PageArgs{First: linearapi.MaxPage})
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
// left out. If there are more than most, the newest are returned.
func (a *Adapter) Missed(ctx context.Context, workspace string, after time.Time, most int) (found []*adapter.Delivery, next time.Time, err error) {
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
	if a.mode != ModeSessions {
		comments, err := b.newComments(ctx, after, most)
		if err != nil {
			return nil, after, err
		}
		for i := range comments {
			c := &comments[i]
			next = later(next, c.Value.CreatedAt)
			if c.Value.User != nil && c.Value.User.ID == b.self.UserID && b.self.App || a.own(b.self)(c.Value.ID) {
				continue
			}
			d, err := b.commentDelivery(c)
			if err != nil {
				return nil, after, err
			}
			all = append(all, dated{c.Value.CreatedAt, d})
		}
	}
	if a.mode != ModeComments && b.self.App {
		page, err := b.api.SessionNodes(ctx, linearapi.PageArgs{First: missedPage})
		if err != nil {
			return nil, after, err
		}
		for i := range page.Nodes {
			s := &page.Nodes[i]
			if !s.Value.CreatedAt.After(after) || s.Value.AppUser == nil || s.Value.AppUser.ID != b.self.UserID {
				continue
			}
			next = later(next, s.Value.CreatedAt)
			d, err := b.sessionDelivery(s)
			if err != nil {
				return nil, after, err
			}
			all = append(all, dated{s.Value.CreatedAt, d})
		}
	}
	slices.SortStableFunc(all, func(x, y dated) int { return x.at.Compare(y.at) })
	for _, x := range all[max(0, len(all)-most):] {
		found = append(found, x.d)
	}
	return found, next, nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// newComments returns the comments that were created after a time, at most about
// most of them.
func (b *bot) newComments(ctx context.Context, after time.Time, most int) ([]linearapi.Node[linearapi.Comment], error) {
	q := linearapi.CommentQuery{
		Filter:   linearapi.Filter{"createdAt": linearapi.Filter{"gt": after.UTC().Format(time.RFC3339Nano)}},
		PageArgs: linearapi.PageArgs{First: missedPage},
	}
	var all []linearapi.Node[linearapi.Comment]
	for len(all) < most {
		page, err := b.api.CommentNodes(ctx, q)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Nodes...)
		if !page.Info.HasNextPage || page.Info.EndCursor == "" || len(page.Nodes) == 0 {
			break
		}
		q.After = page.Info.EndCursor
	}
	return all, nil
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
