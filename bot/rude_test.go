package bot_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/linearbot/linearbot/bot"
)

// rudeError is an error with methods that panic, if it is nil as well.
type rudeError struct{ text *string }

func (e *rudeError) Error() string { return *e.text }

// rudeIsError is an error that cannot be compared.
type rudeIsError struct{}

func (rudeIsError) Error() string   { return "rude" }
func (rudeIsError) Is(error) bool   { panic("rude") }
func (rudeIsError) Unwrap() []error { return []error{nil, errBoom} }

// TestRudeErrors has handlers fail with what no error should be: the process lives,
// the thread continues, and what is kept of it is short.
func TestRudeErrors(t *testing.T) {
	t.Parallel()
	var none *rudeError
	for name, c := range map[string]struct {
		fail func() error
		code string
	}{
		"a nil pointer":         {func() error { return none }, "panic"},
		"a panic in its text":   {func() error { return &rudeError{} }, "panic"},
		"wrapped":               {func() error { return fmt.Errorf("why: %w", errors.Join(errBoom, none)) }, "unknown"}, // fmt recovers
		"permanent":             {func() error { return bot.Permanent(none) }, "panic"},
		"a panic in comparing":  {func() error { return rudeIsError{} }, "panic"},
		"a panic with an error": {func() error { panic(none) }, "panic"},
		"a panic with nil":      {func() error { panic(nil) }, "panic"},
		"a long text":           {func() error { return bot.Permanent(errors.New(strings.Repeat("x\xff", 8<<20))) }, "permanent"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newTest(t, withConfig(bot.Config{MaxAttempts: 2}))
				w.bot.OnNewMention(func(_ context.Context, _ *bot.Thread, m *bot.Message) error {
					if m.Body != "@helper fail" {
						w.note("next")
						return nil
					}
					return c.fail()
				})
				w.say("ada", "@helper fail")
				w.say("ada", "@helper go on")
				w.run(time.Hour)
				if got := w.notes(); len(got) != 1 {
					t.Errorf("the thread has continued %d times, want once", len(got))
				}
				dead := w.dead()
				if len(dead) != 1 || dead[0].Cause.Code != c.code {
					t.Fatalf("dead letters %.500v, want one with code %s", dead, c.code)
				}
				if said := dead[0].Cause.Message; len(said) > 5<<10 || !utf8.ValidString(said) && len(said) > 4<<10 {
					t.Errorf("%d bytes are kept of the error", len(said))
				}
			})
		})
	}
}

// TestRetryAfterDoesNotSpin asks for another try at once, again and again.
func TestRetryAfterDoesNotSpin(t *testing.T) {
	t.Parallel()
	for _, d := range []time.Duration{-time.Hour, 0, 1} {
		synctest.Test(t, func(t *testing.T) {
			w := newTest(t)
			runs := 0
			w.bot.OnNewMention(func(context.Context, *bot.Thread, *bot.Message) error {
				runs++
				return bot.RetryAfter(d, nil)
			})
			w.say("ada", "@helper")
			w.run(10 * time.Second)
			if runs < 50 || runs > 101 {
				t.Errorf("RetryAfter(%s): %d runs in 10 s, want about 100", d, runs)
			}
		})
	}
}
