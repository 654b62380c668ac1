package linearsim_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
)

// A bot that answers every comment with the same words, tested against an
// in-process Linear.
func Example() {
	srv, err := linearsim.Start(linearsim.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer srv.Close()
	ws := srv.AddWorkspace("Acme", "acme")
	ada := ws.AddUser("Ada Byron", "ada")
	issue := ws.AddTeam("ENG", "Engineering").AddIssue(ada, "Checkout fails on retry", "")
	app := ws.InstallApp(linearsim.App{Name: "Helper Bot"})

	client := &http.Client{Timeout: time.Second}
	bot := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		event, err := io.ReadAll(r.Body)
		if err != nil || strings.Contains(string(event), "@oauthapp.linear.app") {
			return // never answer an app, least of all oneself
		}
		body := `{"query":"mutation{commentCreate(input:{issueId:\"` + issue.Identifier + `\",body:\"on it\"}){success}}"}`
		req, err := http.NewRequestWithContext(r.Context(), http.MethodPost, srv.GraphQLURL(), strings.NewReader(body))
		if err != nil {
			return
		}
		req.Header.Set("Authorization", "Bearer "+app.Token())
		if resp, err := client.Do(req); err == nil {
			_ = resp.Body.Close()
		}
	}))
	defer bot.Close()
	app.SetWebhook(linearsim.Webhook{URL: bot.URL, ResourceTypes: []string{"Comment"}})

	ada.Comment(issue, "@helper-bot can you look?")
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := srv.Flush(ctx); err != nil {
		fmt.Println(err)
	}
	for _, c := range issue.Comments() {
		fmt.Printf("%s: %s\n", c.Author.DisplayName, c.Body())
	}
	// Output:
	// ada: @helper-bot can you look?
	// helper-bot: on it
}
