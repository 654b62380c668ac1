package memstate_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
)

// Of two writers that read the same value, one wins.
func ExampleStore_CompareAndSet() {
	ctx := context.Background()
	store := memstate.New(memstate.Options{})
	defer store.Close()
	k := state.Key{Workspace: "W1", Kind: "counter", ID: "visits"}

	if err := store.CompareAndSet(ctx, k, nil, []byte("1"), 0); err != nil { // nil: there is no value yet
		fmt.Println(err)
	}
	err := store.CompareAndSet(ctx, k, nil, []byte("1"), 0)
	fmt.Println("conflict:", errors.Is(err, state.ErrConflict))
	// Output: conflict: true
}
