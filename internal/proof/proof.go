// Package proof is how a server proves to a check that it knows the signing secret:
// the check signs a body with a nonce and asks for the proof of the signature, which
// only the secret makes.
package proof

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

// The headers of a check.
const (
	// CheckHeader asks, with any value, for the proof in the answer to a delivery
	// that is signed and fresh.
	CheckHeader = "Linearbot-Check"
	// Header holds the proof.
	Header = "Linearbot-Proof"
)

// label keeps proofs apart from signatures: no delivery begins with it.
const label = "linearbot proof\x00"

// Message is what is signed as the proof of a signature.
func Message(signature string) []byte { return []byte(label + signature) }

// Of returns what a server that knows the secret answers to a check whose signature
// is given. The signature covers the body, so a body with a nonce makes a proof that
// answers no other request. No delivery could have it as its signature.
func Of(secret, signature string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(Message(signature))
	return hex.EncodeToString(mac.Sum(nil))
}
