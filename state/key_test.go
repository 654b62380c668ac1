package state_test

import (
	"testing"

	"github.com/linearbot/linearbot/state"
)

func FuzzKey(f *testing.F) {
	f.Add("org", "thread", "linear:i:c:c")
	f.Add("", "", "")
	f.Add("a/b%2F", "%25/", "x/y/%z")
	f.Fuzz(func(t *testing.T, workspace, kind, id string) {
		k := state.Key{Workspace: workspace, Kind: kind, ID: id}
		back, ok := state.ParseKey(k.String())
		if !ok || back != k {
			t.Errorf("%q became %+v, want %+v", k.String(), back, k)
		}
		if k.IsZero() != (workspace+kind+id == "") {
			t.Errorf("IsZero of %+v", k)
		}
	})
}

func TestParseKeyRefuses(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "a", "a/b"} {
		if k, ok := state.ParseKey(s); ok {
			t.Errorf("ParseKey(%q) = %+v", s, k)
		}
	}
}

func TestKeyThread(t *testing.T) {
	t.Parallel()
	thread := state.Key{Workspace: "w", Kind: "thread", ID: "linear:i:c:c"}
	for _, k := range []state.Key{
		thread,
		{Workspace: "w", Kind: "thread", ID: "linear:i:c:c#0"},
		{Workspace: "w", Kind: "thread", ID: "linear:i:c:c#1#2"},
		{Workspace: "w", Kind: "urgent", ID: "linear:i:c:c"},
		{Workspace: "w", Kind: "urgent", ID: "linear:i:c:c#"},
	} {
		if got := k.Thread(); got != thread {
			t.Errorf("the thread of %v is %v, want %v", k, got, thread)
		}
	}
}

func TestDeadEntryString(t *testing.T) {
	t.Parallel()
	d := state.DeadEntry{Cause: state.Cause{Code: "permanent", Message: "boom", Stack: "main.go:1"}}
	d.ID, d.Lane, d.Attempt, d.Body = "e1", state.Key{Workspace: "acme", Kind: "thread", ID: "t1"}, 3, []byte("secret")
	if got, want := d.String(), "e1 in acme/thread/t1 after 3 attempts: permanent: boom"; got != want {
		t.Errorf("String() = %q, want %q", got, want)
	}
	d.Attempt, d.Cause.Message = 1, ""
	if got, want := d.String(), "e1 in acme/thread/t1 after 1 attempt: permanent"; got != want {
		t.Errorf("String() = %q, want %q", got, want)
	}
}
