package adapter

import "time"

// ActionEvent says that somebody pressed a button of a message, or chose from
// one of its lists. Platforms without buttons have links instead, behind which
// nobody is named: then Actor is zero.
type ActionEvent struct {
	Meta
	// ActionID and Value are what the button was made with.
	ActionID, Value string
	// Label is what stood on the button.
	Label string
	// MessageID is the message that the button belongs to. Empty if unknown.
	MessageID string
}

// ButtonPath is the path under which the links of buttons are served. A token
// follows.
const ButtonPath = "/buttons/"

// ButtonPage is what a link that stands for a button tells a person who is about to
// press it.
type ButtonPage struct {
	// Label is what stands on the button, Title what it is part of. Plain
	// text; Title may be empty.
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
	// ButtonUsed was pressed, or what it asked for was settled otherwise.
	ButtonUsed
	// ButtonExpired can no longer be pressed.
	ButtonExpired
)
