package bot

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/content"
	"github.com/linearbot/linearbot/internal/emoji"
)

// The statuses of the steps of a session's plan.
const (
	planPending  = "pending"
	planRunning  = "inProgress"
	planDone     = "completed"
	planCanceled = "canceled"
)

// Plan is a list of tasks that is posted once and kept up to date in place: in a
// thread of comments as a message that is edited, in an agent session as the
// session's plan. Make one with [NewPlan] and post it with [Thread.Post]; before
// that, changes are just remembered. It is safe for concurrent use: changes are
// shown one after the other.
type Plan struct {
	// showing holds a token while a change is being shown.
	showing chan struct{}

	mu    sync.Mutex
	title string
	tasks []PlanTask

	links     string  // what stands below the tasks
	silent    bool    // says that nothing in it mentions a user
	thread    *Thread // nil before the post
	messageID string  // empty in sessions
}

// PlanTask is a task of a plan.
type PlanTask struct {
	// ID is "1" for the first task, "2" for the second and so on.
	ID string
	// Title is Markdown on one line; text of other people in it goes through
	// [Escape].
	Title  string
	Status TaskStatus
	// Output is what came of the task, as Markdown on one line; it stands behind
	// the title. Empty for nothing.
	Output string
}

// PlanUpdate changes a task. Fields that are empty leave it alone.
type PlanUpdate struct {
	// ID is the task. Defaults to the last one in progress, or else to the
	// last one.
	ID     string
	Title  string
	Status TaskStatus
	Output string
}

// NewPlan returns a plan with a title, Markdown on one line, and tasks that are
// pending. An empty title is left out.
func NewPlan(title string, tasks ...string) *Plan {
	p := &Plan{showing: make(chan struct{}, 1), title: title}
	for _, title := range tasks {
		p.add(title, TaskPending)
	}
	return p
}

// Add adds a task in progress and returns its id. The tasks that were in
// progress are complete with that; [Plan.AddParallel] leaves them alone.
func (p *Plan) Add(ctx context.Context, title string) (id string, err error) {
	err = p.change(ctx, func() error {
		p.finish(TaskInProgress)
		id = p.add(title, TaskInProgress)
		return nil
	})
	return id, err
}

// AddParallel adds a task in progress beside those that are in progress, and
// returns its id.
func (p *Plan) AddParallel(ctx context.Context, title string) (id string, err error) {
	err = p.change(ctx, func() error {
		id = p.add(title, TaskInProgress)
		return nil
	})
	return id, err
}

// Reset replaces the title and all tasks, which are pending then. Their ids begin
// at "1" again.
func (p *Plan) Reset(ctx context.Context, title string, tasks ...string) error {
	return p.change(ctx, func() error {
		p.title, p.tasks = title, nil
		for _, title := range tasks {
			p.add(title, TaskPending)
		}
		return nil
	})
}

// Update changes a task.
func (p *Plan) Update(ctx context.Context, u PlanUpdate) error {
	return p.change(ctx, func() error {
		task := p.find(u.ID)
		if task == nil {
			return fmt.Errorf("bot: the plan has no task %q", u.ID)
		}
		task.Title = cmp.Or(u.Title, task.Title)
		task.Status = cmp.Or(u.Status, task.Status)
		task.Output = cmp.Or(u.Output, task.Output)
		return nil
	})
}

// Complete completes the tasks that are pending or in progress. title replaces
// the plan's title unless it is empty.
func (p *Plan) Complete(ctx context.Context, title string) error {
	return p.change(ctx, func() error {
		p.title = cmp.Or(title, p.title)
		p.finish(TaskInProgress)
		p.finish(TaskPending)
		return nil
	})
}

// Tasks returns the tasks as they are.
func (p *Plan) Tasks() []PlanTask {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]PlanTask{}, p.tasks...)
}

// The methods below are called with the lock.

func (p *Plan) add(title string, status TaskStatus) (id string) {
	id = strconv.Itoa(len(p.tasks) + 1)
	p.tasks = append(p.tasks, PlanTask{ID: id, Title: title, Status: status})
	return id
}

func (p *Plan) finish(status TaskStatus) {
	for i := range p.tasks {
		if p.tasks[i].Status == status {
			p.tasks[i].Status = TaskComplete
		}
	}
}

func (p *Plan) find(id string) *PlanTask {
	var found *PlanTask
	for i := range p.tasks {
		task := &p.tasks[i]
		running := found != nil && found.Status == TaskInProgress
		if task.ID == id || id == "" && (task.Status == TaskInProgress || !running) {
			found = task
		}
	}
	return found
}

// Render makes a plan content: the title and a line for each task.
func (p *Plan) Render(content.Form) (string, error) { return p.body(), nil }

func (p *Plan) body() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var lines []string
	if title := oneLine(p.title); title != "" || len(p.tasks) == 0 {
		lines = append(lines, strings.TrimRight("📋 "+title, " "))
	}
	for _, task := range p.tasks {
		lines = append(lines, taskSign(task.Status)+" "+task.text())
	}
	return withLinks(emoji.Replace(strings.Join(lines, "\n")), p.links)
}

// text returns the task on one line.
func (t PlanTask) text() string {
	text := oneLine(t.Title)
	if output := oneLine(t.Output); output != "" {
		text = strings.TrimLeft(text+": "+output, ": ")
	}
	return text
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func taskSign(s TaskStatus) string {
	switch s {
	case TaskComplete:
		return "✅"
	case TaskInProgress:
		return "🔄"
	case TaskFailed:
		return "❌"
	case TaskPending:
		return "⬜"
	default:
		return "⬜"
	}
}

// steps returns the plan as a session has it. A session's plan has no title.
func (p *Plan) steps() []adapter.PlanStep {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.tasks) == 0 && oneLine(p.title) == "" {
		return []adapter.PlanStep{}
	}
	if len(p.tasks) == 0 {
		return []adapter.PlanStep{{Content: oneLine(p.title), Status: planPending}}
	}
	out := make([]adapter.PlanStep, len(p.tasks))
	for i, task := range p.tasks {
		out[i] = adapter.PlanStep{Content: cmp.Or(task.text(), "Task "+task.ID), Status: planPending}
		switch task.Status {
		case TaskComplete:
			out[i].Status = planDone
		case TaskInProgress:
			out[i].Status = planRunning
		case TaskFailed:
			out[i].Status = planCanceled
		case TaskPending:
		}
	}
	return out
}

// post posts the plan with links to files below it. In a session there is no
// message of it: the one returned has no id.
func (p *Plan) post(ctx context.Context, t *Thread, links string, x extras) (*adapter.Message, error) {
	if err := p.begin(ctx); err != nil {
		return nil, err
	}
	defer p.end()
	p.mu.Lock()
	p.links, p.silent = links, x.silent
	p.mu.Unlock()
	if t.inSession() {
		if err := t.setPlan(ctx, &mentioner{thread: t, quiet: p.silent}, p.steps()); err != nil {
			return nil, err
		}
		p.thread, p.messageID = t, ""
		return &adapter.Message{Thread: t.id, Body: p.body()}, nil
	}
	shown := newPage(t, t.writeKey(ctx), x)
	if err := shown.Put(ctx, p.body()); err != nil {
		return shown.message, err
	}
	p.thread, p.messageID = t, shown.message.ID
	return shown.message, nil
}

// setPlan makes steps the plan of a session, with mentions in them.
func (t *Thread) setPlan(ctx context.Context, people *mentioner, steps []adapter.PlanStep) error {
	if err := alive(ctx); err != nil {
		return err
	}
	for i := range steps {
		var err error
		if steps[i].Content, err = people.replace(ctx, steps[i].Content); err != nil {
			return err
		}
	}
	return t.bot.can.agent.SetPlan(ctx, t.workspace, t.id, steps)
}

// change changes the plan and shows it. A change that cannot be shown is shown
// with the next.
func (p *Plan) change(ctx context.Context, f func() error) error {
	if err := p.begin(ctx); err != nil {
		return err
	}
	defer p.end()
	p.mu.Lock()
	err := f()
	p.mu.Unlock()
	t := p.thread
	if err != nil || t == nil {
		return err
	}
	if p.messageID == "" {
		return t.setPlan(ctx, &mentioner{thread: t, quiet: p.silent}, p.steps())
	}
	var shown Content = p
	if p.silent {
		shown = NoMentions(p)
	}
	_, err = t.Edit(ctx, p.messageID, shown)
	return err
}

// begin waits for the change before this one.
func (p *Plan) begin(ctx context.Context) error {
	if err := alive(ctx); err != nil {
		return err
	}
	select {
	case p.showing <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (p *Plan) end() { <-p.showing }
