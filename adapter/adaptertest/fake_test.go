package adaptertest_test

import (
	"fmt"
	"testing"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/adaptertest"
)

func TestFakeConforms(t *testing.T) {
	t.Parallel()
	f := adaptertest.NewFake("helper")
	n := 0
	adaptertest.Run(t, adaptertest.Harness{
		Adapter:   f,
		Workspace: "W1",
		Thread:    "fake:room:t1",
		NoThread:  "fake:room:nowhere",
		Say: func(_ *testing.T, text string) *adapter.Delivery {
			n++
			return f.Said("fake:room:t1", fmt.Sprintf("m%d", n), "ada", text)
		},
		Texts: func(*testing.T) []string { return f.Posted("fake:room:t1") },
	})
}
