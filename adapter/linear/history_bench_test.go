package linear_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
)

// BenchmarkHistory reads whole threads over HTTP on loopback, the server
// included.
func BenchmarkHistory(b *testing.B) {
	for _, n := range []int{50, 5000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			srv, err := linearsim.Start(linearsim.Config{RetryAfter: []time.Duration{}})
			if err != nil {
				b.Fatal(err)
			}
			defer srv.Close()
			ws := srv.AddWorkspace("Acme", "acme")
			ada := ws.AddUser("Ada Byron", "ada")
			issue := ws.AddTeam("ENG", "Engineering").AddIssue(ada, "Checkout fails", "")
			root := ada.Comment(issue, "root")
			for i := range n - 1 {
				ada.Reply(root, fmt.Sprintf("reply %d", i))
			}
			a, err := linear.New(linear.Config{APIKey: ada.APIKey(), APIURL: srv.GraphQLURL()})
			if err != nil {
				b.Fatal(err)
			}
			if _, err := a.Identity(b.Context(), ws.ID); err != nil {
				b.Fatal(err)
			}
			before, rounds := len(srv.Requests()), 0
			b.ReportAllocs()
			for b.Loop() {
				rounds++
				r := adapter.PageRequest{
					Workspace: ws.ID, Thread: linear.Thread{IssueID: issue.ID, CommentID: root.ID}.ID(), OldestFirst: true, Limit: 250,
				}
				read := 0
				for {
					page, err := a.Messages(b.Context(), r)
					if err != nil {
						b.Fatal(err)
					}
					read += len(page.Messages)
					if r.Cursor = page.Next; r.Cursor == "" {
						break
					}
				}
				if read != n {
					b.Fatalf("%d messages, want %d", read, n)
				}
			}
			b.ReportMetric(float64(len(srv.Requests())-before)/float64(rounds), "requests/op")
		})
	}
}
