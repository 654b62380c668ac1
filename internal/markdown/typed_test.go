package markdown

import (
	"strings"
	"testing"
)

func TestOwnWords(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                        "",
		"main":                    "main",
		"> Which branch?\n\nmain": "main",
		"> yes or no\n\nyes\n":    "yes",
		"> a\n> b\nown":           "own",
		"own\n\n> quoted":         "own",
		"one\n\n> a\n\ntwo":       "one\n\n\ntwo",
		"  > a\r\n\r\nb":          "b",
		"    > code":              "    > code",
		"```\n> code\n```":        "```\n> code\n```",
		"> ```\n> a\n> ```\n\nb":  "b",
		"a > b":                   "a > b",
		"> only a quote":          "",
		"[https://a.test/x](<https://a.test/x>) now":     "https://a.test/x now",
		"see [install.rs](<http://install.rs>).":         "see install.rs.",
		"[a.test/b](https://a.test/b/)":                  "a.test/b",
		"[A.test](<http://a.test>)":                      "A.test",
		"[ann@a.test](<mailto:ann@a.test>)":              "ann@a.test",
		"[https://a.test/é](<https://a.test/%C3%A9>)":    "https://a.test/é",
		"[https://a.test/a\\_b](<https://a.test/a_b>)":   "https://a.test/a_b",
		"[here](<https://a.test>) `[a.b](<http://a.b>)`": "[here](<https://a.test>) `[a.b](<http://a.b>)`",
		"[a.test](https://b.test)":                       "[a.test](https://b.test)",
		"![a.test](https://a.test)":                      "![a.test](https://a.test)",
	} {
		if got := OwnWords(in); got != want {
			t.Errorf("OwnWords(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestUnwrapped(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"deploy":             "deploy",
		"**deploy**":         "deploy",
		"**deploy api** now": "deploy api now",
		"_deploy_ *now*":     "deploy *now*",
		"~~deploy~~":         "~~deploy~~",
		"`deploy api`":       "`deploy api`",
		"*deploy":            "*deploy",
		"* deploy":           "* deploy",
		"":                   "",
		"a **b**":            "a **b**",
	} {
		if got := Unwrapped(in); got != want {
			t.Errorf("Unwrapped(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzOwnWords(f *testing.F) {
	for _, s := range []string{"> a\n\nb", "[a.b](<http://a.b>)", "**a**", "```\n> a", "[a.b](http://a.b)[a.b](http://a.b)", "> [a.b](http://a.b)\r\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		own := OwnWords(s)
		if len(own) > len(s) {
			t.Errorf("OwnWords(%q) = %q is longer", s, own)
		}
		if !strings.ContainsAny(s, ">[") && own != strings.TrimRight(own, " \t\r\n") {
			t.Errorf("OwnWords(%q) = %q", s, own)
		}
		if got := Unwrapped(s); len(got) > len(s) {
			t.Errorf("Unwrapped(%q) = %q is longer", s, got)
		}
	})
}
