package markdown_test

import (
	"strings"
	"testing"

	"github.com/linearbot/linearbot/internal/markdown"
)

func TestHTML(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, source, want string }{
		{"marks", "Hello **from** `Linear`", "<p>Hello <strong>from</strong> <code>Linear</code></p>"},
		{"line breaks", "a\nb", "<p>a<br>\nb</p>"},
		{"html is text", "a <b onclick=x>b</b>", "<p>a &lt;b onclick=x&gt;b&lt;/b&gt;</p>"},
		{"a block of html is text", "<script>\nalert(1)\n</script>", "<p>&lt;script&gt;\nalert(1)\n&lt;/script&gt;</p>"},
		{"links", "[x](https://a.test/?a=1&b=2)", `<p><a href="https://a.test/?a=1&amp;b=2" target="_blank" rel="noopener noreferrer">x</a></p>`},
		{"other schemes", "[x](JavaScript:alert(1)) <javascript:alert(1)>", `<p><a>x</a> <a>javascript:alert(1)</a></p>`},
		{"quotes in addresses", `[x](<https://a.test/"onmouseover=alert(1)>)`, `<p><a href="https://a.test/%22onmouseover=alert(1)" target="_blank" rel="noopener noreferrer">x</a></p>`},
		{"images are links", "![alt](https://a.test/x.png)", `<p><a href="https://a.test/x.png" target="_blank" rel="noopener noreferrer">🖼 alt</a></p>`},
		{"sections", "a\n\n+++ More <b>\n\nhidden\n\n+++\nb", "<p>a</p>\n<details><summary>More &lt;b&gt;</summary><p>hidden</p>\n</details><p>b</p>"},
		{"a section in code", "```\n+++ x\n```", "<pre><code>+++ x\n</code></pre>"},
		{"an open section", "+++ x\ny", "<details><summary>x</summary><p>y</p>\n</details>"},
		{"tasks", "- [x] done", `<ul>` + "\n" + `<li><input checked="" disabled="" type="checkbox"> done</li>` + "\n</ul>"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := strings.TrimSpace(markdown.HTML(tt.source)); got != tt.want {
				t.Errorf("%q is\n%s\nwant\n%s", tt.source, got, tt.want)
			}
		})
	}
}
