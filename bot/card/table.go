package card

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/linearbot/linearbot/internal/emoji"
	"github.com/linearbot/linearbot/internal/markdown"
)

func (e Table) write(w *writer) {
	rule := make([]string, len(e.Headers))
	for i := range rule {
		rule[i] = "---"
		if i < len(e.Align) {
			rule[i] = e.Align[i].rule()
		}
	}
	w.add(tableRow(e.Headers, 0), "| "+strings.Join(rule, " | ")+" |")
	for _, row := range e.Rows {
		w.add(tableRow(row, len(e.Headers)))
	}
}

// Cell returns plain text as a cell of a [Table] that shows exactly as it is: no
// emphasis, no link, no mention, no placeholder.
func Cell(text string) string { return markdown.EscapeCell(text) }

func (a Alignment) rule() string {
	switch a {
	case AlignLeft:
		return ":---"
	case AlignCenter:
		return ":---:"
	case AlignRight:
		return "---:"
	case AlignDefault:
	}
	return "---"
}

// tableRow returns a row of a Markdown table, filled up to that many columns.
func tableRow(cells []string, columns int) string {
	out := make([]string, max(len(cells), columns))
	for i, c := range cells {
		out[i] = markdown.Cell(emoji.Replace(c))
	}
	return "| " + strings.Join(out, " | ") + " |"
}

func (e Pie) write(w *writer) {
	rows := make([][]string, len(e.Slices))
	for i, s := range e.Slices {
		rows[i] = []string{emoji.Replace(s.Label), formatNumber(s.Value)}
	}
	w.add(chart(e.Title, grid([]string{"Label", "Value"}, rows))...)
}

func (e Chart) write(w *writer) {
	headers := []string{emoji.Replace(e.XLabel)}
	values := make([]map[string]string, len(e.Series))
	for i, s := range e.Series {
		headers = append(headers, emoji.Replace(s.Name))
		values[i] = make(map[string]string, len(s.Points))
		for _, p := range s.Points {
			if _, ok := values[i][p.Label]; !ok {
				values[i][p.Label] = formatNumber(p.Value)
			}
		}
	}
	rows := make([][]string, len(e.Categories))
	for i, category := range e.Categories {
		rows[i] = []string{emoji.Replace(category)}
		for _, v := range values {
			rows[i] = append(rows[i], v[category])
		}
	}
	w.add(chart(e.Title, grid(headers, rows))...)
}

// chart returns a title and a grid in a code block, so that it stays aligned.
func chart(title string, grid []string) []string {
	longest := 2
	for _, line := range grid {
		longest = max(longest, markdown.LongestBackticks(line))
	}
	fence := strings.Repeat("`", longest+1)
	var lines []string
	if title != "" {
		lines = append(lines, emoji.Replace(title))
	}
	lines = append(lines, fence)
	lines = append(lines, grid...)
	return append(lines, fence)
}

// grid returns a table of characters, with columns as wide as their widest
// cell.
func grid(headers []string, rows [][]string) []string {
	all := append([][]string{headers}, rows...)
	var widths []int
	for _, row := range all {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf16Len(cell))
		}
	}
	rule := make([]string, len(widths))
	for i, w := range widths {
		rule[i] = strings.Repeat("-", w)
	}
	lines := make([]string, 0, len(all)+1)
	for i, row := range all {
		lines = append(lines, gridRow(row, widths))
		if i == 0 {
			lines = append(lines, strings.Join(rule, "-|-"))
		}
	}
	return lines
}

func gridRow(row []string, widths []int) string {
	var b strings.Builder
	for i, w := range widths {
		if i > 0 {
			b.WriteString(" | ")
		}
		cell := ""
		if i < len(row) {
			cell = row[i]
		}
		b.WriteString(cell)
		b.WriteString(strings.Repeat(" ", w-utf16Len(cell)))
	}
	return strings.TrimRight(b.String(), " ")
}

// utf16Len is the length of s in UTF-16 code units.
func utf16Len(s string) int {
	n := 0
	for _, r := range s {
		n += max(1, utf16.RuneLen(r))
	}
	return n
}

// formatNumber writes a number as JSON does, for example 1000000, 0.1 or 1e+21.
func formatNumber(v float64) string {
	if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e21) {
		s := strconv.FormatFloat(v, 'e', -1, 64)
		return strings.NewReplacer("e-0", "e-", "e+0", "e+").Replace(s)
	}
	return strconv.FormatFloat(v+0, 'f', -1, 64) // -0+0 is 0
}
