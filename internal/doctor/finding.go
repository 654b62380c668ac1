package doctor

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/linearbot/linearbot/internal/wording"
)

// Level says how bad a finding is.
type Level string

// The levels.
const (
	// OK: as it should be.
	OK Level = "ok"
	// Note: cannot be checked, or good to know.
	Note Level = "note"
	// Warning: the bot works, but not as it could.
	Warning Level = "warning"
	// Error: the bot does not answer, or loses something.
	Error Level = "error"
)

func (l Level) rank() int { return slices.Index([]Level{Error, Warning, Note, OK}, l) }

// Finding is the result of one check.
type Finding struct {
	// Check names what was checked: "token", "clock".
	Check string `json:"check"`
	Level Level  `json:"level"`
	// Text says what was found.
	Text string `json:"text"`
	// Fix says what to do, in a sentence or two. Empty if nothing is to be done.
	Fix string `json:"fix,omitempty"`
}

// Report is the result of all checks.
type Report struct {
	Findings []Finding `json:"findings"`
	// Misconfigured says that the configuration itself is wrong: the server would
	// not start.
	Misconfigured bool `json:"misconfigured"`
}

// Worst returns the worst level of the findings.
func (r *Report) Worst() Level {
	worst := OK
	for _, f := range r.Findings {
		if f.Level.rank() < worst.rank() {
			worst = f.Level
		}
	}
	return worst
}

// Count returns how many findings have a level.
func (r *Report) Count(l Level) int {
	n := 0
	for _, f := range r.Findings {
		if f.Level == l {
			n++
		}
	}
	return n
}

// sort puts the worst first and otherwise keeps the order of the checks.
func (r *Report) sort() {
	slices.SortStableFunc(r.Findings, func(a, b Finding) int { return cmp.Compare(a.Level.rank(), b.Level.rank()) })
}

// Write writes the report for people: the worst first.
func (r *Report) Write(w io.Writer) error {
	var b strings.Builder
	width := 0
	for _, f := range r.Findings {
		width = max(width, len(f.Check))
	}
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%-7s  %-*s  %s\n", f.Level, width, f.Check, sentence(f.Text))
		if f.Fix != "" {
			fmt.Fprintf(&b, "%-7s  %-*s  %s\n", "", width, "", sentence(f.Fix))
		}
	}
	b.WriteString("\n" + r.summary() + "\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) summary() string {
	many := func(n int, one string) string {
		if n == 1 {
			return "1 " + one
		}
		return fmt.Sprintf("%d %ss", n, one)
	}
	bad, odd := r.Count(Error), r.Count(Warning)
	switch {
	case bad == 0 && odd == 0:
		return "All is well."
	case bad == 0:
		return many(odd, "warning") + "."
	case odd == 0:
		return many(bad, "error") + "."
	default:
		return many(bad, "error") + " and " + many(odd, "warning") + "."
	}
}

// sentence begins with a capital, unless it begins with something that is written
// as it is, and ends with a full stop.
func sentence(s string) string {
	if s == "" {
		return s
	}
	if !strings.ContainsAny(s[len(s)-1:], ".!?") {
		s += "."
	}
	if first, _, _ := strings.Cut(s, " "); strings.ContainsAny(first, ":./@,_") || first == "linearbot" {
		return s
	}
	return wording.Capital(s)
}
