package linearapi

import "context"

// sessionCreateInput describes the agent session to create. One of IssueID and
// CommentID is set.
type sessionCreateInput struct {
	// IssueID is the id of an issue, or its short name.
	IssueID      string        `json:"issueId,omitempty"`
	CommentID    string        `json:"commentId,omitempty"`
	ExternalURLs []SessionLink `json:"externalUrls,omitempty"`
}

// AgentSessionCreateOnIssue starts an agent session of the token's own app on an
// issue. Linear takes no id for it, so it is not retried once it may have arrived.
func (c *Client) AgentSessionCreateOnIssue(ctx context.Context, issue string, links []SessionLink) (*Session, error) {
	op := operation{name: "agentSessionCreateOnIssue"}
	return mutate[Session](ctx, c, op, "agentSession", vars{"input": sessionCreateInput{IssueID: issue, ExternalURLs: links}})
}

// AgentSessionCreateOnComment is AgentSessionCreateOnIssue for the thread of a
// comment.
func (c *Client) AgentSessionCreateOnComment(ctx context.Context, comment string, links []SessionLink) (*Session, error) {
	op := operation{name: "agentSessionCreateOnComment"}
	return mutate[Session](ctx, c, op, "agentSession", vars{"input": sessionCreateInput{CommentID: comment, ExternalURLs: links}})
}

// CandidateRepository is a repository that an issue may be about.
type CandidateRepository struct {
	Hostname           string `json:"hostname"`
	RepositoryFullName string `json:"repositoryFullName"`
}

// RepositorySuggestion is a repository that Linear suggests for an issue, with a
// confidence between 0 and 1.
type RepositorySuggestion struct {
	CandidateRepository

	Confidence float64 `json:"confidence"`
}

// IssueRepositorySuggestions returns which of some repositories an issue may be
// about. session may be empty.
func (c *Client) IssueRepositorySuggestions(ctx context.Context, issue, session string, candidates []CandidateRepository) ([]RepositorySuggestion, error) {
	v := vars{"issueId": issue, "candidateRepositories": candidates}
	if session != "" {
		v["agentSessionId"] = session
	}
	type payload struct {
		Suggestions []RepositorySuggestion `json:"suggestions"`
	}
	found, err := query[payload](ctx, c, operation{name: "issueRepositorySuggestions"}, "issueRepositorySuggestions", v)
	if err != nil {
		return nil, err
	}
	return found.Suggestions, nil
}
