package dev

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/linearbot/linearbot/internal/console/play"
	"github.com/linearbot/linearbot/internal/wording"
)

// maxKept is how many lines of a program are kept, and maxLine how long one is.
const (
	maxKept = 1000
	maxLine = 8 << 10
)

// output keeps what a program prints, line by line.
type output struct {
	terminal io.Writer // gets everything too; may be nil
	told     func()

	mu    sync.Mutex
	n     int
	kept  []play.Line
	begun []byte // of a line that has not ended
}

// Write takes in what a program prints. It never fails.
func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	if o.terminal != nil {
		_, _ = o.terminal.Write(b) // the page has it in any case
	}
	o.begun = append(o.begun, b...)
	for {
		line, rest, ok := bytes.Cut(o.begun, []byte("\n"))
		if !ok {
			if len(o.begun) > maxLine {
				o.add(o.begun[:maxLine])
				o.begun = nil
			}
			break
		}
		o.add(line)
		o.begun = rest
	}
	o.mu.Unlock()
	o.told()
	return len(b), nil
}

func (o *output) add(raw []byte) {
	raw = bytes.TrimRight(raw, "\r ")
	if len(raw) == 0 {
		return
	}
	o.n++
	line := play.Line{Number: o.n, At: time.Now(), Text: string(raw[:min(len(raw), maxLine)])}
	var fields map[string]any
	if raw[0] == '{' && json.Unmarshal(raw, &fields) == nil {
		line.Level, line.Text = spoken(fields)
	}
	if len(o.kept) >= maxKept {
		o.kept = slices.Delete(o.kept, 0, maxKept/10)
	}
	o.kept = append(o.kept, line)
}

// spoken makes a line for people of a line of a structured log.
func spoken(fields map[string]any) (level, text string) {
	level, _ = fields["level"].(string)
	for _, name := range []string{"message", "msg"} {
		if s, ok := fields[name].(string); ok {
			text = s
		}
	}
	var b strings.Builder
	b.WriteString(text)
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		switch name {
		case "level", "message", "msg", "time":
			continue
		}
		fmt.Fprintf(&b, " %s=%v", name, fields[name])
	}
	return strings.ToLower(level), strings.TrimSpace(b.String())
}

func (o *output) lines(after int) []play.Line {
	o.mu.Lock()
	defer o.mu.Unlock()
	i := slices.IndexFunc(o.kept, func(l play.Line) bool { return l.Number > after })
	if i < 0 {
		return nil
	}
	return slices.Clone(o.kept[i:])
}

// number returns the number of the last line.
func (o *output) number() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.n
}

// tailLines is how many lines explain why a program ended, or why it was not built.
const tailLines = 12

// broken returns the first lines after a number in which the compiler says what is wrong,
// for a program that "go run" was to build. Empty if it does not.
func (o *output) broken(after int) string {
	compiler := regexp.MustCompile(`^(# |go: |\S+\.go:\d+:\d+: )`)
	lines := o.lines(after)
	for i, l := range lines {
		if strings.HasPrefix(l.Text, "go: downloading ") || l.Level != "" || !compiler.MatchString(l.Text) {
			continue
		}
		return first(lines[i:])
	}
	return ""
}

// head returns the first lines after a number.
func (o *output) head(after int) string { return first(o.lines(after)) }

func first(lines []play.Line) string {
	var out []string
	for _, l := range lines[:min(len(lines), tailLines)] {
		out = append(out, l.Text)
	}
	if more := len(lines) - len(out); more > 0 {
		out = append(out, wording.Count(more, "more line is", "more lines are")+" in the log.")
	}
	return strings.Join(out, "\n")
}

// tail returns the last lines after a number.
func (o *output) tail(after int) string {
	var out []string
	for _, l := range o.lines(after) {
		out = append(out, l.Text)
	}
	return strings.Join(out[max(0, len(out)-tailLines):], "\n")
}
