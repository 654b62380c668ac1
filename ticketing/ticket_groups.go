package ticketing

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

func (c *call) readCollections(in *input, out linearapi.Input) error {
	list, given := in.refs(10, "collections", "collection_ids")
	if !given {
		return nil
	}
	fields := map[string]string{"project": "projectId", "iteration": "cycleId", "cycle": "cycleId", "milestone": "projectMilestoneId"}
	if !c.creating && len(list) == 0 {
		out["projectId"], out["cycleId"], out["projectMilestoneId"] = nil, nil, nil
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
	it, err := c.collectionAt(id, stageMilestones)
	if err != nil || it == nil {
		return "", err
	}
	return "milestone", nil
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
		if c.creating && f.name != "tags" {
			in.wrong(f.name, "unsupported", "is for changes of a ticket: a new one takes tags")
			continue
		}
		ids, err := c.tagIDs(in, f.name, list, team, missingToo)
		if err != nil {
			return err
		}
		out[f.field] = ids
	}
	if !c.creating {
		return nil
	}
	return c.defaultTags(team, out)
}

// defaultTags adds the tags that the connection gives to every new ticket. One
// that is gone, of another team or of a group from which the ticket has a tag is
// left out: the setting must not keep tickets from being created.
func (c *call) defaultTags(team string, out linearapi.Input) error {
	s, err := c.settingsIn(team)
	if err != nil || len(s.DefaultLabels) == 0 {
		return err
	}
	all, err := c.labels()
	if err != nil {
		return err
	}
	ids, _ := out["labelIds"].([]string)
	group := func(id string) string {
		i := slices.IndexFunc(all, func(n linearapi.Node[linearapi.Label]) bool { return n.Value.ID == id })
		if i < 0 || all[i].Value.Parent == nil {
			return ""
		}
		return all[i].Value.Parent.ID
	}
	for _, name := range s.DefaultLabels {
		l := findLabel(all, reference{id: name, text: name}, team)
		switch {
		case l == nil, l.IsGroup, retired(l), l.Team != nil && l.Team.ID != team:
			c.notes = append(c.notes, "the default tag "+quoteID(name)+" cannot be used here")
			continue
		case slices.Contains(ids, l.ID), l.Parent != nil && slices.ContainsFunc(ids, func(id string) bool { return group(id) == l.Parent.ID }):
			continue
		}
		ids = append(ids, l.ID)
	}
	if len(ids) > 0 {
		out["labelIds"] = ids
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
		if found == nil && !isUUID(r.id) { // it may be new
			if found, err = lookUp(c, kindLabels, c.labels, func(l *linearapi.Label) bool {
				return findLabel([]linearapi.Node[linearapi.Label]{{Value: *l}}, r, team) != nil
			}); err != nil {
				return nil, err
			}
		}
		switch {
		case found == nil && create && r.id == "" || found == nil && create && !isUUID(r.id):
			name := cmp.Or(r.name, r.text)
			client, err := c.client()
			if err != nil {
				return nil, err
			}
			id := derive(cmp.Or(c.make, c.id), "tag", name)
			c.api.expect(c.ctx, c.conn.ID, id)
			made, err := client.IssueLabelCreateNode(c.ctx, linearapi.Input{"name": name, "id": id})
			if err != nil {
				return nil, err
			}
			c.api.cache.drop(c.conn.ID, kindLabels)
			ids = append(ids, made.Value.ID)
		case found == nil && isUUID(r.id):
			ids = append(ids, r.id) // newer than the directory; Linear decides
		case found == nil:
			in.wrong(field, "not_found", "there is no tag %s; send create_missing_tags to make it", quoteID(cmp.Or(r.name, r.text, r.id)))
		case retired(found) && field != "remove_tags":
			in.wrong(field, "retired", "%s is retired: restore it, or use another", quoteID(found.Name))
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
