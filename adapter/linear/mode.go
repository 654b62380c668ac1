package linear

import (
	"strings"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/reason"
)

// Mode says in which of Linear's two ways people talk with the bot. The zero
// value is [ModeBoth].
type Mode uint8

// The modes.
const (
	// ModeBoth takes comments and agent sessions. What arrives as both is
	// handled once.
	ModeBoth Mode = iota
	// ModeComments ignores agent sessions.
	ModeComments
	// ModeSessions ignores comments outside agent sessions.
	ModeSessions
)

// noMode is the result for an unknown word.
const noMode Mode = 255

// parseMode reads a mode. The empty word is ModeBoth.
func parseMode(word string) Mode {
	switch strings.ToLower(word) {
	case "", "both":
		return ModeBoth
	case "comments":
		return ModeComments
	case "agent-sessions", "sessions":
		return ModeSessions
	default:
		return noMode
	}
}

// reasonMode: the bot is configured to ignore this kind of conversation.
const reasonMode = reason.Mode

// ignores returns why the mode ignores a delivery, or "".
func (m Mode) ignores(r *adapter.Route) string {
	switch {
	case m == ModeComments && r.Type == typeSession,
		m == ModeSessions && r.Type == typeComment && r.Action == actionCreate:
		return reasonMode
	default:
		return ""
	}
}
