package main

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/linearbot/linearbot"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/bottest"
	"github.com/linearbot/linearbot/linearbottest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"hello": main})
}

// A bot of a few lines has all commands of the binary.
func TestCommands(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{Dir: "testdata"})
}

// The README contains main.go verbatim.
func TestReadme(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(readme), "```go\npackage main\n")
	block, _, ok := strings.Cut(block, "```")
	if !ok {
		t.Fatal("the README has no program")
	}
	if diff := cmp.Diff(string(program), "package main\n"+block); diff != "" {
		t.Errorf("the README's bot (-main.go +README):\n%s", diff)
	}
	if n := strings.Count(string(program), "\n"); n > 20 {
		t.Errorf("the README's bot has %d lines, want at most 20", n)
	}
}

func TestHello(t *testing.T) {
	t.Parallel()
	k := bottest.New(t, bot.Config{}, register)
	th := k.NewThread()
	k.User("ada").Say(th, "hello everyone")
	k.User("ada").Mention(th, "hello")
	th.ExpectExactly("Hello **from Linear**")
}

// The same on a full stage.
func TestStage(t *testing.T) {
	t.Parallel()
	s := linearbottest.New(t, linearbot.Config{Register: register})
	root := s.Ada.Comment(s.Issue("Checkout fails"), "@helper-bot hello")
	if diff := cmp.Diff([]string{"Hello **from Linear**"}, s.Replies(root, 1)); diff != "" {
		t.Errorf("replies (-want +got):\n%s", diff)
	}
}
