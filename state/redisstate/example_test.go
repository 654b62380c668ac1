package redisstate_test

import (
	"fmt"

	"github.com/linearbot/linearbot/state/redisstate"
)

// The store of a bot that shares a Redis Cluster with others. It connects when it is
// first used.
func ExampleOpenOptions() {
	store, err := redisstate.OpenOptions("redis+cluster://10.0.0.1:6379,10.0.0.2:6379", redisstate.Options{
		Prefix:     "my-bot",
		MaxEntries: 1_000_000, // beyond it, deliveries are refused and Linear retries
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close()
	fmt.Println("survives the process:", store.Durable())
	// Output: survives the process: true
}
