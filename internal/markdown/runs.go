package markdown

import (
	"bytes"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// codeParser parses code spans as goldmark does, but looks for the end of one
// only where there is one. It serves one parse at a time.
type codeParser struct {
	inner parser.InlineParser
	// last says where in the block the last run of backticks of each length
	// begins. Nil until wanted.
	last map[int]int
}

func (p *codeParser) Trigger() []byte { return p.inner.Trigger() }

func (p *codeParser) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	if p.last == nil {
		p.scan(block)
	}
	line, segment := block.PeekLine()
	n := runLength(line)
	if p.last[n] > segment.Start {
		return p.inner.Parse(parent, block, pc)
	}
	block.Advance(n)
	return ast.NewTextSegment(segment.WithStop(segment.Start + n))
}

func (p *codeParser) scan(block text.Reader) {
	p.last = map[int]int{}
	number, position := block.Position()
	for line, segment := block.PeekLine(); line != nil; line, segment = block.PeekLine() {
		for i := 0; i < len(line); {
			next := bytes.IndexByte(line[i:], '`')
			if next < 0 {
				break
			}
			i += next
			n := runLength(line[i:])
			p.last[n] = segment.Start + i
			i += n
		}
		block.AdvanceLine()
	}
	block.SetPosition(number, position)
}

// CloseBlock ends a paragraph or another block of text.
func (p *codeParser) CloseBlock(ast.Node, text.Reader, parser.Context) { p.last = nil }

// tildeParser parses strike-through as goldmark does, but takes a run of more than
// two tildes, which means nothing, in one go.
type tildeParser struct{ parser.InlineParser }

func (p *tildeParser) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	line, segment := block.PeekLine()
	if n := runLength(line); n > 2 {
		block.Advance(n)
		return ast.NewTextSegment(segment.WithStop(segment.Start + n))
	}
	return p.InlineParser.Parse(parent, block, pc)
}

// runLength returns how often line repeats its first character.
func runLength(line []byte) int {
	n := 0
	for n < len(line) && line[n] == line[0] {
		n++
	}
	return n
}
