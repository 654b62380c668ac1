package ticketing

import (
	"strings"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// Status is the status of a ticket.
type Status struct {
	ID       string `json:"id"`
	Name     string `json:"name" enum:"open,active,pending,completed,closed,archived,deleted" doc:"The same words for every team."`
	Label    string `json:"label" doc:"What the team calls it."`
	Type     string `json:"type" doc:"Linear's type of state."`
	Category string `json:"category" enum:"OPEN,IN_PROGRESS,CLOSED"`
	Color    string `json:"color"`
}

// Priority is the priority of a ticket.
type Priority struct {
	ID    string `json:"id" doc:"0 to 4."`
	Name  string `json:"name"`
	Level string `json:"level" enum:"none,urgent,high,medium,low"`
}

// status maps a state to the words that are the same for every team.
func status(s *linearapi.WorkflowState) *Status {
	st := &Status{ID: s.ID, Label: s.Name, Type: s.Type, Color: s.Color}
	st.Name, st.Category = normalized(s.Type)
	return st
}

func normalized(stateType string) (name, category string) {
	switch stateType {
	case "triage":
		return "pending", "OPEN"
	case "started":
		return "active", "IN_PROGRESS"
	case "completed":
		return "completed", "CLOSED"
	case "canceled", "duplicate":
		return "closed", "CLOSED"
	default:
		return "open", "OPEN"
	}
}

// typesOf is the way back: which types of state have a word.
func typesOf(name string) []string {
	switch strings.ToLower(name) {
	case "pending":
		return []string{"triage"}
	case "open":
		return []string{"backlog", "unstarted"}
	case "active", "in_progress":
		return []string{"started"}
	case "completed", "resolved", "done":
		return []string{"completed"}
	case "closed", "canceled", "cancelled":
		return []string{"canceled", "duplicate"}
	}
	return nil
}

func priorities() []Priority {
	return []Priority{
		{"0", "No priority", "none"},
		{"1", "Urgent", "urgent"},
		{"2", "High", "high"},
		{"3", "Medium", "medium"},
		{"4", "Low", "low"},
	}
}

func priority(n int) Priority {
	all := priorities()
	if n < 0 || n >= len(all) {
		n = 0
	}
	return all[n]
}

// stateTypes are Linear's types of status, in the order of a board.
func stateTypes() []string {
	return []string{"triage", "backlog", "unstarted", "started", "completed", "canceled", "duplicate"}
}
