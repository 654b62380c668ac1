package markdown

import (
	"strings"
	"testing"

	"github.com/yuin/goldmark/ast"
	"pgregory.net/rapid"
)

func TestEscape(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                       "",
		"Fix login, please!":     "Fix login, please!",
		"3.14 and 10:30":         "3.14 and 10:30",
		"*a* _b_ `c` ~~d~~":      "\\*a\\* \\_b\\_ \\`c\\` \\~\\~d\\~\\~",
		"[a](b) ![c](d) <e>":     "\\[a\\](b) !\\[c\\](d) \\<e>",
		"<@u1>":                  "\\<@u1>",
		"{{emoji:rocket}}":       "{\\{emoji:rocket}}",
		"{{EMOJI:rocket}} {{x}}": "{\\{EMOJI:rocket}} {{x}}",
		":tada: 10:30:45":        "\\:tada: 10:30:45",
		"https://x.io www.x.io":  "https\\://x.io www\\.x.io",
		"ann@x.io @ann":          "ann\\@x.io @ann",
		"&amp; & &x":             "\\&amp; & &x",
		"# a\n- b\n+ c\n> d":     "\\# a\n\\- b\n\\+ c\n\\> d",
		"1. a\n2) b\n3.5":        "1\\. a\n2\\) b\n3.5",
		"a\n---\nb\n===":         "a\n\\---\nb\n\\===",
		"a\n:-":                  "a\n\\:-",
		"|a|\n|-|":               "\\|a\\|\n\\|-\\|",
		"+++ T\nx\n+++":          "\\+++ T\nx\n\\+++",
		"    a\n\tb\n  - c":      "&#32;   a\n&#9;b\n&#32; - c",
		"a\r\n\r\n* b\rc":        "a\r\n\r\n\\* b\rc",
		"a  \nb\\\nc":            "a  \nb\\\\\nc",
		"$$x$$ $5":               "\\$\\$x\\$\\$ $5",
		"世界 👍":                   "世界 👍",
		"[^1]: a\n\n[b]: c":      "\\[^1\\]: a\n\n\\[b\\]: c",
	} {
		if got := Escape(in); got != want {
			t.Errorf("Escape(%q) = %q, want %q", in, got, want)
		}
	}
}

// shown is what a reader sees of text: lines without white space at their end,
// and several blank lines as one.
func shown(text string) string {
	lines := strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text), "\n")
	var out []string
	for _, line := range lines {
		if line = strings.TrimRight(line, " \t"); strings.Trim(line, blank) == "" {
			line = ""
		}
		if line != "" || len(out) > 0 && out[len(out)-1] != "" {
			out = append(out, line)
		}
	}
	return strings.TrimRight(strings.Join(out, "\n"), "\n")
}

// checkEscaped reports whether text shows exactly as it is.
func checkEscaped(t interface {
	Errorf(format string, args ...any)
}, text string,
) {
	escaped := Escape(text)
	doc := Parse(escaped)
	for block := doc.root.FirstChild(); block != nil; block = block.NextSibling() {
		if block.Kind() != ast.KindParagraph {
			t.Errorf("%q is written as %q, which has a %s", text, escaped, block.Kind())
			return
		}
		for n := block.FirstChild(); n != nil; n = n.NextSibling() {
			if n.Kind() != ast.KindText {
				t.Errorf("%q is written as %q, which has a %s", text, escaped, n.Kind())
			}
		}
	}
	if got := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(doc.Plain()); got != shown(text) {
		t.Errorf("%q is written as %q and seen as %q, want %q", text, escaped, got, shown(text))
	}
	if len(escaped) > 6*len(text) {
		t.Errorf("%d bytes from %d", len(escaped), len(text))
	}
}

// TestEscapeShowsEverything escapes texts made of marks.
func TestEscapeShowsEverything(t *testing.T) {
	t.Parallel()
	pieces := []string{
		"a", "word ", "7", " ", "  ", "    ", "\t", "\n", "\r\n", "\n\n", "*", "**", "_", "`", "```", "~~", "~~~", "[", "]", "](x)", "![", "[^1]", ": ",
		"- ", "+ ", "* ", "1. ", "1)", "# ", "> ", "---", "===", "+++", "|", "|-|", ":-", "-:", "<", ">", "<b>", "<!--", "</", "<?", "&", "&amp;", "&#42;", `\`,
		"https://x.io/a", "www.x.io", "ftp://", "@", "a@x.io", "<@u1>", "{{emoji:rocket}}", ":tada:", "$$", "!", ".", ")", "(", "世", "👍",
	}
	rapid.Check(t, func(t *rapid.T) {
		checkEscaped(t, strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 10).Draw(t, "pieces"), ""))
	})
}

func FuzzEscape(f *testing.F) {
	for _, s := range []string{"", "*a*\n\n    b", "a\n-\n=", "| a |\n|-|\n", "1.\n2)", "http://a.b", "\x00\xff&#0;", "a\r- b", "\v- a\f"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { checkEscaped(t, s) })
}

func TestEscapeCell(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := "x" + rapid.StringOf(rapid.RuneFrom([]rune("a |\\*_`[](){}<>&#;~!:/.w@"))).Draw(t, "text") + "x"
		body := "| " + Cell(EscapeCell(text)) + " |\n| --- |"
		if got := Plain(body); got != text {
			t.Errorf("%q is written as %q and seen as %q", text, body, got)
		}
		if got := string(Parse(body).Own(nil).Text); got != text {
			t.Errorf("%q is written as %q, of which only %q is text", text, body, got)
		}
	})
}

func TestOpenFence(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]Fence{
		"```":             {Mark: "```"},
		"````go x\n":      {Mark: "````", Info: "go x"},
		"~~~ a`b":         {Mark: "~~~", Info: "a`b"},
		"> ~~~":           {Mark: "~~~", Indent: "> "},
		"- ```sh":         {Mark: "```", Indent: "  ", Info: "sh"},
		"> 1. ```":        {Mark: "```", Indent: ">    "},
		"+++ A title\r\n": {Mark: "+++", Info: "A title", Section: true},
		"``":              {},
		"```a`b":          {},
		"+++":             {},
		"++++ x":          {},
		"+ a":             {},
		"text ```":        {},
		"":                {},
		"- ":              {},
	} {
		got, ok := OpenFence(line)
		if ok != (want.Mark != "") || ok && got != want {
			t.Errorf("OpenFence(%q) = %+v, %t, want %+v", line, got, ok, want)
		}
	}
	f, _ := OpenFence("````")
	for line, want := range map[string]bool{"````\n": true, "  `````  ": true, "> ````": true, "```": false, "````go": false, "~~~~": false, "": false} {
		if got := f.ClosedBy(line); got != want {
			t.Errorf("%q closes: %t, want %t", line, got, want)
		}
	}
}

// FuzzCode reads any text back from the code span that it is put into. White
// space becomes single spaces.
func FuzzCode(f *testing.F) {
	for _, s := range []string{"", "a", "`", "``a`", " `a` b\n", "a\\", "*b* <c>", "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want := strings.Join(strings.Fields(s), " ")
		if want == "" {
			want = " "
		}
		if got := Plain("x" + Code(s) + "x"); got != "x"+want+"x" {
			t.Errorf("%q is written as %q and seen as %q", s, Code(s), got)
		}
	})
}

func BenchmarkEscape(b *testing.B) {
	for name, text := range map[string]string{
		"short": "Please look at the login page, thanks.",
		"marks": strings.Repeat("*a_b [c](https://x.io/d)\n- e\n", 3000),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				Escape(text)
			}
		})
	}
}
