package linearsim

// linkMutations are those of attachments and of the archive.
func linkMutations() map[string]operation {
	return map[string]operation{
		"attachmentCreate": func(r *request, a args) (any, error) {
			in := a.object("input")
			return r.attach(in, in)
		},
		"attachmentLinkURL": func(r *request, a args) (any, error) { return r.attach(a, args{}) },
		"attachmentUpdate": func(r *request, a args) (any, error) {
			t, err := findThing(r.ws.things["Attachment"], "Attachment", a.text("id"))
			if err != nil {
				return nil, err
			}
			if err := r.update(t, a.object("input")); err != nil {
				return nil, err
			}
			return r.done("AttachmentPayload", "attachment", t), nil
		},
		"attachmentDelete": func(r *request, a args) (any, error) {
			t, err := findThing(r.ws.things["Attachment"], "Attachment", a.text("id"))
			if err != nil {
				return nil, err
			}
			r.remove(t)
			return r.done("DeletePayload", "entityId", t.id), nil
		},
		"issueArchive":   archiveIssue,
		"issueUnarchive": unarchiveIssue,
	}
}

func linkQueries() map[string]operation {
	return map[string]operation{
		"attachmentsForURL": func(r *request, a args) (any, error) {
			url := a.text("url")
			return page(r, "Attachment", a, where(r.ws.things["Attachment"], func(t *thing) bool { return t.is("url", url) }), nil)
		},
	}
}

// attach links an address to an issue, or updates the existing link.
func (r *request) attach(in, more args) (any, error) {
	issue, err := r.ws.findIssue(in.text("issueId"))
	if err != nil {
		return nil, err
	}
	url := in.text("url")
	if url == "" {
		return nil, invalidField("url", "isUrl", "url must be a URL address")
	}
	if in.set("createAsUser") && !r.user.App {
		return nil, invalidArgument("createAsUser can only be used by an app user")
	}
	title := in.text("title")
	if title == "" {
		title = url
	}
	id, err := r.srv.claim("Attachment", in)
	if err != nil {
		return nil, err
	}
	metadata := more["metadata"]
	if metadata == nil {
		metadata = map[string]any{}
	}
	values := map[string]any{
		"title": title, "url": url, "issue": issue, "subtitle": opt(more.text("subtitle")),
		"metadata": metadata, "creator": r.user, "groupBySource": more.flag("groupBySource"),
	}
	for _, t := range r.ws.things["Attachment"] {
		if t.is("issue", issue) && t.is("url", url) {
			r.change(t, func() { t.values = values })
			return r.done("AttachmentPayload", "attachment", t), nil
		}
	}
	t := r.ws.addThing("Attachment", id, values)
	r.ws.emitThing(r, t, "create", nil)
	if body := more.text("commentBody"); body != "" {
		if _, err := createComment(r, args{"input": map[string]any{"issueId": issue.ID, "body": body}}); err != nil {
			return nil, err
		}
	}
	return r.done("AttachmentPayload", "attachment", t), nil
}

func archiveIssue(r *request, a args) (any, error) {
	i, err := r.ws.findIssue(a.text("id"))
	if err != nil {
		return nil, err
	}
	if a.flag("trash") {
		r.srv.trash(i, r.user)
	} else {
		r.srv.changeIssue(i, r.user, func() { i.archivedAt = r.srv.now() })
	}
	return r.done("IssueArchivePayload", "entity", i), nil
}

// unarchiveIssue takes an issue out of the archive or the trash.
func unarchiveIssue(r *request, a args) (any, error) {
	id := a.text("id")
	for _, i := range r.ws.issues {
		if i.ID == id || i.Identifier == id {
			r.srv.changeIssue(i, r.user, func() { i.archivedAt, i.trashedAt, i.trashed = zeroTime(), zeroTime(), false })
			return r.done("IssueArchivePayload", "entity", i), nil
		}
	}
	return nil, notFound("Issue")
}

// linkField answers the fields of an issue that name other entities.
func (i *Issue) linkField(r *request, name string, a args) (v any, known bool, err error) {
	ws := i.Team.ws
	switch name {
	case "project":
		return i.project, true, nil
	case "projectMilestone":
		return i.milestone, true, nil
	case "cycle":
		return i.cycle, true, nil
	case "attachments":
		v, err = page(r, "Attachment", a, where(ws.things["Attachment"], func(t *thing) bool { return t.is("issue", i) }), nil)
	case "relations":
		v, err = page(r, "IssueRelation", a, where(ws.things["IssueRelation"], func(t *thing) bool { return t.is("issue", i) }), nil)
	case "inverseRelations":
		v, err = page(r, "IssueRelation", a, where(ws.things["IssueRelation"], func(t *thing) bool { return t.is("relatedIssue", i) }), nil)
	case "history":
		v, err = page(r, "IssueHistory", a, i.history, nil)
	case "customerTicketCount":
		return len(where(ws.things["CustomerNeed"], func(t *thing) bool { return t.is("issue", i) })), true, nil
	default:
		return nil, false, nil
	}
	return v, true, err
}
