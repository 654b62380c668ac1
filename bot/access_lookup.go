package bot

import (
	"context"
	"fmt"

	"github.com/linearbot/linearbot/adapter"
)

// emailOf returns the address of a person, looked up if the event does not tell
// it. It is empty if there is none that counts.
func emailOf(ctx context.Context, t *Turn, u adapter.User) (string, error) {
	if u.Kind != adapter.Human {
		return "", nil
	}
	if u.Email != "" || u.ID == "" {
		return u.Email, nil
	}
	found, err := t.lookUp(ctx, u.ID)
	if err != nil || found == nil || found.Kind != adapter.Human {
		return "", err
	}
	return found.Email, nil
}

// lookUp returns the user of the event's workspace with an id, or nil if there
// is none, or if users cannot be looked up.
func (t *Turn) lookUp(ctx context.Context, id string) (*adapter.User, error) {
	found, err := t.bot.User(ctx, t.event.Head().Workspace, adapter.UserQuery{ID: id})
	switch {
	case err != nil && absent(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("bot: user %s: %w", id, err)
	}
	return found, nil
}

// teamOf returns the team of the issue that an event belongs to, looked up if
// the event does not tell it.
func teamOf(ctx context.Context, t *Turn) (adapter.Team, error) {
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
	return code == adapter.NotFound || code == adapter.Unsupported
}
