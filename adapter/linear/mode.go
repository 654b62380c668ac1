package linear

import (
	"strings"

	"github.com/linearbot/linearbot/adapter"
)

// Mode says in which of Linear's two ways people talk with the bot. The zero
// value is [Both].
type Mode uint8

// The modes.
const (
	// Both takes comments and agent sessions. What arrives as both is
	// handled once.
	Both Mode = iota
	// Comments ignores agent sessions.
	Comments
	// Sessions ignores comments outside agent sessions.
	Sessions
)

// noMode is the mode of a word that is none.
const noMode Mode = 255

// parseMode reads a mode. The empty word is Both.
func parseMode(word string) Mode {
	switch strings.ToLower(word) {
	case "", "both":
		return Both
	case "comments":
		return Comments
	case "agent-sessions", "sessions":
		return Sessions
	default:
		return noMode
	}
}

// reasonMode: the bot is set not to take this kind of conversation.
const reasonMode = "mode"

// ignores returns why a delivery is nothing to the mode, or "".
func (m Mode) ignores(r *adapter.Route) string {
	switch {
	case m == Comments && r.Type == typeSession,
		m == Sessions && r.Type == typeComment && r.Action == actionCreate:
		return reasonMode
	default:
		return ""
	}
}
