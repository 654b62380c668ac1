package cmdline

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func testSet(t *testing.T) *Set {
	t.Helper()
	s := &Set{}
	for _, c := range []Command{
		{Name: "create", Help: "Creates an issue", Syntax: Syntax{Args: []Arg{{Name: "title"}}, Flags: []Flag{{Name: "--team", Help: "whose it is", Default: "ENG"}, {Name: "draft", Bool: true}}}},
		{Name: " label  add ", Aliases: []string{"/tag", ""}, Usage: "<name>"},
		{Name: "label"},
	} {
		if _, ok := s.Add(c); !ok {
			t.Fatalf("%q was not added", c.Name)
		}
	}
	if _, ok := s.Add(Command{Name: " / "}); ok || s.Len() != 3 {
		t.Errorf("a command without a name was added; there are %d", s.Len())
	}
	return s
}

func TestFind(t *testing.T) {
	t.Parallel()
	s := testSet(t)
	for text, want := range map[string]string{
		"create \"a b\"":    "create: \"a b\"",
		"/Create x":         "create: x",
		"label add bug":     "label add: bug|label: add bug",
		"label\u00a0add":    "label add: |label: \u00a0add",
		"label remove":      "label: remove",
		"TAG bug\nand more": "label add: bug\nand more",
		"creates x":         "",
		"help":              "",
	} {
		c, ok := s.Call(text, "@helper ")
		if !ok {
			t.Errorf("%q has no words", text)
			continue
		}
		var got []string
		for _, f := range s.Find(&c) {
			got = append(got, s.commands[f.Command].Name+": "+strings.TrimPrefix(f.Rest, " "))
		}
		if diff := cmp.Diff(want, strings.Join(got, "|")); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
	if _, ok := s.Call("/", ""); ok {
		t.Error("a slash has words")
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	s := testSet(t)
	if got, want := s.Help("/"), "**Commands**\n\n- `/create <title>`: Creates an issue\n- `/label add <name>`\n- `/label`\n\nMore about one of them: `/help create`"; got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	if got, want := s.Named("/CREATE").Explain("@bot "), "`@bot create <title> [--team <value>] [--draft]`\n\nCreates an issue\n\n- `--team <value>`: whose it is (default `ENG`)\n- `--draft`"; got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	if got, want := s.Named("tag").Explain(""), "`label add <name>`\n\nAlso called `tag`"; got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	if s.Named("remove") != nil {
		t.Error("an unknown name has a command")
	}
	about := func(s *Set, text string) string {
		c, _ := s.Call(text, "")
		about, ok := s.HelpAbout(&c)
		if !ok {
			return "-"
		}
		return about
	}
	if a, b, c := about(s, "HELP"), about(s, "help  label add "), about(s, "helper"); a != "" || b != "label add" || c != "-" {
		t.Errorf("%q, %q, %q", a, b, c)
	}
	own := testSet(t)
	own.Add(Command{Name: "Help me"})
	if got := about(own, "help"); got != "-" {
		t.Errorf("a set with a command of that name has another help: %q", got)
	}
	s.NoHelp = true
	if got := about(s, "help"); got != "-" {
		t.Errorf("a set without help has it: %q", got)
	}
}

func TestSuggest(t *testing.T) {
	t.Parallel()
	s := testSet(t)
	for text, want := range map[string]string{
		"craete x":      "create for craete",
		"lable add bug": "label add for lable add",
		"hepl":          "help for hepl",
		"deploy":        "",
	} {
		c, _ := s.Call(text, "")
		name, written, ok := s.Suggest(&c)
		got := name + " for " + written
		if !ok {
			got = ""
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
