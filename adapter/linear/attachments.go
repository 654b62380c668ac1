package linear

import (
	"bytes"
	"net/url"
	"path"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	gmtext "github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"github.com/linearbot/linearbot/adapter"
)

const (
	// maxAttachments is how many attachments of one text are told.
	maxAttachments = 100
	// maxScan is how much of a text is searched, in bytes.
	maxScan = 256 << 10
	// maxOpenBrackets and maxOpenParens bound what the parser looks at again
	// and again in texts that are made to be slow.
	maxOpenBrackets = 64
	maxOpenParens   = 16
)

// attachments returns the files and pictures that a text refers to: all
// pictures, and links to files that Linear stores. Each address is told once.
func (a *Adapter) attachments(body string) []adapter.Attachment {
	return scanAttachments(body, a.uploads, func(address string) bool { return a.only.api.OwnsFile(address) })
}

// attach sets the attachments of the message that an event carries.
func (a *Adapter) attach(ev adapter.Event) {
	var m *adapter.Message
	switch ev := ev.(type) {
	case *adapter.MessageEvent:
		m = ev.Message
	case *adapter.EditEvent:
		m = ev.Message
	case *adapter.IssueEvent:
		m = ev.Mention
	default:
	}
	if m == nil {
		return
	}
	m.Attachments = a.attachments(m.Body)
	if m.Session != nil {
		for _, earlier := range m.Session.Previous {
			earlier.Attachments = a.attachments(earlier.Body)
		}
	}
}

// scanAttachments finds attachments. host is the name of Linear's storage, and
// own reports whether an address lies there. Lists and quotes are taken apart
// before parsing, and every line is looked at once.
func scanAttachments(body, host string, own func(address string) bool) []adapter.Attachment {
	if len(body) > maxScan {
		body = body[:maxScan]
	}
	if !strings.Contains(body, "](") && !strings.Contains(body, host) {
		return nil
	}
	source := flatten(body)
	p := parser.NewParser(
		parser.WithBlockParsers(
			util.Prioritized(parser.NewFencedCodeBlockParser(), 700),
			util.Prioritized(parser.NewParagraphParser(), 1000),
		),
		parser.WithInlineParsers(
			util.Prioritized(parser.NewCodeSpanParser(), 100),
			util.Prioritized(&linkParser{inner: parser.NewLinkParser()}, 200),
			util.Prioritized(parser.NewAutoLinkParser(), 300),
		),
	)
	f := &finder{source: source, own: own, seen: map[string]bool{}}
	// The walk ends without an error: the visitor returns none.
	_ = ast.Walk(p.Parse(gmtext.NewReader(source)), f.visit)
	return f.found
}

// flatten takes indentation and the markers of quotes and lists off every line,
// so that what is in them can be parsed as if it stood alone.
func flatten(body string) []byte {
	out := make([]byte, 0, len(body))
	for line := range strings.Lines(body) {
		for {
			line = strings.TrimLeft(line, " \t")
			rest, ok := cutMarker(line)
			if !ok {
				break
			}
			line = rest
		}
		if line == "" {
			line = "\n"
		}
		out = append(out, line...)
	}
	return out
}

// cutMarker cuts the marker of a quote or a list item.
func cutMarker(line string) (rest string, ok bool) {
	if rest, ok := strings.CutPrefix(line, ">"); ok {
		return rest, true
	}
	n := 0
	if line != "" && strings.IndexByte("-+*", line[0]) >= 0 {
		n = 1
	} else {
		for n < len(line) && n < 9 && line[n] >= '0' && line[n] <= '9' {
			n++
		}
		if n == 0 || n == len(line) || line[n] != '.' && line[n] != ')' {
			return line, false
		}
		n++
	}
	if n < len(line) && (line[n] == ' ' || line[n] == '\t') {
		return line[n:], true
	}
	return line, false
}

// finder collects attachments.
type finder struct {
	source []byte
	own    func(string) bool
	seen   map[string]bool
	found  []adapter.Attachment
}

func (f *finder) visit(n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	switch n := n.(type) {
	case *ast.Image:
		f.add(string(n.Destination), f.label(n), true)
		return ast.WalkSkipChildren, nil
	case *ast.Link:
		f.add(string(n.Destination), f.label(n), false)
	case *ast.AutoLink:
		f.add(string(n.URL(f.source)), "", false)
	}
	if len(f.found) >= maxAttachments {
		return ast.WalkStop, nil
	}
	return ast.WalkContinue, nil
}

func (f *finder) add(address, name string, image bool) {
	own := f.own(address)
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || !own && !image || f.seen[address] {
		return
	}
	f.seen[address] = true
	if name == "" || name == address {
		name = strings.TrimLeft(path.Base(u.Path), "./")
	}
	f.found = append(f.found, adapter.Attachment{Name: name, URL: address, Image: image, Own: own})
}

// label is the text of a link or a picture.
func (f *finder) label(n ast.Node) string {
	var b bytes.Buffer
	// The walk ends without an error: the visitor returns none.
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if t, ok := n.(*ast.Text); ok && entering {
			b.Write(util.UnescapePunctuations(t.Segment.Value(f.source)))
			if t.SoftLineBreak() {
				b.WriteByte(' ')
			}
		}
		return ast.WalkContinue, nil
	})
	return strings.TrimSpace(b.String())
}

// linkParser parses links, and gives up on those that nest too deep. It serves
// one parse.
type linkParser struct {
	inner parser.InlineParser
	open  int
}

// Trigger returns the characters that links are made of.
func (p *linkParser) Trigger() []byte { return p.inner.Trigger() }

// Parse parses a bracket.
func (p *linkParser) Parse(parent ast.Node, block gmtext.Reader, pc parser.Context) ast.Node {
	line, _ := block.PeekLine()
	switch {
	case line[0] == '[' || line[0] == '!' && len(line) > 1 && line[1] == '[':
		if p.open >= maxOpenBrackets {
			return nil
		}
		p.open++
	case line[0] == ']':
		p.open = max(0, p.open-1)
		if len(line) > 1 && line[1] == '(' && !plausible(line[2:]) {
			return nil
		}
	}
	return p.inner.Parse(parent, block, pc)
}

// CloseBlock ends a paragraph.
func (p *linkParser) CloseBlock(parent ast.Node, block gmtext.Reader, pc parser.Context) {
	p.open = 0
	if c, ok := p.inner.(parser.CloseBlocker); ok {
		c.CloseBlock(parent, block, pc)
	}
}

// plausible reports whether what follows "](" can be the address of a file.
func plausible(rest []byte) bool {
	rest = bytes.TrimLeft(rest, " \t")
	rest = rest[:min(len(rest), 4096)]
	if len(rest) == 0 {
		return false
	}
	if rest[0] == '<' {
		end := bytes.IndexAny(rest[1:], "<>\n")
		return end >= 0 && rest[1+end] == '>'
	}
	depth := 0
	for _, c := range rest {
		switch c {
		case '(':
			if depth++; depth > maxOpenParens {
				return false
			}
		case ')':
			if depth--; depth < 0 {
				return true
			}
		case '\n':
			return false
		}
	}
	return false
}
