package cmdline

import (
	"slices"
	"strings"
	"unicode"

	"github.com/linearbot/linearbot/internal/fold"
	"github.com/linearbot/linearbot/internal/markdown"
)

// Command describes a command.
type Command struct {
	// Name is what the command is called, in any case; it may be several words.
	// Aliases are further names.
	Name    string
	Aliases []string
	// Help says in one line of Markdown what the command does.
	Help string
	// Usage is what follows the name in help texts. Defaults to what Syntax says.
	Usage string
	// Syntax is what may follow the name.
	Syntax Syntax
}

// Set is the commands of a bot. The zero value has none. Add them first; then it is
// safe for concurrent use.
type Set struct {
	// NoHelp says that there is no command "help" besides those that were added.
	NoHelp bool

	commands []Command
	names    [][][]string // of each command, in words
	most     int          // the most words of a name
}

// Add adds a command and returns it as it is kept: names in words with one space
// between them, flags without dashes. Names without words are left out, and ok is
// false if that is the Name itself.
func (s *Set) Add(c Command) (kept Command, ok bool) {
	var names [][]string
	for _, name := range append([]string{c.Name}, c.Aliases...) {
		if words := strings.Fields(strings.TrimPrefix(strings.TrimSpace(name), "/")); len(words) > 0 {
			names = append(names, words)
			s.most = max(s.most, len(words))
		} else if len(names) == 0 {
			return c, false
		}
	}
	c.Name, c.Aliases = strings.Join(names[0], " "), nil
	for _, words := range names[1:] {
		c.Aliases = append(c.Aliases, strings.Join(words, " "))
	}
	c.Syntax.Args, c.Syntax.Flags = slices.Clone(c.Syntax.Args), slices.Clone(c.Syntax.Flags)
	for i := range c.Syntax.Flags {
		c.Syntax.Flags[i].Name = strings.TrimLeft(c.Syntax.Flags[i].Name, "-")
	}
	s.commands, s.names = append(s.commands, c), append(s.names, names)
	return c, true
}

// Len returns how many commands were added.
func (s *Set) Len() int { return len(s.commands) }

// Call is a text that may name a command.
type Call struct {
	// Text begins with the name.
	Text string
	// Prefix is what stands before a name in the same kind of message: "/",
	// "@helper " or nothing.
	Prefix string

	// ends says where the first words of Text end.
	words []string
	ends  []int
}

// Call reads a text that begins with a name, perhaps with a slash before it. ok is
// false if it has no words.
func (s *Set) Call(text, prefix string) (c Call, ok bool) {
	c = Call{Text: strings.TrimPrefix(text, "/"), Prefix: prefix}
	c.words, c.ends = Words(c.Text, max(s.most, 1))
	return c, len(c.words) > 0
}

// Found is a command that a call names.
type Found struct {
	// Command counts the commands in the order in which they were added.
	Command int
	// Rest is the text after the name, as it was written.
	Rest string

	words int
}

// Find returns the commands that a call names: those with longer names first, and
// otherwise in the order in which they were added.
func (s *Set) Find(c *Call) []Found {
	var found []Found
	for i, names := range s.names {
		words := 0
		for _, name := range names {
			if len(name) > words && c.begins(name) {
				words = len(name)
			}
		}
		if words > 0 {
			found = append(found, Found{Command: i, Rest: c.Text[c.ends[words-1]:], words: words})
		}
	}
	slices.SortStableFunc(found, func(x, y Found) int { return y.words - x.words })
	return found
}

// begins reports whether the text begins with the words of a name.
func (c *Call) begins(name []string) bool {
	return len(name) <= len(c.words) && slices.EqualFunc(name, c.words[:len(name)], fold.Same)
}

// HelpAbout reports whether a call is one of "help", and what it asks help about.
// It is not if one of the commands is called so, or with NoHelp.
func (s *Set) HelpAbout(c *Call) (about string, ok bool) {
	if !s.helps() || !strings.EqualFold(c.words[0], "help") {
		return "", false
	}
	return strings.TrimFunc(c.Text[c.ends[0]:], unicode.IsSpace), true
}

func (s *Set) helps() bool {
	return !s.NoHelp && !slices.ContainsFunc(s.names, func(names [][]string) bool {
		return slices.ContainsFunc(names, func(words []string) bool { return strings.EqualFold(words[0], "help") })
	})
}

// Named returns the command with a name, perhaps with a slash before it, or nil.
func (s *Set) Named(name string) *Command {
	words := strings.Fields(strings.TrimPrefix(name, "/"))
	for i, names := range s.names {
		for _, n := range names {
			if len(n) == len(words) && strings.EqualFold(strings.Join(n, " "), strings.Join(words, " ")) {
				return &s.commands[i]
			}
		}
	}
	return nil
}

// Suggest returns the name that a call has perhaps meant, and how it was written. ok
// is false if no name is near.
func (s *Set) Suggest(c *Call) (name, written string, ok bool) {
	best := -1
	consider := func(words []string) {
		if len(words) > len(c.words) {
			return
		}
		candidate := strings.Join(words, " ")
		if d := distance(strings.Join(c.words[:len(words)], " "), candidate); d >= 0 && (best < 0 || d < best) {
			best, name = d, candidate
		}
	}
	for _, names := range s.names {
		for _, words := range names {
			consider(words)
		}
	}
	if s.helps() {
		consider([]string{"help"})
	}
	if best < 0 {
		return "", "", false
	}
	return name, Shorten(strings.Join(c.words[:1+strings.Count(name, " ")], " ")), true
}

// Split takes what follows a name apart: into its first line and what is below it,
// without the blank lines around that.
func Split(rest string) (line, body string) {
	line, body = FirstLine(rest)
	return line, strings.TrimRightFunc(markdown.TrimBlankLines(body), unicode.IsSpace)
}
