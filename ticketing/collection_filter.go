package ticketing

import (
	"slices"
	"strconv"
	"strings"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// stageOf is the only stage of a list that a filter can be for: what Linear calls
// the same of one type is another thing of the next. paths are the stages that know
// the filter, each with its name there.
func stageOf(c *call, name string, paths map[int]string) (int, error) {
	stages := collectionStages(c)
	known := !slices.ContainsFunc(stages, func(s int) bool { return paths[s] == "" || paths[s] != paths[stages[0]] })
	if known {
		return stages[0], nil
	}
	var types []string
	for _, k := range collectionKinds() {
		if paths[k.stage] != "" {
			types = append(types, "type="+k.typ)
		}
	}
	return 0, badRequest(codeInvalidRequest, "%s needs %s", name, strings.Join(types, " or "))
}

// byStage makes a filter of a date that each type of collection calls by another
// name.
func byStage(name string, paths map[int]string) func(*call, string, []string) (linearapi.Filter, error) {
	return func(c *call, op string, values []string) (linearapi.Filter, error) {
		stage, err := stageOf(c, name, paths)
		if err != nil {
			return nil, err
		}
		f := &filter{name: name, kind: ofDay, path: paths[stage], nullable: stage != stageCycles}
		if stage == stageCycles {
			f.kind = ofTime
		}
		return f.build(c, op, values)
	}
}

func filterCollectionStatus(c *call, op string, values []string) (linearapi.Filter, error) {
	stage, err := stageOf(c, "status", map[int]string{stageProjects: "project", stageCycles: "cycle", stageInitiatives: "initiative"})
	if err != nil {
		return nil, err
	}
	if op != "eq" && op != "in" {
		return nil, badRequest(codeInvalidRequest, "status has no operator %q", op)
	}
	var either []linearapi.Filter
	for _, v := range values {
		switch stage {
		case stageProjects:
			is := linearapi.Filter{"eqIgnoreCase": v}
			either = append(either, nest("status.name", is), nest("status.type", is))
		case stageInitiatives:
			either = append(either, nest("status", linearapi.Filter{"eqIgnoreCase": v}))
		default:
			flag, known := map[string]string{"upcoming": "isFuture", "active": "isActive", "completed": "isPast"}[strings.ToLower(v)]
			if !known {
				return nil, badRequest(codeInvalidRequest, "status of an iteration must be upcoming, active or completed")
			}
			either = append(either, nest(flag, linearapi.Filter{"eq": true}))
		}
	}
	return or(either), nil
}

func filterCollectionActive(c *call, op string, values []string) (linearapi.Filter, error) {
	stage, err := stageOf(c, "is_active", map[int]string{stageProjects: "project", stageCycles: "cycle", stageInitiatives: "initiative"})
	if err != nil {
		return nil, err
	}
	on, err := strconv.ParseBool(values[0])
	if err != nil || op != "eq" {
		return nil, badRequest(codeInvalidRequest, "is_active takes true or false")
	}
	is := "eq"
	if !on {
		is = "neq"
	}
	switch stage {
	case stageProjects:
		return nest("status.type", linearapi.Filter{is: "started"}), nil
	case stageInitiatives:
		return nest("status", linearapi.Filter{is: "Active"}), nil
	}
	return nest("isActive", linearapi.Filter{"eq": on}), nil
}

func filterCollectionLead(c *call, op string, values []string) (linearapi.Filter, error) {
	paths := map[int]string{stageProjects: "lead", stageInitiatives: "owner"}
	stage, err := stageOf(c, "lead", paths)
	if err != nil {
		return nil, err
	}
	f := &filter{name: "lead", path: paths[stage] + ".id", nullable: true, make: filterPerson(paths[stage])}
	return f.build(c, op, values)
}

// filterWorkspace selects everything, or nothing: a connection has one workspace.
func filterWorkspace(c *call, op string, values []string) (linearapi.Filter, error) {
	if op != "eq" && op != "in" {
		return nil, badRequest(codeInvalidRequest, "workspace has no operator %q", op)
	}
	space, err := c.workspace()
	if err != nil {
		return nil, err
	}
	if slices.Contains(values, space.Organization.ID) {
		return nil, nil //nolint:nilnil // everything is of this workspace
	}
	return nest("id", linearapi.Filter{"in": []string{}}), nil
}
