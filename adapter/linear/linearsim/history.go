package linearsim

import "slices"

// maxHistory is how many entries the history of an issue keeps.
const maxHistory = 250

// remember adds a change of an issue to its history.
func (s *Server) remember(i *Issue, by *User, was issueFields) {
	v := map[string]any{"issue": i, "actor": by, "actorId": by.ID}
	n := len(v)
	if was.state != i.state && was.state != nil {
		v["fromState"], v["toState"], v["fromStateId"], v["toStateId"] = was.state, i.state, was.state.ID, i.state.ID
	}
	if was.title != i.title {
		v["fromTitle"], v["toTitle"] = was.title, i.title
	}
	if was.description != i.description {
		v["updatedDescription"] = true
	}
	if was.priority != i.priority {
		v["fromPriority"], v["toPriority"] = was.priority, i.priority
	}
	if was.estimate != i.estimate {
		v["fromEstimate"], v["toEstimate"] = was.estimate, i.estimate
	}
	if was.dueDate != i.dueDate {
		v["fromDueDate"], v["toDueDate"] = opt(was.dueDate), opt(i.dueDate)
	}
	for _, p := range []struct {
		name     string
		from, to *User
	}{{"Assignee", was.assignee, i.assignee}, {"Delegate", was.delegate, i.delegate}} {
		if p.from == p.to {
			continue
		}
		v["from"+p.name], v["to"+p.name] = p.from, p.to
		if p.name == "Assignee" {
			v["fromAssigneeId"], v["toAssigneeId"] = userID(p.from), userID(p.to)
		}
	}
	if was.parent != i.parent {
		v["fromParent"], v["toParent"] = was.parent, i.parent
	}
	for _, p := range []struct {
		name     string
		from, to *thing
	}{{"Project", was.project, i.project}, {"Cycle", was.cycle, i.cycle}, {"ProjectMilestone", was.milestone, i.milestone}} {
		if p.from != p.to {
			v["from"+p.name], v["to"+p.name] = p.from, p.to
		}
	}
	if added := missing(i.labels, was.labels); len(added) > 0 {
		v["addedLabels"], v["addedLabelIds"] = added, labelIDs(added)
	}
	if removed := missing(was.labels, i.labels); len(removed) > 0 {
		v["removedLabels"], v["removedLabelIds"] = removed, labelIDs(removed)
	}
	if was.archivedAt != i.archivedAt {
		v["archived"] = !i.archivedAt.IsZero()
	}
	if len(v) == n {
		return
	}
	i.history = append(i.history, i.Team.ws.newThing("IssueHistory", s.newID(), v))
	if len(i.history) > maxHistory {
		i.history = slices.Delete(i.history, 0, 1)
	}
}

// missing are the labels of in that are not in from.
func missing(in, from []*Label) []*Label {
	var out []*Label
	for _, l := range in {
		if !slices.Contains(from, l) {
			out = append(out, l)
		}
	}
	return out
}

func userID(u *User) any {
	if u == nil {
		return nil
	}
	return u.ID
}
