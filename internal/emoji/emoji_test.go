package emoji

import (
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/linearbot/linearbot/internal/testfiles"
)

func TestVectorsEmoji(t *testing.T) {
	t.Parallel()
	type result struct {
		Text  *string             `json:"text"`
		JSON  *string             `json:"json"`
		Name  *string             `json:"name"`
		Emoji *string             `json:"emoji"`
		Match *bool               `json:"match"`
		Calls []map[string]string `json:"calls"`
	}
	for _, c := range testfiles.Cases[struct {
		Name  string
		Input struct {
			Op, Text, Raw, Name string
			Emoji               json.RawMessage
			Custom              map[string]struct{ Unicode string }
			ReactionsOnMessage  []struct{ ID, Emoji, UserID string }
		}
		Upstream, Want json.RawMessage
	}](t, "emoji.json") {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			in := c.Input
			var want result
			if in.Op == "registry" {
				checkTable(t, c.Upstream)
				return
			}
			for _, b := range []json.RawMessage{c.Upstream, c.Want} {
				if err := json.Unmarshal(orNull(b), &want); err != nil {
					t.Fatal(err)
				}
			}
			var value struct { // given as text or as an object
				Name string `json:"name"`
			}
			if json.Unmarshal(orNull(in.Emoji), &value.Name) != nil {
				if err := json.Unmarshal(in.Emoji, &value); err != nil {
					t.Fatal(err)
				}
			}
			name := value.Name

			switch in.Op {
			case "placeholder":
				got := replaceBy(in.Text, func(name string) string {
					if e, ok := in.Custom[name]; ok {
						return e.Unicode
					}
					return Character(name)
				})
				testfiles.Equal(t, "text", got, want.Text)
				if len(in.Custom) == 0 {
					testfiles.Equal(t, "text", Replace(in.Text), want.Text)
				}
			case "fromUnicode":
				got := nameOfCharacter(name)
				if got == "" {
					got = name
				}
				testfiles.Equal(t, "name", got, want.Name)
				if nameOfShortCode(name) == "" {
					testfiles.Equal(t, "Name", Name(name), want.Name)
				}
			case "fromShortcode":
				testfiles.Equal(t, "name", Name(name), want.Name)
			case "matches":
				got := in.Raw == in.Name
				if Character(in.Name) != "" {
					got = nameOfCharacter(in.Raw) == in.Name || nameOfShortCode(in.Raw) == in.Name
				}
				if want.Match == nil || got != *want.Match {
					t.Errorf("%q means %q: %t", in.Raw, in.Name, got)
				}
			case "stringify":
				for _, written := range []*string{want.Text, want.JSON} {
					if written != nil && Replace(*written) != cmp.Or(Character(name), name) {
						t.Errorf("%s is shown as %q", *written, Replace(*written))
					}
				}
			case "react":
				testfiles.Equal(t, "emoji", cmp.Or(Character(name), name), want.Emoji)
			case "unreact":
				var got []string
				for _, r := range in.ReactionsOnMessage {
					if r.UserID == "(bot)" && Name(r.Emoji) == Name(name) {
						got = append(got, r.ID)
					}
				}
				if len(got) != len(want.Calls) || len(got) > 0 && got[0] != want.Calls[0]["id"] {
					t.Errorf("removed %v, want %v", got, want.Calls)
				}
			default:
				t.Errorf("no test for %q", in.Op)
			}
		})
	}
}

func orNull(b json.RawMessage) json.RawMessage {
	if len(b) == 0 {
		return json.RawMessage("null")
	}
	return b
}

func checkTable(t *testing.T, upstream json.RawMessage) {
	t.Helper()
	var want struct {
		Count int `json:"count"`
		Emoji map[string]struct {
			Linear     string   `json:"linear"`
			Unicode    []string `json:"unicodeAccepted"`
			Shortcodes []string `json:"shortcodesAccepted"`
		} `json:"emoji"`
	}
	if err := json.Unmarshal(upstream, &want); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, line := range entries() {
		n++
		if _, ok := want.Emoji[line[0]]; !ok {
			t.Errorf("%q is not in the registry", line[0])
		}
	}
	if n != want.Count {
		t.Errorf("%d emoji, want %d", n, want.Count)
	}
	for name, e := range want.Emoji {
		if got := Character(name); got != e.Linear {
			t.Errorf("Character(%q) = %q, want %q", name, got, e.Linear)
		}
		for _, s := range slices.Concat(e.Unicode, e.Shortcodes) {
			if got := Name(s); got != name {
				t.Errorf("Name(%q) = %q, want %q", s, got, name)
			}
		}
	}
}

// entries returns the words of each line of the table.
func entries() (out [][]string) {
	for line := range strings.Lines(strings.TrimPrefix(table, "\n")) {
		out = append(out, strings.Fields(line))
	}
	return out
}

func TestTableHasNoDoubles(t *testing.T) {
	t.Parallel()
	names, words := map[string]bool{}, map[string]bool{}
	for _, line := range entries() {
		if len(line) < 4 || line[len(line)-1] != ";" || names[line[0]] {
			t.Errorf("bad entry %q", line)
		}
		names[line[0]] = true
		for _, w := range line[1 : len(line)-1] {
			if words[w] {
				t.Errorf("%q stands for two emoji", w)
			}
			words[w] = true
		}
	}
}

func TestName(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"thumbsup":            "thumbs_up",
		"+1":                  "thumbs_up",
		":+1:":                "thumbs_up",
		"THUMBSUP":            "thumbs_up",
		"👍":                   "thumbs_up",
		"tada":                "party",
		"heart":               "heart",
		"❤":                   "heart",
		"❤\ufe0f":             "heart",
		"✔":                   "check",
		"white_check_mark":    "check",
		"cry":                 "sad",
		"collision":           "boom",
		"👍🏽":                  "thumbs_up",
		"👍🏿\ufe0f":            "thumbs_up",
		"🏽":                   "🏽",
		":wave::skin-tone-3:": "wave",
		":wave::skin-tone-7:": ":wave::skin-tone-7:",
		"ok_hand_tone5":       "ok_hand",
		"thinking":            "thinking",
		"hugs":                "hug",
		"no_such_thing":       "no_such_thing",
		":nope:":              ":nope:",
		"🦊":                   "🦊",
		"":                    "",
		";":                   ";",
		" ":                   " ",
		"💯 100":               "💯 100",
		"\n100":               "\n100",
	} {
		if got := Name(raw); got != want {
			t.Errorf("Name(%q) = %q, want %q", raw, got, want)
		}
	}
}

func TestCharacterUnknown(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "nope", "thumbsup", "👍", "thumbs_up 👍", "100 💯 100 ;\nthumbs_up"} {
		if got := Character(name); got != "" {
			t.Errorf("Character(%q) = %q", name, got)
		}
	}
}

// withEmoji is Replace in another way, for names of up to 50 bytes.
func withEmoji(text string) string {
	return regexp.MustCompile(`\{\{(?i:emoji):([+-]|[+-]?[A-Za-z0-9_\x{80}-\x{10FFFF}]+)\}\}`).ReplaceAllStringFunc(text, func(s string) string {
		name := s[len("{{emoji:") : len(s)-len("}}")]
		return cmp.Or(Character(name), Symbol(name), name)
	})
}

func TestReplaceAndNothingElse(t *testing.T) {
	t.Parallel()
	pieces := []string{"{{", "}}", "{", "}", "emoji", "EMOJI", ":", "{{emoji:", "{{emoji:no-such}}", "{{Emoji:a_1}}", "{{emoji:fire}}", "{{emoji:+1}}", "{{emoji:🦄}}", "fire", "green_circle", "no-such", "🚀", "+", "-", "1", "a ", "\n", "`"}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 12).Draw(t, "pieces"), "")
		if got, want := Replace(text), withEmoji(text); got != want {
			t.Errorf("Replace(%q) = %q, want %q", text, got, want)
		}
	})
}

func FuzzReplace(f *testing.F) {
	for _, s := range []string{"", "{{emoji:fire}}", "{{emoji:{{emoji:fire}}}}", "{{{emoji:fire}}}", "{{ſmoji:x}} {{emoji:K}} \xff{{EMOJI:a_1}}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got, want := Replace(s), withEmoji(s); got != want {
			t.Errorf("Replace(%q) = %q, want %q", s, got, want)
		}
	})
}

func BenchmarkReplace(b *testing.B) {
	for name, text := range map[string]string{
		"none": "The build of the main branch is done.",
		"two":  "{{emoji:check}} The build is done {{emoji:rainbow}}",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Replace(text)
			}
		})
	}
}

func TestSpellings(t *testing.T) {
	t.Parallel()
	for _, same := range [][]string{
		{"🦄", "unicorn", "unicorn_face", ":unicorn_face:", "Unicorn"},
		{"⚠", "⚠️", "warning", ":WARNING:"},
		{"👍", "👍🏽", "thumbs_up", ":thumbs_up:", "Thumbs_Up", "+1", ":+1:", "+1_tone3", "thumbsup", ":+1::skin-tone-3:"},
		{"🎉", "tada", "hooray", "party", ":tada:"},
		{"🤷", "🤷🏽‍♂️", "🤷‍♀️", "shrug"},
		{"🫡", "saluting_face"},
		{"🟣", "purple_circle", "large_purple_circle"},
		{"🇩🇪", "de", "flag-de", "flag_de", ":flag-de:"},
		{"🇦🇹", "austria", "flag-at", "Flag-AT"},
		{"👩‍💻", "👩🏽‍💻", "woman_technologist", "female-technologist"},
		{"👨‍🚀", "man_astronaut", "male-astronaut", "man-astronaut"},
		{"👨‍👩‍👧", "family_man_woman_girl", "man-woman-girl"},
		{"🏳️‍🌈", "rainbow_flag", "rainbow-flag"},
		{"🐞", "lady_beetle", "ladybug"},
		{"❤️", "❤", "heart", "red_heart"},
		{"🙏🏿", "pray", "folded_hands", "pray::skin-tone-6"},
		{"✌🏼", "✌️", "v", "victory_hand"},
		{"1️⃣", "one"},
		{"my-own", ":my-own:"},
	} {
		for _, s := range same[1:] {
			if !Same(same[0], s) {
				t.Errorf("%q and %q are not the same", same[0], s)
			}
		}
		if Same(same[0], "👀") {
			t.Errorf("%q is 👀", same[0])
		}
	}
	for in, want := range map[string]string{
		"hooray": "🎉", "unicorn_face": "🦄", "🦄": "🦄", "+1": "👍", ":thumbs_up:": "👍", "👍🏽": "👍", "nope": "", "": "", "a b": "", "世": "", "⚠": "⚠️", "eyes": "👀",
	} {
		if got := Symbol(in); got != want {
			t.Errorf("Symbol(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestPlaceholders(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"{{emoji:🦄}}": "🦄", "{{emoji:+1}} {{emoji:-1}}": "👍 👎", "{{emoji:unicorn_face}}": "🦄", "{{emoji:👍🏽}}": "👍", "{{emoji:nope}}": "nope", "{{emoji:世}}": "世",
		"{{emoji:+}}": "+", "{{emoji:thumbs-up}}": "{{emoji:thumbs-up}}", "{{emoji:}}": "{{emoji:}}",
	} {
		if got := Replace(in); got != want {
			t.Errorf("Replace(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestWithoutOpen(t *testing.T) {
	t.Parallel()
	const text = "Go {{emoji:rocket}} now {x} {{y}} {{emoji:+1}} {{emoji:🦄}}"
	for end := range len(text) + 1 {
		part := text[:end]
		got := WithoutOpen(part)
		if !strings.HasPrefix(part, got) {
			t.Fatalf("WithoutOpen(%q) = %q", part, got)
		}
		shown := Replace(got)
		if strings.Contains(shown, "{{e") || strings.HasSuffix(shown, "{{") || !strings.HasPrefix(Replace(text), shown) {
			t.Errorf("of %q is shown %q", part, shown)
		}
	}
	for _, whole := range []string{"", "a", "{a", "a } b", "{{emoji:a b", "{{emoji:a-b", "{{other:x", "{{emoji:x}}", "{{emoji:" + strings.Repeat("x", 200)} {
		if got := WithoutOpen(whole); got != whole {
			t.Errorf("WithoutOpen(%q) = %q", whole, got)
		}
	}
}
