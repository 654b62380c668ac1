package bot_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/linearbot/linearbot/bot"
)

func TestTranscriptMerge(t *testing.T) {
	t.Parallel()
	synctest.Test(t, transcriptMerge)
}

func transcriptMerge(t *testing.T) {
	b := newTest(t).bot
	ctx := t.Context()
	at := func(n int) time.Time { return time.Date(2026, 11, 1, 0, 0, n, 0, time.UTC) }
	entry := func(n int) bot.TranscriptEntry {
		return bot.TranscriptEntry{ID: fmt.Sprint(n), Role: "user", Text: fmt.Sprintf("text %d", n), At: at(n)}
	}
	tr := b.Workspace("W").Transcript("ada")
	tr.MaxEntries = 5
	texts := func() string {
		all, err := tr.Entries(ctx)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, e := range all {
			out = append(out, e.ID+" "+e.Text)
		}
		return strings.Join(out, ", ")
	}
	if err := tr.Append(ctx, bot.TranscriptEntry{ID: "3", Role: "user", Text: "said here", At: at(3)}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		entries []bot.TranscriptEntry
		added   int
		want    string
	}{
		{nil, 0, "3 said here"},
		{[]bot.TranscriptEntry{entry(4), entry(1), entry(3), entry(4)}, 2, "1 text 1, 3 said here, 4 text 4"},
		{[]bot.TranscriptEntry{entry(4), entry(1)}, 0, "1 text 1, 3 said here, 4 text 4"},
		{[]bot.TranscriptEntry{entry(0), entry(5), entry(6), entry(2)}, 3, "2 text 2, 3 said here, 4 text 4, 5 text 5, 6 text 6"},
		{[]bot.TranscriptEntry{entry(0), entry(1)}, 0, "2 text 2, 3 said here, 4 text 4, 5 text 5, 6 text 6"},
	} {
		added, err := tr.Merge(ctx, slices.Clone(tt.entries))
		if err != nil || added != tt.added || texts() != tt.want {
			t.Errorf("%d added, %v: %s, want %d: %s", added, err, texts(), tt.added, tt.want)
		}
	}
	for _, bad := range []bot.TranscriptEntry{{At: at(1)}, {ID: "x"}} {
		if _, err := tr.Merge(ctx, []bot.TranscriptEntry{bad}); err == nil {
			t.Errorf("%+v was merged", bad)
		}
	}
}
