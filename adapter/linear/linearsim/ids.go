package linearsim

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io"
	mathrand "math/rand/v2"

	"github.com/google/uuid"
)

// source is where ids and secrets come from: the system's randomness, or a
// generator with a seed, so that a run can be repeated to the byte.
type source struct{ from io.Reader }

func newSource(seed uint64) source {
	if seed == 0 {
		return source{rand.Reader}
	}
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	return source{mathrand.NewChaCha8(key)}
}

// bytes returns n bytes. Neither source fails.
func (s source) bytes(n int) []byte {
	b := make([]byte, n)
	_, _ = io.ReadFull(s.from, b)
	return b
}

// newID returns a UUID of version 4. The lock is held.
func (s *Server) newID() string {
	var id uuid.UUID
	copy(id[:], s.random.bytes(len(id)))
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return id.String()
}

// secret returns n random bytes in hexadecimal. The lock is held.
func (s *Server) secret(n int) string { return hex.EncodeToString(s.random.bytes(n)) }

// derivedID is the id of something that is made from others on demand.
func derivedID(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		_, _ = h.Write([]byte(p))
	}
	var id uuid.UUID
	copy(id[:], h.Sum(nil))
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return id.String()
}
