package heal

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/linearbot/linearbot/internal/markdown"
)

// author writes Markdown as models do: whole documents in which all marks belong
// to something.
type author struct{ t *rapid.T }

func (a author) pick(label string, from ...string) string {
	return rapid.SampledFrom(from).Draw(a.t, label)
}

func (a author) words() string {
	return a.pick("words", "word", "two words", "Wörter", "世界", "👍 yes", "snake_case", "it's", "(so)", "a, b", "end.", `\*not\*`)
}

// inline returns text within a line. within names what it stands in.
func (a author) inline(within string) string {
	var parts []string
	for range rapid.IntRange(1, 3).Draw(a.t, "parts") {
		parts = append(parts, a.part(within))
	}
	return strings.Join(parts, " ")
}

func (a author) part(within string) string {
	kinds := []string{"words", "words", "code", "html"}
	for _, k := range []string{"strong", "emphasis", "strike"} {
		if !strings.Contains(within, k) && strings.Count(within, " ") < 2 {
			kinds = append(kinds, k)
		}
	}
	if !strings.Contains(within, "link") {
		kinds = append(kinds, "link", "image", "auto", "bare")
	}
	kind := a.pick("kind", kinds...)
	within += " " + kind
	switch kind {
	case "strong":
		return "**" + a.inline(within) + "**"
	case "emphasis":
		m := "_"
		if within == " emphasis" {
			m = a.pick("mark", "_", "*")
		}
		return m + a.inline(within) + m
	case "strike":
		return "~~" + a.inline(within) + "~~"
	case "code":
		return a.pick("code", "`x`", "`a_b`", "`**no**`", "`f(x)[i]`", "`<b>`", "``a ` b``", "$$x + y$$")
	case "html":
		return "a " + a.pick("html", "<b>word</b>", "<br/>", `<a href="x_y">word</a>`) // not at the start of a line
	case "link":
		return "[" + a.inline(within) + "](" + a.pick("to", "https://x.io/a_b", "https://x.io/a(b)", "/rel", `https://x.io "a title"`, "<a b>") + ")"
	case "image":
		return "![" + a.words() + "](https://x.io/a.png)"
	case "auto":
		return "<https://x.io/a_b>"
	case "bare":
		return "https://x.io/a_b/c?d=e"
	default:
		return a.words()
	}
}

// block returns a block without the line break behind it.
func (a author) block(depth int) string {
	kinds := []string{"paragraph", "paragraph", "heading", "fence", "tildes", "table", "rule", "bullets", "numbers", "tasks"}
	if depth < 2 {
		kinds = append(kinds, "quote", "nested")
	}
	lines := func(prefix func(i int) string) string {
		var out []string
		for i := range rapid.IntRange(1, 3).Draw(a.t, "items") {
			out = append(out, prefix(i)+a.inline(""))
		}
		return strings.Join(out, "\n")
	}
	switch a.pick("block", kinds...) {
	case "heading":
		return a.pick("level", "# ", "## ", "###### ") + a.inline("")
	case "fence":
		return "```" + a.pick("info", "", "go", "c++ x=1") + "\n" + a.pick("code", "", "x := `a` * b_c\n", "**no** [l](u\n\n> | <b\n", "~~~\n") + "```"
	case "tildes":
		return "~~~\n" + a.pick("code", "", "```\n**a\n", "# x\n") + "~~~"
	case "table":
		return "| " + a.words() + " | **b** |\n| --- | :-: |\n| " + a.part("") + " | " + a.part("") + " |\n| c | d |"
	case "rule":
		return a.pick("rule", "---", "***", "* * *")
	case "bullets":
		m := a.pick("bullet", "- ", "* ", "+ ")
		return lines(func(int) string { return m })
	case "numbers":
		return lines(func(i int) string { return string(rune('1'+i)) + ". " })
	case "tasks":
		return lines(func(int) string { return a.pick("task", "- [ ] ", "- [x] ") })
	case "quote":
		return indent(a.block(depth+1), "> ", "> ")
	case "nested":
		return "- " + a.inline("") + "\n" + indent(a.block(depth+1), "  ", "  ")
	default:
		return lines(func(int) string { return "" })
	}
}

func indent(s, first, rest string) string { return first + strings.ReplaceAll(s, "\n", "\n"+rest) }

func (a author) document() string {
	var blocks []string
	for range rapid.IntRange(1, 2).Draw(a.t, "blocks") {
		blocks = append(blocks, a.block(0))
	}
	return strings.Join(blocks, "\n\n")
}

// seen is what a reader sees of Markdown, without white space and signs that are
// also the marks of lists and tables.
func seen(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsDigit(r) || strings.ContainsRune("|-:.)\u200b", r) {
			return -1
		}
		return r
	}, markdown.Plain(text))
}

// TestHealDocuments breaks whole documents off at every place. A whole one stays
// as it is. What is shown of a part is never more than what is seen of the whole,
// but for the marks that are just being written, and what is settled stays.
func TestHealDocuments(t *testing.T) {
	t.Parallel()
	rapid.Check(t, healDocument)
}

func FuzzHealDocuments(f *testing.F) { f.Fuzz(rapid.MakeFuzz(healDocument)) }

func healDocument(t *rapid.T) {
	doc := author{t}.document()
	if got := Repair(doc); got != doc {
		t.Fatalf("Repair(%q) = %q, want no change", doc, got)
	}
	whole := seen(doc)
	for end := range len(doc) {
		if !utf8.RuneStart(doc[end]) || strings.HasSuffix(doc[:end], "]") && doc[end] == '(' {
			continue // brackets may well be all
		}
		part := doc[:end]
		healed := Repair(part)
		views := map[string]string{"heal": healed}
		if g := Glimpse(part); g != healed {
			views["glimpse"] = g
		}
		for name, shown := range views {
			// A box needs a task to count as one, and marks that are still
			// being written cannot be recognised yet.
			box := strings.TrimSuffix(strings.TrimSuffix(shown, "[ ]"), "[x]")
			got := strings.TrimRight(seen(box), "*_~`$<![]\\#>+")
			if !strings.HasPrefix(whole, got) {
				t.Fatalf("%s(%q) = %q shows %q, want the beginning of %q", name, part, shown, got, whole)
			}
		}
		if n := Settled(part); !strings.HasPrefix(healed, strings.TrimRight(part[:n], " \n")) {
			t.Fatalf("Settled(%q) = %d, and yet Repair changes it into %q", part, n, healed)
		}
	}
}
