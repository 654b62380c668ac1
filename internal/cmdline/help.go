package cmdline

import (
	"strings"

	"github.com/linearbot/linearbot/internal/markdown"
)

// Describe says in a clause what is wrong. quote sets off what is quoted. It is
// empty for codes that are not of this package.
func (p *Problem) Describe(quote func(string) string) string {
	switch p.Code {
	case UnknownFlag:
		text := "there is no flag " + quote("--"+p.Name)
		if p.Suggestion != "" {
			text += ", did you mean " + quote("--"+p.Suggestion) + "?"
		}
		return text
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
		return ""
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
