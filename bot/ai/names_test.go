package ai_test

import (
	"testing"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/ai"
)

// TestNames names people who have no handle.
func TestNames(t *testing.T) {
	t.Parallel()
	for want, by := range map[string]adapter.User{
		"ann":     {Name: "ann", FullName: "Ann Example"},
		"Ann":     {FullName: "Ann", Email: "a@x.test"},
		"a":       {Email: "a@x.test"},
		"unknown": {ID: "u1", Name: " "},
	} {
		out, err := ai.FromMessages(t.Context(), []*adapter.Message{{Body: "Hi", Author: by}}, ai.MessageOptions{Names: true})
		if err != nil || len(out) != 1 || out[0].Text() != "["+want+"]: Hi" || out[0].Name != want {
			t.Errorf("%+v: %+v, %v", by, out, err)
		}
	}
}
