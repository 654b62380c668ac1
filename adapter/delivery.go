package adapter

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// Delivery is one HTTP request from a platform, with a valid signature.
type Delivery struct {
	// ID is the platform's name for the request. It is not signed: use it to
	// correlate logs, never to decide anything.
	ID string
	// Body is what was signed, byte for byte. Do not modify it.
	Body []byte
	// SentAt is the signed time of sending.
	SentAt time.Time
	// ReceivedAt is when the request arrived.
	ReceivedAt time.Time
	// Late says that the delivery was more than a minute old when it
	// arrived: most likely a retry.
	Late bool
	// Header is [Route.Header] of this delivery, where it was kept. Route and Decode
	// then need not read from the body what it says; without it, or with one that
	// they do not know, they do. It is the bot's, never the sender's: leave it empty
	// in a delivery that has just arrived.
	Header string
}

// Key returns the transport key of the delivery: the hash of the signed body,
// in hex. Two deliveries with the same key are the same request, sent again.
func (d *Delivery) Key() string {
	sum := sha256.Sum256(d.Body)
	return hex.EncodeToString(sum[:])
}
