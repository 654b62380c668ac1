package linear

import (
	"encoding/json"
	"testing"

	"github.com/linearbot/linearbot/internal/testfiles"
)

// The cases of emoji.json that speak of names; the others belong to package
// bot and to posting.
func TestVectorsEmojiNames(t *testing.T) {
	t.Parallel()
	type result struct {
		Name  string          `json:"name"`
		Emoji json.RawMessage `json:"emoji"`
	}
	type entry struct {
		Linear     string   `json:"linear"`
		Unicode    []string `json:"unicodeAccepted"`
		ShortCodes []string `json:"shortcodesAccepted"`
	}
	var file struct {
		Cases []struct {
			Name  string `json:"name"`
			Input struct {
				Op    string `json:"op"`
				Emoji any    `json:"emoji"`
			} `json:"input"`
			Upstream result  `json:"upstream"`
			Want     *result `json:"want"`
		} `json:"cases"`
	}
	testfiles.Vectors(t, "emoji.json", &file)
	for _, c := range file.Cases {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			want := c.Upstream
			if c.Want != nil {
				want = *c.Want
			}
			in, _ := c.Input.Emoji.(string)
			switch c.Input.Op {
			case "registry":
				var table map[string]entry
				if err := json.Unmarshal(want.Emoji, &table); err != nil {
					t.Fatal(err)
				}
				for name, e := range table {
					if got, ok := emojiCharacter(name); !ok || got != e.Linear {
						t.Errorf("emojiCharacter(%q) = %q, %t; want %q", name, got, ok, e.Linear)
					}
					for _, raw := range append(e.Unicode, e.ShortCodes...) {
						if got := emojiName(raw); got != name {
							t.Errorf("emojiName(%q) = %q, want %q", raw, got, name)
						}
					}
				}
			case "fromUnicode", "fromShortcode":
				if got := emojiName(in); got != want.Name {
					t.Errorf("emojiName(%q) = %q, want %q", in, got, want.Name)
				}
			default:
			}
		})
	}
}

func TestEmojiName(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"thumbsup":         "thumbs_up",
		"+1":               "thumbs_up",
		":+1:":             "thumbs_up",
		"THUMBSUP":         "thumbs_up",
		"👍":                "thumbs_up",
		"tada":             "party",
		"heart":            "heart",
		"❤":                "heart",
		"❤\ufe0f":          "heart",
		"✔":                "check",
		"white_check_mark": "check",
		"cry":              "sad",
		"collision":        "boom",
		"thinking":         "thinking",
		"hugs":             "hug",
		"no_such_thing":    "no_such_thing",
		":nope:":           ":nope:",
		"🦊":                "🦊",
		"":                 "",
		";":                ";",
		" ":                " ",
		"💯 100":            "💯 100",
		"\n100":            "\n100",
	} {
		if got := emojiName(raw); got != want {
			t.Errorf("emojiName(%q) = %q, want %q", raw, got, want)
		}
	}
}

func TestEmojiCharacterUnknown(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "nope", "thumbsup", "👍", "thumbs_up 👍", "100 💯 100 ;\nthumbs_up"} {
		if got, ok := emojiCharacter(name); ok {
			t.Errorf("emojiCharacter(%q) = %q", name, got)
		}
	}
}
