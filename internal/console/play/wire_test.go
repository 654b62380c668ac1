package play

import (
	"html"
	"regexp"
	"strings"
	"testing"
)

// Highlighting takes linear time for whatever a webhook or an answer holds, and
// keeps every character.
func TestHighlight(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", `{"a": "b<c>", "n": -1.5e3, "t": true}`, `"never ends`, `"ends in \`, "é ü \xff <script>", `{"é": ü}`,
		strings.Repeat("é ", 500_000), strings.Repeat(`"`, 500_000), strings.Repeat(`"a"   :`, 100_000), strings.Repeat("[", 500_000),
	} {
		got := string(highlight(text))
		if strings.Contains(got, "<script") {
			t.Errorf("%.30q has a script", text)
		}
		plain := html.UnescapeString(regexp.MustCompile(`</?span[^>]*>`).ReplaceAllString(got, ""))
		if plain != text {
			t.Errorf("%.30q becomes %.30q", text, plain)
		}
	}
}
