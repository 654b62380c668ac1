package linearsim

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// TB is the part of testing.TB that a scene uses, so that this package does not import
// testing. *testing.T, *testing.B and *testing.F implement it.
type TB interface {
	Helper()
	Cleanup(f func())
	Fatalf(format string, args ...any)
}

// patience is how long a scene waits for what a test expects.
const patience = 10 * time.Second

// Scene is a server with what most tests need: a workspace with two people, a
// team, an issue and an installed app that people can mention as @helper-bot.
type Scene struct {
	*Server
	Workspace *Workspace
	Ada       *User // an admin
	Bob       *User
	Team      *Team  // ENG
	Issue     *Issue // ENG-1
	App       *Installation

	t TB
}

// New starts a server with a scene. It is closed when the test ends.
func New(t TB) *Scene {
	t.Helper()
	return NewWith(t, Config{})
}

// NewWith is New with a configuration.
func NewWith(t TB, cfg Config) *Scene {
	t.Helper()
	srv, err := Start(cfg)
	if err != nil {
		t.Fatalf("%v", err)
		return nil
	}
	t.Cleanup(srv.Close)
	s := newScene(srv)
	s.t = t
	return s
}

func newScene(srv *Server) *Scene {
	ws := srv.AddWorkspace("Acme", "acme")
	s := &Scene{Server: srv, Workspace: ws, Ada: ws.AddAdmin("Ada Byron", "ada"), Bob: ws.AddUser("Bob Noyce", "bob")}
	s.Team = ws.AddTeam("ENG", "Engineering")
	s.Issue = s.Team.AddIssue(s.Ada, "Checkout fails on retry", "Payment retries return 409 after the second attempt.")
	s.App = ws.InstallApp(App{Name: "Helper Bot", DisplayName: "helper-bot", ClientCredentials: true})
	return s
}

// Env returns the environment with which a bot acts as the app: the variables of
// linearbot, one "NAME=value" each.
func (in *Installation) Env() []string {
	srv := in.ws.srv
	out := []string{
		"LINEAR_API_URL=" + srv.GraphQLURL(), "LINEAR_OAUTH_URL=" + srv.URL(), "LINEAR_UPLOADS_URL=" + srv.URL(),
		"LINEAR_CLIENT_ID=" + in.ClientID, "LINEAR_CLIENT_SECRET=" + in.ClientSecret,
	}
	if hook := in.Webhook(); hook != nil {
		out = append(out, "LINEAR_WEBHOOK_SECRET="+hook.Secret)
	}
	return out
}

// Env returns the environment with which a bot lets workspaces install the app: the
// variables of linearbot, one "NAME=value" each.
func (c *OAuthClient) Env() []string {
	url := c.srv.URL()
	return read(c.srv, func() []string {
		out := []string{
			"LINEAR_API_URL=" + url + "/graphql", "LINEAR_OAUTH_URL=" + url, "LINEAR_UPLOADS_URL=" + url,
			"LINEAR_AUTHORIZE_URL=" + url + "/oauth/authorize",
			"LINEAR_CLIENT_ID=" + c.ClientID, "LINEAR_CLIENT_SECRET=" + c.secret,
		}
		if c.app.Webhook != nil {
			out = append(out, "LINEAR_WEBHOOK_SECRET="+c.app.Webhook.Secret)
		}
		return out
	})
}

// Open opens an issue in front of the person: [User.Comments] writes there.
func (u *User) Open(i *Issue) {
	s := u.ws.srv
	s.mu.Lock()
	defer s.unlock()
	if i != nil && i.Team.ws == u.ws {
		u.open = i
	}
}

// Comments is [User.Comment] on the issue that the person opened last, or else on the
// first of the workspace. It returns nil if there is none.
func (u *User) Comments(text string) *Comment {
	issue := read(u.ws.srv, func() *Issue {
		if u.open != nil || len(u.ws.issues) == 0 {
			return u.open
		}
		return u.ws.issues[0]
	})
	return u.Comment(issue, text)
}

// Thread is a comment with the replies below it, oldest first. The methods that
// begin with Expect wait up to 10 s of real time for what they expect, and end the
// test if it does not arrive.
type Thread struct {
	scene *Scene
	root  *Comment
}

// Thread returns the thread that a comment belongs to.
func (s *Scene) Thread(c *Comment) *Thread {
	s.t.Helper()
	if c == nil {
		s.t.Fatalf("linearsim: there is no comment")
		return nil
	}
	return &Thread{scene: s, root: c.root()}
}

// Posts returns the texts that apps have posted in the thread, oldest first.
func (th *Thread) Posts() []string {
	var out []string
	for _, c := range th.root.Replies() {
		if c.Author != nil && c.Author.App {
			out = append(out, c.Body())
		}
	}
	return out
}

// Expect waits until the app has posted texts that contain parts: each in a
// post of its own, in this order, with any posts between them.
func (th *Thread) Expect(parts ...string) {
	th.scene.t.Helper()
	th.wait("posts that contain", parts, func() bool {
		posts := th.Posts()
		for _, part := range parts {
			i := slices.IndexFunc(posts, func(p string) bool { return strings.Contains(p, part) })
			if i < 0 {
				return false
			}
			posts = posts[i+1:]
		}
		return true
	})
}

// ExpectExactly waits until the app's posts are these texts.
func (th *Thread) ExpectExactly(texts ...string) {
	th.scene.t.Helper()
	th.wait("exactly the posts", texts, func() bool { return slices.Equal(th.Posts(), texts) })
}

// ExpectReactions waits until the reactions of apps to the root comment are
// these emoji, in any order.
func (th *Thread) ExpectReactions(emoji ...string) {
	th.scene.t.Helper()
	want := slices.Sorted(slices.Values(emoji))
	th.wait("the reactions", emoji, func() bool {
		var got []string
		for _, r := range th.root.Reactions() {
			if r.User.App {
				got = append(got, r.Emoji)
			}
		}
		slices.Sort(got)
		return slices.Equal(got, want)
	})
}

func (th *Thread) wait(what string, want []string, cond func() bool) {
	th.scene.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := th.scene.Wait(ctx, cond); err != nil {
		th.scene.t.Fatalf("linearsim: want %s %s, the app's posts are %s", what, quoted(want), quoted(th.Posts()))
	}
}

func quoted(in []string) string { return fmt.Sprintf("%q", in) }
