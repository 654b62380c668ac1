package bot_test

import (
	"context"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/bot"
)

// TestSessionStates is the table of all transitions: in each status of a session, what
// each event leads to, with a bot that works as it is asked.
func TestSessionStates(t *testing.T) {
	t.Parallel()
	handle := func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
		s := t.Session()
		switch m.Text() {
		case "think":
			s.Leave(ctx)
			return s.Think(ctx, "hm")
		case "ask":
			return s.Ask(ctx, bot.Elicitation{Text: "Which?"})
		case "fail":
			return s.Fail(ctx, "No.")
		case "boom":
			return bot.Permanent(errBoom)
		case "nothing":
			s.Leave(ctx)
			return nil
		case "silent":
			return nil
		default:
			_, err := s.Finish(ctx, bot.Text("answered"))
			return err
		}
	}
	// reach is what is asked to reach a status.
	reach := map[string]string{
		"pending": "nothing", "active": "think", "awaitingInput": "ask", "complete": "answer", "error": "fail", "stale": "think",
	}
	// events are what is asked next, the status that follows from all of them, and how
	// the session ends.
	events := map[string]struct{ status, last string }{
		"answer": {"complete", "response: answered"},
		"ask":    {"awaitingInput", "elicitation: Which?"},
		"fail":   {"error", "error: No."},
		"boom":   {"error", ""},
		"silent": {"complete", "response: Done."},
		"think":  {"active", "thought: hm"},
		"stop":   {"complete", "response: Stopped."},
	}
	silence := map[string]string{ // what half an hour of it leads to
		"pending": "stale", "active": "stale", "stale": "stale", "awaitingInput": "awaitingInput", "complete": "complete", "error": "error",
	}
	for from, first := range reach {
		start := func(t *testing.T) (*acme, *linearsim.Session) {
			clock := linearsim.NewClock(time.Now())
			// A keeper would make a session active that its handler leaves pending.
			cfg := bot.Config{DrainTimeout: -1, Sessions: bot.SessionConfig{Unattended: from == "pending", KeepAlive: -1}}
			w := newAcmeOn(t, linearsim.Config{Clock: clock}, cfg, func(b *bot.Bot, _ *acme) { b.OnNewMention(handle) }, "AgentSessionEvent")
			w.ada.Comment(w.issue, "@helper-bot "+first)
			x := w.session(0)
			eventually(t, "the first turn is over", func() bool { return w.bot.Counts()["handled"] == 1 })
			if from == "stale" {
				if err := w.srv.Advance(31 * time.Minute); err != nil {
					t.Fatal(err)
				}
			}
			if got := x.Status(); got != from {
				t.Fatalf("the session is %s, want %s", got, from)
			}
			return w, x
		}
		for event, want := range events {
			t.Run(from+" "+event, func(t *testing.T) {
				t.Parallel()
				if from == "pending" && event == "silent" {
					return // only a keeper ends it
				}
				w, x := start(t)
				if event == "stop" {
					w.ada.Stop(x)
				} else {
					w.ada.Prompt(x, event)
				}
				eventually(t, "status "+want.status, func() bool {
					got := x.ActivityTexts()
					return x.Status() == want.status && (want.last == "" || got[len(got)-1] == want.last)
				})
			})
		}
		t.Run(from+" silence", func(t *testing.T) {
			t.Parallel()
			w, x := start(t)
			if err := w.srv.Advance(31 * time.Minute); err != nil {
				t.Fatal(err)
			}
			if got := x.Status(); got != silence[from] {
				t.Errorf("the session is %s, want %s", got, silence[from])
			}
		})
	}
}

// eventually waits until cond holds.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(20 * time.Second); !cond(); {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not after 20 s: %s", what)
		}
	}
}
