// Package markdown reads and writes the Markdown of messages: CommonMark with
// tables, strike-through, task lists, bare links, footnotes and sections folded
// by "+++".
//
// There is one parser, set up once, that takes time in proportion to the length
// of a text whatever the text is: nesting, brackets, parentheses and definitions
// that would make it slower have limits, behind which marks are plain text.
// Reading a text means [Parse] and then one of its views: [Document.Plain] is the
// text without marks, [Document.Own] what its writer says in person,
// [Document.Targets] where it leads, and [Document.Texts] where there is text that
// may be replaced.
//
// Writing goes the other way: [Escape] makes any text show exactly as it is,
// [EscapeLoose] leaves code and addresses in it alone, and [Link], [Image], [Code]
// and [Cell] make parts of a text of it.
//
// All functions are pure and safe for concurrent use.
package markdown

import (
	"strings"
	"sync"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// Span is a range of bytes of a source, from Start up to but not including End.
type Span struct{ Start, End int }

// Document is a parsed Markdown text. Positions are byte offsets into the source.
type Document struct {
	source string
	// tame is source as the parser has it.
	tame []byte
	root ast.Node
}

// Parse parses CommonMark with tables, strike-through, task lists, bare
// links and footnotes. It takes time in proportion to the length of the text,
// whatever the text is.
func Parse(source string) Document {
	b := tame(source)
	p, ok := parsers.Get().(*docParser)
	if !ok {
		p = newDocParser()
	}
	root := p.parser.Parse(text.NewReader(b))
	p.reset()
	parsers.Put(p)
	return Document{source, b, root}
}

// parsers holds parsers between two texts. Making one takes longer than parsing
// a comment. A parser keeps nothing of the texts that it has parsed, so nothing
// can depend on the state of the pool.
var parsers sync.Pool //nolint:gochecknoglobals // a cache without state, shared by all documents

// docParser parses one text at a time.
type docParser struct {
	parser parser.Parser
	links  linkParser
	code   codeParser
	tilde  tildeParser
	tables tableParser
}

// reset discards the text that was parsed.
func (p *docParser) reset() {
	p.links.reset()
	p.code.last = nil
	p.tables.pipes = 0
}

func newDocParser() *docParser {
	p := &docParser{
		links: linkParser{inner: parser.NewLinkParser()}, code: codeParser{inner: parser.NewCodeSpanParser()},
		tilde: tildeParser{extension.NewStrikethroughParser()}, tables: tableParser{inner: extension.NewTableParagraphTransformer()},
	}
	p.parser = parser.NewParser(
		parser.WithBlockParsers(parser.DefaultBlockParsers()...),
		parser.WithBlockParsers(
			util.Prioritized(footnoteParser{extension.NewFootnoteBlockParser()}, 950),
		),
		parser.WithInlineParsers(
			util.Prioritized(taskParser{}, 0),
			util.Prioritized(&p.code, 100),
			util.Prioritized(footnoteRefParser{}, 150),
			util.Prioritized(&p.links, 200),
			util.Prioritized(parser.NewAutoLinkParser(), 300),
			util.Prioritized(parser.NewRawHTMLParser(), 400),
			util.Prioritized(parser.NewEmphasisParser(), 500),
			util.Prioritized(&p.tilde, 500),
			util.Prioritized(bareLinkParser{}, 900),
		),
		parser.WithParagraphTransformers(
			util.Prioritized(definitionParser{parser.LinkReferenceParagraphTransformer}, 100),
			util.Prioritized(&p.tables, 200),
		),
		parser.WithASTTransformers(
			util.Prioritized(extension.NewTableASTTransformer(), 0),
		),
	)
	return p
}

// maxNesting is how deep block quotes and list items may nest. Two columns of
// white space before a marker count as one of them, as they may continue one. The
// parser looks at every open block for every line, so a line of a hundred thousand
// ">" would take minutes without a limit.
const maxNesting = 32

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
	level := 0
	for rest := line; ; {
		n := blockMarker(rest)
		if n == 0 {
			return
		}
		marker := trimBlankLeft(rest)
		if level += 1 + (len(rest)-len(marker))/2; level > maxNesting {
			rule := marker[0] == '-' || marker[0] == '*'
			if !rule || strings.Trim(string(marker), string(marker[:1])+" \t\r\n") != "" {
				marker[0] = 'x'
			}
			return
		}
		rest = rest[n:]
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
