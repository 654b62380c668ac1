package bot

import (
	"context"
	"errors"
	"io"
	"iter"
	"unicode/utf8"
)

// Source is what a [Stream] can be made of: a sequence or a channel, of texts or of
// chunks. A sequence can end with an error; a channel ends when it is closed.
type Source interface {
	iter.Seq2[string, error] | iter.Seq[string] | iter.Seq2[Chunk, error] | iter.Seq[Chunk] |
		func(yield func(string, error) bool) | func(yield func(string) bool) |
		func(yield func(Chunk, error) bool) | func(yield func(Chunk) bool) |
		chan string | <-chan string | chan Chunk | <-chan Chunk
}

// chunksOf returns what reads a source for as long as a context lives.
func chunksOf[S Source](src S) func(ctx context.Context) iter.Seq2[Chunk, error] {
	always := func(seq iter.Seq2[Chunk, error]) func(context.Context) iter.Seq2[Chunk, error] {
		return func(context.Context) iter.Seq2[Chunk, error] { return seq }
	}
	switch src := any(src).(type) {
	case iter.Seq2[Chunk, error]:
		return always(src)
	case func(yield func(Chunk, error) bool):
		return always(src)
	case iter.Seq2[string, error]:
		return always(mapped(src, textChunk))
	case func(yield func(string, error) bool):
		return always(mapped(src, textChunk))
	case iter.Seq[Chunk]:
		return always(unfailing(src, sameChunk))
	case func(yield func(Chunk) bool):
		return always(unfailing(src, sameChunk))
	case iter.Seq[string]:
		return always(unfailing(src, textChunk))
	case func(yield func(string) bool):
		return always(unfailing(src, textChunk))
	case chan string:
		return received(src, textChunk)
	case <-chan string:
		return received(src, textChunk)
	case chan Chunk:
		return received(src, sameChunk)
	case <-chan Chunk:
		return received(src, sameChunk)
	default: // Source has no others
		return always(func(func(Chunk, error) bool) {})
	}
}

func textChunk(text string) Chunk { return TextChunk{text} }
func sameChunk(c Chunk) Chunk     { return c }

func mapped[T any](src iter.Seq2[T, error], chunk func(T) Chunk) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		for v, err := range src {
			if !yield(chunk(v), err) {
				return
			}
		}
	}
}

func unfailing[T any](src iter.Seq[T], chunk func(T) Chunk) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		for v := range src {
			if !yield(chunk(v), nil) {
				return
			}
		}
	}
}

// received reads a channel until it is closed, or with an error when the context
// ends.
func received[T any](ch <-chan T, chunk func(T) Chunk) func(ctx context.Context) iter.Seq2[Chunk, error] {
	return func(ctx context.Context) iter.Seq2[Chunk, error] {
		return func(yield func(Chunk, error) bool) {
			for {
				select {
				case <-ctx.Done():
					yield(nil, context.Cause(ctx))
					return
				case v, ok := <-ch:
					if !ok || !yield(chunk(v), nil) {
						return
					}
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
