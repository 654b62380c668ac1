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
