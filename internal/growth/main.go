// Command growth counts the steps that functions take which read text from
// outside, and reports those whose steps grow faster than the text. It is built
// with coverage counters; a step is one run of a statement block of this module,
// of the Markdown parser or of the standard library's text packages. The test of
// this directory builds and runs it.
package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/coverage"
	"strconv"
	"strings"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// parts is into how many parts the pairs of marks are divided. One part takes
// about a minute for all readers on two processors.
const parts = 40

// run checks the reader named by the first argument, or all. Of the pairs of marks
// it takes the part that the second argument names, or all.
func run(args []string) error {
	part := -1
	if len(args) > 1 {
		var err error
		if part, err = strconv.Atoi(args[1]); err != nil || part < 0 || part >= parts {
			return fmt.Errorf("growth: the part must be a number from 0 to %d", parts-1)
		}
	}
	for _, r := range readers() {
		if len(args) > 0 && args[0] != r.name {
			continue
		}
		for i, text := range texts() {
			if part >= 0 && text.pair && i%parts != part {
				continue
			}
			if err := check(r, text); err != nil {
				return err
			}
		}
	}
	return nil
}

const (
	// small and large are the lengths that are compared, in bytes.
	small = 2 << 10
	large = small * factor
	// factor is how much longer the large text is.
	factor = 4
	// cheap are the steps for each byte below which no growth is looked at. The
	// engines of package regexp differ by some hundred.
	cheap = 400
	// weighty are the allocated bytes for each byte of text that are too many.
	weighty = 8 << 10
)

// check reports a reader whose effort for a text grows faster than the text.
func check(r reader, text shape) error {
	steps, weight, err := effort(r.read, text.make(large))
	if err != nil {
		return err
	}
	if weight > large*weighty {
		fmt.Fprintf(os.Stdout, "%s of %s allocates %d bytes for %d\n", r.name, text.name, weight, large)
	}
	if steps < large*cheap {
		return nil
	}
	less, _, err := effort(r.read, text.make(small))
	if err != nil {
		return err
	}
	if steps > less*factor*3/2 {
		fmt.Fprintf(os.Stdout, "%s of %s takes %d steps for %d bytes and %d for %d\n", r.name, text.name, less, small, steps, large)
	}
	return nil
}

// effort returns the steps and the allocated bytes of reading a text.
func effort(read func(string), text string) (steps, weight uint64, err error) {
	var before, after runtime.MemStats
	if err := coverage.ClearCounters(); err != nil {
		return 0, 0, err
	}
	runtime.ReadMemStats(&before)
	read(text)
	runtime.ReadMemStats(&after)
	var counters bytes.Buffer
	if err := coverage.WriteCounters(&counters); err != nil {
		return 0, 0, err
	}
	steps, err = sum(counters.Bytes())
	return steps, after.TotalAlloc - before.TotalAlloc, err
}

// sum adds up all counters of a file of counters.
func sum(file []byte) (uint64, error) {
	const header, segment, flavor, unsigned = 32, 16, 24, 2
	if len(file) < header+segment || file[flavor] != unsigned {
		return 0, errors.New("growth: this is not a file of counters in ULEB128")
	}
	functions := binary.LittleEndian.Uint64(file[header:])
	at := header + segment + int(binary.LittleEndian.Uint32(file[header+8:])) + int(binary.LittleEndian.Uint32(file[header+12:]))
	at = (at + 3) &^ 3
	next := func() (v uint64) {
		v, n := binary.Uvarint(file[at:])
		at += max(n, 1)
		return v
	}
	var total uint64
	for range functions {
		counters := next()
		next() // the package
		next() // the function
		for range counters {
			if at >= len(file) {
				return 0, errors.New("growth: the file of counters is cut off")
			}
			total += next()
		}
	}
	return total, nil
}

// shape makes texts of any length.
type shape struct {
	name string
	make func(length int) string
	// pair says that it is one of the many made of two marks.
	pair bool
}

// texts returns every mark of the alphabet and every pair of them, again and
// again, and the first of a pair many times before the second.
func texts() []shape {
	var out []shape
	marks := alphabet()
	for _, a := range marks {
		out = append(out, repeated(a))
		for _, b := range marks {
			both, split := repeated(a+b), halves(a, b)
			both.pair, split.pair = true, true
			out = append(out, both, split)
		}
	}
	return append(out, bomb("|", "a\n"), bomb("|a", "|b|\n"), bomb("|`a`", "`\\|`\n"), backticks(), deep(), bomb("|", "|`\\|`|`\\|`\n"))
}

func repeated(unit string) shape {
	return shape{name: fmt.Sprintf("%q repeated", unit), make: func(length int) string { return strings.Repeat(unit, length/len(unit)) }}
}

func halves(a, b string) shape {
	return shape{name: fmt.Sprintf("%q and then %q", a, b), make: func(length int) string {
		return strings.Repeat(a, length/2/len(a)) + strings.Repeat(b, length/2/len(b))
	}}
}

// bomb is a table with a wide header and many rows.
func bomb(column, row string) shape {
	return shape{name: fmt.Sprintf("a table of columns %q and rows %q", column, row), make: func(length int) string {
		n := length / 3 / len(column)
		return strings.Repeat(column, n) + "|\n" + strings.Repeat("|-", n) + "|\n" + strings.Repeat(row, length/3/len(row))
	}}
}

// backticks are runs of different lengths, so that they never close each other.
func backticks() shape {
	return shape{name: "backticks of all lengths", make: func(length int) string {
		var b strings.Builder
		for n := 1; b.Len()+n < length; n++ {
			b.WriteString(strings.Repeat("`", n) + "a")
		}
		return b.String()
	}}
}

// deep is a list in a list in a list, with blank lines in the innermost.
func deep() shape {
	return shape{name: "a deep list with blank lines", make: func(length int) string {
		var b strings.Builder
		for n := 0; b.Len() < length/2; n++ {
			b.WriteString(strings.Repeat("  ", n) + "- a\n")
		}
		return b.String() + strings.Repeat("\n", length/2)
	}}
}
