package bot

import (
	"context"
	"encoding/json"

	"github.com/linearbot/linearbot/adapter"
)

// IssueChange says that an issue was created, changed or removed.
type IssueChange struct {
	adapter.IssueEvent
}

// Field returns a field before and after the change, by Linear's name of it, for
// example "stateId", "assigneeId", "delegateId", "priority", "labelIds", "title",
// "projectId" or "cycleId". A field that is unset is JSON null. ok is false if the
// field did not change.
func (c *IssueChange) Field(name string) (before, after json.RawMessage, ok bool) {
	if before, ok = c.Changes[name]; !ok {
		return nil, nil, false
	}
	var body struct {
		Data map[string]json.RawMessage `json:"data"`
	}
	if json.Unmarshal(c.Raw, &body) == nil {
		after = body.Data[name]
	}
	if after == nil {
		after = json.RawMessage("null") // Linear leaves unset fields out
	}
	return before, after, true
}

// IssueHandler handles a change to an issue. Its thread is the issue's own.
type IssueHandler func(ctx context.Context, t *Thread, c *IssueChange) error

// IssueFilter says whether a handler wants a change.
type IssueFilter func(c *IssueChange, self *adapter.Identity) bool

// IssueCreated wants issues that are new.
func IssueCreated() IssueFilter {
	return func(c *IssueChange, _ *adapter.Identity) bool { return c.Action == "create" }
}

// IssueRemoved wants issues that were removed.
func IssueRemoved() IssueFilter {
	return func(c *IssueChange, _ *adapter.Identity) bool { return c.Action == "remove" }
}

// IssueChanged wants issues of which one of the fields changed, by Linear's
// names of them; see [IssueChange.Field].
func IssueChanged(fields ...string) IssueFilter {
	return func(c *IssueChange, _ *adapter.Identity) bool {
		for _, f := range fields {
			if _, ok := c.Changes[f]; ok {
				return true
			}
		}
		return false
	}
}

// IssueDelegated wants issues that were just delegated to the bot.
func IssueDelegated() IssueFilter {
	return func(c *IssueChange, self *adapter.Identity) bool {
		d := c.Issue.Delegate
		if d == nil || self == nil || d.ID != self.UserID {
			return false
		}
		_, changed := c.Changes["delegateId"]
		return changed || c.Action == "create"
	}
}

// OnIssue registers h for issues that were created, changed or removed, and
// that all filters want. A mention in a description goes to OnNewMention
// as well. Changes that the bot made itself are left out.
func (b *Bot) OnIssue(h IssueHandler, filters ...IssueFilter) *Registration {
	if h == nil {
		return &Registration{}
	}
	match := func(t *Turn) bool {
		e, ok := t.event.(*adapter.IssueEvent)
		if !ok || e.Issue == nil {
			return false
		}
		for _, wants := range filters {
			if !wants(&IssueChange{IssueEvent: *e}, t.self) {
				return false
			}
		}
		return true
	}
	return b.add(&b.on.issue, kindIssue, match, func(ctx context.Context, t *Turn) error {
		e, ok := t.event.(*adapter.IssueEvent)
		if !ok {
			return Next
		}
		return h(ctx, t.thread, &IssueChange{IssueEvent: *e})
	})
}

// defaultHits is how many issues a search returns if no caller says.
const defaultHits = 10

// CreateIssue creates an issue. Title is required; the team defaults to that of
// the thread's issue. Within a handler the same call of the same turn creates
// one issue, however often the turn runs. Errors are *adapter.Error; one wraps
// errors.ErrUnsupported if the platform has no issues.
func (t *Thread) CreateIssue(ctx context.Context, c adapter.IssueFields) (*adapter.Issue, error) {
	key := t.writeKey(ctx)
	tracker, err := t.tracker(ctx, "create issue")
	if err != nil {
		return nil, err
	}
	if c.Team == nil && t.bot.can.subjecter != nil {
		subject, err := t.bot.can.subjecter.Subject(ctx, t.workspace, t.id)
		if err != nil {
			return nil, err
		}
		c.Team = &subject.Team.ID
	}
	return tracker.CreateIssue(ctx, t.workspace, key, c)
}

// UpdateIssue changes an issue, by its id or short name, and returns the updated issue.
// An empty issue means the thread's own.
func (t *Thread) UpdateIssue(ctx context.Context, issue string, c adapter.IssueFields) (*adapter.Issue, error) {
	tracker, err := t.tracker(ctx, "update issue")
	if err != nil {
		return nil, err
	}
	if issue, err = t.issueOr(ctx, issue); err != nil {
		return nil, err
	}
	defer t.forgetSubject(ctx)
	return tracker.UpdateIssue(ctx, t.workspace, issue, c)
}

// SearchIssues returns issues of the workspace that match the words of a text, the best
// match first. A limit of zero means 10.
func (t *Thread) SearchIssues(ctx context.Context, text string, limit int) ([]*adapter.Issue, error) {
	tracker, err := t.tracker(ctx, "search issues")
	if err != nil {
		return nil, err
	}
	if limit <= 0 {
		limit = defaultHits
	}
	return tracker.SearchIssues(ctx, t.workspace, text, limit)
}

// LinkIssue links an address to an issue: a conversation of a helpdesk, a pull
// request. An empty issue means the thread's own. The same address is linked once.
func (t *Thread) LinkIssue(ctx context.Context, issue string, l adapter.IssueLink) error {
	tracker, err := t.tracker(ctx, "link issue")
	if err != nil {
		return err
	}
	if issue, err = t.issueOr(ctx, issue); err != nil {
		return err
	}
	return tracker.LinkIssue(ctx, t.workspace, issue, l)
}

// IssueLinks returns what is linked to an issue, including the conversations that a
// helpdesk linked. An empty issue means the thread's own.
func (t *Thread) IssueLinks(ctx context.Context, issue string) ([]adapter.IssueLink, error) {
	tracker, err := t.tracker(ctx, "links of issue")
	if err != nil {
		return nil, err
	}
	if issue, err = t.issueOr(ctx, issue); err != nil {
		return nil, err
	}
	return tracker.IssueLinks(ctx, t.workspace, issue)
}

// tracker returns the ability, unless the turn is over.
func (t *Thread) tracker(ctx context.Context, op string) (adapter.Tracker, error) {
	if err := alive(ctx); err != nil {
		return nil, err
	}
	if t.bot.can.tracker == nil {
		return nil, t.bot.cannot(op)
	}
	return t.bot.can.tracker, nil
}

// issueOr returns issue or, if it is empty, the thread's own.
func (t *Thread) issueOr(ctx context.Context, issue string) (string, error) {
	if issue != "" {
		return issue, nil
	}
	if t.bot.can.subjecter == nil {
		return "", t.bot.cannot("issue of the thread")
	}
	subject, err := t.bot.can.subjecter.Subject(ctx, t.workspace, t.id)
	if err != nil {
		return "", err
	}
	return subject.ID, nil
}
