package state_test

import (
	"context"
	"fmt"
	"time"

	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
)

// An entry is appended once, leased, and settled together with a note of its thread.
func Example() {
	ctx := context.Background()
	var store state.Store = memstate.New(memstate.Options{})
	defer store.Close()
	lane := state.Key{Workspace: "W1", Kind: "thread", ID: "linear:issue-1"}

	for range 2 { // the sender repeats it
		r, err := store.Enqueue(ctx, state.Entry{ID: "delivery-1", Lane: lane, Body: []byte("hello")})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(r.Outcome)
	}

	leases, err := store.Lease(ctx, state.LeaseRequest{TTL: time.Minute})
	if err != nil {
		fmt.Println(err)
		return
	}
	l := leases[0]
	fmt.Printf("%s, attempt %d\n", l.Entries[0].Body, l.Entries[0].Attempt)
	err = store.Settle(ctx, l, state.Settlement{
		Verdicts: []state.Verdict{state.Ack("delivery-1")},
		Notes:    []state.NoteWrite{{Name: "greeted", Value: []byte("yes"), TTL: time.Hour}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	notes, err := store.Notes(ctx, lane)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("greeted: %s\n", notes.Values["greeted"])
	// Output:
	// added
	// duplicate
	// hello, attempt 1
	// greeted: yes
}
