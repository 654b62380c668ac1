package bot

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/yuin/goldmark/ast"
	"pgregory.net/rapid"

	"github.com/linearbot/linearbot/internal/testfiles"
)

func TestVectorsMarkdown(t *testing.T) {
	t.Parallel()
	for _, c := range testfiles.Cases[struct {
		Name  string
		Input struct {
			Op, Form, Value, Markdown string
			Users                     map[string]struct{ ProfileURL string }
		}
		Upstream struct{ Body, Text *string }
		Want     map[string]*string
	}](t, "markdown.json") {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			if c.Input.Op == "plainText" {
				want := c.Upstream.Text
				if w, ok := c.Want["text"]; ok {
					want = w
				}
				checkString(t, "text", PlainText(c.Input.Markdown), want)
				return
			}
			want := c.Upstream.Body
			if w, ok := c.Want["body"]; ok {
				want = w
			}
			got := replaceUsers(replaceEmoji(c.Input.Value), func(id string) string { return c.Input.Users[id].ProfileURL })
			got = strings.TrimSpace(got)
			if want == nil { // refused because there is nothing to send
				if got != "" {
					t.Errorf("body = %q, want none", got)
				}
				return
			}
			trimmed := strings.TrimSpace(*want)
			checkString(t, "body", got, &trimmed)
		})
	}
}

func TestPlainText(t *testing.T) {
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
		if got := PlainText(in); got != want {
			t.Errorf("PlainText(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestReplaceUsersInTextOnly checks that ids are replaced in text and nowhere
// else, and that all other bytes stay.
func TestReplaceUsersInTextOnly(t *testing.T) {
	t.Parallel()
	inline := []string{
		"<@u1>", "a ", "**<@u1>** ", "_b <@u1>_ ", "~~<@u1>~~ ", "`<@u1>` ", "``<@u1> ` ``", `\<@u1> `, "[<@u1>](https://x.io) ", "![<@u1>](x.png) ",
		"<b>", "</b> ", "<@u2>", "<@ u1>", "https://x.io/<@u1> ", "*", "[", "`", "&lt;@u1> ",
	}
	blocks := []string{"", "- ", "> ", "# ", "1. ", "```\n<@u1>\n```\n", "~~~\n<@u1>\n~~~\n", "    <@u1>\n\n", "| a |\n|---|\n| <@u1> |\n\n", "<div>\n<@u1>\n</div>\n\n"}
	rapid.Check(t, func(t *rapid.T) {
		var b strings.Builder
		for range rapid.IntRange(1, 4).Draw(t, "blocks") {
			b.WriteString(rapid.SampledFrom(blocks).Draw(t, "block"))
			for _, s := range rapid.SliceOfN(rapid.SampledFrom(inline), 0, 4).Draw(t, "inline") {
				b.WriteString(s)
			}
			b.WriteString("\n\n")
		}
		text := b.String()
		if got := putUsers(text, userPlaces(text), func(string) string { return "" }); got != text {
			t.Errorf("with no user known %q becomes %q", text, got)
		}
		const url = "https://u.one"
		got := putUsers(text, userPlaces(text), func(id string) string {
			if id != "u1" {
				return ""
			}
			return url
		})
		if strings.NewReplacer("<"+url+">", "<@u1>", url, "<@u1>").Replace(got) != text {
			t.Errorf("%q becomes %q", text, got)
		}
		source, became := parseMarkdown(text), parseMarkdown(got)
		if diff := cmp.Diff(codeOf(source), codeOf(became)); diff != "" {
			t.Errorf("code of %q (-before +after):\n%s", text, diff)
		}
	})
}

// codeOf returns what stands in code, links and HTML.
func codeOf(d document) (out []string) {
	_ = ast.Walk(d.root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n.(type) {
		case *ast.CodeSpan, *ast.Link, *ast.Image, *ast.FencedCodeBlock, *ast.CodeBlock, *ast.HTMLBlock:
			p := plainText{doc: d}
			if n.Type() == ast.TypeInline {
				p.inline(n)
			} else {
				p.block(n)
			}
			out = append(out, string(p.out))
			return ast.WalkSkipChildren, nil
		default:
			return ast.WalkContinue, nil
		}
	})
	return out
}

func FuzzPlainText(f *testing.F) {
	for _, s := range []string{"", "# a *b*\n\n- [ ] c\n> d\n\n| a |\n|-|\n| b | c |\n", "a[^1]\n\n[^1]: b", "<div>\n&amp;\n</div>\r\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := PlainText(s)
		if len(got) > 4*len(s)+4 {
			t.Errorf("%d bytes of text from %d", len(got), len(s))
		}
		replaceUsers(s, func(string) string { return "u" })
		withoutOpenUser(s)
	})
}

func BenchmarkPlainText(b *testing.B) {
	for name, text := range map[string]string{
		"short": "Please **look** at [this](https://example.com/a), thanks.",
		"long":  strings.Repeat("Some *words* and `code`, a https://example.com/link.\n\n- one\n- two\n\n", 3000),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				PlainText(text)
			}
		})
	}
}
