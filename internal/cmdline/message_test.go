package cmdline_test

import (
	"testing"

	"github.com/linearbot/linearbot/internal/cmdline"
	"github.com/linearbot/linearbot/internal/mention"
)

func TestRead(t *testing.T) {
	t.Parallel()
	names := func() mention.Names { return mention.Names{UserID: "U1", Handles: []string{"helper"}} }
	for _, c := range []struct {
		body         string
		addressed    bool
		text, prefix string // empty if it is no command
	}{
		{"@helper create a", false, "create a", "@helper "},
		{"**@helper create** a", false, "create a", "@helper "},
		{"@helper - create a", false, "create a", "@helper "},
		{"@helper: create", false, "create", "@helper "},
		{"/create a", false, "create a", "/"},
		{"\n\n  /create a", false, "create a", "/"},
		{"    /create a", false, "", ""}, // code
		{"create a", false, "", ""},
		{"create a", true, "create a", ""},
		{"> @helper create\n\nwhat was that?", false, "", ""},
		{"please @helper create", false, "", ""},
		{"@helper", false, "", ""},
	} {
		var set cmdline.Set
		m := &cmdline.Message{Body: c.body, Mentions: mention.Find(c.body, names()), Addressed: c.addressed, Slash: true, Bot: "helper", Names: names}
		m.Mentioned = len(m.Mentions) > 0
		got, ok := set.Read(m)
		if ok != (c.text != "") || ok && (got.Text != c.text || got.Prefix != c.prefix) {
			t.Errorf("%q: %q after %q, %t, want %q after %q", c.body, got.Text, got.Prefix, ok, c.text, c.prefix)
		}
		m.Slash = false
		if _, ok := set.Read(m); ok && c.prefix == "/" {
			t.Errorf("%q is a command without slashes", c.body)
		}
	}
}
