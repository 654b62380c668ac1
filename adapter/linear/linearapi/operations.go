package linearapi

import _ "embed" // the texts of the operations

// The texts of the operations. A file and its operation are named after the
// root field, or after the first one if there are several.
var (
	//go:embed operations/agentActivityCreate.graphql
	agentActivityCreateText string
	//go:embed operations/comment.graphql
	commentText string
	//go:embed operations/commentCreate.graphql
	commentCreateText string
	//go:embed operations/viewer.graphql
	viewerText string
)

// Operations returns the text of every operation that a [Client] sends, by the
// operation's name.
func Operations() map[string]string {
	return map[string]string{
		"agentActivityCreate": agentActivityCreateText,
		"comment":             commentText,
		"commentCreate":       commentCreateText,
		"viewer":              viewerText,
	}
}

// operation is one call of an operation.
type operation struct {
	name string
	text string
	// repeatable says that running it twice does no more than running it
	// once: it reads, or it writes under an id of the caller's.
	repeatable bool
}
