package linear

import (
	"cmp"
	"context"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// respond posts into an agent session: a response, or a thought if more is to come.
// Activities cannot be edited.
func (a *Adapter) respond(ctx context.Context, thread Thread, p *adapter.Post) (*adapter.Message, error) {
	b, err := a.bot(ctx, p.Workspace)
	if err != nil {
		return nil, err
	}
	in := linearapi.AgentActivityCreateInput{
		AgentSessionID: thread.SessionID,
		Content:        linearapi.ActivityContent{Type: linearapi.ActivityResponse, Body: p.Body},
	}
	if p.Progress {
		in.Content.Type = linearapi.ActivityThought
	}
	activity, existed, err := b.activity(ctx, p.Key, in)
	if err != nil {
		return nil, err
	}
	m := &adapter.Message{
		ID: activity.ID, Thread: thread.ID(), Body: cmp.Or(activity.Content.Body, p.Body), CreatedAt: activity.CreatedAt,
		Author:  b.people.me(),
		Session: &adapter.Session{ID: thread.SessionID, CommentID: thread.CommentID, ActivityID: activity.ID},
		Existed: existed,
	}
	if thread.Kind == ParentIssue {
		m.Issue = &adapter.Issue{ID: thread.IssueID}
	}
	if activity.SourceComment != nil {
		m.URL = activity.SourceComment.URL
	}
	return m, nil
}
