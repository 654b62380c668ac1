package markdown

import (
	"bufio"
	"bytes"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/util"
)

// HTML returns a text as HTML for a page: what it holds of HTML is shown as text,
// links lead only to http, https and mailto addresses and open a window of their
// own, and line breaks count. Sections that "+++" folds become details.
func HTML(source string) string {
	var out strings.Builder
	open := 0
	for part := range sections(source) {
		switch {
		case part.opens:
			out.WriteString("<details><summary>" + string(util.EscapeHTML([]byte(part.text))) + "</summary>")
			open++
		case part.closes && open > 0:
			out.WriteString("</details>")
			open--
		default:
			out.WriteString(Parse(part.text).html())
		}
	}
	out.WriteString(strings.Repeat("</details>", open))
	return out.String()
}

// section is a part of a text: text, or a line that opens or closes a section.
type section struct {
	text          string
	opens, closes bool
}

// maxSections is how many sections of a text are folded.
const maxSections = 200

// sections yields the parts of a text. Lines in fenced code are text.
func sections(source string) func(yield func(section) bool) {
	return func(yield func(section) bool) {
		var text strings.Builder
		fence, open, seen := "", 0, 0
		for line := range strings.Lines(source) {
			bare := strings.TrimSpace(line)
			mark := strings.HasPrefix(bare, "+++") && fence == "" && (open > 0 || len(bare) > 3) && seen < maxSections
			switch {
			case fence != "" && strings.HasPrefix(bare, fence):
				fence = ""
			case fence == "" && (strings.HasPrefix(bare, "```") || strings.HasPrefix(bare, "~~~")):
				fence = bare[:3]
			}
			if !mark {
				text.WriteString(line)
				continue
			}
			part := section{text: strings.TrimSpace(strings.TrimLeft(bare, "+"))}
			part.opens, part.closes = part.text != "", part.text == ""
			if part.opens {
				open++
				seen++
			} else {
				open--
			}
			if !yield(section{text: text.String()}) || !yield(part) {
				return
			}
			text.Reset()
		}
		yield(section{text: text.String()})
	}
}

func (d Document) html() string {
	var b bytes.Buffer
	w := bufio.NewWriter(&b)
	r := renderer.NewRenderer(renderer.WithNodeRenderers(
		util.Prioritized(safe{}, 10),
		util.Prioritized(extension.NewTableHTMLRenderer(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute)), 100),
		util.Prioritized(extension.NewStrikethroughHTMLRenderer(), 100),
		util.Prioritized(extension.NewTaskCheckBoxHTMLRenderer(), 100),
		util.Prioritized(html.NewRenderer(html.WithHardWraps()), 1000),
	))
	if err := r.Render(w, d.tame, d.root); err != nil {
		return string(util.EscapeHTML(d.tame))
	}
	_ = w.Flush() // into memory
	return b.String()
}

// safe renders what needs care on a page.
type safe struct{}

// RegisterFuncs replaces the renderers of goldmark for some nodes.
func (safe) RegisterFuncs(reg renderer.NodeRendererFuncRegisterer) {
	reg.Register(ast.KindLink, func(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		link, ok := n.(*ast.Link)
		if !ok || !entering {
			_, _ = w.WriteString("</a>")
			return ast.WalkContinue, nil
		}
		startLink(w, link.Destination)
		return ast.WalkContinue, nil
	})
	reg.Register(ast.KindAutoLink, func(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		if link, ok := n.(*ast.AutoLink); ok && entering {
			url := link.URL(source)
			if link.AutoLinkType == ast.AutoLinkEmail {
				url = append([]byte("mailto:"), url...)
			}
			startLink(w, url)
			_, _ = w.Write(util.EscapeHTML(link.Label(source)))
			_, _ = w.WriteString("</a>")
		}
		return ast.WalkContinue, nil
	})
	reg.Register(ast.KindImage, func(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		// Images of other servers are links: a page of this machine loads nothing.
		if image, ok := n.(*ast.Image); ok && entering {
			startLink(w, image.Destination)
			_, _ = w.WriteString("🖼 ")
		} else {
			_, _ = w.WriteString("</a>")
		}
		return ast.WalkContinue, nil
	})
	reg.Register(ast.KindRawHTML, func(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		if raw, ok := n.(*ast.RawHTML); ok && entering {
			for i := range raw.Segments.Len() {
				at := raw.Segments.At(i)
				_, _ = w.Write(util.EscapeHTML(at.Value(source)))
			}
		}
		return ast.WalkSkipChildren, nil
	})
	reg.Register(ast.KindHTMLBlock, func(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		block, ok := n.(*ast.HTMLBlock)
		if !ok || !entering {
			return ast.WalkContinue, nil
		}
		_, _ = w.WriteString("<p>")
		lines := block.Lines()
		for i := range lines.Len() {
			at := lines.At(i)
			_, _ = w.Write(util.EscapeHTML(at.Value(source)))
		}
		if block.HasClosure() {
			_, _ = w.Write(util.EscapeHTML(block.ClosureLine.Value(source)))
		}
		_, _ = w.WriteString("</p>\n")
		return ast.WalkContinue, nil
	})
	reg.Register(extast.KindFootnote, around(`<div class="footnote">`, "</div>"))
	reg.Register(extast.KindFootnoteLink, around("<sup>*</sup>", ""))
}

func around(before, after string) renderer.NodeRendererFunc {
	return func(w util.BufWriter, _ []byte, _ ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			_, _ = w.WriteString(before)
		} else {
			_, _ = w.WriteString(after)
		}
		return ast.WalkContinue, nil
	}
}

// startLink writes the start of a link, without an address if that is none for a
// page.
func startLink(w util.BufWriter, url []byte) {
	_, _ = w.WriteString("<a")
	lower := bytes.ToLower(bytes.TrimSpace(url))
	for _, scheme := range []string{"http://", "https://", "mailto:"} {
		if bytes.HasPrefix(lower, []byte(scheme)) {
			_, _ = w.WriteString(` href="`)
			_, _ = w.Write(util.EscapeHTML(util.URLEscape(url, true)))
			_, _ = w.WriteString(`" target="_blank" rel="noopener noreferrer"`)
			break
		}
	}
	_ = w.WriteByte('>')
}
