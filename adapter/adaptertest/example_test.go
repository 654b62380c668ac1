package adaptertest_test

import (
	"context"
	"fmt"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/adaptertest"
)

// A person writes, the bot answers twice with the same key, and reacts.
func ExamplePlatform() {
	ctx := context.Background()
	const thread = "fake:room:t1"
	p := adaptertest.NewPlatform("helper")
	p.Said(thread, "m1", "ada", "@helper hello")
	answer := &adapter.Post{Workspace: "W1", Thread: thread, Body: "Hello ada", Key: "answer to m1"}
	for range 2 {
		if _, err := p.Post(ctx, answer); err != nil {
			fmt.Println(err)
		}
	}
	if err := p.React(ctx, adapter.Ref{Workspace: "W1", Thread: thread, MessageID: "m1"}, "wave"); err != nil {
		fmt.Println(err)
	}

	fmt.Println("calls:", p.PostCalls(), "posts:", p.Posted(thread))
	for _, r := range p.Reactions("W1", thread, "m1") {
		fmt.Println("reaction:", r.Emoji)
	}
	// Output:
	// calls: 2 posts: [Hello ada]
	// reaction: wave
}
