package mention

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
	"pgregory.net/rapid"
)

// replaceUsers finds and replaces in one step.
func replaceUsers(body string, profileURL func(id string) string) string {
	return Replace(body, Places(body), profileURL)
}

func TestReplace(t *testing.T) {
	t.Parallel()
	const url = "https://linear.app/acme/profiles/ann"
	lookup := func(id string) string {
		if id == "u1" || id == "u_1_2" {
			return url
		}
		return ""
	}
	for in, want := range map[string]string{
		"hey <@u1>, <@u2>":          "hey " + url + ", <@u2>",
		"**<@u1>** <@u1>":           "**" + url + "** " + url,
		"> <@u1>":                   "> " + url,
		"`<@u1>` \\<@u1>":           "`<@u1>` \\<@u1>",
		"```\n<@u1>\n```":           "```\n<@u1>\n```",
		"[<@u1>](https://a.io)":     "[<@u1>](https://a.io)",
		"<@> <@ u1> <@u1":           "<@> <@ u1> <@u1",
		"<@u2> <@u2> <@u1>":         "<@u2> <@u2> " + url,
		"<@u_1_2> <@u\\_1\\_2>":     url + " " + url,
		"_<@u_1_2>_":                "_" + url + "_",
		"(<@u1>)":                   "(" + url + ")",
		"really, <@u1>?!":           "really, " + url + "?!",
		"<@u1>\r\n<@u1>\nend":       url + "\r\n" + url + "\nend",
		"<@u1>'s, <@u1>-er, <@u1>/": "<" + url + ">'s, <" + url + ">-er, <" + url + ">/",
		"cc:<@u1><@u1>":             "cc:<" + url + "><" + url + ">",
		"|a|\n|-|\n|<@u1>|":         "|a|\n|-|\n|<" + url + ">|",
		"nobody":                    "nobody",
	} {
		if got := replaceUsers(in, lookup); got != want {
			t.Errorf("replaceUsers(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestWithoutOpen(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"hey <":        "hey ",
		"hey <@":       "hey ",
		"hey <@u-1":    "hey ",
		"hey <@u-1>":   "hey <@u-1>",
		"hey <@u-1 x":  "hey <@u-1 x",
		"hey <@u-1\n":  "hey <@u-1\n",
		"hey <b":       "hey <b",
		"<@u-1> <@u-2": "<@u-1> ",
		"a > b":        "a > b",
		"":             "",
	} {
		if got := WithoutOpen(in); got != want {
			t.Errorf("WithoutOpen(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestReplaceInTextOnly checks that ids are replaced in text and nowhere
// else, and that all other bytes stay.
func TestReplaceInTextOnly(t *testing.T) {
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
		body := b.String()
		if got := Replace(body, Places(body), func(string) string { return "" }); got != body {
			t.Errorf("with no user known %q becomes %q", body, got)
		}
		const url = "https://u.one"
		got := Replace(body, Places(body), func(id string) string {
			if id != "u1" {
				return ""
			}
			return url
		})
		if strings.NewReplacer("<"+url+">", "<@u1>", url, "<@u1>").Replace(got) != body {
			t.Errorf("%q becomes %q", body, got)
		}
		source, became := codeOf(body), codeOf(got)
		if diff := cmp.Diff(source, became); diff != "" {
			t.Errorf("code of %q (-before +after):\n%s", body, diff)
		}
	})
}

// codeOf returns what stands in code, links and HTML.
func codeOf(source string) (out []string) {
	src := []byte(source)
	doc := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(src))
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.CodeSpan, *ast.Link, *ast.Image:
			var b strings.Builder
			_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
				if t, ok := n.(*ast.Text); ok && entering {
					b.Write(t.Value(src))
				}
				return ast.WalkContinue, nil
			})
			out = append(out, b.String())
			return ast.WalkSkipChildren, nil
		case *ast.FencedCodeBlock, *ast.CodeBlock, *ast.HTMLBlock:
			out = append(out, string(n.Lines().Value(src)))
		}
		return ast.WalkContinue, nil
	})
	return out
}

func FuzzReplace(f *testing.F) {
	for _, s := range []string{"", "<@u>", "a <@u_1>'s `<@u>` <@u", "| <@u> |\n|-|", "[<@u>](x) \\<@u>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got := replaceUsers(s, func(string) string { return "" }); got != s {
			t.Errorf("with no user known %q becomes %q", s, got)
		}
		replaceUsers(s, func(string) string { return "u" })
		if got := WithoutOpen(s); !strings.HasPrefix(s, got) {
			t.Errorf("WithoutOpen(%q) = %q", s, got)
		}
	})
}

func TestQuiet(t *testing.T) {
	t.Parallel()
	const ann = "https://linear.test/acme/profiles/ann"
	for in, want := range map[string]string{
		"":                           "",
		"hi <@u1>":                   `hi \<@u1>`,
		`hi \<@u1>`:                  `hi \<@u1>`,
		"`<@u1>`":                    "`<@u1>`",
		ann:                          `https\://linear.test/acme/profiles/ann`,
		"<" + ann + ">":              `https\://linear.test/acme/profiles/ann`,
		"[a *b*](" + ann + ")":       "a *b*",
		"[" + ann + "](" + ann + ")": `https\://linear.test/acme/profiles/ann`,
		"[a][1]\n\n[1]: " + ann:      "a\n\n[1]: " + ann,
		"x" + ann:                    `xhttps\://linear.test/acme/profiles/ann`,
		"https://linear.test/acme/%70rofiles/ann": `https\://linear.test/acme/%70rofiles/ann`,
		"https://linear.test/acme/issue/E-1":      "https://linear.test/acme/issue/E-1",
		"- **" + ann + "**":                       `- **https\://linear.test/acme/profiles/ann**`,
	} {
		if got := Quiet(in); got != want {
			t.Errorf("Quiet(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzQuiet(f *testing.F) {
	for _, s := range []string{"<@u1>", "[a](https://x.test/a/profiles/b) <@", "\\<@u1>", "<https://x.test/a/profiles/b>", "[<@u1>](https://x.test/a/profiles/b)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		quiet := Quiet(s)
		if places := Places(quiet); len(places) > 0 {
			t.Errorf("Quiet(%q) = %q has %v", s, quiet, places)
		}
	})
}
