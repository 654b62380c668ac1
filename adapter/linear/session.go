package linear

import (
	"cmp"
	"context"
	"strings"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// respond posts into an agent session. Activities cannot be changed or read by
// id in general, so a conflict with our own id is taken as the proof that it is
// there.
func (a *Adapter) respond(ctx context.Context, thread Thread, p *adapter.Post) (*adapter.Message, error) {
	acc, err := a.account(p.Workspace)
	if err != nil {
		return nil, err
	}
	self, err := a.Identity(ctx, p.Workspace)
	if err != nil {
		return nil, err
	}
	id := WriteID(self.Workspace, self.UserID, p.Key)
	activity, err := acc.api.AgentActivityCreate(ctx, linearapi.AgentActivityCreateInput{
		ID: id, AgentSessionID: thread.SessionID,
		Content: linearapi.ActivityContent{Type: "response", Body: p.Body},
	})
	entity, taken, conflict := linearapi.ConflictID(err)
	if conflict && (entity == "" || entity == "AgentActivity") && (taken == "" || strings.EqualFold(taken, id)) {
		activity, err = &linearapi.Activity{ID: id}, nil
	}
	if err != nil {
		return nil, err
	}
	m := &adapter.Message{
		ID: cmp.Or(activity.ID, id), Thread: thread.ID(), Body: p.Body, CreatedAt: activity.CreatedAt,
		Author:  adapter.User{ID: self.UserID, Name: self.Name, FullName: self.FullName, URL: self.ProfileURL, Kind: adapter.UserSelf},
		Session: &adapter.Session{ID: thread.SessionID, CommentID: thread.CommentID, ActivityID: cmp.Or(activity.ID, id)},
	}
	if thread.Kind == ParentIssue {
		m.Issue = &adapter.Issue{ID: thread.IssueID}
	}
	if activity.SourceComment != nil {
		m.URL = activity.SourceComment.URL
	}
	return m, nil
}
