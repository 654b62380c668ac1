package wording_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/linearbot/linearbot/internal/wording"
)

func TestCount(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{0: "0 replies", 1: "1 reply", 2: "2 replies", -1: "-1 replies"} {
		if got := wording.Count(n, "reply", "replies"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestIn(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		5 * time.Second: "in 5 s", 119 * time.Minute: "in 119 min", 3*time.Hour - time.Second: "in 2 h 59 min",
		9 * time.Hour: "in 9 h 0 min", 10 * time.Hour: "in 10 h", 50 * time.Hour: "in 2 days",
	} {
		if got := wording.In(d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
}

func TestCapital(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{"": "", "the bot": "The bot", "Ada": "Ada", "émile": "Émile", "7 h": "7 h", "\xff": "\xff"} {
		if got := wording.Capital(s); got != want {
			t.Errorf("%q becomes %q, want %q", s, got, want)
		}
	}
}

func TestClip(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		s    string
		n    int
		want string
	}{
		{"", 3, ""},
		{"abc", 3, "abc"},
		{"abcd", 3, "ab…"},
		{"äöü", 3, "äöü"},
		{"äöüß", 3, "äö…"},
		{"日本語日本語", 4, "日本語…"},
		{"a\xffc", 3, "a\uFFFDc"},
		{"a\xff\xffdef", 4, "a\uFFFD…"},
		{"abc", 1, "…"},
	} {
		if got := wording.Clip(tt.s, tt.n); got != tt.want {
			t.Errorf("Clip(%q, %d) = %q, want %q", tt.s, tt.n, got, tt.want)
		}
	}
}

func FuzzClip(f *testing.F) {
	f.Add("äöü\xff", 2)
	f.Fuzz(func(t *testing.T, s string, n int) {
		n = max(1, n)
		got := wording.Clip(s, n)
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > n || utf8.RuneCountInString(s) <= n && strings.HasSuffix(got, "…") && !strings.HasSuffix(s, "…") {
			t.Errorf("Clip(%q, %d) = %q", s, n, got)
		}
	})
}

func TestAgo(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		-time.Hour: "now", 0: "now", 1500 * time.Millisecond: "1 s ago", 59 * time.Second: "59 s ago", time.Minute: "1 min ago",
		119 * time.Minute: "119 min ago", 2 * time.Hour: "2 h ago", 47 * time.Hour: "47 h ago", 48 * time.Hour: "2 days ago",
	} {
		if got := wording.Ago(d); got != want {
			t.Errorf("Ago(%s) = %q, want %q", d, got, want)
		}
	}
}

func TestPrintable(t *testing.T) {
	t.Parallel()
	if got := wording.Printable("a\x1b[2J\nb\tü\u202e"); got != "a [2J b ü " {
		t.Errorf("%q", got)
	}
}

func TestID(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"resume\x00Comment|create\x00mention/0\x001": "resume:Comment|create:mention/0:1", "a\x1b[2Jb\n": "a:[2Jb:", "plain id": "plain id",
	} {
		if got := wording.ID(id); got != want {
			t.Errorf("%q is shown as %q, want %q", id, got, want)
		}
	}
}
