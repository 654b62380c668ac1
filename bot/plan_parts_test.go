package bot_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/linearbot/linearbot/bot"
)

func TestPlanParts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, th := newHandle(t, thread)
		ctx := t.Context()
		p := bot.NewPlan("")
		_, err := p.Add(ctx, "Build")
		second, err2 := p.AddParallel(ctx, "Test")
		_, err3 := th.Post(ctx, p)
		err4 := p.Update(ctx, bot.PlanUpdate{ID: second, Status: bot.TaskComplete, Output: "12\npassed"})
		err5 := p.Reset(ctx, "Again", "Deploy")
		if err := errors.Join(err, err2, err3, err4, err5); err != nil {
			t.Fatal(err)
		}
		checkLog(t, s, "post 🔄 Build\n🔄 Test", "edit 🔄 Build\n✅ Test: 12 passed", "edit 📋 Again\n⬜ Deploy")
		if tasks := p.Tasks(); len(tasks) != 1 || tasks[0].ID != "1" {
			t.Errorf("tasks %v", tasks)
		}
	})
}

func TestTaskDetails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, th := newHandle(t, sessionThread)
		s.results = true
		src := chunks(
			bot.TaskChunk{Title: "Search", Details: "ENG-1", Status: bot.TaskComplete, Output: "1 hit"},
			bot.TaskChunk{ID: "t2", Status: bot.TaskInProgress},
			bot.TaskChunk{Title: "Deploy", Details: "api", Output: "no access", Status: bot.TaskFailed},
			bot.TextChunk{Text: "Done."},
		)
		if _, err := th.Post(t.Context(), bot.StreamWith(src, bot.StreamOptions{})); err != nil {
			t.Fatal(err)
		}
		checkLog(t, s, "action Search(ENG-1) 1 hit", "action t2", "error Deploy\napi\nno access", "post Done.")
	})
}
