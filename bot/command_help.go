package bot

import (
	"cmp"
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/linearbot/linearbot/internal/cmdline"
	"github.com/linearbot/linearbot/internal/markdown"
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
	// if it is neither.
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
	return "command " + e.Command + ": " + e.describe(
		func(s string) string { return `"` + s + `"` },
		func(s string) string { return s },
	)
}

// describe says what is wrong. quote sets off what is quoted, and text writes
// plain text.
func (e *UsageError) describe(quote, text func(string) string) string {
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
		return text(cmp.Or(e.Reason, "the command cannot be run like that"))
	}
}

// usageText is what the bot says about e by default, as Markdown.
func usageText(e *UsageError) string {
	text := e.describe(markdown.Code, markdown.Escape)
	if r, size := utf8.DecodeRuneInString(text); unicode.IsLower(r) {
		text = string(unicode.ToUpper(r)) + text[size:]
	}
	if !strings.HasSuffix(text, "?") && !strings.HasSuffix(text, ".") {
		text += "."
	}
	if e.Usage != "" {
		text += "\n\nUsage: " + markdown.Code(e.Usage)
	}
	return text
}

// synopsis returns the name of a command and what follows it.
func (c *Command) synopsis(flags bool) string {
	if c.Usage != "" {
		return c.Name + " " + c.Usage
	}
	syntax := c.syntax()
	if !flags {
		syntax.Flags = nil
	}
	return strings.TrimSuffix(c.Name+" "+syntax.String(), " ")
}

// syntax returns what may follow the name of a command.
func (c *Command) syntax() cmdline.Syntax {
	var s cmdline.Syntax
	for _, a := range c.Args {
		s.Args = append(s.Args, cmdline.Arg(a))
	}
	for _, f := range c.Flags {
		s.Flags = append(s.Flags, f.syntax())
	}
	return s
}

func (f Flag) syntax() cmdline.Flag {
	return cmdline.Flag{Name: f.Name, Default: f.Default, Bool: f.Bool}
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
			_, err := t.thread.Post(ctx, Markdown(text))
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
		s.WriteString("\n- " + markdown.Code(prefix+c.synopsis(false)))
		if c.Help != "" {
			s.WriteString(": " + c.Help)
		}
	}
	s.WriteString("\n\nMore about one of them: " + markdown.Code(prefix+"help "+b.on.command[0].Name))
	return s.String()
}

// helpText explains one command.
func (c *Command) helpText(prefix string) string {
	var s strings.Builder
	s.WriteString(markdown.Code(prefix + c.synopsis(true)))
	if c.Help != "" {
		s.WriteString("\n\n" + c.Help)
	}
	for i, f := range c.Flags {
		if i == 0 {
			s.WriteString("\n")
		}
		s.WriteString("\n- " + markdown.Code(f.syntax().String()))
		if f.Help != "" {
			s.WriteString(": " + f.Help)
		}
		if f.Default != "" {
			s.WriteString(" (default " + markdown.Code(f.Default) + ")")
		}
	}
	for i, name := range c.Aliases {
		if i == 0 {
			s.WriteString("\n\nAlso called ")
		} else {
			s.WriteString(", ")
		}
		s.WriteString(markdown.Code(name))
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
		if d := cmdline.Distance(strings.Join(c.words[:len(words)], " "), candidate); d >= 0 && (best < 0 || d < best) {
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
	written := cmdline.Shorten(strings.Join(c.words[:1+strings.Count(name, " ")], " "))
	return []*handler{{name: "suggestion", run: func(ctx context.Context, t *Turn) error {
		_, err := t.thread.Post(ctx, Markdown("I don't know "+markdown.Code(written)+". Did you mean "+markdown.Code(c.prefix+name)+"?"))
		return err
	}}}
}
