package bot

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// document is a parsed Markdown text. Positions in the tree are byte offsets
// into source.
type document struct {
	source string
	// tame is source as the parser has it.
	tame []byte
	root ast.Node
}

// parseMarkdown parses CommonMark with tables, strike-through, task lists, bare
// links and footnotes. It takes time in proportion to the length of the text,
// whatever the text is.
func parseMarkdown(source string) document {
	links := &linkParser{inner: parser.NewLinkParser()}
	p := parser.NewParser(
		parser.WithBlockParsers(parser.DefaultBlockParsers()...),
		parser.WithBlockParsers(
			util.Prioritized(footnoteParser{extension.NewFootnoteBlockParser()}, 950),
		),
		parser.WithInlineParsers(
			util.Prioritized(taskParser{}, 0),
			util.Prioritized(parser.NewCodeSpanParser(), 100),
			util.Prioritized(footnoteRefParser{}, 150),
			util.Prioritized(links, 200),
			util.Prioritized(parser.NewAutoLinkParser(), 300),
			util.Prioritized(parser.NewRawHTMLParser(), 400),
			util.Prioritized(parser.NewEmphasisParser(), 500),
			util.Prioritized(extension.NewStrikethroughParser(), 500),
			util.Prioritized(bareLinkParser{}, 900),
		),
		parser.WithParagraphTransformers(
			util.Prioritized(definitionParser{parser.LinkReferenceParagraphTransformer}, 100),
			util.Prioritized(extension.NewTableParagraphTransformer(), 200),
		),
		parser.WithASTTransformers(
			util.Prioritized(extension.NewTableASTTransformer(), 0),
		),
	)
	b := tame(source)
	return document{source, b, p.Parse(text.NewReader(b))}
}

// maxNesting is how many block quotes and list items may be opened on one line.
// The parser looks at every open block for every line, so a line of a hundred
// thousand ">" would take minutes without a limit.
const maxNesting = 64

// tame returns a copy of source for the parser, with the same offsets: line
// ends are those that the parser knows, and lines that nest too deep are cut
// off by a letter in place of the marker that is one too many.
func tame(source string) []byte {
	b := []byte(source)
	for i, c := range b {
		if c == '\r' && (i+1 == len(b) || b[i+1] != '\n') {
			b[i] = '\n'
		}
	}
	for start := 0; start < len(b); {
		end := start + 1
		for end < len(b) && b[end-1] != '\n' {
			end++
		}
		if end-start > maxNesting {
			limitNesting(b[start:end])
		}
		start = end
	}
	return b
}

func limitNesting(line []byte) {
	i := 0
	for range maxNesting {
		i += blockMarker(line[i:])
	}
	if rest := line[i:]; blockMarker(rest) > 0 {
		rest = rest[len(rest)-len(trimBlankLeft(rest)):]
		if strings.Trim(string(rest), string(rest[:1])+" \t\r\n") != "" || rest[0] == '>' {
			rest[0] = 'x'
		}
	}
}

// blockMarker returns the length of the block quote, list item or footnote
// marker that starts line, with the white space before it. 0 if there is none.
func blockMarker(line []byte) int {
	rest := trimBlankLeft(line)
	if len(rest) == 0 {
		return 0
	}
	indent := len(line) - len(rest)
	n := 1
	switch c := rest[0]; {
	case c == '>':
		return indent + 1
	case c == '-' || c == '+' || c == '*':
	case c >= '0' && c <= '9':
		for n < len(rest) && rest[n] >= '0' && rest[n] <= '9' {
			n++
		}
		if n == len(rest) || rest[n] != '.' && rest[n] != ')' {
			return 0
		}
		n++
	case c == '[' && len(rest) > 1 && rest[1] == '^':
		end := strings.Index(string(rest[:min(len(rest), maxLabel)]), "]:")
		if end < 0 {
			return 0
		}
		return indent + end + 2
	default:
		return 0
	}
	if n < len(rest) && rest[n] != ' ' && rest[n] != '\t' && rest[n] != '\n' {
		return 0
	}
	return indent + n
}

func trimBlankLeft(line []byte) []byte {
	for len(line) > 0 && (line[0] == ' ' || line[0] == '\t') {
		line = line[1:]
	}
	return line
}

// decode returns what a backslash escape or a character reference at the start
// of s stands for, and how many bytes it takes. n is 0 if there is neither.
func decode(s string) (visible string, n int) {
	if len(s) < 2 {
		return "", 0
	}
	switch s[0] {
	case '\\':
		if util.IsPunct(s[1]) {
			return s[1:2], 2
		}
	case '&':
		return decodeReference(s)
	}
	return "", 0
}

// maxReference is the length of the longest name of a character reference,
// with some room.
const maxReference = 40

// decodeReference is decode for HTML, where a backslash is a backslash.
func decodeReference(s string) (visible string, n int) {
	if len(s) < 3 || s[0] != '&' {
		return "", 0
	}
	end := strings.IndexByte(s[:min(len(s), maxReference)], ';')
	if end < 2 {
		return "", 0
	}
	name := s[1:end]
	if name[0] != '#' {
		if e, ok := util.LookUpHTML5EntityByName(name); ok {
			return string(e.Characters), end + 1
		}
		return "", 0
	}
	digits, base, most := name[1:], 10, 7
	if digits != "" && (digits[0] == 'x' || digits[0] == 'X') {
		digits, base, most = digits[1:], 16, 6
	}
	if len(digits) > most {
		return "", 0
	}
	code, err := strconv.ParseUint(digits, base, 32)
	if err != nil {
		return "", 0
	}
	if code == 0 || code > utf8.MaxRune {
		code = utf8.RuneError
	}
	return string(rune(code)), end + 1 //nolint:gosec // code is at most utf8.MaxRune
}

// decodeAll returns s with escapes and character references resolved.
func decodeAll(s string) string {
	if !strings.ContainsAny(s, `\&`) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	eachDecoded(s, decode, func(visible string, _, _ int) { b.WriteString(visible) })
	return b.String()
}

// eachDecoded calls emit with the visible form of s, stretch by stretch, and
// the position and length of the stretch in s.
func eachDecoded(s string, decode func(string) (string, int), emit func(visible string, at, n int)) {
	from := 0
	for i := 0; i < len(s); {
		next := strings.IndexAny(s[i:], `\&`)
		if next < 0 {
			break
		}
		i += next
		visible, n := decode(s[i:])
		if n == 0 {
			i++
			continue
		}
		if from < i {
			emit(s[from:i], from, i-from)
		}
		emit(visible, i, n)
		i += n
		from = i
	}
	if from < len(s) {
		emit(s[from:], from, len(s)-from)
	}
}
