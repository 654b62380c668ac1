package linear_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/adaptertest"
	"github.com/linearbot/linearbot/adapter/linear"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
)

// world is a workspace with a bot in it.
type world struct {
	srv     *linearsim.Server
	ws      *linearsim.Workspace
	ada     *linearsim.User
	team    *linearsim.Team
	issue   *linearsim.Issue
	root    *linearsim.Comment
	app     *linearsim.Installation
	adapter *linear.Adapter
	thread  adapter.ThreadID
}

// sharedSecret is the secret of installations that have several adapters in a
// test.
func sharedSecret(context.Context) ([]byte, error) {
	return []byte("a secret of 32 bytes for testing"), nil
}

func startServer(t *testing.T) *linearsim.Server {
	t.Helper()
	srv, err := linearsim.Start(linearsim.Config{RetryAfter: []time.Duration{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Close)
	return srv
}

// newWorld adds a workspace to srv. change may adjust the adapter's Config.
func newWorld(t *testing.T, srv *linearsim.Server, urlKey string, change func(*linear.Config)) *world {
	t.Helper()
	w := &world{srv: srv, ws: srv.AddWorkspace(strings.ToUpper(urlKey), urlKey)}
	w.ada = w.ws.AddUser("Ada Byron", "ada")
	w.team = w.ws.AddTeam("ENG", "Engineering")
	w.issue = w.team.AddIssue(w.ada, "Checkout fails", "")
	w.app = w.ws.InstallApp(linearsim.App{Name: "Helper Bot", DisplayName: "helper-bot", ClientCredentials: true})
	w.root = w.ada.Comment(w.issue, "the first words")
	w.thread = linear.Thread{IssueID: w.issue.ID, CommentID: w.root.ID}.ID()
	cfg := linear.Config{
		ClientID: w.app.ClientID, ClientSecret: w.app.ClientSecret, APIURL: srv.GraphQLURL(), UploadsURL: srv.URL(),
	}
	if change != nil {
		change(&cfg)
	}
	a, err := linear.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	w.adapter = a
	return w
}

func (w *world) texts() []string {
	texts := []string{w.root.Body()}
	for _, c := range w.root.Replies() {
		texts = append(texts, c.Body())
	}
	return texts
}

// reactions returns the names of the bot's reactions.
func (w *world) reactions(id string) []string {
	all := w.issue.Reactions()
	if id != "" {
		all = nil
		for _, c := range w.issue.Comments() {
			if c.ID == id {
				all = c.Reactions()
			}
		}
	}
	var out []string
	for _, r := range all {
		if r.User == w.app.User {
			out = append(out, r.Emoji)
		}
	}
	return out
}

// TestGuests checks a guest in every place where Linear reports one.
func TestGuests(t *testing.T) {
	t.Parallel()
	w := newWorld(t, startServer(t), "acme", nil)
	gil := w.ws.AddGuest("Gil", "gil")
	issue := w.team.AddIssue(gil, "Cannot log in", "")
	said := gil.Comment(issue, "from a guest")
	gil.React(said, "eyes")
	thread := linear.Thread{IssueID: issue.ID, CommentID: said.ID}.ID()
	users := map[string]*adapter.User{}
	for name, q := range map[string]adapter.UserQuery{"id": {ID: gil.ID}, "name": {Name: "gil"}, "email": {Email: gil.Email}} {
		u, err := w.adapter.User(t.Context(), w.ws.ID, q)
		if err != nil {
			t.Fatal(err)
		}
		users[name] = u
	}
	for name, in := range map[string]adapter.ThreadID{"thread": thread, "channel": linear.Thread{IssueID: issue.ID}.ID()} {
		page, err := w.adapter.Messages(t.Context(), adapter.PageRequest{Workspace: w.ws.ID, Thread: in})
		if err != nil || len(page.Messages) != 1 || len(page.Messages[0].Reactions) != 1 {
			t.Fatalf("messages %+v, %v", page, err)
		}
		users[name], users["reaction in a "+name] = &page.Messages[0].Author, &page.Messages[0].Reactions[0].User
	}
	subject, err := w.adapter.Subject(t.Context(), w.ws.ID, thread)
	if err != nil {
		t.Fatal(err)
	}
	users["creator"] = subject.Creator
	for name, u := range users {
		if u == nil || u.ID != gil.ID || !u.Guest {
			t.Errorf("%s: %+v, want a guest", name, u)
		}
	}
	if u, err := w.adapter.User(t.Context(), w.ws.ID, adapter.UserQuery{ID: w.ada.ID}); err != nil || u.Guest {
		t.Errorf("Ada is %+v, %v, want no guest", u, err)
	}
}

func TestAbilities(t *testing.T) {
	t.Parallel()
	w := newWorld(t, startServer(t), "acme", nil)
	w.ada.Comment(w.issue, "another thread")
	session := w.ada.StartSession(w.app, w.issue, nil)
	adaptertest.RunAbilities(t, adaptertest.AbilityHarness{
		Adapter: w.adapter, Workspace: w.ws.ID, Thread: w.thread,
		Say:       func(_ *testing.T, text string) string { return w.ada.Reply(w.root, text).ID },
		Texts:     func(*testing.T) []string { return w.texts() },
		Reactions: func(_ *testing.T, id string) []string { return w.reactions(id) },
		Resolved:  func(*testing.T) bool { return !w.root.ResolvedAt().IsZero() },
		Session:   linear.Thread{IssueID: w.issue.ID, SessionID: session.ID}.ID(),
		Shown: func(t *testing.T) string {
			t.Helper()
			all := session.ActivityTexts()
			if len(all) != 1 {
				t.Errorf("activities %q, want one that is ephemeral", all)
			}
			return strings.TrimPrefix(all[len(all)-1], "thought: ")
		},
		Person: adapter.User{ID: w.ada.ID, Name: w.ada.DisplayName, Email: w.ada.Email, Kind: adapter.UserHuman},
		Stored: func(t *testing.T, url string) []byte {
			t.Helper()
			content, ok := w.srv.File(url)
			if !ok {
				t.Errorf("nothing is stored at %s", url)
			}
			return content
		},
	})
	for _, r := range w.srv.Requests() {
		if slices.Contains(r.Fields, "upload") && r.Authorization != linearsim.AuthNone {
			t.Error("a file was sent with a token")
		}
	}
}
