package play

import (
	"context"
	"strings"
	"testing"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
)

// still is a program that does nothing.
type still struct{}

func (still) Status() Status                 { return Status{State: Running} }
func (still) Lines(int) []Line               { return nil }
func (still) Start()                         {}
func (still) Stop()                          {}
func (still) Restart()                       {}
func (still) Wait(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }

// What many pages show is rendered once after a change, and each person sees their
// own.
func TestFramesAreShared(t *testing.T) {
	t.Parallel()
	s := linearsim.NewWith(t, linearsim.Config{Clock: linearsim.NewRunningClock()})
	p, err := New(Config{World: s.Server, App: s.App, Bot: still{}})
	if err != nil {
		t.Fatal(err)
	}
	gen, _ := p.hub.changed()
	ada := p.frames.of(p, s.Issue, s.Ada, gen)
	if p.frames.of(p, s.Issue, s.Ada, gen) != ada || len(ada.threads) != 0 {
		t.Error("the frame is rendered again, or has threads")
	}
	s.Ada.Comment(s.Issue, "a comment of mine")
	p.hub.tell()
	gen, _ = p.hub.changed()
	ada, bob := p.frames.of(p, s.Issue, s.Ada, gen), p.frames.of(p, s.Issue, s.Bob, gen)
	if len(ada.threads) != 1 || len(bob.threads) != 1 {
		t.Fatalf("after the comment there are %d and %d threads", len(ada.threads), len(bob.threads))
	}
	if !strings.Contains(string(ada.threads[0].HTML), "data-edit") || strings.Contains(string(bob.threads[0].HTML), "data-edit") {
		t.Error("the comment can be edited by everyone or no one")
	}
	for range maxFrames + 10 {
		p.frames.of(p, s.Team.AddIssue(s.Ada, "another", ""), s.Ada, gen)
	}
	if n := len(p.frames.all); n > maxFrames {
		t.Errorf("%d frames are kept", n)
	}
}

// A text that no one can read on a page is shown in part.
func TestLongTextsAreClipped(t *testing.T) {
	t.Parallel()
	s := linearsim.NewWith(t, linearsim.Config{Clock: linearsim.NewRunningClock()})
	p, err := New(Config{World: s.Server, App: s.App, Bot: still{}})
	if err != nil {
		t.Fatal(err)
	}
	s.Ada.Comment(s.Issue, strings.Repeat("é", maxShown))
	gen, _ := p.hub.changed()
	got := string(p.frames.of(p, s.Issue, s.Ada, gen).threads[0].HTML)
	if len(got) > 2*maxShown || strings.Contains(got, "data-edit") || !strings.Contains(got, "101 kB more are not shown") || strings.Contains(got, "\ufffd") {
		t.Errorf("%d bytes: %.200s", len(got), got)
	}
	if got := string(shown([]byte(`"` + strings.Repeat("x", 2*maxShown) + `"`))); len(got) > 2*maxShown || !strings.Contains(got, "more are not shown") {
		t.Errorf("of JSON: %d bytes", len(got))
	}
}
