package stream

import (
	"strings"
	"unicode/utf8"

	"github.com/linearbot/linearbot/internal/emoji"
	"github.com/linearbot/linearbot/internal/heal"
	"github.com/linearbot/linearbot/internal/mention"
)

// Text puts the text of a stream together. The zero value is empty.
type Text struct {
	b strings.Builder
	// step says that what comes next is a new step.
	step bool
}

// Add adds a piece.
func (t *Text) Add(text string) {
	if text == "" {
		return
	}
	if t.step && t.b.Len() > 0 {
		t.b.WriteString("\n\n")
	}
	t.step = false
	t.b.WriteString(text)
}

// Step makes what comes next begin a paragraph.
func (t *Text) Step() { t.step = true }

// String returns the text so far.
func (t *Text) String() string { return t.b.String() }

// Preview returns an unfinished text as it can be shown: without the beginning of a
// character, a placeholder or a mention at its end, and with open marks closed.
func Preview(partial string) string {
	return emoji.Replace(heal.Glimpse(mention.WithoutOpen(emoji.WithoutOpen(whole(partial)))))
}

// whole returns a text of which more is to come without the beginning of a
// character at its end.
func whole(partial string) string {
	from := max(0, len(partial)-utf8.UTFMax)
	return partial[:from+wholeRunes([]byte(partial[from:]))]
}

// Broken returns a text that broke off with the mark behind it, where it can be seen.
func Broken(text, mark string) string {
	if Blank(text) {
		return mark
	}
	return below(text, mark)
}

// WithBelow returns a text with another one below it, of which either may be blank.
func WithBelow(text, more string) string {
	switch {
	case more == "":
		return text
	case Blank(text):
		return more
	default:
		return below(text, more)
	}
}

// below returns a text with another one in a paragraph of its own below it, outside
// of blocks that the text has left open.
func below(text, more string) string {
	text = strings.TrimRight(text, " \t\r\n")
	for _, closer := range heal.OpenBlocks(text) {
		text += "\n" + closer
	}
	return text + "\n\n" + more
}

// Blank reports whether there is nothing to be seen of a text.
func Blank(s string) bool { return strings.TrimSpace(s) == "" }
