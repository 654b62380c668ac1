package workspaces_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear"
	"github.com/linearbot/linearbot/adapter/linear/workspaces"
	"github.com/linearbot/linearbot/state/memstate"
)

// A bot that any workspace can install: the registry serves the pages, and the adapter
// gets its tokens from it.
func Example() {
	store := memstate.New(memstate.Options{})
	defer store.Close()
	keys, err := workspaces.ParseKeys(workspaces.GenerateKey()) // usually LINEAR_ENCRYPTION_KEY
	if err != nil {
		fmt.Println(err)
		return
	}
	registry, err := workspaces.New(workspaces.Config{
		ClientID: "client-id", ClientSecret: "client-secret", PublicURL: "https://bot.example.com",
		Store: store, Keys: keys,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	pages := make(map[string]http.Handler) // for webhook.Config.Pages
	for _, path := range registry.Paths() {
		pages[path] = registry.Handler()
	}
	lin, err := linear.New(linear.Config{Installations: registry})
	if err != nil {
		fmt.Println(err)
		return
	}

	fmt.Println("install at", registry.InstallURL())
	_, err = lin.Identity(context.Background(), "f1a2b3c4-0000-4000-8000-000000000001")
	fmt.Println("not installed:", errors.Is(err, adapter.ErrNotInstalled))
	// Output:
	// install at https://bot.example.com/linear/install
	// not installed: true
}
