package ai_test

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/adaptertest"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/state/memstate"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// room is a platform with a past. Message m{i} was said in its thread at minute
// i. It writes down what it is asked to change.
type room struct {
	*adaptertest.Fake

	past []*adapter.Message // oldest first

	mu    sync.Mutex
	asked []string
	reads int
	fail  error
}

var start = time.Date(2026, 10, 2, 9, 0, 0, 0, time.UTC)

func newRoom() *room { return &room{Fake: adaptertest.NewFake("helper")} }

// say adds to the past.
func (r *room) say(in adapter.ThreadID, by adapter.User, text string) {
	n := len(r.past)
	m := &adapter.Message{ID: "m" + strconv.Itoa(n), Thread: in, Author: by, Body: text, CreatedAt: start.Add(time.Duration(n) * time.Minute)}
	r.past = append(r.past, m)
}

func (r *room) did(format string, args ...any) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		return r.fail
	}
	r.asked = append(r.asked, fmt.Sprintf(format, args...))
	return nil
}

func (r *room) log() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.asked)
}

func (r *room) Messages(_ context.Context, q adapter.PageRequest) (*adapter.Page, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reads++
	if r.fail != nil {
		return nil, r.fail
	}
	var all []*adapter.Message
	for _, m := range r.past {
		if m.Thread == q.Thread {
			all = append(all, m)
		}
	}
	if !q.OldestFirst {
		slices.Reverse(all)
	}
	from, _ := strconv.Atoi(q.Cursor)
	to := min(from+10, len(all))
	page := &adapter.Page{Messages: all[from:to]}
	if to < len(all) {
		page.Next = strconv.Itoa(to)
	}
	return page, nil
}

func (r *room) Threads(context.Context, adapter.PageRequest) (*adapter.ThreadPage, error) {
	return &adapter.ThreadPage{}, nil
}

func (r *room) Edit(_ context.Context, at adapter.Ref, body string) (*adapter.Message, error) {
	return &adapter.Message{ID: at.MessageID, Thread: at.Thread, Body: body}, r.did("edit %s %s %s", at.Thread, at.MessageID, body)
}

func (r *room) Delete(_ context.Context, at adapter.Ref) error {
	return r.did("delete %s %s", at.Thread, at.MessageID)
}

func (r *room) React(_ context.Context, at adapter.Ref, emoji string) error {
	return r.did("react %s %q %s", at.Thread, at.MessageID, emoji)
}

func (r *room) Unreact(_ context.Context, at adapter.Ref, emoji string) error {
	return r.did("unreact %s %q %s", at.Thread, at.MessageID, emoji)
}

func (r *room) SetResolved(_ context.Context, _ string, thread adapter.ThreadID, resolved bool) error {
	return r.did("resolved %s %t", thread, resolved)
}

func (r *room) Typing(_ context.Context, _ string, thread adapter.ThreadID, status string) error {
	return r.did("typing %s %s", thread, status)
}

func (r *room) Subject(context.Context, string, adapter.ThreadID) (*adapter.Issue, error) {
	return &adapter.Issue{
		ID: "i1", Identifier: "ENG-1", Title: "Checkout <fails>", Description: "It does.", URL: "https://linear.app/acme/issue/ENG-1",
		State: adapter.IssueState{Name: "Todo", Type: "unstarted"}, Assignee: &adapter.User{ID: "u-ada", Name: "ada", Email: "ada@acme.test", Kind: adapter.UserHuman},
		Labels: []adapter.Label{{Name: "bug"}}, Team: adapter.Team{Name: "Engineering"},
	}, nil
}

func (r *room) User(_ context.Context, workspace string, q adapter.UserQuery) (*adapter.User, error) {
	if q.ID == "u-gil" {
		return &adapter.User{ID: "u-gil", Name: "gil", Guest: true, Kind: adapter.UserHuman}, nil
	}
	if q.Name != "ada" && q.ID != "u-ada" {
		return nil, &adapter.Error{Code: adapter.CodeNotFound, Op: "user", Message: "there is no such user"}
	}
	return &adapter.User{ID: "u-ada", Name: "ada", FullName: "Ada Byron", Email: "ada@" + strings.ToLower(workspace) + ".test", Kind: adapter.UserHuman}, nil
}

func (r *room) Open(_ context.Context, _, url string, limit int64) (*adapter.File, error) {
	if err := r.did("open %s", url); err != nil {
		return nil, err
	}
	return &adapter.File{ReadCloser: io.NopCloser(io.LimitReader(strings.NewReader("data of "+url), limit)), Type: "text/plain", Size: -1}, nil
}

func person(name string) adapter.User {
	return adapter.User{ID: "u-" + name, Name: name, FullName: name, Kind: adapter.UserHuman}
}

func self() adapter.User { return adapter.User{ID: "bot-user", Name: "helper", Kind: adapter.UserSelf} }

const here adapter.ThreadID = "fake:room:t1"

// threadOf returns a bot in the room and its handle on a thread.
func threadOf(tb testing.TB, r adapter.Adapter) (*bot.Bot, *bot.Thread) {
	tb.Helper()
	store := memstate.New(memstate.Options{})
	tb.Cleanup(func() { _ = store.Close() })
	b, err := bot.New(bot.Config{Adapter: r, Store: store})
	if err != nil {
		tb.Fatal(err)
	}
	th, err := b.Workspace("W1").Thread(here)
	if err != nil {
		tb.Fatal(err)
	}
	return b, th
}
