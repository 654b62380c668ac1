// Package cmdline reads the command lines that people write in Markdown: words,
// quotations, flags, and names that are nearly right.
//
// An argument ends at white space. A quotation mark at its start, or after its
// first "=", takes everything up to the mark that closes it. A backslash before
// punctuation or a space takes that character as it is. Markdown code spans and
// links are one piece and stay as written, marks and all.
//
// A [Set] is the commands of a bot: it finds those that a text names, suggests names
// that are near, and writes the help.
//
// All functions are pure, take time in proportion to the length of a text, and
// are safe for concurrent use.
package cmdline

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Syntax is what may follow the name of a command.
type Syntax struct {
	// Args are the arguments, in order. If empty, any number of them is valid.
	Args []Arg
	// Flags are the flags. Any other is a [Problem].
	Flags []Flag
}

// Arg is an argument.
type Arg struct {
	Name string
	// Optional arguments may be left out. They come after the others.
	Optional bool
	// Many says that the last argument may be repeated.
	Many bool
}

// Flag is a flag: "--name value" or "--name=value".
type Flag struct {
	// Name is the name without dashes, in any case.
	Name string
	// Help says in one line of Markdown what the flag does.
	Help string
	// Default is the value of an absent flag. Empty for none.
	Default string
	// Bool makes the flag one that is on or off: "--name", "--no-name" or
	// "--name=yes".
	Bool bool
}

// Line is a command line that was read.
type Line struct {
	Args []string
	// Flags are the values of the flags by name, in the order given, or the
	// default. The values of Bool flags are "true" and "false".
	Flags map[string][]string
}

// The codes of a [Problem].
const (
	UnknownFlag      = "unknown_flag"
	MissingValue     = "missing_value"
	UnexpectedValue  = "unexpected_value"
	BadValue         = "bad_value"
	MissingArgument  = "missing_argument"
	TooManyArguments = "too_many_arguments"
	OpenQuote        = "open_quote"
)

// Problem says why a line cannot be read.
type Problem struct {
	Code string
	// Name is the flag, without dashes, or the argument that is wrong. Empty for
	// neither.
	Name string
	// Value is what was written, cut short by [Shorten].
	Value string
	// Want says what is expected, for example "yes or no".
	Want string
	// Suggestion is the flag that was probably meant.
	Suggestion string
	// Reason says what is wrong, as a clause of plain text, where Code is none of this
	// package.
	Reason string
}

// Parse reads the line that follows the name of a command. The problem is nil if
// it fits the syntax.
func (s Syntax) Parse(line string) (*Line, *Problem) {
	c := &Line{}
	list, ok := tokens(line)
	if !ok {
		return c, &Problem{Code: OpenQuote}
	}
	c.Args = make([]string, 0, len(list))
	for i := 0; i < len(list); i++ {
		t := list[i]
		name, isFlag := s.flagName(t)
		switch {
		case !isFlag:
			c.Args = append(c.Args, t.text)
			continue
		case name == "": // "--": no flags from here on
			for _, t := range list[i+1:] {
				c.Args = append(c.Args, t.text)
			}
			i = len(list)
			continue
		}
		f, off, known := s.flag(name)
		if !known {
			return c, &Problem{Code: UnknownFlag, Name: Shorten(name), Suggestion: Nearest(name, s.flagNames())}
		}
		var value string
		switch {
		case off && t.eq >= 0:
			return c, &Problem{Code: UnexpectedValue, Name: "no-" + f.Name}
		case f.Bool:
			if value, ok = truth(t, !off); !ok {
				return c, &Problem{Code: BadValue, Name: f.Name, Value: Shorten(value), Want: "yes or no"}
			}
		case t.eq >= 0:
			value = t.text[t.eq+1:]
		default:
			if i++; i == len(list) {
				return c, &Problem{Code: MissingValue, Name: f.Name}
			}
			if _, isFlag := s.flagName(list[i]); isFlag {
				return c, &Problem{Code: MissingValue, Name: f.Name}
			}
			value = list[i].text
		}
		c.set(f.Name, value)
	}
	for _, f := range s.Flags {
		if _, given := c.Flags[f.Name]; !given && f.Default != "" {
			c.set(f.Name, f.Default)
		}
	}
	return c, s.checkArgs(c.Args)
}

func (c *Line) set(name, value string) {
	if c.Flags == nil {
		c.Flags = make(map[string][]string)
	}
	c.Flags[name] = append(c.Flags[name], value)
}

// checkArgs compares the number of arguments with what the command takes.
func (s Syntax) checkArgs(args []string) *Problem {
	if len(s.Args) == 0 {
		return nil
	}
	for _, a := range s.Args[min(len(args), len(s.Args)):] {
		if !a.Optional {
			return &Problem{Code: MissingArgument, Name: a.Name}
		}
	}
	if len(args) > len(s.Args) && !s.Args[len(s.Args)-1].Many {
		return &Problem{Code: TooManyArguments, Value: Shorten(args[len(s.Args)])}
	}
	return nil
}

// flagName returns the name of the flag that t is, without dashes. It is empty
// for "--". Editors turn two dashes into one long one, so a long dash before
// the name of a flag of the command counts as well.
func (s Syntax) flagName(t token) (name string, ok bool) {
	if t.literal {
		return "", false
	}
	name = t.text
	if t.eq >= 0 {
		name = name[:t.eq]
	}
	if after, ok := strings.CutPrefix(name, "--"); ok {
		first, _ := utf8.DecodeRuneInString(after)
		switch {
		case t.text == "--":
			return "", true
		case unicode.IsLetter(first) || unicode.IsDigit(first):
			return after, true
		}
		return "", false
	}
	for _, dash := range []string{"—", "–"} {
		if after, ok := strings.CutPrefix(name, dash); ok {
			_, _, known := s.flag(after)
			return after, known && after != ""
		}
	}
	return "", false
}

// flag returns the flag of a name. off means that the name was that of a Bool
// flag with "no-" before it.
func (s Syntax) flag(name string) (f Flag, off, ok bool) {
	i := slices.IndexFunc(s.Flags, func(f Flag) bool { return strings.EqualFold(f.Name, name) })
	if i >= 0 {
		return s.Flags[i], false, true
	}
	if len(name) > len("no-") && strings.EqualFold(name[:3], "no-") {
		i = slices.IndexFunc(s.Flags, func(f Flag) bool { return f.Bool && strings.EqualFold(f.Name, name[3:]) })
		if i >= 0 {
			return s.Flags[i], true, true
		}
	}
	return Flag{}, false, false
}

func (s Syntax) flagNames() []string {
	out := make([]string, 0, len(s.Flags))
	for _, f := range s.Flags {
		out = append(out, f.Name)
	}
	return out
}

// truth returns "true" or "false" for a Bool flag as it was written. on is what
// it means without a value.
func truth(t token, on bool) (value string, ok bool) {
	if t.eq < 0 {
		return strconv.FormatBool(on), true
	}
	value = t.text[t.eq+1:]
	switch strings.ToLower(value) {
	case "true", "yes", "y", "on", "1":
		return "true", true
	case "false", "no", "n", "off", "0":
		return "false", true
	}
	return value, false
}

// String returns the syntax as help texts show it: "<title> [team] [--draft]".
func (s Syntax) String() string {
	parts := make([]string, 0, len(s.Args)+len(s.Flags))
	for _, a := range s.Args {
		open, shut := "<", ">"
		if a.Optional {
			open, shut = "[", "]"
		}
		if a.Many {
			shut = "…" + shut
		}
		parts = append(parts, open+a.Name+shut)
	}
	for _, f := range s.Flags {
		parts = append(parts, "["+f.String()+"]")
	}
	return strings.Join(parts, " ")
}

// String returns the flag as help texts show it: "--draft" or "--team <value>".
func (f Flag) String() string {
	if f.Bool {
		return "--" + f.Name
	}
	return "--" + f.Name + " <value>"
}
