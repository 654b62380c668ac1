package bot

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
	envelopeVersion = 1
	envelopeHead    = 1 + 1 + 8 + 8 + 1
	flagLate        = 1 << 0
)

var errEnvelope = errors.New("bot: stored delivery cannot be read: it is damaged or was written by a newer version")

// packDelivery returns the stored form of d.
func packDelivery(d *adapter.Delivery) []byte {
	id := d.ID
	if len(id) > 255 {
		id = id[:255]
	}
	var flags byte
	if d.Late {
		flags |= flagLate
	}
	out := make([]byte, 0, envelopeHead+len(id)+len(d.Body))
	out = append(out, envelopeVersion, flags)
	out = binary.BigEndian.AppendUint64(out, uint64(d.SentAt.UnixMilli()))
	out = binary.BigEndian.AppendUint64(out, uint64(d.ReceivedAt.UnixMilli()))
	out = append(out, byte(len(id))) //nolint:gosec // at most 255, see above
	out = append(out, id...)
	return append(out, d.Body...)
}

// unpackDelivery reads what packDelivery wrote.
func unpackDelivery(b []byte) (*adapter.Delivery, error) {
	if len(b) < envelopeHead || b[0] != envelopeVersion {
		return nil, errEnvelope
	}
	n := int(b[envelopeHead-1])
	if len(b) < envelopeHead+n {
		return nil, errEnvelope
	}
	return &adapter.Delivery{
		ID:         string(b[envelopeHead : envelopeHead+n]),
		Body:       b[envelopeHead+n:],
		SentAt:     time.UnixMilli(int64(binary.BigEndian.Uint64(b[2:]))),  //nolint:gosec // see packDelivery
		ReceivedAt: time.UnixMilli(int64(binary.BigEndian.Uint64(b[10:]))), //nolint:gosec // see packDelivery
		Late:       b[1]&flagLate != 0,
	}, nil
}

// envelopeID returns the id of a stored delivery, without the rest. Empty if it has
// none or is something else.
func envelopeID(b []byte) []byte {
	if len(b) < envelopeHead || b[0] != envelopeVersion || len(b) < envelopeHead+int(b[envelopeHead-1]) {
		return nil
	}
	return b[envelopeHead : envelopeHead+int(b[envelopeHead-1])]
}
