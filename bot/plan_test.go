package bot_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
)

func TestPlan(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, th := newHandle(t, thread)
		ctx := t.Context()
		p := bot.NewPlan("Ship {{emoji:rocket}}\nit", "Test")
		if err := p.Update(ctx, bot.PlanUpdate{Status: bot.TaskInProgress}); err != nil { // before the post
			t.Fatal(err)
		}
		m, err := th.Post(ctx, p)
		if err != nil || m.ID != "post-0" {
			t.Fatalf("message %+v, %v", m, err)
		}
		build, err := p.Add(ctx, "Build")
		if err != nil || build != "2" {
			t.Errorf("Add: %q, %v", build, err)
		}
		for _, u := range []bot.PlanUpdate{
			{ID: "1", Status: bot.TaskFailed},   // a status alone changes
			{Title: "Build it"},                 // the one in progress
			{Status: bot.TaskComplete},          // the same
			{Status: bot.TaskPending},           // none is in progress: the last
			{ID: "1", Title: "Test everything"}, // a title alone changes
		} {
			if err := p.Update(ctx, u); err != nil {
				t.Errorf("Update(%+v): %v", u, err)
			}
		}
		if err := p.Complete(ctx, "Shipped"); err != nil {
			t.Error(err)
		}
		checkLog(
			t, s,
			"post 📋 Ship 🚀 it\n🔄 Test",
			"edit 📋 Ship 🚀 it\n✅ Test\n🔄 Build",
			"edit 📋 Ship 🚀 it\n❌ Test\n🔄 Build",
			"edit 📋 Ship 🚀 it\n❌ Test\n🔄 Build it",
			"edit 📋 Ship 🚀 it\n❌ Test\n✅ Build it",
			"edit 📋 Ship 🚀 it\n❌ Test\n⬜ Build it",
			"edit 📋 Ship 🚀 it\n❌ Test everything\n⬜ Build it",
			"edit 📋 Shipped\n❌ Test everything\n✅ Build it",
		)
		want := []bot.PlanTask{{ID: "1", Title: "Test everything", Status: bot.TaskFailed}, {ID: "2", Title: "Build it", Status: bot.TaskComplete}}
		if diff := cmp.Diff(want, p.Tasks()); diff != "" {
			t.Errorf("tasks (-want +got):\n%s", diff)
		}
		if err := p.Update(ctx, bot.PlanUpdate{ID: "9"}); err == nil || !strings.Contains(err.Error(), `"9"`) {
			t.Errorf("update of no task: %v", err)
		}
	})
}

func TestPlanInSession(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, th := newHandle(t, sessionThread)
		ctx := t.Context()
		p := bot.NewPlan("Ship it")
		if m, err := th.Post(ctx, p); err != nil || m.ID != "" || m.Thread != sessionThread {
			t.Fatalf("message %+v, %v", m, err)
		}
		_, err := p.Add(ctx, "Test")
		_, err2 := p.Add(ctx, "Build")
		err3 := p.Update(ctx, bot.PlanUpdate{Status: bot.TaskFailed})
		if err := errors.Join(err, err2, err3, p.Complete(ctx, "")); err != nil {
			t.Error(err)
		}
		checkLog(
			t, s, "plan [{Ship it pending}]", "plan [{Test inProgress}]", "plan [{Test completed} {Build inProgress}]",
			"plan [{Test completed} {Build canceled}]", "plan [{Test completed} {Build canceled}]",
		)
	})
}

// TestPlanInOrder changes a plan from many sides while edits take time.
func TestPlanInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, th := newHandle(t, thread)
		s.slow = time.Second
		p := bot.NewPlan("All")
		if _, err := th.Post(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				if _, err := p.Add(t.Context(), strconv.Itoa(i)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if s.crowd {
			t.Error("two edits were under way at once")
		}
		if got := s.visible(); strings.Count(got, "\n") != 20 || strings.Count(got, "🔄") != 1 {
			t.Errorf("visible:\n%s", got)
		}
	})
}

func TestPlanThatCannotBeShown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, th := newHandle(t, thread)
		p := bot.NewPlan("P")
		if _, err := th.Post(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		down := &adapter.Error{Code: adapter.CodeUnavailable, Op: "edit"}
		s.fail = []error{down}
		if _, err := p.Add(t.Context(), "a"); !errors.Is(err, down) {
			t.Errorf("error %v, want %v", err, down)
		}
		if _, err := p.Add(t.Context(), "b"); err != nil {
			t.Error(err)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(errBoom)
		if _, err := p.Add(ctx, "c"); !errors.Is(err, errBoom) {
			t.Errorf("error %v, want %v", err, errBoom)
		}
		if got := s.visible(); got != "📋 P\n✅ a\n🔄 b" {
			t.Errorf("visible: %q", got)
		}
	})
}
