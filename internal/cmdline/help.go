package cmdline

import (
	"cmp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/linearbot/linearbot/internal/markdown"
)

// Plain says in a clause of plain text what is wrong.
func (p *Problem) Plain() string {
	return p.describe(func(s string) string { return `"` + s + `"` }, func(s string) string { return s })
}

// Explain says in Markdown what is wrong, and how the command is written, if that is not
// empty.
func (p *Problem) Explain(usage string) string {
	text := p.describe(markdown.Code, markdown.Escape)
	if r, size := utf8.DecodeRuneInString(text); unicode.IsLower(r) {
		text = string(unicode.ToUpper(r)) + text[size:]
	}
	if !strings.HasSuffix(text, "?") && !strings.HasSuffix(text, ".") {
		text += "."
	}
	if usage != "" {
		text += "\n\nUsage: " + markdown.Code(usage)
	}
	return text
}

// DidYouMean asks in Markdown whether another name was meant than the one that was
// written. prefix is what stands before both.
func DidYouMean(written, prefix, name string) string {
	return "I don't know " + markdown.Code(written) + ". Did you mean " + markdown.Code(prefix+name) + "?"
}

// describe says in a clause what is wrong. quote sets off what is quoted, and text
// writes plain text.
func (p *Problem) describe(quote, text func(string) string) string {
	switch p.Code {
	case UnknownFlag:
		says := "there is no flag " + quote("--"+p.Name)
		if p.Suggestion != "" {
			says += ", did you mean " + quote("--"+p.Suggestion) + "?"
		}
		return says
	case MissingValue:
		return quote("--"+p.Name) + " needs a value"
	case UnexpectedValue:
		return quote("--"+p.Name) + " takes no value"
	case BadValue:
		return quote("--"+p.Name) + " needs " + p.Want + ", not " + quote(p.Value)
	case MissingArgument:
		return quote("<"+p.Name+">") + " is missing"
	case TooManyArguments:
		return quote(p.Value) + " is one argument too many: put words that belong together in quotation marks"
	case OpenQuote:
		return "a quotation mark is not closed on the same line"
	default:
		return text(cmp.Or(p.Reason, "the command cannot be run like that"))
	}
}

// Synopsis returns the name of a command and what follows it, with or without the
// flags.
func (c *Command) Synopsis(flags bool) string {
	if c.Usage != "" {
		return c.Name + " " + c.Usage
	}
	syntax := c.Syntax
	if !flags {
		syntax.Flags = nil
	}
	return strings.TrimSuffix(c.Name+" "+syntax.String(), " ")
}

// Help lists the commands as Markdown, with a prefix before each name. There must be
// one.
func (s *Set) Help(prefix string) string {
	var text strings.Builder
	text.WriteString("**Commands**\n")
	for i := range s.commands {
		c := &s.commands[i]
		text.WriteString("\n- " + markdown.Code(prefix+c.Synopsis(false)))
		if c.Help != "" {
			text.WriteString(": " + c.Help)
		}
	}
	text.WriteString("\n\nMore about one of them: " + markdown.Code(prefix+"help "+s.commands[0].Name))
	return text.String()
}

// Explain explains a command as Markdown, with a prefix before its name.
func (c *Command) Explain(prefix string) string {
	var text strings.Builder
	text.WriteString(markdown.Code(prefix + c.Synopsis(true)))
	if c.Help != "" {
		text.WriteString("\n\n" + c.Help)
	}
	for i, f := range c.Syntax.Flags {
		if i == 0 {
			text.WriteString("\n")
		}
		text.WriteString("\n- " + markdown.Code(f.String()))
		if f.Help != "" {
			text.WriteString(": " + f.Help)
		}
		if f.Default != "" {
			text.WriteString(" (default " + markdown.Code(f.Default) + ")")
		}
	}
	for i, name := range c.Aliases {
		if i == 0 {
			text.WriteString("\n\nAlso called ")
		} else {
			text.WriteString(", ")
		}
		text.WriteString(markdown.Code(name))
	}
	return text.String()
}
