package linearapi_test

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
)

// A comment is created under an id of the caller's, so that a second attempt is a
// conflict and not a second comment.
func Example() {
	sim, err := linearsim.Start(linearsim.Config{}) // in place of Linear
	if err != nil {
		fmt.Println(err)
		return
	}
	defer sim.Close()
	ws := sim.AddWorkspace("Acme", "acme")
	ws.AddTeam("ENG", "Engineering").AddIssue(ws.AddUser("Ada Byron", "ada"), "Checkout fails on retry", "")
	app := ws.InstallApp(linearsim.App{Name: "Helper Bot"})

	ctx := context.Background()
	client, err := linearapi.New(linearapi.Config{
		URL: sim.GraphQLURL(), Tokens: linearapi.AccessToken(app.Token()),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.CloseIdleConnections()
	issue, err := client.Issue(ctx, "ENG-1")
	if err != nil {
		fmt.Println(err)
		return
	}
	in := linearapi.CommentCreateInput{ID: uuid.NewString(), IssueID: issue.ID, Body: "On it"}
	comment, err := client.CommentCreate(ctx, in)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s: %s\n", issue.Title, comment.Body)

	_, err = client.CommentCreate(ctx, in)
	entity, _, _ := linearapi.ConflictID(err)
	fmt.Println(adapter.CodeOf(err), entity)
	// Output:
	// Checkout fails on retry: On it
	// conflict Comment
}
