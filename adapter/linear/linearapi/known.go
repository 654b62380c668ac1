package linearapi

import "context"

// KnownIssues returns those of the ids whose issues the owner of the token can
// see, archived ones included, in no particular order. ids are UUIDs, at most
// [MaxPage]. It blocks for one request.
func (c *Client) KnownIssues(ctx context.Context, ids []string) ([]string, error) {
	op := operation{name: "knownIssues"}
	found, err := query[Page[Ref]](ctx, c, op, "issues", vars{"ids": ids, "first": size(len(ids))})
	if err != nil {
		return nil, err
	}
	out := make([]string, 0, len(found.Nodes))
	for _, issue := range found.Nodes {
		if issue.ID != "" {
			out = append(out, issue.ID)
		}
	}
	return out, nil
}
