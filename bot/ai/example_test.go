package ai_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/ai"
	"github.com/linearbot/linearbot/state/memstate"
)

// What people and the bot said, as a model takes it.
func ExampleFromMessages() {
	messages, err := ai.FromMessages(context.Background(), []*adapter.Message{
		{Author: adapter.User{Name: "ada", Kind: adapter.UserHuman}, Body: "@helper why is the build red?"},
		{Author: adapter.User{Name: "helper", Kind: adapter.UserSelf}, Body: "It is the lint step."},
		{Author: adapter.User{Name: "bob", Kind: adapter.UserHuman}, Body: "Thanks!"},
	}, ai.MessageOptions{Names: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, m := range messages {
		fmt.Printf("%s: %s\n", m.Role, m.Text())
	}
	// Output:
	// user: [ada]: @helper why is the build red?
	// assistant: It is the lint step.
	// user: [bob]: Thanks!
}

// Tools that may write, but only what the bot agrees to.
func ExampleTools() {
	store := memstate.New(memstate.Options{})
	defer store.Close()
	platform := newRoom()
	b, err := bot.New(bot.Config{Adapter: platform, Store: store})
	if err != nil {
		fmt.Println(err)
		return
	}
	thread, err := b.Workspace("W1").Thread("fake:room:t1")
	if err != nil {
		fmt.Println(err)
		return
	}
	tools := ai.Tools(thread, ai.ToolOptions{
		Preset: ai.PresetAll,
		Approve: func(_ context.Context, c ai.Call) (bool, error) {
			return c.Tool == "post_message", nil
		},
	})
	// What a model asked for:
	for _, call := range []struct{ name, args string }{
		{"post_message", `{"text":"On it"}`},
		{"post_message", `{"message":"On it"}`},
		{"resolve_thread", `{}`},
	} {
		for _, tool := range tools {
			if tool.Name != call.name {
				continue
			}
			result, err := tool.Call(context.Background(), []byte(call.args))
			if refused, ok := errors.AsType[*ai.Error](err); ok && refused.Code != ai.CodeStopped {
				result = refused.Result()
			}
			fmt.Println(string(result))
		}
	}
	// Output:
	// {"message_id":"post-0","thread_id":"fake:room:t1"}
	// {"error":"invalid_arguments","message":"there is no parameter \"message\": the parameters are text"}
	// {"error":"not_approved","message":"the call was not approved: do not make it again unless you are asked to"}
}
