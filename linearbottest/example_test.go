package linearbottest_test

import (
	"fmt"
	"testing"

	"github.com/linearbot/linearbot"
	"github.com/linearbot/linearbot/linearbottest"
)

// A person mentions the bot, and the test waits for its answer.
func Example() {
	test := func(t *testing.T) {
		t.Parallel()
		s := linearbottest.New(t, linearbot.Config{Register: register})
		root := s.Ada.Comment(s.Issue("Checkout fails"), "@helper-bot hello")
		if got := s.Replies(root, 1); got[0] != "noted" {
			t.Errorf("the bot says %q", got)
		}
	}
	fmt.Printf("%T", test)
	// Output: func(*testing.T)
}

// A conversation that was recorded with "linearbot record" is had again.
func ExampleStage_Send() {
	test := func(t *testing.T) {
		t.Parallel()
		s := linearbottest.New(t, linearbot.Config{Register: register})
		root := s.Send("testdata/comment-create-001.json") // a mention
		s.Send("testdata/comment-create-002.json")         // a reply to it
		if got := s.Replies(root, 2); got[1] != "noted" {
			t.Errorf("the bot says %q", got)
		}
	}
	fmt.Printf("%T", test)
	// Output: func(*testing.T)
}
