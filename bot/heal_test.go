package bot

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// streamingView is what the vectors say of a text that is half written.
type streamingView struct{ Render, Committable string }

func TestVectorsStreamingViews(t *testing.T) {
	t.Parallel()
	type views struct {
		Steps                            []streamingView
		Finish, Raw, CommittableAtEnd *string
	}
	for _, c := range vectors[struct {
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
				got = append(got, streamingView{glimpse(text), fenceTables(text[:settled(text)], false)})
			}
			if diff := cmp.Diff(want.Steps, got); diff != "" {
				t.Errorf("views (-want +got):\n%s", diff)
			}
			checkString(t, "finish", heal(text), want.Finish)
			checkString(t, "raw", text, want.Raw)
			checkString(t, "committable at the end", fenceTables(text, true), want.CommittableAtEnd)
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
