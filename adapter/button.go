package adapter

import "time"

// ActionEvent says that a button of a message was pressed, or an entry of one of
// its lists chosen. Platforms without buttons use links instead, which do not
// identify the person: Actor is then zero.
type ActionEvent struct {
	Meta
	// ActionID and Value are those the button was created with.
	ActionID, Value string
	// Label is the text on the button.
	Label string
	// MessageID is the message that the button belongs to. Empty if unknown.
	MessageID string
}

// ButtonPath is the path prefix of button links. A token follows.
const ButtonPath = "/buttons/"

// ButtonPage is what the page behind a button's link shows before the button is
// pressed.
type ButtonPage struct {
	// Label is the text on the button, Title that of what it is part of. Both are
	// plain text; Title may be empty.
	Label, Title string
	// URL is the message that the button belongs to. Empty if unknown.
	URL     string
	State   ButtonState
	Expires time.Time
}

// ButtonState says whether a button can be pressed.
type ButtonState uint8

// The states of a button.
const (
	// ButtonOpen can be pressed.
	ButtonOpen ButtonState = iota
	// ButtonUsed was pressed, or its question was settled in another way.
	ButtonUsed
	// ButtonExpired can no longer be pressed.
	ButtonExpired
)
