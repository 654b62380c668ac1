package bot

import (
	"strings"
	"testing"

	"github.com/linearbot/linearbot/internal/content"
	"github.com/linearbot/linearbot/internal/mention"
	"github.com/linearbot/linearbot/internal/testfiles"
)

func TestVectorsMarkdown(t *testing.T) {
	t.Parallel()
	for _, c := range testfiles.Cases[struct {
		Name  string
		Input struct {
			Op, Form, Value, Markdown string
			Users                     map[string]struct{ ProfileURL string }
		}
		Upstream struct{ Body, Text *string }
		Want     map[string]*string
	}](t, "markdown.json") {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			if c.Input.Op == "plainText" {
				want := c.Upstream.Text
				if w, ok := c.Want["text"]; ok {
					want = w
				}
				testfiles.Equal(t, "text", PlainText(c.Input.Markdown), want)
				return
			}
			want := c.Upstream.Body
			if w, ok := c.Want["body"]; ok {
				want = w
			}
			body, err := Markdown(c.Input.Value).Render(content.Form{})
			if err != nil {
				t.Fatal(err)
			}
			got := mention.Replace(body, mention.Places(body), func(id string) string { return c.Input.Users[id].ProfileURL })
			got = strings.TrimSpace(got)
			if want == nil { // refused because there is nothing to send
				if got != "" {
					t.Errorf("body = %q, want none", got)
				}
				return
			}
			trimmed := strings.TrimSpace(*want)
			testfiles.Equal(t, "body", got, &trimmed)
		})
	}
}
