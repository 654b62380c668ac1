// Package plan is a list of tasks that is kept up to date: how it changes, and how it
// is shown, as Markdown in a message and as the plan of an agent session.
package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/emoji"
)

// Status is how far a task is.
type Status string

// The statuses.
const (
	Pending    Status = "pending"
	InProgress Status = "in_progress"
	Complete   Status = "complete"
	Failed     Status = "error"
)

// StepDone is the status of the step of a session's plan that is complete.
const StepDone = "completed"

// The other statuses of the steps of a session's plan.
const (
	stepPending  = "pending"
	stepRunning  = "inProgress"
	stepCanceled = "canceled"
)

// Task is a task of a plan.
type Task struct {
	// ID is "1" for the first task, "2" for the second and so on.
	ID     string
	Title  string
	Status Status
	// Output is what came of the task. Empty for nothing.
	Output string
}

// List is the title and the tasks of a plan. The zero value is empty. It is not safe
// for concurrent use.
type List struct {
	Title string
	tasks []Task
}

// Add adds a task and returns its id.
func (l *List) Add(title string, s Status) (id string) {
	id = strconv.Itoa(len(l.tasks) + 1)
	l.tasks = append(l.tasks, Task{ID: id, Title: title, Status: s})
	return id
}

// Reset replaces the title and all tasks.
func (l *List) Reset(title string, tasks []string) {
	l.Title, l.tasks = title, nil
	for _, title := range tasks {
		l.Add(title, Pending)
	}
}

// Finish completes the tasks that have a status.
func (l *List) Finish(s Status) {
	for i := range l.tasks {
		if l.tasks[i].Status == s {
			l.tasks[i].Status = Complete
		}
	}
}

// Update changes the fields of a task that are not empty in u. Without an ID it is the
// last task in progress, or else the last one.
func (l *List) Update(u Task) error {
	task := l.find(u.ID)
	if task == nil {
		return fmt.Errorf("bot: the plan has no task %q", u.ID)
	}
	task.Title = cmp.Or(u.Title, task.Title)
	task.Status = cmp.Or(u.Status, task.Status)
	task.Output = cmp.Or(u.Output, task.Output)
	return nil
}

func (l *List) find(id string) *Task {
	var found *Task
	for i := range l.tasks {
		task := &l.tasks[i]
		running := found != nil && found.Status == InProgress
		if task.ID == id || id == "" && (task.Status == InProgress || !running) {
			found = task
		}
	}
	return found
}

// Tasks returns a copy of the tasks.
func (l *List) Tasks() []Task { return slices.Clone(l.tasks) }

// Markdown returns the title and a line for each task. Placeholders of emoji are
// replaced.
func (l *List) Markdown() string {
	var lines []string
	if title := oneLine(l.Title); title != "" || len(l.tasks) == 0 {
		lines = append(lines, strings.TrimRight("📋 "+title, " "))
	}
	for _, task := range l.tasks {
		lines = append(lines, sign(task.Status)+" "+task.text())
	}
	return emoji.Replace(strings.Join(lines, "\n"))
}

// Steps returns the plan as a session has it. A session's plan has no title, so a
// title alone is a step.
func (l *List) Steps() []adapter.PlanStep {
	if len(l.tasks) == 0 && oneLine(l.Title) == "" {
		return []adapter.PlanStep{}
	}
	if len(l.tasks) == 0 {
		return []adapter.PlanStep{{Content: oneLine(l.Title), Status: stepPending}}
	}
	out := make([]adapter.PlanStep, len(l.tasks))
	for i, task := range l.tasks {
		out[i] = adapter.PlanStep{Content: cmp.Or(task.text(), "Task "+task.ID), Status: stepPending}
		switch task.Status {
		case Complete:
			out[i].Status = StepDone
		case InProgress:
			out[i].Status = stepRunning
		case Failed:
			out[i].Status = stepCanceled
		case Pending:
		}
	}
	return out
}

// text returns the task on one line.
func (t Task) text() string {
	text := oneLine(t.Title)
	if output := oneLine(t.Output); output != "" {
		text = strings.TrimLeft(text+": "+output, ": ")
	}
	return text
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func sign(s Status) string {
	switch s {
	case Complete:
		return "✅"
	case InProgress:
		return "🔄"
	case Failed:
		return "❌"
	case Pending:
		return "⬜"
	default:
		return "⬜"
	}
}
