package bot

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
)

func (e CardTable) lines() []string {
	rule := make([]string, len(e.Headers))
	for i := range rule {
		rule[i] = "---"
		if i < len(e.Align) {
			rule[i] = e.Align[i].rule()
		}
	}
	lines := []string{tableRow(e.Headers, 0), "| " + strings.Join(rule, " | ") + " |"}
	for _, row := range e.Rows {
		lines = append(lines, tableRow(row, len(e.Headers)))
	}
	return lines
}

func (e CardTable) plain() string { return strings.Join(grid(e.Headers, e.Rows), "\n") }

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
		out[i] = tableCell(c)
	}
	return "| " + strings.Join(out, " | ") + " |"
}

func (e CardPie) lines() []string { return chart(e.Title, e.grid(replaceEmoji)) }

func (e CardPie) plain() string { return plainChart(e.Title, e.grid(asIs)) }

func (e CardPie) grid(text func(string) string) []string {
	rows := make([][]string, len(e.Slices))
	for i, s := range e.Slices {
		rows[i] = []string{text(s.Label), formatNumber(s.Value)}
	}
	return grid([]string{"Label", "Value"}, rows)
}

func (e CardChart) lines() []string { return chart(e.Title, e.grid(replaceEmoji)) }

func (e CardChart) plain() string { return plainChart(e.Title, e.grid(asIs)) }

func (e CardChart) grid(text func(string) string) []string {
	headers := []string{text(e.XLabel)}
	values := make([]map[string]string, len(e.Series))
	for i, s := range e.Series {
		headers = append(headers, text(s.Name))
		values[i] = make(map[string]string, len(s.Points))
		for _, p := range s.Points {
			if _, ok := values[i][p.Label]; !ok {
				values[i][p.Label] = formatNumber(p.Value)
			}
		}
	}
	rows := make([][]string, len(e.Categories))
	for i, category := range e.Categories {
		rows[i] = []string{text(category)}
		for _, v := range values {
			rows[i] = append(rows[i], v[category])
		}
	}
	return grid(headers, rows)
}

func asIs(s string) string { return s }

// chart returns a title and a grid in a code block, so that it stays aligned.
func chart(title string, grid []string) []string {
	fence := "```"
	for _, line := range grid {
		for strings.Contains(line, fence) {
			fence += "`"
		}
	}
	var lines []string
	if title != "" {
		lines = append(lines, replaceEmoji(title))
	}
	lines = append(lines, fence)
	lines = append(lines, grid...)
	return append(lines, fence)
}

func plainChart(title string, grid []string) string {
	if title != "" {
		grid = append([]string{title}, grid...)
	}
	return strings.Join(grid, "\n")
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
