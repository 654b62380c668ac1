package filestate

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/internal/noteset"
)

func checksum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

// sealed returns payload behind its checksum. It reuses the four bytes that
// the payload begins with; see newSealed.
func sealed(b []byte) []byte {
	binary.BigEndian.PutUint32(b, checksum(b[4:]))
	return b
}

// newSealed returns the buffer to which a payload is appended before sealed.
func newSealed(size int) []byte { return make([]byte, 4, 4+size) }

// unseal returns the payload of v, or false if it is damaged.
func unseal(v []byte) ([]byte, bool) {
	if len(v) < 4 || binary.BigEndian.Uint32(v) != checksum(v[4:]) {
		return nil, false
	}
	return v[4:], true
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendKey(b []byte, k state.Key) []byte {
	return appendText(appendText(appendText(b, k.Workspace), k.Kind), k.ID)
}

func appendCause(b []byte, c state.Cause) []byte {
	return appendText(appendText(appendText(b, c.Code), c.Message), c.Stack)
}

// appendTime appends t in Unix nanoseconds, the zero time as 0.
func appendTime(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return binary.AppendVarint(b, 0)
	}
	return binary.AppendVarint(b, t.UnixNano())
}

// scanner reads what the append functions wrote. After the first thing that
// is not there it is bad and gives zero values.
type scanner struct {
	rest []byte
	bad  bool
}

func (r *scanner) uvarint() uint64 {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 {
		r.rest, r.bad = nil, true
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

func (r *scanner) time() time.Time {
	n, size := binary.Varint(r.rest)
	if size <= 0 {
		r.rest, r.bad = nil, true
		return time.Time{}
	}
	r.rest = r.rest[size:]
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n)
}

func (r *scanner) bytes() []byte {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.rest, r.bad = nil, true
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *scanner) text() string { return string(r.bytes()) }

func (r *scanner) key() state.Key {
	return state.Key{Workspace: r.text(), Kind: r.text(), ID: r.text()}
}

func (r *scanner) cause() state.Cause {
	return state.Cause{Code: r.text(), Message: r.text(), Stack: r.text()}
}

// texts reads a list whose items take at least one byte each.
func (r *scanner) texts() []string {
	n := r.uvarint()
	if n == 0 || n > uint64(len(r.rest)) {
		r.bad = r.bad || n > 0
		return nil
	}
	out := make([]string, 0, n)
	for range n {
		out = append(out, r.text())
	}
	return out
}

// An entry on the disk is
//
//	checksum of the header (4) | checksum of the body (4) |
//	length of the header (uvarint) | header | body
//
// so that the header can be trusted without reading the body.

func appendEntry(q *state.Queued) []byte {
	head := make([]byte, 0, 96+len(q.ID)+len(q.Lane.ID))
	head = binary.AppendUvarint(head, q.Seq)
	head = appendTime(head, q.EnqueuedAt)
	head = appendText(head, q.ID)
	head = appendKey(head, q.Lane)
	head = binary.AppendUvarint(head, uint64(len(q.Keys)))
	for _, k := range q.Keys {
		head = appendText(head, k)
	}
	b := make([]byte, 8, 8+binary.MaxVarintLen64+len(head)+len(q.Head)+len(q.Body))
	binary.BigEndian.PutUint32(b, checksum(head))
	b = binary.AppendUvarint(b, uint64(len(head)))
	b = append(b, head...)
	body := len(b)
	b = append(append(b, q.Head...), q.Body...)
	binary.BigEndian.PutUint32(b[4:], checksum(b[body:]))
	return b
}

// splitEntry returns the header and the body of v, both within v, or false if
// the header is damaged.
func splitEntry(v []byte) (head, body []byte, ok bool) {
	if len(v) < 8 {
		return nil, nil, false
	}
	r := scanner{rest: v[8:]}
	head = r.bytes()
	if r.bad || checksum(head) != binary.BigEndian.Uint32(v) {
		return nil, nil, false
	}
	return head, r.rest, true
}

// parseEntry reads what appendEntry wrote. If whole is false, the body is
// damaged, but the rest is not. The result shares nothing with v. A Seq of zero
// stands for the record number.
func parseEntry(v []byte) (q state.Queued, whole, ok bool) {
	head, body, ok := splitEntry(v)
	if !ok {
		return q, false, false
	}
	r := scanner{rest: head}
	q.Seq = r.uvarint()
	q.EnqueuedAt = r.time()
	q.ID = r.text()
	q.Lane = r.key()
	q.Keys = r.texts()
	if r.bad || len(r.rest) > 0 {
		return state.Queued{}, false, false
	}
	q.Body = bytes.Clone(body)
	return q, checksum(body) == binary.BigEndian.Uint32(v[4:]), true
}

// parseLane reads of an entry what the index needs.
func parseLane(v []byte) (it item, lane state.Key, ok bool) {
	head, body, ok := splitEntry(v)
	if !ok {
		return item{}, state.Key{}, false
	}
	r := scanner{rest: head}
	it = item{seq: r.uvarint(), at: r.time().UnixNano(), size: bodySize(len(body))}
	r.bytes()
	lane = r.key()
	return it, lane, !r.bad
}

func bodySize(n int) uint32 { return uint32(min(n, math.MaxInt32)) } //nolint:gosec // not negative

// mark is what changes about an entry.
type mark struct {
	attempt int
	due     time.Time // zero if the entry is in its lane
	cause   state.Cause
}

func appendMark(m mark) []byte {
	b := newSealed(16 + len(m.cause.Code) + len(m.cause.Message) + len(m.cause.Stack))
	b = binary.AppendUvarint(b, uint64(max(m.attempt, 0)))
	return sealed(appendCause(appendTime(b, m.due), m.cause))
}

func parseMark(v []byte) (mark, bool) {
	p, ok := unseal(v)
	if !ok {
		return mark{}, false
	}
	r := scanner{rest: p}
	m := mark{attempt: int(r.uvarint() & 0x7fffffff), due: r.time(), cause: r.cause()}
	return m, !r.bad
}

// appendHold writes until when a lane is held.
func appendHold(lane state.Key, until time.Time) []byte {
	return sealed(appendTime(appendKey(newSealed(64+len(lane.ID)), lane), until))
}

func parseHold(v []byte) (lane state.Key, until time.Time, ok bool) {
	p, ok := unseal(v)
	r := scanner{rest: p}
	lane, until = r.key(), r.time()
	return lane, until, ok && !r.bad
}

// A dead letter is sealed and holds the entry itself and not the record of it,
// since that may be what is damaged.

func appendDead(d *state.DeadEntry) []byte {
	b := newSealed(256 + len(d.Body) + len(d.Cause.Message) + len(d.Cause.Stack))
	b = binary.AppendUvarint(b, d.Seq)
	b = binary.AppendUvarint(b, uint64(max(d.Attempt, 0)))
	b = appendTime(b, d.BuriedAt)
	b = appendCause(b, d.Cause)
	b = appendTime(b, d.EnqueuedAt)
	b = appendText(b, d.ID)
	b = appendKey(b, d.Lane)
	b = binary.AppendUvarint(b, uint64(len(d.Keys)))
	for _, k := range d.Keys {
		b = appendText(b, k)
	}
	return sealed(append(b, d.Body...))
}

func parseDead(v []byte) (d state.DeadEntry, ok bool) {
	p, ok := unseal(v)
	if !ok {
		return d, false
	}
	r := scanner{rest: p}
	d.Seq = r.uvarint()
	d.Attempt = int(r.uvarint() & 0x7fffffff)
	d.BuriedAt = r.time()
	d.Cause = r.cause()
	d.EnqueuedAt = r.time()
	d.ID = r.text()
	d.Lane = r.key()
	d.Keys = r.texts()
	d.Body = bytes.Clone(r.rest)
	return d, !r.bad
}

// rawDead makes a dead letter of something damaged: the value under key in a
// bucket of the file.
func rawDead(bucket string, key, value []byte, now time.Time) *state.DeadEntry {
	return &state.DeadEntry{
		Queued: state.Queued{
			Entry: state.Entry{
				ID:   bucket + "-" + hex.EncodeToString(key),
				Lane: state.Key{Kind: undecodable, ID: bucket},
				Body: bytes.Clone(value),
			},
			EnqueuedAt: now,
		},
		Cause:    state.Cause{Code: undecodable, Message: "the stored bytes are damaged or of an unknown version"},
		BuriedAt: now,
	}
}

// damagedDead is the key of the file of a dead letter that is itself damaged
// and shown as rawDead.
func damagedDead(lane state.Key, id string) ([]byte, bool) {
	rest, ok := strings.CutPrefix(id, bucketDead+"-")
	if !ok || lane != (state.Key{Kind: undecodable, ID: bucketDead}) {
		return nil, false
	}
	key, err := hex.DecodeString(rest)
	return key, err == nil && len(key) > 0
}

// The key log holds, one after the other, lanes with the dedup keys that were
// recorded for them in one transaction.

func appendKeyLog(b []byte, lane state.Key, keys ...string) []byte {
	b = appendKey(b, lane)
	b = binary.AppendUvarint(b, uint64(len(keys)))
	for _, k := range keys {
		b = appendText(b, k)
	}
	return b
}

// eachKey calls f for the keys in a sealed key log. It reports whether all of
// it could be read.
func eachKey(v []byte, f func(lane state.Key, key string)) bool {
	p, ok := unseal(v)
	if !ok {
		return false
	}
	for r := (scanner{rest: p}); len(r.rest) > 0; {
		lane, keys := r.key(), r.texts()
		if r.bad {
			return false
		}
		for _, k := range keys {
			f(lane, k)
		}
	}
	return true
}

// value is a stored value.
type value struct {
	key     state.Key
	expires time.Time // zero for never
	data    []byte
}

func appendValue(v *value) []byte {
	b := appendTime(appendKey(newSealed(96+len(v.data)+len(v.key.ID)), v.key), v.expires)
	return sealed(append(b, v.data...))
}

func parseValue(v []byte) (*value, bool) {
	p, ok := unseal(v)
	if !ok {
		return nil, false
	}
	r := scanner{rest: p}
	out := &value{key: r.key(), expires: r.time()}
	out.data = slices.Clone(r.rest)
	return out, !r.bad
}

// The notes of a thread are one record: the thread, when the last of them
// expires, and each with its name, its own expiry and its value. It begins like
// a value, so that one sweep serves both.

func appendNotes(thread state.Key, set noteset.Set) []byte {
	size := 96 + len(thread.ID)
	for _, note := range set {
		size += 32 + len(note.Name) + len(note.Value)
	}
	b := appendTime(appendKey(newSealed(size), thread), set.Expires())
	for _, note := range set {
		b = appendTime(appendText(b, note.Name), note.Expires)
		b = append(binary.AppendUvarint(b, uint64(len(note.Value))), note.Value...)
	}
	return sealed(b)
}

// parseNotes reads what appendNotes wrote. The result shares nothing with v.
func parseNotes(v []byte) (thread state.Key, set noteset.Set, ok bool) {
	p, ok := unseal(v)
	if !ok {
		return thread, nil, false
	}
	r := scanner{rest: p}
	thread = r.key()
	r.time()
	for !r.bad && len(r.rest) > 0 {
		n := r.text()
		set = set.Put(noteset.Note{Name: n, Expires: r.time(), Value: append([]byte{}, r.bytes()...)})
	}
	return thread, set, !r.bad
}

// expiredRecord reports whether the value, or all of the notes, in v have
// expired.
func expiredRecord(v []byte, now time.Time) bool {
	p, ok := unseal(v)
	r := scanner{rest: p}
	r.key()
	at := r.time()
	return ok && !r.bad && expired(at, now)
}

// expired reports whether a time of expiry, zero for never, has come.
func expired(at, now time.Time) bool { return !at.IsZero() && !at.After(now) }
