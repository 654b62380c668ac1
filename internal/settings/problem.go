package settings

import "strings"

// Problem is one problem of a configuration.
type Problem struct {
	// Name is the variable or the flag. Empty if the problem concerns several.
	Name string
	// Reason continues a sentence that begins with Name. It contains no secrets.
	Reason string
}

// String returns the sentence.
func (p Problem) String() string {
	if p.Name == "" {
		return p.Reason
	}
	return p.Name + " " + p.Reason
}

// Error lists all problems of a configuration.
type Error struct {
	// Problems is not empty.
	Problems []Problem
}

// Error returns one problem per line.
func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}
