package markdown

import (
	"strings"
	"testing"

	"github.com/yuin/goldmark/ast"
	"pgregory.net/rapid"
)

func TestStyled(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][2]string{
		"loud":                {"**loud**", "_loud_"},
		"loud ":               {"**loud** ", "_loud_ "},
		" loud\n":             {" **loud**\n", " _loud_\n"},
		"":                    {"", ""},
		" \n":                 {" \n", " \n"},
		"a\nb":                {"**a\nb**", "_a\nb_"},
		"a\n\nb":              {"**a**\n\n**b**", "_a_\n\n_b_"},
		"- a\n- b":            {"- **a**\n- **b**", "- _a_\n- _b_"},
		"1. a\n   - b":        {"1. **a**\n   - **b**", "1. _a_\n   - _b_"},
		"- [x] a":             {"- [x] **a**", "- [x] _a_"},
		"> a\n> b":            {"> **a\n> b**", "> _a\n> b_"},
		"# a":                 {"# a", "# _a_"},
		"```\na\n```":         {"```\na\n```", "```\na\n```"},
		"| a |\n|---|\n| b |": {"| **a** |\n|---|\n| **b** |", "| _a_ |\n|---|\n| _b_ |"},
		"---":                 {"---", "---"},
		"*a* b":               {"__*a* b__", "_*a* b_"},
		"_a_":                 {"**_a_**", "*_a_*"},
		"a **b** c":           {"**a **b** c**", "_a **b** c_"},
		`a\`:                  {`**a\\**`, `_a\\_`},
	} {
		if got := [2]string{Bold(in), Italic(in)}; got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

// TestStyledShowsTheSame checks that a style changes nothing but the look of words.
func TestStyledShowsTheSame(t *testing.T) {
	t.Parallel()
	pieces := []string{"word", "a b", "\n", "\n\n", "- ", "> ", "1. ", "# ", "```\ncode\n```\n", "`code`", " ", "[l](https://x.io)", ".", "(", ")", "| a | b |\n|---|---|\n"}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 8).Draw(t, "pieces"), "")
		if got, want := Plain(Bold(text)), Plain(text); strings.TrimSpace(got) != strings.TrimSpace(want) {
			t.Errorf("%q is written as %q and seen as %q, want %q", text, Bold(text), got, want)
		}
		block := Parse(Bold(text)).root.FirstChild()
		if block != nil && block.Kind() == ast.KindParagraph && block.FirstChild().Kind() != ast.KindEmphasis {
			t.Errorf("%q is written as %q, which begins with a %s", text, Bold(text), block.FirstChild().Kind())
		}
	})
}
