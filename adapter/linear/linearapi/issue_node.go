package linearapi

import "context"

// IssueNodeQuery selects issues. ByUpdate is ignored if Sort is set.
type IssueNodeQuery struct {
	IssueQuery
	// NoJSON leaves out Linear's own objects, which halves the time of
	// decoding.
	NoJSON bool
	// Sort holds objects of Linear's IssueSortInput, most significant first.
	// Empty sorts by the time of creation, newest first.
	Sort []Filter
}

// IssueNodes is [Client.Issues] with Linear's own objects, in the order of q.Sort.
func (c *Client) IssueNodes(ctx context.Context, q IssueNodeQuery) (*Page[Node[Issue]], error) {
	v := q.vars(vars{})
	if len(q.Sort) > 0 {
		v["sort"] = q.Sort
		delete(v, "orderBy")
	}
	op := operation{name: "ticketList"}
	if !q.NoJSON {
		return query[Page[Node[Issue]]](ctx, c, op, "issues", v)
	}
	plain, err := query[Page[Issue]](ctx, c, op, "issues", v)
	if err != nil {
		return nil, err
	}
	return withoutJSON(plain), nil
}

// withoutJSON wraps entities in nodes without JSON.
func withoutJSON[T any](plain *Page[T]) *Page[Node[T]] {
	out := &Page[Node[T]]{Nodes: make([]Node[T], len(plain.Nodes)), Info: plain.Info, Total: plain.Total}
	for i, v := range plain.Nodes {
		out.Nodes[i].Value = v
	}
	return out
}

// IssueNode is [Client.Issue] with Linear's own object.
func (c *Client) IssueNode(ctx context.Context, id string) (*Node[Issue], error) {
	return query[Node[Issue]](ctx, c, operation{name: "ticket"}, "issue", vars{"id": id})
}

// IssueCreateNode creates an issue from an object of Linear's IssueCreateInput.
// With an id it is safe to retry, as [Client.IssueCreate] is.
func (c *Client) IssueCreateNode(ctx context.Context, in Input) (*Node[Issue], error) {
	op := operation{name: "ticketCreate", repeatable: in.repeatable()}
	return mutateAs[Node[Issue]](ctx, c, op, "issueCreate", "issue", vars{"input": in})
}

// IssueBatchCreateNodes creates several issues in one request: all of them or none. If
// each has an id, it is safe to retry.
func (c *Client) IssueBatchCreateNodes(ctx context.Context, in []Input) ([]Node[Issue], error) {
	op := operation{name: "ticketBatchCreate", repeatable: len(in) > 0}
	for _, v := range in {
		op.repeatable = op.repeatable && v.repeatable()
	}
	made, err := mutateAs[[]Node[Issue]](ctx, c, op, "issueBatchCreate", "issues", vars{"input": Input{"issues": in}})
	if err != nil {
		return nil, err
	}
	return *made, nil
}

// IssueUpdateNode changes an issue by an object of Linear's IssueUpdateInput and
// returns its new state.
func (c *Client) IssueUpdateNode(ctx context.Context, id string, in Input) (*Node[Issue], error) {
	op := operation{name: "ticketUpdate", repeatable: true}
	return mutateAs[Node[Issue]](ctx, c, op, "issueUpdate", "issue", vars{"id": id, "input": in})
}

// MaxBatch is how many issues [Client.IssueBatchUpdateNodes] changes at most.
const MaxBatch = 50

// IssueBatchUpdateNodes makes one change, an object of Linear's IssueUpdateInput, to
// the issues with the ids: to all of them or to none. It returns their new states
// in the order that Linear chooses.
func (c *Client) IssueBatchUpdateNodes(ctx context.Context, ids []string, in Input) ([]Node[Issue], error) {
	op := operation{name: "ticketBatchUpdate", repeatable: true}
	changed, err := mutateAs[[]Node[Issue]](ctx, c, op, "issueBatchUpdate", "issues", vars{"ids": ids, "input": in})
	if err != nil {
		return nil, err
	}
	return *changed, nil
}

// SemanticQuery is a search by meaning.
type SemanticQuery struct {
	Query string
	// Filter has the keys of Linear's IssueFilter.
	Filter          Filter
	IncludeArchived bool
	// Limit is how many issues are returned at most. Defaults to Linear's.
	Limit int
}

// SemanticSearchIssueNodes returns the issues that are closest in meaning to a text, the
// best match first, with Linear's own objects. It has no pages.
func (c *Client) SemanticSearchIssueNodes(ctx context.Context, q SemanticQuery) ([]Node[Issue], error) {
	v := vars{"query": q.Query}
	if q.Filter != nil {
		v["filters"] = Filter{"issues": q.Filter}
	}
	if q.IncludeArchived {
		v["includeArchived"] = true
	}
	if q.Limit > 0 {
		v["maxResults"] = q.Limit
	}
	type hits struct {
		Results []struct {
			Issue *Node[Issue] `json:"issue"`
		} `json:"results"`
	}
	got, err := query[hits](ctx, c, operation{name: "semanticSearch"}, "semanticSearch", v)
	if err != nil {
		return nil, err
	}
	var out []Node[Issue]
	for _, r := range got.Results {
		if r.Issue != nil && r.Issue.Value.ID != "" {
			out = append(out, *r.Issue)
		}
	}
	return out, nil
}

// IssueLabelRetireNode retires a label: it stays where it is and cannot be put on other
// issues.
func (c *Client) IssueLabelRetireNode(ctx context.Context, id string) (*Node[Label], error) {
	op := operation{name: "issueLabelRetire", repeatable: true}
	return mutate[Node[Label]](ctx, c, op, "issueLabel", vars{"id": id})
}

// IssueLabelRestoreNode reverts [Client.IssueLabelRetireNode].
func (c *Client) IssueLabelRestoreNode(ctx context.Context, id string) (*Node[Label], error) {
	op := operation{name: "issueLabelRestore", repeatable: true}
	return mutate[Node[Label]](ctx, c, op, "issueLabel", vars{"id": id})
}

// SearchIssueNodes is [Client.SearchIssues] with Linear's own objects.
func (c *Client) SearchIssueNodes(ctx context.Context, s IssueSearch) (*Page[Node[Issue]], error) {
	v := s.vars(vars{"term": s.Term})
	if s.Comments {
		v["includeComments"] = true
	}
	if s.TeamID != "" {
		v["teamId"] = s.TeamID
	}
	op := operation{name: "searchIssues"}
	if !s.NoJSON {
		return query[Page[Node[Issue]]](ctx, c, op, "searchIssues", v)
	}
	plain, err := query[Page[Issue]](ctx, c, op, "searchIssues", v)
	if err != nil {
		return nil, err
	}
	return withoutJSON(plain), nil
}

// IssueLabelUpdateNode changes a label by an object of Linear's IssueLabelUpdateInput.
func (c *Client) IssueLabelUpdateNode(ctx context.Context, id string, in Input) (*Node[Label], error) {
	op := operation{name: "issueLabelUpdate", repeatable: true}
	return mutate[Node[Label]](ctx, c, op, "issueLabel", vars{"id": id, "input": in})
}

// IssueLabelDelete deletes a label.
func (c *Client) IssueLabelDelete(ctx context.Context, id string) error {
	return remove(ctx, c, operation{name: "issueLabelDelete"}, vars{"id": id})
}

// IssueLabelCreateNode is [Client.IssueLabelCreate] with Linear's own objects.
func (c *Client) IssueLabelCreateNode(ctx context.Context, in Input) (*Node[Label], error) {
	op := operation{name: "issueLabelCreate", repeatable: in.repeatable()}
	return mutate[Node[Label]](ctx, c, op, "issueLabel", vars{"input": in})
}
