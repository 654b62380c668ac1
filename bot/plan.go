package bot

import (
	"cmp"
	"context"
	"sync"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/plan"
	"github.com/linearbot/linearbot/bot/internal/profiles"
	"github.com/linearbot/linearbot/bot/internal/stream"
	"github.com/linearbot/linearbot/internal/content"
)

// Plan is a list of tasks that is posted once and kept up to date in place: in a
// thread of comments as a message that is edited, in an agent session as the
// session's plan. Make one with [NewPlan] and post it with [Thread.Post]; before
// that, changes are just remembered. It is safe for concurrent use: changes are
// shown one after the other.
type Plan struct {
	// showing holds a token while a change is being shown.
	showing chan struct{}

	mu   sync.Mutex
	list plan.List

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
	// Output is the result of the task, as Markdown on one line, shown after the title.
	// May be empty.
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
	p := &Plan{showing: make(chan struct{}, 1)}
	p.list.Reset(title, tasks)
	return p
}

// Add completes the tasks that are in progress, adds a task in progress and returns
// its id. [Plan.AddParallel] leaves the others in progress.
func (p *Plan) Add(ctx context.Context, title string) (id string, err error) {
	err = p.change(ctx, func() error {
		p.list.Finish(plan.InProgress)
		id = p.list.Add(title, plan.InProgress)
		return nil
	})
	return id, err
}

// AddParallel adds a task in progress beside those that are in progress, and
// returns its id.
func (p *Plan) AddParallel(ctx context.Context, title string) (id string, err error) {
	err = p.change(ctx, func() error {
		id = p.list.Add(title, plan.InProgress)
		return nil
	})
	return id, err
}

// Reset replaces the title and all tasks, which are pending then. Their ids begin
// at "1" again.
func (p *Plan) Reset(ctx context.Context, title string, tasks ...string) error {
	return p.change(ctx, func() error {
		p.list.Reset(title, tasks)
		return nil
	})
}

// Update changes a task.
func (p *Plan) Update(ctx context.Context, u PlanUpdate) error {
	return p.change(ctx, func() error {
		return p.list.Update(plan.Task{ID: u.ID, Title: u.Title, Status: plan.Status(u.Status), Output: u.Output})
	})
}

// Complete completes the tasks that are pending or in progress. title replaces
// the plan's title unless it is empty.
func (p *Plan) Complete(ctx context.Context, title string) error {
	return p.change(ctx, func() error {
		p.list.Title = cmp.Or(title, p.list.Title)
		p.list.Finish(plan.InProgress)
		p.list.Finish(plan.Pending)
		return nil
	})
}

// Tasks returns the tasks as they are.
func (p *Plan) Tasks() []PlanTask {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := []PlanTask{}
	for _, t := range p.list.Tasks() {
		out = append(out, PlanTask{ID: t.ID, Title: t.Title, Status: TaskStatus(t.Status), Output: t.Output})
	}
	return out
}

// Render makes a plan content: the title and a line for each task.
func (p *Plan) Render(content.Form) (string, error) { return p.body(), nil }

func (p *Plan) body() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return stream.WithBelow(p.list.Markdown(), p.links)
}

// steps returns the plan as a session has it. A session's plan has no title.
func (p *Plan) steps() []adapter.PlanStep {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.list.Steps()
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
		people := t.mentions(p.silent)
		if err := t.setPlan(ctx, &people, p.steps()); err != nil {
			return nil, err
		}
		p.thread, p.messageID = t, ""
		return &adapter.Message{Thread: t.id, Body: p.body()}, nil
	}
	shown := stream.NewPost(t.writer(t.writeKey(ctx), x), t.bot.can.editor != nil)
	if err := shown.Put(ctx, p.body()); err != nil {
		return shown.Message(), err
	}
	p.thread, p.messageID = t, shown.Message().ID
	return shown.Message(), nil
}

// setPlan makes steps the plan of a session, with mentions in them.
func (t *Thread) setPlan(ctx context.Context, people *profiles.Mentions, steps []adapter.PlanStep) error {
	if err := alive(ctx); err != nil {
		return err
	}
	for i := range steps {
		var err error
		if steps[i].Content, err = people.Replace(ctx, steps[i].Content); err != nil {
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
		people := t.mentions(p.silent)
		return t.setPlan(ctx, &people, p.steps())
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
