package bot

import (
	"encoding/json"
	"runtime/debug"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/attend"
	"github.com/linearbot/linearbot/internal/envelope"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/state"
)

// ownEvent is the stored form of an event that the bot itself makes, and no
// platform. One of its fields is set.
type ownEvent struct {
	Press *press         `json:"press,omitempty"`
	Post  *scheduledPost `json:"post,omitempty"`
	// Probe asks whether a lane is idle, and does nothing itself.
	Probe bool `json:"probe,omitempty"`
	// End is the end of a turn in a session that could not be written at once.
	End *attend.End `json:"end,omitempty"`
	// Wait is a turn in a session that waits for another attempt.
	Wait *attend.Wait `json:"wait,omitempty"`
	// Member is that a workspace installed the bot or left it.
	Member *membership `json:"member,omitempty"`
}

// press is the press of a button behind a link.
type press struct {
	Thread adapter.ThreadID `json:"thread"`
	ID     string           `json:"id"`
	Value  string           `json:"value,omitempty"`
	Label  string           `json:"label,omitempty"`
	// Name names the link.
	Name string    `json:"name"`
	At   time.Time `json:"at"`
}

// pressPrefix begins the event key of a press; the name of the link follows.
const pressPrefix = "press\x00"

// packOwn returns the stored form of e.
func packOwn(e *ownEvent) ([]byte, error) {
	data, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	return envelope.PackOwn(data), nil
}

// unpack reads the stored form of an event and returns what makes an event of it
// for the bot with an identity.
func (b *Bot) unpack(e state.Queued) (decode func(*adapter.Identity) (adapter.Event, error), err error) {
	body, ours := envelope.UnpackOwn(e.Body)
	if !ours {
		d, err := envelope.Unpack(e.Body)
		if err != nil {
			return nil, err
		}
		return func(self *adapter.Identity) (adapter.Event, error) { return decoded(b.cfg.Adapter, d, self) }, nil
	}
	var own ownEvent
	if json.Unmarshal(body, &own) != nil || !own.valid() {
		return nil, envelope.ErrUnreadable
	}
	return func(*adapter.Identity) (adapter.Event, error) { return own.event(e), nil }, nil
}

// decoded has an adapter decode a delivery. What is stored must never end the
// process, or it ends that of each instance in turn: a panic is an error.
func decoded(a adapter.Adapter, d *adapter.Delivery, self *adapter.Identity) (ev adapter.Event, err error) {
	defer func() {
		if v := recover(); v != nil {
			ev, err = nil, &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	return a.Decode(d, self)
}

// valid reports whether one field is set.
func (o *ownEvent) valid() bool {
	n := 0
	for _, set := range []bool{o.Press != nil, o.Post != nil, o.Probe, o.Member != nil, o.End != nil, o.Wait != nil} {
		if set {
			n++
		}
	}
	return n == 1
}

// event returns the event of an entry.
func (o *ownEvent) event(e state.Queued) adapter.Event {
	if o.Member != nil {
		return o.Member.event(e)
	}
	if o.End != nil {
		return &endEvent{
			Meta: adapter.Meta{Key: e.ID, Workspace: e.Lane.Workspace, Thread: o.End.Thread, Type: "Session", Action: "end"},
			end:  o.End,
		}
	}
	if o.Wait != nil {
		return &waitEvent{
			Meta: adapter.Meta{Key: e.ID, Workspace: e.Lane.Workspace, Thread: o.Wait.Thread, Type: "Session", Action: "wait"},
			wait: o.Wait,
		}
	}
	if p := o.Press; p != nil {
		return &adapter.ActionEvent{
			Meta: adapter.Meta{
				Key: pressPrefix + p.Name, Workspace: e.Lane.Workspace, Thread: p.Thread,
				Type: "Button", Action: "press", At: p.At,
			},
			ActionID: p.ID, Value: p.Value, Label: p.Label,
		}
	}
	if o.Probe {
		return &adapter.OtherEvent{
			Meta:   adapter.Meta{Key: e.ID, Workspace: e.Lane.Workspace, Type: "Probe", Action: "idle"},
			Reason: reason.Probe,
		}
	}
	return &postEvent{
		Meta: adapter.Meta{
			Key: e.ID, Workspace: e.Lane.Workspace, Thread: o.Post.Thread,
			Type: "Post", Action: "due", At: o.Post.At,
		},
		post: o.Post,
	}
}
