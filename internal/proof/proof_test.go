package proof_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/linearbot/linearbot/internal/proof"
)

func TestProof(t *testing.T) {
	t.Parallel()
	of := proof.Of("secret", "signature")
	for name, other := range map[string]string{
		"another secret":    proof.Of("other", "signature"),
		"another signature": proof.Of("secret", "other"),
		"a signature":       sign("secret", "signature"),
	} {
		if other == of {
			t.Errorf("the proof is that of %s", name)
		}
	}
	if of != sign("secret", string(proof.Message("signature"))) {
		t.Error("the proof is not the signature of its message")
	}
}

func sign(secret, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return hex.EncodeToString(mac.Sum(nil))
}
