package bot

import (
	"context"

	"github.com/linearbot/linearbot/internal/cmdline"
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
func (e *UsageError) Error() string { return "command " + e.Command + ": " + e.problem().Plain() }

func (e *UsageError) problem() *cmdline.Problem {
	return &cmdline.Problem{Code: e.Code, Name: e.Name, Value: e.Value, Want: e.Want, Suggestion: e.Suggestion, Reason: e.Reason}
}

// helpHandler answers "help" and "help create". What else begins with the word
// may be a sentence; it leaves that to others if they could take it.
func (b *Bot) helpHandler(c *cmdline.Call, about string) *handler {
	cmd := b.on.commands.Named(about)
	return &handler{
		name: "help",
		match: func(t *Turn) bool {
			return about == "" || cmd != nil || len(b.on.mention) == 0 && (t.route == nil || !t.route.subscribed)
		},
		run: func(ctx context.Context, t *Turn) error {
			text := b.on.commands.Help(c.Prefix)
			if cmd != nil {
				text = cmd.Explain(c.Prefix)
			}
			_, err := t.thread.Post(ctx, Markdown(text))
			return err
		},
	}
}

// suggestion returns a handler that asks whether another command was meant, if
// one has nearly the name that was written.
func (b *Bot) suggestion(c *cmdline.Call) []*handler {
	name, written, ok := b.on.commands.Suggest(c)
	if !ok {
		return nil
	}
	return []*handler{{name: "suggestion", run: func(ctx context.Context, t *Turn) error {
		_, err := t.thread.Post(ctx, Markdown(cmdline.DidYouMean(written, c.Prefix, name)))
		return err
	}}}
}
