package bottest

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/adaptertest"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
)

// TB is the part of testing.TB that the kit uses, so that this package does not import
// testing. *testing.T, *testing.B and *testing.F implement it.
type TB interface { //nolint:interfacebloat // what a test has
	Helper()
	Log(args ...any)
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Cleanup(f func())
	Context() context.Context
}

// Kit is a bot that runs in memory. Make one with [New]. Its methods are for
// the goroutine of the test; what goes wrong in them fails the test.
type Kit struct {
	t        TB
	cfg      bot.Config
	register func(*bot.Bot) error
	platform *adaptertest.Platform
	virtual  bool
	store    state.Inspector // of cfg.Store

	bot   *bot.Bot
	stop  func()
	ended <-chan error // what Run failed with

	users                               map[string]*User
	messages, threads, sessions, issues int
	last                                *adapter.Delivery
}

// Register is a function that adds handlers: what linearbot.Main takes, or the
// same without an error. An error ends the test.
type Register interface {
	func(b *bot.Bot) | func(b *bot.Bot) error
}

// New makes a bot, lets register add its handlers, and runs it until the test
// ends. Of cfg nothing is required, and Adapter is not allowed; Name defaults to
// "helper", Store to a store in memory that is closed at the end; another one
// must be a [state.Inspector] too; Logger to the warnings and errors in the log
// of the test. On a real clock Backoff defaults to a millisecond.
func New[R Register](t TB, cfg bot.Config, register R) *Kit {
	t.Helper()
	if cfg.Adapter != nil {
		t.Fatalf("bottest: Config.Adapter is not for the test to choose")
	}
	k := &Kit{
		t: t, register: registerFunc(register), virtual: inBubble(), users: make(map[string]*User),
		platform: adaptertest.NewPlatform(cmp.Or(cfg.Name, "helper")),
	}
	k.platform.EmojiName = bot.EmojiName
	cfg.Adapter = k.platform
	if cfg.Store == nil {
		store := memstate.New(memstate.Options{})
		t.Cleanup(func() {
			if err := store.Close(); err != nil {
				t.Errorf("bottest: closing the store: %v", err)
			}
		})
		cfg.Store = store
	}
	inspector, ok := cfg.Store.(state.Inspector)
	if !ok {
		t.Fatalf("bottest: Config.Store must be a state.Inspector too, so that the kit sees when the bot is idle")
		return nil
	}
	k.store = inspector
	if reflect.ValueOf(cfg.Logger).IsZero() {
		cfg.Logger = zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.WarnLevel)
	}
	if cfg.Backoff == nil && !k.virtual {
		cfg.Backoff = func(int) time.Duration { return time.Millisecond }
	}
	k.cfg, k.stop = cfg, func() {}
	k.start()
	t.Cleanup(func() { k.stop() })
	return k
}

// registerFunc makes one kind of function of both. A nil function adds nothing.
func registerFunc[R Register](register R) func(*bot.Bot) error {
	switch f := any(register).(type) {
	case func(*bot.Bot) error:
		if f != nil {
			return f
		}
	case func(*bot.Bot):
		if f != nil {
			return func(b *bot.Bot) error { f(b); return nil }
		}
	}
	return func(*bot.Bot) error { return nil }
}

// start makes a bot and runs it.
func (k *Kit) start() {
	k.t.Helper()
	b, err := bot.New(k.cfg)
	if err != nil {
		k.t.Fatalf("bottest: %v", err)
		return
	}
	if err := k.register(b); err != nil {
		k.t.Fatalf("bottest: register: %v", err)
		return
	}
	k.bot = b
	ctx, cancel := context.WithCancel(k.t.Context())
	var (
		wg   sync.WaitGroup
		once sync.Once
	)
	ended := make(chan error, 1)
	wg.Go(func() {
		if err := b.Run(ctx); err != nil {
			ended <- err
		}
	})
	k.ended = ended
	k.stop = func() {
		once.Do(func() {
			cancel()
			wg.Wait()
			select {
			case err := <-ended:
				k.t.Errorf("bottest: Run: %v", err)
			default:
			}
		})
	}
}

// Bot returns the bot that runs now. [Kit.Restart] replaces it.
func (k *Kit) Bot() *bot.Bot { return k.bot }

// Workspace returns the handle on the workspace that everything happens in.
func (k *Kit) Workspace() *bot.Workspace { return k.bot.Workspace(workspace) }

// Platform returns the platform, for what the kit has no method for: to make
// posts fail, to upload a file that a user then links, to look things up.
func (k *Kit) Platform() *adaptertest.Platform { return k.platform }

// Store returns the store of the bot, for another bot that is to share it.
func (k *Kit) Store() bot.Store { return k.cfg.Store }

// Self returns the bot as a user of the platform, for example to delegate an
// issue to it.
func (k *Kit) Self() adapter.User {
	self := k.platform.Self
	return adapter.User{ID: self.UserID, Name: self.Name, FullName: self.FullName, Kind: adapter.UserSelf}
}

// Restart stops the bot, lets running turns finish, and starts another one with
// the same handlers on the same store, as a deploy does. register is called
// again.
func (k *Kit) Restart() {
	k.t.Helper()
	k.stop()
	k.start()
}

// Duplicate delivers the last event again, as platforms do. The bot should ignore it.
func (k *Kit) Duplicate() {
	k.t.Helper()
	if k.last == nil {
		k.t.Fatalf("bottest: nothing has happened that could be delivered again")
		return
	}
	k.accept(k.last)
}

// Deliver makes an event happen on the platform, as [adaptertest.Platform.Apply]
// says, and delivers it. It is for what [User] has no method for, such as a
// notification or the removal of the bot. An event that cannot happen ends the
// test.
func (k *Kit) Deliver(ev adapter.Event) {
	k.t.Helper()
	d, err := k.platform.Apply(ev)
	if err != nil {
		k.t.Fatalf("bottest: it cannot happen: %v", err)
		return
	}
	k.accept(d)
}

func (k *Kit) accept(d *adapter.Delivery) {
	k.t.Helper()
	k.last = d
	if err := k.bot.Accept(k.t.Context(), d); err != nil {
		k.t.Fatalf("bottest: Accept: %v", err)
	}
}

// DeadLetters returns the turns that the bot gave up.
func (k *Kit) DeadLetters() []state.DeadEntry {
	k.t.Helper()
	var out []state.DeadEntry
	for d, err := range k.store.Dead(k.t.Context()) {
		if err != nil {
			k.t.Fatalf("bottest: %v", err)
			return nil
		}
		out = append(out, d)
	}
	return out
}

// Thread returns the thread with an id, "fake:{room}:{thread}".
func (k *Kit) Thread(id adapter.ThreadID) *Thread {
	k.t.Helper()
	if _, err := k.platform.Channel(id); err != nil {
		k.t.Fatalf("bottest: %v", err)
	}
	return &Thread{kit: k, id: id}
}

// NewThread returns a thread without messages. The ids count
// from "fake:room:thread-1".
func (k *Kit) NewThread() *Thread {
	k.t.Helper()
	return k.newThread("fake:room")
}

func (k *Kit) newThread(channel adapter.ThreadID) *Thread {
	k.t.Helper()
	k.threads++
	return k.Thread(adapter.ThreadID(fmt.Sprintf("%s:thread-%d", channel, k.threads)))
}

// NewSession returns an agent session without messages. What is
// said there is for the bot, without a mention.
func (k *Kit) NewSession() *Thread {
	k.t.Helper()
	k.sessions++
	return k.Thread(adapter.ThreadID(fmt.Sprintf("fake:room:session-%d", k.sessions)))
}

// User returns the user with an id: the one of [Kit.UserOf], or else a person
// whose handle it is, too.
func (k *Kit) User(id string) *User {
	if u := k.users[id]; u != nil {
		return u
	}
	return k.UserOf(adapter.User{ID: id, Kind: adapter.UserHuman})
}

// UserOf returns a user of any kind, with all that the platform says about
// them: another bot, a person with an email address, a person from outside. The
// id is required; the handle defaults to it, and the kind to adapter.UserHuman.
// The user is added to the directory.
func (k *Kit) UserOf(u adapter.User) *User {
	k.t.Helper()
	if u.ID == "" {
		k.t.Fatalf("bottest: a user needs an id")
	}
	u.Name = cmp.Or(u.Name, u.ID)
	u.Kind = cmp.Or(u.Kind, adapter.UserHuman)
	k.platform.AddUser(workspace, u)
	k.users[u.ID] = &User{kit: k, user: u}
	return k.users[u.ID]
}
