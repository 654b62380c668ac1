package settings

import "strings"

// Problem is one thing that is wrong with a configuration.
type Problem struct {
	// Name is the variable or the flag. Empty if the problem concerns several.
	Name string
	// Reason continues a sentence that begins with Name. It holds no secret.
	Reason string
}

// String returns the sentence.
func (p Problem) String() string {
	if p.Name == "" {
		return p.Reason
	}
	return p.Name + " " + p.Reason
}

// Error is everything that is wrong with a configuration.
type Error struct {
	// Problems is not empty.
	Problems []Problem
}

// Error returns one problem a line.
func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}
