package bot

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/linearbot/linearbot/adapter"
)

func testCommand() *Command {
	return &Command{Name: "create", Flags: []Flag{
		{Name: "priority", Default: "3"}, {Name: "label"}, {Name: "dry_run", Bool: true}, {Name: "draft", Bool: true},
	}}
}

func TestCommandArgs(t *testing.T) {
	t.Parallel()
	def := map[string][]string{"priority": {"3"}}
	for _, c := range []struct {
		rest  string
		args  []string
		flags map[string][]string
		body  string
	}{
		{rest: ""},
		{rest: "one  two\tthree\u00a0four", args: []string{"one", "two", "three", "four"}},
		{rest: `"Fix login" now`, args: []string{"Fix login", "now"}},
		{rest: `“Fix login” „Anmeldung“ „so”`, args: []string{"Fix login", "Anmeldung", "so"}},
		{rest: `“say "hi" there”`, args: []string{`say "hi" there`}},
		{rest: `"" ""x`, args: []string{"", "x"}},
		{rest: `don't 5" screen`, args: []string{"don't", `5"`, "screen"}},
		{rest: `a\ b \"c\" \\ C:\dir x\`, args: []string{"a b", `"c"`, `\`, `C:\dir`, `x\`}},
		{rest: `"a\"b \\ c:\d"`, args: []string{`a"b \ c:\d`}},
		{rest: "run `go test ./...` now", args: []string{"run", "`go test ./...`", "now"}},
		{rest: "``a ` \" b`` `open", args: []string{"``a ` \" b``", "`open"}},
		{rest: "\"quoted `a\" b` end\"", args: []string{"quoted `a\" b` end"}},
		{rest: "[Ada Byron](https://x.test/a (b)) [no link] [x]( [a\\]b](c)", args: []string{"[Ada Byron](https://x.test/a (b))", "[no", "link]", "[x](", "[a\\]b](c)"}},
		{rest: "@ada <https://x.test/?a=b> https://x.test/a=b", args: []string{"@ada", "<https://x.test/?a=b>", "https://x.test/a=b"}},
		{rest: `title="Fix login" a="b"c="d e"`, args: []string{"title=Fix login", `a=bc="d`, `e"`}},
		{rest: "--priority=2 --label bug x", args: []string{"x"}, flags: map[string][]string{"priority": {"2"}, "label": {"bug"}}},
		{rest: `x --label="two words" --LABEL 'ui --label=`, args: []string{"x"}, flags: map[string][]string{"label": {"two words", "'ui", ""}, "priority": {"3"}}},
		{rest: "--draft x --no-dry_run", args: []string{"x"}, flags: map[string][]string{"draft": {"true"}, "dry_run": {"false"}, "priority": {"3"}}},
		{rest: `--dry\_run=no --draft=YES`, flags: map[string][]string{"draft": {"true"}, "dry_run": {"false"}, "priority": {"3"}}},
		{rest: "—priority 1 –draft —Alice — - --- -5 -->", args: []string{"—Alice", "—", "-", "---", "-5", "-->"}, flags: map[string][]string{"priority": {"1"}, "draft": {"true"}}},
		{rest: "a -- --nope -- b", args: []string{"a", "--nope", "--", "b"}},
		{rest: `"--nope" \--nope --label "--draft"`, args: []string{"--nope", "--nope"}, flags: map[string][]string{"label": {"--draft"}, "priority": {"3"}}},
		{rest: "--priority -1", flags: map[string][]string{"priority": {"-1"}}},
		{rest: "one\n\n  two \"three\n--nope\n", args: []string{"one"}, body: "  two \"three\n--nope"},
		{rest: "one\\\r\ntwo", args: []string{"one"}, body: "two"},
		{rest: "one\\\\\rtwo", args: []string{`one\`}, body: "two"},
		{rest: "\nonly below", body: "only below"},
		{rest: "a\xff \xff", args: []string{"a\xff", "\xff"}},
	} {
		t.Run(c.rest, func(t *testing.T) {
			t.Parallel()
			in := &Invocation{Name: "create", Rest: c.rest}
			if err := in.parse(testCommand()); err != nil {
				t.Fatal(err)
			}
			if c.flags == nil {
				c.flags = def
			}
			want := &Invocation{Name: "create", Rest: strings.TrimSpace(c.rest), Args: c.args, Flags: c.flags, Body: c.body}
			if diff := cmp.Diff(want, in, cmpopts.EquateEmpty(), cmp.AllowUnexported(Invocation{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
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
			got, ok := in.parse(cmd).(*UsageError) //nolint:errorlint // not wrapped
			if !ok {
				t.Fatalf("no error, args %q", in.Args)
			}
			c.want.Command, c.want.Usage = "create", "/create"
			if diff := cmp.Diff(&c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.text+"\n\nUsage: `/create`", usageContent(got).body()); diff != "" {
				t.Errorf("text (-want +got):\n%s", diff)
			}
			if !strings.HasPrefix(got.Error(), "command create: ") || strings.Contains(got.Error(), "\n") {
				t.Errorf("Error() = %q", got.Error())
			}
		})
	}
}

func TestCommandArgCounts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []Arg
		ok   map[int]bool
	}{
		{nil, map[int]bool{0: true, 1: true, 9: true}},
		{[]Arg{{Name: "a"}}, map[int]bool{0: false, 1: true, 2: false}},
		{[]Arg{{Name: "a", Optional: true}}, map[int]bool{0: true, 1: true, 2: false}},
		{[]Arg{{Name: "a", Many: true}}, map[int]bool{0: false, 1: true, 5: true}},
		{[]Arg{{Name: "a"}, {Name: "b", Optional: true, Many: true}}, map[int]bool{0: false, 1: true, 2: true, 5: true}},
	} {
		for n, want := range c.ok {
			in := &Invocation{Rest: strings.Repeat("x ", n)}
			if err := in.parse(&Command{Args: c.args}); (err == nil) != want {
				t.Errorf("%d arguments for %v: %v", n, c.args, err)
			}
		}
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

func TestDistance(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		word, name string
		want       int
	}{
		{"create", "create", 0},
		{"CREATE", "create", 0},
		{"craete", "create", 1},
		{"crate", "create", 1},
		{"createe", "create", 1},
		{"cretae", "create", 1},
		{"reate", "create", 1},
		{"crxxte", "create", 2},
		{"cxxxte", "create", -1},
		{"hepl", "help", 1},
		{"hell", "help", 1},
		{"hall", "help", -1},
		{"go", "go", 0},
		{"do", "go", -1},
		{"", "abc", -1},
		{strings.Repeat("x", 1<<20), "create", -1},
	} {
		if got := distance(c.word, c.name); got != c.want {
			t.Errorf("distance(%.20q, %q) = %d, want %d", c.word, c.name, got, c.want)
		}
	}
}

// FuzzInCode reads any text back from the code span that it is put into. White
// space becomes single spaces.
func FuzzInCode(f *testing.F) {
	for _, s := range []string{"", "a", "`", "``a`", " `a` b\n", "a\\", "*b* <c>", "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want := or(strings.Join(strings.Fields(s), " "), " ")
		if got := PlainText("x" + inCode(s) + "x"); got != "x"+want+"x" {
			t.Errorf("%q is written as %q and seen as %q", s, inCode(s), got)
		}
	})
}

// FuzzCommandArgs reads any text as a command and any argument back from how
// QuoteArg writes it.
func FuzzCommandArgs(f *testing.F) {
	for _, s := range []string{
		"", `"Fix login" --priority=2 --label bug -- rest`, `“a” „b“ \" \`, "`a` ``b` [x](y) [z", "--no-draft —draft --label=\"x", "a\\\nb", "--", "\xff\u2028 \u00a0",
		"-5", "/x", "a_b", "…",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		in := &Invocation{Rest: s}
		err := in.parse(testCommand())
		if err == nil && len(in.Args) > len(s) {
			t.Errorf("%d arguments from %d bytes", len(in.Args), len(s))
		}
		want := strings.NewReplacer("\r", " ", "\n", " ").Replace(s)
		quoted := QuoteArg(s)
		in = &Invocation{Rest: "before " + quoted + " --label=" + quoted + " --label " + quoted + " after"}
		if err := in.parse(testCommand()); err != nil {
			t.Fatalf("%q: %v", in.Rest, err)
		}
		if diff := cmp.Diff([]string{"before", want, "after"}, in.Args); diff != "" {
			t.Errorf("%q (-want +got):\n%s", in.Rest, diff)
		}
		if diff := cmp.Diff([]string{want, want}, in.Strings("label")); diff != "" {
			t.Errorf("%q (-want +got):\n%s", in.Rest, diff)
		}
	})
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
		if len(c.words) == 0 || len(c.words) != len(c.ends) || c.ends[len(c.ends)-1] > len(c.text) {
			t.Fatalf("%q: %+v", s, c)
		}
		if c.prefix == "/" && !strings.HasPrefix(strings.TrimSpace(s), "/") || c.prefix != "/" && !turn.message.Mentioned {
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

func BenchmarkCommandArgs(b *testing.B) {
	cmd := testCommand()
	for name, rest := range map[string]string{
		"short":    `"Fix login" --priority=2 --label bug`,
		"brackets": strings.Repeat("[", 20_000),
		"ticks":    strings.Repeat("` `` ", 5_000),
		"words":    strings.Repeat("word ", 5_000),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(rest)))
			for b.Loop() {
				in := Invocation{Rest: rest}
				if err := in.parse(cmd); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
