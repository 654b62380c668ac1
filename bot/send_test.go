package bot_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/adaptertest"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/state/memstate"
)

// rewriter is a platform that rewrites what is posted, lets messages be edited,
// and asks for the secret of its ids.
type rewriter struct {
	*adaptertest.Fake

	// frozen keeps messages from being edited.
	frozen bool
	secret func(context.Context) ([]byte, error)

	mu    sync.Mutex
	edits []string
}

func (r *rewriter) UseSecret(source func(context.Context) ([]byte, error)) { r.secret = source }

func (r *rewriter) Post(ctx context.Context, p *adapter.Post) (*adapter.Message, error) {
	m, err := r.Fake.Post(ctx, p)
	if err == nil {
		m.Body = "* " + m.Body // as Linear writes lists
	}
	return m, err
}

func (r *rewriter) Edit(_ context.Context, ref adapter.Ref, body string) (*adapter.Message, error) {
	if r.frozen {
		return nil, &adapter.Error{Code: adapter.CodeAppendOnly, Op: "edit"}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.edits = append(r.edits, body)
	return &adapter.Message{ID: ref.MessageID, Thread: ref.Thread, Body: body}, nil
}

func (r *rewriter) Delete(context.Context, adapter.Ref) error { return nil }

// TestSameKey runs a turn again. What it posts the second time stands there in the
// end, with one message and no edit without a reason.
func TestSameKey(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		frozen bool
		texts  []string // of the runs
		stream bool
		edits  []string
		differ int64
	}{
		{name: "the same words", texts: []string{"A", "A"}},
		{name: "the same words, three times", texts: []string{"A", "A", "A"}},
		{name: "other words", texts: []string{"A", "B"}, edits: []string{"B"}},
		{name: "other words, and those again", texts: []string{"A", "B", "B"}, edits: []string{"B"}},
		{name: "there and back", texts: []string{"A", "B", "A"}, edits: []string{"B", "A"}},
		{name: "other words where nothing changes", frozen: true, texts: []string{"A", "B"}, differ: 1},
		{name: "the same words where nothing changes", frozen: true, texts: []string{"A", "A"}},
		{name: "a stream of other words", stream: true, texts: []string{"A", "B"}, edits: []string{"B"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				store := memstate.New(memstate.Options{})
				defer store.Close()
				r := &rewriter{Fake: adaptertest.NewFake("helper"), frozen: tc.frozen}
				w := newTest(t, withPlatform(r, r.Fake), withStore(store), withSteadyBackoff())
				b := w.bot
				runs := 0
				b.OnNewMention(func(ctx context.Context, th *bot.Thread, _ *bot.Message) error {
					runs++
					text := tc.texts[runs-1]
					c := bot.Text(text)
					if tc.stream {
						c = bot.Stream(func(yield func(string, error) bool) { yield(text, nil) })
					}
					if _, err := th.Post(ctx, c); err != nil {
						return err
					}
					if runs < len(tc.texts) {
						return errBoom
					}
					return nil
				})
				w.say("ada", "@helper")
				w.run(time.Hour)
				if runs != len(tc.texts) {
					t.Errorf("%d runs", runs)
				}
				if diff := cmp.Diff(tc.edits, r.edits); diff != "" {
					t.Errorf("edits (-want +got):\n%s", diff)
				}
				if got := b.Counts()["differs"]; got != tc.differ {
					t.Errorf("%d posts differ, want %d", got, tc.differ)
				}
				if got := w.fake.Posted(thread); len(got) != 1 {
					t.Errorf("posted %q", got)
				}
			})
		})
	}
}

// TestWriteSecret checks that instances that share a store or a setting share the
// secret of the ids, and others do not.
func TestWriteSecret(t *testing.T) {
	t.Parallel()
	store := memstate.New(memstate.Options{})
	defer store.Close()
	secretOf := func(store *memstate.Store, configured string) string {
		r := &rewriter{Fake: adaptertest.NewFake("helper")}
		if _, err := bot.New(bot.Config{Adapter: r, Store: store, Secret: configured}); err != nil {
			t.Fatal(err)
		}
		var all [4]string
		var wg sync.WaitGroup
		for i := range all {
			wg.Go(func() {
				secret, err := r.secret(t.Context())
				if err != nil || len(secret) < 32 {
					t.Errorf("secret of %d bytes, %v", len(secret), err)
				}
				all[i] = string(secret)
			})
		}
		wg.Wait()
		for _, s := range all {
			if s != all[0] {
				t.Error("one instance has two secrets")
			}
		}
		return all[0]
	}
	other := memstate.New(memstate.Options{})
	defer other.Close()
	const configured = "sixteen bytes, at the least"
	kept, set := secretOf(store, ""), secretOf(store, configured)
	switch {
	case secretOf(store, "") != kept:
		t.Error("two instances on one store have two secrets")
	case secretOf(other, configured) != set:
		t.Error("two instances with one setting have two secrets")
	case secretOf(other, "") == kept, set == kept, set == configured:
		t.Error("the secret is that of others")
	}
	if _, err := bot.New(bot.Config{Adapter: adaptertest.NewFake("x"), Store: store, Secret: "short"}); err == nil {
		t.Error("a short secret is taken")
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	r := &rewriter{Fake: adaptertest.NewFake("helper")}
	if _, err := bot.New(bot.Config{Adapter: r, Store: other}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.secret(t.Context()); adapter.CodeOf(err) != adapter.CodeUnavailable {
		t.Errorf("without a store: %v, want unavailable", err)
	}
}

// TestDataEvents has the handlers of OnEvent get what no other gets.
func TestDataEvents(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		ev   *adapter.DataEvent
		want []string
	}{
		{&adapter.DataEvent{ID: "x"}, []string{"x"}},
		{&adapter.DataEvent{Meta: adapter.Meta{Actor: adapter.User{ID: "bot-user", Kind: adapter.UserSelf}}, ID: "x"}, []string{}},
	} {
		synctest.Test(t, func(t *testing.T) {
			o := newScripted()
			w := newTest(t, withPlatform(o, o.Fake))
			w.bot.OnEvent(func(_ context.Context, turn *bot.Turn) error {
				if ev, ok := turn.Event().(*adapter.DataEvent); ok {
					w.note("%s", ev.ID)
				}
				return nil
			})
			w.event(o, c.ev)
			w.run(time.Second)
			w.noted(c.want...)
		})
	}
}

var errDown = errors.New("down")

// TestSynced has a thread that is synced: the first message says so, the others
// remember, and without it the history is asked.
func TestSynced(t *testing.T) {
	t.Parallel()
	slack := []adapter.Sync{{Service: "slack", ID: "1"}}
	root := &adapter.Message{ID: "m1", Author: adapter.User{ID: "ada", Kind: adapter.UserHuman}, Body: "@helper", SyncedWith: slack}
	plain := *root
	plain.SyncedWith = nil
	reply := func(id string) *adapter.Message {
		m := plain
		m.ID, m.ParentID = id, "m1"
		return &m
	}
	for _, c := range []struct {
		name    string
		history *adapter.Page
		err     error
		first   *adapter.Message
		want    []string
		asked   int
	}{
		{"the first message says so", nil, errDown, root, []string{"m1 slack", "m2 slack"}, 0},
		{"the history says so", &adapter.Page{Messages: []*adapter.Message{root}}, nil, reply("m1"), []string{"m1 slack", "m2 slack"}, 1},
		{"it is not", &adapter.Page{Messages: []*adapter.Message{&plain}}, nil, reply("m1"), []string{"m1", "m2"}, 2},
		{"there is no history", nil, &adapter.Error{Code: adapter.CodeNotFound}, reply("m1"), []string{"m1", "m2"}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				store := memstate.New(memstate.Options{})
				defer store.Close()
				o := &archive{scripted: newScripted(), page: c.history, err: c.err}
				var w *testBot
				look := func(ctx context.Context, turn *bot.Turn) (bot.Decision, error) {
					with, err := turn.SyncedWith(ctx)
					line := turn.Message().ID
					for _, s := range with {
						line += " " + s.Service
					}
					w.note("%s", line)
					return bot.Allow(), err
				}
				w = newTest(t, withConfig(bot.Config{Access: look}), withPlatform(o, o.Fake), withStore(store))
				w.bot.OnNewMention(func(context.Context, *bot.Thread, *bot.Message) error { return nil })
				o.events["m1"], o.events["m2"] = &adapter.MessageEvent{Message: c.first}, &adapter.MessageEvent{Message: reply("m2")}
				w.say("ada", "@helper")
				w.say("ada", "@helper")
				w.run(time.Minute)
				w.noted(c.want...)
				if o.reads != c.asked {
					t.Errorf("the history was read %d times, want %d", o.reads, c.asked)
				}
			})
		})
	}
}

// archive is a scripted platform with a history.
type archive struct {
	*scripted

	page  *adapter.Page
	err   error
	reads int
}

func (a *archive) Messages(context.Context, adapter.PageRequest) (*adapter.Page, error) {
	a.reads++
	return a.page, a.err
}

func (a *archive) Threads(context.Context, adapter.PageRequest) (*adapter.ThreadPage, error) {
	return &adapter.ThreadPage{}, nil
}
