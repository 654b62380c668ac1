package linear

import (
	"encoding/json"
	"testing"

	"github.com/linearbot/linearbot/internal/emoji"
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
	payloadVectors(t, "emoji.json", &file)
	for _, c := range file.Cases {
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
				if got := emoji.Character(name); got != e.Linear {
					t.Errorf("Character(%q) = %q, want %q", name, got, e.Linear)
				}
				for _, raw := range append(e.Unicode, e.ShortCodes...) {
					if got := emoji.Name(raw); got != name {
						t.Errorf("emoji.Name(%q) = %q, want %q", raw, got, name)
					}
				}
			}
		case "fromUnicode", "fromShortcode":
			if got := emoji.Name(in); got != want.Name {
				t.Errorf("%s: emoji.Name(%q) = %q, want %q", c.Name, in, got, want.Name)
			}
		default:
		}
	}
}
