package ticketing

import (
	"bytes"
	"net/url"
	"slices"
	"strings"

	"github.com/JohannesKaufmann/html-to-markdown/v2/converter"
	"github.com/JohannesKaufmann/html-to-markdown/v2/marker"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/base"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/commonmark"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/strikethrough"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// toMarkdown turns HTML into Markdown, for clients that write HTML. Scripts, styles
// and whatever else is not shown are left out, and so are the addresses of links
// and pictures that do not lead to the web. HTML that cannot be converted, since it
// is nested too deeply, is read as plain text.
func toMarkdown(src string) string {
	c := converter.NewConverter(converter.WithPlugins(
		base.NewBasePlugin(), commonmark.NewCommonmarkPlugin(), strikethrough.NewStrikethroughPlugin(),
	))
	// The converter's own tables pad every row to the widest and repeat what spans
	// rows, which takes more than linear time.
	c.Register.RendererFor("table", converter.TagTypeBlock, renderTable, converter.PriorityEarly)
	c.Register.PreRenderer(func(_ converter.Context, doc *html.Node) { webOnly(doc) }, converter.PriorityEarly)
	out, err := c.ConvertString(src)
	if err != nil {
		return plainText(src)
	}
	return out
}

// webOnly removes the addresses that do not lead to the web or to a mailbox.
func webOnly(doc *html.Node) {
	for n := range doc.Descendants() {
		n.Attr = slices.DeleteFunc(n.Attr, func(a html.Attribute) bool {
			if a.Key != "href" && a.Key != "src" {
				return false
			}
			u, err := url.Parse(strings.TrimSpace(a.Val))
			return err != nil || !slices.Contains([]string{"http", "https", "mailto"}, u.Scheme)
		})
	}
}

// renderTable writes a table in pipes; its first row is the header. A table within
// a table is read as text.
func renderTable(ctx converter.Context, w converter.Writer, table *html.Node) converter.RenderStatus {
	for p := range table.Ancestors() {
		if p.DataAtom == atom.Table {
			return converter.RenderTryNext
		}
	}
	var out bytes.Buffer
	first := true
	for row := range table.Descendants() {
		if row.DataAtom != atom.Tr || within(row, table) {
			continue
		}
		line, cells := []byte("|"), 0
		for cell := range row.ChildNodes() {
			if cell.DataAtom != atom.Td && cell.DataAtom != atom.Th {
				continue
			}
			var text bytes.Buffer
			ctx.RenderChildNodes(ctx, &text, cell)
			// A pipe that the converter means to escape must not be escaped twice.
			plain := bytes.ReplaceAll(text.Bytes(), []byte{byte(marker.MarkerEscaping), '|'}, []byte("|"))
			line = append(line, ' ')
			line = append(line, strings.Join(strings.Fields(strings.ReplaceAll(string(ctx.UnEscapeContent(plain)), "|", `\|`)), " ")...)
			line = append(line, " |"...)
			if cells++; cells == maxColumns {
				break
			}
		}
		if cells == 0 {
			continue
		}
		out.Write(append(line, '\n'))
		if first {
			out.WriteString("|" + strings.Repeat(" --- |", cells) + "\n")
			first = false
		}
	}
	if first {
		return converter.RenderTryNext
	}
	_, _ = w.WriteString("\n\n" + out.String() + "\n") // it is memory
	return converter.RenderSuccess
}

// maxColumns is how many cells of a row are kept.
const maxColumns = 100

// within reports whether a row belongs to a table inside table.
func within(row, table *html.Node) bool {
	for p := range row.Ancestors() {
		if p.DataAtom == atom.Table {
			return p != table
		}
	}
	return false
}

// markdown reads a text that may come as HTML instead. given is also true for null.
func (in *input) markdown(name, htmlName string) (body string, given bool) {
	body, given, _ = in.text(maxText, name)
	source, hasHTML, null := in.text(maxText, htmlName)
	if given || !hasHTML {
		return body, given
	}
	if null {
		return "", true
	}
	return toMarkdown(source), true
}
