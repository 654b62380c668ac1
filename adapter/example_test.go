package adapter_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/adaptertest"
)

// A bot routes a delivery before it stores it, and decodes it when the thread's turn
// has come.
func Example() {
	fake := adaptertest.NewFake("helper")
	var platform adapter.Adapter = fake
	d := fake.Said("fake:room:thread", "m1", "ada", "@helper hello")

	route, err := platform.Route(d)
	if err != nil {
		fmt.Println(err)
		return
	}
	self, err := platform.Identity(context.Background(), route.Workspace)
	if err != nil {
		fmt.Println(err)
		return
	}
	event, err := platform.Decode(d, self)
	if err != nil {
		fmt.Println(err)
		return
	}
	if e, ok := event.(*adapter.MessageEvent); ok {
		fmt.Printf("%s in %s: %s\n", e.Message.Author.Name, e.Thread, e.Message.Body)
	}
	// Output: ada in fake:room:thread: @helper hello
}

// A caller decides by the code of an error, whichever adapter returned it.
func ExampleCodeOf() {
	err := fmt.Errorf("posting the report: %w", &adapter.Error{
		Code: adapter.CodeRateLimited, Op: "commentCreate", RetryAfter: time.Minute,
	})
	code := adapter.CodeOf(err)
	fmt.Println(code, code.Retryable())
	fmt.Println(adapter.CodeOf(errors.ErrUnsupported), adapter.CodeOf(nil))
	// Output:
	// rate_limited true
	// unsupported ok
}
