package envelope_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/envelope"
)

func FuzzEnvelope(f *testing.F) {
	f.Add("id", "header", []byte(`{"a":1}`), int64(1790932505430), true)
	f.Add("", "", []byte(nil), int64(-1), false)
	f.Fuzz(func(t *testing.T, id, header string, body []byte, at int64, late bool) {
		in := &adapter.Delivery{ID: id, Header: header, Body: body, SentAt: time.UnixMilli(at), ReceivedAt: time.UnixMilli(at / 2), Late: late}
		packed := pack(in)
		out, err := envelope.Unpack(packed)
		if err != nil {
			t.Fatal(err)
		}
		if len(id) > 255 {
			in.ID = id[:255]
		}
		if len(header) > adapter.MaxHeader {
			in.Header = ""
		}
		if got := envelope.ID(packed); string(got) != in.ID {
			t.Errorf("id %q, want %q", got, in.ID)
		}
		if !bytes.Equal(out.Body, in.Body) {
			t.Errorf("body %q, want %q", out.Body, in.Body)
		}
		in.Body, out.Body = nil, nil
		if diff := cmp.Diff(in, out); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		// Whatever else is stored there is either read or refused.
		if _, err := envelope.Unpack(body); err != nil && err != envelope.ErrUnreadable { //nolint:errorlint // it is returned as it is
			t.Errorf("unpack of damage: %v", err)
		}
	})
}

// pack returns the stored form of a delivery: its head and its body.
func pack(d *adapter.Delivery) []byte { return slices.Concat(envelope.Head(d), d.Body) }

// TestEarlierVersion reads what a version without headers has stored.
func TestEarlierVersion(t *testing.T) {
	t.Parallel()
	stored := []byte("\x01\x01" + "\x00\x00\x01\xa0\xfb\x32\x31\x96" + "\x00\x00\x01\xa0\xfb\x32\x35\x7e" + "\x02id" + `{"type":"Comment"}`)
	want := &adapter.Delivery{
		ID: "id", Body: []byte(`{"type":"Comment"}`), Late: true,
		SentAt: time.UnixMilli(0x1a0fb323196), ReceivedAt: time.UnixMilli(0x1a0fb323196 + 1000),
	}
	got, err := envelope.Unpack(stored)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if id := envelope.ID(stored); string(id) != "id" {
		t.Errorf("id %q, want %q", id, "id")
	}
	for n := range len(stored) - len(want.Body) {
		if d, err := envelope.Unpack(stored[:n]); !errors.Is(err, envelope.ErrUnreadable) {
			t.Errorf("the first %d bytes are read as %+v", n, d)
		}
	}
}

func TestOwnAndDeliveriesStayApart(t *testing.T) {
	t.Parallel()
	for _, stored := range [][]byte{nil, {}, pack(&adapter.Delivery{ID: "id", Body: []byte("{}")})} {
		if _, ok := envelope.UnpackOwn(stored); ok {
			t.Errorf("%q is read as an event of the bot's own", stored)
		}
	}
	own := envelope.PackOwn([]byte("{}"))
	if body, ok := envelope.UnpackOwn(own); !ok || string(body) != "{}" {
		t.Errorf("own event: %q, %v", body, ok)
	}
	if _, err := envelope.Unpack(own); !errors.Is(err, envelope.ErrUnreadable) {
		t.Errorf("an own event is read as a delivery: %v", err)
	}
	if id := envelope.ID(own); len(id) > 0 {
		t.Errorf("an own event has the id %q", id)
	}
}

// router knows where deliveries belong whose bodies it likes.
type router struct{}

func (router) Route(d *adapter.Delivery) (adapter.Route, error) {
	if string(d.Body) != "good" {
		return adapter.Route{}, errors.New("unreadable")
	}
	return adapter.Route{Thread: "fake:room:1"}, nil
}

func TestPeek(t *testing.T) {
	t.Parallel()
	d, to, ok := envelope.Peek(router{}, pack(&adapter.Delivery{ID: "d1", Body: []byte("good")}))
	if !ok || d.ID != "d1" || to.Thread != "fake:room:1" {
		t.Errorf("%+v %+v %t", d, to, ok)
	}
	for name, stored := range map[string][]byte{
		"a body that cannot be routed": pack(&adapter.Delivery{Body: []byte("bad")}),
		"an own event":                 envelope.PackOwn([]byte("good")),
		"nothing":                      nil,
	} {
		if _, _, ok := envelope.Peek(router{}, stored); ok {
			t.Errorf("%s is a delivery", name)
		}
	}
}
