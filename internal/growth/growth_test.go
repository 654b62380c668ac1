package main

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// counted are the packages whose steps count.
const counted = "./internal/growth,./internal/markdown,./internal/heal,./internal/mention,./internal/emoji,./internal/cmdline,./internal/fold,./internal/answer,./bot/card," +
	"github.com/yuin/goldmark/...,strings,bytes,regexp,unicode/utf8,net/url"

// TestGrowth checks that no text takes more than linear effort.
func TestGrowth(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		return // it takes a minute
	}
	// All marks and a part of their pairs; "make growth" takes all parts.
	part := cmp.Or(os.Getenv("GROWTH_PART"), "0")
	mod, err := exec.CommandContext(t.Context(), "go", "env", "GOMOD").Output()
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Dir(strings.TrimSpace(string(mod)))
	bin := filepath.Join(t.TempDir(), "growth")
	build := exec.CommandContext(t.Context(), "go", "build", "-cover", "-covermode=atomic", "-coverpkg="+counted, "-o", bin, "./internal/growth")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	for _, r := range readers() {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), bin, r.name, part)
			cmd.Env = append(os.Environ(), "GOCOVERDIR="+t.TempDir())
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			if len(out) > 0 {
				t.Errorf("\n%s", out[:min(len(out), 4000)])
			}
		})
	}
}
