package linear

import (
	"context"
	"slices"
	"strings"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

var _ adapter.SessionOwner = (*Adapter)(nil)

// SetSessionLinks changes the links of an agent session, with one request. The
// error has code adapter.CodeUnsupported outside sessions, and Invalid for a link
// without an address.
func (a *Adapter) SetSessionLinks(ctx context.Context, workspace string, id adapter.ThreadID, add []adapter.SessionLink, remove []string) error {
	thread, err := sessionThread("links", id)
	if err != nil {
		return err
	}
	links, err := sessionLinks(add)
	if err != nil {
		return err
	}
	b, err := a.bot(ctx, workspace)
	if err != nil {
		return err
	}
	_, err = b.api.AgentSessionUpdate(ctx, thread.SessionID, linearapi.SessionUpdateInput{
		AddedExternalURLs: links, RemovedExternalURLs: remove,
	})
	return err
}

// sessionLinks converts links, each address once.
func sessionLinks(add []adapter.SessionLink) ([]linearapi.SessionLink, error) {
	var links []linearapi.SessionLink
	for _, l := range add {
		if !isWebAddress(l.URL) {
			return nil, opError("links", adapter.CodeInvalid, "the link must look like https://example.com/work")
		}
		if !slices.ContainsFunc(links, func(have linearapi.SessionLink) bool { return have.URL == l.URL }) {
			label := l.Label
			if strings.TrimSpace(label) == "" {
				label = host(l.URL)
			}
			links = append(links, linearapi.SessionLink{Label: label, URL: l.URL})
		}
	}
	return links, nil
}

// StartSession starts an agent session of the bot's own on an issue, or on a
// comment of an issue, with one request. It cannot be repeated safely: Linear
// takes no id for it.
func (a *Adapter) StartSession(ctx context.Context, workspace string, s adapter.SessionStart) (adapter.ThreadID, error) {
	links, err := sessionLinks(s.Links)
	switch {
	case err != nil:
		return "", err
	case (s.Issue == "") == (s.Comment == ""):
		return "", opError("start session", adapter.CodeInvalid, "name either an issue or a comment")
	}
	b, err := a.bot(ctx, workspace)
	if err != nil {
		return "", err
	}
	var made *linearapi.Session
	if s.Issue != "" {
		made, err = b.api.AgentSessionCreateOnIssue(ctx, s.Issue, links)
	} else {
		made, err = b.api.AgentSessionCreateOnComment(ctx, s.Comment, links)
	}
	if err != nil {
		return "", err
	}
	thread := Thread{Kind: ParentWorkspace, ParentID: b.self.Workspace, SessionID: made.ID}
	if made.Issue != nil && made.Issue.ID != "" {
		thread = Thread{IssueID: made.Issue.ID, SessionID: made.ID}
	}
	a.threads.put(b.key(made.ID), thread)
	return thread.ID(), nil
}

// SuggestRepositories asks Linear which repositories the issue of a session may be
// about, with one request. The error has code adapter.CodeUnsupported for sessions
// without an issue.
func (a *Adapter) SuggestRepositories(ctx context.Context, workspace string, id adapter.ThreadID, candidates []adapter.Repository) ([]adapter.RepositorySuggestion, error) {
	thread, err := sessionThread("repositories", id)
	switch {
	case err != nil:
		return nil, err
	case thread.Kind != ParentIssue:
		return nil, opError("repositories", adapter.CodeUnsupported, "the session has no issue")
	case len(candidates) == 0:
		return nil, nil
	}
	b, err := a.bot(ctx, workspace)
	if err != nil {
		return nil, err
	}
	in := make([]linearapi.CandidateRepository, len(candidates))
	for i, c := range candidates {
		in[i] = linearapi.CandidateRepository{Hostname: c.Host, RepositoryFullName: c.Name}
	}
	found, err := b.api.IssueRepositorySuggestions(ctx, thread.IssueID, thread.SessionID, in)
	if err != nil {
		return nil, err
	}
	out := make([]adapter.RepositorySuggestion, len(found))
	for i, s := range found {
		out[i] = adapter.RepositorySuggestion{
			Repository: adapter.Repository{Host: s.Hostname, Name: s.RepositoryFullName}, Confidence: s.Confidence,
		}
	}
	slices.SortStableFunc(out, func(a, b adapter.RepositorySuggestion) int {
		switch {
		case a.Confidence > b.Confidence:
			return -1
		case a.Confidence < b.Confidence:
			return 1
		default:
			return 0
		}
	})
	return out, nil
}

// TakeIssue makes the bot the delegate of the issue of a session and moves it to
// the first started state of its team, as linear.app/developers/agent-best-practices
// asks for, with up to three requests. Sessions without an issue have nothing to
// take.
func (a *Adapter) TakeIssue(ctx context.Context, workspace string, id adapter.ThreadID, t adapter.TakeIssue) error {
	thread, err := sessionThread("take issue", id)
	if err != nil || thread.Kind != ParentIssue || !t.Delegate && !t.Start {
		return err
	}
	b, err := a.bot(ctx, workspace)
	if err != nil {
		return err
	}
	issue, err := b.api.Issue(ctx, thread.IssueID)
	if err != nil {
		return err
	}
	var in linearapi.IssueUpdateInput
	change := false
	if t.Delegate && (issue.Delegate == nil || issue.Delegate.ID == "") {
		in.DelegateID, change = linearapi.Set(b.self.UserID), true
	}
	if t.Start && !begun(issue.State) && issue.Team != nil {
		state, err := b.firstStarted(ctx, issue.Team.ID)
		if err != nil {
			return err
		}
		if state != "" {
			in.StateID, change = linearapi.Set(state), true
		}
	}
	if !change {
		return nil
	}
	_, err = b.api.IssueUpdate(ctx, issue.ID, in)
	return err
}

// begun reports whether the work on an issue in a state has begun, or is over.
func begun(s *linearapi.WorkflowState) bool {
	if s == nil {
		return false
	}
	switch s.Type {
	case "started", "completed", "canceled", "duplicate":
		return true
	default:
		return false
	}
}

// firstStarted returns the started state of a team with the lowest position, or "".
func (b *bot) firstStarted(ctx context.Context, team string) (string, error) {
	filter := linearapi.OfTeam(team)
	filter["type"] = linearapi.Filter{"eq": "started"}
	states, err := b.api.WorkflowStates(ctx, filter, linearapi.PageArgs{First: linearapi.MaxPage})
	if err != nil || len(states.Nodes) == 0 {
		return "", err
	}
	first := slices.MinFunc(states.Nodes, func(a, b linearapi.WorkflowState) int {
		switch {
		case a.Position < b.Position:
			return -1
		case a.Position > b.Position:
			return 1
		default:
			return strings.Compare(a.ID, b.ID)
		}
	})
	return first.ID, nil
}
