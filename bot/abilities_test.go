package bot_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/adaptertest"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/state/memstate"
)

func TestMissingAbilities(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t)
		th := w.handle(thread)
		ctx := t.Context()
		for name, call := range map[string]func() error{
			"edit":    func() error { _, err := th.Edit(ctx, "m", bot.Text("x")); return err },
			"delete":  func() error { return th.Delete(ctx, "m") },
			"react":   func() error { return th.React(ctx, "m", "+1") },
			"unreact": func() error { return th.Unreact(ctx, "m", "+1") },
			"resolve": func() error { return th.Resolve(ctx) },
			"reopen":  func() error { return th.Unresolve(ctx) },
			"history": func() error {
				for _, err := range th.Messages(ctx) {
					return err
				}
				return nil
			},
			"participants": func() error { _, err := th.Participants(ctx); return err },
			"subject":      func() error { _, err := th.Subject(ctx); return err },
			"upload":       func() error { _, err := th.Upload(ctx, adapter.Upload{}); return err },
			"open":         func() error { _, err := th.Open(ctx, "u", 0); return err },
			"user":         func() error { _, err := w.bot.Workspace("W1").User(ctx, adapter.UserQuery{ID: "ada"}); return err },
		} {
			err := call()
			if !errors.Is(err, errors.ErrUnsupported) || adapter.CodeOf(err) != adapter.CodeUnsupported || !strings.Contains(err.Error(), "fake") {
				t.Errorf("%s: %v, want an error that is errors.ErrUnsupported and names the adapter", name, err)
			}
		}
		if err := th.Typing(ctx, "thinking"); err != nil {
			t.Errorf("typing: %v, want nothing to happen", err)
		}
	})
}

// able is a Fake that can do more. It writes down what it is asked for.
type able struct {
	*adaptertest.Fake

	asked []string
	pages int
	stuck bool
}

func (a *able) ask(format string, args ...any) {
	a.asked = append(a.asked, fmt.Sprintf(format, args...))
}

func (a *able) React(_ context.Context, r adapter.Ref, emoji string) error {
	a.ask("react %s %s %s", r.Workspace, r.MessageID, emoji)
	return nil
}

func (a *able) Unreact(_ context.Context, r adapter.Ref, emoji string) error {
	a.ask("unreact %s %s %s", r.Workspace, r.MessageID, emoji)
	return nil
}

func (a *able) Edit(_ context.Context, r adapter.Ref, body string) (*adapter.Message, error) {
	a.ask("edit %s %s", r.MessageID, body)
	return &adapter.Message{ID: r.MessageID, Body: body}, nil
}

func (a *able) Delete(_ context.Context, r adapter.Ref) error {
	a.ask("delete %s", r.MessageID)
	return nil
}

func (a *able) Messages(_ context.Context, r adapter.PageRequest) (*adapter.Page, error) {
	a.pages++
	n := 0
	if r.Cursor != "" {
		n, _ = strconv.Atoi(r.Cursor)
	}
	page := &adapter.Page{}
	for i := n; i < n+2 && i < 5; i++ {
		author := adapter.User{ID: fmt.Sprint("u", i%2), Kind: adapter.UserHuman}
		if i == 4 {
			author = adapter.User{ID: "robot", Kind: adapter.UserApp}
		}
		page.Messages = append(page.Messages, &adapter.Message{ID: fmt.Sprint("m", i), Author: author})
	}
	switch {
	case a.stuck:
		page.Next = "2"
	case n+2 < 5:
		page.Next = strconv.Itoa(n + 2)
	}
	return page, nil
}

func (a *able) Threads(context.Context, adapter.PageRequest) (*adapter.ThreadPage, error) {
	return &adapter.ThreadPage{}, nil
}

func TestAbilities(t *testing.T) {
	t.Parallel()
	a := &able{Fake: adaptertest.NewFake("helper")}
	store := memstate.New(memstate.Options{})
	defer store.Close()
	b, err := bot.New(bot.Config{Adapter: a, Store: store})
	if err != nil {
		t.Fatal(err)
	}
	th, err := b.Workspace("W1").Thread(thread)
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	if err := th.React(ctx, "m1", "thumbs_up"); err != nil {
		t.Fatal(err)
	}
	if err := th.Unreact(ctx, "m1", "👍"); err != nil {
		t.Fatal(err)
	}
	if _, err := th.Edit(ctx, "m1", bot.Markdown("done {{emoji:check}}")); err != nil {
		t.Fatal(err)
	}
	if _, err := th.Edit(ctx, "m1", bot.Text("")); !errors.Is(err, bot.ErrEmpty) {
		t.Errorf("edit to nothing: %v, want ErrEmpty", err)
	}
	if err := th.Delete(ctx, "m1"); err != nil {
		t.Fatal(err)
	}
	want := []string{"react W1 m1 👍", "unreact W1 m1 👍", "edit m1 done ✅", "delete m1"}
	if diff := cmp.Diff(want, a.asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}

	var ids []string
	for m, err := range th.AllMessages(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, m.ID)
	}
	if diff := cmp.Diff([]string{"m0", "m1", "m2", "m3", "m4"}, ids); diff != "" || a.pages != 3 {
		t.Errorf("history in %d pages (-want +got):\n%s", a.pages, diff)
	}
	people, err := th.Participants(ctx)
	if err != nil || len(people) != 2 {
		t.Errorf("participants %+v, %v, want two people", people, err)
	}
	// Who stops early asks for no further page.
	a.pages = 0
	for _, err := range th.Messages(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		break
	}
	if a.pages != 1 {
		t.Errorf("%d pages for one message", a.pages)
	}
	// A platform that repeats itself does not make an endless history.
	a.stuck = true
	var last error
	for _, err := range th.Messages(ctx) {
		last = err
	}
	if adapter.CodeOf(last) != adapter.CodeUnavailable {
		t.Errorf("endless history ended with %v", last)
	}
	// A turn that was told to stop writes nothing more.
	gone, cancel := context.WithCancelCause(ctx)
	cancel(bot.ErrLeaseLost)
	asked := len(a.asked)
	for _, err := range []error{
		th.React(gone, "m1", "x"), th.Unreact(gone, "m1", "x"), th.Delete(gone, "m1"),
	} {
		if !errors.Is(err, bot.ErrLeaseLost) {
			t.Errorf("write after the end: %v, want the cause", err)
		}
	}
	if len(a.asked) != asked {
		t.Errorf("it was asked %v after the end", a.asked[asked:])
	}
}
