package bot_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/linearbot/linearbot/bot"
)

// TestTranscriptOfATurnThatRunsAgain appends in a turn that fails at first.
func TestTranscriptOfATurnThatRunsAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t)
		runs := 0
		w.bot.OnNewMention(func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
			tr := w.bot.Workspace("W1").Transcript("ada")
			for _, e := range []bot.TranscriptEntry{{Role: "user", Text: m.ID, Thread: string(th.ID())}, {Role: "assistant", Text: "re " + m.ID}} {
				if err := tr.Append(ctx, e); err != nil {
					return err
				}
			}
			if runs++; runs < 3 {
				return errBoom
			}
			return nil
		})
		w.say("ada", "@helper one")
		w.say("ada", "@helper two")
		w.run(time.Minute)
		tr := w.bot.Workspace("W1").Transcript("ada")
		texts := func(q bot.TranscriptQuery) []string {
			entries, err := tr.Find(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			var out []string
			for _, e := range entries {
				if e.ID == "" {
					t.Errorf("%+v has no id", e)
				}
				out = append(out, e.Text)
			}
			return out
		}
		for _, c := range []struct {
			q    bot.TranscriptQuery
			want []string
		}{
			{bot.TranscriptQuery{}, []string{"m1", "re m1", "m2", "re m2"}},
			{bot.TranscriptQuery{Limit: 1}, []string{"re m2"}},
			{bot.TranscriptQuery{Roles: []string{"user"}}, []string{"m1", "m2"}},
			{bot.TranscriptQuery{Thread: string(thread), Limit: 1}, []string{"m2"}},
			{bot.TranscriptQuery{Keep: func(e bot.TranscriptEntry) bool { return e.Text != "m1" }, Limit: 9}, []string{"re m1", "m2", "re m2"}},
			{bot.TranscriptQuery{Since: time.Now().Add(time.Hour)}, nil},
		} {
			if got := texts(c.q); !slices.Equal(got, c.want) {
				t.Errorf("%+v: %v, want %v", c.q, got, c.want)
			}
		}
		for range 2 {
			if err := tr.Append(t.Context(), bot.TranscriptEntry{ID: "mine", Role: "system", Text: "x"}); err != nil {
				t.Fatal(err)
			}
		}
		if got := texts(bot.TranscriptQuery{Roles: []string{"system"}}); len(got) != 1 {
			t.Errorf("an entry with an id is there %d times", len(got))
		}
	})
}
