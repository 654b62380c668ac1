package bot

import (
	"context"
	"errors"
	"io"
	"iter"
	"unicode/utf8"
)

// FromChannel makes a source for [Stream] of a channel. It ends when the channel
// is closed, and with an error when ctx ends.
func FromChannel(ctx context.Context, ch <-chan string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for {
			select {
			case <-ctx.Done():
				yield("", context.Cause(ctx))
				return
			case text, ok := <-ch:
				if !ok || !yield(text, nil) {
					return
				}
			}
		}
	}
}

// readSize is the most that FromReader reads at once.
const readSize = 4096

// FromReader makes a source for [Stream] of a reader. A character that arrives
// in two pieces is not torn. The reader must fail when the context of the post
// ends, as the body of an HTTP response does if its request has that context.
func FromReader(r io.Reader) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		buf := make([]byte, readSize)
		kept := 0 // bytes at the start of buf that begin a character
		for {
			n, err := r.Read(buf[kept:])
			n += kept
			whole := n
			if err == nil {
				whole = wholeRunes(buf[:n])
			}
			if whole > 0 && !yield(string(buf[:whole]), nil) {
				return
			}
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield("", err)
				return
			}
			kept = copy(buf, buf[whole:n])
		}
	}
}

// wholeRunes returns the length of b without the beginning of a character at
// its end.
func wholeRunes(b []byte) int {
	for i := 1; i < utf8.UTFMax && i <= len(b); i++ {
		at := len(b) - i
		if !utf8.RuneStart(b[at]) {
			continue
		}
		if !utf8.FullRune(b[at:]) {
			return at
		}
		break
	}
	return len(b)
}
