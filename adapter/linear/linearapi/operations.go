package linearapi

import (
	"embed"
	"strings"
)

// The texts of the operations and of the fragments that they share, one a file,
// each named like its file. An operation is named after the root field, or
// after the first one if there are several, or after its purpose if another
// operation has that name. Lines that begin with # are comments and are not
// sent.
//
//go:embed operations/*.graphql operations/fragments/*.graphql
var operationFiles embed.FS

// Operations returns the text of every operation that a [Client] sends, by the
// operation's name. A text holds the operation and the fragments that it needs,
// each once. It fails only if this package's own files are invalid.
func Operations() (map[string]string, error) { return documents(operationFiles) }

// operation is one call of an operation.
type operation struct {
	name string
	// text is the text to send. The client fills it in.
	text string
	// repeatable says that running it twice has the same effect as running it
	// once: it reads, it creates under an id of the caller's, or it sets a
	// final state.
	repeatable bool
}

// write reports whether the operation is a mutation.
func (op operation) write() bool { return strings.HasPrefix(op.text, "mutation") }
