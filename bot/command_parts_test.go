package bot

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/cmdline"
)

func testCommand() *Command {
	return &Command{Name: "create", Flags: []Flag{
		{Name: "priority", Default: "3"}, {Name: "label"}, {Name: "dry_run", Bool: true}, {Name: "draft", Bool: true},
	}}
}

// parsed returns a command as it is read.
func parsed(c *Command) *cmdline.Command {
	line := c.line()
	return &line
}

// TestCommandParts checks how a command is taken apart; package cmdline tests the
// line itself.
func TestCommandParts(t *testing.T) {
	t.Parallel()
	const rest = " \"Fix login\" --label bug\n\n  two \"three\n--nope\n"
	in := &Invocation{Name: "create", Rest: rest}
	if err := in.parse(parsed(testCommand()), false); err != nil {
		t.Fatal(err)
	}
	want := &Invocation{
		Name: "create", Rest: strings.TrimSpace(rest), Body: "  two \"three\n--nope",
		Args: []string{"Fix login"}, Flags: map[string][]string{"label": {"bug"}, "priority": {"3"}},
	}
	if diff := cmp.Diff(want, in, cmpopts.EquateEmpty(), cmp.AllowUnexported(Invocation{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	raw := &Invocation{Name: "create", Rest: rest}
	if err := raw.parse(parsed(testCommand()), true); err != nil || raw.Args != nil || raw.Flags != nil || raw.Rest != want.Rest || raw.Body != want.Body {
		t.Errorf("raw: %+v, %v", raw, err)
	}
}

func TestCommandMisuse(t *testing.T) {
	t.Parallel()
	args := []Arg{{Name: "title"}, {Name: "team", Optional: true}}
	for _, c := range []struct {
		rest string
		args []Arg
		want UsageError
		text string
	}{
		{rest: "--nope", want: UsageError{Code: "unknown_flag", Name: "nope"}, text: "There is no flag `--nope`."},
		{rest: "--prioritty=1", want: UsageError{Code: "unknown_flag", Name: "prioritty", Suggestion: "priority"}, text: "There is no flag `--prioritty`, did you mean `--priority`?"},
		{rest: "--no-label", want: UsageError{Code: "unknown_flag", Name: "no-label"}, text: "There is no flag `--no-label`."},
		{rest: "--label", want: UsageError{Code: "missing_value", Name: "label"}, text: "`--label` needs a value."},
		{rest: "--label --draft", want: UsageError{Code: "missing_value", Name: "label"}, text: "`--label` needs a value."},
		{rest: "--label -- x", want: UsageError{Code: "missing_value", Name: "label"}, text: "`--label` needs a value."},
		{rest: "--no-draft=1", want: UsageError{Code: "unexpected_value", Name: "no-draft"}, text: "`--no-draft` takes no value."},
		{rest: "--draft=maybe", want: UsageError{Code: "bad_value", Name: "draft", Value: "maybe", Want: "yes or no"}, text: "`--draft` needs yes or no, not `maybe`."},
		{rest: `"open`, want: UsageError{Code: "open_quote"}, text: "A quotation mark is not closed on the same line."},
		{rest: "“open\nclosed too late”", want: UsageError{Code: "open_quote"}, text: "A quotation mark is not closed on the same line."},
		{rest: "", args: args, want: UsageError{Code: "missing_argument", Name: "title"}, text: "`<title>` is missing."},
		{rest: "a b c`d", args: args, want: UsageError{Code: "too_many_arguments", Value: "c`d"}, text: "`` c`d `` is one argument too many: put words that belong together in quotation marks."},
		{rest: "--" + strings.Repeat("x", 100), want: UsageError{Code: "unknown_flag", Name: strings.Repeat("x", 40) + "…"}, text: "There is no flag `--" + strings.Repeat("x", 40) + "…`."},
	} {
		t.Run(c.rest, func(t *testing.T) {
			t.Parallel()
			cmd := testCommand()
			cmd.Args = c.args
			in := &Invocation{Name: "create", Rest: c.rest, usage: "/create"}
			got, ok := in.parse(parsed(cmd), false).(*UsageError) //nolint:errorlint // not wrapped
			if !ok {
				t.Fatalf("no error, args %q", in.Args)
			}
			c.want.Command, c.want.Usage = "create", "/create"
			if diff := cmp.Diff(&c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.text+"\n\nUsage: `/create`", got.problem().Explain(got.Usage)); diff != "" {
				t.Errorf("text (-want +got):\n%s", diff)
			}
			if !strings.HasPrefix(got.Error(), "command create: ") || strings.Contains(got.Error(), "\n") {
				t.Errorf("Error() = %q", got.Error())
			}
		})
	}
}

func TestInvocationValues(t *testing.T) {
	t.Parallel()
	in := &Invocation{Name: "x", Args: []string{"a"}, Flags: map[string][]string{"n": {"1", "12"}, "bad": {"twelve"}, "empty": {""}, "on": {"true"}}, usage: "/x"}
	if in.Arg(0) != "a" || in.Arg(1) != "" || in.Arg(-1) != "" {
		t.Error("Arg")
	}
	if in.String("n") != "12" || in.String("none") != "" || !in.Bool("on") || in.Bool("n") || in.Bool("none") {
		t.Error("String or Bool")
	}
	if diff := cmp.Diff([]string{"1", "12"}, in.Strings("n")); diff != "" {
		t.Error(diff)
	}
	if n, err := in.Int("n"); n != 12 || err != nil {
		t.Errorf("Int = %d, %v", n, err)
	}
	if n, err := in.Int("none"); n != 0 || err != nil {
		t.Errorf("Int of nothing = %d, %v", n, err)
	}
	for flag, want := range map[string]string{"bad": `command x: "--bad" needs a whole number, not "twelve"`, "empty": `command x: "--empty" needs a whole number, not ""`} {
		if _, err := in.Int(flag); err == nil || err.Error() != want {
			t.Errorf("Int(%s): %v, want %s", flag, err, want)
		}
	}
}

// commandTurn returns a bot with a few commands and a turn for a message.
func commandTurn(body string) (*Bot, *Turn) {
	b := &Bot{}
	for _, name := range []string{"create", "search", "assign", "label add", "status"} {
		b.OnCommand(Command{Name: name}, func(context.Context, *Thread, *Invocation) error { return nil })
	}
	self := &adapter.Identity{UserID: "U1", Name: "helper"}
	return b, &Turn{self: self, message: b.newMessage(&adapter.Message{Body: body}, self, false, 1)}
}

// FuzzCommandCall looks for a command in any text. What is found begins with
// the bot's name or a slash, and is gone from the rest.
func FuzzCommandCall(f *testing.F) {
	for _, s := range []string{"@helper create x", "/create x", "<@U1>: **@helper**, create", "*@helper* @helper\nlabel add", "  /label\u00a0add", "@helper", "/", "    /create"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b, turn := commandTurn(s)
		c, ok := b.callIn(turn)
		if !ok {
			return
		}
		if c.Prefix == "/" && !strings.HasPrefix(strings.TrimSpace(s), "/") || c.Prefix != "/" && !turn.message.Mentioned {
			t.Errorf("%q is taken for a command: %+v", s, c)
		}
		b.commandGroups(turn)
	})
}

func BenchmarkCommandRoute(b *testing.B) {
	for name, body := range map[string]string{
		"command": `@helper create "Fix login" --priority=2`, "slash": "/create x", "talk": "could you have a look at this?", "mention": "@helper could you have a look?",
	} {
		b.Run(name, func(b *testing.B) {
			bot, turn := commandTurn(body)
			b.ReportAllocs()
			for b.Loop() {
				bot.commandGroups(turn)
			}
		})
	}
}
