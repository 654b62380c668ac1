package adaptertest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/linearbot/linearbot/adapter"
)

var _ adapter.Subjecter = (*Platform)(nil)

// Subject implements adapter.Subjecter: a room is an issue if one was created
// for it.
func (p *Platform) Subject(ctx context.Context, workspace string, thread adapter.ThreadID) (*adapter.Issue, error) {
	const op = "subject"
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.begin(ctx, op, &p.failReads); err != nil {
		return nil, err
	}
	channel, err := p.channel(workspace, thread)
	if err != nil {
		return nil, err
	}
	issue := p.issue(channel)
	if issue != nil {
		return issue, nil
	}
	if _, removed := p.issues[channel]; removed {
		return nil, fakeError(op, adapter.CodeNotFound, "the issue was removed")
	}
	return nil, fakeError(op, adapter.CodeUnsupported, "the room is not an issue")
}

// issue returns a copy of the issue of a channel, or nil.
func (p *Platform) issue(channel place) *adapter.Issue {
	issue := p.issues[channel]
	if issue == nil {
		return nil
	}
	c := *issue
	c.Labels = slices.Clone(issue.Labels)
	for _, u := range []**adapter.User{&c.Assignee, &c.Delegate, &c.Creator} {
		if *u != nil {
			user := **u
			*u = &user
		}
	}
	return &c
}

func (p *Platform) issueEvent(ev adapter.IssueEvent) (adapter.Event, error) {
	const op = "issue"
	channel, err := p.channel(ev.Workspace, ev.Thread)
	if err != nil {
		return nil, err
	}
	if channel.thread != ev.Thread {
		return nil, fakeError(op, adapter.CodeInvalid, "an issue is a channel, and "+string(ev.Thread)+" is a thread")
	}
	ev.Workspace = channel.workspace
	ev.Actor = p.meet(ev.Workspace, ev.Actor)
	ev.Action = cmp.Or(ev.Action, fakeUpdate)
	before, now := p.issue(channel), time.Now()
	switch {
	case fakeEvent(fakeIssue, ev.Action) == nil:
		return nil, fakeError(op, adapter.CodeInvalid, "there is no action "+ev.Action)
	case ev.Action == fakeCreate && before != nil:
		return nil, fakeError(op, adapter.CodeConflict, "there is an issue in "+string(ev.Thread)+" already")
	case ev.Action != fakeCreate && before == nil:
		return nil, fakeError(op, adapter.CodeNotFound, "there is no issue in "+string(ev.Thread))
	case ev.Action == fakeRemove:
		p.issues[channel] = nil
		ev.Issue = before
		return &ev, nil
	case ev.Issue == nil:
		return nil, fakeError(op, adapter.CodeInvalid, "the event has no issue")
	}
	after := *ev.Issue
	after.UpdatedAt = now
	if ev.Action == fakeCreate {
		before = &adapter.Issue{}
		after.ID, after.CreatedAt, after.Creator = cmp.Or(after.ID, lastPart(ev.Thread)), now, cmp.Or(after.Creator, &ev.Actor)
	} else {
		after.ID, after.CreatedAt, after.Creator = before.ID, before.CreatedAt, before.Creator
		if ev.Changes == nil {
			ev.Changes = issueChanges(before, &after)
		}
		if len(ev.Changes) == 0 {
			return nil, fakeError(op, adapter.CodeInvalid, "no field of the issue changed")
		}
	}
	p.issues[channel] = &after
	ev.Issue = p.issue(channel)
	if after.Description != "" && after.Description != before.Description {
		ev.PreviousText = before.Description
		ev.Mention = &adapter.Message{
			ID: after.ID, Thread: ev.Thread, Author: ev.Actor, Body: after.Description, CreatedAt: now, URL: after.URL, Issue: ev.Issue,
		}
	}
	return &ev, nil
}

// issueChanges returns the old values of the fields that differ.
func issueChanges(before, after *adapter.Issue) map[string]json.RawMessage {
	changes, now := issueFields(before), issueFields(after)
	for name, value := range changes {
		if bytes.Equal(value, now[name]) {
			delete(changes, name)
		}
	}
	return changes
}

// issueFields returns the fields of an issue by Linear's names. Unset fields are
// null. The name of a state, a team or a label serves as its id if it has none.
func issueFields(i *adapter.Issue) map[string]json.RawMessage {
	labels := make([]string, len(i.Labels))
	for n, l := range i.Labels {
		labels[n] = cmp.Or(l.ID, l.Name)
	}
	user := func(u *adapter.User) string {
		if u == nil {
			return ""
		}
		return u.ID
	}
	fields := make(map[string]json.RawMessage)
	set := func(name string, value any) {
		raw, err := json.Marshal(value)
		if err != nil || value == "" {
			raw = []byte("null") // cannot fail: texts and numbers only
		}
		fields[name] = raw
	}
	set("title", i.Title)
	set("description", i.Description)
	set("priority", i.Priority)
	set("stateId", cmp.Or(i.State.ID, i.State.Name))
	set("teamId", cmp.Or(i.Team.ID, i.Team.Key, i.Team.Name))
	set("assigneeId", user(i.Assignee))
	set("delegateId", user(i.Delegate))
	set("labelIds", labels)
	set("projectId", cmp.Or(i.ProjectID, i.Project))
	set("cycleId", i.CycleID)
	set("dueDate", i.DueDate)
	return fields
}
