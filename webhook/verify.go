package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"sync"
)

// Errors of [Verifier.Verify]. Neither says anything about the right
// signature.
var (
	// ErrNoSignature says that the request carries no signature.
	ErrNoSignature = errors.New("webhook: missing signature")
	// ErrSignature says that no secret gives the signature of the request.
	ErrSignature = errors.New("webhook: invalid signature")
)

// Verifier checks the signatures of deliveries. It is safe for concurrent use.
type Verifier struct {
	macs []*sync.Pool
}

// signer makes signatures with one secret, without allocating.
type signer struct {
	mac hash.Hash
	sum [sha256.Size]byte
}

// sign returns the signature of body. It is valid until the next call.
func (s *signer) sign(body []byte) []byte {
	s.mac.Reset()
	s.mac.Write(body)
	return s.mac.Sum(s.sum[:0])
}

// NewVerifier returns a Verifier that accepts a signature made with any of the
// secrets, so that a secret can be rotated without a gap. At least one secret
// is needed, and none may be empty: an empty secret would accept anything.
func NewVerifier(secrets ...string) (*Verifier, error) {
	if len(secrets) == 0 {
		return nil, errors.New("webhook: no signing secret: set LINEAR_WEBHOOK_SECRET to the secret that Linear shows beside the webhook")
	}
	v := &Verifier{}
	for _, s := range secrets {
		if s == "" {
			return nil, errors.New("webhook: empty signing secret: remove it from LINEAR_WEBHOOK_SECRET or fill it in")
		}
		v.macs = append(v.macs, &sync.Pool{New: func() any { return &signer{mac: hmac.New(sha256.New, []byte(s))} }})
	}
	return v, nil
}

// Verify checks that signature, in hex, is the HMAC-SHA256 of body. The time it
// takes depends on the length of body and the number of secrets only.
func (v *Verifier) Verify(signature string, body []byte) error {
	got, err := parseSignature(signature)
	if err != nil {
		return err
	}
	good := false
	for _, pool := range v.macs {
		s, ok := pool.Get().(*signer)
		if !ok {
			return ErrSignature
		}
		if hmac.Equal(s.sign(body), got[:]) {
			good = true
		}
		pool.Put(s)
	}
	if !good {
		return ErrSignature
	}
	return nil
}

// parseSignature reads the form of a signature: 64 hex digits.
func parseSignature(signature string) (got [sha256.Size]byte, err error) {
	switch {
	case signature == "":
		return got, ErrNoSignature
	case len(signature) != 2*sha256.Size:
		return got, ErrSignature
	}
	if _, err := hex.Decode(got[:], []byte(signature)); err != nil {
		return got, ErrSignature
	}
	return got, nil
}

// Sign returns the signature that Linear would send for body: the HMAC-SHA256
// under secret, in lower-case hex. It is for tests and tools.
func Sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}
