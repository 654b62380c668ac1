package linearsim

func labelIDs(in []*Label) []string {
	out := make([]string, len(in))
	for i, l := range in {
		out[i] = l.ID
	}
	return out
}

func userIDs(in []*User) []string {
	out := make([]string, len(in))
	for i, u := range in {
		out[i] = u.ID
	}
	return out
}

// child is the form of an issue inside other webhook data.
func (i *Issue) child() map[string]any {
	return map[string]any{
		"id": i.ID, "title": i.title, "teamId": i.Team.ID, "team": i.Team.child(),
		"identifier": i.Identifier, "url": i.url(),
	}
}

// data is the issue in a webhook.
func (i *Issue) data() map[string]any {
	ws := i.Team.ws
	labels := make([]any, len(i.labels))
	for n, l := range i.labels {
		labels[n] = l.child()
	}
	out := map[string]any{
		"id":                  i.ID,
		"createdAt":           stamp(i.createdAt),
		"updatedAt":           stamp(i.updatedAt),
		"archivedAt":          stamp(i.trashedAt),
		"startedAt":           stamp(i.startedAt),
		"completedAt":         stamp(i.completedAt),
		"canceledAt":          stamp(i.canceledAt),
		"addedToTeamAt":       stamp(i.createdAt),
		"number":              i.Number,
		"title":               i.title,
		"identifier":          i.Identifier,
		"url":                 i.url(),
		"priority":            i.priority,
		"priorityLabel":       priorityLabel(i.priority),
		"sortOrder":           i.sortOrder,
		"prioritySortOrder":   i.sortOrder,
		"estimate":            i.estimate,
		"dueDate":             opt(i.dueDate),
		"labelIds":            labelIDs(i.labels),
		"labels":              labels,
		"previousIdentifiers": []any{},
		"subscriberIds":       userIDs(i.subscribers),
		"reactionData":        reactionData(i.reactions),
		"slaType":             "all",
		"teamId":              i.Team.ID,
		"team":                i.Team.child(),
		"stateId":             i.state.ID,
		"state":               map[string]any{"id": i.state.ID, "name": i.state.Name, "color": i.state.color, "type": i.state.Type},
		"creatorId":           i.Creator.ID,
		"creator":             i.Creator.child(),
	}
	if i.description != "" {
		out["description"] = plainMentions(ws, i.description)
		out["descriptionData"] = editorText(ws, i.description, i.typed)
	}
	if i.assignee != nil {
		out["assigneeId"], out["assignee"] = i.assignee.ID, i.assignee.child()
	}
	if i.delegate != nil {
		out["delegateId"], out["delegate"] = i.delegate.ID, i.delegate.child()
	}
	if i.parent != nil {
		out["parentId"] = i.parent.ID
	}
	if i.trashed {
		out["trashed"] = true
	} else if !i.archivedAt.IsZero() {
		out["archivedAt"] = stamp(i.archivedAt)
	}
	if i.project != nil {
		out["projectId"] = i.project.id
		out["project"] = map[string]any{"id": i.project.id, "name": i.project.text("name"), "url": i.project.text("url")}
	}
	if i.milestone != nil {
		out["projectMilestoneId"] = i.milestone.id
	}
	if i.cycle != nil {
		out["cycleId"] = i.cycle.id
	}
	return out
}
