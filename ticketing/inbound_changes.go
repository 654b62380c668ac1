package ticketing

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// changeOf returns what a field was before, and whether it changed.
func (e *event) changeOf(field string) (string, bool) {
	raw, has := e.UpdatedFrom[field]
	if !has {
		return "", false
	}
	var s string
	_ = json.Unmarshal(raw, &s) // numbers and null read as empty
	return s, true
}

func (e *event) actorName() string {
	if e.Actor != nil && e.Actor.Name != "" {
		return e.Actor.Name
	}
	return "Linear"
}

// issueChanged notifies the conversations of an issue of a change.
func (c *call) issueChanged(e *event, v *entity, record any, own bool) error {
	a := c.api
	places, err := a.links.conversations(c.ctx, c.conn.ID, v.ID)
	if err != nil || len(places) == 0 {
		return err
	}
	s, err := a.settingsOf(c.ctx, c.conn.ID, v.Team)
	if err != nil {
		return err
	}
	t, _ := record.(*Ticket)
	for _, p := range places {
		a.events.tell(p, "issue", map[string]any{"identifier": v.Identifier, "issue": t})
	}
	if own {
		return nil
	}
	base := Activity{IssueID: v.ID, Identifier: v.Identifier, Actor: e.actorName()}
	var said []Activity
	switch e.Action {
	case "remove":
		base.Kind = ActivityDeleted
		said = append(said, base)
	case "update":
		if from, changed := e.changeOf("stateId"); changed && v.State != nil && s.SendNoteOnStatusChange {
			one := base
			one.Kind, one.To, one.From = ActivityStatus, v.State.Name, c.stateName(from)
			if v.State.Type == "duplicate" {
				one.Kind, one.To = ActivityMerged, c.originalOf(v.ID)
			}
			said = append(said, one)
		}
		if _, changed := e.changeOf("assigneeId"); changed && v.Assignee != nil && s.SendNoteOnStatusChange {
			one := base
			one.Kind, one.To = ActivityAssigned, v.Assignee.Name
			said = append(said, one)
		}
		if raw, changed := e.UpdatedFrom["priority"]; changed && s.SendNoteOnStatusChange {
			one := base
			var from int
			_ = json.Unmarshal(raw, &from) // none if it was none
			one.Kind, one.From, one.To = ActivityPriority, priority(from).Name, priority(v.Priority).Name
			said = append(said, one)
		}
	}
	status := ""
	if _, changed := e.changeOf("stateId"); changed && v.State != nil && e.Action == "update" {
		switch {
		case s.StatusMap[v.State.ID] != "":
			status = s.StatusMap[v.State.ID]
		case s.StatusMap[v.State.Type] != "":
			status = s.StatusMap[v.State.Type]
		case v.State.Type == "completed" && s.AutomateReopenOnCompletion, v.State.Type == "canceled" && s.AutomateReopenOnCancellation:
			status = "open"
		}
	}
	_, moved := e.changeOf("stateId")
	for _, p := range places {
		if moved && e.Action == "update" {
			if err := c.linkMoved(p, e, v, t); err != nil {
				return err
			}
		}
		for _, one := range said {
			one.Account, one.Conversation = p.Account, p.Conversation
			one.ID = one.Kind + ":" + v.ID + ":" + v.UpdatedAt + ":" + e.CreatedAt
			if err := a.record(c.ctx, one, ""); err != nil {
				return err
			}
		}
		if status != "" {
			if err := a.enqueue(c.ctx, job{Kind: jobStatus, Place: p, Status: status}, laneOf(p), "status:"+v.ID+":"+v.UpdatedAt, 0); err != nil {
				return err
			}
		}
	}
	return nil
}

// originalOf is the short name of the issue that an issue is a duplicate of.
func (c *call) originalOf(id string) string {
	const unknown = "another issue"
	client, err := c.client()
	if err != nil {
		return unknown
	}
	got, err := client.IssueRelations(c.ctx, id, linearapi.PageArgs{First: 50})
	if err != nil {
		return unknown // the conversation hears of it without
	}
	i := slices.IndexFunc(got.Relations.Nodes, func(r linearapi.IssueRelation) bool {
		return r.Type == linearapi.RelationDuplicate && r.RelatedIssue != nil
	})
	if i < 0 {
		return unknown
	}
	return got.Relations.Nodes[i].RelatedIssue.Identifier
}

// projectChanged opens the conversations of the issues of a project that is
// completed or canceled, if that is switched on.
func (c *call) projectChanged(e *event, v *entity, own bool) error {
	if _, moved := e.changeOf("statusId"); !moved || own || v.Status == nil || e.Action != "update" {
		return nil
	}
	a := c.api
	s, err := a.settings(c.ctx, c.conn.ID)
	if err != nil {
		return err
	}
	opens := func(s Settings) bool {
		return v.Status.Type == "completed" && s.AutomateReopenOnProjectCompletion || v.Status.Type == "canceled" && s.AutomateReopenOnProjectCancellation
	}
	if !opens(s) && len(s.TeamOverrides) == 0 {
		return nil
	}
	items, _, err := c.everything(ticketListing(), request{conditions: []linearapi.Filter{nest("project.id", linearapi.Filter{"eq": v.ID})}}, nil)
	if err != nil {
		return err
	}
	seen := map[place]bool{}
	for _, it := range items {
		var team *teamName
		if t, is := it.value.(*Ticket); is && t.Team != nil {
			team = &teamName{t.Team.ID, t.Team.Key}
		}
		if !opens(s.of(team)) {
			continue
		}
		places, err := a.links.conversations(c.ctx, c.conn.ID, it.id)
		if err != nil {
			return err
		}
		for _, p := range places {
			if seen[p] {
				continue
			}
			seen[p] = true
			if err := a.enqueue(c.ctx, job{Kind: jobStatus, Place: p, Status: "open"}, laneOf(p), "project:"+v.ID+":"+v.UpdatedAt, 0); err != nil {
				return err
			}
		}
	}
	return nil
}

// stateName names a state by its id.
func (c *call) stateName(id string) string {
	all, err := c.states()
	if err != nil {
		return "another status"
	}
	if i := slices.IndexFunc(all, func(n linearapi.Node[linearapi.WorkflowState]) bool { return n.Value.ID == id }); i >= 0 {
		return all[i].Value.Name
	}
	return "another status"
}

// linkMoved tells subscribers that the issue of a link has another status.
func (c *call) linkMoved(p place, e *event, v *entity, t *Ticket) error {
	have, err := c.api.links.of(c.ctx, c.conn.ID, p.Account, p.Conversation)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(have, func(l link) bool { return l.IssueID == v.ID })
	if i < 0 {
		return nil // removed meanwhile
	}
	record := c.shown(c.conn, p, have[i], false)
	if t != nil {
		record.Issue = t
	}
	return c.api.publishIn(c.ctx, p.Account, news{
		conn: c.conn.ID, name: "conversation_link:status_changed", resource: "conversation_links", id: record.ID, record: record,
		event: e, subject: &v.ID,
	})
}

// attachmentChanged keeps the links of a conversation as they stand in Linear,
// no matter who made or removed them there.
func (c *call) attachmentChanged(e *event, v *entity, own bool) error {
	a := c.api
	p, isOurs := c.placeOf(c.conn, v.URL)
	if !isOurs {
		return nil
	}
	switch e.Action {
	case "remove":
		gone, err := a.links.remove(c.ctx, c.conn.ID, p, v.ID)
		if err != nil {
			return err
		}
		if gone != nil && !own {
			if err := c.linkedThere(e, p, gone, ActivityUnlinked); err != nil {
				return err
			}
			if err := c.linkNews(c.conn, p, *gone, "deleted", e); err != nil {
				return err
			}
		}
	case "create":
		found, err := c.foundLink(p, v)
		if err != nil {
			return err
		}
		if found != nil && !own {
			if err := c.linkedThere(e, p, found, ActivityLinked); err != nil {
				return err
			}
			if err := c.linkNews(c.conn, p, *found, "created", e); err != nil {
				return err
			}
		}
	}
	a.events.tell(p, "links", map[string]string{})
	return nil
}

// linkedThere tells a conversation that a link was made or removed in Linear.
func (c *call) linkedThere(e *event, p place, v *link, kind string) error {
	return c.api.record(c.ctx, Activity{
		ID: kind + ":" + v.ID + ":" + e.CreatedAt, Account: p.Account, Conversation: p.Conversation, Kind: kind,
		IssueID: v.IssueID, Identifier: v.Identifier, Actor: e.actorName(),
	}, "")
}

// foundLink keeps a link that was made in Linear, so that its conversation hears
// of the issue before its links are listed. It returns the link if it is new.
func (c *call) foundLink(p place, v *entity) (*link, error) {
	if v.IssueID == "" || c.enabled(p) != nil || !c.conn.serves(p.Account) {
		return nil, nil //nolint:nilnil,nilerr // no conversation of this connection
	}
	have, err := c.api.links.of(c.ctx, c.conn.ID, p.Account, p.Conversation)
	if err != nil || slices.ContainsFunc(have, func(l link) bool { return l.IssueID == v.IssueID }) {
		return nil, err
	}
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	// The news may be older than the removal of the link.
	if _, err = client.AttachmentNode(c.ctx, v.ID); err == nil {
		var n *linearapi.Node[linearapi.Issue]
		if n, err = client.IssueNode(c.ctx, v.IssueID); err == nil {
			now := c.api.cfg.Now().UTC()
			var isNew bool
			var kept link
			isNew, kept, err = c.api.links.add(c.ctx, c.conn.ID, p, link{
				ID: v.ID, IssueID: n.Value.ID, Identifier: n.Value.Identifier, Title: v.Title, Origin: "found",
				CreatedAt: now, Issue: n.JSON, SnapshotAt: now,
			})
			if err == nil && isNew {
				return &kept, c.api.repairLater(c.ctx, c.conn.ID, p, firstRepair)
			}
		}
	}
	if err != nil && (remoteNotFound(err) || problemOf(err).status == http.StatusUnprocessableEntity) {
		return nil, nil //nolint:nilnil // it is gone meanwhile, or there are too many to keep
	}
	return nil, err
}

// commentChanged tells the conversations of an issue about a comment, and
// mirrors it if that is switched on.
func (c *call) commentChanged(e *event, v *entity, own bool) error {
	a := c.api
	issue := v.IssueID
	identifier := ""
	if v.Issue != nil {
		issue, identifier = v.Issue.ID, v.Issue.Identifier
	}
	if issue == "" || own {
		return nil
	}
	places, err := a.links.conversations(c.ctx, c.conn.ID, issue)
	if err != nil || len(places) == 0 {
		return err
	}
	var team *teamName
	if v.Issue != nil {
		team = v.Issue.Team
	}
	s, err := a.settingsOf(c.ctx, c.conn.ID, team)
	if err != nil {
		return err
	}
	edited := e.Action == "update"
	if _, changed := e.UpdatedFrom["body"]; edited && !changed {
		return nil // a reaction, or a thread that was resolved
	}
	for _, p := range places {
		if identifier == "" {
			have, err := a.links.of(c.ctx, c.conn.ID, p.Account, p.Conversation)
			if err != nil {
				return err
			}
			for _, l := range have {
				if l.IssueID == issue {
					identifier = l.Identifier
				}
			}
		}
		a.events.tell(p, "comment", map[string]string{"identifier": identifier})
		if e.Action == "create" && s.SendNoteOnComment {
			err := a.record(c.ctx, Activity{
				ID: ActivityCommented + ":" + v.ID, Account: p.Account, Conversation: p.Conversation, Kind: ActivityCommented,
				IssueID: issue, Identifier: identifier, Actor: v.author(e),
			}, v.Body)
			if err != nil {
				return err
			}
		}
		if e.Action == "create" && s.AutomateReopenOnComment {
			if err := a.enqueue(c.ctx, job{Kind: jobStatus, Place: p, Status: "open"}, laneOf(p), "reopen:"+v.ID, 0); err != nil {
				return err
			}
		}
		if s.MirrorComments != "to_conversation" && s.MirrorComments != "both" {
			continue
		}
		text, wanted := strings.CutPrefix(v.Body, s.MirrorPrefix)
		if !wanted && e.Action == "create" {
			continue
		}
		j := job{Kind: jobMirror, Conn: c.conn.ID, Place: p, Action: e.Action, Message: &Message{
			ID: v.ID, Account: p.Account, Conversation: p.Conversation, Text: strings.TrimSpace(text), Author: v.author(e),
			Identifier: identifier, URL: v.URL,
		}}
		if err := a.enqueue(c.ctx, j, laneOf(p), "mirror:"+e.Action+":"+v.ID+":"+v.UpdatedAt, 0); err != nil {
			return err
		}
	}
	return nil
}

func (v *entity) author(e *event) string {
	switch {
	case v.BotActor != nil && v.BotActor.UserDisplayName != "":
		return v.BotActor.UserDisplayName
	case v.ExternalUser != nil && v.ExternalUser.Name != "":
		return v.ExternalUser.Name
	case v.User != nil && v.User.Name != "":
		return v.User.Name
	}
	return e.actorName()
}
