package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/plan"
)

func TestShown(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		title string
		tasks []plan.Task
		text  string
		steps []adapter.PlanStep
	}{
		"nothing":      {text: "📋", steps: []adapter.PlanStep{}},
		"a title":      {title: "Ship\n it", text: "📋 Ship it", steps: []adapter.PlanStep{{Content: "Ship it", Status: "pending"}}},
		"tasks":        {tasks: []plan.Task{{Title: "Build"}, {Title: " "}}, text: "⬜ Build\n⬜ ", steps: []adapter.PlanStep{{Content: "Build", Status: "pending"}, {Content: "Task 2", Status: "pending"}}},
		"an output":    {tasks: []plan.Task{{Title: "Test", Output: "12\npassed", Status: plan.Complete}}, text: "✅ Test: 12 passed", steps: []adapter.PlanStep{{Content: "Test: 12 passed", Status: "completed"}}},
		"output alone": {tasks: []plan.Task{{Output: "ok", Status: plan.InProgress}}, text: "🔄 ok", steps: []adapter.PlanStep{{Content: "ok", Status: "inProgress"}}},
		"both, emoji": {
			title: "Go {{emoji:rocket}}", tasks: []plan.Task{{Title: "Land", Status: plan.Failed}},
			text: "📋 Go 🚀\n❌ Land", steps: []adapter.PlanStep{{Content: "Land", Status: "canceled"}},
		},
	} {
		l := plan.List{Title: c.title}
		for _, task := range c.tasks {
			task.ID = l.Add(task.Title, plan.Pending)
			if err := l.Update(task); err != nil {
				t.Fatal(err)
			}
		}
		if got := l.Markdown(); got != c.text {
			t.Errorf("%s: %q, want %q", name, got, c.text)
		}
		if diff := cmp.Diff(c.steps, l.Steps()); diff != "" {
			t.Errorf("%s: steps (-want +got):\n%s", name, diff)
		}
	}
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status []plan.Status
		id     string
		want   int // the task that changes, from 1 on; 0 is an error
	}{
		"by id":                   {[]plan.Status{plan.InProgress, plan.Pending}, "2", 2},
		"an unknown id":           {[]plan.Status{plan.InProgress}, "2", 0},
		"the last in progress":    {[]plan.Status{plan.InProgress, plan.InProgress, plan.Pending}, "", 2},
		"or else the last one":    {[]plan.Status{plan.Complete, plan.Pending}, "", 2},
		"of a plan without tasks": {nil, "", 0},
	} {
		var l plan.List
		for _, s := range c.status {
			l.Add("task", s)
		}
		err := l.Update(plan.Task{ID: c.id, Title: "changed"})
		if (err == nil) != (c.want > 0) {
			t.Errorf("%s: error %v", name, err)
		}
		for i, task := range l.Tasks() {
			if (task.Title == "changed") != (i+1 == c.want) || task.Status != c.status[i] {
				t.Errorf("%s: task %+v, want a change of %d", name, task, c.want)
			}
		}
	}
}
