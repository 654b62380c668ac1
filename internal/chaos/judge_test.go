package chaos

import (
	"fmt"
	"strings"
	"testing"
)

// text is the text of message n of a thread. Message 0 is the mention.
func text(thread, n int) string { return fmt.Sprintf("m %d of thread %d", n, thread) }

// verdict says what is wrong with the replies of one thread.
type verdict struct {
	Found, Missing, Duplicate, OutOfOrder, Strange int
}

func (v verdict) good() bool { return v == verdict{Found: v.Found} }

// judge compares the bot's replies in a thread, oldest first, with the
// messages 0 to last that it was sent.
func judge(thread, last int, replies []string) verdict {
	const greeting = "Hello, Ada. I'm **"
	want := map[string]int{}
	for n := 1; n <= last; n++ {
		want["I'm here, and I've read: `"+text(thread, n)+"`"] = n
	}
	var v verdict
	seen := make([]bool, last+1)
	newest := -1
	for _, r := range replies {
		n, ok := want[r]
		if !ok && !strings.HasPrefix(r, greeting) {
			v.Strange++
			continue
		}
		switch {
		case seen[n]:
			v.Duplicate++
			continue
		case n < newest:
			v.OutOfOrder++
		}
		seen[n] = true
		newest = max(newest, n)
		v.Found++
	}
	v.Missing = last + 1 - v.Found
	return v
}

func TestJudge(t *testing.T) {
	t.Parallel()
	hello := "Hello, Ada. I'm **Helper Bot**, and I work."
	read := func(n int) string { return "I'm here, and I've read: `" + text(4, n) + "`" }
	for _, tc := range []struct {
		name    string
		replies []string
		want    verdict
	}{
		{"good", []string{hello, read(1), read(2)}, verdict{Found: 3}},
		{"nothing", nil, verdict{Missing: 3}},
		{"lost", []string{hello, read(2)}, verdict{Found: 2, Missing: 1}},
		{"twice", []string{hello, read(1), read(1), read(2)}, verdict{Found: 3, Duplicate: 1}},
		{"greeted twice", []string{hello, read(1), hello, read(2)}, verdict{Found: 3, Duplicate: 1}},
		{"swapped", []string{hello, read(2), read(1)}, verdict{Found: 3, OutOfOrder: 1}},
		{"greeted late", []string{read(1), read(2), hello}, verdict{Found: 3, OutOfOrder: 1}},
		{"of another thread", []string{hello, read(1), read(2), "I'm here, and I've read: `" + text(5, 1) + "`"}, verdict{Found: 3, Strange: 1}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := judge(4, 2, tc.replies)
			if got != tc.want || got.good() != (tc.name == "good") {
				t.Errorf("got %+v, good %v; want %+v", got, got.good(), tc.want)
			}
		})
	}
}
