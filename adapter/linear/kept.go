package linear

import (
	"encoding/binary"
	"strings"

	"github.com/linearbot/linearbot/adapter"
)

// A kept header ([adapter.Route.Header]) is one version byte, one byte of flags, and
// texts with their lengths as varints in front: type, action, organization id,
// createdAt, the id of the data, the thread and the event key.
//
// Deliveries that are ignored have none. Neither have those with ids of which a thread
// id cannot be made and read again: their bodies are read each time.
const keptVersion = 1

// The flags of a kept header.
const (
	keptLane = 1 << iota
	keptGuess
	keptRest
	keptMessage
	keptUrgent
)

// keep returns r with what is kept of a header.
func (h *header) keep(r adapter.Route, p *place) adapter.Route {
	if r.Ignore != "" {
		return r
	}
	if again, err := ParseThreadID(r.Thread); err != nil || again != p.thread {
		return r
	}
	texts := [...]string{h.Type, h.Action, h.OrganizationID, h.CreatedAt, h.Data.ID, string(r.Thread), r.Key}
	size := 2
	for _, s := range texts {
		size += len(s) + 2
	}
	if size > adapter.MaxHeader {
		return r
	}
	var flags byte
	for _, f := range [...]struct {
		set bool
		bit byte
	}{{p.lane, keptLane}, {p.guess, keptGuess}, {p.rest, keptRest}, {r.Message, keptMessage}, {r.Urgent, keptUrgent}} {
		if f.set {
			flags |= f.bit
		}
	}
	var b strings.Builder
	b.Grow(size)
	b.WriteByte(keptVersion)
	b.WriteByte(flags)
	for _, s := range texts {
		var n [binary.MaxVarintLen64]byte
		b.Write(n[:binary.PutUvarint(n[:], uint64(len(s)))])
		b.WriteString(s)
	}
	r.Header = b.String()
	return r
}

// recall sets h to what a kept header says, as far as a turn needs it, and returns the
// route and the place. ok is false if kept is no such header.
func (h *header) recall(kept string) (r adapter.Route, p place, ok bool) {
	if len(kept) < 2 || kept[0] != keptVersion {
		return adapter.Route{}, place{}, false
	}
	var thread, key string
	rest := kept[2:]
	for _, to := range [...]*string{&h.Type, &h.Action, &h.OrganizationID, &h.CreatedAt, &h.Data.ID, &thread, &key} {
		if *to, rest, ok = cutText(rest); !ok {
			break
		}
	}
	var err error
	if p.thread, err = ParseThreadID(adapter.ThreadID(thread)); !ok || rest != "" || err != nil {
		*h = header{}
		return adapter.Route{}, place{}, false
	}
	flags := kept[1]
	p.lane, p.guess, p.rest = flags&keptLane != 0, flags&keptGuess != 0, flags&keptRest != 0
	r = adapter.Route{
		Workspace: h.OrganizationID, Thread: adapter.ThreadID(thread), Key: key, Type: h.Type, Action: h.Action,
		Message: flags&keptMessage != 0, Urgent: flags&keptUrgent != 0, Header: kept,
	}
	if h.Type == typeComment && h.Action == actionRemove {
		r.Deleted = h.Data.ID
	}
	return r, p, true
}

// cutText takes a text with its length in front from s.
func cutText(s string) (text, rest string, ok bool) {
	n, shift := uint64(0), 0
	for i := range min(len(s), binary.MaxVarintLen32) {
		n |= uint64(s[i]&0x7f) << shift
		if s[i] < 0x80 {
			s = s[i+1:]
			if n > uint64(len(s)) {
				return "", "", false
			}
			return s[:n], s[n:], true
		}
		shift += 7
	}
	return "", "", false
}
