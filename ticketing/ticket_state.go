package ticketing

import (
	"errors"
	"strings"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// pickState finds the state of a team that a name means: what the team calls so;
// else the one that the team has chosen for what the word stands for; else the
// first of its types.
func (c *call) pickState(own []*linearapi.WorkflowState, name string) (*linearapi.WorkflowState, error) {
	for _, s := range own {
		if strings.EqualFold(s.Name, name) {
			return s, nil
		}
	}
	types := typesOf(name)
	if len(types) == 0 || len(own) == 0 {
		return nil, nil //nolint:nilnil // the caller says which field it is
	}
	word, _ := normalized(types[0])
	chosen, err := c.chosenState(own[0].Team, word)
	if err != nil {
		return nil, err
	}
	for _, s := range own {
		if is, _ := normalized(s.Type); s.ID == chosen && is == word {
			return s, nil
		}
	}
	if word == "open" {
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
			return first, nil
		}
	}
	return nil, nil //nolint:nilnil // the caller says which field it is
}

// chosenState is the id of the state that a team has chosen for open, pending or
// active tickets, or "".
func (c *call) chosenState(t *linearapi.Team, word string) (string, error) {
	switch {
	case word == "open" && t.DefaultState != nil:
		return t.DefaultState.ID, nil
	case word == "pending" && t.TriageState != nil:
		return t.TriageState.ID, nil
	case word == "active":
		return remember(c.api.cache, cacheKey(c.conn.ID, kindStates, "start", t.ID), directoryTTL, func() (string, error) {
			return c.startState(t.ID)
		})
	}
	return "", nil
}

// startState is the state that issues of a team move to when work on them starts:
// what the team's Git automation says for every branch.
func (c *call) startState(team string) (string, error) {
	raw, err := c.rawField("teamStart", "query teamStart($id: String!) { team(id: $id) { gitAutomationStates(first: 50) { nodes { event state { id } targetBranch { id } } } } }",
		map[string]any{"id": team}, "team")
	if e, is := errors.AsType[*adapter.Error](err); is && (e.Code == adapter.CodeForbidden || e.Code == adapter.CodeNotFound) {
		return "", nil // not for this token: the first state will do
	}
	if err != nil {
		return "", err
	}
	var got struct {
		Automation struct {
			Nodes []struct {
				Event  string         `json:"event"`
				State  *linearapi.Ref `json:"state"`
				Branch *linearapi.Ref `json:"targetBranch"`
			} `json:"nodes"`
		} `json:"gitAutomationStates"`
	}
	if err := understand(raw, &got); err != nil {
		return "", err
	}
	for _, n := range got.Automation.Nodes {
		if n.Event == "start" && n.Branch == nil && n.State != nil {
			return n.State.ID, nil
		}
	}
	return "", nil
}
