package ticketing_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/state/memstate"
	"github.com/linearbot/linearbot/ticketing"
)

// An API over a simulated Linear, with a ticket that is created by one request.
func ExampleNew() {
	linear, err := linearsim.Start(linearsim.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer linear.Close()
	ws := linear.AddWorkspace("Acme", "acme")
	ws.AddUser("Ada Byron", "ada")
	ws.AddTeam("ENG", "Engineering")
	client, err := linearapi.New(linearapi.Config{URL: linear.GraphQLURL(), Tokens: linearapi.AccessToken(ws.InstallApp(linearsim.App{Name: "Desk"}).Token())})
	if err != nil {
		fmt.Println(err)
		return
	}
	store := memstate.New(memstate.Options{}) // stateurl.Open for one that lasts
	defer store.Close()

	api, err := ticketing.New(ticketing.Config{
		Prefix:      "/ticketing",
		Store:       store,
		Connections: ticketing.Static{{ID: ws.ID, Client: client, AppActor: true}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("/ticketing/", api) // and api.Run(ctx) beside the server, for its queue
	_, secret, err := api.Tokens().Create(context.Background(), ticketing.Token{Name: "Help desk", Role: ticketing.RoleAgent})
	if err != nil {
		fmt.Println(err)
		return
	}

	req := httptest.NewRequest(http.MethodPost, "/ticketing/unified/ticketing/tickets?fields=number,name", strings.NewReader(`{"name": "Checkout fails", "team": "ENG"}`))
	req.Header.Set("Authorization", "Bearer "+secret)
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, req)
	body, _ := io.ReadAll(w.Body)
	fmt.Println(w.Code, strings.Contains(string(body), `"number":"ENG-1"`))
	// Output: 201 true
}
