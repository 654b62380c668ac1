package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Errors of [Verifier.Verify]. None of them reveals the right signature.
var (
	// ErrNoSignature says that the request carries no signature.
	ErrNoSignature = errors.New("webhook: missing signature")
	// ErrSignature says that the signature of the request matches no secret.
	ErrSignature = errors.New("webhook: invalid signature")
	// ErrExpiredSecret says that the secret of the signature has expired. It
	// wraps ErrSignature.
	ErrExpiredSecret = fmt.Errorf("%w: its secret has expired", ErrSignature)
)

// Verifier checks the signatures of deliveries. It is safe for concurrent use.
type Verifier struct {
	signers []*signer
	now     func() time.Time
	// first is called with the first delivery that a secret has signed. Nil if
	// that does not matter.
	first func(SecretUse)
}

// NewVerifier returns a Verifier that accepts a signature made with any of the
// secrets, so that a secret can be rotated without a gap. At least one secret
// is needed, and none may be empty: with an empty secret anyone could sign.
func NewVerifier(secrets ...string) (*Verifier, error) {
	all := make([]Secret, len(secrets))
	for i, s := range secrets {
		all[i].Value = s
	}
	return newVerifier(all, time.Now)
}

func newVerifier(secrets []Secret, now func() time.Time) (*Verifier, error) {
	if len(secrets) == 0 {
		return nil, errors.New("webhook: no signing secret: set LINEAR_WEBHOOK_SECRET to the secret that Linear shows beside the webhook")
	}
	v := &Verifier{now: now}
	for _, s := range secrets {
		if s.Value == "" {
			return nil, errors.New("webhook: empty signing secret: remove it from LINEAR_WEBHOOK_SECRET or fill it in")
		}
		if strings.Contains(s.Value, untilMark) {
			return nil, errors.New("webhook: a signing secret in LINEAR_WEBHOOK_SECRET has no readable time after \";until=\": write it as 2026-12-31 or 2026-12-31T18:00:00Z")
		}
		v.signers = append(v.signers, newSigner(s))
	}
	return v, nil
}

// Verify checks that signature, in hex, is the HMAC-SHA256 of body under a
// secret that has not expired. Its running time depends only on the length of
// body and the number of secrets.
func (v *Verifier) Verify(signature string, body []byte) error {
	_, err := v.verify(signature, body)
	return err
}

// verify is Verify, and returns whose signature it is.
func (v *Verifier) verify(signature string, body []byte) (*signer, error) {
	got, err := parseSignature(signature)
	if err != nil {
		return nil, err
	}
	now := v.now()
	var by *signer
	expired := false
	at := 0
	for i, s := range v.signers {
		if !s.signs(body, &got) {
			continue
		}
		if s.expired(now) {
			expired = true
		} else if by == nil {
			by, at = s, i
		}
	}
	switch {
	case by != nil:
		if by.note(now) && v.first != nil {
			v.first(v.use(at))
		}
		return by, nil
	case expired:
		return nil, ErrExpiredSecret
	default:
		return nil, ErrSignature
	}
}

// Secrets returns how much each secret is used, in their order.
func (v *Verifier) Secrets() []SecretUse {
	uses := make([]SecretUse, len(v.signers))
	for i := range v.signers {
		uses[i] = v.use(i)
	}
	return uses
}

func (v *Verifier) use(i int) SecretUse {
	use := v.signers[i].use()
	use.Position = i + 1
	return use
}

// parseSignature decodes a signature: 64 hex digits.
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
