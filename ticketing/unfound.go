package ticketing

import (
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/linearbot/linearbot/adapter"
)

// missing words a "not found" of Linear for people.
func missing(err error, what, id string) error {
	if _, told := errors.AsType[*problem](err); told {
		return err // it is something else that is missing
	}
	if e, is := errors.AsType[*adapter.Error](err); is && e.Code == adapter.CodeNotFound {
		p := notFound(what, id)
		p.remote, p.cause = true, err
		return p
	}
	return err
}

// referenced finds the entity that Linear says it could not find: "Could not find
// referenced Team.", "Entity not found: Team".
var referenced = regexp.MustCompile(`(?i)(?:find referenced|entity not found:?) ([A-Z][A-Za-z]+)`)

// unfound turns Linear's "not found" about something that a body names into what is
// wrong with the field. fields says which field names an entity of Linear, beside
// those of tickets.
func unfound(err error, fields map[string]string) error {
	e, is := errors.AsType[*adapter.Error](err)
	if !is || e.Code != adapter.CodeNotFound {
		return err
	}
	found := referenced.FindStringSubmatch(e.Message)
	if found == nil {
		return err
	}
	field, known := fields[found[1]]
	if fields == nil {
		field, known = map[string]string{
			"Team": "team", "User": "assignees", "IssueLabel": "tags", "Issue": "parent_ticket", "Project": "collections", "Cycle": "collections",
			"ProjectMilestone": "collections", "WorkflowState": "status", "Template": "template",
		}[found[1]]
	}
	if !known {
		return err
	}
	p := invalid(Failure{Field: field, Code: "not_found", Message: "Linear has none with this id that the connection can see (" + strings.TrimSuffix(e.Message, ".") + ")"})
	p.status, p.code, p.remote, p.cause = http.StatusNotFound, codeNotFound, true, err
	return p
}
