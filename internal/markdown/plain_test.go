package markdown

import (
	"strings"
	"testing"

	"github.com/yuin/goldmark/ast"
)

func TestPlain(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a\n\n```\n```\n\nb":                      "a\n\nb",
		"- [x](https://example.com)":              "x",
		"- [x] done":                              "done",
		"[^1]: Never used.":                       "Never used.",
		"a[^1]\n\n[^1]: Note.\n\nb":               "a\n\nNote.\n\nb",
		"a[^2]":                                   "a[^2]",
		"https://example.com/*a* *b*":             "https://example.com/*a* b",
		"`a\nb`":                                  "a b",
		"| a |\n|---|\n| 1 | **2** | `3` |":       "a\n1\t2\t3",
		"> | a |\n> |---|\n> | 1 | 2 |":           "a\n1\t2",
		"a\rb":                                    "a\nb",
		"```\r\nx\r\ny\r\n```":                    "x\r\ny",
		"![a *b*](https://example.com/a.png)":     "a b",
		"&#0; &#x110000; &#x41; \\&amp; &amp;lt;": "\uFFFD \uFFFD A &amp; &lt;",
	} {
		if got := Plain(in); got != want {
			t.Errorf("Plain(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzPlain(f *testing.F) {
	for _, s := range []string{"", "# a *b*\n\n- [ ] c\n> d\n\n| a |\n|-|\n| b | c |\n", "a[^1]\n\n[^1]: b", "<div>\n&amp;\n</div>\r\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Plain(s)
		if len(got) > 4*len(s)+4 {
			t.Errorf("%d bytes of text from %d", len(got), len(s))
		}
	})
}

func BenchmarkPlain(b *testing.B) {
	for name, text := range map[string]string{
		"short": "Please **look** at [this](https://example.com/a), thanks.",
		"long":  strings.Repeat("Some *words* and `code`, a https://example.com/link.\n\n- one\n- two\n\n", 3000),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				Plain(text)
			}
		})
	}
}

// TestRowsEndAtEveryLineEnd reads a table whose lines end in a carriage return alone.
func TestRowsEndAtEveryLineEnd(t *testing.T) {
	t.Parallel()
	if got, want := Plain("|a|\r|-|\r|b|c|\r|d|"), "a\nb\tc\nd"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestWideTablesWithShortRows parses tables whose missing cells would outgrow them.
func TestWideTablesWithShortRows(t *testing.T) {
	t.Parallel()
	wide := strings.Repeat("|", 1000) + "\n" + strings.Repeat("|-", 1000) + "|\n" + strings.Repeat("a\n", 1000)
	nodes := 0
	_ = ast.Walk(Parse(wide).root, func(ast.Node, bool) (ast.WalkStatus, error) {
		nodes++
		return ast.WalkContinue, nil
	})
	if nodes > 2*len(wide) {
		t.Errorf("%d bytes make %d nodes", len(wide), nodes/2)
	}
	short := "| a | b | c |\n|---|---|---|\n" + strings.Repeat("| x |\n", 50)
	if got := Plain(short); strings.Contains(got, "|") {
		t.Errorf("an ordinary table is text: %q", got)
	}
}

// TestParsersForget parses a text after many others that used up limits.
func TestParsersForget(t *testing.T) {
	t.Parallel()
	const table, link = "| `a\\|b` | c |\n|---|---|", "[a\nb]\n\n[a b]: x"
	for i := range 2000 {
		if got := Plain(table); got != "a|b\tc" {
			t.Fatalf("the table number %d is %q", i, got)
		}
		for range Parse("> " + link).Targets() {
			break
		}
		found := 0
		for range Parse("> [a\n> b]\n\n[a b]: x").Targets() {
			found++
		}
		if found != 1 {
			t.Fatalf("round %d: the reference is not a link", i)
		}
	}
}
