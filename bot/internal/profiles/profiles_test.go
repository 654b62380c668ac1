package profiles_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/profiles"
)

// directory knows the users whose ids begin with "u", and counts look-ups.
type directory struct {
	fail error
	asks int
}

func (d *directory) Identity(context.Context) (*adapter.Identity, error) {
	return &adapter.Identity{UserID: "bot", ProfileURL: "url/bot"}, nil
}

func (d *directory) User(_ context.Context, q adapter.UserQuery) (*adapter.User, error) {
	d.asks++
	if d.fail != nil {
		return nil, d.fail
	}
	if !strings.HasPrefix(q.ID, "u") {
		return nil, &adapter.Error{Code: adapter.CodeNotFound}
	}
	return &adapter.User{ID: q.ID, URL: "url/" + q.ID}, nil
}

func TestReplace(t *testing.T) {
	t.Parallel()
	log := zerolog.Nop()
	many, wanted := "", ""
	for i := range 60 {
		many += fmt.Sprintf("<@u%d> ", i)
		if i < 50 {
			wanted += fmt.Sprintf("url/u%d ", i)
		} else {
			wanted += fmt.Sprintf("<@u%d> ", i)
		}
	}
	for name, c := range map[string]struct {
		body, want string
		asks       int
	}{
		"known":            {"hi <@u1>, <@u2> and <@u1>", "hi url/u1, url/u2 and url/u1", 2},
		"the bot itself":   {"<@bot>", "url/bot", 0},
		"unknown":          {"<@x1>", "<@x1>", 1},
		"none":             {"a\x00b \xff", "ab \uFFFD", 0},
		"more than people": {many, wanted, 50},
	} {
		d := &directory{}
		m := profiles.Mentions{In: d, Log: &log}
		for range 2 { // the second time from memory
			if got, err := m.Replace(t.Context(), c.body); err != nil || got != c.want {
				t.Errorf("%s: %q, %v, want %q", name, got, err, c.want)
			}
		}
		if d.asks != c.asks {
			t.Errorf("%s: %d look-ups, want %d", name, d.asks, c.asks)
		}
	}
	d := &directory{}
	quiet := profiles.Mentions{In: d, Log: &log, Quiet: true}
	if got, err := quiet.Replace(t.Context(), "<@u1>"); err != nil || strings.Contains(got, "url/") || d.asks > 0 {
		t.Errorf("a quiet text becomes %q, %v, after %d look-ups", got, err, d.asks)
	}
}

// TestReplaceFails: what may work later is an error, and everything else a mention that
// stays.
func TestReplaceFails(t *testing.T) {
	t.Parallel()
	log := zerolog.Nop()
	for code, fails := range map[adapter.Code]bool{
		adapter.CodeUnavailable: true, adapter.CodeRateLimited: true, adapter.CodeForbidden: false, adapter.CodeNotFound: false,
	} {
		m := profiles.Mentions{In: &directory{fail: &adapter.Error{Code: code}}, Log: &log}
		got, err := m.Replace(t.Context(), "<@u1>")
		if fails != (err != nil) || !fails && got != "<@u1>" {
			t.Errorf("%v: %q, %v", code, got, err)
		}
	}
	m := profiles.Mentions{In: &directory{fail: context.Canceled}, Log: &log}
	if _, err := m.Replace(t.Context(), "<@u1>"); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}
