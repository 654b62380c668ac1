package bot

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"
)

// UsageError says that a command cannot be run as it was written. The bot
// answers with it; see CommandConfig.Usage.
type UsageError struct {
	// Command is the name of the command.
	Command string
	// Code is "unknown_flag", "missing_value", "unexpected_value",
	// "bad_value", "missing_argument", "too_many_arguments", "open_quote" or,
	// for errors of Invocation.Misuse, "refused".
	Code string
	// Name is the flag, without dashes, or the argument that is wrong. Empty
	// if it is none.
	Name string
	// Value is what was written, cut short. It is text of other people.
	Value string
	// Want says what would be right, for example "a whole number".
	Want string
	// Suggestion is the flag that was perhaps meant.
	Suggestion string
	// Reason is the clause that Invocation.Misuse was called with.
	Reason string
	// Usage is how the command is written, for example
	// "@bot create <title> [--draft]".
	Usage string
}

// Error returns one line of plain text.
func (e *UsageError) Error() string {
	return "command " + e.Command + ": " + e.describe(func(s string) string { return `"` + s + `"` })
}

// describe says what is wrong. quote sets off what is quoted.
func (e *UsageError) describe(quote func(string) string) string {
	switch e.Code {
	case "unknown_flag":
		if e.Suggestion != "" {
			return "there is no flag " + quote("--"+e.Name) + ", did you mean " + quote("--"+e.Suggestion) + "?"
		}
		return "there is no flag " + quote("--"+e.Name)
	case "missing_value":
		return quote("--"+e.Name) + " needs a value"
	case "unexpected_value":
		return quote("--"+e.Name) + " takes no value"
	case "bad_value":
		return quote("--"+e.Name) + " needs " + e.Want + ", not " + quote(e.Value)
	case "missing_argument":
		return quote("<"+e.Name+">") + " is missing"
	case "too_many_arguments":
		return quote(e.Value) + " is one argument too many: put words that belong together in quotation marks"
	case "open_quote":
		return "a quotation mark is not closed on the same line"
	default:
		return or(e.Reason, "the command cannot be run like that")
	}
}

// usageContent is what the bot says about e by default.
func usageContent(e *UsageError) Content {
	text := e.describe(inCode)
	if r, size := utf8.DecodeRuneInString(text); unicode.IsLower(r) {
		text = string(unicode.ToUpper(r)) + text[size:]
	}
	if !strings.HasSuffix(text, "?") && !strings.HasSuffix(text, ".") {
		text += "."
	}
	if e.Usage != "" {
		text += "\n\nUsage: " + inCode(e.Usage)
	}
	return Text(text)
}

// synopsis returns the name of a command and what follows it.
func (c *Command) synopsis(flags bool) string {
	var b strings.Builder
	b.WriteString(c.Name)
	if c.Usage != "" {
		return c.Name + " " + c.Usage
	}
	for _, a := range c.Args {
		open, shut := " <", ">"
		if a.Optional {
			open, shut = " [", "]"
		}
		if a.Many {
			shut = "…" + shut
		}
		b.WriteString(open + a.Name + shut)
	}
	for _, f := range c.Flags {
		if flags {
			b.WriteString(" [" + f.synopsis() + "]")
		}
	}
	return b.String()
}

func (f *Flag) synopsis() string {
	if f.Bool {
		return "--" + f.Name
	}
	return "--" + f.Name + " <value>"
}

// helps reports whether the bot has a help of its own making.
func (b *Bot) helps() bool {
	if b.cfg.Commands.NoHelp {
		return false
	}
	for _, c := range b.on.command {
		for _, words := range c.names {
			if strings.EqualFold(words[0], "help") {
				return false
			}
		}
	}
	return true
}

// helpHandler answers "help" and "help create". What else begins with the word
// may be a sentence; it leaves that to others if they could take it.
func (b *Bot) helpHandler(c *call) *handler {
	about := strings.TrimFunc(c.text[c.ends[0]:], unicode.IsSpace)
	cmd := b.commandNamed(strings.TrimPrefix(about, "/"))
	return &handler{
		name: "help",
		match: func(t *Turn) bool {
			return about == "" || cmd != nil || len(b.on.mention) == 0 && (t.route == nil || !t.route.subscribed)
		},
		run: func(ctx context.Context, t *Turn) error {
			text := b.helpText(c.prefix)
			if cmd != nil {
				text = cmd.helpText(c.prefix)
			}
			_, err := t.thread.Post(ctx, Text(text))
			return err
		},
	}
}

func (b *Bot) commandNamed(name string) *command {
	words := strings.Fields(name)
	for _, cmd := range b.on.command {
		for _, n := range cmd.names {
			if len(n) == len(words) && strings.EqualFold(strings.Join(n, " "), strings.Join(words, " ")) {
				return cmd
			}
		}
	}
	return nil
}

// helpText lists the commands.
func (b *Bot) helpText(prefix string) string {
	var s strings.Builder
	s.WriteString("**Commands**\n")
	for _, c := range b.on.command {
		s.WriteString("\n- " + inCode(prefix+c.synopsis(false)))
		if c.Help != "" {
			s.WriteString(": " + c.Help)
		}
	}
	s.WriteString("\n\nMore about one of them: " + inCode(prefix+"help "+b.on.command[0].Name))
	return s.String()
}

// helpText explains one command.
func (c *Command) helpText(prefix string) string {
	var s strings.Builder
	s.WriteString(inCode(prefix + c.synopsis(true)))
	if c.Help != "" {
		s.WriteString("\n\n" + c.Help)
	}
	for i, f := range c.Flags {
		if i == 0 {
			s.WriteString("\n")
		}
		s.WriteString("\n- " + inCode(f.synopsis()))
		if f.Help != "" {
			s.WriteString(": " + f.Help)
		}
		if f.Default != "" {
			s.WriteString(" (default " + inCode(f.Default) + ")")
		}
	}
	for i, name := range c.Aliases {
		if i == 0 {
			s.WriteString("\n\nAlso called ")
		} else {
			s.WriteString(", ")
		}
		s.WriteString(inCode(name))
	}
	return s.String()
}

// suggestion returns a handler that asks whether another command was meant, if
// one has nearly the name that was written.
func (b *Bot) suggestion(c *call) []*handler {
	best, name := -1, ""
	consider := func(words []string) {
		if len(words) > len(c.words) {
			return
		}
		candidate := strings.Join(words, " ")
		if d := distance(strings.Join(c.words[:len(words)], " "), candidate); d >= 0 && (best < 0 || d < best) {
			best, name = d, candidate
		}
	}
	for _, cmd := range b.on.command {
		for _, words := range cmd.names {
			consider(words)
		}
	}
	if b.helps() {
		consider([]string{"help"})
	}
	if best < 0 {
		return nil
	}
	written := shorten(strings.Join(c.words[:1+strings.Count(name, " ")], " "))
	return []*handler{{name: "suggestion", run: func(ctx context.Context, t *Turn) error {
		_, err := t.thread.Post(ctx, Text("I do not know "+inCode(written)+". Did you mean "+inCode(c.prefix+name)+"?"))
		return err
	}}}
}

// nearest returns the name that was perhaps meant by word, or "".
func nearest(word string, names []string) string {
	best, out := -1, ""
	for _, n := range names {
		if d := distance(word, n); d >= 0 && (best < 0 || d < best) {
			best, out = d, n
		}
	}
	return out
}

// distance returns how many letters must be added, left out, replaced or
// swapped with their neighbour to get from word to name, without regard to
// case. It is -1 if that is more than a slip: one for short names, two for
// others, none for names of one or two letters.
func distance(word, name string) int {
	a, b := []rune(strings.ToLower(shorten(word))), []rune(strings.ToLower(name))
	limit := 2
	switch {
	case len(b) <= 2:
		limit = 0
	case len(b) <= 4:
		limit = 1
	}
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return -1
	}
	// Three rows of the usual table: the one before the last is for swaps.
	older, old, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range old {
		old[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(old[j]+1, row[j-1]+1, old[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], older[j-2]+1)
			}
		}
		older, old, row = old, row, older
	}
	if d := old[len(b)]; d <= limit {
		return d
	}
	return -1
}

// maxShown is how many characters of other people's text the bot repeats.
const maxShown = 40

// shorten cuts text of other people to what may be repeated.
func shorten(s string) string {
	n := 0
	for i := range s {
		if n == maxShown {
			return s[:i] + "…"
		}
		n++
	}
	return s
}

// inCode returns s as a code span, in which nothing means anything.
func inCode(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if s == "" {
		return "` `"
	}
	if !strings.Contains(s, "`") {
		return "`" + s + "`"
	}
	longest := 0
	for i := 0; i < len(s); {
		n := backticks(s[i:])
		longest = max(longest, n)
		i += max(n, 1)
	}
	fence := strings.Repeat("`", longest+1)
	return fence + " " + s + " " + fence
}
