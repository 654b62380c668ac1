package workspaces

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if os.Getenv(childVar) != "" {
		os.Exit(runChild()) //nolint:forbidigo // a process of its own, see process_test.go
	}
	goleak.VerifyTestMain(m)
}
