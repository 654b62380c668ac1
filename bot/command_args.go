package bot

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark/util"
)

// An argument of a command ends at white space. A quotation mark at its start,
// or after its first "=", takes everything up to the mark that closes it. A
// backslash before punctuation or a space takes that character as it is.
// Markdown code spans and links are one piece and stay as written, marks and
// all.

// token is one argument or flag as it was written.
type token struct {
	text string
	// literal means that the token began with a quotation mark or a
	// backslash, so that it is no flag whatever it looks like.
	literal bool
	// eq is where the first "=" is that stands for itself, or -1.
	eq int
}

// tokens splits one line. ok is false if a quotation mark is not closed.
func tokens(line string) (out []token, ok bool) {
	for i := skipSpace(line, 0); i < len(line); i = skipSpace(line, i) {
		t, end, ok := scanToken(line, i)
		if !ok {
			return out, false
		}
		out = append(out, t)
		i = end
	}
	return out, true
}

// scanToken reads the token at offset i and returns the offset behind it.
func scanToken(line string, i int) (t token, end int, ok bool) {
	t.eq = -1
	start, from := i, i // the source from offset from on is not in b yet
	var b []byte
	opens := true // a quotation mark opens a quotation here
	for i < len(line) {
		c := line[i]
		switch {
		case c == '\\' && escapes(line[i+1:]):
			t.literal = t.literal || i == start
			b = append(b, line[from:i]...)
			from = i + 1
			i += 2
		case c == '`':
			i += codeSpan(line[i:])
		case c == '[':
			i += linkSpan(line[i:])
		case c == '=' && t.eq < 0:
			t.eq = len(b) + i - from
			i++
			opens = true
			continue
		default:
			r, size := utf8.DecodeRuneInString(line[i:])
			if unicode.IsSpace(r) {
				return t.with(b, line[from:i]), i, true
			}
			if closers := closersOf(r); opens && closers != "" {
				t.literal = t.literal || i == start
				b = append(b, line[from:i]...)
				if b, i, ok = scanQuoted(b, line, i+size, closers); !ok {
					return t, i, false
				}
				from = i
				break
			}
			i += size
		}
		opens = false
	}
	return t.with(b, line[from:i]), i, true
}

func (t token) with(b []byte, rest string) token {
	if b == nil {
		t.text = rest
	} else {
		t.text = string(append(b, rest...))
	}
	return t
}

// scanQuoted appends what is quoted from offset i on and returns the offset
// behind the closing mark.
func scanQuoted(b []byte, line string, i int, closers string) (_ []byte, end int, ok bool) {
	if b == nil {
		b = []byte{} // even an empty quotation is an argument
	}
	from := i
	for i < len(line) {
		r, size := utf8.DecodeRuneInString(line[i:])
		switch {
		case r == '\\' && escapes(line[i+1:]):
			b = append(b, line[from:i]...)
			from = i + 1
			i += 2
		case r == '`':
			i += codeSpan(line[i:])
		case r != utf8.RuneError && strings.ContainsRune(closers, r):
			return append(b, line[from:i]...), i + size, true
		default:
			i += size
		}
	}
	return b, i, false
}

// closersOf returns the marks that close a quotation that r opens. It is empty
// if r opens none. An apostrophe opens none.
func closersOf(r rune) string {
	switch r {
	case '"':
		return `"`
	case '“':
		return "”"
	case '„':
		return "“”"
	}
	return ""
}

// escapes reports whether a backslash before rest escapes its first character.
func escapes(rest string) bool {
	return rest != "" && (rest[0] == ' ' || util.IsPunct(rest[0]))
}

// codeSpan returns the length of the code span at the start of s, or of the
// backticks there if it is none.
func codeSpan(s string) int {
	n := backticks(s)
	for i := n; i < len(s); {
		next := strings.IndexByte(s[i:], '`')
		if next < 0 {
			break
		}
		i += next
		run := backticks(s[i:])
		i += run
		if run == n {
			return i
		}
	}
	return n
}

func backticks(s string) int { return len(s) - len(strings.TrimLeft(s, "`")) }

// maxAddress bounds how far linkSpan looks for the end of an address, so that
// many open brackets do not make it slow.
const maxAddress = 2048

// linkSpan returns the length of the inline link at the start of s, or 1 if it
// is none.
func linkSpan(s string) int {
	near := s[:min(len(s), maxLabel+1)]
	if !strings.Contains(near, "](") {
		return 1 // so much for nearly all brackets
	}
	label := closing(near, '[', ']')
	if label == 0 || !strings.HasPrefix(s[label:], "(") {
		return 1
	}
	address := closing(s[label:min(len(s), label+maxAddress)], '(', ')')
	if address == 0 {
		return 1
	}
	return label + address
}

// closing returns the offset behind the bracket that closes the one at the
// start of s. It is 0 if there is none.
func closing(s string, open, shut byte) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case open:
			depth++
		case shut:
			depth--
			if depth == 0 {
				return i + 1
			}
		}
	}
	return 0
}

func skipSpace(s string, i int) int {
	return len(s) - len(strings.TrimLeftFunc(s[i:], unicode.IsSpace))
}

// firstLine cuts s at its first line end. A backslash there is a hard line
// break and no part of the line.
func firstLine(s string) (line, rest string) {
	i := strings.IndexAny(s, "\r\n")
	if i < 0 {
		return s, ""
	}
	line, rest = s[:i], s[i+1:]
	if s[i] == '\r' {
		rest = strings.TrimPrefix(rest, "\n")
	}
	if marks := len(line) - len(strings.TrimRight(line, `\`)); marks%2 == 1 {
		line = line[:len(line)-1]
	}
	return line, rest
}

// QuoteArg returns s as it is written to be one argument of a command: in
// quotation marks and with backslashes if need be. Line breaks, which an
// argument cannot have, become spaces.
func QuoteArg(s string) string {
	plain := s != "" && s[0] != '-' && s[0] != '/'
	for _, r := range s {
		if r == '-' || r == '.' || r == '/' || r == utf8.RuneError {
			continue
		}
		if r == '_' || !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			plain = false
			break
		}
	}
	if plain {
		return s
	}
	b := make([]byte, 0, len(s)+2)
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; c {
		case '"', '\\', '`':
			b = append(b, '\\', c)
		case '\r', '\n':
			b = append(b, ' ')
		default:
			b = append(b, c)
		}
	}
	return string(append(b, '"'))
}

// parse fills in c from its Rest, which begins right after the name.
func (c *Invocation) parse(cmd *Command) error {
	var line string
	line, c.Body = firstLine(c.Rest)
	c.Body = strings.TrimRightFunc(trimBlankLines(c.Body), unicode.IsSpace)
	c.Rest = strings.TrimFunc(c.Rest, unicode.IsSpace)
	if cmd.Raw {
		return nil
	}
	list, ok := tokens(line)
	if !ok {
		return c.misuse(&UsageError{Code: "open_quote"})
	}
	c.Args = make([]string, 0, len(list))
	for i := 0; i < len(list); i++ {
		t := list[i]
		name, isFlag := flagName(t, cmd)
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
		f, off, known := cmd.flag(name)
		if !known {
			return c.misuse(&UsageError{Code: "unknown_flag", Name: shorten(name), Suggestion: nearest(name, cmd.flagNames())})
		}
		var value string
		switch {
		case off && t.eq >= 0:
			return c.misuse(&UsageError{Code: "unexpected_value", Name: "no-" + f.Name})
		case f.Bool:
			if value, ok = truth(t, !off); !ok {
				return c.misuse(&UsageError{Code: "bad_value", Name: f.Name, Value: shorten(value), Want: "yes or no"})
			}
		case t.eq >= 0:
			value = t.text[t.eq+1:]
		default:
			if i++; i == len(list) {
				return c.misuse(&UsageError{Code: "missing_value", Name: f.Name})
			}
			if _, isFlag := flagName(list[i], cmd); isFlag {
				return c.misuse(&UsageError{Code: "missing_value", Name: f.Name})
			}
			value = list[i].text
		}
		c.set(f.Name, value)
	}
	for _, f := range cmd.Flags {
		if _, given := c.Flags[f.Name]; !given && f.Default != "" {
			c.set(f.Name, f.Default)
		}
	}
	return c.checkArgs(cmd.Args)
}

func (c *Invocation) set(name, value string) {
	if c.Flags == nil {
		c.Flags = make(map[string][]string)
	}
	c.Flags[name] = append(c.Flags[name], value)
}

// checkArgs compares the number of arguments with what the command takes.
func (c *Invocation) checkArgs(args []Arg) error {
	if len(args) == 0 {
		return nil
	}
	for _, a := range args[min(len(c.Args), len(args)):] {
		if !a.Optional {
			return c.misuse(&UsageError{Code: "missing_argument", Name: a.Name})
		}
	}
	if len(c.Args) > len(args) && !args[len(args)-1].Many {
		return c.misuse(&UsageError{Code: "too_many_arguments", Value: shorten(c.Args[len(args)])})
	}
	return nil
}

// flagName returns the name of the flag that t is, without dashes. It is empty
// for "--". Editors turn two dashes into one long one, so a long dash before
// the name of a flag of the command counts as well.
func flagName(t token, cmd *Command) (name string, ok bool) {
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
			_, _, known := cmd.flag(after)
			return after, known && after != ""
		}
	}
	return "", false
}

// flag returns the flag of a name. off means that the name was that of a Bool
// flag with "no-" before it.
func (c *Command) flag(name string) (f Flag, off, ok bool) {
	i := slices.IndexFunc(c.Flags, func(f Flag) bool { return strings.EqualFold(f.Name, name) })
	if i >= 0 {
		return c.Flags[i], false, true
	}
	if len(name) > len("no-") && strings.EqualFold(name[:3], "no-") {
		i = slices.IndexFunc(c.Flags, func(f Flag) bool { return f.Bool && strings.EqualFold(f.Name, name[3:]) })
		if i >= 0 {
			return c.Flags[i], true, true
		}
	}
	return Flag{}, false, false
}

func (c *Command) flagNames() []string {
	out := make([]string, 0, len(c.Flags))
	for _, f := range c.Flags {
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
