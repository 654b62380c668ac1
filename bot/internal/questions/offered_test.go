package questions_test

import (
	"testing"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/questions"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
)

// TestLeave: a question that was left in a session waits for one answer, which may choose
// an option.
func TestLeave(t *testing.T) {
	t.Parallel()
	yesNo := []adapter.Choice{{Value: "y", Label: "Yes"}, {Value: "n", Label: "No"}}
	for name, c := range map[string]struct {
		options []adapter.Choice
		text    string
		want    string
	}{
		"an option":     {yesNo, "Yes", "y"},
		"other words":   {yesNo, "Perhaps", ""},
		"no options":    {nil, "Yes", ""},
		"a value of it": {yesNo, "n", "n"},
	} {
		store := memstate.New(memstate.Options{})
		page := notes.New(store).Thread(state.Key{Workspace: "W1", Kind: "thread", ID: "fake:s"})
		waits := func(want bool) {
			t.Helper()
			if got, err := questions.WaitIn(t.Context(), page); got != want || err != nil {
				t.Errorf("%s: waits %t, %v, want %t", name, got, err, want)
			}
		}
		waits(false)
		questions.Leave(page, c.options)
		waits(true)
		for _, want := range []string{c.want, ""} { // once
			choice, err := questions.Choose(t.Context(), page, func() string { return c.text })
			got := ""
			if choice != nil {
				got = choice.Value
			}
			if got != want || err != nil {
				t.Errorf("%s: chooses %q, %v, want %q", name, got, err, want)
			}
		}
		waits(false)
		store.Close()
	}
}
