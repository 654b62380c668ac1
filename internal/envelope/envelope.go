// Package envelope is the stored form of what waits in a lane: of a delivery, with
// its times and its id around the body as it was signed, and of events that the bot
// makes itself. Everything that reads a store reads the body of an entry here.
//
// All functions are pure and safe for concurrent use. What they return shares
// memory with what they are given.
package envelope

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/linearbot/linearbot/adapter"
)

// A stored delivery is one version byte, one byte of flags, the times of
// sending and receiving in Unix milliseconds (8 bytes each, big endian), the
// length of the id (one byte), the id, and the body as it was signed. The body
// is not encoded again: it is most of the bytes, and its hash is its name.
const (
	version  = 1
	headSize = 1 + 1 + 8 + 8 + 1
	flagLate = 1 << 0
)

// own is the first byte of an event of the bot's own; its body follows.
const own = 2

// ErrUnreadable says that what is stored is not a delivery, or is one that this
// version cannot read.
var ErrUnreadable = errors.New("bot: stored delivery cannot be read: it is damaged or was written by a newer version")

// Pack returns the stored form of a delivery. Of an id, the first 255 bytes are
// kept.
func Pack(d *adapter.Delivery) []byte {
	id := d.ID
	if len(id) > 255 {
		id = id[:255]
	}
	var flags byte
	if d.Late {
		flags |= flagLate
	}
	out := make([]byte, 0, headSize+len(id)+len(d.Body))
	out = append(out, version, flags)
	out = binary.BigEndian.AppendUint64(out, uint64(d.SentAt.UnixMilli()))
	out = binary.BigEndian.AppendUint64(out, uint64(d.ReceivedAt.UnixMilli()))
	out = append(out, byte(len(id))) //nolint:gosec // at most 255, see above
	out = append(out, id...)
	return append(out, d.Body...)
}

// Unpack reads what Pack returned. Anything else is [ErrUnreadable].
func Unpack(b []byte) (*adapter.Delivery, error) {
	if len(b) < headSize || b[0] != version {
		return nil, ErrUnreadable
	}
	n := int(b[headSize-1])
	if len(b) < headSize+n {
		return nil, ErrUnreadable
	}
	return &adapter.Delivery{
		ID:         string(b[headSize : headSize+n]),
		Body:       b[headSize+n:],
		SentAt:     time.UnixMilli(int64(binary.BigEndian.Uint64(b[2:]))),  //nolint:gosec // see Pack
		ReceivedAt: time.UnixMilli(int64(binary.BigEndian.Uint64(b[10:]))), //nolint:gosec // see Pack
		Late:       b[1]&flagLate != 0,
	}, nil
}

// ID returns the id of a stored delivery without reading the rest. It is empty if
// the delivery has none, and for anything else.
func ID(b []byte) []byte {
	if len(b) < headSize || b[0] != version || len(b) < headSize+int(b[headSize-1]) {
		return nil
	}
	return b[headSize : headSize+int(b[headSize-1])]
}

// PackOwn returns the stored form of an event of the bot's own with a body.
func PackOwn(body []byte) []byte { return append([]byte{own}, body...) }

// UnpackOwn returns the body of an event of the bot's own. ok is false for anything
// else.
func UnpackOwn(stored []byte) (body []byte, ok bool) {
	if len(stored) == 0 || stored[0] != own {
		return nil, false
	}
	return stored[1:], true
}

// Router says where deliveries belong. Adapters do.
type Router interface {
	Route(d *adapter.Delivery) (adapter.Route, error)
}

// Peek returns a stored delivery and where it belongs, without decoding it: for
// entries that may be what ends the process. ok is false for anything else than a
// delivery that can be read.
func Peek(by Router, stored []byte) (d *adapter.Delivery, to adapter.Route, ok bool) {
	d, err := Unpack(stored)
	if err != nil {
		return nil, adapter.Route{}, false
	}
	to, err = by.Route(d)
	return d, to, err == nil
}
