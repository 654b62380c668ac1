package linear

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/google/uuid"
)

// The hashes of this file begin with one of these words, so that none of them
// can be mistaken for another or for a hash made elsewhere.
const (
	writeBodySpace = "linearbot/linear write id, body, 1"
	writeMarkSpace = "linearbot/linear write id, mark, 1"
)

// WriteID returns the id of what the bot writes under a key: a UUID in the form
// of version 4, in lower case. Equal arguments give equal ids, different ones
// give different ids as far as 90 bits allow.
//
// The last 32 bits are a hash of the other 90 and of the bot's user. By them
// the bot recognises its own ids without remembering any.
func WriteID(workspace, botUserID, key string) string {
	sum := idHash(writeBodySpace, workspace, botUserID, key)
	id := uuid.UUID(sum[:16])
	id[6] = id[6]&0x0f | 0x40 // version 4
	id[8] = id[8]&0x3f | 0x80 // variant of RFC 9562
	mark := writeMark(botUserID, id)
	copy(id[12:], mark[:])
	return id.String()
}

// ownID reports whether id is a WriteID of the bot, under whatever key. One in
// four thousand million other ids is taken for one.
func ownID(botUserID, id string) bool {
	if botUserID == "" || len(id) != 36 {
		return false
	}
	u, err := uuid.Parse(id)
	if err != nil || u.String() != id || u.Version() != 4 || u.Variant() != uuid.RFC4122 {
		return false
	}
	return writeMark(botUserID, u) == [4]byte(u[12:])
}

// writeMark returns the last four bytes of the id that begins like id.
func writeMark(botUserID string, id uuid.UUID) [4]byte {
	sum := idHash(writeMarkSpace, botUserID, string(id[:12]))
	return [4]byte(sum[:4])
}

// idHash hashes parts such that no two lists of parts look alike.
func idHash(parts ...string) [sha256.Size]byte {
	size := 0
	for _, p := range parts {
		size += 8 + len(p)
	}
	b := make([]byte, 0, size)
	for _, p := range parts {
		b = binary.BigEndian.AppendUint64(b, uint64(len(p)))
		b = append(b, p...)
	}
	return sha256.Sum256(b)
}
