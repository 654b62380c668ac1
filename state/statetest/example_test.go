package statetest_test

import (
	"fmt"
	"testing"

	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
	"github.com/linearbot/linearbot/state/statetest"
)

// The test of a store of your own has this form.
func ExampleRun() {
	test := func(t *testing.T) {
		statetest.Run(t, statetest.Harness{
			Open: func(*testing.T) state.Store { return memstate.New(memstate.Options{}) },
		})
	}
	fmt.Printf("%T", test)
	// Output: func(*testing.T)
}
