package ticketing

import (
	"strings"
	"testing"
)

func TestToMarkdown(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"<p>Hello <b>bold</b> &amp; <i>it</i> <code>x</code></p><p>next</p>":                         "Hello **bold** & *it* `x`\n\nnext",
		"<script>alert(1)</script><style>b{}</style><p>seen</p>":                                     "seen",
		`<a href="javascript:alert(1)">x</a>`:                                                        "[x]()",
		`<a href="https://example.com/a b">y</a>`:                                                    "[y](https://example.com/a%20b)",
		`<img src="data:image/png;base64,AAAA" alt="no">a`:                                           "a",
		"<table><tr><th>a</th><th>b</th></tr><tr><td>1|2</td><td><code>3|4</code></td></tr></table>": "| a | b |\n| --- | --- |\n| 1\\|2 | `3\\|4` |",
		"<pre><code class=\"language-go\">x := `a`\n</code></pre>":                                   "```go\nx := `a`\n```",
		"_x_ [a](b) *c*":                    "\\_x_ \\[a](b) \\*c*",
		"<ul><li>one</li><li>two</li></ul>": "- one\n- two",
		"<del>x</del>":                      "~~x~~",
	} {
		if got := toMarkdown(in); got != want {
			t.Errorf("%s\n got %q\nwant %q", in, got, want)
		}
	}
	if got := toMarkdown(strings.Repeat("<div>", 5000) + "deep"); got != "deep" {
		t.Errorf("nested deeply: %q", got)
	}
}

// What is large or repeats comes out no larger than it was, whatever it claims to
// span.
func TestToMarkdownIsBounded(t *testing.T) {
	t.Parallel()
	for _, part := range []string{
		"<b>", "<ul><li>x", "<blockquote>x", "<p>a", "<br>", "*a_", "<td>x", "<table><tr><td colspan=9999 rowspan=9999>x", "<tr><td>x",
		"<a href=x>", "<pre>", "&lt;", "<img src=https://a.b/c>", "<h1>",
	} {
		in := "<table>" + strings.Repeat(part, 60_000/len(part))
		if out := toMarkdown(in); len(out) > 8*len(in) {
			t.Errorf("%s: %d bytes became %d", part, len(in), len(out))
		}
	}
}
