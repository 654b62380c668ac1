package bot

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/linearbot/linearbot/internal/cmdline"
	"github.com/linearbot/linearbot/internal/mention"
)

// CommandHandler handles a command. What the returned error means is in the
// package comment. In addition, a [*UsageError] is explained to the person who wrote
// the command, and the turn is done.
type CommandHandler func(ctx context.Context, t *Thread, c *Invocation) error

// Command describes a command: "@bot create …" or "/create …" at the start of
// a message. Only Name is required.
type Command struct {
	// Name is what the command is called, in any case. It may be several
	// words; of the names that fit a message, longer ones go first.
	Name string
	// Aliases are further names. Defaults to none.
	Aliases []string
	// Help says in one line of Markdown what the command does.
	Help string
	// Usage is what follows the name where the use is explained, for example
	// "<title> [--draft]". Defaults to what Args and Flags say.
	Usage string
	// Args are the arguments, in order. If there are any, a message with too
	// few or too many is answered with the usage. Defaults to any number of
	// arguments.
	Args []Arg
	// Flags are the flags. Any other is answered with the usage.
	Flags []Flag
	// Raw leaves what follows the name alone: flags and quotation marks in it
	// mean nothing, and Invocation.Args stays empty.
	Raw bool
	// Access says who may run the command, in addition to Config.Access. Defaults to
	// everyone.
	Access Access
}

// Arg is an argument of a command.
type Arg struct {
	// Name stands for the argument where the use is explained.
	Name string
	// Optional arguments may be left out. They come after the others.
	Optional bool
	// Many says, of the last argument, that it may be there several times.
	Many bool
}

// Flag is a flag of a command: "--name value" or "--name=value".
type Flag struct {
	// Name is the name without dashes, in any case.
	Name string
	// Help says in one line of Markdown what the flag does.
	Help string
	// Default is the value of a flag that was not given. Defaults to no value.
	Default string
	// Bool makes the flag one that is on or off: "--name", "--no-name" or
	// "--name=yes". It takes no value from the next argument.
	Bool bool
}

// CommandConfig says how a bot treats commands.
type CommandConfig struct {
	// NoSlash leaves only commands that follow a mention of the bot, and not
	// "/create" by itself.
	NoSlash bool
	// NoHelp switches off the command "help" that a bot with commands has
	// unless one of them is called so.
	NoHelp bool
	// Usage makes the answer to a command that is used in a wrong way. Nil
	// content means no answer. Defaults to what the error says and the usage.
	Usage func(e *UsageError) Content
}

// Invocation is a command as it was written.
type Invocation struct {
	// Name is the Name of the command.
	Name string
	// Args are the arguments on the first line. They are Markdown; quotation
	// marks and escapes are resolved, code spans and links are as written. An
	// address that the platform made a link of is the address again.
	Args []string
	// Flags are the values of the flags by name, in the order given, or the
	// default. The values of Bool flags are "true" and "false".
	Flags map[string][]string
	// Rest is everything after the name, as written, without white space
	// around it.
	Rest string
	// Body is what follows the first line, as written, without blank lines
	// around it.
	Body string
	// Message is the message that holds the command.
	Message *Message

	usage string
}

// Arg returns the i-th argument, from 0 on, or "" if there are fewer.
func (c *Invocation) Arg(i int) string {
	if i < 0 || i >= len(c.Args) {
		return ""
	}
	return c.Args[i]
}

// String returns the value of a flag, the last one if it was given several
// times, or "" if it was not given.
func (c *Invocation) String(flag string) string {
	values := c.Flags[flag]
	if len(values) == 0 {
		return ""
	}
	return values[len(values)-1]
}

// Strings returns all values of a flag in the order given.
func (c *Invocation) Strings(flag string) []string { return slices.Clone(c.Flags[flag]) }

// Bool reports whether a Bool flag is on.
func (c *Invocation) Bool(flag string) bool { return c.String(flag) == "true" }

// Int returns the value of a flag as a whole number, or 0 if it was not given. The
// error is a [*UsageError] that a handler can return as it is.
func (c *Invocation) Int(flag string) (int, error) {
	s := c.String(flag)
	if s == "" && len(c.Flags[flag]) == 0 {
		return 0, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0, c.misuse(&UsageError{Code: "bad_value", Name: flag, Value: cmdline.Shorten(s), Want: "a whole number"})
	}
	return n, nil
}

// Misuse returns an error for a handler to return: the command cannot be run
// as it was written. reason is a clause that says why; it is plain text.
func (c *Invocation) Misuse(reason string) *UsageError {
	return c.misuse(&UsageError{Code: "refused", Reason: reason})
}

func (c *Invocation) misuse(e *UsageError) *UsageError {
	e.Command, e.Usage = c.Name, c.usage
	return e
}

// parse fills in c from its Rest, which begins right after the name.
func (c *Invocation) parse(cmd *cmdline.Command, raw bool) error {
	var line string
	line, c.Body = cmdline.Split(c.Rest)
	c.Rest = strings.TrimFunc(c.Rest, unicode.IsSpace)
	if raw {
		return nil
	}
	read, problem := cmd.Syntax.Parse(line)
	c.Args, c.Flags = read.Args, read.Flags
	if p := problem; p != nil {
		return c.misuse(&UsageError{Code: p.Code, Name: p.Name, Value: p.Value, Want: p.Want, Suggestion: p.Suggestion})
	}
	return nil
}

// QuoteArg returns s as it is written to be one argument of a command: in
// quotation marks and with backslashes if need be. Line breaks, which an argument
// cannot have, become spaces.
func QuoteArg(s string) string { return cmdline.Quote(s) }

// command is a registered command.
type command struct {
	cmdline.Command

	raw bool
	// handler is the handler but for what to run.
	handler *handler
	run     CommandHandler
}

// OnCommand registers h for a command: for new messages that begin with a
// mention of the bot and the name of the command, or with "/" and the name. A
// message that the platform itself addresses to the bot, for example in an
// agent session, needs no mention. A message in Message.Skipped runs no command.
// Of several commands with the same name the first one that does not decline
// runs. A nil h or an empty name registers nothing. Register before Run.
func (b *Bot) OnCommand(c Command, h CommandHandler) *Registration {
	if h == nil {
		return &Registration{}
	}
	kept, ok := b.on.commands.Add(c.line())
	if !ok {
		return &Registration{}
	}
	cmd := &command{
		Command: kept, raw: c.Raw, run: h,
		handler: &handler{kind: kindCommand, name: handlerName(kindCommand, len(b.on.command)), access: c.Access},
	}
	b.on.command = append(b.on.command, cmd)
	b.registry.add(cmd.handler)
	return &Registration{bot: b, handler: cmd.handler}
}

// line returns the command as package cmdline knows it.
func (c *Command) line() cmdline.Command {
	out := cmdline.Command{Name: c.Name, Aliases: c.Aliases, Help: c.Help, Usage: c.Usage}
	for _, a := range c.Args {
		out.Syntax.Args = append(out.Syntax.Args, cmdline.Arg(a))
	}
	for _, f := range c.Flags {
		out.Syntax.Flags = append(out.Syntax.Flags, cmdline.Flag(f))
	}
	return out
}

// callIn reads the message of a turn. ok is false if it cannot be a command.
func (b *Bot) callIn(t *Turn) (c cmdline.Call, ok bool) {
	m := t.message
	return b.on.commands.Read(&cmdline.Message{
		Body: m.Body, Mentions: m.mentions, Mentioned: m.Mentioned, Addressed: m.Rule == "addressed", Slash: !b.cfg.Commands.NoSlash,
		Bot: cmp.Or(t.self.Name, b.cfg.Name), Names: func() mention.Names { return b.names(t.self) },
	})
}

// commandGroups returns the handlers of the commands that the message of a turn
// names, each as a group of its own, and what to do if no other handler takes the
// message.
func (b *Bot) commandGroups(t *Turn) (first [][]*handler, last []*handler) {
	if len(b.on.command) == 0 {
		return nil, nil
	}
	c, ok := b.callIn(t)
	if !ok {
		return nil, nil
	}
	set := &b.on.commands
	found := set.Find(&c)
	for _, f := range found {
		first = append(first, []*handler{b.commandHandler(b.on.command[f.Command], &c, f.Rest, t.message)})
	}
	if len(found) > 0 {
		return first, nil
	}
	if about, ok := set.HelpAbout(&c); ok {
		return append(first, []*handler{b.helpHandler(&c, about)}), nil
	}
	if c.Prefix != "/" && len(b.on.mention) == 0 {
		last = b.suggestion(&c)
	}
	return first, last
}

// commandHandler returns what runs a command. A message that cannot be read as
// one is answered with the usage by the bot itself.
func (b *Bot) commandHandler(cmd *command, c *cmdline.Call, rest string, m *Message) *handler {
	h := *cmd.handler
	in := &Invocation{Name: cmd.Name, Message: m, Rest: rest, usage: c.Prefix + cmd.Synopsis(true)}
	if err := in.parse(&cmd.Command, cmd.raw); err != nil {
		h.kind = "" // the handler does not run
		h.run = func(ctx context.Context, t *Turn) error { return b.explainError(ctx, t.thread, in, err) }
		return &h
	}
	h.run = func(ctx context.Context, t *Turn) error {
		return b.explainError(ctx, t.thread, in, cmd.run(ctx, t.thread, in))
	}
	return &h
}

// explainError answers a misuse and returns any other error.
func (b *Bot) explainError(ctx context.Context, t *Thread, in *Invocation, err error) error {
	e, ok := errors.AsType[*UsageError](err)
	if !ok {
		return err
	}
	if e.Usage == "" {
		e = in.misuse(new(*e))
	}
	return b.explain(ctx, t, e)
}

// explain posts what is wrong with a command.
func (b *Bot) explain(ctx context.Context, t *Thread, e *UsageError) error {
	content := Markdown(e.problem().Explain(e.Usage))
	if b.cfg.Commands.Usage != nil {
		content = b.cfg.Commands.Usage(e)
	}
	if content == nil {
		return nil
	}
	_, err := t.Post(ctx, content)
	return err
}

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
