// Package own is the events that a bot makes itself, and no platform: what they say,
// how they are stored in a lane, and what they are when their turn comes. Package
// envelope tells them from deliveries.
//
// All functions are pure and safe for concurrent use.
package own

import (
	"encoding/json"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/attend"
	"github.com/linearbot/linearbot/internal/envelope"
	"github.com/linearbot/linearbot/internal/reason"
)

// Event is the stored form of an event of the bot's own. One of its fields is set.
type Event struct {
	Press *Press `json:"press,omitempty"`
	Post  *Post  `json:"post,omitempty"`
	// Probe asks whether a lane is idle, and does nothing itself.
	Probe bool `json:"probe,omitempty"`
	// End is the end of a turn in a session that could not be written at once.
	End *attend.End `json:"end,omitempty"`
	// Wait is a turn in a session that waits for another attempt.
	Wait *attend.Wait `json:"wait,omitempty"`
	// Member is that a workspace installed the bot or left it.
	Member *Membership `json:"member,omitempty"`
}

// Press is the press of a button behind a link.
type Press struct {
	Thread adapter.ThreadID `json:"thread"`
	ID     string           `json:"id"`
	Value  string           `json:"value,omitempty"`
	Label  string           `json:"label,omitempty"`
	// Name names the link.
	Name string    `json:"name"`
	At   time.Time `json:"at"`
}

// PressPrefix begins the event key of a press; the name of the link follows.
const PressPrefix = "press\x00"

// Post is a message that is to be posted later.
type Post struct {
	Thread adapter.ThreadID `json:"thread"`
	Body   string           `json:"body"`
	Key    string           `json:"key"`
	At     time.Time        `json:"at"`
	As     *adapter.Persona `json:"as,omitempty"`
	Quiet  bool             `json:"quiet,omitempty"`
	// Links names the links in Body, if there are any.
	Links []byte `json:"links,omitempty"`
}

// Membership is that a workspace installed the bot or was disconnected from it.
type Membership struct {
	Installed bool `json:"installed,omitempty"`
	// Installation names the installation.
	Installation string    `json:"installation"`
	At           time.Time `json:"at"`
}

// PostEvent says that the time of a message has come.
type PostEvent struct {
	adapter.Meta

	Post *Post
}

// WaitEvent says that a turn in a session still waits for another attempt.
type WaitEvent struct {
	adapter.Meta

	Wait *attend.Wait
}

// EndEvent says that the end of a turn in a session is still to be written.
type EndEvent struct {
	adapter.Meta

	End *attend.End
}

// Pack returns the stored form of e.
func (e *Event) Pack() ([]byte, error) {
	data, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	return envelope.PackOwn(data), nil
}

// Unpack reads the stored form of an event. It is nil, without an error, for a
// delivery. What this version cannot read is [envelope.ErrUnreadable].
func Unpack(stored []byte) (*Event, error) {
	body, ours := envelope.UnpackOwn(stored)
	if !ours {
		return nil, nil
	}
	var e Event
	if json.Unmarshal(body, &e) != nil || !e.valid() {
		return nil, envelope.ErrUnreadable
	}
	return &e, nil
}

// valid reports whether one field is set.
func (e *Event) valid() bool {
	n := 0
	for _, set := range []bool{e.Press != nil, e.Post != nil, e.Probe, e.Member != nil, e.End != nil, e.Wait != nil} {
		if set {
			n++
		}
	}
	return n == 1
}

// Of returns what e is in the turn of the entry that holds it, in a workspace.
func (e *Event) Of(entry, workspace string) adapter.Event {
	meta := adapter.Meta{Key: entry, Workspace: workspace}
	switch {
	case e.Member != nil:
		return e.Member.of(meta)
	case e.End != nil:
		meta.Thread, meta.Type, meta.Action = e.End.Thread, "Session", "end"
		return &EndEvent{Meta: meta, End: e.End}
	case e.Wait != nil:
		meta.Thread, meta.Type, meta.Action = e.Wait.Thread, "Session", "wait"
		return &WaitEvent{Meta: meta, Wait: e.Wait}
	case e.Press != nil:
		p := e.Press
		meta.Key, meta.Thread, meta.Type, meta.Action, meta.At = PressPrefix+p.Name, p.Thread, "Button", "press", p.At
		return &adapter.ActionEvent{Meta: meta, ActionID: p.ID, Value: p.Value, Label: p.Label}
	case e.Post != nil:
		meta.Thread, meta.Type, meta.Action, meta.At = e.Post.Thread, "Post", "due", e.Post.At
		return &PostEvent{Meta: meta, Post: e.Post}
	default:
		meta.Type, meta.Action = "Probe", "idle"
		return &adapter.OtherEvent{Meta: meta, Reason: reason.Probe}
	}
}

func (m *Membership) of(meta adapter.Meta) adapter.Event {
	meta.Type, meta.Action, meta.At = "Workspace", "uninstalled", m.At
	if !m.Installed {
		return &adapter.UninstallEvent{Meta: meta}
	}
	meta.Action = "installed"
	return &adapter.InstallEvent{Meta: meta}
}
