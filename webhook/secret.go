package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
	"sync"
	"time"

	"github.com/linearbot/linearbot/internal/proof"
)

// Secret is a signing secret that is accepted until a given time: for example the
// old one during a rotation. Its text forms show its name only.
type Secret struct {
	// Value is the secret itself.
	Value string
	// Expires is when it stops being accepted. Zero means never.
	Expires time.Time
}

// Name returns the name of a secret for counts and logs: the first eight digits
// of a hash. It does not reveal the secret.
func (s Secret) Name() string {
	sum := sha256.Sum256([]byte("linearbot webhook secret\x00" + s.Value))
	return hex.EncodeToString(sum[:4])
}

// String returns the name.
func (s Secret) String() string { return "secret " + s.Name() }

// GoString returns the name.
func (s Secret) GoString() string { return s.String() }

// Format writes the name for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// MarshalJSON returns the name.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + s.String() + `"`), nil }

// untilMark separates a secret in a list from the time at which it expires.
const untilMark = ";until="

// ParseSecrets reads a comma-separated list of secrets, each of which may end in
// ";until=" and a time (RFC 3339, or a date, which means its beginning in UTC).
// Errors give the position of a secret and do not quote it.
func ParseSecrets(list string) ([]Secret, error) {
	var secrets []Secret
	for text := range strings.SplitSeq(list, ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		value, until, found := strings.Cut(text, untilMark)
		s := Secret{Value: strings.TrimSpace(value)}
		if found {
			var err error
			if s.Expires, err = time.Parse(time.RFC3339, until); err != nil {
				if s.Expires, err = time.Parse(time.DateOnly, until); err != nil {
					return nil, fmt.Errorf("webhook: secret %d in LINEAR_WEBHOOK_SECRET has no readable time after %q: write it as 2026-12-31 or 2026-12-31T18:00:00Z", len(secrets)+1, untilMark)
				}
			}
		}
		if s.Value == "" {
			return nil, fmt.Errorf("webhook: secret %d in LINEAR_WEBHOOK_SECRET is empty", len(secrets)+1)
		}
		secrets = append(secrets, s)
	}
	return secrets, nil
}

// SecretUse counts the use of a secret.
type SecretUse struct {
	// Position counts from 1, in the order of Config.Secrets and Config.Expiring.
	Position int `json:"position"`
	// Name is [Secret.Name], Expires when the secret stops being accepted.
	Name    string    `json:"name"`
	Expires time.Time `json:"expires,omitzero"`
	// Matched is how many deliveries it has verified since the server was created,
	// Last when the latest one arrived.
	Matched int64     `json:"matched"`
	Last    time.Time `json:"last,omitzero"`
}

// signer is a secret in use.
type signer struct {
	name    string
	traced  string // what traces call it
	expires time.Time
	macs    sync.Pool

	mu      sync.Mutex
	matched int64
	last    time.Time
}

func newSigner(s Secret) *signer {
	return &signer{
		name: s.Name(), traced: "secret " + s.Name(), expires: s.Expires,
		macs: sync.Pool{New: func() any { return &mac{hash: hmac.New(sha256.New, []byte(s.Value))} }},
	}
}

// mac computes signatures with one secret, without allocating.
type mac struct {
	hash hash.Hash
	sum  [sha256.Size]byte
}

// sign returns the signature of body. It is valid until the next call.
func (m *mac) sign(body []byte) []byte {
	m.hash.Reset()
	m.hash.Write(body)
	return m.hash.Sum(m.sum[:0])
}

// signs reports whether got is the signature of body under the secret.
func (s *signer) signs(body []byte, got *[sha256.Size]byte) bool {
	m, ok := s.macs.Get().(*mac)
	if !ok {
		return false
	}
	good := hmac.Equal(m.sign(body), got[:])
	s.macs.Put(m)
	return good
}

// proof answers a check, see package proof.
func (s *signer) proof(signature string) string {
	m, ok := s.macs.Get().(*mac)
	if !ok {
		return ""
	}
	defer s.macs.Put(m)
	return hex.EncodeToString(m.sign(proof.Message(signature)))
}

// expired reports whether the secret has expired.
func (s *signer) expired(now time.Time) bool { return !s.expires.IsZero() && !now.Before(s.expires) }

// note counts a delivery, and reports whether it is the first.
func (s *signer) note(now time.Time) (first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.matched++
	s.last = now
	return s.matched == 1
}

func (s *signer) use() SecretUse {
	s.mu.Lock()
	defer s.mu.Unlock()
	return SecretUse{Name: s.name, Expires: s.expires, Matched: s.matched, Last: s.last}
}
