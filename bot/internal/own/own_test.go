package own_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/attend"
	"github.com/linearbot/linearbot/bot/internal/own"
	"github.com/linearbot/linearbot/internal/envelope"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
)

// TestEvents stores each kind of event and reads it in the turn of its entry.
func TestEvents(t *testing.T) {
	t.Parallel()
	at := time.Unix(1700000000, 0).UTC()
	meta := func(key, thread, typ, action string, at time.Time) adapter.Meta {
		return adapter.Meta{Key: key, Workspace: "W1", Thread: adapter.ThreadID(thread), Type: typ, Action: action, At: at}
	}
	post := &own.Post{Thread: "fake:1", Body: "b", Key: "k", At: at, As: &adapter.Persona{Name: "Grace"}, Quiet: true, Links: []byte("l")}
	end := &attend.End{Thread: "fake:s", Key: "k", Kind: adapter.ActivityResponse, Body: attend.Done}
	wait := &attend.Wait{Thread: "fake:s", Entry: "e0", Seq: 3, Event: "ev", At: at, Until: at.Add(time.Hour)}
	for name, c := range map[string]struct {
		event own.Event
		want  adapter.Event
	}{
		"a press": {
			own.Event{Press: &own.Press{Thread: "fake:1", ID: "approve", Value: "yes", Label: "Approve", Name: "n", At: at}},
			&adapter.ActionEvent{Meta: meta("press\x00n", "fake:1", "Button", "press", at), ActionID: "approve", Value: "yes", Label: "Approve"},
		},
		"a post":  {own.Event{Post: post}, &own.PostEvent{Meta: meta("e1", "fake:1", "Post", "due", at), Post: post}},
		"a probe": {own.Event{Probe: true}, &adapter.OtherEvent{Meta: meta("e1", "", "Probe", "idle", time.Time{}), Reason: reason.Probe}},
		"an end":  {own.Event{End: end}, &own.EndEvent{Meta: meta("e1", "fake:s", "Session", "end", time.Time{}), End: end}},
		"a wait":  {own.Event{Wait: wait}, &own.WaitEvent{Meta: meta("e1", "fake:s", "Session", "wait", time.Time{}), Wait: wait}},
		"an installation": {
			own.Event{Member: &own.Membership{Installed: true, Installation: "i", At: at}},
			&adapter.InstallEvent{Meta: meta("e1", "", "Workspace", "installed", at)},
		},
		"a departure": {
			own.Event{Member: &own.Membership{Installation: "i", At: at}},
			&adapter.UninstallEvent{Meta: meta("e1", "", "Workspace", "uninstalled", at)},
		},
	} {
		stored, err := c.event.Pack()
		if err != nil {
			t.Fatal(err)
		}
		read, err := own.Unpack(stored)
		if err != nil || read == nil {
			t.Errorf("%s: %v, %v", name, read, err)
			continue
		}
		if got := read.Of("e1", "W1"); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// TestUnpack: a delivery is no event of the bot's own, and what says nothing, or two
// things, cannot be read.
func TestUnpack(t *testing.T) {
	t.Parallel()
	delivery := append(envelope.Head(&adapter.Delivery{ID: "d"}), "{}"...)
	for name, c := range map[string]struct {
		stored []byte
		want   error
	}{
		"a delivery":       {delivery, nil},
		"nothing":          {nil, nil},
		"no field":         {envelope.PackOwn([]byte(`{}`)), envelope.ErrUnreadable},
		"a future field":   {envelope.PackOwn([]byte(`{"dream":{}}`)), envelope.ErrUnreadable},
		"two fields":       {envelope.PackOwn([]byte(`{"probe":true,"end":{}}`)), envelope.ErrUnreadable},
		"not JSON":         {envelope.PackOwn([]byte(`{`)), envelope.ErrUnreadable},
		"JSON of no event": {envelope.PackOwn([]byte(`[]`)), envelope.ErrUnreadable},
	} {
		if e, err := own.Unpack(c.stored); e != nil || !errors.Is(err, c.want) {
			t.Errorf("%s: %v, %v, want %v", name, e, err, c.want)
		}
	}
}

// TestBusy: a lane is busy while something waits in it, and places are in order.
func TestBusy(t *testing.T) {
	t.Parallel()
	store := memstate.New(memstate.Options{})
	defer store.Close()
	lane := state.Key{Workspace: "W1", Kind: "thread", ID: "fake:room:1"}
	if busy, err := own.Busy(t.Context(), store, lane, "e1"); busy || err != nil {
		t.Errorf("an empty lane: busy %t, %v", busy, err)
	}
	first, err := own.Place(t.Context(), store, lane)
	if err != nil {
		t.Fatal(err)
	}
	if busy, err := own.Busy(t.Context(), store, lane, "e1"); !busy || err != nil {
		t.Errorf("a lane with an entry: busy %t, %v", busy, err)
	}
	if second, err := own.Place(t.Context(), store, lane); err != nil || second <= first {
		t.Errorf("the place after %d is %d, %v", first, second, err)
	}
}
