package markdown_test

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/linearbot/linearbot/internal/markdown"
)

// FuzzOwnOf compares the way without a parser with the one that has it.
func FuzzOwnOf(f *testing.F) {
	for _, s := range []string{
		"@helper could you look at this? The build of main fails since this morning.", "yes", "a (see b) - c; d/e 'f' \"g\"!",
		"mail ada@example.com", "(@helper)", "www.example.com", "see WWW.example.com", "a  b", "a ", " a", "1. a", "- a", "a\nb", "a-", "a --- b",
		"a:b", "http://x", "a_b_", "x@helper", "(c) (tm) ...", "a.www.b", "@", "a\\b", "-", "a/b//c", "x.y@z.w", "@a.com", "(@a.com)", "swww.x.com",
		strings.Repeat("ab ", 400) + "c",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, want := markdown.OwnOf(s, nil), markdown.Parse(s).Own(nil)
		if string(got.Text) != string(want.Text) || !reflect.DeepEqual(got.Links, want.Links) {
			t.Fatalf("%q: got %q and %v, want %q and %v", s, got.Text, got.Links, want.Text, want.Links)
		}
		for start := 0; start < len(want.Text); start += 1 + len(want.Text)/20 {
			for end := start + 1; end <= len(want.Text); end += 1 + len(want.Text)/20 {
				vis := markdown.Span{Start: start, End: end}
				if a, b := got.Sources(vis), want.Sources(vis); !reflect.DeepEqual(a, b) {
					t.Fatalf("%q: %v comes from %v, want %v", s, vis, a, b)
				}
			}
		}
	})
}

// TestPlainLinesAreParsedAlike puts texts together that hardly have marks.
func TestPlainLinesAreParsedAlike(t *testing.T) {
	t.Parallel()
	parts := strings.Split("@helper|www.|WWW.|a|B| |  |- |--|---|...|1|1.|1) |x.com|@|'|\"|/|//|;|!|?|,|.|(|)|example.com|(c)|ftp|mailto|[ ]|h-i", "|")
	random := rand.New(rand.NewPCG(1, 2))
	for range 30_000 {
		var b strings.Builder
		for range 1 + random.IntN(7) {
			b.WriteString(parts[random.IntN(len(parts))])
		}
		s := b.String()
		got, want := markdown.OwnOf(s, nil), markdown.Parse(s).Own(nil)
		all := markdown.Span{End: len(want.Text)}
		if string(got.Text) != string(want.Text) || !reflect.DeepEqual(got.Links, want.Links) ||
			!reflect.DeepEqual(got.Sources(all), want.Sources(all)) {
			t.Fatalf("%q: got %q, want %q", s, got.Text, want.Text)
		}
	}
}

// BenchmarkOwnOf is a short message without marks.
func BenchmarkOwnOf(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		markdown.OwnOf("@helper could you look at this? The build of main fails since this morning.", nil)
	}
}
