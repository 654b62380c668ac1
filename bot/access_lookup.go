package bot

import (
	"context"
	"fmt"

	"github.com/linearbot/linearbot/adapter"
)

// User looks a user of the event's workspace up by id. It returns nil, and no
// error, if the workspace has no such user or users cannot be looked up.
func (t *Turn) User(ctx context.Context, id string) (*adapter.User, error) {
	found, err := t.bot.Workspace(t.event.Head().Workspace).User(ctx, adapter.UserQuery{ID: id})
	switch {
	case err != nil && absent(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("bot: user %s: %w", id, err)
	}
	return found, nil
}

// Team returns the team of the issue that the event belongs to, looked up if the
// event does not include it. It returns the zero Team and a nil error for an event
// outside of any issue, or if the issue cannot be looked up.
func (t *Turn) Team(ctx context.Context) (adapter.Team, error) {
	var issue *adapter.Issue
	switch ev := t.event.(type) {
	case *adapter.IssueEvent:
		issue = ev.Issue
	case *adapter.NotificationEvent:
		issue = ev.Issue
	case *adapter.SLAEvent:
		issue = ev.Issue
	default:
		if t.message != nil {
			issue = t.message.Issue
		}
	}
	if issue != nil && issue.Team.Key != "" {
		return issue.Team, nil
	}
	if t.thread == nil {
		return adapter.Team{}, nil
	}
	found, err := t.thread.Subject(ctx)
	switch {
	case err != nil && absent(err):
		return adapter.Team{}, nil
	case err != nil:
		return adapter.Team{}, fmt.Errorf("bot: team of %s: %w", t.thread.id, err)
	case found == nil:
		return adapter.Team{}, nil
	}
	return found.Team, nil
}

// absent reports whether err says that there is nothing to find.
func absent(err error) bool {
	code := adapter.CodeOf(err)
	return code == adapter.CodeNotFound || code == adapter.CodeUnsupported
}
