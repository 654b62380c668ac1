package mention

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/linearbot/linearbot/internal/testfiles"
)

func TestVectorsMentions(t *testing.T) {
	t.Parallel()
	type result struct{ Mention *bool }
	for _, c := range testfiles.Cases[struct {
		Name  string
		Input struct {
			Text string
			Bot  struct {
				UserName, DisplayName, BotUserID, ProfileURL string
				Aliases                                      []string
			}
		}
		Upstream, Want result
	}](t, "mentions.json") {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			want := c.Upstream.Mention
			if c.Want.Mention != nil {
				want = c.Want.Mention
			}
			b := c.Input.Bot
			n := Names{
				UserID: b.BotUserID, ProfileURL: b.ProfileURL,
				Handles: append([]string{b.UserName, b.DisplayName}, b.Aliases...),
			}
			ms := Find(c.Input.Text, n)
			if got := len(ms) > 0; want == nil || got != *want {
				t.Errorf("Find(%q) = %v, want %t", c.Input.Text, ms, *want)
			}
		})
	}
}

func testNames() Names {
	return Names{
		UserID:     "e9b8a7c6-d5e4-4f3a-8b2c-1d0e9f8a7b33",
		ProfileURL: "https://linear.app/acme/profiles/helper-bot",
		Handles:    []string{"helper-bot", "Helper Bot", "Helper", "助手", "helper.bot", "c++"},
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	const (
		me    = "https://linear.app/acme/profiles/helper-bot"
		alice = "https://linear.app/acme/profiles/alice"
		id    = "e9b8a7c6-d5e4-4f3a-8b2c-1d0e9f8a7b33"
	)
	for _, c := range []struct {
		text string
		// want are the rules of the mentions, and what of the text they are.
		rules, at []string
	}{
		{"@helper-bot and @Helper Bot", []string{"handle", "handle"}, []string{"@helper-bot", "@Helper Bot"}},
		{"<@" + id + "> <@!" + id + ">", []string{"user_id", "user_id"}, []string{"<@" + id + ">", "<@!" + id + ">"}},
		{"@!" + id, nil, nil},
		{"see " + me + ", @helper-bot", []string{"profile_url", "handle"}, []string{me, "@helper-bot"}},
		{"[x *y*](" + me + "?a=b \"t\") z", []string{"profile_url"}, []string{"[x *y*](" + me + "?a=b \"t\")"}},
		{"[" + me + "]", []string{"profile_url"}, []string{me}},
		{"[see " + me + " or @helper-bot", []string{"profile_url", "handle"}, []string{me, "@helper-bot"}},
		{"看" + me + " x", []string{"profile_url"}, []string{me}},
		{"HTTPS://Linear.App/acme/profiles/helper%2Dbot/?x#y", []string{"profile_url"}, []string{"HTTPS://Linear.App/acme/profiles/helper%2Dbot/?x#y"}},
		{"[@helper-bot](" + alice + ")", nil, nil},
		{"[@helper-bot][a]\n\n[a]: https://linear.app/other/profiles/helper-bot", nil, nil},
		{"![@x](" + me + ")", nil, nil},
		{"[*@helper-bot*](https://example.com)", []string{"handle"}, []string{"[*@helper-bot*](https://example.com)"}},
		{"**_@helper-bot_** hi", []string{"handle"}, []string{"**_@helper-bot_**"}},
		{"~~@helper-bot~~ ~@helper-bot~", []string{"handle", "handle"}, []string{"~~@helper-bot~~", "~@helper-bot~"}},
		{"@hel**per-bot**", []string{"handle"}, []string{"@hel**per-bot**"}},
		{"@hel**per-bot rest**", []string{"handle"}, []string{"@helper-bot"}},
		{"&#64;helper&#45;bot!", []string{"handle"}, []string{"&#64;helper&#45;bot"}},
		{`\@h\elper-bot @helper\-bot`, []string{"handle"}, []string{`@helper\-bot`}},
		{"@c++! @c+++ @c++x", []string{"handle", "handle"}, []string{"@c++", "@c++"}},
		{"x`y`@helper-bot`z`", []string{"handle"}, []string{"@helper-bot"}},
		{"<b>x</b>@helper-bot<br>x", []string{"handle"}, []string{"@helper-bot"}},
		{"<div>\n@helper-bot <i title='@helper-bot>'> &commat;helper-bot\n</div>", []string{"handle", "handle"}, []string{"@helper-bot", "&commat;helper-bot"}},
		{"<script>\n@helper-bot\n</SCRIPT> @helper-bot", []string{"handle"}, []string{"@helper-bot"}},
		{"<!-- @helper-bot\n --> @helper-bot", []string{"handle"}, []string{"@helper-bot"}},
		{"<?x @helper-bot", nil, nil},
		{"<div title='> @helper-bot'>\nx</div>", nil, nil},
		{"https://x@linear.app/acme/profiles/helper-bot http://linear.app/acme/profiles/helper-bot", nil, nil},
		{"[see " + me + " or @helper-bot](https://example.com)", []string{"handle"}, []string{"@helper-bot"}},
		{"@helper-bot @Helper", []string{"handle", "handle"}, []string{"@helper-bot", "@Helper"}},
		{"foo-@helper.bot foo+@helper-bot ...@helper-bot", []string{"handle", "handle"}, []string{"@helper-bot", "@helper-bot"}},
		{"@helper-bot@example @helper-bot@ x", []string{"handle"}, []string{"@helper-bot"}},
		{"@helper-bot\u0301 e\u0301@helper-bot \u2764\uFE0F@helper-bot", []string{"handle"}, []string{"@helper-bot"}},
		{"コーヒー@helper-bot ｶﾞ@helper-bot ไทย@helper-bot", []string{"handle", "handle", "handle"}, []string{"@helper-bot", "@helper-bot", "@helper-bot"}},
		{"١@helper-bot Ⅷ@helper-bot @helper-botａ", nil, nil},
		{"@助手看 @助手.看 @小助手", []string{"handle", "handle"}, []string{"@助手", "@助手"}},
		{"@HELPER-BOT @HELPER BOT", []string{"handle", "handle"}, []string{"@HELPER-BOT", "@HELPER BOT"}},
		{"| a |\n|---|\n| @helper-bot \\| @helper-bot |", []string{"handle", "handle"}, []string{"@helper-bot", "@helper-bot"}},
		{"- [x](https://example.com/@helper-bot) @helper-bot", []string{"handle"}, []string{"@helper-bot"}},
		{"x[^1]\n\n> q\n\n[^1]: > @helper-bot\n", nil, nil},
		{"www.example.com/@helper-bot (www.example.com/@helper-bot)", nil, nil},
		{"@\n@hel\nper-bot", nil, nil},
	} {
		ms := Find(c.text, testNames())
		var rules, at []string
		for _, m := range ms {
			rules = append(rules, m.Rule)
			var b strings.Builder
			for _, s := range m.At {
				b.WriteString(c.text[s.Start:s.End])
			}
			at = append(at, b.String())
		}
		if diff := cmp.Diff(c.rules, rules); diff != "" {
			t.Errorf("%q: rules (-want +got)\n%s", c.text, diff)
		}
		if diff := cmp.Diff(c.at, at); diff != "" {
			t.Errorf("%q: places (-want +got)\n%s", c.text, diff)
		}
	}
}

func TestFindNamesUnknown(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"@ hi", "<@> hi", "<@!> hi", "@undefined", "https://linear.app/acme/profiles/", "https://linear.app"} {
		if ms := Find(text, Names{Handles: []string{"", " ", "@"}}); ms != nil {
			t.Errorf("Find(%q) = %v, want none", text, ms)
		}
	}
	const text = "[@ann](https://linear.app/acme/profiles/x) @ann"
	if ms := Find(text, Names{Handles: []string{" @ann "}}); len(ms) != 1 || ms[0].At[0].End != len(text) {
		t.Errorf("Find(%q) = %v, want the last word", text, ms)
	}
}

func TestStrip(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"@helper-bot: what time is it?":                    "what time is it?",
		"@helper-bot, what time is it?":                    "what time is it?",
		"@助手，看一下":                                          "看一下",
		"hey @helper-bot please look":                      "hey please look",
		"please look @helper-bot":                          "please look",
		"please look @helper-bot.":                         "please look.",
		"@helper-bot":                                      "",
		" @helper-bot \n":                                  "",
		"@helper-bot @helper-bot hi":                       "hi",
		"(@helper-bot please)":                             "(please)",
		"(see @helper-bot) x":                              "(see) x",
		"cc @alice, @helper-bot, @bob":                     "cc @alice, @bob",
		"@alice,@helper-bot,@bob":                          "@alice,@bob",
		"@helper-bot :tada:":                               ":tada:",
		"@helper-bot:tada: yes":                            ":tada: yes",
		"**@helper-bot** look":                             "look",
		"[@helper-bot](https://example.com) look":          "look",
		"@hel**per-bot rest** x":                           "**rest** x",
		"- @helper-bot look\n- two":                        "- look\n- two",
		"- @helper-bot\n- two":                             "- \n- two",
		"# @helper-bot look":                               "# look",
		"- [ ] @helper-bot look":                           "- [ ] look",
		"| a |\n|---|\n| @helper-bot x |":                  "| a |\n|---|\n| x |",
		"hi\n@helper-bot\nbye":                             "hi\nbye",
		"hi @helper-bot  \nbye":                            "hi  \nbye",
		"@helper-bot\n\n    code\n":                        "    code\n",
		"@helper-bot\r\n\r\nlook":                          "look",
		"a\n\n  @helper-bot b":                             "a\n\n  b",
		"say `@helper-bot` @helper-bot `x`":                "say `@helper-bot` `x`",
		"@helper-bot [a] *b* \\_c\\_ &amp; `d` <e>":        "[a] *b* \\_c\\_ &amp; `d` <e>",
		"https://linear.app/acme/profiles/helper-bot look": "look",
		"nobody  here":                                     "nobody  here",
	} {
		if got := Strip(in, Find(in, testNames())); got != want {
			t.Errorf("stripping %q = %q, want %q", in, got, want)
		}
	}
}

// TestStripLeavesNoMention holds for all texts of plain words. It cannot hold
// for all texts: "@@bot,bot" hides a mention behind a mention.
func TestStripLeavesNoMention(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOf(rapid.SampledFrom([]string{
			"@helper-bot", "@Helper Bot", "@助手", "look", "**@helper-bot**", "hey", "\n", "\n\n", "-", "*now*", "@alice",
			"https://linear.app/acme/profiles/helper-bot", "@helper-bot:", "@helper-bot,", "(@helper-bot)", "看@助手看",
		})).Draw(t, "words"), " ")
		rest := Strip(text, Find(text, testNames()))
		if ms := Find(rest, testNames()); len(ms) > 0 {
			t.Fatalf("%q stripped is %q, which has %v", text, rest, ms)
		}
		if len(rest) > len(text) {
			t.Fatalf("%q grew to %q", text, rest)
		}
	})
}

func FuzzFind(f *testing.F) {
	for _, s := range []string{
		"@helper-bot look", "**@helper-bot**, [x](y) @HELPER BOT", "> @helper-bot\n\n&#64;helper\\-bot", "<div>\n@helper-bot\n</div>",
		"[@helper-bot][1] <https://linear.app/acme/profiles/helper-bot>\n\n[1]: /x", "| a |\n|-|\n| @助手 |\n", "x[^1]\n\n[^1]: @c++",
		"- [ ] ~~@helper-bot~~\r\n  <!-- @helper-bot -->", "@hel**per-bot x** www.x.y http://a_b.c/(@helper-bot)",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ms := Find(s, testNames())
		last := 0
		for _, m := range ms {
			if len(m.At) == 0 {
				t.Fatalf("%q: a mention without a place", s)
			}
			for _, at := range m.At {
				if at.Start < last || at.End <= at.Start || at.End > len(s) {
					t.Fatalf("%q: %v out of order or out of bounds", s, ms)
				}
				last = at.End
				if utf8.ValidString(s) && (!utf8.ValidString(s[:at.Start]) || !utf8.ValidString(s[:at.End])) {
					t.Fatalf("%q: %v splits a character", s, at)
				}
			}
		}
		rest := Strip(s, ms)
		switch {
		case len(ms) == 0 && rest != s:
			t.Fatalf("%q changed to %q without a mention", s, rest)
		case len(ms) > 0 && len(rest) >= len(s):
			t.Fatalf("%q stripped is %q", s, rest)
		}
	})
}

// adversarial are texts that make a careless parser take quadratic time.
func adversarial(size int) map[string]string {
	out := map[string]string{}
	for _, unit := range []string{
		">", "> ", "- ", "1. ", "* a\n  ", "[", "]", "![", "[a](", "[a](<b", "[a](b", "[a](b (", `[a](b "`, "[a][b]", "[a]", "[a](b)",
		"*a **a ", "a**b", "_a ", "*_", "`a``b```c", "<a ", "<!A ", "<?", "<!-- ", `<a href="`, "[a]: b\n", "[^a]: x\n", "[^a]:",
		"~a ~~b ", "|a|b\n|-|-\n", "a|", "&a", `\`, "@helper-bot ", "@helper-bot-x ", "http://", "http://a.b/(", "www.a", "<div>\n", "<div '\n",
		"e\u0301@", "[@helper-bot](x)", "**@helper-bot** ", "[http://a.b ", "<@", "@",
	} {
		out[unit] = "@helper-bot\n\n" + strings.Repeat(unit, size/len(unit))
	}
	half := size / 2
	out["[…]"] = "@helper-bot " + strings.Repeat("[", half) + "[a](b)" + strings.Repeat("]", half)
	out[">…a"] = "@helper-bot\n" + strings.Repeat(">", half) + strings.Repeat("a\n", half/2)
	out["- …a"] = "@helper-bot\n" + strings.Repeat("- ", half/2) + "x\n" + strings.Repeat("a\n", half/2)
	out["*a …a*"] = "@helper-bot\n" + strings.Repeat("*a ", half/3) + strings.Repeat("a* ", half/3)
	return out
}

func BenchmarkFind(b *testing.B) {
	const paragraph = "Some *words* and `code`, a https://example.com/link and @alice.\n\n- one\n- two\n\n"
	for name, text := range map[string]string{
		"hit":       "@helper-bot please look at **this**.",
		"miss":      "please look at **this**, it is about 10% slower.",
		"othername": "@alice please look at **this**.",
		"long":      strings.Repeat(paragraph, 200_000/len(paragraph)) + "@helper-bot",
		"longmiss":  strings.Repeat(paragraph, 200_000/len(paragraph)),
		"all":       strings.Repeat("@helper-bot ", 200_000/12),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				Find(text, testNames())
			}
		})
	}
}

// BenchmarkAdversarial takes about as long per byte for each text and size.
func BenchmarkAdversarial(b *testing.B) {
	for _, size := range []int{50_000, 200_000} {
		for name, text := range adversarial(size) {
			b.Run(fmt.Sprintf("%q/%d", name, size), func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					Strip(text, Find(text, testNames()))
				}
			})
		}
	}
}

// TestFindFolds finds names that look like the bot's.
func TestFindFolds(t *testing.T) {
	t.Parallel()
	names := Names{Handles: []string{"Zoë  Helper", "Ångström"}}
	for _, text := range []string{
		"@Zoe\u0308 Helper hi", "@zoë helper", "@ZOË\u00a0HELPER", "@Zoë   Helper", "@\u200bZoë Helper", "@Zo\u00adë Helper\u200b: hi", "@\u212bngström", "@A\u030angstro\u0308m",
		"**@Zoë** Helper", "@Zoë\nHelper",
	} {
		if got := Find(text, names); len(got) != 1 || got[0].Rule != RuleHandle {
			t.Errorf("Find(%q) = %v", text, got)
		}
	}
	for _, text := range []string{"@Zoe Helper", "@ZoëHelper", "@Zoë", "@Angstrom", "@Zoë Helperin", "@ Zoë Helper"} {
		if got := Find(text, names); len(got) != 0 {
			t.Errorf("Find(%q) = %v", text, got)
		}
	}
}
