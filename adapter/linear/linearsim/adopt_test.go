package linearsim_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/internal/testfiles"
)

// Every captured delivery becomes one of the scene's workspace: the organization and
// the app are those of the workspace, and what it says of issues, comments and
// sessions is there.
func TestAdoptCaptured(t *testing.T) {
	t.Parallel()
	for _, path := range testfiles.Fixtures(t) {
		s := linearsim.New(t)
		body := testfiles.Body(t, path)
		if len(body) == 0 {
			continue // only the headers were captured
		}
		var was, is struct {
			OrganizationID, AppUserID string
			Type, Action              string
			Data                      struct{ ID, IssueID, Body string }
			AgentSession              struct {
				ID    string
				Issue *struct{ ID string }
			}
		}
		if err := json.Unmarshal(body, &was); err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second time finds everything
			a, err := s.App.Adopt(body, linearsim.Recipient{})
			if was.OrganizationID == "" {
				if err == nil {
					t.Errorf("%s is adopted without an organization", path)
				}
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			if err := json.Unmarshal(a.Body, &is); err != nil {
				t.Fatal(err)
			}
			if is.OrganizationID != s.Workspace.ID || was.AppUserID != "" && is.AppUserID != s.App.User.ID || is.Type != was.Type || is.Data.ID != was.Data.ID {
				t.Errorf("%s becomes %+v", path, is)
			}
			if was.AgentSession.ID != "" && was.AgentSession.Issue != nil && (a.Session == nil || a.Session.ID != strings.ToLower(was.AgentSession.ID)) {
				t.Errorf("%s: the session is %v", path, a.Session)
			}
			if was.Type == "Comment" && was.Data.IssueID != "" && a.Issue == nil {
				t.Errorf("%s: there is no issue", path)
			}
			if was.Type == "Comment" && was.Action == "create" && was.Data.IssueID != "" && (a.Root == nil || s.Workspace.Comment(was.Data.ID) == nil) {
				t.Errorf("%s: there is no comment", path)
			}
		}
		if err := s.Restore(s.Dump()); err != nil {
			t.Errorf("%s: the world does not survive being kept: %v", path, err)
		}
	}
}

// A conversation that is recorded in several deliveries is one conversation in the
// other workspace, under names and identifiers that are free there.
func TestAdoptConversation(t *testing.T) {
	t.Parallel()
	s := linearsim.New(t) // it has ENG-1 and ada
	adopt := func(body string) linearsim.Adopted {
		t.Helper()
		body = strings.NewReplacer("ORG", "0f2d6b62-3fc8-4b8c-9f3a-2a64a1a4a000", "ISSUE", "0f2d6b62-3fc8-4b8c-9f3a-2a64a1a4a001",
			"ROOT", "0f2d6b62-3fc8-4b8c-9f3a-2a64a1a4a002", "REPLY", "0f2d6b62-3fc8-4b8c-9f3a-2a64a1a4a003", "ADA", "0f2d6b62-3fc8-4b8c-9f3a-2a64a1a4a004",
			"BOT", "0f2d6b62-3fc8-4b8c-9f3a-2a64a1a4a005").Replace(body)
		a, err := s.App.Adopt([]byte(body), linearsim.Recipient{UserID: "0f2d6b62-3fc8-4b8c-9f3a-2a64a1a4a005", DisplayName: "ops"})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	const about = `"issueId":"ISSUE","issue":{"id":"ISSUE","identifier":"ENG-1","title":"Refunds","team":{"id":"TEAM","key":"ENG"}},
		"userId":"ADA","user":{"id":"ADA","name":"Ada Byron","email":"ada@elsewhere.test","url":"https://linear.app/elsewhere/profiles/ada"}`
	first := adopt(`{"type":"Comment","action":"create","organizationId":"ORG","data":{"id":"ROOT","body":"@ops see ENG-1, @ada",` + about + `}}`)
	if first.Issue.Identifier == "ENG-1" || first.Issue.Team != s.Team || first.Issue.Title() != "Refunds" {
		t.Errorf("the issue is %s of %v, %q", first.Issue.Identifier, first.Issue.Team, first.Issue.Title())
	}
	other := first.Root.Author
	if other == s.Ada || other.DisplayName == "ada" || other.Name != "Ada Byron" {
		t.Errorf("the author is %+v", other)
	}
	want := "@" + s.App.User.DisplayName + " see " + first.Issue.Identifier + ", @" + other.DisplayName
	if got := first.Root.Body(); got != want {
		t.Errorf("the comment is %q, want %q", got, want)
	}
	if !strings.Contains(string(first.Body), want) || !strings.Contains(string(first.Body), `"identifier":"`+first.Issue.Identifier) ||
		!strings.Contains(string(first.Body), "linear.app/"+s.Workspace.URLKey+"/profiles/"+other.DisplayName) {
		t.Errorf("the body is %s", first.Body)
	}
	second := adopt(`{"type":"Comment","action":"create","organizationId":"ORG","data":{"id":"REPLY","parentId":"ROOT","body":"by the bot","issueId":"ISSUE","userId":"BOT"}}`)
	if second.Root != first.Root || second.Issue != first.Issue || len(first.Root.Replies()) != 1 || first.Root.Replies()[0].Author != s.App.User {
		t.Errorf("the reply is in %v, %v", second.Root, first.Root.Replies())
	}
	adopt(`{"type":"Comment","action":"update","organizationId":"ORG","data":{"id":"ROOT","body":"never mind",` + about + `}}`)
	if got := first.Root.Body(); got != "never mind" {
		t.Errorf("after the edit the comment is %q", got)
	}
	adopt(`{"type":"Comment","action":"remove","organizationId":"ORG","data":{"id":"REPLY","parentId":"ROOT","issueId":"ISSUE"}}`)
	if n := len(first.Root.Replies()); n != 0 {
		t.Errorf("after the removal there are %d replies", n)
	}
	if got := s.Deliveries(); len(got) != 0 {
		t.Errorf("webhooks were sent: %v", cmp.Diff(nil, got))
	}
}
