package bot

import (
	"context"
	"encoding/json"

	"github.com/linearbot/linearbot/adapter"
)

// Issue is a change to an issue.
type Issue struct {
	adapter.IssueEvent
}

// Change is a field of an issue before and after. A field that is unset is JSON
// null.
type Change struct {
	Before, After json.RawMessage
}

// Change returns how a field changed, by Linear's name of it, for example
// "stateId", "assigneeId", "delegateId", "priority", "labelIds", "title",
// "projectId" or "cycleId". ok is false if it did not.
func (i *Issue) Change(field string) (c Change, ok bool) {
	if c.Before, ok = i.Changes[field]; !ok {
		return Change{}, false
	}
	var body struct {
		Data map[string]json.RawMessage `json:"data"`
	}
	if json.Unmarshal(i.Raw, &body) == nil {
		c.After = body.Data[field]
	}
	if c.After == nil {
		c.After = json.RawMessage("null") // Linear leaves unset fields out
	}
	return c, true
}

// IssueHandler handles a change to an issue. Its thread is the issue's own.
type IssueHandler func(ctx context.Context, t *Thread, i *Issue) error

// IssueFilter says whether a handler wants a change.
type IssueFilter func(i *Issue, self *adapter.Identity) bool

// IssueCreated wants issues that are new.
func IssueCreated() IssueFilter {
	return func(i *Issue, _ *adapter.Identity) bool { return i.Action == "create" }
}

// IssueRemoved wants issues that were removed.
func IssueRemoved() IssueFilter {
	return func(i *Issue, _ *adapter.Identity) bool { return i.Action == "remove" }
}

// IssueChanged wants issues of which one of the fields changed, by Linear's
// names of them; see [Issue.Change].
func IssueChanged(fields ...string) IssueFilter {
	return func(i *Issue, _ *adapter.Identity) bool {
		for _, f := range fields {
			if _, ok := i.Changes[f]; ok {
				return true
			}
		}
		return false
	}
}

// IssueDelegated wants issues that were just delegated to the bot.
func IssueDelegated() IssueFilter {
	return func(i *Issue, self *adapter.Identity) bool {
		d := i.Issue.Delegate
		if d == nil || self == nil || d.ID != self.UserID {
			return false
		}
		_, changed := i.Changes["delegateId"]
		return changed || i.Action == "create"
	}
}

// OnIssue registers h for issues that were created, changed or removed, and
// that all filters want. A mention in a description goes to OnNewMention
// besides. Changes that the bot made itself are left out.
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
			if !wants(&Issue{IssueEvent: *e}, t.self) {
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
		return h(ctx, t.thread, &Issue{IssueEvent: *e})
	})
}
