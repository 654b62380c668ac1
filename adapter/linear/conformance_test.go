package linear_test

import (
	"slices"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/adaptertest"
	"github.com/linearbot/linearbot/adapter/linear"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
)

// hookless is a webhook address that is never called: nothing listens there.
const hookless = "http://127.0.0.1:9/hook"

func TestConformance(t *testing.T) {
	t.Parallel()
	srv, err := linearsim.Start(linearsim.Config{RetryAfter: []time.Duration{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Close)
	ws := srv.AddWorkspace("Acme", "acme")
	ada := ws.AddUser("Ada Byron", "ada")
	issue := ws.AddTeam("ENG", "Engineering").AddIssue(ada, "Checkout fails", "")
	app := ws.InstallApp(linearsim.App{
		Name: "Helper Bot", DisplayName: "helper-bot", ClientCredentials: true,
		Webhook: &linearsim.Webhook{URL: hookless, Secret: "s"},
	})
	root := ada.Comment(issue, "the first words")
	a, err := linear.New(linear.Config{ClientID: app.ClientID, ClientSecret: app.ClientSecret, APIURL: srv.GraphQLURL()})
	if err != nil {
		t.Fatal(err)
	}
	adaptertest.Run(t, adaptertest.Harness{
		Adapter:   a,
		Workspace: ws.ID,
		Thread:    linear.Thread{IssueID: issue.ID, CommentID: root.ID}.ID(),
		NoThread:  linear.Thread{IssueID: issue.ID, CommentID: "3d7a0f8e-8f5c-4b7b-9d43-5b8a1f0c2e11"}.ID(),
		Say: func(t *testing.T, text string) *adapter.Delivery {
			t.Helper()
			reply := ada.Reply(root, text)
			if err := srv.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			all := srv.Deliveries()
			i := slices.IndexFunc(all, func(d linearsim.Delivery) bool {
				return tellsOf(t, d.Body, reply.ID)
			})
			if i < 0 {
				t.Fatalf("no delivery reports %s", reply.ID)
			}
			return &adapter.Delivery{ID: all[i].ID, Body: all[i].Body, SentAt: time.Now(), ReceivedAt: time.Now()}
		},
		Texts: func(*testing.T) []string {
			texts := []string{root.Body()}
			for _, c := range root.Replies() {
				texts = append(texts, c.Body())
			}
			return texts
		},
	})
}

// tellsOf reports whether a body reports the creation of a comment.
func tellsOf(t *testing.T, body []byte, id string) bool {
	t.Helper()
	a, err := linear.New(linear.Config{AccessToken: "x"})
	if err != nil {
		t.Fatal(err)
	}
	r, err := a.Route(&adapter.Delivery{Body: body})
	return err == nil && r.Key == "Comment|create|"+id
}
