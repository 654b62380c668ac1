package markdown

import (
	"bytes"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

const (
	// maxEmptyCells is how many cells that are not written a table may have beyond
	// one for each of its bytes. The parser makes up what a row lacks, so a wide
	// head with many short rows would take memory by the square of the text.
	maxEmptyCells = 256
	// maxCellPipes is how many pipes behind a backslash the tables of a text may
	// have if they have code. The parser compares each with all others.
	maxCellPipes = 1000
)

// tableParser makes tables of paragraphs as goldmark does. Beyond the limits a
// table stays text. It serves one parse at a time.
type tableParser struct {
	inner parser.ParagraphTransformer
	// pipes counts the pipes behind a backslash in tables that have code.
	pipes int
}

func (p *tableParser) Transform(node *ast.Paragraph, reader text.Reader, pc parser.Context) {
	lines := node.Lines()
	if lines.Len() < 2 {
		return
	}
	columns, bytesIn, cells, pipes := 0, 0, 0, 0
	code := false
	for i := range lines.Len() {
		at := lines.At(i)
		line := bytes.TrimSpace(reader.Source()[at.Start:at.Stop])
		n := bytes.Count(line, []byte("|")) + 1
		columns = max(columns, n)
		cells += n
		bytesIn += len(line)
		pipes += bytes.Count(line, []byte(`\|`))
		code = code || bytes.IndexByte(line, '`') >= 0
	}
	if columns*lines.Len()-cells > bytesIn+maxEmptyCells {
		return
	}
	if code {
		if p.pipes += pipes; p.pipes > maxCellPipes {
			return
		}
	}
	p.inner.Transform(node, reader, pc)
}
