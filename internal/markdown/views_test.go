package markdown

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestOwn checks what counts as the writer's own words, with the object
// replacement character written as "#".
func TestOwn(t *testing.T) {
	t.Parallel()
	role := func(url string) LinkRole {
		switch url {
		case "me":
			return LinkMarked
		case "name":
			return LinkName
		default:
			return LinkText
		}
	}
	for in, want := range map[string]string{
		"a *b* **c** ~~d~~":                    "a b c d",
		"> quoted\n\nown":                      "own",
		"a `code` b":                           "a # b",
		"```\ncode\n```\nown":                  "own",
		"    code\n\nown":                      "own",
		"![picture](x) own":                    "# own",
		"[said](x) [named](name)":              "said #",
		"[me](me) own":                         "# own",
		"<https://x.io> https://x.io":          "# #",
		"a\\*b &amp; &#99;":                    "a*b & c",
		"# a\n- b\n- c\n\n| d |\n|---|\n| e |": "a\nb\nc\nd\ne",
		"<b>a</b>":                             "#a#",
		"<div title='x'>\na\n</div>":           "#\na\n#",
		"a[^1]\n\n[^1]: note":                  "a#\nnote",
	} {
		own := Parse(in).Own(role)
		if got := strings.ReplaceAll(string(own.Text), leftOut, "#"); strings.Trim(got, "\n") != strings.Trim(want, "\n") {
			t.Errorf("the own words of %q are %q, want %q", in, got, want)
		}
		if marked := strings.Contains(in, "(me)"); marked != (len(own.Links) == 1) {
			t.Errorf("%q has the links %v", in, own.Links)
		}
	}
}

func TestSources(t *testing.T) {
	t.Parallel()
	const text = "see **b&#111;ld** text"
	own := Parse(text).Own(nil)
	at := strings.Index(string(own.Text), "bold")
	var got []string
	for _, s := range own.Sources(Span{at, at + len("bold")}) {
		got = append(got, text[s.Start:s.End])
	}
	if diff := cmp.Diff([]string{"**b&#111;ld**"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTargets(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][]Target{
		"nothing":                          nil,
		"[a *b*](x \"t\")":                 {{URL: "x", Text: "a b"}},
		"[a\nb](<x y>)":                    {{URL: "x y", Text: "a b"}},
		"![p](x\\_y&amp;z)":                {{URL: "x_y&z", Text: "p", Image: true}},
		"[![p](a)](b)":                     {{URL: "b", Text: "p"}, {URL: "a", Text: "p", Image: true}},
		"[a][1]\n\n[1]: x":                 {{URL: "x", Text: "a"}},
		"<https://x.io> https://y.io/a. z": {{URL: "https://x.io"}, {URL: "https://y.io/a", Bare: true}},
		"`[a](b)` \\[a](b)\n\n    [a](b)":  nil,
		"> - [a](b)":                       {{URL: "b", Text: "a"}},
		"| [a](b) |\n|---|":                {{URL: "b", Text: "a"}},
		"<div>\n[a](b)\n</div>":            nil,
	} {
		if diff := cmp.Diff(want, slices.Collect(Parse(in).Targets())); diff != "" {
			t.Errorf("%q (-want +got):\n%s", in, diff)
		}
	}
}

func FuzzTargets(f *testing.F) {
	for _, s := range []string{"", "[a](b)", "![[a](b)](c)", "<http://a.b>", "www.a.b [x][y]\n\n[y]: z", "[a](<b\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for range Parse(s).Targets() {
			break
		}
		last := 0
		Parse(s).Texts(func(at Span) {
			if at.Start < last || at.End <= at.Start || at.End > len(s) {
				t.Errorf("%q has text at %v, behind %d", s, at, last)
			}
			last = at.End
		})
		for target := range Parse(s).Targets() {
			if strings.ContainsAny(target.Text, "\r\n") {
				t.Errorf("%q has a label of several lines: %q", s, target.Text)
			}
		}
	})
}
