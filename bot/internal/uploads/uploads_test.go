package uploads_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/uploads"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/state/memstate"
)

// host stores files under numbers.
type host struct {
	under string
	names []string
	fail  error
}

func (h *host) Upload(_ context.Context, f adapter.Upload) (string, error) {
	if h.fail != nil {
		return "", h.fail
	}
	h.names = append(h.names, f.Name)
	return "https://files.test/" + h.under + strconv.Itoa(len(h.names)), nil
}

func TestLinks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, kind, under, want string }{
		{name: "odd", under: "a) b>/", want: "[odd](https://files.test/a%29%20b%3E/1)"},
		{name: "a.png", want: "![a.png](https://files.test/1)"},
		{name: "a.PNG", kind: "image/png", want: "![a.PNG](https://files.test/1)"},
		{name: "a.png", kind: "application/octet-stream", want: "[a.png](https://files.test/1)"},
		{name: "a", kind: "Image/x-own", want: "![a](https://files.test/1)"},
		{name: "data", want: "[data](https://files.test/1)"},
		{name: `C:\logs\x [1]_`, want: `[x \[1\]\_](https://files.test/1)`},
		{name: "/tmp/a\nb<@ada>`", want: "[a b\\<@ada>\\`](https://files.test/1)"},
	} {
		post := uploads.Post{To: &host{under: c.under}}
		got, err := post.Link(t.Context(), []adapter.Upload{{Name: c.name, Type: c.kind}})
		if err != nil || got != c.want {
			t.Errorf("%s: %q, %v, want %q", c.name, got, err, c.want)
		}
	}
}

// TestAnotherRun: what a run has uploaded is linked where it is, in any order, and two
// files that look alike are two.
func TestAnotherRun(t *testing.T) {
	t.Parallel()
	store := memstate.New(memstate.Options{})
	defer store.Close()
	value := notes.New(store).Value(notes.Files, "W1", "post")
	h := &host{}
	post := uploads.Post{To: h, Kept: &value, Alive: func(ctx context.Context) error { return ctx.Err() }}
	file := func(name string, size int64) adapter.Upload {
		return adapter.Upload{Name: name, Type: "x/y", Size: size}
	}
	if _, err := post.Link(t.Context(), []adapter.Upload{file("a", 1), file("b", 1), file("a", 1)}); err != nil {
		t.Fatal(err)
	}
	got, err := post.Link(t.Context(), []adapter.Upload{file("b", 1), file("a", 1), file("a", 1), file("a", 2)})
	want := "[b](https://files.test/2)\n\n[a](https://files.test/1)\n\n[a](https://files.test/3)\n\n[a](https://files.test/4)"
	if err != nil || got != want || strings.Join(h.names, " ") != "a b a a" {
		t.Errorf("linked %q, %v, after uploads of %q", got, err, h.names)
	}
}

// TestARunThatEnds keeps nothing any more, and an upload that fails is the error.
func TestARunThatEnds(t *testing.T) {
	t.Parallel()
	store := memstate.New(memstate.Options{})
	defer store.Close()
	value := notes.New(store).Value(notes.Files, "W1", "post")
	gone := errors.New("another process has the turn")
	post := uploads.Post{To: &host{}, Kept: &value, Alive: func(context.Context) error { return gone }}
	if _, err := post.Link(t.Context(), []adapter.Upload{{Name: "a"}}); !errors.Is(err, gone) {
		t.Errorf("error %v, want %v", err, gone)
	}
	if kept, err := value.Get(t.Context()); kept != nil || err != nil {
		t.Errorf("kept %q, %v", kept, err)
	}
	post = uploads.Post{To: &host{fail: gone}}
	if _, err := post.Link(t.Context(), []adapter.Upload{{Name: "a"}}); !errors.Is(err, gone) {
		t.Errorf("error %v of an upload that fails", err)
	}
}
