package linear

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"sync"

	"github.com/google/uuid"

	"github.com/linearbot/linearbot/adapter"
)

// The hashes of this file begin with one of these words, so that none of them
// can be mistaken for another or for a hash made elsewhere with the secret.
const (
	writeBodySpace = "linearbot/linear write id, body, 2"
	writeMarkSpace = "linearbot/linear write id, mark, 2"
)

// minSecret is the shortest secret that is taken, in bytes.
const minSecret = 16

// writeIDs computes the ids of what the bot writes. Linear lets anyone choose
// the id of a comment, so they follow from a secret: an id that can be computed
// is an id that others can take first.
type writeIDs struct{ secret []byte }

// id returns the id of what the bot writes under a key: a UUID in the form of
// version 4, in lower case. Equal arguments give equal ids, different ones give
// different ids as far as 90 bits allow.
//
// The last 32 bits are a hash of the other 90 and of the bot's user. By them
// the bot recognises its own ids without remembering any.
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
// thousand million other ids is taken for one.
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

// mark returns the last four bytes of the id that begins like id.
func (w writeIDs) mark(botUserID string, id uuid.UUID) [4]byte {
	sum := w.hash(writeMarkSpace, botUserID, string(id[:12]))
	return [4]byte(sum[:4])
}

func (w writeIDs) hash(parts ...string) [sha256.Size]byte { return keyedHash(w.secret, parts...) }

// keyedHash hashes parts under a secret, which may be empty, such that no two
// lists of parts look alike.
func keyedHash(secret []byte, parts ...string) [sha256.Size]byte {
	size := 0
	for _, p := range parts {
		size += 8 + len(p)
	}
	b := make([]byte, 0, size)
	for _, p := range parts {
		b = binary.BigEndian.AppendUint64(b, uint64(len(p)))
		b = append(b, p...)
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write(b)
	var sum [sha256.Size]byte
	mac.Sum(sum[:0])
	return sum
}

// secrets holds the secret of the ids once its source has told it.
type secrets struct {
	mu     sync.Mutex
	source func(ctx context.Context) ([]byte, error) // nil for a secret of this process
	ids    writeIDs
}

var _ adapter.SecretHolder = (*Adapter)(nil)

// UseSecret sets where the secret comes from under which the ids of writes are
// computed; package bot does so. It is called before first use. The source may
// block; its error is the error of the call that needs the secret, and the next
// call asks again. A secret has at least 16 bytes.
//
// Without it the adapter makes a secret of its own, so that equal keys make one
// message as long as the process lives.
func (a *Adapter) UseSecret(source func(ctx context.Context) ([]byte, error)) {
	a.secrets.mu.Lock()
	defer a.secrets.mu.Unlock()
	a.secrets.source, a.secrets.ids = source, writeIDs{}
}

// load returns what computes the ids, asking for the secret if need be.
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
		s.ids = writeIDs{secret: secret}
	}
	return s.ids, nil
}

// known returns what computes the ids. Without a secret it has none.
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
// of version 4 that only this installation can compute. Use it with the client of
// [Adapter.API], so that a write that is repeated finds what is there. Its errors
// are those of Identity.
func (a *Adapter) WriteID(ctx context.Context, workspace, key string) (string, error) {
	b, err := a.bot(ctx, workspace)
	if err != nil {
		return "", err
	}
	return b.writeID(key), nil
}
