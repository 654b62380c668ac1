package cli

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTable(t *testing.T) {
	t.Parallel()
	lane := "workspace/thread/linear:" + strings.Repeat("0", 36) + ":c:" + strings.Repeat("1", 36)
	tab := newTable(append(plain("DUE", "WHAT"), laneColumn("LANE"), idColumn("ID"), textColumn("MESSAGE"))...)
	tab.row("1s", "retry", lane, strings.Repeat("a", 64), strings.Repeat("ü", 80))
	tab.row("", "post\x1b[2J", "short", "b", "")
	for _, tt := range []struct {
		width, widest int
	}{{0, 280}, {300, 280}, {120, 120}, {80, 80}, {20, 60}} {
		lines := tab.lines(tt.width)
		if len(lines) != 3 {
			t.Fatalf("%q", lines)
		}
		widest := 0
		for _, line := range lines {
			widest = max(widest, utf8.RuneCountInString(line))
			if strings.ContainsRune(line, '\x1b') {
				t.Errorf("it passes an escape on: %q", line)
			}
		}
		if tt.width == 0 && !strings.Contains(lines[1], lane) || tt.width > 0 && widest > tt.widest {
			t.Errorf("width %d: %d characters\n%s", tt.width, widest, strings.Join(lines, "\n"))
		}
		// The beginning of an id is enough for a command, and nothing stands behind it.
		if !strings.Contains(lines[1], "  aaaaaaaaaaaa") || strings.Contains(lines[1], "a…") {
			t.Errorf("width %d: the id is of no use in\n%s", tt.width, lines[1])
		}
		if at := strings.Index(lines[0], "LANE"); !strings.HasPrefix(lines[2][at:], "short") {
			t.Errorf("width %d: the columns are not aligned\n%s", tt.width, strings.Join(lines, "\n"))
		}
	}
}

func TestMiddle(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{10: "0123456789", 9: "0123…6789", 8: "0123…789", 3: "0…9"} {
		if got := middle("0123456789", n); got != want || utf8.RuneCountInString(got) > n {
			t.Errorf("middle(%d) = %q, want %q", n, got, want)
		}
	}
}

// TestEmptyLists say that there is nothing, on standard error.
func TestEmptyLists(t *testing.T) {
	t.Parallel()
	var out, errs strings.Builder
	p := &program{out: &out, err: &errs}
	if err := p.list(newTable(plain("ID")...), "no tokens", ""); err != nil || out.Len() > 0 || errs.String() != "no tokens\n" {
		t.Errorf("%v, %q, %q", err, out.String(), errs.String())
	}
	tab := newTable(plain("ID")...)
	tab.row(fmt.Sprint(1))
	if err := p.list(tab, "no tokens", rest(true)); err != nil || out.String() != "ID\n1\n" || !strings.Contains(errs.String(), "give --limit") {
		t.Errorf("%v, %q, %q", err, out.String(), errs.String())
	}
}
