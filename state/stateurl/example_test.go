package stateurl_test

import (
	"fmt"

	"github.com/linearbot/linearbot/state/stateurl"
)

// The operator of a program chooses the store by its address.
func ExampleOpen() {
	for _, address := range []string{"memory", "postgres://localhost/bot"} {
		store, err := stateurl.Open(address)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Printf("%s: survives the process: %t\n", address, store.Durable())
		if err := store.Close(); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// memory: survives the process: false
	// stateurl: the address is of an unknown kind, "postgres": use memory, file:DIR or redis://host:port/db
}
