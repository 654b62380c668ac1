package linearapi

import (
	"context"
	"encoding/json"

	"github.com/linearbot/linearbot/adapter"
)

// RawRequest is an operation whose text the caller supplies.
type RawRequest struct {
	// Name is the name of the operation in Query.
	Name      string
	Query     string
	Variables map[string]any
	// Repeatable says that running it twice has the same effect as running it
	// once.
	Repeatable bool
}

// Raw sends an operation of the caller's and returns its data as Linear sent
// it. Tokens, retries, budget and errors are handled as for every other call;
// an answer that holds both data and errors is a failure.
func (c *Client) Raw(ctx context.Context, r RawRequest) (json.RawMessage, error) {
	if r.Query == "" || r.Name == "" {
		return nil, &adapter.Error{Code: adapter.CodeInvalid, Op: "raw", Message: "a query and the name of its operation are required"}
	}
	vars := r.Variables
	if vars == nil {
		vars = map[string]any{}
	}
	return c.exec(ctx, operation{name: r.Name, text: r.Query, repeatable: r.Repeatable}, vars)
}
