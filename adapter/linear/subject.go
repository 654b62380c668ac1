package linear

import (
	"context"
	"net/url"
	"strings"

	"github.com/linearbot/linearbot/adapter"
)

var _ adapter.Subjecter = (*Adapter)(nil)

// Subject returns the issue that a thread is attached to, in its current state,
// with one request.
func (a *Adapter) Subject(ctx context.Context, workspace string, id adapter.ThreadID) (*adapter.Issue, error) {
	thread, err := ParseThreadID(id)
	if err != nil {
		return nil, err
	}
	if thread.Kind != ParentIssue {
		return nil, opError("subject", adapter.CodeUnsupported, "the thread belongs to a "+thread.Kind.String())
	}
	b, err := a.bot(ctx, workspace)
	if err != nil {
		return nil, err
	}
	issue, err := b.api.Issue(ctx, thread.IssueID)
	if err != nil {
		return nil, err
	}
	return b.people.full(issue), nil
}

// MentionURL returns the address of a user's profile, which Linear turns into a
// mention of the user where it appears in a text. Answers are cached; see User.
func (a *Adapter) MentionURL(ctx context.Context, workspace, userID string) (string, error) {
	self, err := a.Identity(ctx, workspace)
	if err != nil {
		return "", err
	}
	if userID == self.UserID && self.ProfileURL != "" {
		return self.ProfileURL, nil
	}
	user, err := a.User(ctx, workspace, adapter.UserQuery{ID: userID})
	if err != nil {
		return "", err
	}
	if user.URL == "" {
		return "", opError("mention", adapter.CodeNotFound, "the user has no profile")
	}
	return user.URL, nil
}

// IssueURL returns the address of an issue, which Linear turns into a link with
// the issue's title where it appears in a text. issue is the short name, which
// needs no request, or the id.
func (a *Adapter) IssueURL(ctx context.Context, workspace, issue string) (string, error) {
	b, err := a.bot(ctx, workspace)
	if err != nil {
		return "", err
	}
	if site, ok := workspaceSite(b.self.ProfileURL); ok && isShortName(issue) {
		return site + "/issue/" + strings.ToUpper(issue), nil
	}
	found, err := b.api.Issue(ctx, issue)
	if err != nil {
		return "", err
	}
	if found.URL == "" {
		return "", opError("issue", adapter.CodeNotFound, "the issue has no address")
	}
	return found.URL, nil
}

// workspaceSite returns the part of a profile's address that is common to all
// addresses of the workspace.
func workspaceSite(profile string) (string, bool) {
	site, _, ok := strings.Cut(profile, "/profiles/")
	u, err := url.Parse(site)
	return site, ok && err == nil && u.Host != "" && strings.Trim(u.Path, "/") != ""
}

// isShortName reports whether s looks like "ENG-15".
func isShortName(s string) bool {
	team, number, ok := strings.Cut(s, "-")
	if !ok || team == "" || number == "" || len(s) > 40 {
		return false
	}
	const digits = "0123456789"
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	return strings.Contains(letters, team[:1]) && strings.Trim(team, letters+digits+"_") == "" && strings.Trim(number, digits) == ""
}
