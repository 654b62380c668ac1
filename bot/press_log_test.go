package bot_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
)

// lineBuffer is a log that may be written by several goroutines.
type lineBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lineBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lineBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// A press of which nothing comes is a warning that says why.
func TestPressOfWhichNothingComes(t *testing.T) {
	t.Parallel()
	const refused = "press refused by Config.Access: a press names no one"
	for _, tt := range []struct {
		name   string
		access bot.Access
		actor  adapter.User
		ids    []string // of the handler
		want   string   // empty if nothing is warned about
	}{
		{name: "no handler", ids: []string{"other"}, want: `no handler for button \"ok\"`},
		{name: "refused", access: denyAll(bot.Deny()), ids: []string{"ok"}, want: refused},
		{name: "refused to a person", access: denyAll(bot.Deny()), actor: adapter.User{ID: "ada", Kind: adapter.UserHuman}, ids: []string{"ok"}},
		{name: "handled", ids: []string{"ok"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var log lineBuffer
				o := newScripted()
				w := newTest(t, withConfig(bot.Config{
					Access: tt.access, Logger: zerolog.New(&log).Level(zerolog.WarnLevel),
				}), withPlatform(o, o.Fake))
				w.bot.OnAction(func(context.Context, *bot.Thread, *adapter.ActionEvent) error { return nil }, tt.ids...)
				w.event(o, &adapter.ActionEvent{Meta: adapter.Meta{Actor: tt.actor}, ActionID: "ok"})
				w.run(time.Second)
				if got := log.String(); tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
					t.Errorf("the log is %q, want %q", got, tt.want)
				}
			})
		})
	}
}
