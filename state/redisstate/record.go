package redisstate

import (
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"time"

	"github.com/linearbot/linearbot/state"
)

// Redis keeps an entry as a head that scripts rewrite and a tail that only this
// file reads:
//
//	head  version 3 (1 byte), attempts (4), sequence (8), stored at, µs (8),
//	      bytes of the tail (4)
//	tail  version 2 (1 byte), id, number of keys, keys..., body
//
// Numbers of the head are big-endian. In the tail texts have their length in
// front, lengths and the number of keys are varints, and the body is the rest.
// That the versions differ keeps a tail from ever being taken for a head. A
// record is the two joined.
const (
	headVersion = 3
	tailVersion = 2
	headLen     = 25
)

// packVersion is the version of parked entries and dead letters.
const packVersion = 1

var errUndecodable = errors.New("redisstate: record is damaged or of another version")

// undecodable is the cause of dead letters that could not be read.
func undecodable() state.Cause {
	return state.Cause{Code: "undecodable", Message: "the stored record is damaged or of another version"}
}

// packTail packs the tail of e's record.
func packTail(e *state.Entry) []byte {
	size := 1 + 2*binary.MaxVarintLen32 + len(e.ID) + len(e.Head) + len(e.Body)
	for _, k := range e.Keys {
		size += len(k) + binary.MaxVarintLen32
	}
	b := append(make([]byte, 0, size), tailVersion)
	b = appendText(b, e.ID)
	b = binary.AppendUvarint(b, uint64(len(e.Keys)))
	for _, k := range e.Keys {
		b = appendText(b, k)
	}
	b = append(b, e.Head...)
	return append(b, e.Body...)
}

func appendText(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

// decodeEntry reads an entry of lane.
func decodeEntry(lane state.Key, first, tail string) (state.Queued, error) {
	h, err := decodeHead(first)
	if err != nil {
		return state.Queued{}, err
	}
	if tail == "" || tail[0] != tailVersion {
		return state.Queued{}, errUndecodable
	}
	q := state.Queued{Seq: h.seq, Attempt: h.attempts, EnqueuedAt: h.at}
	q.Lane = lane
	r := reader{s: tail[1:]}
	if skipNames(&r); r.bad {
		return state.Queued{}, errUndecodable
	}
	body := r.s
	// The names are of a copy, because they would keep the whole tail alive beside the
	// body, for as long as a turn takes.
	r = reader{s: strings.Clone(tail[1 : len(tail)-len(body)])}
	q.ID = r.text()
	if n := r.uvarint(); n > 0 {
		q.Keys = make([]string, 0, n)
		for range n {
			q.Keys = append(q.Keys, r.text())
		}
	}
	if r.bad || q.ID == "" {
		return state.Queued{}, errUndecodable
	}
	q.Body = []byte(body)
	return q, nil
}

// skipNames reads the id and the keys of a tail.
func skipNames(r *reader) {
	r.text()
	n := r.uvarint()
	if n > uint64(len(r.s)) { // each key takes a byte at least
		r.bad = true
	}
	for ; n > 0 && !r.bad; n-- {
		r.text()
	}
}

// decodeRecord reads a record of lane.
func decodeRecord(lane state.Key, rec string) (state.Queued, error) {
	n := min(headLen, len(rec))
	return decodeEntry(lane, rec[:n], rec[n:])
}

// head is what the head of an entry says.
type head struct {
	attempts int
	seq      uint64
	at       time.Time
}

func decodeHead(s string) (head, error) {
	if len(s) != headLen || s[0] != headVersion {
		return head{}, errUndecodable
	}
	b := []byte(s[1:])
	at := binary.BigEndian.Uint64(b[12:])
	if at > math.MaxInt64 {
		return head{}, errUndecodable
	}
	return head{
		attempts: int(binary.BigEndian.Uint32(b)),
		seq:      binary.BigEndian.Uint64(b[4:]),
		at:       time.UnixMicro(int64(at)),
	}, nil
}

// packCause packs a cause as it stands in parked and dead records.
func packCause(c state.Cause) string {
	if c == (state.Cause{}) {
		return ""
	}
	b := make([]byte, 0, len(c.Code)+len(c.Message)+len(c.Stack)+12)
	b = appendText(b, c.Code)
	b = appendText(b, c.Message)
	b = appendText(b, c.Stack)
	return string(b)
}

func unpackCause(s string) (state.Cause, bool) {
	if s == "" {
		return state.Cause{}, true
	}
	r := reader{s: s}
	c := state.Cause{Code: r.text(), Message: r.text(), Stack: r.text()}
	return c, !r.bad && r.s == ""
}

// decodeParked reads an entry that waits outside its lane, without its due
// time. What cannot be read comes back with its bytes as the body.
func decodeParked(v string) state.DelayedEntry {
	lane, cause, rec, err := splitParked(v)
	if err != nil {
		var d state.DelayedEntry
		d.Body, d.Cause = []byte(v), undecodable()
		return d
	}
	q, err := decodeRecord(lane, rec)
	if err != nil {
		q.Lane, q.Body = lane, []byte(rec)
		cause = undecodable()
	}
	return state.DelayedEntry{Queued: q, Cause: cause}
}

func splitParked(v string) (state.Key, state.Cause, string, error) {
	const fixed = 9
	if len(v) < fixed || v[0] != packVersion {
		return state.Key{}, state.Cause{}, "", errUndecodable
	}
	a := uint64(binary.BigEndian.Uint32([]byte(v[1:5])))
	b := uint64(binary.BigEndian.Uint32([]byte(v[5:9])))
	rest := v[fixed:]
	if a+b > uint64(len(rest)) {
		return state.Key{}, state.Cause{}, "", errUndecodable
	}
	lane, ok := state.ParseKey(rest[:a])
	if !ok {
		return state.Key{}, state.Cause{}, "", errUndecodable
	}
	cause, ok := unpackCause(rest[a : a+b])
	if !ok {
		return state.Key{}, state.Cause{}, "", errUndecodable
	}
	return lane, cause, rest[a+b:], nil
}

// decodeDead reads a dead letter. name is the field it is stored under. What
// cannot be read comes back with its bytes as the body.
func decodeDead(name, v string) state.DeadEntry {
	var d state.DeadEntry
	laneName, id, ok := unpair(name)
	if !ok {
		id = name
	}
	lane, _ := state.ParseKey(laneName)
	rec := v
	cause := undecodable()
	if at, c, r, err := splitDead(v); err == nil {
		d.BuriedAt, cause, rec = at, c, r
	}
	q, err := decodeRecord(lane, rec)
	if err != nil {
		q.Lane, q.ID, q.Body = lane, id, []byte(rec)
		cause = undecodable()
	}
	d.Queued, d.Cause = q, cause
	return d
}

func splitDead(v string) (time.Time, state.Cause, string, error) {
	const fixed = 13
	if len(v) < fixed || v[0] != packVersion {
		return time.Time{}, state.Cause{}, "", errUndecodable
	}
	at := binary.BigEndian.Uint64([]byte(v[1:9]))
	n := uint64(binary.BigEndian.Uint32([]byte(v[9:13])))
	rest := v[fixed:]
	if n > uint64(len(rest)) || at > math.MaxInt64 {
		return time.Time{}, state.Cause{}, "", errUndecodable
	}
	cause, ok := unpackCause(rest[:n])
	if !ok {
		return time.Time{}, state.Cause{}, "", errUndecodable
	}
	return time.UnixMicro(int64(at)), cause, rest[n:], nil
}

// encodeDead packs a dead letter as the scripts do.
func encodeDead(d *state.DeadEntry) string {
	cause := packCause(d.Cause)
	b := []byte{packVersion}
	b = binary.BigEndian.AppendUint64(b, micros(d.BuriedAt))
	b = binary.BigEndian.AppendUint32(b, uint32(len(cause))) //nolint:gosec // far below 4 GiB
	b = append(b, cause...)
	tail := packTail(&d.Entry)
	b = append(b, headVersion)
	b = binary.BigEndian.AppendUint32(b, uint32(max(d.Attempt, 0))) //nolint:gosec // a small count
	b = binary.BigEndian.AppendUint64(b, d.Seq)
	b = binary.BigEndian.AppendUint64(b, micros(d.EnqueuedAt))
	b = binary.BigEndian.AppendUint32(b, uint32(len(tail))) //nolint:gosec // far below 4 GiB
	return string(append(b, tail...))
}

// micros is t as scripts count time; what is before 1970 is 0.
func micros(t time.Time) uint64 {
	if t.IsZero() {
		return 0
	}
	return uint64(max(t.UnixMicro(), 0))
}

// reader takes texts and numbers off the front of s. After the first that is
// not there it is bad and yields zero values.
type reader struct {
	s   string
	bad bool
}

func (r *reader) uvarint() uint64 {
	var v uint64
	for i := 0; i < len(r.s) && i < binary.MaxVarintLen64; i++ {
		c := r.s[i]
		if c < 0x80 {
			if i == binary.MaxVarintLen64-1 && c > 1 {
				break
			}
			r.s = r.s[i+1:]
			return v | uint64(c)<<(7*i)
		}
		v |= uint64(c&0x7f) << (7 * i)
	}
	r.bad, r.s = true, ""
	return 0
}

func (r *reader) text() string {
	n := r.uvarint()
	if n > uint64(len(r.s)) {
		r.bad, r.s = true, ""
		return ""
	}
	t := r.s[:n]
	r.s = r.s[n:]
	return t
}
