package dev_test

import (
	"fmt"
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	if address := os.Getenv(placeEnv); address != "" {
		if err := child(address); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1) //nolint:forbidigo // it is another process, without tests
		}
		return
	}
	m.Run()
}
