package cli

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/linearbot/linearbot/internal/wording"
)

// column is a column of a [table].
type column struct {
	name string
	// short makes a value fit n characters on a terminal that is too narrow. Nil
	// means that it is always shown whole.
	short func(s string, n int) string
}

// The columns whose values may be long.
func textColumn(name string) column { return column{name, wording.Clip} }
func idColumn(name string) column   { return column{name, begin} }
func laneColumn(name string) column { return column{name, middle} }

// begin returns the beginning of an id: commands take that as well.
func begin(s string, n int) string {
	r := []rune(s)
	return string(r[:min(n, len(r))])
}

// middle leaves out the middle of a name.
func middle(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n/2]) + "…" + string(r[len(r)-(n-n/2-1):])
}

// table is a list for people. What others wrote is made printable.
type table struct {
	columns []column
	rows    [][]string
}

func newTable(columns ...column) *table { return &table{columns: columns} }

// plain returns columns that are always shown whole.
func plain(names ...string) []column {
	out := make([]column, len(names))
	for i, name := range names {
		out[i] = column{name: name}
	}
	return out
}

func (t *table) row(values ...any) {
	row := make([]string, len(t.columns))
	for i, v := range values {
		row[i] = orDash(fmt.Sprint(v))
	}
	t.rows = append(t.rows, row)
}

// narrowest is how short a value may become.
const narrowest = 12

// lines returns the lines of the table, and makes them fit a width if that is
// possible. 0 means that there is no limit.
func (t *table) lines(width int) []string {
	sizes := make([]int, len(t.columns))
	total := 0
	for i, c := range t.columns {
		sizes[i] = utf8.RuneCountInString(c.name)
		for _, row := range t.rows {
			sizes[i] = max(sizes[i], utf8.RuneCountInString(row[i]))
		}
		total += sizes[i] + gap
	}
	for total -= gap; width > 0 && total > width; total-- {
		widest := -1
		for i, c := range t.columns {
			if c.short != nil && sizes[i] > narrowest && (widest < 0 || sizes[i] > sizes[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			break
		}
		sizes[widest]--
	}
	out := make([]string, 0, len(t.rows)+1)
	head := make([]string, len(t.columns))
	for i, c := range t.columns {
		head[i] = c.name
	}
	for _, row := range slices.Concat([][]string{head}, t.rows) {
		var b strings.Builder
		for i, value := range row {
			if short := t.columns[i].short; short != nil && utf8.RuneCountInString(value) > sizes[i] {
				value = short(value, sizes[i])
			}
			b.WriteString(wording.Printable(value))
			if i < len(row)-1 {
				b.WriteString(strings.Repeat(" ", sizes[i]-utf8.RuneCountInString(value)+gap))
			}
		}
		out = append(out, strings.TrimRight(b.String(), " "))
	}
	return out
}

// gap is the room between two columns.
const gap = 2

// list prints a table, or that there is nothing: "no dead letters". more is what to
// do to see the rest, and empty if there is none.
func (p *program) list(t *table, nothing, more string) error {
	if len(t.rows) == 0 {
		fmt.Fprintln(p.err, nothing)
		return nil
	}
	for _, line := range t.lines(columns(p.out)) {
		if _, err := fmt.Fprintln(p.out, line); err != nil {
			return err
		}
	}
	if more != "" {
		fmt.Fprintln(p.err, "there are more: give "+more)
	}
	return nil
}

// columns returns the width of a terminal, and 0 for anything else.
func columns(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// rest is the flag that shows the rest of a list, if there is any.
func rest(more bool) string {
	if more {
		return "--limit"
	}
	return ""
}
