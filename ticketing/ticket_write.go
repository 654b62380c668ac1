package ticketing

import (
	"cmp"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// Limits of what a client writes.
const (
	maxTitle = 512
	maxText  = 250_000
)

// TicketInput is the body that creates or changes a ticket.
type TicketInput struct {
	_                 struct{}          `additionalProperties:"true"`
	Name              string            `json:"name,omitempty" maxLength:"512" doc:"Required on create. Also taken as title or subject."`
	Description       *string           `json:"description,omitempty" doc:"Markdown."`
	Team              *anyRef           `json:"team,omitempty" doc:"Required on create, unless the connection has a default team: an id, a key, or an object with one of them. Also taken as team_id."`
	Status            *anyRef           `json:"status,omitempty" doc:"An object with the id of a status, or a name: what the team calls it, or open, active, pending, completed, closed."`
	Priority          *anyRef           `json:"priority,omitempty" doc:"0 to 4, a word, or an object with id or name."`
	Assignees         []anyRef          `json:"assignees,omitempty" doc:"At most one. Also taken as assignee or assignee_id."`
	Delegate          *anyRef           `json:"delegate,omitempty"`
	Collections       []anyRef          `json:"collections,omitempty" doc:"At most one of each type."`
	Tags              []anyRef          `json:"tags,omitempty" doc:"Ids, or names."`
	AddTags           []anyRef          `json:"add_tags,omitempty" doc:"On update."`
	RemoveTags        []anyRef          `json:"remove_tags,omitempty" doc:"On update."`
	CreateMissingTags bool              `json:"create_missing_tags,omitempty"`
	ParentTicket      *anyRef           `json:"parent_ticket,omitempty"`
	DueDate           *string           `json:"due_date,omitempty" doc:"A date."`
	Estimate          *float64          `json:"estimate,omitempty"`
	Subscribers       []anyRef          `json:"subscribers,omitempty"`
	Attachments       []AttachmentInput `json:"attachments,omitempty" doc:"On create."`
	CreatedAt         *time.Time        `json:"created_at,omitempty" doc:"On create, for imports."`
	Dedupe            string            `json:"dedupe,omitempty" enum:"off,warn,block" doc:"On create: look for tickets that say the same."`
	RemoteData        map[string]any    `json:"remote_data,omitempty" doc:"Fields of Linear's own input, merged over the rest."`
}

// anyRef documents a reference: an id, a name, or an object with one of them.
type anyRef struct{}

// createTicket answers POST /tickets.
func createTicket(c *call) (*reply, error) {
	in := c.input
	made, notes, err := c.newTicket(in)
	if err != nil {
		return nil, err
	}
	c.notes = append(c.notes, notes...)
	if rest := in.unknown(); len(rest) > 0 {
		c.notes = append(c.notes, "ignored unknown fields: "+strings.Join(rest, ", "))
	}
	return c.oneTicket(http.StatusCreated, made)
}

// newTicket creates a ticket from in, under the id of the call.
func (c *call) newTicket(in *input) (*linearapi.Node[linearapi.Issue], []string, error) {
	in.any("integrated_account_id")
	dedupe, _, _ := in.text(10, "dedupe")
	files, _ := in.list(10, "attachments")
	c.creating = true
	fields, team, err := c.ticketFields(in, nil)
	if err != nil {
		return nil, nil, err
	}
	var notes []string
	title, _ := fields["title"].(string)
	switch dedupe {
	case "", "off":
	case "warn", "block":
		description, _ := fields["description"].(string)
		found, err := c.duplicates(title, description, team)
		if err != nil {
			return nil, nil, err
		}
		if len(found) > 0 && dedupe == "block" {
			return nil, nil, &problem{
				status: http.StatusConflict, code: codeDuplicate, candidates: found,
				message: "there are tickets that say the same: link one of them, or send dedupe=off",
			}
		}
		for _, f := range found {
			notes = append(notes, "may be a duplicate of "+f.Ticket.Number)
		}
	default:
		return nil, nil, invalidField("dedupe", "value", "must be off, warn or block")
	}
	fields["id"] = c.make
	made, err := c.createIssue(fields)
	if err != nil {
		return nil, nil, err
	}
	for i, f := range files {
		one, isObject := f.(map[string]any)
		if !isObject {
			notes = append(notes, "attachment "+strconv.Itoa(i+1)+" is not an object")
			continue
		}
		sub := in.object("attachments", one)
		if _, err := c.attach(made.Value.ID, sub, derive(c.make, "attachment", strconv.Itoa(i))); err != nil {
			// The ticket stands; the client learns what is missing.
			notes = append(notes, "attachment "+strconv.Itoa(i+1)+" failed: "+problemOf(err).message)
		}
	}
	return made, notes, nil
}

// createIssue sends a create. If the id is taken, an earlier attempt of the
// same request made it, since only that request knows the id.
func (c *call) createIssue(fields linearapi.Input) (*linearapi.Node[linearapi.Issue], error) {
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	if id, _ := fields["id"].(string); id != "" {
		c.api.expect(c.ctx, c.conn.ID, id)
	}
	made, err := client.TicketCreate(c.ctx, fields)
	if adapter.CodeOf(err) == adapter.CodeConflict {
		if id, _ := fields["id"].(string); id != "" {
			return client.Ticket(c.ctx, id)
		}
	}
	return made, err
}

// derive makes an id for a part of what a request creates.
func derive(id string, parts ...string) string {
	sum := uuid.NewSHA1(uuid.NameSpaceOID, []byte(id+"\x00"+strings.Join(parts, "\x00")))
	sum[6] = sum[6]&0x0f | 0x40 // Linear takes version 4
	return sum.String()
}

// updateTicket answers PATCH /tickets/{id}.
func updateTicket(c *call) (*reply, error) {
	ref, _ := issueRef(c.path["id"])
	n, err := c.changeTicket(ref, c.input)
	if err != nil {
		return nil, missing(err, "ticket", c.path["id"])
	}
	if rest := c.input.unknown(); len(rest) > 0 {
		c.notes = append(c.notes, "ignored unknown fields: "+strings.Join(rest, ", "))
	}
	return c.oneTicket(http.StatusOK, n)
}

func (c *call) changeTicket(ref string, in *input) (*linearapi.Node[linearapi.Issue], error) {
	in.any("integrated_account_id")
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	var now *linearapi.Node[linearapi.Issue]
	match := strings.Trim(c.r.Header.Get("If-Match"), `"`)
	_, byName := in.fields["status"]
	_, tagged := in.fields["tags"]
	_, added := in.fields["add_tags"]
	if match != "" || byName || tagged || added {
		// The state must be one of the ticket's team, and so must the labels.
		if now, err = client.Ticket(c.ctx, ref); err != nil {
			return nil, err
		}
		if match != "" && match != "*" && match != etag(now.Value.ID, now.Value.UpdatedAt) {
			return nil, &problem{
				status: http.StatusPreconditionFailed, code: codePrecondition,
				message: "the ticket was changed meanwhile: read it again",
			}
		}
	}
	c.creating = false
	fields, _, err := c.ticketFields(in, now)
	if err != nil {
		return nil, err
	}
	if len(fields) == 0 {
		if now != nil {
			return now, nil
		}
		return client.Ticket(c.ctx, ref)
	}
	if !isUUID(ref) && now == nil {
		// What Linear says later names the id.
		if now, err = client.Ticket(c.ctx, ref); err != nil {
			return nil, err
		}
	}
	if now != nil {
		ref = now.Value.ID
	}
	done := c.api.intend(c.ctx, c.conn.ID, ref)
	changed, err := client.TicketUpdate(c.ctx, ref, fields)
	if err == nil {
		done(changed.Value.UpdatedAt)
	}
	return changed, err
}

// ticketFields maps a body to Linear's input: a create if now is nil and the
// route creates. team is the id of the team.
func (c *call) ticketFields(in *input, now *linearapi.Node[linearapi.Issue]) (out linearapi.Input, team string, err error) {
	out = linearapi.Input{}
	creating := c.creating
	if s, given, null := in.text(maxTitle, "name", "title", "subject"); given {
		if null || strings.TrimSpace(s) == "" {
			in.wrong("name", "required", "must not be empty")
		}
		out["title"] = s
	} else if creating {
		in.wrong("name", "required", "is required")
	}
	if s, given, null := in.text(maxText, "description"); given {
		out["description"] = s
		if null {
			out["description"] = ""
		}
	}
	if team, err = c.readTeam(in, creating, now, out); err != nil {
		return nil, "", err
	}
	if err = c.readStatus(in, team, out); err != nil {
		return nil, "", err
	}
	c.readPriority(in, out)
	if err = c.readPeople(in, out); err != nil {
		return nil, "", err
	}
	if err = c.readCollections(in, out); err != nil {
		return nil, "", err
	}
	if err = c.readTags(in, team, out); err != nil {
		return nil, "", err
	}
	if id, given, null := in.ref("parent_ticket"); given {
		ref, _ := issueRef(id)
		out["parentId"] = ref
		if null {
			out["parentId"] = nil
		}
	}
	if s, given, null := in.text(40, "due_date"); given {
		day, _, _ := strings.Cut(s, "T")
		out["dueDate"] = day
		if null || s == "" {
			out["dueDate"] = nil
		} else if _, err := time.Parse(time.DateOnly, day); err != nil {
			in.wrong("due_date", "value", "must be a date such as 2026-11-30")
		}
	}
	if n, given, null := in.number("estimate"); given {
		out["estimate"] = int(n)
		if null {
			out["estimate"] = nil
		}
	}
	if creating {
		if s, given, null := in.text(40, "created_at"); given && !null {
			if _, err := time.Parse(time.RFC3339, s); err != nil {
				in.wrong("created_at", "value", "must be a time such as 2026-11-30T12:00:00Z")
			}
			out["createdAt"] = s
		}
		c.actAs(out)
	}
	if raw, given := in.any("remote_data"); given && raw != nil {
		more, isObject := raw.(map[string]any)
		if !isObject {
			in.wrong("remote_data", "type", "must be an object")
		}
		maps.Copy(out, more)
	}
	return out, team, in.done()
}

// actAs shows the agent's name on what an app writes. Other tokens may not.
func (c *call) actAs(out linearapi.Input) {
	if c.conn.AppActor && c.who.session {
		out["createAsUser"] = c.who.Name
		if c.who.AvatarURL != "" {
			out["displayIconUrl"] = c.who.AvatarURL
		}
	}
}

func (c *call) readTeam(in *input, creating bool, now *linearapi.Node[linearapi.Issue], out linearapi.Input) (string, error) {
	var r reference
	given := false
	if v, has := in.any("team"); has {
		if o, isObject := v.(map[string]any); isObject {
			r.id, _ = o["id"].(string)
			r.name, _ = o["name"].(string)
			if key, _ := o["key"].(string); r.id == "" {
				r.id = key
			}
			given = r.id != "" || r.name != ""
		}
	}
	if !given {
		r.id, given, _ = in.text(100, "team", "team_id")
		given = given && r.id != ""
	}
	if !given && creating {
		s, err := c.api.settings(c.ctx, c.conn.ID)
		if err != nil {
			return "", err
		}
		r.id, given = s.DefaultTeamID, s.DefaultTeamID != ""
	}
	switch {
	case given && isUUID(r.id):
		out["teamId"] = r.id
		return r.id, nil
	case given:
		t, err := c.teamOf(r)
		if err != nil {
			return "", err
		}
		if t == nil {
			in.wrong("team", "not_found", "there is no team %s", quoteID(cmp.Or(r.id, r.name)))
			return "", nil
		}
		out["teamId"] = t.ID
		return t.ID, nil
	case creating:
		in.wrong("team", "required", "is required: an id or a key, see /unified/ticketing/teams")
	case now != nil && now.Value.Team != nil:
		return now.Value.Team.ID, nil
	}
	return "", nil
}

func (c *call) readStatus(in *input, team string, out linearapi.Input) error {
	v, given := in.any("status", "status_id", "ticket_status")
	if !given || v == nil {
		return nil
	}
	var r reference
	switch v := v.(type) {
	case string:
		r.id, r.name = v, v
	case map[string]any:
		r.id, _ = v["id"].(string)
		r.name, _ = v["name"].(string)
		if label, _ := v["label"].(string); r.name == "" {
			r.name = label
		}
	}
	if r.id == "" && r.name == "" {
		in.wrong("status", "required", "must have an id or a name")
		return nil
	}
	all, err := c.states()
	if err != nil {
		return err
	}
	var own []*linearapi.WorkflowState
	for i := range all {
		s := &all[i].Value
		if s.Team != nil && s.Team.ID == team {
			own = append(own, s)
		}
		if s.ID == r.id {
			if s.Team != nil && team != "" && s.Team.ID != team {
				in.wrong("status", "wrong_team", "the status %s belongs to the team %s", quoteID(s.Name), s.Team.Key)
				return nil
			}
			out["stateId"] = s.ID
			return nil
		}
	}
	if isUUID(r.id) {
		in.wrong("status", "not_found", "there is no status with this id")
		return nil
	}
	switch word := strings.ToLower(r.name); word {
	case "spam", "archived", "deleted":
		in.wrong("status", "value", "a ticket cannot be set to %s: use /tickets/{id}/archive or DELETE", word)
		return nil
	}
	chosen := pickState(own, r.name)
	if chosen == nil {
		in.wrong("status", "not_found", "the team has no status %s", quoteID(r.name))
		return nil
	}
	out["stateId"] = chosen.ID
	return nil
}

// pickState finds the state that a name means: what the team calls so, else the
// first state of the types that the word stands for.
func pickState(own []*linearapi.WorkflowState, name string) *linearapi.WorkflowState {
	for _, s := range own {
		if strings.EqualFold(s.Name, name) {
			return s
		}
	}
	types := typesOf(name)
	if strings.EqualFold(name, "open") {
		types = []string{"unstarted", "backlog"}
	}
	for _, t := range types {
		var first *linearapi.WorkflowState
		for _, s := range own {
			if s.Type == t && (first == nil || s.Position < first.Position) {
				first = s
			}
		}
		if first != nil {
			return first
		}
	}
	return nil
}

func (c *call) readPriority(in *input, out linearapi.Input) {
	v, given := in.any("priority")
	if !given {
		return
	}
	word := ""
	switch v := v.(type) {
	case nil:
		word = "none"
	case string:
		word = v
	case map[string]any:
		for _, name := range []string{"id", "level", "name"} {
			if s, _ := v[name].(string); word == "" {
				word = s
			}
		}
	default:
		word = string(must(jsonText(v)))
	}
	n, known := priorityOf(word)
	if !known {
		in.wrong("priority", "value", "must be 0 to 4, none, urgent, high, medium or low")
		return
	}
	out["priority"] = n
}

func (c *call) readPeople(in *input, out linearapi.Input) error {
	find := func(field string, r reference) (string, error) {
		id, err := c.userOf(r)
		if err == nil && id == "" {
			in.wrong(field, "not_found", "there is no user %s", quoteID(cmp.Or(r.id, r.email, r.name)))
		}
		return id, err
	}
	if list, given := in.refs(20, "assignees", "assignee", "assignee_id"); given {
		switch len(list) {
		case 0:
			if !c.creating {
				out["assigneeId"] = nil
			}
		case 1:
			if list[0].text == "" && list[0].id == "" && list[0].email == "" && list[0].name == "" {
				break
			}
			id, err := find("assignees", list[0])
			if err != nil {
				return err
			}
			out["assigneeId"] = id
		default:
			in.wrong("assignees", "too_many_assignees", "Linear has one assignee per ticket")
		}
	}
	if list, given := in.refs(1, "delegate", "delegate_id"); given {
		out["delegateId"] = nil
		if len(list) == 1 {
			id, err := find("delegate", list[0])
			if err != nil {
				return err
			}
			out["delegateId"] = id
		}
	}
	if list, given := in.refs(50, "subscribers"); given {
		ids := []string{}
		for _, r := range list {
			id, err := find("subscribers", r)
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		out["subscriberIds"] = ids
	}
	return nil
}

func (c *call) readCollections(in *input, out linearapi.Input) error {
	list, given := in.refs(10, "collections", "collection_ids")
	if !given {
		return nil
	}
	fields := map[string]string{"project": "projectId", "iteration": "cycleId", "cycle": "cycleId", "milestone": "projectMilestoneId"}
	if !c.creating && len(list) == 0 {
		out["projectId"], out["cycleId"] = nil, nil
		return nil
	}
	for i, r := range list {
		field := fields[r.kind]
		if field == "" {
			kind, err := c.collectionType(r.id)
			if err != nil {
				return err
			}
			if field = fields[kind]; field == "" {
				in.wrong("collections["+strconv.Itoa(i)+"]", "not_found", "there is no collection %s", quoteID(r.id))
				continue
			}
		}
		if _, twice := out[field]; twice {
			in.wrong("collections", "too_many", "a ticket is in one collection of each type")
		}
		out[field] = r.id
	}
	return nil
}

// collectionType finds out what kind of collection an id names.
func (c *call) collectionType(id string) (string, error) {
	projects, err := c.projects()
	if err != nil {
		return "", err
	}
	if slices.ContainsFunc(projects, func(p linearapi.Node[linearapi.Project]) bool { return p.Value.ID == id }) {
		return "project", nil
	}
	cycles, err := c.cycles()
	if err != nil {
		return "", err
	}
	if slices.ContainsFunc(cycles, func(p linearapi.Node[linearapi.Cycle]) bool { return p.Value.ID == id }) {
		return "iteration", nil
	}
	return "", nil
}

func (c *call) readTags(in *input, team string, out linearapi.Input) error {
	missingToo, _ := in.flag("create_missing_tags")
	for _, f := range []struct{ name, field string }{
		{"tags", "labelIds"}, {"add_tags", "addedLabelIds"}, {"remove_tags", "removedLabelIds"},
	} {
		names := []string{f.name}
		if f.name == "tags" {
			names = append(names, "tag_ids", "label_ids")
		}
		list, given := in.refs(100, names...)
		if !given {
			continue
		}
		ids, err := c.tagIDs(in, f.name, list, team, missingToo)
		if err != nil {
			return err
		}
		out[f.field] = ids
	}
	return nil
}

func (c *call) tagIDs(in *input, field string, list []reference, team string, create bool) ([]string, error) {
	ids := []string{}
	if len(list) == 0 {
		return ids, nil
	}
	all, err := c.labels()
	if err != nil {
		return nil, err
	}
	groups := map[string]string{}
	for _, r := range list {
		found := findLabel(all, r, team)
		switch {
		case found == nil && create && r.id == "" || found == nil && create && !isUUID(r.id):
			name := cmp.Or(r.name, r.text)
			client, err := c.client()
			if err != nil {
				return nil, err
			}
			made, err := client.LabelCreate(c.ctx, linearapi.Input{"name": name, "id": derive(cmp.Or(c.make, c.id), "tag", name)})
			if err != nil {
				return nil, err
			}
			c.api.cache.drop(c.conn.ID, kindLabels)
			ids = append(ids, made.Value.ID)
		case found == nil && isUUID(r.id):
			ids = append(ids, r.id) // newer than the directory; Linear decides
		case found == nil:
			in.wrong(field, "not_found", "there is no tag %s; send create_missing_tags to make it", quoteID(cmp.Or(r.name, r.text, r.id)))
		case found.IsGroup:
			in.wrong(field, "group", "%s is a group of tags: use one of its tags", quoteID(found.Name))
		default:
			if found.Parent != nil && field != "remove_tags" {
				if other, twice := groups[found.Parent.ID]; twice && other != found.ID {
					in.wrong(field, "one_of_group", "a ticket has one tag of the group %s", quoteID(found.Parent.Name))
				}
				groups[found.Parent.ID] = found.ID
			}
			if !slices.Contains(ids, found.ID) {
				ids = append(ids, found.ID)
			}
		}
	}
	return ids, nil
}

// findLabel prefers an id, then a label of the team, then one of the
// workspace.
func findLabel(all []linearapi.Node[linearapi.Label], r reference, team string) *linearapi.Label {
	var named *linearapi.Label
	for i := range all {
		l := &all[i].Value
		if r.id != "" && l.ID == r.id {
			return l
		}
		if name := cmp.Or(r.name, r.text); name != "" && strings.EqualFold(l.Name, name) {
			if l.Team != nil && l.Team.ID != team {
				continue
			}
			if named == nil || l.Team != nil {
				named = l
			}
		}
	}
	return named
}

// deleteTicket answers DELETE /tickets/{id}.
func deleteTicket(c *call) (*reply, error) {
	ref, _ := issueRef(c.path["id"])
	permanent, fine := c.q.flag("permanent")
	if !fine {
		return nil, badRequest(codeInvalidRequest, "permanent must be true or false")
	}
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	if !isUUID(ref) {
		n, err := client.Ticket(c.ctx, ref)
		if err != nil {
			return nil, missing(err, "ticket", c.path["id"])
		}
		ref = n.Value.ID // what Linear says later names the id
	}
	c.api.intend(c.ctx, c.conn.ID, ref)
	if permanent {
		if c.who.Role != RoleAdmin {
			return nil, forbidden(codeForbidden, "deleting for good needs the role admin")
		}
		_, err = client.Raw(c.ctx, linearapi.RawRequest{
			Name: "issueDelete", Variables: map[string]any{"id": ref}, Repeatable: true,
			Query: "mutation issueDelete($id: String!) { issueDelete(id: $id, permanentlyDelete: true) { success } }",
		})
	} else {
		err = client.IssueDelete(c.ctx, ref)
	}
	if err != nil {
		return nil, missing(err, "ticket", c.path["id"])
	}
	return ok(Deleted{ID: c.path["id"]}), nil
}

// Deleted is the answer to a delete.
type Deleted struct {
	ID string `json:"id"`
}

// missing words a "not found" of Linear for people.
func missing(err error, what, id string) error {
	if e, is := errors.AsType[*adapter.Error](err); is && e.Code == adapter.CodeNotFound {
		p := notFound(what, id)
		p.remote, p.cause = true, err
		return p
	}
	return err
}
