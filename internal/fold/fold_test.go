package fold

import (
	"testing"
	"unicode/utf8"
)

func TestPrefix(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, name string
		want       int
	}{
		{"helper x", "helper", 6},
		{"HELPER", "helper", 6},
		{"Zoë", "Zoe\u0308", 4},
		{"Zoe\u0308 x", "Zoë", 5},
		{"Zoe\u0308", "Zoe", -1},
		{"Zoë", "Zoe", -1},
		{"The  \u00a0Helper", "The Helper", 13},
		{"The Helper", "The   Helper", 10},
		{"The\nHelper", "The Helper", 10},
		{"hel\u200bper", "helper", 9},
		{"\u2060helper", "helper", 9},
		{"hel", "helper", -1},
		{"helper", "", -1},
		{"", "helper", -1},
		{"\u1100\u1161\u11a8", "\uac01", 9},
		{"\xff", "x", -1},
	} {
		n, ok := Prefix([]byte(c.text), c.name)
		if ok != (c.want >= 0) || ok && n != c.want {
			t.Errorf("Prefix(%q, %q) = %d, %t, want %d", c.text, c.name, n, ok, c.want)
		}
	}
}

func TestLine(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                         "",
		" A\u00a0 b\n":             "a b",
		"Zoe\u0308":                "zoë",
		"１\ufe0f":                  "1",
		"a\u200bb\ufeff":           "ab",
		"\u202edeploy\u202c":       "deploy",
		"ﬁx":                       "fix",
		"\u00a0":                   "",
		"\u0645\u06cc\u200c\u0631": "\u0645\u06cc\u0631",
	} {
		if got := Line(in); got != want {
			t.Errorf("Line(%q) = %q, want %q", in, got, want)
		}
	}
	if !Same("Ünï", "u\u0308NI\u0308") || Same("a", "b") {
		t.Error("Same is wrong")
	}
	if got := Visible("a\u200bb\u200dc"); got != "ab\u200dc" {
		t.Errorf("Visible: %q", got)
	}
}

func FuzzPrefix(f *testing.F) {
	f.Add("Zoe\u0308 x", "Zoë")
	f.Add("a \u00a0b", "a b")
	f.Fuzz(func(t *testing.T, text, name string) {
		n, ok := Prefix([]byte(text), name)
		if n < 0 || n > len(text) || ok != (n > 0) {
			t.Errorf("Prefix(%q, %q) = %d, %t", text, name, n, ok)
		}
		if !utf8.ValidString(name) {
			return
		}
		if _, ok := Prefix([]byte(name), name); !ok && len(runes(name)) > 0 {
			t.Errorf("%q does not begin with itself", name)
		}
	})
}
