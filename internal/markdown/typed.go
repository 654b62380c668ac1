package markdown

import (
	"strings"
	"unicode"

	"github.com/yuin/goldmark/ast"
)

// OwnWords returns a message as its writer typed it, still Markdown: without what
// it quotes, and with addresses in place of the links that an editor made of them.
// Leading blank lines and trailing white space are trimmed.
func OwnWords(source string) string {
	return strings.TrimRightFunc(TrimBlankLines(Typed(withoutQuotes(source))), unicode.IsSpace)
}

// withoutQuotes returns Markdown without the lines that begin with ">", but for
// those in code.
func withoutQuotes(source string) string {
	if !strings.Contains(source, ">") {
		return source
	}
	var b strings.Builder
	var fence Fence
	open := false
	for rest := source; rest != ""; {
		line, _ := cutLine(rest)
		n := min(len(line)+1, len(rest))
		if strings.HasPrefix(rest[len(line):], "\r\n") {
			n++
		}
		text := strings.TrimLeft(line, " ")
		quoted := !open && len(line)-len(text) < 4 && strings.HasPrefix(text, ">")
		switch {
		case quoted:
		case open && !fence.Section:
			open = !fence.ClosedBy(line)
		default:
			fence, open = OpenFence(line)
			open = open && !fence.Section
		}
		if !quoted {
			b.WriteString(rest[:n])
		}
		rest = rest[n:]
	}
	return b.String()
}

// Typed returns Markdown with an address in place of each link that shows nothing
// but the address that it leads to. Editors write "example.com" as
// "[example.com](<http://example.com>)".
func Typed(source string) string {
	if !strings.Contains(source, "](") {
		return source
	}
	d := Parse(source)
	var b strings.Builder
	from := 0
	// The walk returns no error: the visitor returns none.
	_ = ast.Walk(d.root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		link, ok := n.(*ast.Link)
		if !ok || !entering {
			return ast.WalkContinue, nil
		}
		typed := d.label(link)
		end, known := link.AttributeString(linkEnd)
		to, _ := end.(int)
		if !known || link.Pos() < from || to <= link.Pos() || !sameAddress(typed, Decode(string(link.Destination))) {
			return ast.WalkContinue, nil
		}
		b.WriteString(source[from:link.Pos()])
		b.WriteString(typed)
		from = to
		return ast.WalkSkipChildren, nil
	})
	if from == 0 {
		return source
	}
	b.WriteString(source[from:])
	return b.String()
}

// sameAddress reports whether a label is an address as a person types it: without
// a scheme, with characters for which the address has codes, or without the slash
// at the end of a host.
func sameAddress(label, address string) bool {
	if label == "" || strings.ContainsFunc(label, unicode.IsSpace) {
		return false
	}
	return bareAddress(label) == bareAddress(address)
}

func bareAddress(s string) string {
	for _, scheme := range [...]string{"https://", "http://", "mailto:"} {
		if len(s) > len(scheme) && strings.EqualFold(s[:len(scheme)], scheme) {
			s = s[len(scheme):]
			break
		}
	}
	host, path, _ := strings.Cut(strings.TrimSuffix(s, "/"), "/")
	return strings.ToLower(host) + "/" + percentDecoded(path)
}

// percentDecoded returns s with escapes such as "%41" decoded. Invalid escapes
// stay as they are.
func percentDecoded(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && hexValue(s[i+1]) >= 0 && hexValue(s[i+2]) >= 0 {
			b = append(b, byte(hexValue(s[i+1])<<4|hexValue(s[i+2]))) //nolint:gosec // both are below 16
			i += 2
			continue
		}
		b = append(b, s[i])
	}
	return string(b)
}

func hexValue(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

// Unwrapped returns Markdown without the marks of emphasis around what it begins
// with: "**deploy** api" is "deploy api". A struck command stays struck, so that it does not run.
func Unwrapped(source string) string {
	start := strings.TrimLeftFunc(source, unicode.IsSpace)
	if start == "" || strings.IndexByte("*_", start[0]) < 0 {
		return source
	}
	d := Parse(start)
	block := d.root.FirstChild()
	if block == nil || block.Kind() != ast.KindParagraph {
		return source
	}
	n, ok := block.FirstChild().(*ast.Emphasis)
	if !ok {
		return source
	}
	v := &Own{doc: d, source: d.source, role: func(string) LinkRole { return LinkText }}
	src := v.wrapped(n, n.Level)
	inner := Span{src.Start + n.Level, src.End - n.Level}
	if src.Start != 0 || inner.Start >= inner.End || src.End > len(start) {
		return source
	}
	out := start[inner.Start:inner.End] + start[src.End:]
	if len(out) >= len(source) {
		return source
	}
	return out
}
