package bot_test

import (
	"context"
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

type tally struct{ N int }

func TestState(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t)
		ctx := t.Context()
		th := w.handle(thread)
		other, err := w.bot.Workspace("W2").Thread(thread)
		if err != nil {
			t.Fatal(err)
		}
		c := bot.State[tally](th)
		if v, err := c.Get(ctx); err != nil || v.N != 0 {
			t.Errorf("nothing there: %+v, %v", v, err)
		}
		// Sixteen at once, each adding one.
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				if err := c.Update(ctx, func(v *tally) error { v.N++; return nil }); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if v, err := c.Get(ctx); err != nil || v.N != 16 {
			t.Errorf("after sixteen updates: %+v, %v", v, err)
		}
		if err := c.Update(ctx, func(v *tally) error { v.N = 99; return errBoom }); err == nil {
			t.Error("an error of the change is not returned")
		}
		if v, _ := c.Get(ctx); v.N != 16 {
			t.Errorf("a failed change was kept: %+v", v)
		}
		for name, cell := range map[string]bot.Cell[tally]{
			"another workspace":   bot.State[tally](other),
			"another name":        c.Named("x"),
			"the workspace":       bot.WorkspaceState[tally](w.bot.Workspace("W1")),
			"a user":              bot.UserState[tally](w.bot.Workspace("W1"), "ada"),
			"a user named thread": bot.UserState[tally](w.bot.Workspace("W1"), string(thread)),
		} {
			if v, err := cell.Get(ctx); err != nil || v.N != 0 {
				t.Errorf("%s shares the state: %+v, %v", name, v, err)
			}
		}
		if _, err := bot.State[[]string](th).Get(ctx); err == nil || !strings.Contains(err.Error(), "does not fit") {
			t.Errorf("another type: %v, want a clear error", err)
		}
		if err := c.WithTTL(time.Hour).Set(ctx, tally{5}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Hour)
		if v, _ := c.Get(ctx); v.N != 0 {
			t.Errorf("still there after its time: %+v", v)
		}
		if err := c.Set(ctx, tally{7}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(29 * 24 * time.Hour)
		if v, _ := c.Get(ctx); v.N != 7 {
			t.Errorf("gone before thirty days: %+v", v)
		}
		if err := c.Delete(ctx); err != nil {
			t.Fatal(err)
		}
		if v, _ := c.Get(ctx); v.N != 0 {
			t.Errorf("still there after Delete: %+v", v)
		}
	})
}

func TestStepsRunOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t)
		w.bot.OnNewMention(func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
			var got []string
			for _, name := range []string{"plan", "write", "write"} {
				text, err := bot.Step(ctx, name, func(ctx context.Context) (string, error) {
					w.note("run %s", name)
					if _, err := th.Post(ctx, bot.Text("in "+name)); err != nil {
						return "", err
					}
					if name == "write" && m.Attempt == 1 {
						return "", errBoom
					}
					return name + "!", nil
				})
				if err != nil {
					return err
				}
				got = append(got, text)
			}
			if m.Attempt < 4 {
				return errBoom
			}
			_, err := th.Post(ctx, bot.Text(strings.Join(got, " ")))
			return err
		})
		w.say("ada", "@helper")
		w.say("ada", "@helper")
		w.run(time.Hour)
		// Each of two messages plans once, fails to write once, writes twice.
		once := []string{"run plan", "run write", "run write", "run write"}
		if diff := cmp.Diff(append(append([]string{}, once...), once...), w.notes()); diff != "" {
			t.Errorf("steps (-want +got):\n%s", diff)
		}
		posts := []string{"in plan", "in write", "in write", "plan! write! write!"} //nolint:dupword // two steps of one name
		if diff := cmp.Diff(append(append([]string{}, posts...), posts...), w.fake.Posted(thread)); diff != "" {
			t.Errorf("posts (-want +got):\n%s", diff)
		}
	})
}

func TestStepOutsideATurnRuns(t *testing.T) {
	t.Parallel()
	for range 2 {
		got, err := bot.Step(t.Context(), "x", func(context.Context) (int, error) { return 7, nil })
		if got != 7 || err != nil {
			t.Errorf("Step = %d, %v", got, err)
		}
	}
}

func TestTranscript(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t)
		ctx := t.Context()
		ts := w.bot.Workspace("W1").Transcript("ada")
		ts.MaxEntries = 2
		for _, text := range []string{"a", "b", "c"} {
			if err := ts.Append(ctx, bot.TranscriptEntry{Role: "user", Text: text}); err != nil {
				t.Fatal(err)
			}
		}
		texts := func() []string {
			entries, err := w.bot.Workspace("W1").Transcript("ada").Entries(ctx)
			if err != nil {
				t.Fatal(err)
			}
			out := []string{}
			for _, e := range entries {
				out = append(out, e.Text)
			}
			return out
		}
		if diff := cmp.Diff([]string{"b", "c"}, texts()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if other, err := w.bot.Workspace("W2").Transcript("ada").Entries(ctx); err != nil || len(other) != 0 {
			t.Errorf("another workspace sees %v, %v", other, err)
		}
		if err := ts.Delete(ctx); err != nil {
			t.Fatal(err)
		}
		if got := texts(); len(got) != 0 {
			t.Errorf("after Delete: %v", got)
		}
	})
}

// TestTranscriptBounds appends more bytes than a transcript keeps, and appends
// from several sides at once.
func TestTranscriptBounds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t)
		ctx := t.Context()
		big := w.bot.Workspace("W1").Transcript("big")
		for i := range 5 {
			text := strings.Repeat(strconv.Itoa(i), 300<<10)
			if err := big.Append(ctx, bot.TranscriptEntry{Role: "user", Text: text}); err != nil {
				t.Fatal(err)
			}
		}
		entries, err := big.Entries(ctx)
		if err != nil || len(entries) != 3 || entries[0].Text[0] != '2' || entries[2].Text[0] != '4' {
			t.Errorf("%d entries, %v, want the newest three", len(entries), err)
		}
		if err := big.Append(ctx, bot.TranscriptEntry{Role: "user", Text: strings.Repeat("x", 1<<20)}); err == nil {
			t.Error("an entry of 1 MiB was kept")
		}

		many := w.bot.Workspace("W1").Transcript("many")
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 10 {
					if err := many.Append(ctx, bot.TranscriptEntry{Role: "user", Text: "x"}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if entries, err := many.Entries(ctx); err != nil || len(entries) != 40 {
			t.Errorf("%d entries, %v, want 40", len(entries), err)
		}
	})
}

var _ adapter.Adapter = (*able)(nil)
