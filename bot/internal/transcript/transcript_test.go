package transcript_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/linearbot/linearbot/bot/internal/transcript"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/state/memstate"
)

func newLog(t *testing.T) transcript.Log {
	t.Helper()
	return transcript.Log{Value: notes.New(memstate.New(memstate.Options{})).Value(notes.Transcript, "W1", "ada")}
}

func entry(n int) transcript.Entry {
	return transcript.Entry{ID: fmt.Sprint(n), Role: "user", Text: fmt.Sprintf("text %d", n), At: time.Unix(int64(n), 0).UTC()}
}

func ids(t *testing.T, l transcript.Log) string {
	t.Helper()
	all, err := l.Entries(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range all {
		out = append(out, e.ID)
	}
	return strings.Join(out, " ")
}

func TestAppend(t *testing.T) {
	t.Parallel()
	l, ctx := newLog(t), t.Context()
	l.Keep = 3
	for _, n := range []int{1, 2, 3, 2, 4} {
		if err := l.Append(ctx, entry(n)); err != nil {
			t.Fatal(err)
		}
	}
	if got := ids(t, l); got != "2 3 4" {
		t.Errorf("kept %q", got)
	}
	big := entry(5)
	big.Text = strings.Repeat("x", notes.MaxTranscript/2)
	other := big
	other.ID = "6"
	if err := l.Append(ctx, big); err != nil {
		t.Fatal(err)
	}
	if err := l.Append(ctx, other); err != nil {
		t.Fatal(err)
	}
	if got := ids(t, l); got != "6" {
		t.Errorf("kept %q, want what fits", got)
	}
	big.Text += big.Text
	if err := l.Append(ctx, big); err == nil || !strings.Contains(err.Error(), "bytes") {
		t.Errorf("an entry that never fits: %v", err)
	}
	if err := l.Delete(ctx); err != nil || ids(t, l) != "" {
		t.Errorf("deleted: %v", err)
	}
}

func TestAppendAtOnce(t *testing.T) {
	t.Parallel()
	l, ctx := newLog(t), t.Context()
	var wg sync.WaitGroup
	for n := range 16 {
		wg.Go(func() {
			if err := l.Append(ctx, entry(n)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := strings.Fields(ids(t, l)); len(got) != 16 {
		t.Errorf("kept %q", got)
	}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	l, ctx := newLog(t), t.Context()
	l.Keep = 4
	if err := l.Append(ctx, entry(3)); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		entries []int
		added   int
		want    string
	}{
		{[]int{4, 1, 3, 4}, 2, "1 3 4"},
		{[]int{4, 1}, 0, "1 3 4"},
		{[]int{0, 5, 2}, 2, "2 3 4 5"},
		{[]int{0, 1}, 0, "2 3 4 5"},
	} {
		var entries []transcript.Entry
		for _, n := range tt.entries {
			entries = append(entries, entry(n))
		}
		if added, err := l.Merge(ctx, entries); err != nil || added != tt.added || ids(t, l) != tt.want {
			t.Errorf("%v: %d added, %q, %v, want %d, %q", tt.entries, added, ids(t, l), err, tt.added, tt.want)
		}
	}
	for _, bad := range []transcript.Entry{{At: time.Unix(1, 0)}, {ID: "x"}} {
		if _, err := l.Merge(ctx, []transcript.Entry{bad}); err == nil {
			t.Errorf("%+v was merged", bad)
		}
	}
}
