package settings

import (
	"cmp"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/linearbot/linearbot/internal/wording"
)

// Markdown returns the rows of the table for the README.
func Markdown() string {
	var b strings.Builder
	b.WriteString("| variable | default | meaning |\n|---|---|---|\n")
	for _, s := range Table() {
		also := ""
		if len(s.Also) > 0 {
			also = "; also read as `" + strings.Join(s.Also, "`, `") + "`"
		}
		def := s.defaultText()
		if def != "" {
			def += " "
		}
		fmt.Fprintf(&b, "| `%s` | %s| %s%s |\n", s.Name, def, s.Help, also)
	}
	return b.String()
}

// Text returns the table for a terminal.
func Text() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 4, 2, ' ', 0)
	for _, s := range Table() {
		def := strings.ReplaceAll(s.defaultText(), "`", "")
		if def != "" {
			def = " (" + def + ")"
		}
		fmt.Fprintf(w, "  %s\t%s%s\n", s.Name, s.plainHelp(), def)
	}
	_ = w.Flush() // a strings.Builder never fails
	return strings.TrimRight(b.String(), "\n")
}

// Vars returns the parts of the help of a command line: "help_FLAG" and
// "default_FLAG" of every setting with a flag, with "_" for "-" in its name.
func Vars() map[string]string {
	vars := make(map[string]string)
	for _, s := range Table() {
		if s.Flag == "" {
			continue
		}
		help := s.plainHelp()
		flag := strings.ReplaceAll(s.Flag, "-", "_")
		vars["help_"+flag] = wording.Capital(help) + " ($" + s.Name + ")."
		vars["default_"+flag] = cmp.Or(s.Default, "…")
	}
	return vars
}

func (s *Setting) defaultText() string {
	if s.Default != "" {
		return "`" + s.Default + "`"
	}
	return s.DefaultIs
}

func (s *Setting) plainHelp() string { return strings.ReplaceAll(s.Help, "`", "") }
