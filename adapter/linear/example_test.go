package linear_test

import (
	"context"
	"fmt"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
)

// An adapter posts a comment as the app, here into a simulated Linear.
func Example() {
	sim, err := linearsim.Start(linearsim.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer sim.Close()
	ws := sim.AddWorkspace("Acme", "acme")
	issue := ws.AddTeam("ENG", "Engineering").AddIssue(ws.AddUser("Ada Byron", "ada"), "Checkout fails on retry", "")
	app := ws.InstallApp(linearsim.App{Name: "Helper Bot", ClientCredentials: true})

	ctx := context.Background()
	lin, err := linear.New(linear.Config{
		ClientID: app.ClientID, ClientSecret: app.ClientSecret,
		APIURL: sim.GraphQLURL(), OAuthURL: sim.URL(), // Linear's own by default
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer lin.CloseIdleConnections()
	self, err := lin.Identity(ctx, "") // the token's own workspace
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = lin.Post(ctx, &adapter.Post{
		Workspace: self.Workspace, Thread: linear.Thread{IssueID: issue.ID}.ID(), Body: "On it", Key: "greeting",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s in %s: %s\n", self.Name, self.WorkspaceName, issue.Comments()[0].Body())
	// Output: helper-bot in Acme: On it
}

func ExampleParseThreadID() {
	t, err := linear.ParseThreadID("linear:2174add1-f7c8-44e3-bbf3-2d60b5ea8bc9:c:8e2b5c1a-3f0d-4d7e-9a61-5b1f0c9d7e42")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("issue:", t.IssueID)
	fmt.Println("root comment:", t.CommentID)
	fmt.Println("channel:", t.Channel())
	// Output:
	// issue: 2174add1-f7c8-44e3-bbf3-2d60b5ea8bc9
	// root comment: 8e2b5c1a-3f0d-4d7e-9a61-5b1f0c9d7e42
	// channel: linear:2174add1-f7c8-44e3-bbf3-2d60b5ea8bc9
}
