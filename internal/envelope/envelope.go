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
// length of the id (one byte), the length of the header (2 bytes), the id, the
// header, and the body as it was signed. The body is not encoded again: it is most
// of the bytes, and its hash is its name. Version 1, which is only read, has no
// header and no length of one.
const (
	version  = 3
	headSize = bareSize + 2
	flagLate = 1 << 0

	bareVersion = 1
	bareSize    = 1 + 1 + 8 + 8 + 1
)

// own is the first byte of an event of the bot's own; its body follows.
const own = 2

// ErrUnreadable says that what is stored is not a delivery, or is one that this
// version cannot read.
var ErrUnreadable = errors.New("bot: stored delivery cannot be read: it is damaged or was written by a newer version")

// Head returns what goes in front of the body of a delivery in its stored form. Of an
// id, the first 255 bytes are kept, and a header of more than [adapter.MaxHeader]
// bytes is not.
func Head(d *adapter.Delivery) []byte {
	id, header := d.ID, d.Header
	if len(id) > 255 {
		id = id[:255]
	}
	if len(header) > adapter.MaxHeader {
		header = ""
	}
	var flags byte
	if d.Late {
		flags |= flagLate
	}
	out := make([]byte, 0, headSize+len(id)+len(header))
	out = append(out, version, flags)
	out = binary.BigEndian.AppendUint64(out, uint64(d.SentAt.UnixMilli()))
	out = binary.BigEndian.AppendUint64(out, uint64(d.ReceivedAt.UnixMilli()))
	out = append(out, byte(len(id)))                              //nolint:gosec // at most 255, see above
	out = binary.BigEndian.AppendUint16(out, uint16(len(header))) //nolint:gosec // at most MaxHeader, see above
	out = append(out, id...)
	return append(out, header...)
}

// split returns the id, the header and the body of a stored delivery. ok is false for
// anything else.
func split(b []byte) (id, header, body []byte, ok bool) {
	size, headerLen := 0, 0
	switch {
	case len(b) >= headSize && b[0] == version:
		size, headerLen = headSize, int(binary.BigEndian.Uint16(b[bareSize:]))
	case len(b) >= bareSize && b[0] == bareVersion:
		size = bareSize
	default:
		return nil, nil, nil, false
	}
	idLen := int(b[bareSize-1])
	if len(b)-size < idLen+headerLen {
		return nil, nil, nil, false
	}
	b = b[size:]
	return b[:idLen], b[idLen : idLen+headerLen], b[idLen+headerLen:], true
}

// Unpack reads a delivery in its stored form, that of earlier versions included.
// Anything else is [ErrUnreadable].
func Unpack(b []byte) (*adapter.Delivery, error) {
	id, header, body, ok := split(b)
	if !ok {
		return nil, ErrUnreadable
	}
	names := string(id[:len(id)+len(header)]) // one string for both, which are neighbors
	return &adapter.Delivery{
		ID:         names[:len(id)],
		Header:     names[len(id):],
		Body:       body,
		SentAt:     time.UnixMilli(int64(binary.BigEndian.Uint64(b[2:]))),  //nolint:gosec // see Head
		ReceivedAt: time.UnixMilli(int64(binary.BigEndian.Uint64(b[10:]))), //nolint:gosec // see Head
		Late:       b[1]&flagLate != 0,
	}, nil
}

// ID returns the id of a stored delivery without reading the rest. It is empty if
// the delivery has none, and for anything else.
func ID(b []byte) []byte {
	id, _, _, _ := split(b)
	return id
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
