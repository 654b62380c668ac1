package linear

import (
	"cmp"
	"math"

	"github.com/linearbot/linearbot/adapter"
)

// issueEvent decodes an Issue event.
func (d *decoder) issueEvent() adapter.Event {
	var p entityPayload[issuePayload]
	if !d.read(&p) {
		return d.other(reasonMalformed)
	}
	actor := d.people.actor(&p.Actor)
	d.meta.Actor, d.meta.URL = actor, cmp.Or(p.URL, p.Data.URL)
	ev := &adapter.IssueEvent{Meta: d.meta, Issue: d.issue(&p.Data, "")}
	if d.header.Action == actionUpdate {
		ev.Changes = p.UpdatedFrom
		ev.PreviousText = p.previous("description").s
	}
	if actor == (adapter.User{}) && d.header.Action == actionCreate {
		ev.Actor = d.issueCreator(&p.Data, p.Actor)
	}
	if d.header.Action == actionRemove {
		return ev
	}
	if text := p.Data.Description.s; text != "" && (d.header.Action == actionCreate || p.changed("description")) {
		author := d.issueCreator(&p.Data, p.Actor)
		if author == (adapter.User{}) || (d.header.Action == actionUpdate && actor != (adapter.User{})) {
			author = actor
		}
		ev.Mention = d.description(ev.Issue, author)
		ev.Mention.URL = d.meta.URL
		ev.Mention.SyncedWith = syncsOf(p.Data.SyncedWith, author, &p.Data.BotActor)
	}
	ev.Act = d.issueAct(&p, ev)
	return ev
}

// issueAct names the act that an issue event reports. A mention of the bot in
// the description takes precedence over a delegation, as it does for sessions.
func (d *decoder) issueAct(p *entityPayload[issuePayload], ev *adapter.IssueEvent) string {
	id := p.Data.ID
	bot := d.people.self.UserID
	delegate := cmp.Or(p.Data.DelegateID, p.Data.Delegate.ID)
	moved := d.header.Action == actionCreate || p.changed("delegateId")
	switch before := p.previous("delegateId").s; {
	case ev.Mention != nil && d.people.mentioned(ev.Mention.Body) && !d.people.mentioned(ev.PreviousText):
		return actDescription(id)
	case moved && bot != "" && delegate == bot:
		return actDelegate(id, bot)
	case moved && bot != "" && before == bot:
		return actUndelegate(id, bot)
	case ev.Mention != nil:
		return actDescription(id)
	default:
		return ""
	}
}

// issueCreator returns who created an issue. actor is that of the envelope,
// zero if the issue is nested in something else.
func (d *decoder) issueCreator(p *issuePayload, actor actorPayload) adapter.User {
	creator, _ := d.people.who(&said{
		user: p.Creator, userID: p.CreatorID, external: p.ExternalUserCreator, externalID: p.ExternalUserCreatorID,
		bot: p.BotActor, actor: actor,
	})
	return creator
}

// description is the description of an issue as a message. Its id is the
// issue's.
func (d *decoder) description(issue *adapter.Issue, author adapter.User) *adapter.Message {
	return &adapter.Message{
		ID:        issue.ID,
		Thread:    Thread{IssueID: issue.ID}.ID(),
		Author:    author,
		Body:      issue.Description,
		CreatedAt: issue.CreatedAt,
		URL:       issue.URL,
		Issue:     issue,
	}
}

// sla decodes an IssueSLA event.
func (d *decoder) sla() adapter.Event {
	var p slaPayload
	if !d.read(&p) {
		return d.other(reasonMalformed)
	}
	d.meta.URL = cmp.Or(p.URL, p.IssueData.URL)
	return &adapter.SLAEvent{Meta: d.meta, Issue: d.issue(&p.IssueData, "")}
}

// issue converts an issue for use in events. id stands in for a missing id; if
// both are empty, the result is nil.
func (d *decoder) issue(p *issuePayload, id string) *adapter.Issue {
	id = cmp.Or(p.ID, id)
	if id == "" {
		return nil
	}
	issue := &adapter.Issue{
		ID:          id,
		Identifier:  p.Identifier,
		Title:       p.Title,
		Description: p.Description.s,
		URL:         p.URL,
		Team:        adapter.Team{ID: cmp.Or(p.Team.ID, p.TeamID), Key: p.Team.Key, Name: p.Team.Name},
		State:       adapter.IssueState{ID: cmp.Or(p.State.ID, p.StateID), Name: p.State.Name, Type: p.State.Type},
		Assignee:    d.people.userRef(&p.Assignee, p.AssigneeID),
		Delegate:    d.people.userRef(&p.Delegate, p.DelegateID),
		ProjectID:   cmp.Or(p.Project.ID, p.ProjectID),
		Project:     p.Project.Name,
		CycleID:     cmp.Or(p.Cycle.ID, p.CycleID),
		DueDate:     p.DueDate,
		CreatedAt:   p.CreatedAt.Time,
		UpdatedAt:   p.UpdatedAt.Time,
	}
	if p.Priority >= 0 && p.Priority <= math.MaxInt16 {
		issue.Priority = int(p.Priority)
	}
	if creator := d.issueCreator(p, actorPayload{}); creator != (adapter.User{}) {
		issue.Creator = &creator
	}
	for _, l := range p.Labels {
		issue.Labels = append(issue.Labels, adapter.Label{ID: l.ID, Name: l.Name})
	}
	if p.Labels == nil {
		for _, labelID := range p.LabelIDs {
			issue.Labels = append(issue.Labels, adapter.Label{ID: labelID})
		}
	}
	return issue
}
