package bot

import (
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
				checkEmojiTable(t, c.Upstream)
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
				got := replaceEmojiBy(in.Text, func(name string) string {
					if e, ok := in.Custom[name]; ok {
						return e.Unicode
					}
					return Emoji(name)
				})
				checkString(t, "text", got, want.Text)
				if len(in.Custom) == 0 {
					checkString(t, "text", replaceEmoji(in.Text), want.Text)
				}
			case "fromUnicode":
				got := nameOfUnicode(name)
				if got == "" {
					got = name
				}
				checkString(t, "name", got, want.Name)
				if nameOfShortcode(name) == "" {
					checkString(t, "EmojiName", EmojiName(name), want.Name)
				}
			case "fromShortcode":
				checkString(t, "name", EmojiName(name), want.Name)
			case "matches":
				got := in.Raw == in.Name
				if Emoji(in.Name) != "" {
					got = nameOfUnicode(in.Raw) == in.Name || nameOfShortcode(in.Raw) == in.Name
				}
				if want.Match == nil || got != *want.Match {
					t.Errorf("%q means %q: %t", in.Raw, in.Name, got)
				}
			case "stringify":
				checkString(t, "text", EmojiPlaceholder(name), want.Text)
				checkString(t, "json", EmojiPlaceholder(name), want.JSON)
			case "react":
				checkString(t, "emoji", reactionEmoji(name), want.Emoji)
			case "unreact":
				var got []string
				for _, r := range in.ReactionsOnMessage {
					if r.UserID == "(bot)" && EmojiName(r.Emoji) == EmojiName(name) {
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

func checkString(t *testing.T, what, got string, want *string) {
	t.Helper()
	if want == nil || got != *want {
		t.Errorf("%s = %q, want %q", what, got, deref(want))
	}
}

func deref(s *string) string {
	if s == nil {
		return "(nothing)"
	}
	return *s
}

func checkEmojiTable(t *testing.T, upstream json.RawMessage) {
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
	for e := range emojis() {
		n++
		if _, ok := want.Emoji[e.name]; !ok {
			t.Errorf("%q is not in the registry", e.name)
		}
	}
	if n != want.Count {
		t.Errorf("%d emoji, want %d", n, want.Count)
	}
	for name, e := range want.Emoji {
		if got := Emoji(name); got != e.Linear {
			t.Errorf("Emoji(%q) = %q, want %q", name, got, e.Linear)
		}
		for _, s := range slices.Concat(e.Unicode, e.Shortcodes) {
			if got := EmojiName(s); got != name {
				t.Errorf("EmojiName(%q) = %q, want %q", s, got, name)
			}
		}
	}
}

func TestEmojiTableHasNoDoubles(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for e := range emojis() {
		if seen[e.name] || e.name == "" || e.unicode == "" || e.shortcodes == "" {
			t.Errorf("bad entry %+v", e)
		}
		seen[e.name] = true
	}
}

// withEmoji is replaceEmoji in another way.
func withEmoji(text string) string {
	return regexp.MustCompile(`\{\{(?i:emoji):([A-Za-z0-9_]+)\}\}`).ReplaceAllStringFunc(text, func(s string) string {
		name := s[len("{{emoji:") : len(s)-len("}}")]
		return or(Emoji(name), name)
	})
}

func TestReplaceEmojiAndNothingElse(t *testing.T) {
	t.Parallel()
	pieces := []string{"{{", "}}", "{", "}", "emoji", "EMOJI", ":", "{{emoji:", "{{emoji:no-such}}", "{{Emoji:a_1}}", "{{emoji:fire}}", "fire", "green_circle", "no-such", "🚀", "a ", "\n", "`"}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 12).Draw(t, "pieces"), "")
		if got, want := replaceEmoji(text), withEmoji(text); got != want {
			t.Errorf("replaceEmoji(%q) = %q, want %q", text, got, want)
		}
	})
}

func FuzzReplaceEmoji(f *testing.F) {
	for _, s := range []string{"", "{{emoji:fire}}", "{{emoji:{{emoji:fire}}}}", "{{{emoji:fire}}}", "{{ſmoji:x}} {{emoji:K}} \xff{{EMOJI:a_1}}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got, want := replaceEmoji(s), withEmoji(s); got != want {
			t.Errorf("replaceEmoji(%q) = %q, want %q", s, got, want)
		}
	})
}

func BenchmarkReplaceEmoji(b *testing.B) {
	for name, text := range map[string]string{
		"none": "The build of the main branch is done.",
		"two":  "{{emoji:check}} The build is done {{emoji:rainbow}}",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				replaceEmoji(text)
			}
		})
	}
}
