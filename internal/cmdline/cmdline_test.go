package cmdline

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func testSyntax() Syntax {
	return Syntax{Flags: []Flag{
		{Name: "priority", Default: "3"}, {Name: "label"}, {Name: "dry_run", Bool: true}, {Name: "draft", Bool: true},
	}}
}

func TestParse(t *testing.T) {
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
		{rest: "one\n\n  two \"three\n--nope\n", args: []string{"one"}, body: "\n  two \"three\n--nope\n"},
		{rest: "one\\\r\ntwo", args: []string{"one"}, body: "two"},
		{rest: "one\\\\\rtwo", args: []string{`one\`}, body: "two"},
		{rest: "\nonly below", body: "only below"},
		{rest: "a\xff \xff", args: []string{"a\xff", "\xff"}},
	} {
		t.Run(c.rest, func(t *testing.T) {
			t.Parallel()
			line, body := FirstLine(c.rest)
			if body != c.body {
				t.Errorf("behind the first line is %q, want %q", body, c.body)
			}
			in, problem := testSyntax().Parse(line)
			if problem != nil {
				t.Fatal(problem)
			}
			if c.flags == nil {
				c.flags = def
			}
			want := &Line{Args: c.args, Flags: c.flags}
			if diff := cmp.Diff(want, in, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestArgCounts(t *testing.T) {
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
			if _, problem := (Syntax{Args: c.args}).Parse(strings.Repeat("x ", n)); (problem == nil) != want {
				t.Errorf("%d arguments for %v: %v", n, c.args, problem)
			}
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

// FuzzParse reads any text as a command and any argument back from how
// Quote writes it.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"", `"Fix login" --priority=2 --label bug -- rest`, `“a” „b“ \" \`, "`a` ``b` [x](y) [z", "--no-draft —draft --label=\"x", "a\\\nb", "--", "\xff\u2028 \u00a0",
		"-5", "/x", "a_b", "…",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		in, problem := testSyntax().Parse(s)
		if problem == nil && len(in.Args) > len(s) {
			t.Errorf("%d arguments from %d bytes", len(in.Args), len(s))
		}
		want := strings.NewReplacer("\r", " ", "\n", " ").Replace(s)
		quoted := Quote(s)
		line := "before " + quoted + " --label=" + quoted + " --label " + quoted + " after"
		if in, problem = testSyntax().Parse(line); problem != nil {
			t.Fatalf("%q: %+v", line, problem)
		}
		if diff := cmp.Diff([]string{"before", want, "after"}, in.Args); diff != "" {
			t.Errorf("%q (-want +got):\n%s", line, diff)
		}
		if diff := cmp.Diff([]string{want, want}, in.Flags["label"]); diff != "" {
			t.Errorf("%q (-want +got):\n%s", line, diff)
		}
	})
}

// FuzzWords checks that words lie in the text, one behind the other.
func FuzzWords(f *testing.F) {
	for _, s := range []string{"", "label add x", "create \"a b\"", "a\\ b c", "\\a", "`a b` c\nd"} {
		f.Add(s, 2)
	}
	f.Add(" 0", 71)
	f.Fuzz(func(t *testing.T, s string, n int) {
		words, ends := Words(s, n)
		last := 0
		for _, end := range ends {
			if end <= last || end > len(s) {
				t.Fatalf("%q: words end at %v", s, ends)
			}
			last = end
		}
		if len(words) != len(ends) || len(words) > max(n, 0) {
			t.Errorf("%q: %q end at %v", s, words, ends)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	syntax := testSyntax()
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
				if _, problem := syntax.Parse(rest); problem != nil {
					b.Fatal(problem)
				}
			}
		})
	}
}
