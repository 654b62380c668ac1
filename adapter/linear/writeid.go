package linear

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"sync"

	"github.com/google/uuid"

	"github.com/linearbot/linearbot/adapter"
)

// The input of each hash in this file begins with one of these words, for
// domain separation: from each other, and from hashes made elsewhere with the
// secret.
const (
	writeBodySpace = "linearbot/linear write id, body, 2"
	writeMarkSpace = "linearbot/linear write id, mark, 2"
)

// minSecret is the shortest secret that is accepted, in bytes.
const minSecret = 16

// writeIDs computes the ids of what the bot writes. Linear lets anyone choose
// the id of a comment, so they are derived from a secret: an id that others can
// compute is one that they can take first.
type writeIDs struct {
	secret []byte
	macs   *sync.Pool // of hash.Hash under the secret; nil makes a new one each time
}

func newWriteIDs(secret []byte) writeIDs {
	return writeIDs{secret, &sync.Pool{New: func() any { return hmac.New(sha256.New, secret) }}}
}

// id returns the id of what the bot writes under a key: a UUID in the form of
// version 4, in lower case. Equal arguments give equal ids; different ones give
// different ids, within the collision resistance of 90 bits.
//
// The last 32 bits are a hash of the other 90 and of the bot's user. With it
// the bot recognizes its own ids without storing any.
func (w writeIDs) id(workspace, botUserID, key string) string {
	sum := w.hash(writeBodySpace, workspace, botUserID, key)
	id := uuid.UUID(sum[:16])
	id[6] = id[6]&0x0f | 0x40 // version 4
	id[8] = id[8]&0x3f | 0x80 // variant of RFC 9562
	mark := w.mark(botUserID, id)
	copy(id[12:], mark[:])
	return id.String()
}

// own reports whether id is one of the bot's, under any key. One in four
// billion other ids is a false positive.
func (w writeIDs) own(botUserID, id string) bool {
	if len(w.secret) == 0 || botUserID == "" || len(id) != 36 {
		return false
	}
	u, err := uuid.Parse(id)
	if err != nil || u.String() != id || u.Version() != 4 || u.Variant() != uuid.RFC4122 {
		return false
	}
	mark := w.mark(botUserID, u)
	return hmac.Equal(mark[:], u[12:])
}

// mark returns the last four bytes for an id that starts with the first twelve
// bytes of id.
func (w writeIDs) mark(botUserID string, id uuid.UUID) [4]byte {
	sum := w.hash(writeMarkSpace, botUserID, string(id[:12]))
	return [4]byte(sum[:4])
}

func (w writeIDs) hash(parts ...string) [sha256.Size]byte {
	if w.macs == nil {
		return keyedHash(w.secret, parts...)
	}
	mac, ok := w.macs.Get().(hash.Hash)
	if !ok {
		return keyedHash(w.secret, parts...)
	}
	defer w.macs.Put(mac)
	mac.Reset()
	return sumOf(mac, parts)
}

// keyedHash hashes parts under a secret, which may be empty, such that
// different lists of parts never have the same encoding.
func keyedHash(secret []byte, parts ...string) [sha256.Size]byte {
	return sumOf(hmac.New(sha256.New, secret), parts)
}

func sumOf(mac hash.Hash, parts []string) [sha256.Size]byte {
	size := 0
	for _, p := range parts {
		size += 8 + len(p)
	}
	b := make([]byte, 0, size)
	for _, p := range parts {
		b = binary.BigEndian.AppendUint64(b, uint64(len(p)))
		b = append(b, p...)
	}
	mac.Write(b)
	var sum [sha256.Size]byte
	mac.Sum(sum[:0])
	return sum
}

// secrets holds the secret of the ids once its source has returned it.
type secrets struct {
	mu     sync.Mutex
	source func(ctx context.Context) ([]byte, error) // nil for a secret of this process
	ids    writeIDs
}

var _ adapter.SecretHolder = (*Adapter)(nil)

// UseSecret sets the source of the secret that the ids of writes are computed
// with; package bot calls it. It must be called before first use. The source
// may block; its error is the error of the call that needs the secret, and the
// next call tries again. A secret has at least 16 bytes.
//
// Without it the adapter makes a secret of its own, so that equal keys give one
// message for the lifetime of the process.
func (a *Adapter) UseSecret(source func(ctx context.Context) ([]byte, error)) {
	a.secrets.mu.Lock()
	defer a.secrets.mu.Unlock()
	a.secrets.source, a.secrets.ids = source, writeIDs{}
}

// load returns the writeIDs, after asking for the secret if necessary.
func (s *secrets) load(ctx context.Context) (writeIDs, error) {
	s.mu.Lock()
	ids, source := s.ids, s.source
	s.mu.Unlock()
	if len(ids.secret) > 0 {
		return ids, nil
	}
	if source == nil {
		source = randomSecret
	}
	secret, err := source(ctx)
	if err != nil {
		if adapter.CodeOf(err) == adapter.CodeUnknown {
			err = &adapter.Error{Code: adapter.CodeUnavailable, Op: "secret", Message: "the secret of the ids cannot be read", Err: err}
		}
		return writeIDs{}, err
	}
	if len(secret) < minSecret {
		return writeIDs{}, opError("secret", adapter.CodeInvalid, "the secret of the ids is too short: give at least 16 bytes")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.ids.secret) == 0 { // another call may have been faster
		s.ids = newWriteIDs(secret)
	}
	return s.ids, nil
}

// known returns the writeIDs, without a secret if none is loaded.
func (s *secrets) known() writeIDs {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ids
}

func randomSecret(context.Context) ([]byte, error) {
	secret := make([]byte, sha256.Size)
	_, err := rand.Read(secret)
	return secret, err
}

// WriteID returns the id under which the bot creates something by a key: a UUID
// of version 4 that only this installation can compute. Use it with the client
// of [Adapter.API], so that a retried write finds the existing entity. Its
// errors are those of Identity.
func (a *Adapter) WriteID(ctx context.Context, workspace, key string) (string, error) {
	b, err := a.bot(ctx, workspace)
	if err != nil {
		return "", err
	}
	return b.writeID(key), nil
}
