package bot

import (
	"context"
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/adaptertest"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
)

// BenchmarkDispatch routes messages through a bot with many handlers: 100
// commands, 100 patterns that match nothing and one of every other kind.
func BenchmarkDispatch(b *testing.B) {
	store := memstate.New(memstate.Options{})
	defer store.Close()
	bt, err := New(Config{Adapter: adaptertest.NewFake("helper"), Store: store})
	if err != nil {
		b.Fatal(err)
	}
	ran := ""
	note := func(name string) MessageHandler {
		return func(context.Context, *Thread, *Message) error { ran = name; return nil }
	}
	for n := range 100 {
		bt.OnCommand(Command{Name: fmt.Sprintf("command%d", n)}, func(context.Context, *Thread, *Invocation) error { ran = "command"; return nil })
		bt.OnNewMessage(regexp.MustCompile(fmt.Sprintf("^never %d$", n)), note("never"))
	}
	bt.OnNewMessage(regexp.MustCompile("last"), note("pattern"))
	bt.OnNewMention(note("mention"))
	bt.OnSubscribedMessage(note("subscribed"))
	subscribed := laneKey("W1", "fake:room:subscribed")
	if err := store.Subscribe(b.Context(), subscribed); err != nil {
		b.Fatal(err)
	}
	self := &adapter.Identity{UserID: "U1", Name: "helper", Workspace: "W1"}
	log := zerolog.Nop()
	for _, c := range []struct{ name, thread, text, want string }{
		{"command", "fake:room:a", "@helper command99 x", "command"},
		{"mention", "fake:room:a", "@helper could you have a look at this?", "mention"},
		{"subscribed", "fake:room:subscribed", "could you have a look at this?", "subscribed"},
		{"pattern", "fake:room:a", "this is the last one", "pattern"},
		{"no handler", "fake:room:a", "could you have a look at this?", ""},
	} {
		b.Run(c.name, func(b *testing.B) {
			message := &adapter.Message{ID: "m", Author: adapter.User{ID: "ada", Kind: adapter.UserHuman}, Body: c.text}
			ev := &adapter.MessageEvent{
				Meta:    adapter.Meta{Key: "Message|create|m", Workspace: "W1", Thread: adapter.ThreadID(c.thread)},
				Message: message,
			}
			b.ReportAllocs()
			for b.Loop() {
				ran = ""
				t := &Turn{bot: bt, event: ev, self: self, entry: state.Queued{EnqueuedAt: time.Now()}}
				t.thread = &Thread{bot: bt, id: ev.Thread, workspace: ev.Workspace, turn: t}
				t.notes = bt.notes.Thread(t.thread.key())
				if _, err := bt.run(b.Context(), &log, t, nil); err != nil || ran != c.want {
					b.Fatalf("%q ran, %v, want %q", ran, err, c.want)
				}
			}
		})
	}
}
