package linearsim

import (
	"regexp"
	"strings"
)

// rewriter holds what finds the marks that Linear's editor writes in its own
// way.
type rewriter struct {
	bullet, emphasis, address *regexp.Regexp
}

func newRewriter() rewriter {
	return rewriter{
		bullet:   regexp.MustCompile(`^(\s*)[-+] `),
		emphasis: regexp.MustCompile(`(^|[\s(])_([^_\s](?:[^_]*[^_\s])?)_($|[\s).,;:!?])`),
		address:  regexp.MustCompile(`(^|\s|(?:^|[^\]])\()(https?://[^\s<>()\[\]]*[^\s<>()\[\].,;:!?])`),
	}
}

// stored is a text as it is kept: as sent, or as Linear's editor writes it.
// Code stays as it is, and so do profile addresses, which are mentions.
func (s *Server) stored(text string) string {
	if !s.cfg.RewriteMarkdown {
		return text
	}
	lines := strings.Split(text, "\n")
	fence := ""
	for i, line := range lines {
		trimmed := strings.TrimSpace(line)
		switch {
		case fence != "":
			if strings.HasPrefix(trimmed, fence) {
				fence = ""
			}
		case strings.HasPrefix(trimmed, "```"), strings.HasPrefix(trimmed, "~~~"):
			fence = trimmed[:3]
		default:
			lines[i] = s.rewrite.line(line)
		}
	}
	return strings.Join(lines, "\n")
}

func (w rewriter) line(line string) string {
	line = w.bullet.ReplaceAllString(line, "$1* ")
	parts := strings.Split(line, "`") // odd parts are code
	for i := 0; i < len(parts); i += 2 {
		parts[i] = w.emphasis.ReplaceAllString(parts[i], "$1*$2*$3")
		parts[i] = w.address.ReplaceAllStringFunc(parts[i], func(m string) string {
			at := strings.Index(m, "http")
			if strings.Contains(m, "linear.app/") && strings.Contains(m, "/profiles/") {
				return m
			}
			return m[:at] + "[" + m[at:] + "](<" + m[at:] + ">)"
		})
	}
	return strings.Join(parts, "`")
}
