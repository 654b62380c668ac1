package filestate_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/filestate"
)

// What was enqueued survives the process.
func ExampleOpen() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "linearbot")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()

	store, err := filestate.Open(dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	lane := state.Key{Workspace: "W1", Kind: "thread", ID: "linear:issue-1"}
	_, err = store.Enqueue(ctx, state.Entry{ID: "delivery-1", Lane: lane, Body: []byte("hello")})
	if err != nil {
		fmt.Println(err)
	}
	if err := store.Close(); err != nil {
		fmt.Println(err)
	}

	store, err = filestate.Open(dir) // the next process
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close()
	leases, err := store.Lease(ctx, state.LeaseRequest{TTL: time.Minute})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s\n", leases[0].Entries[0].Body)
	// Output: hello
}
