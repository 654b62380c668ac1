package linear

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestSplitBody(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		limit int
		body  string
		want  []string
	}{
		{"short", 10, "one\n\ntwo", []string{"one\n\ntwo"}},
		{"between blocks", 12, "one 1st\n\ntwo 2nd\n\nthree", []string{"one 1st", "two 2nd", "three"}},
		{"blocks share a part", 20, "one 1st\n\ntwo 2nd\n\nthree third", []string{"one 1st\n\ntwo 2nd", "three third"}},
		{"between lines", 8, "one 1st\ntwo 2nd\nthree", []string{"one 1st", "two 2nd", "three"}},
		{"between words", 9, "alpha beta gamma", []string{"alpha ", "beta ", "gamma"}},
		{"no words", 4, "abcdefghij", []string{"abcd", "efgh", "ij"}},
		{"characters, not bytes", 3, "äöüäöü", []string{"äöü", "äöü"}},
		{"no limit", 0, "abc", []string{"abc"}},
		{"code stays whole", 20, "some text\n\n```go\na\n\nb\n```\nend", []string{"some text", "```go\na\n\nb\n```\nend"}},
		{"code is closed and opened", 16, "```go\naaaa\nbbbb\ncccc\n```", []string{"```go\naaaa\n```", "```go\nbbbb\n```", "```go\ncccc\n```"}},
		{"code moves to the next part", 20, "some text here\n```\ncode line\n```", []string{"some text here", "```\ncode line\n```"}},
		{"a folded section", 26, "+++ Title\naaaaaaaaaa\nbbbbbbbbbb\n+++", []string{"+++ Title\naaaaaaaaaa\n+++", "+++ Title\nbbbbbbbbbb\n+++"}},
		{
			"code in a section", 40, "+++ Title\n```go\naaaaaaaaaa\nbbbbbbbbbb\n```\nmore\n+++\nend",
			[]string{"+++ Title\n```go\naaaaaaaaaa\n```\n+++", "+++ Title\n```go\nbbbbbbbbbb\n```\nmore\n+++", "end"},
		},
		{"code in a list", 22, "- ```go\n  aaaa\n  bbbb\n  ```\nend", []string{"- ```go\n  aaaa\n  ```", "  ```go\n  bbbb\n  ```", "end"}},
		{"code in a quote", 20, "> ```\n> aaaa\n> bbbb\n> ```", []string{"> ```\n> aaaa\n> ```", "> ```\n> bbbb\n> ```"}},
		{"a long line of code in a quote", 16, "> ```\n> aaaabbbb\n> ```", []string{"> ```\n> aa\n> ```", "> ```\n> aa\n> ```", "> ```\n> bb\n> ```", "> ```\n> bb\n> ```"}},
		{"tildes hold backticks", 30, "~~~\n```\nx\n~~~\n\nanother block here", []string{"~~~\n```\nx\n~~~", "another block here"}},
		{"an indented block is not torn off", 27, "first\n\n- item\n\n  more of the item", []string{"first", "- item\n\n  more of the item"}},
		{"blank ends go", 6, "one\n\n\n\n\n\n\ntwo", []string{"one", "two"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := splitBody(tc.body, tc.limit)
			for i := range got {
				if n := utf8.RuneCountInString(got[i]); tc.limit > 0 && n > tc.limit {
					t.Errorf("part %d has %d characters, more than %d", i, n, tc.limit)
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("parts (-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzSplitBody checks that only white space and the lines that close and
// reopen a block are lost or added.
func FuzzSplitBody(f *testing.F) {
	for _, body := range []string{"", "one\n\ntwo", "```go\ncode\n```", "+++ T\nx\n+++\n", "a b c d e f", "\xff\xfe", "~~~\n\n\n", "- a\n\n  b"} {
		f.Add(body, 5)
		f.Add(body, 1)
	}
	f.Fuzz(func(t *testing.T, body string, limit int) {
		if limit < 1 || len(body) > 1<<14 || !utf8.ValidString(body) {
			return
		}
		parts := splitBody(body, limit)
		if strings.TrimSpace(body) != "" && len(parts) == 0 {
			t.Fatalf("no parts of %q", body)
		}
		if strings.Contains(body, "```") || strings.Contains(body, "~~~") || strings.Contains(body, "+++") {
			return
		}
		if want, got := dense(body), dense(strings.Join(parts, "")); want != got {
			t.Errorf("text\n%q\nbecame\n%q", want, got)
		}
		for _, part := range parts {
			if n := utf8.RuneCountInString(part); n > limit {
				t.Errorf("a part has %d characters, more than %d: %q", n, limit, part)
			}
		}
	})
}

// dense returns s without white space.
func dense(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
}
