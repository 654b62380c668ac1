package bot_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/linearbot/linearbot/bot"
)

// TestStreamShowsNoPieces posts a stream one byte at a time, and checks that no view
// has a half of something.
func TestStreamShowsNoPieces(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, th := newHandle(t, thread)
		const text = "Go {{emoji:rocket}} – größer 👍🏽\x00 {{emoji:+1}}!"
		_, err := th.Post(t.Context(), bot.Stream(func(yield func(string, error) bool) {
			for i := range len(text) {
				time.Sleep(time.Second)
				if !yield(text[i:i+1], nil) {
					return
				}
			}
		}))
		if err != nil {
			t.Fatal(err)
		}
		for _, call := range s.log {
			if strings.Contains(call, "{{e") || strings.HasSuffix(call, "{{") || strings.ContainsAny(call, "\x00\uFFFD") {
				t.Errorf("shown: %q", call)
			}
		}
		if got := s.visible(); got != "Go 🚀 – größer 👍🏽 👍!" {
			t.Errorf("visible: %q", got)
		}
	})
}

// TestThoughtsAreWrittenAsTheyStand tells of a task behind text with open marks.
func TestThoughtsAreWrittenAsTheyStand(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Use 2**3 here.\n":       "Use 2**3 here.",
		"One.\nUse 2**3 here.\n": "One.\nUse 2**3 here.",
		"a [b\n\nLook:\n":        "a [b\n\nLook:",
		"Look:\n| a |\n":         "Look:",
		"half a sente":           "",
	} {
		synctest.Test(t, func(t *testing.T) {
			s, th := newHandle(t, sessionThread)
			_, err := th.Post(t.Context(), bot.StreamWith(chunks(
				bot.TextChunk{Text: text}, bot.TaskChunk{Title: "Search", Status: bot.TaskComplete}, bot.TextChunk{Text: " Done."},
			), bot.StreamOptions{}))
			if err != nil {
				t.Fatal(err)
			}
			got := s.log[0]
			if want == "" && got != "action Search" || want != "" && got != "thought "+want {
				t.Errorf("%q begins with %q, want %q", text, got, want)
			}
		})
	}
}

// TestOpenSectionsEndBeforeTheMark breaks a stream off within sections and fences.
func TestOpenSectionsEndBeforeTheMark(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"+++ Log\nline":         "+++ Log\nline\n+++\n\ngone",
		"+++ Log\n```\ncode":    "+++ Log\n```\ncode\n```\n+++\n\ngone",
		"+++ Log\nx\n+++\nline": "+++ Log\nx\n+++\nline\n\ngone",
		"```\n+++ a":            "```\n+++ a\n```\n\ngone",
	} {
		synctest.Test(t, func(t *testing.T) {
			s, th := newHandle(t, thread)
			broken := errors.New("broken")
			_, err := th.Post(t.Context(), bot.StreamWith(func(yield func(string, error) bool) {
				if yield(text, nil) {
					time.Sleep(time.Minute)
					yield("", broken)
				}
			}, bot.StreamOptions{Broken: "gone"}))
			if !errors.Is(err, broken) || s.visible() != want {
				t.Errorf("%q broke off as %q, %v, want %q", text, s.visible(), err, want)
			}
		})
	}
}
