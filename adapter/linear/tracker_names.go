package linear

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// People name users and labels as they see them, and Linear wants ids.

// assignee returns the id of a user, or nil for none.
func (a *Adapter) assignee(ctx context.Context, workspace, who string) (any, error) {
	q := adapter.UserQuery{Name: who}
	switch {
	case who == "":
		return nil, nil
	case isUUID(who):
		return who, nil
	case strings.LastIndexByte(who, '@') > 0:
		q = adapter.UserQuery{Email: who}
	}
	u, err := a.User(ctx, workspace, q)
	if err != nil {
		return nil, err
	}
	return u.ID, nil
}

// allLabels are the labels that a change names.
func allLabels(c adapter.IssueFields) []string {
	all := slices.Concat(c.AddLabels, c.RemoveLabels)
	if c.Labels != nil {
		all = append(all, *c.Labels...)
	}
	return all
}

// setLabels adds the labels of a change to Linear's input: those of a new issue, or
// what changes on one of a team.
func (b *bot) setLabels(ctx context.Context, in linearapi.Input, c adapter.IssueFields, team string, create bool) error {
	ids, err := b.labelIDs(ctx, allLabels(c), team)
	if err != nil {
		return err
	}
	pick := func(names []string, must bool) ([]string, error) {
		out := []string{}
		for _, name := range names {
			switch id := ids[strings.ToLower(name)]; {
			case id != "":
				out = append(out, id)
			case must:
				return nil, opError("issue", adapter.CodeNotFound, "the team has no label "+name)
			}
		}
		return out, nil
	}
	if create {
		all := c.AddLabels
		if c.Labels != nil {
			all = slices.Concat(*c.Labels, all)
		}
		if len(all) == 0 {
			return nil
		}
		c.Labels, c.AddLabels, c.RemoveLabels = &all, nil, nil
	}
	if c.Labels != nil {
		if in["labelIds"], err = pick(*c.Labels, true); err != nil {
			return err
		}
	}
	if len(c.AddLabels) > 0 {
		if in["addedLabelIds"], err = pick(c.AddLabels, true); err != nil {
			return err
		}
	}
	if len(c.RemoveLabels) > 0 {
		if in["removedLabelIds"], err = pick(c.RemoveLabels, false); err != nil {
			return err
		}
	}
	return nil
}

// labelIDs returns the ids of labels, by name in lower case or by id. A label of the
// team goes before one of the workspace.
func (b *bot) labelIDs(ctx context.Context, labels []string, team string) (map[string]string, error) {
	ids := make(map[string]string, len(labels))
	var named []linearapi.Filter
	for _, l := range labels {
		if isUUID(l) {
			ids[strings.ToLower(l)] = l
		} else {
			named = append(named, linearapi.Filter{"name": linearapi.Filter{"eqIgnoreCase": l}})
		}
	}
	if len(named) == 0 {
		return ids, nil
	}
	page, err := b.api.IssueLabels(ctx, linearapi.Filter{"or": named}, linearapi.PageArgs{First: linearapi.MaxPage})
	if err != nil {
		return nil, err
	}
	for _, l := range page.Nodes {
		name := strings.ToLower(l.Name)
		switch {
		case l.IsGroup:
		case l.Team != nil && l.Team.ID == team, l.Team == nil && ids[name] == "":
			ids[name] = l.ID
		}
	}
	return ids, nil
}

func isUUID(s string) bool { return len(s) == 36 && uuid.Validate(s) == nil }
