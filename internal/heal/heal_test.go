package heal

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/linearbot/linearbot/internal/testfiles"
)

// streamingView is what the vectors say of a text that is half written.
type streamingView struct{ Render, Committable string }

func TestVectorsStreamingViews(t *testing.T) {
	t.Parallel()
	type views struct {
		Steps                         []streamingView
		Finish, Raw, CommittableAtEnd *string
	}
	for _, c := range testfiles.Cases[struct {
		Name  string
		Input struct {
			Op     string
			Chunks []string
		}
		Upstream, Want views
	}](t, "streaming.json") {
		if c.Input.Op != "render" {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			want := c.Upstream
			if c.Want.Steps != nil {
				want.Steps = c.Want.Steps
			}
			for _, f := range []struct{ to, from **string }{
				{&want.Finish, &c.Want.Finish}, {&want.Raw, &c.Want.Raw}, {&want.CommittableAtEnd, &c.Want.CommittableAtEnd},
			} {
				if *f.from != nil {
					*f.to = *f.from
				}
			}
			var got []streamingView
			var text string
			for _, chunk := range c.Input.Chunks {
				text += chunk
				got = append(got, streamingView{Glimpse(text), fenceTables(text[:Settled(text)], false)})
			}
			if diff := cmp.Diff(want.Steps, got); diff != "" {
				t.Errorf("views (-want +got):\n%s", diff)
			}
			testfiles.Equal(t, "finish", Repair(text), want.Finish)
			testfiles.Equal(t, "raw", text, want.Raw)
			testfiles.Equal(t, "committable at the end", fenceTables(text, true), want.CommittableAtEnd)
		})
	}
}

// fenceTables puts tables into fences, as the vectors have them in text that
// may be sent for good. This package sends them as they are.
func fenceTables(text string, end bool) string {
	var b strings.Builder
	table, code := false, ""
	rest := text
	for line := range strings.Lines(text) {
		trimmed := strings.TrimSpace(line)
		row := code == "" && (isTableRow(trimmed) && (table || headsTable(rest)))
		if row != table {
			b.WriteString("```\n")
		}
		table = row
		if fence, _ := opensFence(line); code == "" {
			code = fence
		} else if closesFence(line, code) {
			code = ""
		}
		b.WriteString(line)
		rest = rest[len(line):]
	}
	switch {
	case table && end && !strings.HasSuffix(text, "\n"):
		b.WriteString("\n```")
	case table && end:
		b.WriteString("```\n")
	}
	return b.String()
}

// headsTable reports whether the rows that text begins with have a rule.
func headsTable(text string) bool {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if isTableRule(line) {
			return true
		}
		if !isTableRow(line) {
			return false
		}
	}
	return false
}

func TestHeal(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                                 "",
		"**bold and *more":                 "**bold and *more***",
		"~~gone **bold":                    "~~gone **bold**~~",
		"**bold with `code":                "**bold with `code`**",
		"**half*":                          "**half**",
		"__half_":                          "__half__",
		"~~half~":                          "~~half~~",
		"``code`":                          "``code``",
		"`a``":                             "`a``",
		"use ```x\n":                       "use ```x```\n",
		"use ```x\n``":                     "use ```x\n``",
		"_one\n":                           "_one_\n",
		"*a _b\n":                          "*a _b_\n*",
		"**open\n\nnext paragraph":         "**open\n\nnext paragraph",
		"- **open\n- next item":            "- **open\n- next item",
		"# **open\nnext":                   "# **open\nnext",
		"2*3 and 4":                        "2*3 and 4",
		"\\\\*real":                        "\\\\*real*",
		"**a\\":                            "**a**",
		"[**bold link":                     "**bold link**",
		"[a [b](https://x":                 "a b",
		"[a](https://x(y) z":               "[a](https://x(y) z",
		"[a](b and more":                   "[a](b and more",
		"- [ ] **task":                     "- [ ] **task**",
		"- [":                              "-",
		"a\n- [":                           "a\n-\u200b",
		"- [x":                             "-",
		"[x":                               "x",
		"_so <https://exam":                "_so_",
		"so _<https://exam":                "so _",
		"_so **two snake_":                 "_so **two snake**_",
		"**so ~~two `*":                    "**so ~~two~~**",
		"**_word \\*":                      "**_word \\*_**",
		"![a](x) ![b":                      "![a](x)",
		"[![a](x)](y":                      "![a](x)",
		"`[` and [":                        "`[` and",
		"a <b and some more text":          "a <b and some more text",
		"if i<n":                           "if i<n",
		"<https://exam":                    "",
		"https://example.com/a~b_c*":       "https://example.com/a~b_c*",
		"**https://example.com/a":          "**https://example.com/a**",
		"[a](https://example.com/a~b) c~d": "[a](https://example.com/a~b) c\\~d",
		"`20~25`":                          "`20~25`",
		"- > 25 **x":                       "- \\> 25 **x**",
		"> **x":                            "> **x**",
		"> ~~~\n> **x":                     "> ~~~\n> **x",
		"> ~~~\n> **x\n\n**y":              "> ~~~\n> **x\n\n**y**",
		"- ```sh\n  **x":                   "- ```sh\n  **x",
		"$$\nx":                            "$$\nx\n$$",
		"$$x$":                             "$$x$$",
		"| a |\n|---|\n| **x |\n| y":       "| a |\n|---|\n| **x |\n| y",
		"***a** b":                         "***a** b*",
		"*a*b*c":                           "*a*b*c",
		"use ``` there\n\nand **here":      "use ``` there\n\nand **here**",
		"Привет **мир":                     "Привет **мир**",
	} {
		if got := Repair(in); got != want {
			t.Errorf("Repair(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestHealEveryPrefix streams whole documents byte by byte. What is shown never
// has an internal address in it, keeps the words, and ends as it was written.
func TestHealEveryPrefix(t *testing.T) {
	t.Parallel()
	for _, doc := range []string{
		"Use snake__case for names and __bold text__ throughout, 2 * 3 * 4.",
		"The `obj__attr` field pairs with **bold** and _italic_ text.",
		"```python\ndef f():\n    return a__b\n```\n\nAfter the fence __open__",
		"> ~~~\n> tilde __fence\n> ~~~\n\n~~struck~~ and <b class=\"x_y\">more</b>",
		"A [link *with* emphasis](https://example.com/a_b \"title\") and ![img](https://example.com/a.png) done.",
		"Math $$\nx^2 + y_2\n$$ and `code` mixed with ***strong italic***.",
		"| a | b |\n| - | - |\n| **1** | `2` |\n\nTable then **bold**",
		"1. Nested **bold with *italic* inside**\n   - plus ``double `tick` span``\n\n- [ ] todo\n- [x] done\n\n---\n\nПривет **мир**",
	} {
		if got := Repair(doc); got != doc {
			t.Errorf("Repair(%q) = %q, want no change", doc, got)
		}
		for end := range len(doc) {
			if !utf8.RuneStart(doc[end]) {
				continue
			}
			part := doc[:end]
			got := Repair(part)
			if strings.Contains(got, "incomplete-") || Repair(got) != got {
				t.Errorf("Repair(%q) = %q, and again %q", part, got, Repair(got))
			}
			if n := Settled(part); !strings.HasPrefix(doc, part[:n]) || n > len(part) {
				t.Errorf("Settled(%q) = %d", part, n)
			}
			if before := Settled(doc[:max(0, end-8)]); utf8.ValidString(doc[:max(0, end-8)]) && before > Settled(part) {
				t.Errorf("Settled(%q) = %d, less than the %d of before", part, Settled(part), before)
			}
		}
	}
}

func FuzzHeal(f *testing.F) {
	for _, s := range []string{
		"", "# a *b*\n\n- [ ] c\n> d\n\n| a |\n|-|\n| b | c |\n", "***a** `b ~~c", "[a][([b", "![![", "<a href='", "$$\nx",
		"```\nx\n", "a~b\n-", "**one\n**", "_a *b\n", "``a ` b", "a\\", "- > 25", "> ~~~\n> x\n", "[a](<b", "[a](b \"c", "\u200b",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Repair(s)
		if utf8.ValidString(s) && !utf8.ValidString(got) {
			t.Errorf("Repair(%q) = %q is not valid UTF-8", s, got)
		}
		if again := Repair(got); again != got {
			t.Errorf("Repair(%q) = %q, and once more %q", s, got, again)
		}
		if len(got) > 3*len(s)+len(wordJoiner) {
			t.Errorf("Repair(%q) = %q is too long", s, got)
		}
		Glimpse(s)
		n := Settled(s)
		if n < 0 || n > len(s) || utf8.ValidString(s) && !utf8.ValidString(s[:n]) {
			t.Errorf("Settled(%q) = %d", s, n)
		}
		if more := Settled(s + "\nx"); n == len(s) && more < n && !strings.Contains(s, "```") && !strings.Contains(s, "~~~") {
			t.Errorf("Settled(%q) = %d, and with more text %d", s, n, more)
		}
	})
}

func BenchmarkHeal(b *testing.B) {
	for name, part := range map[string]string{
		"prose":     "Some *words* and `code`, a [link](https://example.com/a), 20~25.\n\n- one\n- **two**\n\n",
		"stars":     "**a *b ",
		"brackets":  "[a](",
		"backticks": "`a ``b ",
		"tags":      "<a b=",
		"rows":      "| a | b |\n",
	} {
		text := strings.Repeat(part, 100_000/len(part))
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				Glimpse(text)
			}
		})
	}
}

// BenchmarkHealChunk is what one more chunk of a stream costs: all that was
// written before is looked at again.
func BenchmarkHealChunk(b *testing.B) {
	const part = "Some *words* and `code`, a [link](https://example.com/a), 20~25.\n\n- one\n- **two**\n\n"
	for name, size := range map[string]int{"1k": 1 << 10, "8k": 8 << 10, "64k": 64 << 10} {
		text := strings.Repeat(part, size/len(part)+1)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				n = (n + 7) % len(part) // ends anywhere
				Glimpse(text[:size-n])
			}
		})
	}
}

// TestHealTwice heals texts made of marks that meet in unlikely ways.
func TestHealTwice(t *testing.T) {
	t.Parallel()
	tokens := []string{
		"a", "word ", " ", "  ", "\n", "\n\n", ".", "*", "**", "***", "_", "__", "~~", "`", "``", "```", "[", "](", "]", "![", ")", "http://x ",
		"<b", ">", "\\", "$$", "- ", "1. ", "> ", "# ", "| ", "|\n", "\n~~~\n", "=", "世", "👍",
	}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(tokens), 0, 14).Draw(t, "tokens"), "")
		got := Repair(text)
		if again := Repair(got); again != got {
			t.Fatalf("Repair(%q) = %q, and once more %q", text, got, again)
		}
		if !utf8.ValidString(got) || Settled(text) > len(text) {
			t.Fatalf("Repair(%q) = %q, settled %d", text, got, Settled(text))
		}
	})
}
