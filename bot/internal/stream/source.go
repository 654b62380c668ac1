package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"unicode/utf8"
)

// Source reads something for as long as a context lives.
type Source[C any] func(ctx context.Context) iter.Seq2[C, error]

// Sequence returns the source of a sequence whose values are made pieces of.
func Sequence[T, C any](src iter.Seq2[T, error], piece func(T) C) Source[C] {
	seq := func(yield func(C, error) bool) {
		for v, err := range src {
			if !yield(piece(v), err) {
				return
			}
		}
	}
	return func(context.Context) iter.Seq2[C, error] { return seq }
}

// Unfailing returns the source of a sequence that has no errors.
func Unfailing[T, C any](src iter.Seq[T], piece func(T) C) Source[C] {
	seq := func(yield func(C, error) bool) {
		for v := range src {
			if !yield(piece(v), nil) {
				return
			}
		}
	}
	return func(context.Context) iter.Seq2[C, error] { return seq }
}

// Channel returns a source that reads a channel until it is closed, or with an error
// when the context ends.
func Channel[T, C any](ch <-chan T, piece func(T) C) Source[C] {
	return func(ctx context.Context) iter.Seq2[C, error] {
		return func(yield func(C, error) bool) {
			for {
				select {
				case <-ctx.Done():
					var none C
					yield(none, context.Cause(ctx))
					return
				case v, ok := <-ch:
					if !ok || !yield(piece(v), nil) {
						return
					}
				}
			}
		}
	}
}

// Read hands the pieces of a source to each. The error is the cause of ctx, or wraps
// the one of the source, with which a last piece may come.
func Read[C any](ctx context.Context, src iter.Seq2[C, error], each func(C)) error {
	for c, err := range src {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		each(c)
		if err != nil {
			return fmt.Errorf("bot: stream: %w", err)
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// readSize is the most that FromReader reads at once.
const readSize = 4096

// FromReader returns the text of a reader as it comes. A character that arrives in
// two pieces is not torn.
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
